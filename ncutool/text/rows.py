"""Rows of any table on a terminal: what a query found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.style import plain_table, render, terminal_width, text

if TYPE_CHECKING:
    import polars as pl

_LONGEST = 48
"""Characters of a text, at least, where several columns share the line."""
_FIGURE = 14
"""Characters that a column of figures takes, about."""


def rows_text(frame: pl.DataFrame, more: int, *, color: bool) -> str:
    """Return rows as a table, in the units that the names of the columns tell.

    Args:
        frame: the rows to show.
        more: how many further rows there are.
    """
    if not frame.width:
        return "no columns\n"
    if frame.is_empty():
        return f"no rows; columns: {', '.join(frame.columns)}\n"
    table = plain_table()
    for name, kind in frame.schema.items():
        table.add_column(text(name), justify="right" if kind.is_numeric() else "left", no_wrap=True)
    texts = sum(not kind.is_numeric() for kind in frame.dtypes)
    room = terminal_width() - _FIGURE * (frame.width - texts)
    limit = max(_LONGEST, room // max(1, texts) - 2)
    for row in frame.iter_rows(named=True):
        table.add_row(
            *(text(units.quantity(name, value), limit=limit) for name, value in row.items())
        )
    # Figures are never cut: a table that is wider than the terminal runs over its edge.
    shown = render(table, color=color, width=max(terminal_width(), frame.width * (limit + 2)))
    return shown + (f"{units.counted(more, 'more row')}; --top 0 shows all\n" if more else "")
