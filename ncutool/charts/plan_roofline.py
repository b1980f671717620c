"""The roofline of a plan: every roof it meets, its decode steps from batch to batch, its prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.charts import labels, marks
from ncutool.charts.frame import axis, framed
from ncutool.charts.mark_layer import mark_layer
from ncutool.charts.palette import LIGHT, Palette
from ncutool.charts.placed import Line, decades, line_boxes, placed_texts, rising
from ncutool.charts.plane import Plane
from ncutool.charts.points import four_digits
from ncutool.charts.texts import leader_layer, line_layer, text_layer
from ncutool.charts.window import Window
from ncutool.planning.llm.roof_marks import ATTENDING, LAYERS, PREFILL, WHOLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.head import Head
    from ncutool.charts.labels import Wanted
    from ncutool.charts.points import Row
    from ncutool.planning.llm.roof_marks import Roof, RoofMark

SHAPES = {LAYERS: "circle", ATTENDING: "square", WHOLE: "diamond", PREFILL: "triangle-up"}
_TRAIL, _STILL, _STOP, _RING = 30.0, 110.0, 190.0, 200.0
"""Sizes of marks in square pixels: of every batch, of what does not move, of the batch chosen, and
of the ring around the largest batch that memory holds."""
_ALIKE = 1e-3


class PlanSubject(Struct, frozen=True):
    """What the roofline of a plan shows."""

    peak_bytes_per_s: float
    roofs: tuple[Roof, ...]
    """The highest first."""
    decode: tuple[RoofMark, ...]
    """Of each batch, the smallest first."""
    prefill: tuple[RoofMark, ...]
    """The plan's own first."""
    batches: tuple[int, ...]
    memory_batch: int | None
    """The largest that memory holds; 0 where nothing fits, None where that is not known."""


def plan_roofline(
    subject: PlanSubject,
    *,
    palette: Palette = LIGHT,
    width: int = 592,
    height: int = 320,
    stops: Sequence[int] = (),
    head: Head | None = None,
) -> alt.VConcatChart:
    """Draw the roofs and what the plan reaches under them.

    Args:
        subject: what to draw.
        palette: its colours.
        width: of the plane in pixels; axes come on top. So does ``height``.
        height: of the plane.
        stops: batches whose marks are drawn large; a page shows those of one at a time.
        head: lines above it, for a picture that stands alone.
    """
    window = _window(subject, (width, height))
    drawn = _with_texts(subject, Plane(window, [], [], _lines(subject, window), []))
    x_scale = alt.Scale(type="log", domain=[window.left, window.right], nice=False)
    y_scale = alt.Scale(type="log", domain=[window.bottom, window.top], nice=False)
    x_axis = axis("FLOP per byte of memory traffic", decades(window.left, window.right, 8))
    y_axis = axis("FLOP/s", decades(window.bottom, window.top, 8), upright=True)
    x = alt.X("x:Q", scale=x_scale, axis=x_axis)
    y = alt.Y("y:Q", scale=y_scale, axis=y_axis)
    layers = [
        line_layer(drawn, x, y, palette),
        leader_layer(drawn, palette),
        mark_layer(_trail(subject, palette), alt.X("x:Q"), alt.Y("y:Q"), "trail"),
        mark_layer(_still(subject, palette), alt.X("x:Q"), alt.Y("y:Q"), "still"),
        mark_layer(_large(subject, stops, palette), alt.X("x:Q"), alt.Y("y:Q"), "stops"),
        text_layer(drawn, palette),
    ]
    return framed([alt.LayerChart(layer=layers, width=width, height=height)], palette, head)


def _window(subject: PlanSubject, size: tuple[int, int]) -> Window:
    """Return the window that holds every mark, every roof and the ridges of those in use."""
    shown = [*subject.decode, *subject.prefill]
    ridges = [one.peak_flop_per_s / subject.peak_bytes_per_s for one in subject.roofs]
    xs = [one.intensity_flop_per_byte for one in shown] + ridges
    left, right = min(xs) / 2.2, max(xs) * 4
    bottom = min(min(one.flop_per_s for one in shown) / 2.2, left * subject.peak_bytes_per_s)
    top = 6 * subject.roofs[0].peak_flop_per_s
    return Window(
        four_digits(left), four_digits(right), four_digits(bottom), four_digits(top), *size
    )


