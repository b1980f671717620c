"""Student's t without SciPy: a quantile by bisection over the distribution's own integral."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

_STEPS = 2**12
_MOST_SPREAD = 2**12
"""No interval is wider than so many standard errors: what would be is said to be unknown."""


@lru_cache(maxsize=1 << 12)
def student_t(probability: float, freedom: float) -> float:
    """Return the value that a variable with Student's t distribution stays below so often.

    Args:
        probability: from 0.5 to below 1.
        freedom: degrees of freedom, above 0.
    """
    if not 0.5 <= probability < 1 or freedom <= 0:
        raise ValueError(f"no quantile of {probability} at {freedom} degrees of freedom")
    low, high = 0.0, 1.0
    while _below(high, freedom) < probability and high < _MOST_SPREAD:
        low, high = high, 2 * high
    while high - low > 1e-9 * max(high, 1):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def _below(value: float, freedom: float) -> float:
    """Return the distribution function, by Simpson's rule over the angle ``atan(t / sqrt(ν))``.

    Substituting the angle turns the density into a power of its cosine, which is smooth up to the
    tail: P = 1/2 + c · ∫ cos(a)^(ν-1) da.
    """
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(
        math.pi
    )
    angles = np.linspace(0.0, math.atan(value / math.sqrt(freedom)), _STEPS + 1)
    heights = np.cos(angles) ** (freedom - 1)
    weights = np.ones(_STEPS + 1)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    area = float((heights * weights).sum()) * (angles[1] - angles[0]) / 3
    return 0.5 + constant * float(area)
