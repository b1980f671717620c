"""Launches as a terminal table without colours, drawn without rich.

rich takes as long to load and to lay out forty lines as a small capture takes to be read, and what
goes into a file or a pipe has no colours. These lines are the same to the letter; where laying them
out takes thought (text of unknown width, a line too long for the terminal) the answer is None, and
rich is asked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ncutool.analysis import capture_sentences, display_names
from ncutool.analysis.groups import detail, source_word
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.text.output_width import PIPED_WIDTH, piped

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.analysis.analyse import Analysis

HEADINGS = ("launch", "kernel", "operator", "time", "FLOP/s", "B/s", "FLOP/byte", "% roof", "bound",
            "source")  # fmt: skip
WORDS = frozenset({"kernel", "operator", "bound", "source"})
"""Headings of the columns that are aligned to the left, as figures are not."""
_SINGLE = re.compile(r"[ -~µ×…·–—°²]*")
"""Characters that every terminal draws one column wide."""


def plain_table(analysis: Analysis, frame: pl.DataFrame) -> str | None:
    """Return launches as a table in a file or a pipe; None where that takes thought.

    Args:
        frame: rows of :data:`ncutool.base.tables.KERNELS`, in the order to show.
    """
    if not piped():
        return None
    room = rooms(PIPED_WIDTH)
    rows = [cells(row, *room) for row in frame.iter_rows(named=True)]
    ends = [line for line in tail(analysis, frame) if line]
    return launch_lines(rows, ends, max(PIPED_WIDTH, 82 + sum(room)))


def rooms(columns: int) -> tuple[int, int]:
    """Return the columns that names of kernels and of operators may take of a terminal's."""
    kernel = max(16, (columns - 82) * 2 // 5)
    return kernel, max(16, columns - 82 - kernel)


def cells(row: dict[str, Any], kernel_room: int, operator_room: int) -> tuple[str, ...]:
    """Return what the table says of a launch, under :data:`HEADINGS`."""
    return (
        units.count(row["launch_id"]),
        shorten(row["kernel"], kernel_room),
        "".join(operator(row, operator_room)),
        units.time(row["duration_ns"]),
        units.flop_rate(row["achieved_flop_per_s"]).removesuffix("FLOP/s").strip(),
        units.data_rate(row["achieved_bytes_per_s"]).removesuffix("B/s").strip(),
        units.significant(row["intensity_flop_per_byte"]),
        roof(row["roofline_pct"]),
        display_names.short_bound(row),
        shorten(source_word(row), 11),
    )


def roof(value: float | None) -> str:
    """Return a share of attainable, with a mark where it lies above 100 %."""
    if value is None:
        return units.UNKNOWN
    above = display_names.roof_mark(value) == "above"
    return "<1" if 0 < value < 0.5 else f"{value:.0f}{'!' if above else ''}"


def operator(row: dict[str, Any], room: int) -> tuple[str, str]:
    """Return an operator's name and what stands paler behind it, in so many columns."""
    if not row["op"]:
        return "", shorten(detail(row) or units.UNKNOWN, room)
    name = shorten(row["op"].removeprefix("aten::"), room)
    if row["signature"] and room - len(name) > 8:
        return name, f" {shorten(row['signature'], room - len(name) - 1)}"
    return name, ""


def tail(analysis: Analysis, frame: pl.DataFrame) -> tuple[str, str]:
    """Return the line under the table, and the first launch's flag where one has any."""
    shown = units.counted(frame.height, "launch")
    total = units.count(analysis.launch_count)
    flags = frame["flag"].drop_nulls()
    told = f"! implausible: {printable(flags[0])}" if len(flags) else ""
    return f"{shown} of {total} · {capture_sentences.capture_line(analysis)}", told


def launch_lines(rows: Sequence[Sequence[str]], ends: Sequence[str], width: int) -> str | None:
    """Return a table of texts in columns, and lines under it; None where that takes thought."""
    table = [HEADINGS, *rows]
    if not rows or not all(map(_SINGLE.fullmatch, ends)) or max(map(len, ends)) > width:
        return None
    if not all(_SINGLE.fullmatch(cell) for row in rows for cell in row):
        return None
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    if sum(widths) + 2 * (len(widths) - 1) > width:
        return None
    lines = (
        "  ".join(
            cell.ljust(room) if heading in WORDS else cell.rjust(room)
            for heading, cell, room in zip(HEADINGS, row, widths, strict=True)
        )
        for row in table
    )
    return "".join(f"{line.rstrip()}\n" for line in (*lines, *ends))
