"""Axes as Vega draws them: where their lines, marks and numbers lie."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.charts import elements, labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ncutool.charts.elements import Elements

AXIS_PX = 32
"""Room below a plane for the numbers and the title of its axis, where the numbers stand near."""
NEAR_PX = 3.0
"""Pixels between the marks of an axis and its numbers."""
_TICK_PX = 3
_ASCENT_PX = 9
"""From the top of a number to its base line."""
_TITLE_PX = 27
"""From the axis to the base line of its title, where the numbers touch the marks."""
_MIDDLE_PX = 3
"""From the middle of a text to its base line."""
_LEVEL_PX = 10.0
"""Height of a number, for what it covers."""
_PREFIXES = "yzafpnµm kMGTPEZY"
"""Of each thousand from the power -24 on."""


class Axis(Struct, frozen=True):
    """One axis: the pixel from the plane's corner, and the words, of each value it names."""

    ticks: Sequence[tuple[float, str]]
    title: str
    away: float = NEAR_PX
    grid: bool = True


class Frame(Struct, frozen=True):
    """Where a plane lies on its drawing, in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Return where the plane ends below, in pixels of the drawing."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Return where the plane ends on the right, in pixels of the drawing."""
        return self.left + self.width


def axis(
    values: Sequence[float],
    place: Callable[[float], float],
    words: Callable[[float], str],
    title: str,
    away: float = NEAR_PX,
    *,
    grid: bool = True,
) -> Axis:
    """Return an axis that names values.

    Args:
        place: the pixel of a value.
        words: how a value is written.
        away: pixels between the marks and the numbers.
        grid: with lines across the plane.
    """
    return Axis([(place(value), words(value)) for value in values], title, away, grid)


def draw(
    into: Elements, frame: Frame, across: Axis, upright: Axis | None, suffix: str = ""
) -> None:
    """Draw the axes of a plane, the lines across it first.

    Args:
        into: the drawing.
        upright: the axis at the left; its title stands above the plane, which the caller draws.
        suffix: what is added to the kinds of the elements.
    """
    left, right = frame.left + 0.5, frame.right + 0.5
    top, bottom = frame.top + 0.5, frame.bottom + 0.5
    xs = [left + _whole(at) for at, _ in across.ticks]
    ys = [] if upright is None else [top + _whole(at) for at, _ in upright.ticks]
    if across.grid:
        for x in xs:
            into.add(f"grid{suffix}", elements.line([(x, top), (x, bottom)]))
    for y in ys:
        into.add(f"grid{suffix}", elements.line([(left, y), (right, y)]))
    for x in xs:
        into.add(f"tick{suffix}", elements.line([(x, bottom), (x, bottom + _TICK_PX)]))
    _numbers_below(into, frame, across, suffix)
    into.add(f"tick{suffix}", elements.line([(left, bottom), (right, bottom)]))
    under = bottom + _TITLE_PX + across.away
    into.add(f"at{suffix}", elements.text(right, under, across.title, "end"))
    if upright is None:
        return
    for y in ys:
        into.add("tick", elements.line([(left, y), (left - _TICK_PX, y)]))
    beside = left - _TICK_PX - upright.away
    for at, words in _apart(upright.ticks, _tall):
        into.add("tx", elements.text(beside, top + at + _MIDDLE_PX, words, "end"))
    into.add("tick", elements.line([(left, bottom), (left, top)]))


def _numbers_below(into: Elements, frame: Frame, across: Axis, suffix: str) -> None:
    y = frame.bottom + 0.5 + _TICK_PX + across.away + _ASCENT_PX
    for at, words in _apart(across.ticks, _wide):
        anchor = _flush(at, frame.width)
        into.add(f"tx{suffix}", elements.text(frame.left + 0.5 + at, y, words, anchor))


def _flush(at: float, width: float) -> str:
    """Return how a number below stands to its mark: within the plane at either end."""
    if at <= 1:
        return "start"
    return "end" if width - at <= 1 else "middle"


def _wide(words: str) -> float:
    return labels.text_width(words)


def _tall(words: str) -> float:
    return _LEVEL_PX


def _apart(
    ticks: Sequence[tuple[float, str]], extent: Callable[[str], float]
) -> list[tuple[float, str]]:
    """Return the numbers that do not touch the one named before them."""
    kept: list[tuple[float, str]] = []
    for at, words in ticks:
        half = extent(words) / 2
        if kept and abs(at - kept[-1][0]) < half + extent(kept[-1][1]) / 2:
            continue
        kept.append((at, words))
    return kept


def beyond(across: Axis, width: float) -> float:
    """Return how many pixels the numbers below reach beyond the right edge."""
    reach = [
        at + _wide(words) / 2 - width for at, words in across.ticks if _flush(at, width) == "middle"
    ]
    return max([0.0, *reach])


def _whole(value: float) -> int:
    """Round as JavaScript does: a half goes up."""
    return math.floor(value + 0.5)


def intensity(value: float) -> str:
    """Return a number on an axis of FLOP per byte: whole and grouped, or as a power of ten."""
    if value < 1e-4 or value >= 1e6:
        mantissa, _, power = f"{value:.5e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(power):+d}"
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def rate(value: float) -> str:
    """Return a number on an axis of FLOP/s: with the prefix of its thousand."""
    thousands = min(max(math.floor(math.log10(value) / 3 + 1e-9), -8), 8)
    prefix = _PREFIXES[thousands + 8].strip()
    return f"{value / 1000.0**thousands:.6g}{' ' if prefix else ''}{prefix}"


def percent(value: float) -> str:
    """Return a number on an axis of per cent."""
    return f"{value:g}"
