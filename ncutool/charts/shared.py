"""What both charts have in common: the points, the words on them, the frame around them.

Built from whole channel objects and few layers: altair spends milliseconds on every short
string, copy and layer, and a page must not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.palette import Palette
    from ncutool.charts.points import Row

FONT_PX = 11
NARROW_PX = 560
FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
Width = int | Literal["container"]
"""Pixels, or as wide as the element the chart stands in."""


def log_scale(low: float, high: float) -> alt.Scale:
    """Return a logarithmic scale with exactly these ends."""
    return alt.Scale(type="log", domain=[low, high], nice=False)


def log_axis(title: str, written: str, *, scale: str = "", faint: bool = True) -> alt.Axis:
    """Return an axis whose whole decades are named.

    Args:
        written: the format of the numbers, as d3-format has it.
        scale: name of the scale; once zoomed in far, its lesser marks are named too.
        faint: lines and marks between the decades are faint.
    """
    decade = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 0.001"
    zoomed = f" || (domain('{scale}')[1] / domain('{scale}')[0] < 30)" if scale else ""
    axis = alt.Axis(
        title=title, labelExpr=f"({decade}){zoomed} ? format(datum.value, '{written}') : ''"
    )
    if faint:
        strong = {"condition": {"test": decade, "value": 1}, "value": 0.25}
        for lines in ("gridOpacity", "tickOpacity"):
            axis[lines] = alt.ConditionalAxisNumber.from_dict(strong, validate=False)
    return axis


def text_row(
    x: float,
    y: float,
    text: str,
    color: str,
    *,
    align: str = "left",
    narrow: tuple[str, str] | None = None,
    dx: int = 0,
    dy: int = 0,
    rising: bool = False,
    weight: str = "normal",
) -> Row:
    """Return a text at a place of the plane; ``narrow``: words and alignment in little room."""
    short, side = narrow or (text, align)
    return {
        "x": x, "y": y, "text": text, "color": color, "align": align,
        "short": short, "side": side, "dx": dx, "dy": dy, "rising": rising, "weight": weight,
    }  # fmt: skip


def text_layer(rows: Sequence[Row], slope: str = "0") -> alt.Chart:
    """Draw texts of :func:`text_row`; those that rise follow ``slope`` (degrees, an expression)."""
    mark: dict[str, Any] = {
        "align": alt.ExprRef(f"width > {NARROW_PX} ? datum.align : datum.side"),
        "text": alt.ExprRef(f"width > {NARROW_PX} ? datum.text : datum.short"),
        "baseline": "middle",
        "dx": alt.ExprRef("datum.dx"),
        "dy": alt.ExprRef("datum.dy"),
        "angle": alt.ExprRef(f"datum.rising ? {slope} : 0"),
        "color": alt.ExprRef("datum.color"),
        "fontWeight": alt.ExprRef("datum.weight"),
        "fontSize": FONT_PX,
        "clip": True,
    }
    chart = alt.Chart(alt.InlineData(values=list(rows))).mark_text(**mark)
    placed: alt.Chart = chart.encode(alt.X("x:Q"), alt.Y("y:Q"))
    return placed


def line_row(x: float, y: float, line: str, color: str, width: float, dash: list[int]) -> Row:
    """Return one corner of a line."""
    return {"x": x, "y": y, "line": line, "color": color, "width": width, "dash": dash}


def line_layer(rows: Sequence[Row], x: alt.X, y: alt.Y) -> alt.Chart:
    """Draw lines through the corners of :func:`line_row` in their order."""
    mark: dict[str, Any] = {
        "color": alt.ExprRef("datum.color"),
        "strokeWidth": alt.ExprRef("datum.width"),
        "strokeDash": alt.ExprRef("datum.dash"),
        "clip": True,
    }
    chart = alt.Chart(alt.InlineData(values=list(rows))).mark_line(**mark)
    drawn: alt.Chart = chart.encode(x, y, alt.Detail("line:N"), alt.Order(value=0))
    return drawn


def framed(
    layers: Sequence[alt.Chart],
    palette: Palette,
    width: Width,
    height: int,
    params: Sequence[alt.VariableParameter] = (),
) -> alt.LayerChart:
    """Return the layers as a chart with ``params`` and ``selected`` (a group's number, or -1)."""
    axis = {
        "labelColor": palette.soft,
        "titleColor": palette.soft,
        "titleFontWeight": "normal",
        "gridColor": palette.line,
        "domainColor": palette.line,
        "tickColor": palette.line,
        "labelFontSize": FONT_PX,
        "titleFontSize": FONT_PX + 1,
    }
    legend = {
        "labelColor": palette.soft,
        "labelFontSize": FONT_PX,
        "symbolType": "circle",
        "symbolStrokeWidth": 0,
    }
    return alt.LayerChart(
        layer=list(layers),
        params=[alt.VariableParameter(name="selected", value=-1), *params],
        width=width,
        height=height,
        background="transparent",
        padding=4,
        config={"axis": axis, "legend": legend, "view": {"stroke": None}, "font": FONTS},
    )
