"""A capture in Markdown short enough for a pull request: GitHub shows it where it is pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.analysis import capture_sentences, display_names
from ncutool.analysis.document import Document
from ncutool.analysis.groups import source_word
from ncutool.base import units
from ncutool.text.github import code, folded, inert, with_code
from ncutool.text.summary_rows import named
from ncutool.text.tables import roof_text

if TYPE_CHECKING:
    import polars as pl

    from ncutool.analysis import sections
    from ncutool.analysis.analyse import Analysis

_FINDINGS = 3
_KERNELS = 5
_NAME = 60
_WORTH_A_WORD_PCT = 1.0
"""Of launch time: the reasons of less are left out."""


def comment(analysis: Analysis) -> str:
    """Return the verdict, the coverage, the first findings and the longest kernels.

    At most fifteen lines stand before what is folded away.
    """
    document = Document(analysis)
    parts = [
        f"### {inert(document.verdict.headline)}",
        "\n".join(_facts(document)),
        _findings(document.findings, of_wall=document.time.shares.of_wall),
        folded(_kernels(document.kernels.groups), _of_kernels(document.kernels.groups)),
        *(folded(_notices(document), "What to know of these figures"),) * bool(document.notices),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(document: Document) -> list[str]:
    """Return what was captured, how much of it is understood, and where its time goes."""
    verdict, section = document.verdict, document.coverage
    about = f"{code(verdict.capture)} · {inert(document.device.name)} · {inert(verdict.about)}"
    coverage = section.shares
    understood = capture_sentences.coverage_line(coverage)
    if coverage.understood_pct is not None:
        understood = f"{units.percent(coverage.understood_pct)} of launch time understood"
        if coverage.missing and coverage.missing[0].pct >= _WORTH_A_WORD_PCT:
            most = coverage.missing[0]
            understood += f"; not understood, most of it: {most.reason}"
            understood += f" ({units.percent(most.pct)})"
    parts = " · ".join(
        f"{display_names.BOUNDS[part.kind]} {units.percent(part.pct)}"
        for part in sorted(document.time.shares.parts, key=lambda part: -part.ns)
    )
    lines = [about, inert(f"{verdict.time} · {understood}"), parts]
    return [f"{line}  " for line in lines if line]


def _findings(section: sections.FindingsSection, *, of_wall: bool) -> str:
    """Return the first findings as a table, or the sentence that stands for none."""
    if not section.lines:
        return with_code(section.nothing)
    of = "of wall time" if of_wall else "of launch time"
    rows = [f"| | saves alone | {of} | what to do |", "|--:|--:|--:|:--|"]
    for line in section.lines[:_FINDINGS]:
        saving = line.saving
        what = f"**{inert(line.finding.title)}**: {with_code(line.todo)}"
        rows.append(f"| {line.rank} | **{saving.amount}** | {saving.share} | {what} |")
    more = len(section.lines) - _FINDINGS
    if more > 0:
        rows += ["", f"{units.counted(more, 'more finding')}: `ncutool findings`"]
    return "\n".join(rows)


def _of_kernels(groups: pl.DataFrame) -> str:
    if groups.height <= 1:
        return "The only kernel"
    if groups.height <= _KERNELS:
        return f"All {groups.height} kernels by time"
    return f"The {_KERNELS} of {units.counted(groups.height, 'kernel')} with most time"


def _kernels(groups: pl.DataFrame) -> str:
    """Return the groups with most time as a table."""
    rows = ["| kernel | launches | time | % | % of roof | bound | source |",
            "|:--|--:|--:|--:|--:|:--|:--|"]  # fmt: skip
    for row in groups.head(_KERNELS).iter_rows(named=True):
        time = units.time(row["duration_ns"] if row["timed"] else None)
        share = units.UNKNOWN if row["share_pct"] is None else f"{row['share_pct']:.1f}"
        roof = roof_text(row["roofline_pct"]).plain
        name, detail = named(row, _NAME)
        cells = [code(f"{name} {detail}".strip()), units.count(row["launches"]), time, share, roof,
                 inert(display_names.short_bound(row)), inert(source_word(row))]  # fmt: skip
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _notices(document: Document) -> str:
    return "\n".join(
        f"- {notice.severity}: {with_code(notice.text)}" for notice in document.notices
    )
