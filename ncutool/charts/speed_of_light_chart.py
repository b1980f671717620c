"""NVIDIA's two speeds of light against each other: for reports without FLOP counters, and all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ncutool.charts import key, marks
from ncutool.charts.frame import bounded, framed
from ncutool.charts.head import Head
from ncutool.charts.light import HIGH, LOW, TITLES, Light, plan
from ncutool.charts.mark_layer import mark_layer
from ncutool.charts.palette import LIGHT, Palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.points import Row

_TOOLTIP = ("kernel", "work", "launches", "time", "compute", "memory")


def speed_of_light(
    points: Sequence[Row],
    *,
    palette: Palette = LIGHT,
    width: int = 640,
    height: int = 330,
    with_key: bool = True,
    interactive: bool = True,
    head: Head | None = None,
) -> alt.VConcatChart:
    """Compute over memory speed of light; area is time.

    Args:
        points: of :func:`ncutool.charts.points.speed_of_light_points`; not empty.
        width: of the plane in pixels; axes come on top.
        with_key, interactive, head: as for :func:`ncutool.charts.roofline_chart.roofline`.
    """
    light = plan(points, (width, height))
    rows = [{**row, **marks.looks(row, palette)} for row in light.marks]
    scale = alt.Scale(domain=[0, light.top], nice=False)
    x_axis = bounded(TITLES[0], light.ticks, away=light.away[0])
    y_axis = bounded(TITLES[1], light.ticks, upright=True, away=light.away[1])
    x, y = alt.X("x:Q", scale=scale, axis=x_axis), alt.Y("y:Q", scale=scale, axis=y_axis)
    told = _TOOLTIP if _TOOLTIP[0] in points[0] else ()
    layers = [
        _latency_region(x, y, palette),
        _limits(light.top, palette),
        mark_layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "groups", told),
        _leaders(light, palette),
        _words(light, palette),
    ]
    parts: list[Any] = [alt.LayerChart(layer=layers, width=width, height=height)]
    if with_key:
        parts.append(key.key([point["bound"] for point in points], False, palette, width))
    return framed(parts, palette, head, "groups" if interactive else "", light.scales)


def _latency_region(x: alt.X, y: alt.Y, palette: Palette) -> alt.Chart:
    corner = [{"x": 0, "y": 0, "x2": LOW, "y2": LOW}]
    chart = alt.Chart(alt.InlineData(values=corner), name="region")
    region = chart.mark_rect(color=palette.bounds["latency"], opacity=1, fillOpacity=0.08)
    placed: alt.Chart = region.encode(x, y, alt.X2("x2:Q"), alt.Y2("y2:Q"))
    return placed


def _limits(top: float, palette: Palette) -> alt.Chart:
    rows: list[Row] = []
    for limit, dash in ((LOW, [5, 4]), (HIGH, [2, 4])):
        upright: list[tuple[float, float]] = [(limit, 0), (limit, top)]
        for number, corners in enumerate([upright, [(y, x) for x, y in upright]]):
            look = {"line": f"{limit}-{number}", "dash": dash, "about": f"limit|{limit}"}
            rows += [{"x": x, "y": y, **look} for x, y in corners]
    chart: alt.Chart = alt.Chart(alt.InlineData(values=rows), name="lines").mark_line(
        color=palette.soft, strokeWidth=1, strokeDash=alt.ExprRef("datum.dash")
    )
    drawn: alt.Chart = chart.encode(
        alt.X("x:Q"), alt.Y("y:Q"), alt.Detail("line:N"), alt.Order(value=0),
        alt.Description("about:N"),
    )  # fmt: skip
    return drawn


def _data(x: float, y: float, light: Light) -> tuple[float, float]:
    return light.top * x / light.width, light.top * (1 - y / light.height)


def _leaders(light: Light, palette: Palette) -> alt.Chart:
    rows = []
    for text in light.texts:
        if text.place.leader is not None:
            x1, y1 = _data(*text.place.leader[:2], light)
            x2, y2 = _data(*text.place.leader[2:], light)
            rows.append({"x": x1, "y": y1, "x2": x2, "y2": y2, "about": text.about})
    chart = alt.Chart(alt.InlineData(values=rows), name="leaders")
    drawn: alt.Chart = chart.mark_rule(color=palette.soft, strokeWidth=0.8).encode(
        alt.X("x:Q"), alt.Y("y:Q"), alt.X2("x2:Q"), alt.Y2("y2:Q"), alt.Description("about:N")
    )
    return drawn


def _words(light: Light, palette: Palette) -> alt.Chart:
    rows = []
    for text in light.texts:
        x, y = _data(text.place.x, text.place.y, light)
        name = text.kind == "name"
        rows.append(
            {"x": x, "y": y, "text": text.text, "align": text.place.align,
             "about": f"{text.about}|{text.kind}",
             "color": palette.ink if name else palette.soft, "weight": 600 if name else 400}
        )  # fmt: skip
    mark: dict[str, Any] = {
        "align": alt.ExprRef("datum.align"),
        "color": alt.ExprRef("datum.color"),
        "fontWeight": alt.ExprRef("datum.weight"),
        "baseline": "middle",
        "fontSize": 11,
    }
    chart = alt.Chart(alt.InlineData(values=rows), name="texts").mark_text(**mark)
    drawn: alt.Chart = chart.encode(
        alt.X("x:Q"), alt.Y("y:Q"), alt.Text("text:N"), alt.Description("about:N")
    )
    return drawn
