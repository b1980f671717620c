"""A small sheet of facts, tables and notes, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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
    """The sheet for a terminal."""
    from rich.console import Group
    from rich.text import Text

    from ncutool.text.style import render, text

    parts: list[Any] = [text(sheet.headline, "bold"), *([Text("")] if sheet.facts else [])]
    room = max((len(name) for name, _, _ in sheet.facts), default=0)
    figures = max((len(figure) for _, figure, _ in sheet.facts), default=0)
    for name, figure, remark in sheet.facts:
        line = text(f"  {name:<{room}}  ", "bright_black")
        line.append_text(text(f"{figure:>{figures}}  ", "default"))
        parts.append(line.append_text(text(remark, "bright_black")))
    for grid in sheet.grids:
        parts += [Text(""), *([text(grid.title, "bold")] if grid.title else []), _table(grid)]
    if sheet.notes:
        parts.append(Text(""))
    parts += [Text("- ", style="bright_black").append_text(text(note)) for note in sheet.notes]
    return render(Group(*parts), color=color, width=width)


def _table(grid: Grid) -> Any:
    from ncutool.text.style import plain_table, text

    table = plain_table()
    for heading in grid.headings:
        table.add_column(
            heading, justify="left" if heading in grid.words else "right", no_wrap=True
        )
    for row in grid.rows:
        table.add_row(*(text(cell) for cell in row))
    return table


def sheet_markdown(sheet: Sheet) -> str:
    """The sheet for a pull request."""
    from ncutool.base.untrusted import markdown

    lines = [f"## {markdown(sheet.headline)}", ""]
    if sheet.facts:
        lines += ["| | | |", "|---|---:|---|"]
        lines += [_row(cells) for cells in sheet.facts] + [""]
    for grid in sheet.grids:
        lines += [f"### {markdown(grid.title)}", ""] if grid.title else []
        lines.append("| " + " | ".join(grid.headings) + " |")
        lines.append("|" + "|".join(_rule(heading, grid) for heading in grid.headings) + "|")
        lines += [_row(cells) for cells in grid.rows] + [""]
    lines += [f"- {markdown(note)}" for note in sheet.notes]
    return "\n".join(lines).rstrip() + "\n"


def _rule(heading: str, grid: Grid) -> str:
    return "---" if heading in grid.words else "---:"


def _row(cells: Sequence[str]) -> str:
    from ncutool.base.untrusted import markdown

    return "| " + " | ".join(markdown(cell) for cell in cells) + " |"
