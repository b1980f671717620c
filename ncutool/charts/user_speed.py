"""Throughput against the speed of each user, of one deployment or of several."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import altair as alt
from msgspec import Struct

from ncutool.base import units
from ncutool.charts import labels, marks
from ncutool.charts.frame import bounded, framed
from ncutool.charts.mark_layer import mark_layer
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.placed import Text, placed_texts
from ncutool.charts.plane import Plane
from ncutool.charts.points import four_digits
from ncutool.charts.texts import leader_layer, text_layer
from ncutool.charts.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.looks import Color
    from ncutool.charts.head import Head
    from ncutool.charts.points import Row
    from ncutool.planning.llm.curve import Curve, CurvePoint

FAMILIES: tuple[Color, ...] = ("memory", "compute", "latency", "saving")
_SHAPES = ("circle", "square", "diamond", "triangle-up")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_TRAIL, _STOP, _RING = 30.0, 190.0, 200.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_TICKS = 7
_Wish = tuple[labels.Wanted, str, str, bool]
"""A text with its places: words, kind, and whether it rises."""


class _Linear(Window):
    """A plane whose axes are linear: speed of a user, and rate of a device."""

    def x(self, intensity: float) -> float:
        """Return the pixel of a speed."""
        return self.width * (intensity - self.left) / (self.right - self.left)

    def y(self, rate: float) -> float:
        """Return the pixel of a rate, counted from the top."""
        return self.height * (self.top - rate) / (self.top - self.bottom)

    def intensity(self, x: float) -> float:
        """Return the speed at a pixel."""
        return self.left + (self.right - self.left) * x / self.width

    def rate(self, y: float) -> float:
        """Return the rate at a pixel."""
        return self.top - (self.top - self.bottom) * y / self.height


class _Drawn(Struct, frozen=True):
    """One curve with its look."""

    curve: Curve
    color: str
    shape: str
    dash: list[int]


def user_speed(
    curves: Sequence[Curve],
    *,
    palette: Palette = LIGHT,
    width: int = 592,
    height: int = 320,
    stops: Sequence[int] = (),
    named: bool = False,
    head: Head | None = None,
) -> alt.VConcatChart:
    """Draw tokens a second a device over tokens a second a user, batch by batch.

    Beyond the largest batch that memory holds a curve is dotted and its marks are hollow. Of a
    mixture of experts a thin line shows what uniformly chosen experts allow.

    Args:
        curves: at least one.
        palette: its colours.
        width: of the plane in pixels; axes come on top. So does ``height``.
        height: of the plane.
        stops: batches of the first curve whose marks are drawn large.
        named: write the name of each curve beside it, where there are several.
        head: lines above it, for a picture that stands alone.
    """
    drawn = _looks(curves, palette)
    window = _window(curves, (width, height))
    plane = Plane(window, [], [], [], [], _texts(drawn, window, named=named))
    x, y = _axes(curves, window)
    layers = [
        _lines(drawn, x, y),
        leader_layer(plane, palette),
        mark_layer(_trail(drawn, palette), alt.X("x:Q"), alt.Y("y:Q"), "trail"),
        mark_layer(_rings(drawn, palette), alt.X("x:Q"), alt.Y("y:Q"), "still"),
        mark_layer(_large(drawn[0], stops, palette), alt.X("x:Q"), alt.Y("y:Q"), "stops"),
        text_layer(plane, palette),
    ]
    return framed([alt.LayerChart(layer=layers, width=width, height=height)], palette, head)


def _looks(curves: Sequence[Curve], palette: Palette) -> list[_Drawn]:
    """Return each curve with a colour, and dashes of its own once the colours are used up."""
    colors = [palette.colors[name] for name in FAMILIES]
    return [
        _Drawn(
            curve,
            colors[n % len(colors)],
            _SHAPES[n % len(_SHAPES)],
            _DASHES[n // len(colors) % len(_DASHES)],
        )
        for n, curve in enumerate(curves)
    ]


def curve_looks(curves: Sequence[Curve], palette: Palette) -> list[tuple[str, str, str, bool]]:
    """Return name, colour, shape and whether it is dashed of each curve, for a legend."""
    return [
        (one.curve.name, one.color, one.shape, one.dash != [1, 0])
        for one in _looks(curves, palette)
    ]


def _window(curves: Sequence[Curve], size: tuple[int, int]) -> Window:
    points = [point for curve in curves for point in curve.points]
    right = 1.06 * max(point.tokens_per_s_per_sequence for point in points)
    top = 1.12 * max(point.tokens_per_s_per_device for point in points)
    return _Linear(0.0, four_digits(right), 0.0, four_digits(top), *size)


def _ticks(most: float) -> list[float]:
    """Return round values from 0 on."""
    power = 10.0 ** math.floor(math.log10(most / _MOST_TICKS))
    step = next(power * each for each in _STEPS if most / (power * each) <= _MOST_TICKS)
    return [four_digits(step * number) for number in range(int(most / step) + 1)]


def _axes(curves: Sequence[Curve], window: Window) -> tuple[alt.X, alt.Y]:
    several = any(curve.devices > 1 for curve in curves)
    rate = "tok/s a device" if several else "tok/s"
    x_axis = bounded("tok/s a user", _ticks(window.right))
    y_axis = bounded(rate, _ticks(window.top), upright=True)
    y_axis["labelExpr"] = "format(datum.value, '~s')"
    x_scale = alt.Scale(domain=[window.left, window.right], nice=False)
    y_scale = alt.Scale(domain=[window.bottom, window.top], nice=False)
    return alt.X("x:Q", scale=x_scale, axis=x_axis), alt.Y("y:Q", scale=y_scale, axis=y_axis)


def _at(point: CurvePoint) -> Row:
    return {
        "x": four_digits(point.tokens_per_s_per_sequence),
        "y": four_digits(point.tokens_per_s_per_device),
    }


def _expected(point: CurvePoint) -> Row:
    return {
        "x": four_digits(point.expected_tokens_per_s_per_sequence),
        "y": four_digits(point.expected_tokens_per_s_per_device),
    }


def _lines(drawn: Sequence[_Drawn], x: alt.X, y: alt.Y) -> alt.Chart:
    """Draw each curve as far as memory reaches, the rest dotted, and what experts expect."""
    rows: list[Row] = []
    for number, one in enumerate(drawn):
        points = one.curve.points
        held = [point for point in points if point.fits]
        rest = points[max(0, len(held) - 1) :] if len(held) < len(points) else ()
        parts: list[tuple[str, Any, list[Row]]] = [
            ("held", (2.2, one.dash), [_at(point) for point in held]),
            ("beyond", (1.2, [1, 3]), [_at(point) for point in rest]),
        ]
        if one.curve.is_mixture:
            parts.append(("expected", (1.0, one.dash), [_expected(point) for point in held]))
        for part, (thick, dash), places in parts:
            look = {"color": one.color, "width": thick, "dash": dash}
            about = {"line": f"{number} {part}", "about": f"{part}|{one.curve.name}"}
            rows += [place | look | about for place in places]
    mark: dict[str, Any] = {
        "color": alt.ExprRef("datum.color"),
        "strokeWidth": alt.ExprRef("datum.width"),
        "strokeDash": alt.ExprRef("datum.dash"),
        "clip": True,
    }
    chart = alt.Chart(alt.InlineData(values=rows, name="lines"), name="lines").mark_line(**mark)
    layer: alt.Chart = chart.encode(
        x, y, alt.Detail("line:N"), alt.Order(value=0), alt.Description("about:N")
    )
    return layer


def told(curve: Curve, point: CurvePoint) -> str:
    """Return what a point is, in words: shown by a browser where the pointer rests on it."""
    room = "" if point.fits else "; does not fit"
    each = " a device" if curve.devices > 1 else ""
    return (
        f"{curve.name}, batch {units.count(point.batch)}: "
        f"{units.significant(point.tokens_per_s_per_sequence)} tok/s a user, "
        f"{units.significant(point.tokens_per_s_per_device, 4)} tok/s{each} at most, "
        f"{point.bound}-bound ({point.limit}){room}"
    )


def _mark(one: _Drawn, number: int, size: float, palette: Palette) -> Row:
    point = one.curve.points[number]
    fill, filling = (one.color, 1.0) if point.fits else (palette.paper, 0.01)
    return {
        **_at(point), "shape": one.shape, "fill": fill, "filling": filling, "size": size,
        "stroke": palette.paper if point.fits else one.color, "thick": 1.0,
        "about": f"{number}|{told(one.curve, point)}",
    }  # fmt: skip


def _trail(drawn: Sequence[_Drawn], palette: Palette) -> list[Row]:
    return [
        _mark(one, number, _TRAIL, palette)
        for one in drawn
        for number in range(len(one.curve.points))
    ]


def _rings(drawn: Sequence[_Drawn], palette: Palette) -> list[Row]:
    """Return a ring around the largest batch that memory holds, of each curve."""
    look = {"shape": "circle", "fill": palette.paper, "filling": 0.01, "thick": 1.3}
    return [
        {
            **_at(point), **look, "stroke": palette.ink, "size": _RING,
            "about": f"|memory holds no more than {units.count(point.batch)} sequences",
        }
        for one in drawn
        for point in one.curve.points
        if "memory" in point.marks
    ]  # fmt: skip


def _large(one: _Drawn, stops: Sequence[int], palette: Palette) -> list[Row]:
    return [
        _mark(one, number, _STOP, palette) | {"stroke": palette.ink, "thick": 1.5}
        for number, point in enumerate(one.curve.points)
        if point.batch in stops
    ]


def _texts(drawn: Sequence[_Drawn], window: Window, *, named: bool) -> list[Text]:
    """Return names of curves where there are several, ends of memory, and some batches."""
    wanted: list[_Wish] = []
    lined, spots = [], []
    for one in drawn:
        pixels = [
            (window.x(point.tokens_per_s_per_sequence), window.y(point.tokens_per_s_per_device))
            for point in one.curve.points
        ]
        spots += [(x, y, _TRAIL) for x, y in pixels]
        lined += [box for a, b in pairwise(pixels) for box in labels.along((*a, *b))]
    several = len(drawn) > 1
    for number, one in enumerate(drawn if named and several else ()):
        middle = one.curve.points[len([*_held(one.curve)]) // 2]
        wanted.append(_wish((number, "name"), one.curve.name, "name", middle, _TRAIL, window))
    for number, one in enumerate(drawn):
        for point in one.curve.points:
            if "memory" in point.marks:
                words = f"memory ends: {units.count(point.batch)}"
                wanted.append(_wish((number, words), words, "name", point, _RING, window))
    for number, one in enumerate(drawn):
        for place, point in enumerate(() if several else _named(one.curve)):
            words = f"batch {units.count(point.batch)}"
            wish = _wish((number, words), words, "soft", point, _TRAIL, window)
            wanted.append(wish if place == 0 else _near(wish))
        if one.curve.is_mixture and not several:
            wanted.append(_expected_name(one.curve, window))
    return placed_texts(wanted, window, marks.boxes(spots), lined)


def _expected_name(curve: Curve, window: Window) -> _Wish:
    """Return the name of the thin line, beside the point where it is farthest from the thick."""
    point = max(
        curve.points,
        key=lambda one: (
            one.tokens_per_s_per_device - one.expected_tokens_per_s_per_device if one.fits else 0.0
        ),
    )
    x = window.x(point.expected_tokens_per_s_per_sequence)
    y = window.y(point.expected_tokens_per_s_per_device)
    text = "experts as expected"
    places = labels.around(x, y, 1.0, labels.text_width(text))
    return labels.Wanted("expected", places), text, "soft", False


def _held(curve: Curve) -> list[CurvePoint]:
    """Return the points that memory holds; all of them where it holds none."""
    return [point for point in curve.points if point.fits] or list(curve.points)


def _named(curve: Curve) -> list[CurvePoint]:
    """Return the points that get their batch written beside them: both ends first."""
    rest = [point for point in curve.points if "memory" not in point.marks]
    middle = sorted(rest[1:-1], key=lambda point: point.batch & -point.batch, reverse=True)
    return [*rest[:1], *rest[-1:], *middle] if len(rest) > 1 else rest


def _wish(
    key: object, text: str, kind: str, point: CurvePoint, size: float, window: Window
) -> _Wish:
    x = window.x(point.tokens_per_s_per_sequence)
    y = window.y(point.tokens_per_s_per_device)
    wide = labels.text_width(text, bold=kind == "name")
    places = labels.around(x, y, marks.radius(size), wide)
    return labels.Wanted(key, places), text, kind, False


def _near(wish: _Wish) -> _Wish:
    """Return a text that stands beside its mark or nowhere."""
    wanted, text, kind, rises = wish
    places = tuple(place for place in wanted.places if place.leader is None)
    return labels.Wanted(wanted.key, places), text, kind, rises
