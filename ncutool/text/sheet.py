"""A small sheet of facts, tables and notes, for the terminal and for Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.base.untrusted import markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType


@dataclass(frozen=True)
class Grid:
    """A table of texts; columns named in ``words`` are left-aligned."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[str] = frozenset()


Facts = tuple[tuple[str, str, str], ...]
"""Name, figure and remark of each."""


@dataclass(frozen=True)
class Sheet:
    """What one answer shows."""

    headline: str
    facts: Facts
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    source: str = ""
    """Where what it is of comes from."""
    alarm: str = ""
    """What ends the matter, for instance that a model does not fit."""
    groups: tuple[tuple[str, Facts], ...] = ()
    """Further facts under titles."""

    @property
    def titled_facts(self) -> tuple[tuple[str, Facts], ...]:
        """All facts: those without a title, then the groups."""
        return (*((("", self.facts),) if self.facts else ()), *self.groups)


def sheet_text(sheet: Sheet, *, color: bool, width: int | None = None) -> str:
    """Return the sheet for a terminal."""
    from rich.console import Group
    from rich.text import Text

    from ncutool.text.style import render, text, text_table

    def titled(title: str) -> list[Text]:
        return [Text(""), *([text(title, "bold")] if title else [])]

    parts: list[RenderableType] = [text(sheet.headline, "bold")]
    parts += [text(sheet.source, "bright_black")] if sheet.source else []
    parts += [text(sheet.alarm, "bold red")] if sheet.alarm else []
    facts = [fact for _, group in sheet.titled_facts for fact in group]
    room = max((len(name) for name, _, _ in facts), default=0)
    figures = max((len(figure) for _, figure, _ in facts), default=0)
    for title, group in sheet.titled_facts:
        parts += titled(title)
        for name, figure, remark in group:
            line = text(f"  {name:<{room}}  ", "bright_black")
            line.append_text(text(f"{figure:>{figures}}  ", "default"))
            parts.append(line.append_text(text(remark, "bright_black")))
    for grid in sheet.grids:
        parts += [*titled(grid.title), text_table(grid.headings, grid.rows, words=grid.words)]
    if sheet.notes:
        parts.append(Text(""))
    parts += [Text("- ", style="bright_black").append_text(text(note)) for note in sheet.notes]
    return render(Group(*parts), color=color, width=width)


def sheet_markdown(sheet: Sheet) -> str:
    """Return the sheet for a pull request."""

    def titled(title: str) -> list[str]:
        return [f"### {markdown(title)}", ""] if title else []

    lines = [f"## {markdown(sheet.headline)}", ""]
    lines += [markdown(sheet.source), ""] if sheet.source else []
    lines += [f"**{markdown(sheet.alarm)}**", ""] if sheet.alarm else []
    for title, facts in sheet.titled_facts:
        lines += [*titled(title), table(("", "", ""), facts, "lrl")]
    for grid in sheet.grids:
        right = "".join("l" if heading in grid.words else "r" for heading in grid.headings)
        lines += [*titled(grid.title), table(grid.headings, grid.rows, right)]
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
