"""How many distinct experts a batch touches, which sets how many weights a step reads."""

from __future__ import annotations

import math

from ncutool.planning.llm.model import Experts


def expected(experts: Experts, tokens: float) -> float:
    """Expected distinct experts of a layer, each token choosing uniformly and independently.

    A token chooses k of E distinct experts, so it leaves a given one out with probability
    1 - k/E, and n tokens all leave it out with (1 - k/E)^n.
    """
    left_out = math.pow(1.0 - experts.per_token / experts.count, tokens)
    return experts.count * (1.0 - left_out)


def fewest(experts: Experts) -> float:
    """All tokens choose the same experts."""
    return float(experts.per_token)


def most(experts: Experts, tokens: float) -> float:
    """No two tokens share an expert while there are others."""
    return float(min(experts.count, experts.per_token * tokens))