def _lines(subject: PlanSubject, window: Window) -> list[Line]:
    """Return the memory roof up to the highest compute roof, and each compute roof from its own
    ridge; those the plan does not meet are thin."""
    fed = subject.peak_bytes_per_s
    highest = subject.roofs[0].peak_flop_per_s
    start = max(window.left, window.bottom / fed)
    drawn = [Line("memory", "roof", ((start, start * fed), (highest / fed, highest)))]
    for roof in subject.roofs:
        ridge = roof.peak_flop_per_s / fed
        ends = (ridge, roof.peak_flop_per_s), (window.right, roof.peak_flop_per_s)
        drawn.append(Line(roof.name, "roof" if roof.is_used else "lower", ends))
        if roof.is_used:
            down = (ridge, window.bottom), (ridge, roof.peak_flop_per_s)
            drawn.append(Line(f"ridge of {roof.name}", "ridge", down))
    return drawn


def _fits(subject: PlanSubject, batch: int | None) -> bool:
    most = subject.memory_batch
    return batch is None or most is None or batch <= most


def _look(mark: RoofMark, palette: Palette, *, filled: bool) -> Row:
    color = palette.bounds[mark.bound]
    fill, filling = (color, 1.0) if filled else (palette.paper, 0.01)
    stroke = palette.paper if filled else color
    return {"shape": SHAPES[mark.kind], "fill": fill, "stroke": stroke, "filling": filling}


def _place(mark: RoofMark) -> Row:
    return {"x": four_digits(mark.intensity_flop_per_byte), "y": four_digits(mark.flop_per_s)}


def told(mark: RoofMark) -> str:
    """Return what a mark is, in words: shown by a browser where the pointer rests on it."""
    of = "" if mark.batch is None else f", batch {units.count(mark.batch)}"
    return (
        f"{mark.kind}{of}: {units.intensity(mark.intensity_flop_per_byte)}, "
        f"{units.flop_rate(mark.flop_per_s)} at most, {mark.bound}-bound"
    )


def _trail(subject: PlanSubject, palette: Palette) -> list[Row]:
    """Return small marks of every batch, hollow where memory does not hold it."""
    numbers = {batch: number for number, batch in enumerate(subject.batches)}
    rows = []
    for mark in subject.decode:
        if mark.kind == ATTENDING or mark.batch is None:
            continue
        look = _look(mark, palette, filled=_fits(subject, mark.batch)) | {"thick": 1.0}
        about = f"{numbers[mark.batch]}|{told(mark)}"
        rows.append({**_place(mark), **look, "size": _TRAIL, "about": about})
    return rows


def _still(subject: PlanSubject, palette: Palette) -> list[Row]:
    """Return what no batch moves, and a ring around the largest batch that memory holds."""
    rows: list[Row] = []
    attending = [mark for mark in subject.decode if mark.kind == ATTENDING]
    for number, mark in enumerate((*attending[:1], *subject.prefill)):
        own = mark.kind == ATTENDING or number <= len(attending[:1])
        look = _look(mark, palette, filled=own) | {"thick": 1.0 if own else 1.5}
        rows.append({**_place(mark), **look, "size": _STILL, "about": f"|{told(mark)}"})
    end = _at_memory_end(subject)
    if end is not None:
        ring = {"shape": "circle", "fill": palette.paper, "filling": 0.01, "thick": 1.3}
        about = f"|memory holds no more than {units.count(end.batch)} sequences"
        rows.append({**_place(end), **ring, "stroke": palette.ink, "size": _RING, "about": about})
    return rows


def _at_memory_end(subject: PlanSubject) -> RoofMark | None:
    return next(
        (
            mark
            for mark in subject.decode
            if mark.kind == LAYERS and mark.batch == subject.memory_batch
        ),
        None,
    )


def _large(subject: PlanSubject, stops: Sequence[int], palette: Palette) -> list[Row]:
    numbers = {batch: number for number, batch in enumerate(subject.batches)}
    return [
        {
            **_place(mark), **_look(mark, palette, filled=True), "stroke": palette.ink,
            "thick": 1.5, "size": _STOP, "about": f"{numbers[mark.batch]}|{told(mark)}",
        }
        for mark in subject.decode
        if mark.batch is not None and mark.batch in stops and mark.kind != ATTENDING
    ]  # fmt: skip


