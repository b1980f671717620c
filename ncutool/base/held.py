"""What every figure promises, held where it is made: times in order, shares within their whole."""

from __future__ import annotations

import math

_ROUNDING_PCT = 1e-6
"""Sums of shares as doubles may pass their whole by so much."""


def in_order(what: str, *times: float) -> None:
    """Hold times, or other amounts, to be finite, at least 0 and none above the next.

    Raises:
        ValueError: they are not; the message says what of.
    """
    finite = all(math.isfinite(time) for time in times)
    if not finite or any(low > high for low, high in zip((0, *times), times, strict=False)):
        raise ValueError(f"{what}: {', '.join(map(str, times))} are not in order from 0 on")


def shares(what: str, *percentages: float | None) -> None:
    """Hold percentages to lie between 0 and 100; None is not known.

    Raises:
        ValueError: one does not; the message says what of.
    """
    for pct in percentages:
        if pct is not None and not 0 <= pct <= 100 + _ROUNDING_PCT:
            raise ValueError(f"{what}: {pct} % is no share of a whole")
