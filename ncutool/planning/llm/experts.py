"""How many distinct experts a batch touches, which sets how many weights a step reads."""

from __future__ import annotations

import math
from typing import Literal

from ncutool.planning.llm.model import Experts

Routing = Literal["fewest", "expected", "most"]
"""``fewest``: all tokens choose the same experts, the floor. ``expected``: each token chooses
uniformly on its own. ``most``: no two tokens share an expert while there are others."""


def touched(experts: Experts, tokens: float, routing: Routing) -> float:
    """Return the distinct experts of a layer that this many tokens are sent to."""
    if routing == "fewest":
        return fewest(experts)
    return expected(experts, tokens) if routing == "expected" else most(experts, tokens)


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
