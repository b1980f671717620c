"""Where labels go: a pure search over rectangles, in pixels, so that no label covers anything.

A label offers places in order of preference. The first label takes the best place that is free,
then the next: a label that finds none is left out rather than drawn over a mark.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Box = tuple[float, float, float, float]
"""Left, top, right and bottom; y grows downwards."""
LINE_PX = 14.0
"""Height of a line of text of 11 px with its ascenders and descenders."""
_SOFT_COST = 6.0
"""What each 6 px over a line cost, in pixels of distance: a label keeps its halo there."""
_CROSSED_COST = 30.0
"""What each 4 px cost that a label's own line leads across a mark."""
_BOLD = 1.13
_WIDTHS = {
    **dict.fromkeys("ijlI|'!", 0.30),
    **dict.fromkeys(" .,:;", 0.32),
    **dict.fromkeys("ft()[]{}/\\-\u2013\u2002", 0.42),
    **dict.fromkeys("rJ", 0.43),
    **dict.fromkeys('csz?"_*', 0.56),
    **dict.fromkeys("kvxyL", 0.60),
    **dict.fromkeys("mM", 0.98),
    **dict.fromkeys("wOQGDNHU", 0.82),
    **dict.fromkeys("W%@", 1.0),
    **dict.fromkeys("<>=+~#×", 0.84),
    **dict.fromkeys("▴▾◂▸", 0.80),
}
"""Widths in em of the widest sans-serif that browsers fall back on (DejaVu Sans)."""
_LETTER, _CAPITAL, _OTHER = 0.64, 0.70, 1.0


def text_width(text: str, size: float = 11.0, *, bold: bool = False) -> float:
    """Return how many pixels a text takes at most; unknown scripts count as full squares."""
    ems = sum(_WIDTHS.get(letter) or _usual(letter) for letter in text)
    return ems * size * (_BOLD if bold else 1.0)


def _usual(letter: str) -> float:
    if not letter.isascii():
        return _OTHER
    return _CAPITAL if letter.isupper() else _LETTER


class Place(Struct, frozen=True):
    """One place a label could have."""

    x: float
    y: float
    """Where the text is anchored; ``y`` is its middle."""
    align: str
    """`left`, `center` or `right` of the anchor."""
    boxes: tuple[Box, ...]
    """What the text covers."""
    cost: float = 0.0
    leader: tuple[float, float, float, float] | None = None
    """A line from the mark to the text, where the text stands apart."""


class Wanted(Struct, frozen=True):
    """A label and the places it could have."""

    key: object
    places: tuple[Place, ...]


def place(
    wanted: Sequence[Wanted], frame: Box, hard: Sequence[Box], soft: Sequence[Box] = ()
) -> dict[object, Place]:
    """Return a place for every label that has a free one, the first label first.

    Args:
        wanted: most important first.
        frame: no label leaves it.
        hard: boxes of marks, which nothing may cover.
        soft: boxes along lines, which are better left free.
    """
    taken: list[Box] = []
    found: dict[object, Place] = {}
    for label in wanted:
        best: tuple[float, Place] | None = None
        for candidate in label.places:
            if best is not None and candidate.cost >= best[0]:
                continue
            if not _is_free(candidate, frame, hard, taken):
                continue
            cost = candidate.cost + _SOFT_COST * _hits(candidate.boxes, soft)
            cost += _CROSSED_COST * _hits(_along(candidate.leader), hard)
            if best is None or cost < best[0]:
                best = cost, candidate
        if best is not None:
            chosen = best[1]
            found[label.key] = chosen
            taken += [*chosen.boxes, *_along(chosen.leader)]
    return found


def _is_free(candidate: Place, frame: Box, hard: Sequence[Box], taken: Sequence[Box]) -> bool:
    inside = all(
        box[0] >= frame[0] and box[1] >= frame[1] and box[2] <= frame[2] and box[3] <= frame[3]
        for box in candidate.boxes
    )
    if not inside or _touch(candidate.boxes, hard) or _touch(candidate.boxes, taken):
        return False
    return not _touch(_along(candidate.leader), taken)


def overlap(first: Box, second: Box) -> bool:
    """Return whether two boxes share an area."""
    return (
        first[0] < second[2]
        and second[0] < first[2]
        and first[1] < second[3]
        and second[1] < first[3]
    )


