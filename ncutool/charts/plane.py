"""What stands on a roofline besides its marks: names of lines and kernels, and where they go."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct, field

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.charts import labels, marks
from ncutool.charts.placed import Line, Text, line_boxes, placed_texts, rising

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.capture_roofs import Reached, Roof, Roofs
    from ncutool.charts.labels import Wanted
    from ncutool.charts.points import Row
    from ncutool.charts.window import Window

MOST_ROOFS = 4
_SMALLEST_SHARE = 0.004
"""Share of the drawn time below which a group gets no name."""
_OFF_LINE = 9.0
_ARROWS = {"below": "▾", "above": "▴", "left": "◂", "right": "▸"}
_SHAPES = {
    "below": "triangle-down",
    "above": "triangle-up",
    "left": "triangle-left",
    "right": "triangle-right",
}


class Plane(Struct, frozen=True):
    """Everything that is drawn on the plane."""

    window: Window
    inside: list[Row]
    outside: list[Row]
    lines: list[Line]
    levels: list[Row]
    texts: list[Text] = field(default_factory=list)


def specks(points: Sequence[Row], window: Window) -> tuple[list[Row], list[Row]]:
    """Return the points inside the window, and those outside as small marks at its edge."""
    inside, outside = [], []
    for point in points:
        side = window.side(point)
        if not side:
            inside.append(point)
            continue
        x = min(max(window.x(point["x"]), 5.0), window.width - 5.0)
        y = min(max(window.y(point["y"]), 5.0), window.height - 5.0)
        place = {"x": window.intensity(x), "y": window.rate(y)}
        outside.append({**point, **place, "side": side, "shape": _SHAPES[side], "size": 40.0})
    return inside, outside


def lines(roofs: Roofs, reached: Reached | None, window: Window) -> list[Line]:
    """Return the roofs, the ridge, the caches, and the best that the capture reached."""
    bandwidth = roofs.peak_bytes_per_s
    first = roofs.compute[0].peak_flop_per_s
    drawn = [
        Line(
            roof.name,
            "lower" if number else "roof",
            (
                *(() if number else ((window.left, window.left * bandwidth),)),
                (roof.peak_flop_per_s / bandwidth, roof.peak_flop_per_s),
                (window.right, roof.peak_flop_per_s),
            ),
        )
        for number, roof in enumerate(roofs.compute[:MOST_ROOFS])
    ]
    for level, peak in roofs.caches:
        ends = (window.left, window.left * peak), (first / peak, first)
        drawn.append(Line(level, "cache", ends))
    ridge = roofs.ridge_point_flop_per_byte
    drawn.append(Line("ridge", "ridge", ((ridge, window.bottom), (ridge, first))))
    return drawn + _best(roofs, reached, window)


def _best(roofs: Roofs, reached: Reached | None, window: Window) -> list[Line]:
    """Return the dashed lines: the best bandwidth up to the best rate, and that rate."""
    if reached is None:
        return []
    drawn = []
    top = reached.flop_per_s or roofs.compute[0].peak_flop_per_s
    if reached.bytes_per_s:
        start = max(window.left, window.bottom / reached.bytes_per_s)
        end = top / reached.bytes_per_s
        if start < end:
            ends = (start, start * reached.bytes_per_s), (end, top)
            drawn.append(Line("best", "best", ends))
    if reached.flop_per_s:
        start = reached.flop_per_s / (reached.bytes_per_s or roofs.peak_bytes_per_s)
        ends = (start, reached.flop_per_s), (window.right, reached.flop_per_s)
        drawn.append(Line("best", "best", ends))
    return drawn


def with_texts(plane: Plane, roofs: Roofs) -> Plane:
    """Return the plane with every text that has room: lines first, then kernels by time."""
    window = plane.window
    drawn = [(window.x(p["x"]), window.y(p["y"]), p["size"]) for p in plane.inside + plane.outside]
    drawn += [(window.x(p["x"]), window.y(p["y"]), 34.0) for p in plane.levels]
    texts = [*_line_texts(plane, roofs), *_edge_texts(plane), *_name_texts(plane)]
    soft = line_boxes(plane.lines, window)
    placed = placed_texts(texts, window, marks.boxes(drawn), soft)
    return Plane(window, plane.inside, plane.outside, plane.lines, plane.levels, placed)


def _line_texts(plane: Plane, roofs: Roofs) -> list[tuple[Wanted, str, str, bool]]:
    window, bandwidth = plane.window, roofs.peak_bytes_per_s
    texts = []
    for number, roof in enumerate(roofs.compute[:MOST_ROOFS]):
        alike = [one for one in roofs.compute[:MOST_ROOFS] if _same(one, roof)]
        if alike[0] is not roof:
            continue  # named with the first at its height
        names = ", ".join(display_names.roof(one.name) for one in alike)
        text = f"{names} {units.flop_rate(roof.peak_flop_per_s)}"
        wide = labels.text_width(text, bold=not number)
        y = window.y(roof.peak_flop_per_s)
        spots = [
            (window.width - 3.0 - back, y + side, "right")
            for back in (0, 30, 60, 100, 150, 200)
            for side in (-_OFF_LINE, _OFF_LINE)
        ]
        wish = labels.Wanted(roof.name, labels.level(spots, wide, 3.0))
        texts.append((wish, text, "soft" if number else "roof", False))
    first = roofs.compute[0].peak_flop_per_s
    texts.append(rising("dram", f"DRAM {units.data_rate(bandwidth)}", bandwidth, first, window))
    for level, peak in roofs.caches:
        text = f"{level.upper()} {units.data_rate(peak)}"
        texts.append(rising(level, text, peak, first, window, bold=False))
    ridge = roofs.ridge_point_flop_per_byte
    text = f"ridge {units.significant(ridge)}"
    at = window.x(ridge)
    heights = [window.height - 10 - up for up in (0, 16, 32, 60, 90, 120)]
    spots = [spot for y in heights for spot in ((at + 4, y, "left"), (at - 4, y, "right"))]
    wish = labels.Wanted("ridge", labels.level(spots, labels.text_width(text)))
    texts.append((wish, text, "soft", False))
    return texts


def _same(one: Roof, other: Roof) -> bool:
    return math.isclose(one.peak_flop_per_s, other.peak_flop_per_s, rel_tol=1e-3)


def _edge_texts(plane: Plane) -> list[tuple[Wanted, str, str, bool]]:
    window = plane.window
    texts: list[tuple[Wanted, str, str, bool]] = []
    for side, arrow in _ARROWS.items():
        beyond = [point for point in plane.outside if point["side"] == side]
        if not beyond:
            continue
        where = {"left": "further left", "right": "further right"}.get(side, side)
        spent = units.time(sum(point["ms"] for point in beyond) * 1e6)
        text = f"{arrow} {units.counted(len(beyond), 'kernel')} {where}, {spent}"
        wide = labels.text_width(text)
        xs = [window.x(point["x"]) for point in beyond]
        middle = sum(window.y(point["y"]) for point in beyond) / len(beyond)
        y = min(max(middle, 10.0), window.height - 10.0)
        spots = [(max(xs) + 9, y, "left"), (min(xs) - 9, y, "right")]
        middle = sum(xs) / len(xs)
        ups = (15, -15, 30, -30, 45, -45, 60, -60)
        spots += [(middle + dx, y + up, "center") for up in ups for dx in (0, 40, -40, 90, -90)]
        texts.append((labels.Wanted(side, labels.level(spots, wide, 3.0)), text, "soft", False))
    return texts


def _name_texts(plane: Plane) -> list[tuple[Wanted, str, str, bool]]:
    """Return the largest kernels' names, each with its share of its own roof."""
    window = plane.window
    total = sum(point["ms"] for point in plane.inside + plane.outside)
    most = 10 if window.width >= marks.WIDE_PX - 60 else 6
    texts: list[tuple[Wanted, str, str, bool]] = []
    named: list[tuple[str, float, float]] = []
    for point in sorted(plane.inside, key=lambda point: (-point["ms"], point["group"])):
        if len(texts) == most or point["ms"] < _SMALLEST_SHARE * total:
            break
        x, y = window.x(point["x"]), window.y(point["y"])
        # Shapes of one operator at one place would only repeat its name.
        if any(n == point["name"] and math.hypot(x - a, y - b) < 28 for n, a, b in named):
            continue
        named.append((point["name"], x, y))
        share = "" if point["pct"] is None else f"\u2002{_share(point['pct'])}"
        text = point["name"] + share
        wide = labels.text_width(point["name"], bold=True) + labels.text_width(share)
        places = labels.around(x, y, marks.radius(point["size"]), wide)
        texts.append((labels.Wanted(point["group"], places), text, "name", False))
    return texts


def _share(pct: float) -> str:
    return "<1 %" if 0 < pct < 0.5 else f"{pct:.0f} %"
