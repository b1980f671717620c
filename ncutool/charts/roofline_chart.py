"""The roofline: achieved FLOP/s over arithmetic intensity, under the device's roofs.

The model is Williams, Waterman and Patterson, "Roofline: an insightful visual performance
model" (CACM 52/4, 2009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ncutool.base import units
from ncutool.charts import key, marks
from ncutool.charts.frame import axis, bounded, framed
from ncutool.charts.head import Head
from ncutool.charts.laid_out import (
    LEVEL_SHAPES,
    LEVEL_SIZE,
    MOST_LEVEL_GROUPS,
    about,
    plane,
    scales,
    ticks,
    titles,
)
from ncutool.charts.mark_layer import mark_layer
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.strip_layer import strip
from ncutool.charts.texts import leader_layer, line_layer, text_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.analysis.capture_roofs import Reached, Roofs
    from ncutool.charts.plane import Plane
    from ncutool.charts.points import Row

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
    x, y = _axes(drawn)
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
    return framed(parts, palette, head, "groups" if interactive else "", scales(drawn.window))


def _axes(drawn: Plane) -> tuple[alt.X, alt.Y]:
    window = drawn.window
    x_scale = alt.Scale(type="log", domain=[window.left, window.right], nice=False)
    y_scale = alt.Scale(type="log", domain=[window.bottom, window.top], nice=False)
    (x_title, y_title), (x_ticks, y_ticks) = titles(drawn), ticks(window)
    x_axis, y_axis = axis(x_title, x_ticks), axis(y_title, y_ticks, upright=True)
    return alt.X("x:Q", scale=x_scale, axis=x_axis), alt.Y("y:Q", scale=y_scale, axis=y_axis)


def _marks_layer(drawn: Plane, palette: Palette) -> alt.Chart:
    rows = [
        {**point, **marks.looks(point, palette), "about": about(point)} for point in drawn.inside
    ]
    told = _TOOLTIP if rows and _TOOLTIP[0] in rows[0] else ()
    return mark_layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "groups", told)


def _edge_layers(drawn: Plane, palette: Palette) -> list[alt.Chart]:
    if not drawn.outside:
        return []
    look = {"fill": palette.soft, "stroke": palette.paper, "thick": 0.5, "filling": 1.0}
    rows = [{**point, **look, "about": about(point)} for point in drawn.outside]
    told = _TOOLTIP if _TOOLTIP[0] in rows[0] else ()
    return [mark_layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "edge", told)]


def _level_layers(drawn: Plane, palette: Palette) -> list[alt.Chart]:
    """Draw small hollow marks of the caches' traffic: squares are L2, diamonds L1."""
    if not drawn.levels:
        return []
    rows = [
        {
            **level,
            "shape": LEVEL_SHAPES[level["level"]],
            "fill": palette.paper,
            "stroke": level["color"],
            "thick": 1.3,
            "filling": 0.01,
            "size": LEVEL_SIZE,
            "about": f"{about(level)}|{level['level']}",
        }
        for level in drawn.levels
    ]
    return [mark_layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "levels", ("tip",))]


__all__ = ["MOST_LEVEL_GROUPS", "Head", "bounded", "plane", "roofline"]
