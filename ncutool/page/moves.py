"""The roofline of a comparison: hollow marks before, filled ones after, arrows between them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis import display_names
from ncutool.analysis.looks import LOOKS
from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.charts import labels
from ncutool.charts.marks import radius
from ncutool.charts.window import Window
from ncutool.diff import shown
from ncutool.page.card_layout import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.labels import Box, Place, Wanted
    from ncutool.charts.palette import Palette
    from ncutool.diff.changes import Figures, Row
    from ncutool.diff.compare import Diff

MOST = 40
"""Matches that get marks, most time first."""
_LEFT, _TOP, _BELOW, _BESIDE = 50, 8, 36, 8
_SMALLEST, _LARGEST = 24.0, 620.0
_NAMED = 6
_SHORT = 16
_MOST_ROOFS = 4
_STILL_PX = 4.0
"""Marks that lie nearer to each other have not moved."""
_PREFIXES = {0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}


@dataclass(frozen=True)
class Moves:
    """One drawing and what stands beside it."""

    svg: str
    share: str
    """How much of the time is on it."""
    note: str
    bounds: tuple[str, ...]
    """What holds the marks that are drawn."""


@dataclass(frozen=True)
class _Mark:
    x: float
    y: float
    size: float
    bound: str


@dataclass(frozen=True)
class _Move:
    row: Row
    before: _Mark | None
    after: _Mark | None

    @property
    def still(self) -> bool:
        """Whether it is where it was."""
        if self.before is None or self.after is None:
            return False
        apart = math.hypot(self.after.x - self.before.x, self.after.y - self.before.y)
        return apart < _STILL_PX

    @property
    def last(self) -> _Mark | None:
        """Where it is after; where it is gone, where it was."""
        return self.after or self.before


def moves(diff: Diff, palette: Palette, width: int, height: int) -> Moves | None:
    """Return the roofline of both sides; None where no match has FLOPs, bytes and a known roof.

    Args:
        width: of the whole drawing in pixels.
    """
    rows = [row for row in diff.rows if _placed(row.before) or _placed(row.after)]
    roofs, fed = _roofs(diff)
    if not rows or not roofs or not fed:
        return None
    rows = sorted(rows, key=lambda row: -_most(row))[:MOST]
    plane = width - _LEFT - _BESIDE, height - _TOP - _BELOW
    window = _window(rows, roofs, fed, plane)
    most = max(_most(row) for row in rows)
    found = [_move(row, window, most) for row in rows]
    found.sort(key=lambda one: -_most(one.row))
    drawn = [
        *_ticks(window, palette),
        *_roof_lines(window, roofs, fed, palette),
        *(piece for one in found for piece in _drawn(one, palette)),
        *_texts(found, roofs, fed, window, palette),
    ]
    title = f"Roofline of {units.counted(len(found), 'group')}, before and after"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{safe(title)}. The kernel table holds the same '
        f'figures." font-size="11"><g transform="translate({_LEFT} {_TOP})">{"".join(drawn)}</g>'
        "</svg>"
    )
    bounds = {mark.bound for one in found for mark in (one.before, one.after) if mark}
    order = tuple(bound for bound in display_names.BOUNDS if bound in bounds)
    return Moves(svg, _share(diff, rows), _note(diff, rows), order)


def _placed(one: Figures) -> bool:
    return bool(one.flop and one.dram_bytes and one.time_ns)


def _most(row: Row) -> float:
    return max(row.before.time_ns or 0.0, row.after.time_ns or 0.0)


def _roofs(diff: Diff) -> tuple[list[tuple[str, float]], float]:
    """Return the roofs that launches have, highest first, and the bandwidth; of after first."""
    for side in (diff.after, diff.before):
        known = side.first.launches.filter(
            pl.col("peak_flop_per_s").is_not_null() & pl.col("peak_bytes_per_s").is_not_null()
            & (pl.col("flop") > 0)
        )  # fmt: skip
        if known.height:
            peaks = known.group_by("roof").agg(pl.col("peak_flop_per_s").median()).iter_rows()
            roofs = sorted(((str(name or ""), float(peak)) for name, peak in peaks),
                           key=lambda one: (-one[1], one[0]))  # fmt: skip
            return roofs[:_MOST_ROOFS], float(known.select("peak_bytes_per_s").median().item())
    return [], 0.0


def _coordinates(one: Figures) -> tuple[float, float]:
    flop, data, time = one.flop or 0.0, one.dram_bytes or 1.0, one.time_ns or 1.0
    return flop / data, flop / time * 1e9


def _window(
    rows: Sequence[Row], roofs: list[tuple[str, float]], fed: float, size: tuple[int, int]
) -> Window:
    points = [_coordinates(one) for row in rows for one in (row.before, row.after) if _placed(one)]
    ridge = roofs[0][1] / fed
    xs = [x for x, _ in points] + [ridge]
    ys = [y for _, y in points]
    top = max(*ys, roofs[0][1]) * 2.2
    bottom = min(min(ys) / 2.5, top / 300)
    return Window(min(min(xs) / 2.5, ridge / 12), max(xs) * 5, bottom, top, *size)


def _move(row: Row, window: Window, most: float) -> _Move:
    marks = []
    for one in (row.before, row.after):
        if not _placed(one):
            marks.append(None)
            continue
        x, y = _coordinates(one)
        size = max(_SMALLEST, _LARGEST * (one.time_ns or 0.0) / most) if most else _SMALLEST
        marks.append(_Mark(window.x(x), window.y(y), size, one.bound or "unknown"))
    return _Move(row, *marks)


def _decade(power: int) -> str:
    base = 3 * (power // 3)
    prefix = _PREFIXES.get(base)
    return f"1e{power}" if prefix is None else f"{10 ** (power - base)} {prefix}".strip()


def _powers(low: float, high: float, most: int) -> list[int]:
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    step = max(1, math.ceil((last - first + 1) / most))
    return [power for power in range(first, last + 1) if power % step == 0]


def _ticks(window: Window, palette: Palette) -> list[str]:
    wide, high = window.width, window.height
    drawn = []
    for power in _powers(window.left, window.right, 8):
        x = window.x(10.0**power)
        text = f"{10.0**power:g}"
        drawn.append(f'<path d="M{x:.1f} 0V{high}" fill="none" stroke="{palette.line}"/>')
        drawn.append(_text(x, high + 14, text, palette.soft, "middle"))
    for power in _powers(window.bottom, window.top, 7):
        y = window.y(10.0**power)
        drawn.append(f'<path d="M0 {y:.1f}H{wide}" fill="none" stroke="{palette.line}"/>')
        drawn.append(_text(-6, y + 4, _decade(power), palette.soft, "end"))
    drawn.append(_text(wide / 2, high + 30, "FLOP per byte", palette.soft, "middle"))
    drawn.append(
        f'<text transform="translate(-39 {high / 2:.1f})rotate(-90)" text-anchor="middle" '
        f'fill="{palette.soft}">FLOP/s</text>'
    )
    return drawn


def _text(x: float, y: float, words: str, fill: str, anchor: str = "start", more: str = "") -> str:
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{place} fill="{fill}"{more}>{safe(words)}</text>'


def _roof_lines(
    window: Window, roofs: list[tuple[str, float]], fed: float, palette: Palette
) -> list[str]:
    drawn = []
    for number, (_, peak) in enumerate(roofs):
        ridge = peak / fed
        corner = f"{window.x(ridge):.1f} {window.y(peak):.1f}"
        start = max(window.left, window.bottom / fed)
        sloped = f"M{window.x(start):.1f} {window.y(start * fed):.1f}L{corner}"
        begin = f"M{corner}" if number else sloped
        width = 1.2 if number else 1.8
        drawn.append(f'<path d="{begin}H{window.width}" fill="none" stroke="{palette.ink}" '
                     f'stroke-width="{width}"/>')  # fmt: skip
    return drawn


def _shape(mark: _Mark, attributes: str) -> str:
    """Return a mark as a path of the shape of its bound."""
    half = math.sqrt(mark.size) / 2
    x, y = mark.x, mark.y
    shape = LOOKS.get(mark.bound, LOOKS["unknown"]).shape
    corners = {
        "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
        "triangle-up": ((0, -1.1), (1.1, 0.9), (-1.1, 0.9)),
        "triangle-down": ((0, 1.1), (1.1, -0.9), (-1.1, -0.9)),
        "triangle-left": ((-1.1, 0), (0.9, -1.1), (0.9, 1.1)),
        "diamond": ((0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)),
        "cross": ((-0.35, -1), (0.35, -1), (0.35, -0.35), (1, -0.35), (1, 0.35), (0.35, 0.35),
                  (0.35, 1), (-0.35, 1), (-0.35, 0.35), (-1, 0.35), (-1, -0.35), (-0.35, -0.35)),
    }.get(shape)  # fmt: skip
    if corners is None:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{half:.1f}" {attributes}/>'
    steps = "L".join(f"{x + dx * half:.1f} {y + dy * half:.1f}" for dx, dy in corners)
    return f'<path d="M{steps}z" {attributes}/>'


def _drawn(one: _Move, palette: Palette) -> list[str]:
    drawn = []
    if one.after is not None:
        look = LOOKS.get(one.after.bound, LOOKS["unknown"])
        color = palette.soft if look.shape == "ring" else palette.colors[look.color]
        filling = 0.0 if look.shape == "ring" else 0.3 if look.texture == "stripes" else 1.0
        edge = palette.paper if filling == 1.0 else color
        drawn.append(_shape(one.after, f'fill="{color}" fill-opacity="{filling:g}" '
                            f'stroke="{edge}" stroke-width="1.2"'))  # fmt: skip
    if one.before is not None and not one.still:
        look = LOOKS.get(one.before.bound, LOOKS["unknown"])
        color = palette.soft if look.shape == "ring" else palette.colors[look.color]
        drawn.append(_shape(one.before, f'fill="none" stroke="{color}" stroke-width="1.5" '
                            'stroke-dasharray="3 2.5"'))  # fmt: skip
        if one.after is None:  # gone: struck through
            x, y, r = one.before.x, one.before.y, radius(one.before.size)
            drawn.append(f'<path d="M{x - r:.1f} {y + r:.1f}L{x + r:.1f} {y - r:.1f}" '
                         f'fill="none" stroke="{color}" stroke-width="1.2"/>')  # fmt: skip
        else:
            drawn += _arrow(one.before, one.after, palette)
    return drawn


def _arrow(old: _Mark, new: _Mark, palette: Palette) -> list[str]:
    """Return an arrow from the edge of one mark to the edge of another, where there is room."""
    length = math.hypot(new.x - old.x, new.y - old.y)
    dx, dy = (new.x - old.x) / length, (new.y - old.y) / length
    start, end = radius(old.size), length - radius(new.size) - 1
    if end - start < 6:  # they touch: from centre to centre
        start, end = 0.0, length
    head = min(7.0, (end - start) * 0.6)
    x, y = old.x + dx * end, old.y + dy * end
    back = old.x + dx * (end - head), old.y + dy * (end - head)
    wing = head * 0.5
    points = (f"{x:.1f} {y:.1f}L{back[0] - dy * wing:.1f} {back[1] + dx * wing:.1f}"
              f"L{back[0] + dy * wing:.1f} {back[1] - dx * wing:.1f}z")  # fmt: skip
    halo = f' stroke="{palette.paper}" stroke-width="1" paint-order="stroke"'
    return [
        f'<path d="M{old.x + dx * start:.1f} {old.y + dy * start:.1f}L{back[0]:.1f} '
        f'{back[1]:.1f}" fill="none" stroke="{palette.ink}" stroke-width="1.8"/>',
        f'<path d="M{points}" fill="{palette.ink}"{halo}/>',
    ]


def _boxes(found: Sequence[_Move]) -> list[Box]:
    boxes = []
    for one in found:
        for mark in (one.before, one.after):
            if mark is not None:
                half = radius(mark.size) + 1
                boxes.append((mark.x - half, mark.y - half, mark.x + half, mark.y + half))
    return boxes


def _texts(
    found: Sequence[_Move],
    roofs: list[tuple[str, float]],
    fed: float,
    window: Window,
    palette: Palette,
) -> list[str]:
    """Return the names of roofs and of what moved or takes most time, where there is room."""
    wanted: list[tuple[Wanted, str, str]] = [*_roof_names(roofs, fed, window)]
    for one in _worth_a_name(found):
        mark = one.last
        if mark is None:
            continue
        words = _name(one.row)
        wide = labels.text_width(words[0], bold=True) + labels.text_width(words[1])
        places = labels.around(mark.x, mark.y, radius(mark.size), wide)
        wanted.append((labels.Wanted(one.row.number, places), *words))
    hard = _boxes(found)
    for one in found:
        if one.before and one.after and not one.still:
            hard += labels.along((one.before.x, one.before.y, one.after.x, one.after.y))
    corner = window.x(roofs[0][1] / fed), window.y(roofs[0][1])
    soft = labels.along((window.x(window.left), window.y(window.left * fed), *corner))
    frame = (1.0, 1.0, window.width - 1.0, window.height - 1.0)
    placed = labels.place([one[0] for one in wanted], frame, hard, soft)
    taken = [box for place in placed.values() for box in place.boxes]
    for at, (wish, bold, _) in enumerate(wanted):  # a short name where the long one has no room
        if wish.key not in placed and isinstance(wish.key, int):
            mark = next((one.last for one in found if one.row.number == wish.key), None)
            if mark is None:
                continue
            short = bold if len(bold) <= _SHORT else f"{bold[:5]}…{bold[-10:]}"
            wide = labels.text_width(short, bold=True)
            again = labels.Wanted(wish.key, labels.around(mark.x, mark.y, radius(mark.size), wide))
            more = labels.place([again], frame, [*hard, *taken], soft)
            taken += [box for place in more.values() for box in place.boxes]
            placed |= more
            wanted[at] = again, short, ""
    return [
        piece
        for wish, bold, rest in wanted
        if wish.key in placed
        for piece in _label(placed[wish.key], bold, rest, wish.key == "fed", window, palette)
    ]


def _roof_names(
    roofs: list[tuple[str, float]], fed: float, window: Window
) -> list[tuple[Wanted, str, str]]:
    names = []
    for number, (roof, peak) in enumerate(roofs):
        words = f"{display_names.roof(roof)} {units.flop_rate(peak)}".strip()
        wide = labels.text_width(words, bold=True)
        spots = [(window.width - 3.0 - back, window.y(peak) + side, "right")
                 for back in (0, 40, 90, 150) for side in (-9.0, 9.0)]  # fmt: skip
        names.append((labels.Wanted(f"roof {number}", labels.level(spots, wide, 3.0)), words, ""))
    words = f"DRAM {units.data_rate(fed)}"
    ends = window.x(max(window.left, window.bottom / fed)), window.x(roofs[0][1] / fed)
    spots = []
    for share in (0.5, 0.62, 0.38, 0.75, 0.25, 0.85):
        x = ends[0] + share * (ends[1] - ends[0])
        y = window.y(window.intensity(x) * fed)
        for side in (-1, 1):
            spots.append((x + 9 * math.sin(window.slope) * side,
                          y + 9 * math.cos(window.slope) * side))  # fmt: skip
    wide = labels.text_width(words, bold=True)
    wish = labels.Wanted("fed", labels.rising(spots, wide, window.slope, 3.0))
    return [*names, (wish, words, "")]


def _worth_a_name(found: Sequence[_Move]) -> list[_Move]:
    """Return what moved, then what takes most time: a few of each."""
    moved = [one for one in found if not one.still][: _NAMED - 2]
    rest = [one for one in found if one not in moved]
    return [*moved, *rest][:_NAMED]


def _name(row: Row) -> tuple[str, str]:
    share = shown.share_cell(row.before.roofline_pct, row.after.roofline_pct, 0)
    ending = "" if share == units.UNKNOWN else f"\u2002{share} %"
    return shorten(row.name, 26), ending


def _label(
    place: Place, bold: str, rest: str, rising: bool, window: Window, palette: Palette
) -> list[str]:
    drawn = []
    if place.leader is not None:
        x1, y1, x2, y2 = place.leader
        drawn.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" fill="none" '
                     f'stroke="{palette.soft}" stroke-width="0.8"/>')  # fmt: skip
    anchor = {"center": "middle", "right": "end"}.get(place.align, "start")
    where = f'x="{place.x:.1f}" y="{place.y + 4:.1f}"'
    if rising:
        turn = -math.degrees(window.slope)
        where = f'transform="translate({place.x:.1f} {place.y:.1f})rotate({turn:.1f})" y="4"'
    halo = f'paint-order="stroke" stroke="{palette.paper}" stroke-width="3"'
    told = f'<tspan font-weight="400" fill="{palette.soft}">{safe(rest)}</tspan>' if rest else ""
    drawn.append(f'<text {where} text-anchor="{anchor}" fill="{palette.ink}" font-weight="600" '
                 f"{halo}>{safe(bold)}{told}</text>")  # fmt: skip
    return drawn


def _share(diff: Diff, rows: Sequence[Row]) -> str:
    """Say how much of the launch time after is drawn."""
    total = sum(row.after.time_ns or 0.0 for row in diff.rows)
    drawn = sum(row.after.time_ns or 0.0 for row in rows if _placed(row.after))
    return f"{units.percent(100 * drawn / total)} of launch time after is on it" if total else ""


def _note(diff: Diff, rows: Sequence[Row]) -> str:
    left = len(diff.rows) - len(rows)
    said = "Area is time; hollow is before, filled after."
    if left:
        said += f" Not drawn: {units.counted(left, 'group')} without FLOPs or bytes, or small."
    return said
