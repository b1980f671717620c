"""The document in Markdown, for pull requests and notes: no name in it can be mark-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.analysis import capture_sentences, display_names, finding_sentences
from ncutool.analysis.document import Document
from ncutool.analysis.groups import source_word
from ncutool.base import units
from ncutool.base.untrusted import https, markdown, printable, shorten
from ncutool.text.sheet import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from ncutool.analysis import sections
    from ncutool.analysis.analyse import Analysis

_ROWS = 15
"""Rows of each table of the document."""


def markdown_table(frame: pl.DataFrame) -> str:
    """Return any data frame as a table; numbers in the unit that their column's name tells."""
    right = "".join("r" if kind.is_numeric() else "l" for kind in frame.dtypes)
    rows = (
        [units.quantity(name, value) for name, value in row.items()]
        for row in frame.iter_rows(named=True)
    )
    return table([markdown(name) for name in frame.columns], rows, right)


def kernels_markdown(analysis: Analysis, frame: pl.DataFrame) -> str:
    """Return launches as a table under one line that says what they are of.

    Args:
        frame: rows of :data:`ncutool.base.tables.KERNELS`, in the order to show.
    """
    rows = (
        [
            units.count(row["launch_id"]),
            shorten(row["kernel"], 60),
            shorten(" ".join(filter(None, (row["op"], row["signature"]))), 80),
            units.time(row["duration_ns"]),
            *_place(row),
        ]
        for row in frame.iter_rows(named=True)
    )
    headings = ["launch", "kernel", "operator", "time", "FLOP/byte", "of roof", "bound", "source"]
    return f"{_opening(analysis)}\n\n{table(headings, rows, 'rllrrrll')}{_flagged(frame)}"


def _place(row: Mapping[str, Any]) -> list[str]:
    """Return the cells that say where a launch or a group lies, and how that is known."""
    return [
        units.significant(row["intensity_flop_per_byte"]),
        _roof(row["roofline_pct"]),
        display_names.short_bound(row),
        source_word(row),
    ]


def _roof(share_pct: float | None) -> str:
    """Return a share of a roof, with a mark where it lies above 100 %."""
    above = display_names.roof_mark(share_pct) == "above"
    return f"{units.percent(share_pct)}!" if above else units.percent(share_pct)


def _flagged(frame: pl.DataFrame) -> str:
    """Return what is implausible about the first such row, in a line under its table; may be
    empty."""
    flags = frame["flag"].drop_nulls()
    return f"\n! implausible: {markdown(printable(flags[0]))}\n" if len(flags) else ""


def findings_markdown(analysis: Analysis, frame: pl.DataFrame) -> str:
    """Return findings as a list under one line that says what they are of.

    Args:
        frame: rows of :data:`ncutool.base.tables.FINDINGS`, best first.
    """
    section, rows = Document(analysis).findings, list(frame.iter_rows(named=True))
    return f"{_opening(analysis)}\n\n{_findings(section, rows, analysis.window_ns)}"


def _findings(
    section: sections.FindingsSection, rows: Sequence[Mapping[str, Any]], window_ns: int
) -> str:
    """Return findings as a list (saving, title, evidence, remedy), and what stands below it."""
    lines = [] if rows else [section.nothing]
    for rank, row in enumerate(rows, start=1):
        saves = finding_sentences.saving(row, window_ns).line
        lines.append(
            f"{rank}. **{saves}** {row['kind']}: {markdown(row['title'])} ({row['grade']})"
        )
        lines += [f"   - {markdown(sentence)}" for sentence in row["evidence"]]
        lines += [f"   - {markdown(sentence)}" for sentence in finding_sentences.beside(row)]
        lines.append(f"   - Do: {_with_code(row['remedy'])}{_more(row)}")
        if row["caveat"]:
            lines.append(f"   - Caveat: {_with_code(row['caveat'])}")
    lines += [f"\n{markdown(sentence)}" for sentence in section.closing]
    if section.most_time:
        lines.append(f"\n{markdown(' '.join(section.most_time))}")
    if section.lines and section.looked:
        lines.append(f"\n{markdown('Looked at: ' + '; '.join(section.looked))}.")
    if section.could_not_look:
        lines += ["", "Could not look, and what to collect:", ""]
        lines += [f"- {_with_code(sentence)}" for sentence in section.could_not_look]
    if section.declined:
        lines += ["", "Not advised, and why:", ""]
        lines += [f"- {markdown(sentence)}" for sentence in section.declined]
    return "\n".join(lines) + "\n"


