"""Tables for a terminal: launches, groups of launches, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from ncutool.analysis import capture_lines, finding_words, labels
from ncutool.analysis.groups import detail, label
from ncutool.base import units
from ncutool.text.style import BOUND_STYLES, GRADE_STYLES, plain_table, render, terminal_width, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from rich.table import Table

    from ncutool.analysis.analyse import Analysis

LOW_PCT = 40.0
"""Below this share of its roof a launch is drawn as having room."""


def bound_text(bound: str) -> Text:
    """A bound in its colour."""
    return Text(labels.SHORT_BOUNDS.get(bound, bound), style=BOUND_STYLES.get(bound, ""))


def roof_text(value: float | None) -> Text:
    """A share of attainable: above 100 % flagged, low ones drawn as such."""
    if value is not None and value > 100:
        return Text(f"{value:.0f}!", style="bold red")
    style = "yellow" if value is not None and value < LOW_PCT else ""
    if value is None:
        return Text(units.UNKNOWN)
    return Text("<1" if 0 < value < 0.5 else f"{value:.0f}", style=style)


def sources(row: dict[str, Any]) -> str:
    """Where FLOPs and bytes come from, in one word where they agree."""
    flop, data = row["flop_source"], row["bytes_source"]
    return str(flop) if flop == data else f"{flop}/{data}"


def _number(table: Table, *headings: str) -> None:
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)


def group_table(groups: pl.DataFrame, *, top: int, width: int) -> Table:
    """The groups with the most time (:func:`ncutool.analysis.groups.grouped`).

    Names take what the figures leave of ``width``; below 100 columns sources go, then FLOP/byte.
    """
    with_source, with_intensity = width >= 100, width >= 90
    room = max(12, width - 43 - 13 * with_source - 11 * with_intensity)
    table = plain_table()
    table.add_column("most time in", no_wrap=True)
    _number(table, "launches", "time", "%")
    _number(table, *["FLOP/byte"] * with_intensity, "% roof")
    table.add_column("bound", no_wrap=True)
    if with_source:
        table.add_column("source", no_wrap=True, style="bright_black")
    for row in groups.head(top).iter_rows(named=True):
        table.add_row(
            _name(row, room),
            units.count(row["launches"]),
            units.time(row["duration_ns"] if row["timed"] else None),
            units.UNKNOWN if row["share_pct"] is None else f"{row['share_pct']:.1f}",
            *[units.significant(row["intensity_flop_per_byte"])] * with_intensity,
            roof_text(row["roofline_pct"]),
            bound_text(row["bound"]),
            *[text(sources(row), limit=11)] * with_source,
        )
    return table


def _name(row: dict[str, Any], room: int) -> Text:
    name = text(label(row["op"], row["kernel"]), "bold", limit=room)
    left = room - len(name) - 1
    if detail(row) and left >= 8:
        name.append(" ").append_text(text(detail(row), "bright_black", limit=left))
    return name


def kernels_table(
    analysis: Analysis, frame: pl.DataFrame, *, color: bool, width: int | None = None
) -> str:
    """Launches as a terminal table.

    Args:
        frame: rows of :data:`ncutool.base.tables.KERNELS`, in the order to show.
    """
    columns = terminal_width() if width is None else width
    kernel_room = max(16, (columns - 82) * 2 // 5)
    operator_room = max(16, columns - 82 - kernel_room)
    table = plain_table()
    _number(table, "launch")
    table.add_column("kernel", no_wrap=True)
    table.add_column("operator", no_wrap=True)
    _number(table, "time", "FLOP/s", "B/s", "FLOP/byte", "% roof")
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
            bound_text(row["bound"]),
            text(sources(row), limit=11),
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
    shown = units.counted(frame.height, "launch", "launches")
    total = units.count(analysis.kernels.height)
    flags = frame["flag"].drop_nulls()
    described = capture_lines.capture_line(analysis)
    tail = Text(f"{shown} of {total} · {described}", style="bright_black")
    if len(flags):
        tail.append(f"\n! above 100 % of a peak: {text(flags[0]).plain}", style="red")
    return tail


def findings_table(
    analysis: Analysis, frame: pl.DataFrame, *, color: bool, width: int | None = None
) -> str:
    """Findings as a terminal table, each with its evidence and remedy.

    Args:
        frame: rows of :data:`ncutool.base.tables.FINDINGS`, best first.
    """
    parts: list[Text] = []
    for rank, row in enumerate(frame.iter_rows(named=True), start=1):
        parts += [finding_line(rank, row, analysis.window_ns), *finding_details(row), Text("")]
    if not parts:
        parts.append(Text(finding_words.nothing(analysis)))
    parts += [text(sentence, "default") for sentence in finding_words.closing(analysis)]
    if analysis.advice.declined:
        parts.append(Text("Not advised, and why:", style="bold"))
        parts += [
            Text("   ").append_text(
                text(finding_words.declined(one, analysis.window_ns), "bright_black")
            )
            for one in analysis.advice.declined
        ]
    return render(Group(*parts), color=color, width=width)


def finding_line(rank: int, row: dict[str, Any], window_ns: int) -> Text:
    """Rank, kind, what it saves, title and grade on one line."""
    line = Text(f"{rank:>2} ", style="bright_black")
    line.append_text(text(row["kind"], "bold cyan")).append("  ")
    line.append(finding_words.saving(row, window_ns).line, style="bold").append("  ")
    line.append_text(text(row["title"])).append("  ")
    return line.append_text(grade_text(row["grade"]))


def findings_overview(rows: Sequence[dict[str, Any]], window_ns: int, *, width: int) -> Table:
    """One line a finding: rank, kind, saving, share, title, grade."""
    table = plain_table()
    _number(table, "")
    table.add_column("what to do", no_wrap=True)
    _number(table, "saves alone", "of time")
    table.add_column("grade", no_wrap=True)
    for rank, row in enumerate(rows, start=1):
        title = text(row["kind"], "bold cyan").append("  ")
        title.append_text(text(row["title"], "default", limit=max(20, width - 64)))
        saves = finding_words.saving(row, window_ns)
        table.add_row(str(rank), title, saves.amount, saves.share, grade_text(row["grade"]))
    return table


def grade_text(grade: str) -> Text:
    """A grade in its colour."""
    return text(grade, GRADE_STYLES.get(grade, ""))


def finding_details(row: dict[str, Any]) -> list[Text]:
    """Its evidence and what to do, indented."""
    lines = [Text("   ").append_text(text(line, "bright_black")) for line in row["evidence"]]
    lines.append(Text("   Do: ", style="green").append_text(text(row["remedy"], "default")))
    if row["code"]:
        lines.append(Text("       ").append_text(text(row["code"], "cyan")))
    if row["link"]:
        lines.append(Text("       ").append_text(text(row["link"], "bright_black")))
    if row["caveat"]:
        caveat = text(row["caveat"], "default")
        lines.append(Text("   Caveat: ", style="yellow").append_text(caveat))
    return lines


def quantity(name: str, value: object) -> str:
    """A value in the unit its column's name tells."""
    if value is None:
        return units.UNKNOWN
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
    for ending, written in (
        ("flop_per_s", units.flop_rate),
        ("bytes_per_s", units.data_rate),
        ("_bytes", units.data),
        ("_ns", units.time),
        ("_pct", units.percent),
    ):
        if name.endswith(ending):
            return written(value)
    return units.count(value) if isinstance(value, int) else units.significant(value)