def _touch(boxes: Iterable[Box], others: Sequence[Box]) -> bool:
    """Return whether any of the boxes shares an area with any of the others."""
    # As `overlap` says it, without a call: a drawing asks for thousands of pairs.
    for left, top, right, bottom in boxes:
        for low, above, high, below in others:
            if left < high and low < right and top < below and above < bottom:
                return True
    return False


def _hits(boxes: Iterable[Box], others: Sequence[Box]) -> int:
    """Return how many pairs share an area."""
    return sum(
        left < high and low < right and top < below and above < bottom
        for left, top, right, bottom in boxes
        for low, above, high, below in others
    )


def _along(line: tuple[float, float, float, float] | None, step: float = 4.0) -> list[Box]:
    """Return small boxes along a line."""
    if line is None:
        return []
    x1, y1, x2, y2 = line
    count = max(1, math.ceil(math.hypot(x2 - x1, y2 - y1) / step))
    points = [(x1 + (x2 - x1) * n / count, y1 + (y2 - y1) * n / count) for n in range(1, count + 1)]
    return [(x - 1, y - 1, x + 1, y + 1) for x, y in points]


def along(line: tuple[float, float, float, float]) -> list[Box]:
    """Return small boxes along a line: what a label had better not cover."""
    return _along(line, 6.0)


def text_box(x: float, y: float, width: float, align: str) -> Box:
    """Return what a level text covers whose middle is at ``y``."""
    left = x if align == "left" else x - width if align == "right" else x - width / 2
    return left, y - LINE_PX / 2, left + width, y + LINE_PX / 2


def around(x: float, y: float, radius: float, width: float) -> tuple[Place, ...]:
    """Return the places of a label of a mark: beside it, above and below, then apart from it."""
    near = radius + 4
    up = radius + LINE_PX / 2 + 2
    close = [
        (x + near, y, "left", 0.0),
        (x - near, y, "right", 1.0),
        (x, y - up, "center", 2.0),
        (x, y + up, "center", 2.0),
        (x + near * 0.7, y - up * 0.8, "left", 2.5),
        (x + near * 0.7, y + up * 0.8, "left", 2.5),
        (x - near * 0.7, y - up * 0.8, "right", 3.0),
        (x - near * 0.7, y + up * 0.8, "right", 3.0),
    ]
    places = [
        Place(at, level, align, (text_box(at, level, width, align),), cost)
        for at, level, align, cost in close
    ]
    for distance in (20, 34, 50, 70, 95, 125, 160):
        for turn in range(16):
            places.append(_apart(x, y, radius, width, radius + distance, turn * math.pi / 8))
    return tuple(places)


def _apart(x: float, y: float, radius: float, width: float, distance: float, angle: float) -> Place:
    """Return a place at a distance, with a line that leads to it."""
    across, down = math.cos(angle), math.sin(angle)
    at, level = x + across * distance, y + down * distance
    align = "left" if across > 0.3 else "right" if across < -0.3 else "center"
    # The line ends at the text's side, or above or below it where the text is centred.
    gap = 3 if align == "left" else -3 if align == "right" else 0
    end = level - math.copysign(LINE_PX / 2, down) if align == "center" else level
    leader = (x + across * radius, y + down * radius, at - gap * 0.3, end)
    box = text_box(at + gap, level, width, align)
    return Place(at + gap, level, align, (box,), 8 + distance - radius, leader)


def level(
    spots: Iterable[tuple[float, float, str]], width: float, step: float = 6.0
) -> tuple[Place, ...]:
    """Return places for a level text: the spots (x, y, alignment), the earlier the better."""
    return tuple(
        Place(x, y, align, (text_box(x, y, width, align),), number * step)
        for number, (x, y, align) in enumerate(spots)
    )


def rising(
    spots: Iterable[tuple[float, float]], width: float, slope: float, step: float = 6.0
) -> tuple[Place, ...]:
    """Return places for a text that rises: centred on the spots, turned by ``slope`` (radians)."""
    count = max(2, math.ceil(width / 8))
    half = (LINE_PX / 2) * (abs(math.cos(slope)) + 0.3 * abs(math.sin(slope)))
    places = []
    for number, (x, y) in enumerate(spots):
        steps = [width * (n / (count - 1) - 0.5) for n in range(count)]
        middles = [(x + s * math.cos(slope), y - s * math.sin(slope)) for s in steps]
        boxes = tuple((mx - half, my - half, mx + half, my + half) for mx, my in middles)
        places.append(Place(x, y, "center", boxes, number * step))
    return tuple(places)
