"""The axis over the bars of the findings: nothing to the whole window, at round figures."""

from __future__ import annotations

import math

from msgspec import Struct

from ncutool.base import units

_STEPS = 5
"""How many steps an axis should have about."""
_LAST_PCT = 81.0
"""A mark beyond this would touch the total, which stands at the end with its unit."""
_UNITS_NS = {"s": 1e9, "ms": 1e6, "µs": 1e3, "ns": 1.0}


class Tick(Struct, frozen=True):
    """A mark of an axis."""

    pct: float
    text: str


def ticks(total_ns: int) -> tuple[Tick, ...]:
    """Return marks from nothing to a total at steps of 1, 2 or 5; the last is the total itself."""
    if total_ns <= 0:
        return ()
    total = units.time(total_ns)
    unit = _UNITS_NS[total.rsplit(" ", 1)[-1]]
    whole = total_ns / unit
    step = _round_step(whole / _STEPS)
    places = [(round(100 * n * step / whole, 2), n * step) for n in range(_STEPS + 1)]
    marks = [Tick(pct, f"{value:g}") for pct, value in places if pct <= _LAST_PCT]
    return (*marks, Tick(100.0, total))


def _round_step(about: float) -> float:
    """Return the first of 1, 2, 5, 10, ... times a power of ten that is not below ``about``."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= about * (1 - 1e-9))
