"""The document for a terminal, in thirty lines: what one wants before opening the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from ncutool.analysis import display_names
from ncutool.analysis.document import Document
from ncutool.analysis.groups import source_word
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.text.style import (
    BOUND_FILLS,
    BOUND_STYLES,
    SEVERITY_STYLES,
    plain_table,
    render,
    terminal_width,
    text,
    text_table,
)
from ncutool.text.tables import bound_text, findings_overview, number_columns, roof_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from rich.console import RenderableType

    from ncutool.analysis import sections
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.where_time_goes import Share
    from ncutool_parsers.capture import Notice

_FINDINGS = 5
_GROUPS = 8
_NOTICES = 3
_WORTH_A_WORD_PCT = 1.0
"""Of launch time: the reasons of less are on the page."""
_UNSEEN = 2
_SHORTEST_NAME = 12


def summary_text(analysis: Analysis, *, color: bool, width: int | None = None) -> str:
    """Return an analysis as a terminal shows it.

    Args:
        color: colours are wanted; they are used only where the terminal has them.
        width: columns; those of the terminal where None.
    """
    columns = terminal_width() if width is None else width
    drawn = Group(*_sections(Document(analysis), columns))
    return render(drawn, color=color, width=columns)


def _sections(document: Document, width: int) -> list[RenderableType]:
    return [
        *_verdict(document.verdict),
        *_device(document.device),
        Text(document.verdict.time),
        _coverage(document.coverage),
        *_notices(document.notices, width),
        Text(""),
        *_time(document.time, width),
        Text(""),
        *_findings(document.findings, width),
        Text(""),
        *_kernels(document.kernels.groups, width),
        *(part for section in document.simple for part in _simple(section, width)),
    ]


def _verdict(verdict: sections.Verdict) -> list[Text]:
    capture = text(verdict.capture, "bold", limit=60)
    capture.append(f"  {verdict.about}", style="bright_black")
    return [capture, text(verdict.headline, "bold")]


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


def _notices(notices: Sequence[Notice], width: int) -> list[Text]:
    lines = [
        text(printable(f"! {notice.text}", 2 * width - 10), SEVERITY_STYLES[notice.severity])
        for notice in notices[:_NOTICES]
    ]
    if len(notices) > _NOTICES:
        rest = units.counted(len(notices) - _NOTICES, "more notice")
        lines.append(Text(f"! {rest} on the page", style="bright_black"))
    return lines


def _time(section: sections.TimeSection, width: int) -> list[Text]:
    shares = section.shares
    if not shares.parts:
        return [Text("No launch carries a duration: nothing can be said about time.")]
    bar, legend = Text(), Text()
    cells = _cells(shares.parts, min(width, 100))
    for part in shares.parts:
        fill, style = BOUND_FILLS[part.kind], BOUND_STYLES[part.kind]
        bar.append(fill * cells[part.kind], style=style)
        legend.append(f"{fill} ", style=style).append(units.percent(part.pct), style="bold")
        legend.append(f" {display_names.BOUNDS[part.kind]}   ")
    of_what = "of wall time" if shares.of_wall else "of launch time"
    return [bar, legend.append(of_what, style="bright_black")]


def _cells(parts: Sequence[Share], width: int) -> dict[str, int]:
    """Return whole cells for each part by largest remainder: they sum to ``width``."""
    exact = {part.kind: part.pct * width / 100 for part in parts}
    cells = {kind: int(value) for kind, value in exact.items()}
    left = width - sum(cells.values())
    by_remainder = sorted(exact, key=lambda kind: cells[kind] - exact[kind])
    for kind in by_remainder[: max(0, left)]:
        cells[kind] += 1
    return cells


def _findings(section: sections.FindingsSection, width: int) -> list[RenderableType]:
    shown: list[RenderableType] = []
    if not section.lines:
        shown.append(Text(printable(section.nothing)))
    else:
        shown.append(findings_overview(section.lines[:_FINDINGS], width=width))
    if len(section.lines) > _FINDINGS:
        more = units.counted(len(section.lines) - _FINDINGS, "more finding")
        shown.append(Text(f"   {more}: ncutool findings", style="bright_black"))
    if section.most_time:
        shown += [Text(""), Text(printable(" ".join(section.most_time)))]
    said = " ".join((*section.most_time, "" if section.lines else section.nothing))
    unseen = [
        sentence
        for one, sentence in zip(section.advice.could_not_look, section.could_not_look, strict=True)
        if one.reason not in said
    ]
    shown += [Text(printable(f"could not look: {one}")) for one in unseen[:_UNSEEN]]
    if len(unseen) > _UNSEEN:
        more = units.counted(len(unseen) - _UNSEEN, "more group")
        shown.append(Text(f"{more} of launches could not be looked at: ncutool findings"))
    return shown


def _kernels(groups: pl.DataFrame, width: int) -> list[RenderableType]:
    """Return the groups with the most time.

    Names take what the figures leave of ``width``; below 100 columns sources go, then FLOP/byte.
    """
    with_source, with_intensity = width >= 100, width >= 90
    room = max(12, width - 43 - 13 * with_source - 11 * with_intensity)
    table = plain_table()
    table.add_column("most time in", no_wrap=True)
    number_columns(table, "launches", "time", "%", *["FLOP/byte"] * with_intensity, "% roof")
    table.add_column("bound", no_wrap=True)
    if with_source:
        table.add_column("source", no_wrap=True, style="bright_black")
    for row in groups.head(_GROUPS).iter_rows(named=True):
        table.add_row(
            _named(row["name"], row["detail"], room),
            units.count(row["launches"]),
            units.time(row["duration_ns"] if row["timed"] else None),
            units.UNKNOWN if row["share_pct"] is None else f"{row['share_pct']:.1f}",
            *[units.significant(row["intensity_flop_per_byte"])] * with_intensity,
            roof_text(row["roofline_pct"]),
            bound_text(row),
            *[text(source_word(row), limit=11)] * with_source,
        )
    if groups.height <= _GROUPS:
        return [table]
    more = units.counted(groups.height - _GROUPS, "more group")
    return [table, Text(f"{more}: on the page, or ncutool kernels", style="bright_black")]


def _named(name: str, detail: str, room: int) -> Text:
    shown = text(name, "bold", limit=room)
    left = room - len(shown) - 1
    if detail and left >= 8:
        shown.append(" ").append_text(text(detail, "bright_black", limit=left))
    return shown


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
