"""Lines and texts of a plane, each text at its place, and what it had better not cover."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.charts import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.labels import Box, Place, Wanted
    from ncutool.charts.window import Window

_OFF_LINE, _OFF_MARKS = 9.0, 15.0
"""Pixels from a line to the middle of its name; the second where marks lie along the line."""


class Line(Struct, frozen=True):
    """A straight line on the plane in FLOP/byte and FLOP/s."""

    name: str
    kind: str
    """`roof` (the highest), `lower`, `cache`, `best` or `ridge`."""
    ends: tuple[tuple[float, float], ...]


class Text(Struct, frozen=True):
    """A text with its place in pixels."""

    text: str
    kind: str
    """`roof`, `soft` or `name`."""
    place: Place
    rising: bool = False
    about: str = ""


def decades(low: float, high: float, most: int) -> list[float]:
    """Return the powers of ten between two ends, fewer where they are many; 1, 2, 5 where few."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    if last - first < 2:
        steps = [float(f"{n}e{power}") for power in range(first - 1, last + 1) for n in (1, 2, 5)]
        return [value for value in steps if low <= value <= high]
    step = max(1, math.ceil((last - first + 1) / most))
    return [float(f"1e{power}") for power in range(first, last + 1) if power % step == 0]


def placed_texts(
    wanted: Sequence[tuple[Wanted, str, str, bool]],
    window: Window,
    hard: Sequence[Box],
    soft: Sequence[Box] = (),
) -> list[Text]:
    """Return the texts that have room.

    Args:
        wanted: places, words, kind and whether it rises, of each; the most important first.
        window: what is drawn.
        hard: boxes of marks.
        soft: boxes along lines.
    """
    frame = (1.0, 1.0, window.width - 1.0, window.height - 1.0)
    found = labels.place([wish for wish, _, _, _ in wanted], frame, hard, soft)
    return [
        Text(text, kind, found[wish.key], rises, str(wish.key))
        for wish, text, kind, rises in wanted
        if wish.key in found
    ]


def line_boxes(lines: Sequence[Line], window: Window) -> list[Box]:
    """Return small boxes along lines."""
    pixels = [[(window.x(x), window.y(y)) for x, y in line.ends] for line in lines]
    return [
        box
        for line in pixels
        for start, end in pairwise(line)
        for box in labels.along((*start, *end))
    ]


def rising(
    key: str, text: str, bandwidth: float, peak: float, window: Window, *, bold: bool = True
) -> tuple[Wanted, str, str, bool]:
    """Return the name of a bandwidth, which follows its line on one side or the other."""
    slope = window.slope
    start = max(window.left, window.bottom / bandwidth)
    ends = window.x(start), window.x(max(peak / bandwidth, start * 1.5))
    spots = []
    for off in (_OFF_LINE, _OFF_MARKS):
        for share in (0.55, 0.65, 0.45, 0.75, 0.35, 0.85, 0.25, 0.15):
            x = ends[0] + share * (ends[1] - ends[0])
            y = window.y(window.intensity(x) * bandwidth)
            for side in (-1, 1):
                dx, dy = math.sin(slope) * side, math.cos(slope) * side
                spots.append((x + off * dx, y + off * dy))
    wide = labels.text_width(text, bold=bold)
    wish = labels.Wanted(key, labels.rising(spots, wide, slope, 3.0))
    return wish, text, "roof" if bold else "soft", True
