"""Marks of a time axis at round moments; timeline_draw.js chooses them alike."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base import units

_UNITS = ((1, "ns"), (1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s"))
_FAR = 0.13
"""The least distance to the end, whose own label stands there, as a share of the axis."""
_NEAR = 0.8
"""Marks beyond this share of the axis come too near to the end's label on a narrow page."""


class Tick(Struct, frozen=True):
    """A moment and where it stands."""

    left_pct: float
    label: str
    minor: bool
    """Left out where there is little room."""


def ticks(start_ns: int, end_ns: int, about: int = 6) -> tuple[Tick, ...]:
    """Return marks at round moments, the first with its unit, and the end."""
    span = end_ns - start_ns
    if span <= 0:
        return ()
    factor, unit = next(
        one for one in reversed(_UNITS) if max(end_ns, -start_ns) >= one[0] or one[0] == 1
    )
    step = _round_step(span / about)
    marks = []
    for number, at in enumerate(range(-(-start_ns // step) * step, end_ns, step)):
        share = (at - start_ns) / span
        if share <= 1 - _FAR:
            marks.append(
                Tick(
                    round(100 * share, 2), _written(at / factor), bool(number % 2) or share > _NEAR
                )
            )
    if marks:
        first = marks[0]
        marks[0] = Tick(first.left_pct, f"{first.label} {unit}", minor=False)
    return (*marks, Tick(100.0, _end(start_ns, end_ns, step, factor, marks), minor=False))


def _end(start_ns: int, end_ns: int, step: int, factor: int, marks: list[Tick]) -> str:
    if not marks:
        return units.time(end_ns)
    if 10 * start_ns <= end_ns - start_ns:
        return units.significant(end_ns / factor)
    near = max(1, step // 10)  # so that the end does not read as the mark before it
    return _written(int(end_ns / near + 0.5) * near / factor)


def _round_step(least: float) -> int:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below ``least``."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10


def _written(value: float) -> str:
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return text or "0"
