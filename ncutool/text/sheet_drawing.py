"""A sheet as rich draws it: with colours, and whatever its characters and widths are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from ncutool.text.style import render, text, text_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ncutool.text.sheet import Sheet


def drawn(sheet: Sheet, *, color: bool, width: int | None = None) -> str:
    """Return the sheet for a terminal, as rich draws it."""

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
