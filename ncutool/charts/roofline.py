"""The roofline: achieved FLOP/s over arithmetic intensity, under the device's roofs.

The model is Williams, Waterman and Patterson, "Roofline: an insightful visual performance
model" (CACM 52/4, 2009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ncutool.base import units
from ncutool.charts import key, marks
from ncutool.charts.frame import Head, axis, bounded, framed
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.placed import decades
from ncutool.charts.plane import Plane, lines, specks, with_texts
from ncutool.charts.points import Row, level_points
from ncutool.charts.strip import strip
from ncutool.charts.texts import leader_layer, line_layer, text_layer
from ncutool.charts.window import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.analysis.capture_roofs import Reached, Roofs

MOST_LEVEL_GROUPS = 60
"""Groups, most time first, whose caches are drawn too: two marks each."""
_TOOLTIP = (
    "kernel",
    "work",
    "launches",
    "time",
    "FLOP/byte",
    "achieved",
    "attainable",
    "of attainable",
    "figures from",
)


def roofline(
    groups: pl.DataFrame,
    points: Sequence[Row],
    roofs: Roofs,
    *,
    bytes_only: Sequence[Row] = (),
    reached: Reached | None = None,
    palette: Palette = LIGHT,
    width: int = 640,
    height: int = 330,
    with_key: bool = True,
    interactive: bool = True,
    head: Head | None = None,
) -> alt.VConcatChart:
    """Draw the roofline of one capture: Ctrl and the wheel zoom, dragging moves.

    Args:
        groups: of :func:`ncutool.analysis.groups.grouped`, for the caches' traffic.
        points: of :func:`ncutool.charts.points.roofline_points`, most time first; without any, the
            roofs alone are drawn.
        bytes_only: of :func:`ncutool.charts.strip.strip_points`: a strip below.
        reached: the best rates of the capture, drawn dashed.
        width: of the plane in pixels; axes come on top.
        with_key: say below what colours and shapes mean.
        interactive: for a notebook; a drawing that is made once needs no zoom.
        head: lines above it, for a picture that stands alone.
    """
    most = max((point["ms"] for point in [*points, *bytes_only]), default=0.0)
    drawn = plane(groups, points, roofs, reached, palette, (width, height), most)
    level = "the level's" if drawn.levels else "DRAM"
    x, y = _axes(drawn, level)
    layers = [
        line_layer(drawn, x, y, palette),
        leader_layer(drawn, palette),
        *_level_layers(drawn, palette),
        _marks_layer(drawn, palette),
        *_edge_layers(drawn, palette),
        text_layer(drawn, palette),
    ]
    parts: list[Any] = [alt.LayerChart(layer=layers, width=width, height=height)]
    if bytes_only:
        fed = units.data_rate(roofs.peak_bytes_per_s)
        parts.append(strip(bytes_only, fed, width, palette, most))
    if with_key and (points or bytes_only):
        shown = [point["bound"] for point in [*points, *bytes_only]]
        parts.append(key.key(shown, bool(reached), palette, width))
    window = drawn.window
    ends = (window.left, window.right, window.bottom, window.top)
    scales = " ".join(f"{value:g}" for value in (width, height, *ends))
    zoomed = "groups" if interactive else ""
    return framed(parts, palette, head, zoomed, f"log {scales}")


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


def _axes(drawn: Plane, level: str) -> tuple[alt.X, alt.Y]:
    window = drawn.window
    x_scale = alt.Scale(type="log", domain=[window.left, window.right], nice=False)
    y_scale = alt.Scale(type="log", domain=[window.bottom, window.top], nice=False)
    x_axis = axis(f"FLOP per byte of {level} traffic", decades(window.left, window.right, 8))
    y_axis = axis("FLOP/s", decades(window.bottom, window.top, 8), upright=True)
    return alt.X("x:Q", scale=x_scale, axis=x_axis), alt.Y("y:Q", scale=y_scale, axis=y_axis)


def _about(point: Row) -> str:
    return f"{point['group']}|{point['bound']}|{point['roof']}"


def _marks_layer(drawn: Plane, palette: Palette) -> alt.Chart:
    rows = [
        {**point, **marks.looks(point, palette), "about": _about(point)} for point in drawn.inside
    ]
    told = _TOOLTIP if rows and _TOOLTIP[0] in rows[0] else ()
    return marks.layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "groups", told)


def _edge_layers(drawn: Plane, palette: Palette) -> list[alt.Chart]:
    if not drawn.outside:
        return []
    look = {"fill": palette.soft, "stroke": palette.paper, "thick": 0.5, "filling": 1.0}
    rows = [{**point, **look, "about": _about(point)} for point in drawn.outside]
    told = _TOOLTIP if _TOOLTIP[0] in rows[0] else ()
    return [marks.layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "edge", told)]


def _level_layers(drawn: Plane, palette: Palette) -> list[alt.Chart]:
    """Draw small hollow marks of the caches' traffic: squares are L2, diamonds L1."""
    if not drawn.levels:
        return []
    rows = [
        {
            **level,
            "shape": "square" if level["level"] == "l2" else "diamond",
            "fill": palette.paper,
            "stroke": level["color"],
            "thick": 1.3,
            "filling": 0.01,
            "size": 34.0,
            "about": f"{level['group']}|{level['bound']}|{level['roof']}|{level['level']}",
        }
        for level in drawn.levels
    ]
    return [marks.layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "levels", ("tip",))]


__all__ = ["MOST_LEVEL_GROUPS", "Head", "bounded", "plane", "roofline"]
