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
from ncutool.charts.points import Row, four_digits, level_points, notable
from ncutool.charts.shared import (
    Width,
    framed,
    levels_layer,
    line_layer,
    line_row,
    log_axis,
    log_scale,
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
    """Draw the roofline of one capture: Ctrl and the wheel zoom, dragging moves.

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
        self.left = four_digits(min(*xs, *ridges) / 2.5)
        self.right = four_digits(max(*xs, *ridges) * 6)
        self.bottom = four_digits(min(*ys, roofs.peak_bytes_per_s * self.left) / 2)
        self.top = four_digits(max(*ys, roofs.compute[0].peak_flop_per_s) * 2.5)

    def across(self, intensity: float) -> float:
        """Return where an intensity lies between the left edge (0) and the right (1)."""
        return math.log(intensity / self.left) / math.log(self.right / self.left)

    @property
    def slope(self) -> str:
        """The angle of the bandwidth roof in degrees: a decade a decade, at any size."""
        across = math.log10(self.right / self.left)
        up = math.log10(self.top / self.bottom)
        return f"-180 / PI * atan2(height / {up:.4f}, width / {across:.4f})"


def _axes(window: _Window, level: str) -> tuple[alt.X, alt.Y]:
    title = f"intensity (FLOP per byte of {level} traffic)"
    x_scale, y_scale = log_scale(window.left, window.right), log_scale(window.bottom, window.top)
    return (
        alt.X("x:Q", scale=x_scale, axis=log_axis(title, "~g", scale="x")),
        alt.Y("y:Q", scale=y_scale, axis=log_axis("achieved FLOP/s", "~s", scale="y")),
    )


def _lines(roofs: Roofs, window: _Window, palette: Palette) -> list[Row]:
    bandwidth = roofs.peak_bytes_per_s
    rows = []
    for number, roof in enumerate(roofs.compute[:MOST_ROOFS]):
        peak, ridge = (
            four_digits(roof.peak_flop_per_s),
            four_digits(roof.peak_flop_per_s / bandwidth),
        )
        look = (palette.soft, 1.2, [5, 4]) if number else (palette.ink, 1.8, [1, 0])
        corners = [(ridge, peak), (window.right, peak)]
        if not number:
            corners.insert(0, (window.left, four_digits(window.left * bandwidth)))
        rows += [line_row(x, y, roof.name, *look) for x, y in corners]
    for level, peak in roofs.caches:
        ends = window.left, roofs.compute[0].peak_flop_per_s / peak
        look = palette.soft, 0.9, [1, 0]
        rows += [line_row(four_digits(x), four_digits(x * peak), level, *look) for x in ends]
    ridge = four_digits(roofs.ridge_point_flop_per_byte)
    top = four_digits(roofs.compute[0].peak_flop_per_s)
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
        where = window.right, four_digits(roof.peak_flop_per_s)
        above = roofs.compute[number - 1].peak_flop_per_s if number else math.inf
        side = 9 if above < 4 * roof.peak_flop_per_s else -8  # under its line where it is tight
        rows.append(text_row(*where, written, color, align="right", dx=-6, dy=side))
    ridge = roofs.ridge_point_flop_per_byte
    written = f"ridge {units.significant(ridge)}"
    # Where little room is left beside the line, the words end before it instead.
    narrow = (f"{written}\u2002\u2002", "right") if window.across(ridge) > 0.7 else None
    rows.append(
        text_row(
            four_digits(ridge), window.bottom, written, palette.soft, narrow=narrow, dx=5, dy=-8
        )
    )
    lowest = min(roof.peak_flop_per_s for roof in roofs.compute) / bandwidth
    middle = four_digits(math.sqrt(window.left * max(lowest, window.left * 1.5)))
    high = four_digits(middle * bandwidth)
    written = f"DRAM {units.data_rate(bandwidth)}"
    rows.append(text_row(middle, high, written, palette.ink, align="center", dy=-9, rising=True))
    for level, peak in roofs.caches:
        x = math.sqrt(window.left * roofs.compute[0].peak_flop_per_s / peak)
        written = f"{level.upper()} {units.data_rate(peak)}"
        where = four_digits(x), four_digits(x * peak)
        rows.append(text_row(*where, written, palette.soft, align="center", dy=-8, rising=True))
    rows += [_name(point, window, palette) for point in notable(groups, points)]
    return rows


def _name(point: Row, window: _Window, palette: Palette) -> Row:
    """Return a point's name under it; in a narrow chart it reaches inwards, away from the edge."""
    across = window.across(point["x"])
    side = "left" if across < 0.4 else "right" if across > 0.6 else "center"
    return text_row(
        point["x"], point["y"], point["text"], palette.ink,
        align="center", narrow=(point["short"], side), dy=20, weight="bold",
    )  # fmt: skip
