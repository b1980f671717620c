"""A small sheet of facts, tables and notes, for the terminal and for Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ncutool.base.untrusted import markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Grid:
    """A table of texts; columns named in ``words`` are left-aligned."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sheet:
    """What one answer shows."""

    headline: str
    facts: tuple[tuple[str, str, str], ...]
    """Name, figure, remark."""
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]


def sheet_text(sheet: Sheet, *, color: bool, width: int | None = None) -> str:
    """Return the sheet for a terminal."""
    from rich.console import Group
    from rich.text import Text

    from ncutool.text.style import render, text, text_table

    parts: list[Any] = [text(sheet.headline, "bold"), *([Text("")] if sheet.facts else [])]
    room = max((len(name) for name, _, _ in sheet.facts), default=0)
    figures = max((len(figure) for _, figure, _ in sheet.facts), default=0)
    for name, figure, remark in sheet.facts:
        line = text(f"  {name:<{room}}  ", "bright_black")
        line.append_text(text(f"{figure:>{figures}}  ", "default"))
        parts.append(line.append_text(text(remark, "bright_black")))
    for grid in sheet.grids:
        parts += [Text(""), *([text(grid.title, "bold")] if grid.title else [])]
        parts.append(text_table(grid.headings, grid.rows, words=grid.words))
    if sheet.notes:
        parts.append(Text(""))
    parts += [Text("- ", style="bright_black").append_text(text(note)) for note in sheet.notes]
    return render(Group(*parts), color=color, width=width)


def sheet_markdown(sheet: Sheet) -> str:
    """Return the sheet for a pull request."""
    lines = [f"## {markdown(sheet.headline)}", ""]
    if sheet.facts:
        lines.append(table(("", "", ""), sheet.facts, "lrl"))
    for grid in sheet.grids:
        lines += [f"### {markdown(grid.title)}", ""] if grid.title else []
        right = "".join("l" if heading in grid.words else "r" for heading in grid.headings)
        lines.append(table(grid.headings, grid.rows, right))
    lines += [f"- {markdown(note)}" for note in sheet.notes]
    return "\n".join(lines).rstrip() + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> str:
    """Return a Markdown table; its cells are made inert here.

    Args:
        right: one character a column, `r` where it is aligned to the right.
    """
    sides = ["---:" if mark == "r" else "---" for mark in right.ljust(len(headings))]
    lines = [headings, sides, *([markdown(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
