"""The roofline: achieved FLOP/s over arithmetic intensity, under the device's roofs.

The model is Williams, Waterman and Patterson, "Roofline: an insightful visual performance
model" (CACM 52/4, 2009).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import altair as alt

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.points import Row, level_points, notable
from ncutool.charts.shared import (
    Width,
    framed,
    levels_layer,
    line_layer,
    line_row,
    points_layer,
    text_layer,
    text_row,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.analysis.capture_roofs import Roofs

MOST_ROOFS = 4
MOST_LEVEL_GROUPS = 300
"""Groups, most time first, whose caches are drawn too: two marks and a text each."""
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
    palette: Palette = LIGHT,
    width: Width = 720,
    height: int = 420,
) -> alt.LayerChart:
    """The roofline of one capture: Ctrl and the wheel zoom, dragging moves.

    Args:
        groups: of :func:`ncutool.analysis.groups.grouped`, for names.
        points: of :func:`ncutool.charts.points.roofline_points`; not empty.
        width: pixels, or `container` to fill the element it stands in.
    """
    levels = level_points(groups.head(MOST_LEVEL_GROUPS), roofs, palette)
    window = _Window([*points, *levels], roofs)
    x, y = _axes(window, "the level's" if levels else "DRAM")
    with_key = "wheel![event.ctrlKey || event.metaKey]"  # a plain wheel scrolls the page
    zoom = alt.selection_interval(name="zoom", bind="scales", zoom=with_key).param
    layers: list[alt.Chart] = [
        line_layer(_lines(roofs, window, palette), x, y),
        points_layer(points, alt.X("x:Q"), alt.Y("y:Q"), palette, _TOOLTIP, params=[zoom]),
        text_layer(_texts(groups, points, roofs, window, palette), window.slope),
    ]
    if levels:
        layers.insert(2, levels_layer(levels, alt.X("x:Q"), alt.Y("y:Q")))
    return framed(layers, palette, width, height)


class _Window:
    """The part of the plane to show: all points, all ridges, some room (in FLOP/byte, FLOP/s)."""

    def __init__(self, points: Sequence[Row], roofs: Roofs) -> None:
        ridges = [roof.peak_flop_per_s / roofs.peak_bytes_per_s for roof in roofs.compute]
        ridges += [roofs.compute[0].peak_flop_per_s / peak for _, peak in roofs.caches]
        xs = [point["x"] for point in points]
        ys = [point["y"] for point in points]
        self.left = _four(min(*xs, *ridges) / 2.5)
        self.right = _four(max(*xs, *ridges) * 6)
        self.bottom = _four(min(*ys, roofs.peak_bytes_per_s * self.left) / 2)
        self.top = _four(max(*ys, roofs.compute[0].peak_flop_per_s) * 2.5)

    def across(self, intensity: float) -> float:
        """Where an intensity lies between the left edge (0) and the right (1)."""
        return math.log(intensity / self.left) / math.log(self.right / self.left)

    @property
    def slope(self) -> str:
        """The angle of the bandwidth roof in degrees: a decade a decade, at any size."""
        across = math.log10(self.right / self.left)
        up = math.log10(self.top / self.bottom)
        return f"-180 / PI * atan2(height / {up:.4f}, width / {across:.4f})"


def _four(value: float) -> float:
    """Four significant digits: more than any screen shows, in a third of the bytes."""
    return float(f"{value:.4g}")


def _axes(window: _Window, level: str) -> tuple[alt.X, alt.Y]:
    x = alt.X(
        "x:Q",
        scale=alt.Scale(type="log", domain=[window.left, window.right], nice=False),
        axis=_axis("x", f"intensity (FLOP per byte of {level} traffic)", "~g"),
    )
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(type="log", domain=[window.bottom, window.top], nice=False),
        axis=_axis("y", "achieved FLOP/s", "~s"),
    )
    return x, y


def _axis(scale: str, title: str, written: str) -> alt.Axis:
    """Whole decades are marked and named; the rest is faint, named only when zoomed in."""
    decade = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 0.001"
    zoomed = f"domain('{scale}')[1] / domain('{scale}')[0] < 30"
    strong = {"condition": {"test": decade, "value": 1}, "value": 0.25}
    return alt.Axis(
        title=title,
        labelExpr=f"({decade}) || ({zoomed}) ? format(datum.value, '{written}') : ''",
        gridOpacity=alt.ConditionalAxisNumber.from_dict(strong, validate=False),
        tickOpacity=alt.ConditionalAxisNumber.from_dict(strong, validate=False),
    )


def _lines(roofs: Roofs, window: _Window, palette: Palette) -> list[Row]:
    bandwidth = roofs.peak_bytes_per_s
    rows = []
    for number, roof in enumerate(roofs.compute[:MOST_ROOFS]):
        peak, ridge = _four(roof.peak_flop_per_s), _four(roof.peak_flop_per_s / bandwidth)
        look = (palette.soft, 1.2, [5, 4]) if number else (palette.ink, 1.8, [1, 0])
        corners = [(ridge, peak), (window.right, peak)]
        if not number:
            corners.insert(0, (window.left, _four(window.left * bandwidth)))
        rows += [line_row(x, y, roof.name, *look) for x, y in corners]
    for level, peak in roofs.caches:
        ends = window.left, roofs.compute[0].peak_flop_per_s / peak
        look = palette.soft, 0.9, [1, 0]
        rows += [line_row(_four(x), _four(x * peak), level, *look) for x in ends]
    ridge = _four(roofs.ridge_point_flop_per_byte)
    top = _four(roofs.compute[0].peak_flop_per_s)
    rows += [line_row(ridge, y, "ridge", palette.soft, 1, [2, 4]) for y in (window.bottom, top)]
    return rows


def _texts(
    groups: pl.DataFrame, points: Sequence[Row], roofs: Roofs, window: _Window, palette: Palette
) -> list[Row]:
    bandwidth = roofs.peak_bytes_per_s
    rows = []
    for number, roof in enumerate(roofs.compute[:MOST_ROOFS]):
        written = f"{display_names.roof(roof.name)} {units.flop_rate(roof.peak_flop_per_s)}"
        color = palette.soft if number else palette.ink
        where = window.right, _four(roof.peak_flop_per_s)
        above = roofs.compute[number - 1].peak_flop_per_s if number else math.inf
        side = 9 if above < 4 * roof.peak_flop_per_s else -8  # under its line where it is tight
        rows.append(text_row(*where, written, color, align="right", dx=-6, dy=side))
    ridge = roofs.ridge_point_flop_per_byte
    written = f"ridge {units.significant(ridge)}"
    # Where little room is left beside the line, the words end before it instead.
    narrow = (f"{written}\u2002\u2002", "right") if window.across(ridge) > 0.7 else None
    rows.append(
        text_row(_four(ridge), window.bottom, written, palette.soft, narrow=narrow, dx=5, dy=-8)
    )
    lowest = min(roof.peak_flop_per_s for roof in roofs.compute) / bandwidth
    middle = _four(math.sqrt(window.left * max(lowest, window.left * 1.5)))
    high = _four(middle * bandwidth)
    written = f"DRAM {units.data_rate(bandwidth)}"
    rows.append(text_row(middle, high, written, palette.ink, align="center", dy=-9, rising=True))
    for level, peak in roofs.caches:
        x = math.sqrt(window.left * roofs.compute[0].peak_flop_per_s / peak)
        written = f"{level.upper()} {units.data_rate(peak)}"
        where = _four(x), _four(x * peak)
        rows.append(text_row(*where, written, palette.soft, align="center", dy=-8, rising=True))
    rows += [_name(point, window, palette) for point in notable(groups, points)]
    return rows


def _name(point: Row, window: _Window, palette: Palette) -> Row:
    """A point's name under it; in a narrow chart it reaches inwards, so that no edge cuts it."""
    across = window.across(point["x"])
    side = "left" if across < 0.4 else "right" if across > 0.6 else "center"
    return text_row(
        point["x"], point["y"], point["text"], palette.ink,
        align="center", narrow=(point["short"], side), dy=20, weight="bold",
    )  # fmt: skip
