"""What the summary of a terminal leaves out, for those who ask for it: notices, peaks, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ncutool.analysis import display_names
from ncutool.analysis.document import Document
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.text.style import (
    text,
    text_table,
)
from ncutool.text.summary_rows import finding_rows, group_rows

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ncutool.analysis import sections

_GROUPS = 8
_WORTH_A_WORD_PCT = 1.0
"""Of launch time: the reasons of less are on the page."""
_SHORTEST_NAME = 12


def details(document: Document, width: int) -> list[RenderableType]:
    """Return the notices in full, the device and its peaks, coverage, findings and groups."""
    return [
        text(document.verdict.capture, "bold"),
        *_device(document.device),
        *([text(document.verdict.state)] if document.verdict.state else []),
        text(document.verdict.time),
        _coverage(document.coverage),
        *(text(f"! {notice.severity}: {notice.text}") for notice in document.notices),
        Text(""),
        *_time(document.time),
        Text(""),
        *_findings(document, width),
        Text(""),
        *group_rows(list(document.kernels.groups.head(_GROUPS).iter_rows(named=True)), width),
        *(part for section in document.simple for part in _simple(section, width)),
        Text(""),
    ]


def _device(device: sections.DeviceSection) -> list[Text]:
    name = text(device.name, "bold").append(f"  {device.peaks}", style="bright_black")
    how = text(f"  found by {device.how}" if device.known else f"  {device.how}", "bright_black")
    reached = [] if device.reached is None else [text(f"  {device.reached}", "bright_black")]
    return [name, how, *reached]


def _coverage(section: sections.CoverageSection) -> Text:
    line = text(section.line)
    coverage = section.shares
    if coverage.untimed:
        untimed = units.counted(coverage.untimed, "launch")
        line.append(f"; {untimed} of {coverage.launches:,} without a known time", style="bold")
    if coverage.missing and coverage.missing[0].pct >= _WORTH_A_WORD_PCT:
        most = coverage.missing[0]
        line.append(f"; most of it ({units.percent(most.pct)}): ").append_text(text(most.reason))
    return line


def _time(section: sections.TimeSection) -> list[Text]:
    """Return every part of the time in words; the summary draws it."""
    shares = section.shares
    of = "wall time" if shares.of_wall else "launch time"
    parts = ", ".join(
        f"{display_names.BOUNDS[part.kind]} {units.percent(part.pct)}" for part in shares.parts
    )
    return [Text(f"of {of}: {parts}")] if parts else []


def _findings(document: Document, width: int) -> list[Text]:
    section = document.findings
    of_wall = document.time.shares.of_wall
    shown = [Text(printable(section.nothing))]
    if section.lines:
        shown = finding_rows(section.lines, width, of_wall=of_wall)
    if section.most_time:
        shown += [Text(""), Text(printable(" ".join(section.most_time)))]
    said = " ".join((*section.most_time, "" if section.lines else section.nothing))
    unseen = [
        sentence
        for one, sentence in zip(section.advice.could_not_look, section.could_not_look, strict=True)
        if one.reason not in said
    ]
    return [*shown, *(Text(printable(f"could not look: {one}")) for one in unseen)]


def _simple(section: sections.SimpleSection, width: int) -> list[RenderableType]:
    drawn: list[RenderableType] = [Text(""), text(section.title, "bold"), text(section.note)]
    for table in section.tables:
        drawn += [Text(""), text(table.title, "bold")] if table.title else []
        drawn += _rows(table, width)
    return drawn


def _rows(table: sections.Table, width: int) -> list[RenderableType]:
    """Return the first rows: figures are never cut, names are; sentences stand below."""
    figures = [place for place, (name, _) in enumerate(table.columns) if name not in table.words]
    rows = table.rows[:_GROUPS]
    cells = [
        [units.quantity(table.columns[place][0], row.values[place]) for place in figures]
        for row in rows
    ]
    headings = [table.columns[place][1] for place in figures]
    used = sum(2 + max(map(len, column)) for column in zip(headings, *cells, strict=True))
    room = max(_SHORTEST_NAME, width - used)
    names = [shorten(f"{row.name} {row.detail}".strip(), room) for row in rows]
    heading = shorten(table.heading, room)
    lines = [[name, *figures] for name, figures in zip(names, cells, strict=True)]
    drawn: list[RenderableType] = [text_table([heading, *headings], lines, words=(heading,))]
    sentences = [
        f"{name}: {value}"
        for name, row in zip(names, rows, strict=True)
        for (column, _), value in zip(table.columns, row.values, strict=True)
        if column in table.words and value
    ]
    rest = table.rest(_GROUPS)
    return [*drawn, *(text(line, "bright_black") for line in [*sentences, *[rest] * bool(rest)])]
