"""The two formulas of the roofline model, which are written nowhere else.

Source: Williams, Waterman and Patterson, "Roofline: an insightful visual performance model"
(CACM 52/4, 2009). Both work on numbers, on polars columns (row by row; a part that is null is left
out) and on the numbers of :mod:`ncutool.explain.traced`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import polars as pl

N = TypeVar("N", float, "pl.Expr")


def attainable(peak: N, intensity: N, bandwidth: N) -> N:
    """Return the rate (FLOP/s) that the roofs allow: ``min(peak, intensity × bandwidth)``.

    Args:
        peak: compute roof in FLOP/s.
        intensity: FLOP per byte.
        bandwidth: memory roof in byte/s.
    """
    rate: N = lesser(peak, intensity * bandwidth)
    return rate


def least_seconds(flop: N, flop_per_s: N, moved: N, bytes_per_s: N) -> N:
    """Return the shortest time of a piece of work: ``max(flop / peak, bytes / bandwidth)``.

    Args:
        flop: operations, done at ``flop_per_s``.
        moved: bytes, moved at ``bytes_per_s`` at the same time.
    """
    return overlapped(flop / flop_per_s, moved / bytes_per_s)


def overlapped(arithmetic: N, memory: N) -> N:
    """Return the time of arithmetic and memory traffic that overlap: the longer of the two."""
    time: N = greater(arithmetic, memory)
    return time


@singledispatch
def lesser(first: Any, second: Any) -> Any:
    """Return the lesser of two numbers, or of two columns row by row."""
    import polars as pl  # only columns come here: planning starts without polars

    return pl.min_horizontal(first, second)


@singledispatch
def greater(first: Any, second: Any) -> Any:
    """Return the greater of two numbers, or of two columns row by row."""
    import polars as pl  # see lesser

    return pl.max_horizontal(first, second)


for _kind in (int, float):
    lesser.register(_kind, min)
    greater.register(_kind, max)
