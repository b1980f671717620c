"""A small sheet of facts, tables and notes, for the terminal and for Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base.untrusted import markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Grid(Struct, frozen=True):
    """A table of texts; columns named in ``words`` are left-aligned."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[str] = frozenset()


Facts = tuple[tuple[str, str, str], ...]
"""Name, figure and remark of each."""


class Sheet(Struct, frozen=True):
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
