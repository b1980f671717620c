"""A mark of the roofline before and after, as SVG, with the arrow between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.analysis.looks import LOOKS
from ncutool.charts.marks import radius
from ncutool.page.card_layout import safe

if TYPE_CHECKING:
    from ncutool.charts.palette import Palette
    from ncutool.diff.changes import Row

_STILL_PX = 4.0
"""Marks that lie nearer to each other have not moved."""


class Mark(Struct, frozen=True):
    """A match's place on one side, in pixels; its size in square pixels is its time."""

    x: float
    y: float
    size: float
    bound: str


class Move(Struct, frozen=True):
    """A match on both sides; None where it lies on no roofline."""

    row: Row
    before: Mark | None
    after: Mark | None

    @property
    def still(self) -> bool:
        """Whether it is where it was."""
        if self.before is None or self.after is None:
            return False
        apart = math.hypot(self.after.x - self.before.x, self.after.y - self.before.y)
        return apart < _STILL_PX

    @property
    def last(self) -> Mark | None:
        """Where it is after; where it is gone, where it was."""
        return self.after or self.before


def _shape(mark: Mark, attributes: str) -> str:
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


def drawn_move(one: Move, palette: Palette) -> list[str]:
    """Return the filled mark after, the hollow one before where it moved, and the arrow."""
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


def _arrow(old: Mark, new: Mark, palette: Palette) -> list[str]:
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


def text_at(x: float, y: float, words: str, fill: str, anchor: str = "start") -> str:
    """Return one line of text."""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{place} fill="{fill}">{safe(words)}</text>'
