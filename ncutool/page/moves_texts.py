"""The names on the roofline of a comparison, each where it covers neither mark nor arrow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.charts import labels
from ncutool.charts.marks import radius
from ncutool.diff import shown
from ncutool.page.card_layout import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.labels import Box, Place, Wanted
    from ncutool.charts.palette import Palette
    from ncutool.charts.window import Window
    from ncutool.diff.changes import Row
    from ncutool.page.moves_marks import Mark, Move

_NAMED = 6
_SHORT = 16


def _boxes(found: Sequence[Move]) -> list[Box]:
    boxes = []
    for one in found:
        for mark in (one.before, one.after):
            if mark is not None:
                half = radius(mark.size) + 1
                boxes.append((mark.x - half, mark.y - half, mark.x + half, mark.y + half))
    return boxes


def texts(
    found: Sequence[Move],
    roofs: list[tuple[str, float]],
    fed: float,
    window: Window,
    palette: Palette,
) -> list[str]:
    """Return the names of roofs and of what moved or takes most time, where there is room."""
    wanted = [*_roof_names(roofs, fed, window), *_mark_names(found)]
    hard = _boxes(found)
    for one in found:
        if one.before and one.after and not one.still:
            hard += labels.along((one.before.x, one.before.y, one.after.x, one.after.y))
    corner = window.x(roofs[0][1] / fed), window.y(roofs[0][1])
    soft = labels.along((window.x(window.left), window.y(window.left * fed), *corner))
    frame = (1.0, 1.0, window.width - 1.0, window.height - 1.0)
    placed = labels.place([one[0] for one in wanted], frame, hard, soft)
    taken = [box for place in placed.values() for box in place.boxes]
    moves = {one.row.number: one for one in found}
    for at, (wish, _, _) in enumerate(wanted):
        move = moves.get(wish.key) if isinstance(wish.key, int) else None
        if move is None or move.last is None or wish.key in placed:
            continue
        again, short = _shorter(move.row, move.last)
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


def _mark_names(found: Sequence[Move]) -> list[tuple[Wanted, str, str]]:
    wanted: list[tuple[Wanted, str, str]] = []
    for one in _worth_a_name(found):
        mark = one.last
        if mark is None:
            continue
        words = _name(one.row)
        wide = labels.text_width(words[0], bold=True) + labels.text_width(words[1])
        places = labels.around(mark.x, mark.y, radius(mark.size), wide)
        wanted.append((labels.Wanted(one.row.number, places), *words))
    return wanted


def _shorter(row: Row, mark: Mark) -> tuple[Wanted, str]:
    """Return a short name for where the long one has no room; names differ at their ends."""
    name = printable(row.name)
    short = name if len(name) <= _SHORT else f"{name[:5]}…{name[-10:]}"
    wide = labels.text_width(short, bold=True)
    places = labels.around(mark.x, mark.y, radius(mark.size), wide)
    return labels.Wanted(row.number, places), short


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
    slots: list[tuple[float, float]] = []
    for share in (0.5, 0.62, 0.38, 0.75, 0.25, 0.85):
        x = ends[0] + share * (ends[1] - ends[0])
        y = window.y(window.intensity(x) * fed)
        for side in (-1, 1):
            slots.append((x + 9 * math.sin(window.slope) * side,
                          y + 9 * math.cos(window.slope) * side))  # fmt: skip
    wide = labels.text_width(words, bold=True)
    wish = labels.Wanted("fed", labels.rising(slots, wide, window.slope, 3.0))
    return [*names, (wish, words, "")]


def _worth_a_name(found: Sequence[Move]) -> list[Move]:
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
    look = f'class="name" text-anchor="{anchor}" fill="{palette.ink}" font-weight="600"'
    drawn.append(f"<text {where} {look} {halo}>{safe(bold)}{told}</text>")
    return drawn
