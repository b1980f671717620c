"""Markdown for pull requests and notes: tables in which no name can be mark-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.analysis import capture_lines, finding_words, labels
from ncutool.analysis.groups import detail, grouped, label
from ncutool.analysis.join_table import against_model
from ncutool.analysis.time_shares import where_the_time_goes
from ncutool.base import units
from ncutool.base.untrusted import https, markdown, printable, shorten
from ncutool.text.tables import quantity, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

    from ncutool.analysis.analyse import Analysis

_GROUPS = 15


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> str:
    """A Markdown table of cells that are already safe.

    Args:
        right: one character a column, `r` where it is aligned to the right.
    """
    sides = ["---:" if mark == "r" else "---" for mark in right.ljust(len(headings))]
    lines = [headings, sides, *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def markdown_table(frame: pl.DataFrame) -> str:
    """Any table; numbers in the unit their column's name tells."""
    right = "".join("r" if kind.is_numeric() else "l" for kind in frame.dtypes)
    rows = (
        [markdown(quantity(name, value)) for name, value in row.items()]
        for row in frame.iter_rows(named=True)
    )
    return table(frame.columns, rows, right)


def kernels_markdown(analysis: Analysis, frame: pl.DataFrame) -> str:
    """Launches as a Markdown table under one line that says what they are of.

    Args:
        frame: rows of :data:`ncutool.base.tables.KERNELS`, in the order to show.
    """
    rows = (
        [
            units.count(row["launch_id"]),
            markdown(shorten(row["kernel"], 60)),
            markdown(shorten(" ".join(filter(None, (row["op"], row["signature"]))), 80)),
            units.time(row["duration_ns"]),
            units.significant(row["intensity_flop_per_byte"]),
            units.percent(row["roofline_pct"]),
            labels.SHORT_BOUNDS.get(row["bound"], row["bound"]),
            sources(row),
        ]
        for row in frame.iter_rows(named=True)
    )
    headings = ["launch", "kernel", "operator", "time", "FLOP/byte", "of roof", "bound", "source"]
    return f"{_opening(analysis)}\n\n{table(headings, rows, 'rllrrrll')}"


def findings_markdown(analysis: Analysis, frame: pl.DataFrame) -> str:
    """Findings as a Markdown list: saving, title, evidence, remedy.

    Args:
        frame: rows of :data:`ncutool.base.tables.FINDINGS`, best first.
    """
    parts = [_opening(analysis), ""]
    if frame.is_empty():
        parts.append(finding_words.nothing(analysis))
    for rank, row in enumerate(frame.iter_rows(named=True), start=1):
        saves = finding_words.saving(row, analysis.window_ns).line
        parts.append(
            f"{rank}. **{saves}** {row['kind']}: {markdown(row['title'])} ({row['grade']})"
        )
        parts += [f"   - {markdown(sentence)}" for sentence in row["evidence"]]
        parts.append(f"   - Do: {_with_code(row['remedy'])}{_more(row)}")
        if row["caveat"]:
            parts.append(f"   - Caveat: {_with_code(row['caveat'])}")
    parts += [f"\n{markdown(sentence)}" for sentence in finding_words.closing(analysis)]
    if analysis.advice.declined:
        parts += ["", "Not advised, and why:", ""]
        parts += [
            f"- {markdown(finding_words.declined(one, analysis.window_ns))}"
            for one in analysis.advice.declined
        ]
    return "\n".join(parts) + "\n"


def summary_markdown(analysis: Analysis) -> str:
    """The whole verdict: headline, coverage, where the time goes, findings, largest groups."""
    from ncutool.analysis.frames import findings_frame

    shares = where_the_time_goes(analysis)
    time_rows = (
        [labels.BOUNDS[part.kind], units.time(part.ns), units.percent(part.pct)]
        for part in shares.parts
    )
    groups, _ = grouped(analysis.kernels)
    group_rows = (
        [
            markdown(shorten(label(row["op"], row["kernel"]), 50)),
            markdown(shorten(detail(row) or "", 50)),
            units.count(row["launches"]),
            units.time(row["duration_ns"] if row["timed"] else None),
            units.percent(row["share_pct"]),
            units.significant(row["intensity_flop_per_byte"]),
            units.percent(row["roofline_pct"]),
            labels.SHORT_BOUNDS.get(row["bound"], row["bound"]),
            sources(row),
        ]
        for row in groups.head(_GROUPS).iter_rows(named=True)
    )
    headings = ["kernel", "shape", "launches", "time", "of launch time", "FLOP/byte",
                "of roof", "bound", "source"]  # fmt: skip
    return "\n".join(
        [
            f"## {markdown(analysis.headline)}",
            "",
            f"{markdown(capture_lines.device_name(analysis))}: "
            f"{capture_lines.peaks_line(analysis)}. "
            f"{capture_lines.time_line(analysis)}.",
            "",
            *(f"> {notice.severity}: {markdown(notice.text)}  " for notice in analysis.notices),
            "",
            table(["where the time goes", "time", "share"], time_rows, "lrr"),
            findings_markdown(analysis, findings_frame(analysis.findings)),
            table(headings, group_rows, "llrrrrrll"),
            *_measured(analysis),
        ]
    )


def _measured(analysis: Analysis) -> list[str]:
    """Measured against modelled work, where a report's counters were joined."""
    if analysis.join is None:
        return []
    rows = (
        [
            markdown(shorten(label(row["op"], row["kernel"]), 50)),
            markdown(shorten(row["signature"] or row["kernel"], 50)),
            units.count(row["launches"]),
            units.time(row["duration_ns"]),
            units.data(row["measured_bytes"]),
            units.data(row["modelled_bytes"]),
            units.significant(row["bytes_ratio"]),
            units.significant(row["flop_ratio"]),
        ]
        for row in against_model(analysis.kernels).head(_GROUPS).iter_rows(named=True)
    )
    headings = ["kernel", "shape", "launches", "time", "measured DRAM bytes", "modelled",
                "bytes ratio", "FLOP ratio"]  # fmt: skip
    return [table(headings, rows, "llrrrrrr")]


def _opening(analysis: Analysis) -> str:
    coverage = analysis.coverage
    return (
        f"{markdown(analysis.capture.name)}, {capture_lines.capture_line(analysis)}: "
        f"{units.percent(coverage.understood_pct)} of launch time understood "
        f"(FLOPs {units.percent(coverage.flop_pct)}, bytes {units.percent(coverage.bytes_pct)})."
    )


def _more(row: dict[str, Any]) -> str:
    """The line of code and the documentation, after a remedy."""
    code = f" `{printable(row['code']).replace('`', '')}`" if row["code"] else ""
    link = row["link"] or ""
    return code + (f" ([documentation]({link}))" if https(link) else "")


def _with_code(remedy: str) -> str:
    """A remedy's own backticks stay code; all else is inert."""
    parts = remedy.split("`")
    if len(parts) % 2 == 0:
        return markdown(remedy)
    return "".join(
        f"`{part.replace('|', ' ')}`" if index % 2 and part else markdown(part)
        for index, part in enumerate(parts)
    )
