"""Tables for a terminal: launches, groups of launches, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.text.launch_lines import HEADINGS, WORDS, cells, operator, roof, rooms, tail
from ncutool.text.style import BOUND_STYLES, GRADE_STYLES, plain_table, render, terminal_width, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from rich.console import JustifyMethod
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
    return Text(roof(value), style=ROOF_STYLES[display_names.roof_mark(value)])


def number_columns(table: Table, *headings: str) -> None:
    """Add columns of figures: aligned to the right, never cut."""
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)


def kernels_table(
    analysis: Analysis, frame: pl.DataFrame, *, color: bool, width: int | None = None
) -> str:
    """Return launches as a terminal table in colours.

    Args:
        frame: rows of :data:`ncutool.base.tables.KERNELS`, in the order to show.
    """
    columns = terminal_width() if width is None else width
    kernel_room, operator_room = rooms(columns)
    table = plain_table()
    for heading in HEADINGS:
        style = "bright_black" if heading == "source" else None
        justify: JustifyMethod = "left" if heading in WORDS else "right"
        table.add_column(heading, justify=justify, no_wrap=True, style=style)
    for row in frame.iter_rows(named=True):
        launch, kernel, _, time, flop, data, intensity, _, _, source = cells(
            row, kernel_room, operator_room
        )
        name, paler = operator(row, operator_room)
        table.add_row(
            launch,
            Text(kernel),
            _operator(name, paler),
            *(time, flop, data, intensity),
            roof_text(row["roofline_pct"]),
            bound_text(row),
            Text(source),
        )
    line, told = tail(analysis, frame)
    under = Text(line, style="bright_black")
    if told:
        under.append(f"\n{told}", style="red")
    # Narrower than its figures, a table runs over the edge rather than hide a digit.
    needed = max(columns, 82 + kernel_room + operator_room)
    return render(Group(table, under), color=color, width=needed)


def _operator(name: str, paler: str) -> Text:
    if not name:
        return Text(paler, style="bright_black")
    return Text(name).append(" ").append(paler[1:], style="bright_black") if paler else Text(name)


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