def _with_texts(subject: PlanSubject, plane: Plane) -> Plane:
    window = plane.window
    sized: list[tuple[RoofMark, float]] = [
        (mark, _STILL if mark.kind in (ATTENDING, PREFILL) else _TRAIL)
        for mark in (*subject.decode, *subject.prefill)
    ]
    hard = marks.boxes(
        (window.x(mark.intensity_flop_per_byte), window.y(mark.flop_per_s), size)
        for mark, size in sized
    )
    wanted = [*_line_texts(subject, window), *_mark_texts(subject, window)]
    texts = placed_texts(wanted, window, hard, line_boxes(plane.lines, window))
    return Plane(window, [], [], plane.lines, [], texts)


_Wish = tuple["Wanted", str, str, bool]


def _line_texts(subject: PlanSubject, window: Window) -> list[_Wish]:
    texts: list[_Wish] = []
    for roof in subject.roofs:
        text = f"{_names(subject, roof)} {units.flop_rate(roof.peak_flop_per_s)}"
        kind = "roof" if roof.is_used else "soft"
        y = window.y(roof.peak_flop_per_s)
        spots = [
            (window.width - 3.0 - back, y + side, "right")
            for side in (-9.0, 9.0, -22.0, 22.0, -32.0)
            for back in (0, 30, 60, 100, 150)
        ]
        wide = labels.text_width(text, bold=roof.is_used)
        texts.append((labels.Wanted(roof.name, labels.level(spots, wide, 3.0)), text, kind, False))
    fed = subject.peak_bytes_per_s
    highest = subject.roofs[0].peak_flop_per_s
    texts.append(rising("memory", f"memory {units.data_rate(fed)}", fed, highest, window))
    for roof in subject.roofs:
        if not roof.is_used:
            continue
        ridge = roof.peak_flop_per_s / fed
        text, at = f"ridge {units.significant(ridge, 4)}", window.x(ridge)
        heights = [window.height - 10.0 - up for up in (0, 16, 32, 60, 90)]
        spots = [spot for y in heights for spot in ((at + 4, y, "left"), (at - 4, y, "right"))]
        places = labels.level(spots, labels.text_width(text))
        texts.append((labels.Wanted(f"ridge {roof.name}", places), text, "soft", False))
    return texts


def _names(subject: PlanSubject, roof: Roof) -> str:
    """Return the name of a roof, with those that are as high."""
    return ", ".join(
        display_names.roof(one.name)
        for one in subject.roofs
        if abs(one.peak_flop_per_s / roof.peak_flop_per_s - 1) < _ALIKE
    )


def _mark_texts(subject: PlanSubject, window: Window) -> list[_Wish]:
    layers = [mark for mark in subject.decode if mark.kind == LAYERS]
    named: list[tuple[RoofMark, str, float, str]] = []
    end = _at_memory_end(subject)
    if end is not None:
        named.append((end, f"memory ends: {units.count(end.batch)}", _RING, "name"))
    attending = [mark for mark in subject.decode if mark.kind == ATTENDING]
    named += [(mark, "attention", _STILL, "name") for mark in attending[:1]]
    for number, mark in enumerate(subject.prefill):
        words = f"{mark.activations} inputs" if number else "prefill"
        named.append((mark, words, _STILL, "name"))
    ends = [mark for mark in (*layers[:1], *layers[-1:]) if mark is not end]
    named += [(mark, f"batch {units.count(mark.batch)}", _TRAIL, "soft") for mark in ends]
    return [_name(*one, window) for one in named]


def _name(mark: RoofMark, text: str, size: float, kind: str, window: Window) -> _Wish:
    x, y = window.x(mark.intensity_flop_per_byte), window.y(mark.flop_per_s)
    wide = labels.text_width(text, bold=kind == "name")
    places = labels.around(x, y, marks.radius(size), wide)
    near = places if kind == "name" else tuple(one for one in places if one.leader is None)
    return labels.Wanted((mark.kind, text), near), text, kind, False
