"""NVIDIA's two speeds of light against each other: for reports without FLOP counters, and all.

The regions are those of NVIDIA's rule SOLBottleneck: below 60 % of both limits a launch waits
on latency; limits within 10 points of each other are balanced; above 80 % throughput is high.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

from ncutool.base.nvidia import HIGH_PCT, LOW_PCT
from ncutool.charts import key, labels, marks
from ncutool.charts.frame import Head, bounded, framed
from ncutool.charts.palette import LIGHT, Palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.labels import Place
    from ncutool.charts.points import Row

_LOW, _HIGH = int(LOW_PCT), int(HIGH_PCT)
_TOOLTIP = ("kernel", "work", "launches", "time", "compute", "memory")
_MOST_NAMES = 8
_SMALLEST_SHARE = 0.004


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
        with_key, interactive, head: as for :func:`ncutool.charts.roofline.roofline`.
    """
    most = max(max(point["x"], point["y"]) for point in points)
    top = max(100.0, most * 1.02)
    size = (width, height)
    rows = [
        {**point, **marks.looks(point, palette), "about": f"{point['group']}|{point['bound']}|"}
        for point in marks.sized(points, width)
    ]
    scale = alt.Scale(domain=[0, top], nice=False)
    ticks = [0, 20, 40, 60, 80, 100] if top < 150 else [0, 50, 100, 150, 200]
    x_axis = bounded("memory speed of light (%)", ticks, away=_away(rows, "y", height / top))
    y_axis = bounded(
        "compute speed of light (%)", ticks, upright=True, away=_away(rows, "x", width / top)
    )
    x, y = alt.X("x:Q", scale=scale, axis=x_axis), alt.Y("y:Q", scale=scale, axis=y_axis)
    told = _TOOLTIP if _TOOLTIP[0] in points[0] else ()
    layers = [
        _latency_region(x, y, palette),
        _limits(top, palette),
        marks.layer(rows, alt.X("x:Q"), alt.Y("y:Q"), "groups", told),
        *_texts(rows, top, size, palette),
    ]
    parts: list[Any] = [alt.LayerChart(layer=layers, width=width, height=height)]
    if with_key:
        parts.append(key.key([point["bound"] for point in points], False, palette, width))
    scales = f"linear {width} {height} 0 {top:g} 0 {top:g}"
    return framed(parts, palette, head, "groups" if interactive else "", scales)


def _away(rows: Sequence[Row], axis: str, scale: float) -> float:
    """Return how far the numbers of an axis stand from it: beyond the marks that reach over it."""
    over: list[float] = [marks.radius(row["size"]) - row[axis] * scale for row in rows]
    return max(4.0, 1.0 + max(over))


def _latency_region(x: alt.X, y: alt.Y, palette: Palette) -> alt.Chart:
    corner = [{"x": 0, "y": 0, "x2": _LOW, "y2": _LOW}]
    chart = alt.Chart(alt.InlineData(values=corner), name="region")
    region = chart.mark_rect(color=palette.bounds["latency"], opacity=1, fillOpacity=0.08)
    placed: alt.Chart = region.encode(x, y, alt.X2("x2:Q"), alt.Y2("y2:Q"))
    return placed


def _limits(top: float, palette: Palette) -> alt.Chart:
    rows: list[Row] = []
    for limit, dash in ((_LOW, [5, 4]), (_HIGH, [2, 4])):
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


def _texts(
    rows: Sequence[Row], top: float, size: tuple[int, int], palette: Palette
) -> list[alt.Chart]:
    """Draw the regions' names and those of the largest kernels, where they have room."""
    width, height = size

    def pixel(point: Row) -> tuple[float, float]:
        return width * point["x"] / top, height * (1 - point["y"] / top)

    wanted: list[tuple[labels.Wanted, str, str]] = _regions(top, size)
    total = sum(row["ms"] for row in rows)
    first = {row["name"]: row for row in reversed(rows)}  # of one name the group with most time
    by_time = sorted(first.values(), key=lambda row: row["group"])
    for row in by_time[: _MOST_NAMES if width >= marks.WIDE_PX - 60 else 5]:
        if row["ms"] >= _SMALLEST_SHARE * total:
            wide = labels.text_width(row["name"], bold=True)
            places = labels.around(*pixel(row), marks.radius(row["size"]), wide)
            wanted.append((labels.Wanted(row["group"], places), row["name"], "name"))
    drawn = marks.boxes((*pixel(row), row["size"]) for row in rows)
    frame = (1.0, 1.0, width - 1.0, height - 1.0)
    soft = [
        box
        for limit in (_LOW, _HIGH)
        for at, level in [(width * limit / top, height * (1 - limit / top))]
        for box in (*labels.along((at, 0, at, height)), *labels.along((0, level, width, level)))
    ]
    found = labels.place([wish for wish, _, _ in wanted], frame, drawn, soft)
    placed = [(found[wish.key], text, kind, wish.key) for wish, text, kind in wanted
              if wish.key in found]  # fmt: skip
    return [_leaders(placed, top, size, palette), _words(placed, top, size, palette)]


def _regions(top: float, size: tuple[int, int]) -> list[tuple[labels.Wanted, str, str]]:
    width, height = size
    low, high = (height * (1 - limit / top) for limit in (_LOW, _HIGH))
    right = width * _LOW / top
    short = width < marks.WIDE_PX - 60
    names = (
        ("latency" if short else "latency: neither limit reaches 60 %", 6.0, low + 11),
        ("compute-bound", 6.0, high - 10),
        ("memory-bound", right + 6, height - 10),
        ("both high", width * _HIGH / top + 6, 10.0),
    )
    return [
        (
            labels.Wanted(
                text,
                labels.level(
                    [(x + dx, y + dy, "left") for dy in (0, 18, -18, 36) for dx in (0, 30, 70)],
                    labels.text_width(text),
                ),
            ),
            text,
            "soft",
        )
        for text, x, y in names
    ]


def _data(x: float, y: float, top: float, size: tuple[int, int]) -> tuple[float, float]:
    return top * x / size[0], top * (1 - y / size[1])


def _leaders(
    placed: Sequence[tuple[Place, str, str, object]],
    top: float,
    size: tuple[int, int],
    palette: Palette,
) -> alt.Chart:
    rows = []
    for place, _, _, about in placed:
        if place.leader is not None:
            x1, y1 = _data(*place.leader[:2], top, size)
            x2, y2 = _data(*place.leader[2:], top, size)
            rows.append({"x": x1, "y": y1, "x2": x2, "y2": y2, "about": str(about)})
    chart = alt.Chart(alt.InlineData(values=rows), name="leaders")
    drawn: alt.Chart = chart.mark_rule(color=palette.soft, strokeWidth=0.8).encode(
        alt.X("x:Q"), alt.Y("y:Q"), alt.X2("x2:Q"), alt.Y2("y2:Q"), alt.Description("about:N")
    )
    return drawn


def _words(
    placed: Sequence[tuple[Place, str, str, object]],
    top: float,
    size: tuple[int, int],
    palette: Palette,
) -> alt.Chart:
    rows = []
    for place, text, kind, about in placed:
        x, y = _data(place.x, place.y, top, size)
        name = kind == "name"
        rows.append(
            {"x": x, "y": y, "text": text, "align": place.align, "about": f"{about}|{kind}",
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
