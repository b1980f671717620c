"""A sheet as plain text without rich, whose import takes longer than most plans do.

Most output of a plan goes to a file or another program, without colours. What is written here is
what rich would write, or nothing: wide or unusual characters, words longer than a line and tables
wider than the page are left to rich.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ncutool.text.sheet import Grid, Sheet

_NARROW = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0377\u0391-\u03a1\u03a3-\u03c9‐-‧‰-⁞→−≈≤≥]*"
)
"""Characters that every terminal shows in one column."""
_WORD = re.compile(r"\s*\S+\s*")
"""A word with the spaces around it, as rich takes it."""
_GAP = "  "


class _NotPlainError(Exception):
    """The text is left to rich."""


def plain_text(sheet: Sheet, width: int) -> str | None:
    """Return the sheet as text of so many columns without colours; None where rich is needed."""
    try:
        return "".join(f"{line.rstrip()}\n" for line in _lines(sheet, width))
    except _NotPlainError:
        return None


def _lines(sheet: Sheet, width: int) -> Iterator[str]:
    for paragraph in (sheet.headline, *filter(None, (sheet.source, sheet.alarm))):
        yield from _wrapped(_narrow(paragraph), width)
    facts = [fact for _, group in sheet.titled_facts for fact in group]
    room = max((len(name) for name, _, _ in facts), default=0)
    figures = max((len(figure) for _, figure, _ in facts), default=0)
    for title, group in sheet.titled_facts:
        yield from _titled(title, width)
        for name, figure, remark in group:
            line = _narrow(f"  {name:<{room}}  ") + _narrow(f"{figure:>{figures}}  ")
            yield from _wrapped(line + _narrow(remark), width)
    for grid in sheet.grids:
        yield from _titled(grid.title, width)
        yield from _table(grid, width)
    if sheet.notes:
        yield ""
    for note in sheet.notes:
        yield from _wrapped(f"- {_narrow(note)}", width)


def _titled(title: str, width: int) -> Iterator[str]:
    yield ""
    if title:
        yield from _wrapped(_narrow(title), width)


def _narrow(text: str) -> str:
    """Return untrusted text without control characters, each of its characters one column wide."""
    shown = printable(text)
    if _NARROW.fullmatch(shown) is None:
        raise _NotPlainError
    return shown


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Yield text in lines that are broken between words."""
    if len(text) <= width:
        yield text
        return
    start = used = 0
    for found in _WORD.finditer(text):
        word = found.group()
        needed = len(word.rstrip())
        if needed > width:
            raise _NotPlainError
        if needed > width - used:
            yield text[start : found.start()]
            start, used = found.start(), 0
        used += len(word)
    yield text[start:]


def _table(grid: Grid, width: int) -> Iterator[str]:
    """Yield the lines of a table: headings, and figures aligned to the right."""
    rows = [[_narrow(cell) for cell in row] for row in (grid.headings, *grid.rows)]
    if not grid.headings or any(len(row) != len(grid.headings) for row in rows):
        raise _NotPlainError
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        raise _NotPlainError
    left = [heading in grid.words for heading in grid.headings]
    yield from (_GAP.join(_aligned(row, widths, left)) for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int], left: Sequence[bool]) -> Iterator[str]:
    for cell, width, is_left in zip(row, widths, left, strict=True):
        yield cell.ljust(width) if is_left else cell.rstrip().rjust(width)
