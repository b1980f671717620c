"""NVIDIA's two speeds of light against each other: for reports without FLOP counters, and all.

The regions are those of NVIDIA's rule SOLBottleneck: below 60 % of both limits a launch waits
on latency; limits within 10 points of each other are balanced; above 80 % throughput is high.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from ncutool.base.nvidia import HIGH_PCT, LOW_PCT
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.shared import (
    Width,
    framed,
    line_layer,
    line_row,
    points_layer,
    text_layer,
    text_row,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.points import Row

_LOW, _HIGH = int(LOW_PCT), int(HIGH_PCT)
_TOOLTIP = ("kernel", "work", "launches", "time", "compute", "memory")


def speed_of_light(
    points: Sequence[Row],
    *,
    palette: Palette = LIGHT,
    width: Width = 720,
    height: int = 420,
) -> alt.LayerChart:
    """Compute over memory speed of light; area is time.

    Args:
        points: of :func:`ncutool.charts.points.speed_of_light_points`; not empty.
        width: pixels, or `container` to fill the element it stands in.
    """
    top = max(100.0, *(max(point["x"], point["y"]) for point in points))
    scale = alt.Scale(domain=[0, top], nice=False)
    x = alt.X("x:Q", scale=scale, axis=_axis("memory speed of light (%)"))
    y = alt.Y("y:Q", scale=scale, axis=_axis("compute speed of light (%)"))
    layers = [
        _latency_region(x, y, palette),
        line_layer(_limits(top, palette), alt.X("x:Q"), alt.Y("y:Q")),
        points_layer(points, alt.X("x:Q"), alt.Y("y:Q"), palette, _TOOLTIP),
        text_layer(_texts(top, palette)),
    ]
    return framed(layers, palette, width, height)


def _axis(title: str) -> alt.Axis:
    return alt.Axis(title=title, tickCount=5)


def _latency_region(x: alt.X, y: alt.Y, palette: Palette) -> alt.Chart:
    corner = [{"x": 0, "y": 0, "x2": _LOW, "y2": _LOW}]
    chart = alt.Chart(alt.InlineData(values=corner))
    region = chart.mark_rect(color=palette.bounds["latency"], opacity=0.1)
    placed: alt.Chart = region.encode(x, y, alt.X2("x2:Q"), alt.Y2("y2:Q"))
    return placed


def _limits(top: float, palette: Palette) -> list[Row]:
    rows = []
    for limit, dash in ((_LOW, [5, 4]), (_HIGH, [2, 4])):
        for name, corners in (
            ("memory", [(limit, 0), (limit, top)]),
            ("compute", [(0, limit), (top, limit)]),
        ):
            rows += [line_row(x, y, f"{name} {limit}", palette.soft, 1, dash) for x, y in corners]
    return rows


def _texts(top: float, palette: Palette) -> list[Row]:
    places = (
        (2, _LOW - 3, "latency: neither limit reaches 60 %"),
        (2, top - 4, "compute-bound"),
        (_LOW + 2, 4, "memory-bound"),
        (_HIGH + 2, top - 4, "both high"),
    )
    return [text_row(x, y, text, palette.soft) for x, y, text in places]
