"""All that a roofline draws, with the place of each thing, before any of it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.charts import marks
from ncutool.charts.placed import decades
from ncutool.charts.plane import Plane, lines, specks, with_texts
from ncutool.charts.points import Row, level_points
from ncutool.charts.window import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.analysis.capture_roofs import Reached, Roofs
    from ncutool.charts.palette import Palette
    from ncutool.charts.window import Window

MOST_LEVEL_GROUPS = 60
"""Groups, most time first, whose caches are drawn too: two marks each."""
_MOST_TICKS = 8
LEVEL_SHAPES = {"l2": "square", "l1": "diamond"}
LEVEL_SIZE = 34.0
"""Square pixels of the small hollow marks of the caches' traffic."""


def plane(
    groups: pl.DataFrame,
    points: Sequence[Row],
    roofs: Roofs,
    reached: Reached | None,
    palette: Palette,
    size: tuple[int, int],
    most_ms: float | None = None,
) -> Plane:
    """Return all that is drawn on the plane, with places for its texts.

    Args:
        most_ms: time of the largest mark, where it may stand on the strip.
    """
    levels = level_points(groups.head(MOST_LEVEL_GROUPS), roofs, palette)
    window = fit(points, levels, roofs, size)
    inside, outside = specks(marks.sized(points, size[0], most_ms), window)
    drawn = Plane(window, inside, outside, lines(roofs, reached, window), levels)
    return with_texts(drawn, roofs)


def titles(drawn: Plane) -> tuple[str, str]:
    """Return the titles of both axes."""
    level = "the level's" if drawn.levels else "DRAM"
    return f"FLOP per byte of {level} traffic", "FLOP/s"


def ticks(window: Window) -> tuple[list[float], list[float]]:
    """Return the values that both axes name."""
    return (
        decades(window.left, window.right, _MOST_TICKS),
        decades(window.bottom, window.top, _MOST_TICKS),
    )


def scales(window: Window) -> str:
    """Return what a script must know to zoom: size of the plane, and the ends of both axes."""
    figures = (window.width, window.height, window.left, window.right, window.bottom, window.top)
    return f"log {' '.join(f'{value:g}' for value in figures)}"


def about(point: Row) -> str:
    """Return what a mark tells of itself: its group, its bound, its roof."""
    return f"{point['group']}|{point['bound']}|{point['roof']}"
