"""What a group looks like as a mark: area is time; shape and colour tell what holds it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ncutool.analysis.looks import LOOKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ncutool.charts.labels import Box
    from ncutool.charts.palette import Palette
    from ncutool.charts.points import Row

WIDE_PX = 560
"""A drawing that is narrower than this has smaller marks and fewer labels."""
_SMALLEST = 24.0
_PALE = 0.3
"""The filling of what is below its roof: its outline is solid."""


def largest(width: int) -> float:
    """Return the size (square pixels) of the group with the most time."""
    return 820.0 if width >= WIDE_PX else 440.0


def sized(points: Sequence[Row], width: int, most_ms: float | None = None) -> list[Row]:
    """Return the points with ``size``: square pixels in proportion to time, a speck at least."""
    most = most_ms or max((point["ms"] for point in points), default=0.0)
    return [
        {**point, "size": round(max(_SMALLEST, largest(width) * point["ms"] / most), 1)}
        if most > 0
        else {**point, "size": _SMALLEST}
        for point in points
    ]


def radius(size: float) -> float:
    """Return half the side of the square that a mark of a size lies in, with its outline."""
    return math.sqrt(size) / 2 + 1


def boxes(marks: Iterable[tuple[float, float, float]]) -> list[Box]:
    """Return the boxes of marks: x, y and size each."""
    return [
        (x - radius(size), y - radius(size), x + radius(size), y + radius(size))
        for x, y, size in marks
    ]


def symbol(bound: str) -> str:
    """Return the symbol of a bound, as Vega names it."""
    shape = LOOKS.get(bound, LOOKS["unknown"]).shape
    return "circle" if shape == "ring" else shape


def looks(point: Row, palette: Palette) -> Row:
    """Return how a point is drawn: ``shape, fill, stroke, thick, filling``."""
    bound = point["bound"]
    look = LOOKS.get(bound, LOOKS["unknown"])
    color = palette.colors[look.color]
    if look.shape == "ring":
        return {"shape": symbol(bound), "fill": palette.paper, "stroke": palette.soft, "thick": 1.5,
                "filling": 0.01}  # fmt: skip
    if look.texture == "stripes":
        return {"shape": look.shape, "fill": color, "stroke": color, "thick": 1.5,
                "filling": _PALE}  # fmt: skip
    return {"shape": look.shape, "fill": color, "stroke": palette.paper, "thick": 1.0,
            "filling": 1.0}  # fmt: skip
