"""What a report knows of the inside of its launches, as tables for a terminal and a text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.base import units
from ncutool.text.sheet import table as markdown_table
from ncutool.text.style import plain_table, render, terminal_width, text
from ncutool.text.tables import number_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

_HEADINGS = ("launch", "kernel", "time", "occupancy", "limited by", "issue", "stall", "L1 hit",
             "L2 hit", "sect/load", "pipe", "limit")  # fmt: skip
_NAME_ROOM = 28


def inside_table(frame: pl.DataFrame, *, color: bool, width: int | None = None) -> str:
    """Return launches as a terminal table; what is not known is a dash.

    Args:
        frame: rows of :data:`ncutool.base.inside_table.INSIDE`, in the order to show.
        color: whether the terminal shows colours.
        width: columns of the terminal; its own where None.
    """
    columns = terminal_width() if width is None else width
    shown = plain_table()
    number_columns(shown, "launch")
    shown.add_column("kernel", no_wrap=True)
    for heading in _HEADINGS[2:]:
        words = heading in ("limited by", "stall", "pipe", "limit")
        shown.add_column(heading, justify="left" if words else "right", no_wrap=True)
    for row in frame.iter_rows(named=True):
        cells = _cells(row)
        shown.add_row(cells[0], text(cells[1], limit=_NAME_ROOM), *map(text, cells[2:]))
    return render(shown, color=color, width=max(columns, 160))


def inside_markdown(frame: pl.DataFrame) -> str:
    """Return launches as a Markdown table.

    Args:
        frame: rows of :data:`ncutool.base.inside_table.INSIDE`, in the order to show.
    """
    return markdown_table(
        list(_HEADINGS), (_cells(row) for row in frame.iter_rows(named=True)), "rlrrlrlrrrll"
    )


def _cells(row: Mapping[str, Any]) -> list[str]:
    return [
        units.count(row["launch_id"]),
        row["kernel"],
        units.time(row["duration_ns"]),
        _occupancy(row),
        ", ".join(name.replace("_", " ") for name in row["occupancy_limiters"] or ()),
        units.percent(row["issue_active_pct"]),
        _named(row["stall_top"], row["stall_top_pct"]),
        units.percent(row["l1_hit_pct"]),
        units.percent(row["l2_hit_pct"]),
        units.significant(row["global_load_sectors_per_request"]),
        _named(row["pipe_top"], row["pipe_top_pct"]),
        _named(row["limiting_level"], row["limiting_pct"]),
    ]


def _occupancy(row: Mapping[str, Any]) -> str:
    achieved = units.percent(row["occupancy_achieved_pct"])
    theoretical = units.percent(row["occupancy_theoretical_pct"])
    return (
        units.UNKNOWN if achieved == theoretical == units.UNKNOWN else f"{achieved}/{theoretical}"
    )


def _named(name: str | None, pct: float | None) -> str:
    return units.UNKNOWN if name is None else f"{name.replace('_', ' ')} {units.percent(pct)}"