def summary_markdown(analysis: Analysis) -> str:
    """Return the whole document of an analysis."""
    document = Document(analysis)
    findings = [vars(line.finding) for line in document.findings.lines]
    return "\n".join(
        [
            *_heading(document.verdict, document.device),
            *(f"> {notice.severity}: {markdown(notice.text)}  " for notice in document.notices),
            "",
            *_time(document.time),
            f"{_opening(analysis)}\n",
            _findings(document.findings, findings, analysis.window_ns),
            _kernels(document.kernels.groups),
            *(part for section in document.simple for part in _simple(section)),
            *_coverage(document.coverage),
        ]
    )


def _heading(verdict: sections.Verdict, device: sections.DeviceSection) -> list[str]:
    how = f"found by {device.how}" if device.known else device.how
    reached = f" {markdown(device.reached)}." if device.reached else ""
    return [
        f"## {markdown(verdict.headline)}",
        "",
        *([f"{markdown(verdict.state)}", ""] if verdict.state else []),
        f"{markdown(device.name)}: {device.peaks}. {verdict.time}.",
        f"Device {markdown(how)}.{reached}",
        "",
    ]


def _time(section: sections.TimeSection) -> list[str]:
    rows = (
        [display_names.BOUNDS[part.kind], units.time(part.ns), units.percent(part.pct)]
        for part in section.shares.parts
    )
    parts = [table(["where the time goes", "time", "share"], rows, "lrr")]
    return [*parts, _rows(section.idle)] if section.idle.rows else parts


def _kernels(groups: pl.DataFrame) -> str:
    rows = (
        [
            shorten(row["name"], 50),
            shorten(row["detail"], 50),
            units.count(row["launches"]),
            units.time(row["duration_ns"] if row["timed"] else None),
            units.percent(row["share_pct"]),
            *_place(row),
        ]
        for row in groups.head(_ROWS).iter_rows(named=True)
    )
    headings = ["kernel", "shape", "launches", "time", "of launch time", "FLOP/byte",
                "of roof", "bound", "source"]  # fmt: skip
    return table(headings, rows, "llrrrrrll") + _flagged(groups.head(_ROWS))


def _simple(section: sections.SimpleSection) -> list[str]:
    shown = [f"### {markdown(section.title)}", "", f"{markdown(section.note)}\n"]
    for rows in section.tables:
        shown += [f"{markdown(rows.title)}:\n"] if rows.title else []
        shown.append(_rows(rows))
    return shown


def _coverage(section: sections.CoverageSection) -> list[str]:
    return [
        _rows(rows)
        for rows in (section.known, section.missing, section.flop_sources, section.bytes_sources)
        if rows.rows
    ]


def _rows(rows: sections.Table) -> str:
    """Return a table of the document with its first rows."""
    names = [name for name, _ in rows.columns]
    cells = (
        [
            shorten(f"{row.name} {row.detail}".strip(), 80),
            *(units.quantity(name, value) for name, value in zip(names, row.values, strict=True)),
        ]
        for row in rows.rows[:_ROWS]
    )
    right = "".join("l" if name in rows.words else "r" for name in names)
    headings = [rows.heading, *(heading for _, heading in rows.columns)]
    rest = rows.rest(_ROWS)
    return table(headings, cells, f"l{right}") + (f"\n{rest}\n" if rest else "")


def _opening(analysis: Analysis) -> str:
    return (
        f"{markdown(analysis.capture.name)}, {capture_sentences.capture_line(analysis)}: "
        f"{capture_sentences.coverage_line(analysis.coverage)}."
    )


def _more(row: Mapping[str, Any]) -> str:
    """Return the line of code and the documentation, to stand after a remedy."""
    code = f" `{printable(row['code']).replace('`', '')}`" if row["code"] else ""
    link = row["link"] or ""
    return code + (f" ([documentation]({link}))" if https(link) else "")


def _with_code(remedy: str) -> str:
    """Return a remedy whose own backticks stay code; all else is inert."""
    parts = remedy.split("`")
    if len(parts) % 2 == 0:
        return markdown(remedy)
    return "".join(
        f"`{part.replace('|', ' ')}`" if index % 2 and part else markdown(part)
        for index, part in enumerate(parts)
    )
