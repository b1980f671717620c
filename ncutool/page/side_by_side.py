"""Drawings side by side under one headline, as one SVG that needs nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base.untrusted import shorten
from ncutool.charts.xml_text import escape, quoteattr
from ncutool.page.card_layout import dark_rules
from ncutool.page.html import this_version
from ncutool.page.roofline_picture import placed, size_of
from ncutool.page.text_width import FONT, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.palette import Palette

_MARGIN, _GAP = 24.0, 28.0
_TITLE_PX, _LINE_PX, _SMALL_PX = 17.0, 23.0, 12.0
_LONGEST = 400
"""Characters of a headline that are written."""


def side_by_side(
    headline: str,
    about: str,
    parts: Sequence[tuple[str, str]],
    palette: Palette,
    *,
    both: bool = False,
) -> str:
    """Return drawings side by side.

    Args:
        headline: what they show.
        about: of what, and how.
        parts: a title and an SVG of each.
        palette: colours of the words around them, and of the ground.
        both: a reader who prefers dark sees it dark; only on the light palette.
    """
    sizes = [size_of(svg) for _, svg in parts]
    width = 2 * _MARGIN + sum(wide for wide, _ in sizes) + _GAP * (len(parts) - 1)
    room = width - 2 * _MARGIN
    body: list[str] = []
    y = _MARGIN + _TITLE_PX
    for line in wrapped(shorten(headline, _LONGEST), room, _TITLE_PX, bold=True):
        body.append(_text(_MARGIN, y, line, _TITLE_PX, palette.ink, bold=True))
        y += _LINE_PX
    for line in wrapped(shorten(about, _LONGEST), room, _SMALL_PX):
        body.append(_text(_MARGIN, y, line, _SMALL_PX, palette.soft))
        y += _SMALL_PX + 5
    y += _SMALL_PX
    x = _MARGIN
    for (title, svg), (wide, high) in zip(parts, sizes, strict=True):
        body.append(_text(x, y, title, _SMALL_PX, palette.ink, bold=True))
        body.append(placed(svg, x, y + _GAP / 2, wide, high))
        x += wide + _GAP
    height = y + _GAP / 2 + max(high for _, high in sizes) + _MARGIN + _SMALL_PX
    style = f"<style>{dark_rules()}</style>" if both else ""
    made = f"ncutool {this_version()}"
    body.append(_text(_MARGIN, height - _MARGIN / 2, made, _SMALL_PX, palette.soft))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ncutool-card" '
        f'viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" '
        f"aria-label={quoteattr(shorten(headline, _LONGEST))} font-family={quoteattr(FONT)}>{style}"
        f'<rect width="100%" height="100%" fill={quoteattr(palette.paper)}/>'
        + "".join(body)
        + "</svg>"
    )


def _text(x: float, y: float, words: str, size: float, color: str, *, bold: bool = False) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill={quoteattr(color)}{weight}>'
        f"{escape(words)}</text>"
    )
