"""The elements of a drawing: one short one a mark, with its place in plain coordinates.

Group, bound and roof of a mark are its classes, so that a style sheet colours it and a script
finds it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ncutool.charts.xml_text import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Sequence

ANCHORS = {"end": ' text-anchor="end"', "middle": ' text-anchor="middle"'}
_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML may hold, which a name in a capture still can."""
_MARKS = ("groups", "edge", "levels", "strip", "key_icons")
_TRIANGLE = math.sqrt(3) / 2
_CROSS = 2.5
"""How many times wider a cross is than its arms."""


@dataclass
class Elements:
    """Elements in the order in which they are drawn, those of one kind in one group."""

    roofs: Sequence[str] = ()
    """Names in the order of the classes ``r0``, ``r1`` and on."""
    parts: list[str] = field(default_factory=list)
    open: str = ""

    def add(self, kind: str, element: str) -> None:
        """Add an element of a kind."""
        self.group(kind)
        self.parts.append(element)

    def group(self, kind: str) -> None:
        """Begin the elements of another kind, unless they go on."""
        if kind == self.open:
            return
        self.close()
        self.parts.append(f'<g class="{kind}">')
        self.open = kind

    def close(self) -> None:
        """End the elements of a kind."""
        if self.open:
            self.parts.append("</g>")
        self.open = ""

    def about(self, told: str, kind: str) -> str:
        """Return group, bound, roof and level as ``data-g`` and classes.

        Args:
            told: the four with strokes between; of a line its kind and its name.
            kind: of the element.
        """
        group, bound, roof, level = (*told.split("|"), "", "", "")[:4]
        if kind in ("lines", "region"):
            place = f"r{self.roofs.index(bound)}" if bound in self.roofs else ""
            level = f"lv-{bound}" if group == "cache" else ""
            return f' class="{" ".join(filter(None, (group, place, level)))}"'
        if kind not in _MARKS:
            return ""
        classes = [f"k-{bound.replace('_', '-')}"]
        if roof in self.roofs:
            classes.append(f"r{self.roofs.index(roof)}")
        if level:
            classes.append(f"lv-{level}")
        data = f' data-g="{group}"' if group else ""
        return f'{data} class="{" ".join(classes)}"'

    def about_text(self, told: str, kind: str) -> str:
        """Return what a name stands for as ``data-g`` and classes.

        Args:
            told: the group, roof or level it names, and the kind of name, with a stroke between.
            kind: of the element.
        """
        named, sort = (*told.split("|"), "")[:2]
        if kind == "strip_names":
            return f' class="name" data-g="{named}"'
        if kind != "texts":
            return ""
        place = f" r{self.roofs.index(named)}" if named in self.roofs else ""
        level = f" lv-{named}" if named in ("l2", "l1") else ""
        data = f' data-g="{named}"' if sort == "name" else ""
        return f' class="{sort}{place}{level}"{data}'


def xml_text(text: str) -> str:
    """Return a text with a mark in place of each character that no XML may hold."""
    return _NOT_XML.sub("\ufffd", text)


def number(value: float) -> str:
    """Return a coordinate to a tenth of a pixel, in as few letters as that takes."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def line(points: Sequence[tuple[float, float]], about: str = "") -> str:
    """Return a line through points."""
    steps = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return f'<path{about} d="M{steps}"/>'


def text(
    x: float, y: float, words: str, anchor: str = "start", about: str = "", turn: float = 0.0
) -> str:
    """Return a text whose share, after an en space, stands out less.

    Args:
        y: of its base line; of its middle where it is turned.
        anchor: `start`, `middle` or `end`.
        turn: in degrees.
    """
    where = f' x="{number(x)}" y="{number(y)}"'
    if turn:
        where = f' transform="translate({number(x)} {number(y)})rotate({number(turn)})" y="3"'
    name, _, share = xml_text(words).partition("\u2002")
    told = f"<tspan>\u2002{escape(share)}</tspan>" if share else ""
    return f"<text{where}{ANCHORS.get(anchor, '')}{about}>{escape(name)}{told}</text>"


def mark(shape: str, x: float, y: float, size: float, about: str = "") -> str:
    """Return a symbol as Vega draws it.

    Args:
        size: in square pixels: of the square that it lies in.
    """
    half = math.sqrt(size) / 2
    if shape == "circle":
        return f'<circle{about} cx="{number(x)}" cy="{number(y)}" r="{number(half)}"/>'
    if shape == "square":
        corner, side = f"M{number(x - half)} {number(y - half)}", number(2 * half)
        return f'<path{about} d="{corner}h{side}v{side}h-{side}z"/>'
    corners = [(x + dx, y + dy) for dx, dy in _corners(shape, half)]
    steps = "L".join(f"{number(a)} {number(b)}" for a, b in corners)
    return f'<path{about} d="M{steps}z"/>'


def _corners(shape: str, half: float) -> Sequence[tuple[float, float]]:
    """Return the corners of a symbol, about its middle."""
    high, arm = half * _TRIANGLE, half / _CROSS
    return {
        "diamond": ((-half, 0.0), (0.0, -half), (half, 0.0), (0.0, half)),
        "triangle-up": ((0.0, -high), (-half, high), (half, high)),
        "triangle-down": ((0.0, high), (-half, -high), (half, -high)),
        "triangle-left": ((-high, 0.0), (high, -half), (high, half)),
        "triangle-right": ((high, 0.0), (-high, -half), (-high, half)),
        "cross": (
            (-half, -arm), (-half, arm), (-arm, arm), (-arm, half), (arm, half), (arm, arm),
            (half, arm), (half, -arm), (arm, -arm), (arm, -half), (-arm, -half), (-arm, -arm),
        ),
    }[shape]  # fmt: skip


def picture(size: tuple[float, float], label: str, plane: str, parts: Sequence[str]) -> str:
    """Return the elements as one SVG.

    Args:
        label: what a screen reader says of it.
        plane: what a script must know to zoom: kind, place, size and ends of both axes.
    """
    width, height = (f"{math.ceil(value)}" for value in size)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label={quoteattr(label)} '
        f'data-plane="{plane}">{"".join(parts)}</svg>'
    )
