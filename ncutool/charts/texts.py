"""Lines and texts of a roofline as layers, each placed beforehand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import altair as alt

if TYPE_CHECKING:
    from ncutool.charts.palette import Palette
    from ncutool.charts.plane import Plane
    from ncutool.charts.points import Row

_LOOKS: dict[str, tuple[str, float, list[int]]] = {
    "roof": ("ink", 1.8, []),
    "lower": ("soft", 1.2, []),
    "cache": ("soft", 0.9, []),
    "best": ("ink", 1.1, [5, 3]),
    "ridge": ("soft", 0.8, [2, 4]),
}
"""Colour, width and dashes of each kind of line."""


def line_layer(drawn: Plane, x: alt.X, y: alt.Y, palette: Palette) -> alt.Chart:
    """Draw the roofs and what else is a line."""
    rows: list[Row] = []
    for number, line in enumerate(drawn.lines):
        color, width, dash = _LOOKS[line.kind]
        look = {"color": getattr(palette, color), "width": width, "dash": dash or [1, 0]}
        about = f"{line.kind}|{line.name}"
        rows += [{"x": a, "y": b, "line": number, "about": about, **look} for a, b in line.ends]
    mark: dict[str, Any] = {
        "color": alt.ExprRef("datum.color"),
        "strokeWidth": alt.ExprRef("datum.width"),
        "strokeDash": alt.ExprRef("datum.dash"),
        "clip": True,
    }
    data = alt.InlineData(values=rows, name="lines")
    chart: alt.Chart = alt.Chart(data, name="lines").mark_line(**mark)
    layer: alt.Chart = chart.encode(
        x, y, alt.Detail("line:N"), alt.Order(value=0), alt.Description("about:N")
    )
    return layer


def leader_layer(drawn: Plane, palette: Palette) -> alt.Chart:
    """Draw the thin lines from marks to names that stand apart from them."""
    window = drawn.window
    rows = []
    for text in drawn.texts:
        if text.place.leader is None:
            continue
        x1, y1, x2, y2 = text.place.leader
        ends = {"x": window.intensity(x1), "y": window.rate(y1)}
        ends |= {"x2": window.intensity(x2), "y2": window.rate(y2)}
        rows.append({**ends, "about": text.about})
    data = alt.InlineData(values=rows, name="leaders")
    chart: alt.Chart = alt.Chart(data, name="leaders").mark_rule(
        color=palette.soft, strokeWidth=0.8, clip=True
    )
    layer: alt.Chart = chart.encode(
        alt.X("x:Q"), alt.Y("y:Q"), alt.X2("x2:Q"), alt.Y2("y2:Q"), alt.Description("about:N")
    )
    return layer


def text_layer(drawn: Plane, palette: Palette) -> alt.Chart:
    """Draw the texts where they have room."""
    window = drawn.window
    looks = {"roof": (palette.ink, 600), "soft": (palette.soft, 400), "name": (palette.ink, 600)}
    rows = []
    for text in drawn.texts:
        color, weight = looks[text.kind]
        place = text.place
        rows.append(
            {
                "x": window.intensity(place.x),
                "y": window.rate(place.y),
                "text": text.text,
                "align": place.align,
                "angle": -math.degrees(window.slope) if text.rising else 0,
                "color": color,
                "weight": weight,
                "about": f"{text.about}|{text.kind}",
            }
        )
    mark: dict[str, Any] = {
        "align": alt.ExprRef("datum.align"),
        "baseline": "middle",
        "angle": alt.ExprRef("datum.angle"),
        "color": alt.ExprRef("datum.color"),
        "fontWeight": alt.ExprRef("datum.weight"),
        "fontSize": 11,
        "clip": True,
    }
    data = alt.InlineData(values=rows, name="texts")
    chart: alt.Chart = alt.Chart(data, name="texts").mark_text(**mark)
    layer: alt.Chart = chart.encode(
        alt.X("x:Q"), alt.Y("y:Q"), alt.Text("text:N"), alt.Description("about:N")
    )
    return layer
