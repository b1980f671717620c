"""How many distinct experts a batch touches, which sets how many weights a step reads."""

from __future__ import annotations

import math

from ncutool.planning.llm.model import Experts


def expected(experts: Experts, tokens: float) -> float:
    """Return the expected distinct experts of a layer if each token chooses uniformly on its own.

    A token chooses k of E distinct experts, so it leaves a given one out with probability
    1 - k/E, and n tokens all leave it out with (1 - k/E)^n.
    """
    left_out = math.pow(1.0 - experts.per_token / experts.count, tokens)
    return experts.count * (1.0 - left_out)


def fewest(experts: Experts) -> float:
    """Return the distinct experts of a layer if all tokens choose the same."""
    return float(experts.per_token)


def most(experts: Experts, tokens: float) -> float:
    """Return the distinct experts of a layer if no two tokens share one while there are others."""
    return float(min(experts.count, experts.per_token * tokens))
