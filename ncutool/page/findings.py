"""What to do: findings with what the page shows besides their sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.analysis.sections import FindingLine, Line, Table
from ncutool.base import units
from ncutool.base.untrusted import https, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.finding import Finding
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.document import Document
    from ncutool.analysis.sections import FindingsSection

MOST = 40
"""Findings on a page; the rest is said to be left to `ncutool findings`."""
_KERNELS = 12
_SPANS = 40
_NOT_A_LETTER = re.compile(r"[^a-z]")


@dataclass(frozen=True)
class Item:
    """One finding as shown."""

    line: FindingLine
    kind_class: str
    grade_class: str
    link: str | None
    """The documentation, where it is a plain https address."""
    left_pct: float
    width_pct: float
    """Where the range lies between nothing and the most that any finding saves."""
    concerns: str
    kernels: Table
    launch_ids: str
    overlaps: tuple[int, ...]
    """Ranks of findings that claim the same time."""


@dataclass(frozen=True)
class Findings:
    """The section."""

    items: tuple[Item, ...]
    of_what: str
    """`wall` or `launch time`: what percentages refer to."""
    note: str
    empty: str
    """What to say where there are none."""
    declined: tuple[str, ...]
    most_time: str
    """What is known of the kernel with most of the time."""
    could_not_look: tuple[str, ...]


def findings(analysis: Analysis, section: FindingsSection) -> Findings:
    """Return the findings of one analysis, in their own order."""
    shown = section.lines[:MOST]
    most_ns = max((line.finding.alone_high_ns for line in shown), default=0)
    ranks = {line.finding.id: line.rank for line in shown}
    note = "Ranges, not points: each finding done alone saves at least the first figure."
    note = " ".join([note, *section.closing])
    hidden = len(section.lines) - len(shown)
    if hidden:
        note += f" {units.counted(hidden, 'smaller finding')} not shown: see `ncutool findings`."
    return Findings(
        items=tuple(_item(line, most_ns, ranks, analysis) for line in shown),
        of_what="wall" if analysis.timeline is not None else "launch time",
        note=note,
        empty=_empty(analysis, section.nothing),
        declined=section.declined,
        most_time=" ".join(section.most_time),
        could_not_look=section.could_not_look,
    )


def finding_groups(document: Document, membership: pl.Series) -> list[dict[str, Any]]:
    """Return each finding shown, with the groups of its launches, as the script reads it."""
    return [
        {
            "id": line.finding.id,
            "rank": line.rank,
            "action": shorten(line.action, 32),
            "groups": sorted(set(membership.gather(list(line.finding.launches)).to_list())),
        }
        for line in document.findings.lines[:MOST]
    ]


def _item(line: FindingLine, most_ns: int, ranks: dict[str, int], analysis: Analysis) -> Item:
    finding = line.finding
    left = 100 * finding.alone_low_ns / most_ns if most_ns else 0.0
    right = 100 * finding.alone_high_ns / most_ns if most_ns else 0.0
    launches = units.counted(len(finding.launches), "launch")
    kernels = units.counted(len(finding.kernels), "kernel")
    return Item(
        line=line,
        kind_class=_NOT_A_LETTER.sub("", finding.kind.lower()),
        grade_class=_NOT_A_LETTER.sub("", finding.grade),
        link=finding.link if finding.link and https(finding.link) else None,
        left_pct=round(left, 2),
        width_pct=round(right - left, 2),
        concerns=f"{launches} of {kernels}, {units.time(finding.duration_ns)} now",
        kernels=_kernels_of(finding, analysis.kernels),
        launch_ids=spans(finding.launches),
        overlaps=tuple(sorted(ranks[other] for other in finding.overlaps if other in ranks)),
    )


def _kernels_of(finding: Finding, kernels: pl.DataFrame) -> Table:
    """Return the launches of a finding by kernel, the rest of many kernels in one line."""
    by_kernel = (
        kernels.filter(pl.col("launch_id").is_in(finding.launches))
        .group_by("kernel")
        .agg(pl.len().alias("launches"), pl.col("duration_ns").sum())
        .sort("duration_ns", "kernel", descending=[True, False])
    )
    lines = [
        Line(shorten(kernel, 90), (launches, duration_ns))
        for kernel, launches, duration_ns in by_kernel.head(_KERNELS).iter_rows()
    ]
    rest = by_kernel.slice(_KERNELS)
    if rest.height:
        sums = int(rest["launches"].sum()), int(rest["duration_ns"].sum())
        lines.append(Line(units.counted(rest.height, "more kernel"), sums))
    columns = (("launches", "launches"), ("duration_ns", "time now"))
    return Table("kernel", columns, tuple(lines))


def spans(launch_ids: Sequence[int]) -> str:
    """Return launch ids as spans: `0–8, 12, 20–28`; a long list ends in how many more there are."""
    runs: list[list[int]] = []
    for launch_id in sorted(set(launch_ids)):
        if runs and launch_id == runs[-1][1] + 1:
            runs[-1][1] = launch_id
        else:
            runs.append([launch_id, launch_id])
    written = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:_SPANS]]
    left = sum(b - a + 1 for a, b in runs[_SPANS:])
    return ", ".join(written) + (f" and {units.count(left)} more" if left else "")


def _empty(analysis: Analysis, nothing: str) -> str:
    if analysis.window_ns <= 0:
        return nothing
    form = analysis.capture.format
    sentences = [nothing]
    # Where it could not be looked, the sentence before says what to collect.
    if not form.traits.figures_counted and analysis.advice.answer == "nothing_worth_doing":
        option = None if analysis.capture.shapes_recorded else form.shapes_option
        shapes = f"input shapes in the {form.noun} (`{option}`), or " if option else ""
        sentences.append(
            f"What could show more: {shapes}an Nsight Compute report of the kernels with the "
            "most time."
        )
    if not form.traits.has_timeline:
        sentences.append(
            f"A {form.noun} shows kernels one by one: a trace of the whole program shows what to "
            "fuse or batch."
        )
    return " ".join(sentences)
