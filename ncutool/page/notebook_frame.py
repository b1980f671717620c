"""The pieces of what a notebook shows: HTML without scripts, whose styles reach nothing else.

Every element carries its own style, and every picture is an image of its own, so that neither the
notebook's styles nor another result's change it. It keeps its light ground in a dark notebook.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from ncutool.charts.palette import LIGHT
from ncutool.page import card_layout as layout
from ncutool.page.card_layout import Part, safe
from ncutool.page.code import with_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDE = 440.0
"""Width of the bars in pixels."""
_SIZE = 13.0


def framed(*parts: str) -> str:
    """Return the whole of what is shown, on its own light ground."""
    style = (
        f"max-width:960px;box-sizing:border-box;margin:4px 0;padding:12px 16px;background:"
        f"{LIGHT.paper};color:{LIGHT.ink};border:1px solid {LIGHT.line};border-radius:8px;"
        "font:13px/1.45 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;text-align:left;"
    )
    return f'<div style="{style}">{"".join(parts)}</div>'


def title(words: str) -> str:
    """Return the line that stands above all else."""
    style = f"font-size:17px;font-weight:700;line-height:1.3;color:{LIGHT.ink};"
    return f'<div role="heading" aria-level="3" style="{style}">{sentence(words)}</div>'


def said(words: str) -> str:
    """Return a line of text that stands back."""
    return (
        f'<div style="color:{LIGHT.soft};font-size:12px;margin:3px 0;overflow-wrap:anywhere;">'
        f"{sentence(words)}</div>"
    )


def sentence(words: str) -> str:
    """Return a sentence with its code in letters of one width."""
    style = "font:12px/1.4 ui-monospace,Menlo,Consolas,monospace;"
    return "".join(
        f'<span style="{style}">{safe(piece.text)}</span>' if piece.code else safe(piece.text)
        for piece in with_code(words)
    )


def columns(left: Sequence[str], right: Sequence[str]) -> str:
    """Return two columns, one below the other where the notebook is narrow."""
    boxes = [
        f'<div style="flex:1 1 {WIDE:g}px;min-width:0;max-width:{WIDE:g}px;">{"".join(parts)}</div>'
        for parts in (left, right)
        if parts
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px 24px;">{"".join(boxes)}</div>'


def image(svg: str, alternative: str) -> str:
    """Return a picture as an image of its own: its names and styles meet no other's."""
    encoded = base64.b64encode(svg.encode("utf-8", "replace")).decode("ascii")
    return (
        f'<img alt="{safe(alternative)}" src="data:image/svg+xml;base64,{encoded}" '
        'style="display:block;max-width:100%;height:auto;margin:8px 0;background:none;">'
    )


def stacked(
    bars: Sequence[tuple[str, Sequence[Part]]], alternative: str, *, legends: bool = True
) -> str:
    """Return bars under each other, each with its title above and its legend below.

    Args:
        legends: without them the titles say all.
    """
    drawn, y = [], 0.0
    for words, parts in bars:
        drawn.append(layout.text(0, y + 13, words, _SIZE, LIGHT, bold=True))
        if not parts:
            y += 24
            continue
        drawn.append(layout.bar(0.5, y + 19, WIDE - 1, 20, parts, LIGHT))
        if legends:
            drawn.append(layout.legend(0, y + 56, WIDE, parts, 12, LIGHT, rows=2))
        y += 84 if legends else 48
    kinds = {part.kind for _, parts in bars for part in parts}
    return image(layout.picture(WIDE, y, drawn, kinds, LIGHT, title=alternative), alternative)


def titled(name: str, facts: Iterable[tuple[str, str, str]]) -> str:
    """Return facts under a title, one a line: what it is, its figure, what else to say."""
    lines = [
        '<div style="display:flex;gap:10px;align-items:baseline;margin:2px 0;">'
        f'<span style="flex:0 0 32%;overflow-wrap:anywhere;">{safe(what)}</span>'
        f'<b style="flex:0 0 auto;font-weight:700;">{safe(value)}</b>'
        f'<span style="flex:1;color:{LIGHT.soft};font-size:12px;overflow-wrap:anywhere;">'
        f"{safe(remark)}</span></div>"
        for what, value, remark in facts
    ]
    heading = f'<div style="font-weight:700;margin:8px 0 2px;">{safe(name)}</div>'
    return heading + "".join(lines) if lines else ""
