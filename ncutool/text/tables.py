"""Tables for a terminal: launches, groups of launches, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from ncutool.analysis import capture_sentences, display_names
from ncutool.analysis.groups import detail, source_word
from ncutool.base import units
from ncutool.text.style import BOUND_STYLES, GRADE_STYLES, plain_table, render, terminal_width, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from rich.table import Table

    from ncutool.analysis.analyse import Analysis

ROOF_STYLES = {"above": "bold red", "low": "yellow", "": ""}


def bound_text(row: Mapping[str, Any]) -> Text:
    """Return a row's bound in its colour, with the level or the pipe where it is known."""
    return Text(display_names.short_bound(row), style=BOUND_STYLES.get(row["bound"], ""))


def roof_text(value: float | None) -> Text:
    """Return a share of attainable: above 100 % flagged, low ones drawn as such."""
    if value is None:
        return Text(units.UNKNOWN)
    mark = display_names.roof_mark(value)
    shown = "<1" if 0 < value < 0.5 else f"{value:.0f}{'!' if mark == 'above' else ''}"
    return Text(shown, style=ROOF_STYLES[mark])


def number_columns(table: Table, *headings: str) -> None:
    """Add columns of figures: aligned to the right, never cut."""
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)


def kernels_table(
    analysis: Analysis, frame: pl.DataFrame, *, color: bool, width: int | None = None
) -> str:
    """Return launches as a terminal table.

    Args:
        frame: rows of :data:`ncutool.base.tables.KERNELS`, in the order to show.
    """
    columns = terminal_width() if width is None else width
    kernel_room = max(16, (columns - 82) * 2 // 5)
    operator_room = max(16, columns - 82 - kernel_room)
    table = plain_table()
    number_columns(table, "launch")
    table.add_column("kernel", no_wrap=True)
    table.add_column("operator", no_wrap=True)
    number_columns(table, "time", "FLOP/s", "B/s", "FLOP/byte", "% roof")
    table.add_column("bound", no_wrap=True)
    table.add_column("source", no_wrap=True, style="bright_black")
    for row in frame.iter_rows(named=True):
        table.add_row(
            units.count(row["launch_id"]),
            text(row["kernel"], limit=kernel_room),
            _operator(row, operator_room),
            units.time(row["duration_ns"]),
            units.flop_rate(row["achieved_flop_per_s"]).removesuffix("FLOP/s").strip(),
            units.data_rate(row["achieved_bytes_per_s"]).removesuffix("B/s").strip(),
            units.significant(row["intensity_flop_per_byte"]),
            roof_text(row["roofline_pct"]),
            bound_text(row),
            text(source_word(row), limit=11),
        )
    # Narrower than its figures, a table runs over the edge rather than hide a digit.
    needed = max(columns, 82 + kernel_room + operator_room)
    return render(Group(table, _tail(analysis, frame)), color=color, width=needed)


def _operator(row: dict[str, Any], room: int) -> Text:
    if not row["op"]:
        return text(detail(row) or units.UNKNOWN, "bright_black", limit=room)
    name = text(row["op"].removeprefix("aten::"), limit=room)
    if row["signature"] and room - len(name) > 8:
        rest = room - len(name) - 1
        name.append(" ").append_text(text(row["signature"], "bright_black", limit=rest))
    return name


def _tail(analysis: Analysis, frame: pl.DataFrame) -> Text:
    shown = units.counted(frame.height, "launch")
    total = units.count(analysis.kernels.height)
    flags = frame["flag"].drop_nulls()
    described = capture_sentences.capture_line(analysis)
    tail = Text(f"{shown} of {total} · {described}", style="bright_black")
    if len(flags):
        tail.append(f"\n! implausible: {text(flags[0]).plain}", style="red")
    return tail


def findings_table(
    analysis: Analysis, frame: pl.DataFrame, *, color: bool, width: int | None = None
) -> str:
    """Return findings for a terminal, each with its evidence and remedy.

    Args:
        frame: rows of :data:`ncutool.base.tables.FINDINGS`, best first.
    """
    from ncutool.analysis.document import Document  # what launches alone need is imported above

    parts: list[Text] = []
    for rank, row in enumerate(frame.iter_rows(named=True), start=1):
        parts += [finding_line(rank, row, analysis.window_ns), *finding_details(row), Text("")]
    section = Document(analysis).findings
    if not parts:
        parts.append(Text(section.nothing))
    parts += [text(sentence, "default") for sentence in section.closing]
    if section.most_time:
        parts.append(text(" ".join(section.most_time), "default"))
    if section.lines and section.looked:
        parts.append(text(f"Looked at: {'; '.join(section.looked)}.", "default"))
    unseen = section.could_not_look if section.lines else section.could_not_look[1:]
    if unseen:
        parts.append(Text("Could not look, and what to collect:", style="bold"))
        parts += [Text("   ").append_text(text(one, "default")) for one in unseen]
    if section.declined:
        parts.append(Text("Not advised, and why:", style="bold"))
        parts += [
            Text("   ").append_text(text(sentence, "bright_black")) for sentence in section.declined
        ]
    return render(Group(*parts), color=color, width=width)


def finding_line(rank: int, row: dict[str, Any], window_ns: int) -> Text:
    """Return rank, kind, saving, title and grade on one line."""
    from ncutool.analysis import finding_sentences

    line = Text(f"{rank:>2} ", style="bright_black")
    line.append_text(text(row["kind"], "bold cyan")).append("  ")
    line.append(finding_sentences.saving(row, window_ns).line, style="bold").append("  ")
    line.append_text(text(row["title"])).append("  ")
    return line.append_text(grade_text(row["grade"]))


def grade_text(grade: str) -> Text:
    """Return a grade in its colour."""
    return text(grade, GRADE_STYLES.get(grade, ""))


def finding_details(row: dict[str, Any]) -> list[Text]:
    """Return the evidence and what to do, indented."""
    from ncutool.analysis import finding_sentences

    told = (*row["evidence"], *finding_sentences.beside(row))
    lines = [Text("   ").append_text(text(line, "bright_black")) for line in told]
    lines.append(Text("   Do: ", style="green").append_text(text(row["remedy"], "default")))
    if row["code"]:
        lines.append(Text("       ").append_text(text(row["code"], "cyan")))
    if row["link"]:
        lines.append(Text("       ").append_text(text(row["link"], "bright_black")))
    if row["caveat"]:
        caveat = text(row["caveat"], "default")
        lines.append(Text("   Caveat: ", style="yellow").append_text(caveat))
    return lines
