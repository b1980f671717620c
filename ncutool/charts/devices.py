"""The rooflines of several devices, and where one workload lies under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from ncutool.analysis.looks import Color
from ncutool.base.limits import attainable
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.points import four_digits
from ncutool.charts.shared import Width, framed, log_axis, log_scale

_LEFT, _RIGHT = 0.05, 20.0
"""How far the plane reaches beyond the workload and the ridge points."""
_DASHES = ([1, 0], [7, 3], [2, 3])
_SHAPES = ("circle", "diamond", "square")
"""Of lines and marks while the colours are used once, again, and from then on."""


def devices_roofline(
    devices: Sequence[tuple[str, float, float]],
    intensity: float,
    *,
    palette: Palette = LIGHT,
    width: Width = 720,
    height: int = 380,
) -> alt.LayerChart:
    """Draw a roofline for each device, and a mark on each at the workload's intensity.

    Args:
        devices: name, peak FLOP/s and peak byte/s, at least one.
        intensity: the workload's, in FLOP/byte.
        width: pixels, or `container` to fill the element it stands in.
    """
    ridges = [peak / bandwidth for _, peak, bandwidth in devices]
    left, right = _LEFT * min(intensity, *ridges), _RIGHT * max(intensity, *ridges)
    families: tuple[Color, ...] = ("memory", "compute", "latency", "saving")
    colors = [*(palette.colors[name] for name in families), palette.ink, palette.soft]
    corners, marks = _rows(devices, intensity, (left, right), colors)
    names = [name for name, _, _ in devices]
    scale = alt.Scale(domain=names, range=[colors[i % len(colors)] for i in range(len(names))])
    dashes = [_of_round(_DASHES, i // len(colors)) for i in range(len(names))]
    legend = alt.Legend(
        title=None,
        orient="bottom",
        direction="horizontal",
        columns=4,
        symbolType="stroke",
        symbolStrokeWidth=3,
    )
    color = alt.Color("device:N", scale=scale, legend=legend)
    dash = alt.StrokeDash("device:N", scale=alt.Scale(domain=names, range=dashes), legend=legend)
    x_axis, y_axis = _axes(left, right, [row["y"] for row in corners])
    at = alt.Chart(alt.InlineData(values=[{"x": intensity}]))
    rule: dict[str, Any] = {"color": palette.soft, "strokeDash": [2, 4]}
    point: dict[str, Any] = {"filled": True, "size": 90, "opacity": 1}
    point["color"] = alt.ExprRef("datum.color")
    point["shape"] = alt.ExprRef("datum.shape")
    return framed(
        [
            alt.Chart(alt.InlineData(values=corners), name="lines")
            .mark_line(strokeWidth=1.8)
            .encode(x_axis, y_axis, color, dash),
            at.mark_rule(**rule).encode(alt.X("x:Q")),
            alt.Chart(alt.InlineData(values=marks), name="marks").mark_point(**point).encode(
                alt.X("x:Q"), alt.Y("y:Q")
            ),
        ],
        palette,
        width,
        height,
    )  # fmt: skip


def _axes(left: float, right: float, heights: Sequence[float]) -> tuple[alt.X, alt.Y]:
    """Return both axes: of the intensities between two, and of attainable rates with room above."""
    return (
        alt.X(
            "x:Q",
            scale=log_scale(four_digits(left), four_digits(right)),
            axis=log_axis("intensity (FLOP/byte)", "~g", faint=False),
        ),
        alt.Y(
            "y:Q",
            scale=log_scale(four_digits(min(heights)), four_digits(2 * max(heights))),
            axis=log_axis("attainable FLOP/s", "~s", faint=False),
        ),
    )


def _of_round(looks: Sequence[Any], number: int) -> Any:
    return looks[min(number, len(looks) - 1)]


def _rows(
    devices: Sequence[tuple[str, float, float]],
    intensity: float,
    ends: tuple[float, float],
    colors: Sequence[str],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the corners of the lines, and the marks.

    After the last colour comes the first, with another shape.
    """
    corners: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    for number, (name, peak, bandwidth) in enumerate(devices):
        for x in (ends[0], peak / bandwidth, ends[1]):
            corners.append({"device": name, "x": x, "y": attainable(peak, x, bandwidth)})
        y, color = attainable(peak, intensity, bandwidth), colors[number % len(colors)]
        shape = _of_round(_SHAPES, number // len(colors))
        marks.append({"device": name, "x": intensity, "y": y, "color": color, "shape": shape})
    return corners, marks
