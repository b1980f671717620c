"""What to do: findings as the page lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis import finding_words
from ncutool.base import units
from ncutool.base.untrusted import https, printable, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.finding import Finding
    from ncutool.analysis.analyse import Analysis

MOST = 40
"""Findings on a page; the rest is said to be left to `ncutool findings`."""
_KERNELS = 12
_SPANS = 40
_SENTENCES = 3
_KINDS = re.compile(r"[^a-z]")


@dataclass(frozen=True)
class Part:
    """A piece of a remedy: plain, or code."""

    text: str
    code: bool


@dataclass(frozen=True)
class Concerned:
    """Launches of one kernel that a finding concerns."""

    kernel: str
    launches: str
    time: str


@dataclass(frozen=True)
class Item:
    """One finding as shown."""

    rank: int
    id: str
    kind: str
    kind_class: str
    per: str
    title: str
    grade: str
    grade_class: str
    evidence: tuple[str, ...]
    more_evidence: tuple[str, ...]
    """What is left to the unfolded part."""
    remedy: tuple[Part, ...]
    code: str | None
    link: str | None
    caveat: tuple[Part, ...]
    saving: str
    saving_pct: str
    after: str | None
    """What the findings above it leave of that, where it is less."""
    left_pct: float
    width_pct: float
    """Where the range lies between nothing and the most that any finding saves."""
    concerns: str
    kernels: tuple[Concerned, ...]
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
    """What a user would ask for, and why it is not advised."""


def findings(analysis: Analysis) -> Findings:
    """The findings of one analysis, in their own order."""
    shown = analysis.findings[:MOST]
    of_what = "wall" if analysis.timeline is not None else "launch time"
    most = max((finding.alone_high_ns for finding in shown), default=0)
    ranks = {finding.id: rank for rank, finding in enumerate(shown, start=1)}
    items = tuple(
        _item(finding, rank, most, ranks, analysis) for rank, finding in enumerate(shown, start=1)
    )
    note = "Ranges, not points: each finding done alone saves at least the first figure."
    note = " ".join([note, *finding_words.closing(analysis)])
    hidden = len(analysis.findings) - len(shown)
    if hidden:
        note += f" {units.counted(hidden, 'smaller finding')} not shown: see `ncutool findings`."
    refused = tuple(
        printable(finding_words.declined(one, analysis.window_ns))
        for one in analysis.advice.declined
    )
    return Findings(items, of_what, note, _empty(analysis), refused)


def _item(
    finding: Finding, rank: int, most: int, ranks: dict[str, int], analysis: Analysis
) -> Item:
    left = 100 * finding.alone_low_ns / most if most else 0.0
    right = 100 * finding.alone_high_ns / most if most else 0.0
    chosen = analysis.kernels.filter(pl.col("launch_id").is_in(finding.launches))
    launches = units.counted(len(finding.launches), "launch", "launches")
    kernels = units.counted(len(finding.kernels), "kernel")
    saves = finding_words.saving(vars(finding), analysis.window_ns)
    evidence = tuple(printable(sentence) for sentence in finding.evidence)
    return Item(
        rank=rank,
        id=printable(finding.id),
        kind=printable(finding.kind),
        kind_class=_KINDS.sub("", finding.kind.lower()),
        per=finding.per,
        title=printable(finding.title),
        grade=finding.grade,
        grade_class=_KINDS.sub("", finding.grade),
        evidence=evidence[:_SENTENCES],
        more_evidence=evidence[_SENTENCES:],
        remedy=with_code(finding.remedy),
        code=printable(finding.code) if finding.code else None,
        link=finding.link if finding.link and https(finding.link) else None,
        caveat=with_code(finding.caveat) if finding.caveat else (),
        saving=saves.amount,
        saving_pct=saves.share,
        after=saves.after,
        left_pct=round(left, 2),
        width_pct=round(right - left, 2),
        concerns=f"{launches} of {kernels}, {units.time(finding.duration_ns)} now",
        kernels=_concerned(chosen),
        launch_ids=spans(finding.launches),
        overlaps=tuple(sorted(ranks[other] for other in finding.overlaps if other in ranks)),
    )


def _concerned(chosen: pl.DataFrame) -> tuple[Concerned, ...]:
    rows = (
        chosen.group_by("kernel")
        .agg(pl.len().alias("launches"), pl.col("duration_ns").sum())
        .sort("duration_ns", "kernel", descending=[True, False])
    )
    shown = [
        Concerned(shorten(kernel, 90), units.count(launches), units.time(duration))
        for kernel, launches, duration in rows.head(_KERNELS).iter_rows()
    ]
    if rows.height > _KERNELS:
        rest = rows.slice(_KERNELS)
        shown.append(
            Concerned(
                units.counted(rest.height, "more kernel"),
                units.count(int(rest["launches"].sum())),
                units.time(int(rest["duration_ns"].sum())),
            )
        )
    return tuple(shown)


def spans(launch_ids: Sequence[int]) -> str:
    """Launch ids as spans: `0–8, 12, 20–28`; a long list ends in how many more there are."""
    ordered = sorted(set(launch_ids))
    runs: list[list[int]] = []
    for launch_id in ordered:
        if runs and launch_id == runs[-1][1] + 1:
            runs[-1][1] = launch_id
        else:
            runs.append([launch_id, launch_id])
    written = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:_SPANS]]
    left = sum(b - a + 1 for a, b in runs[_SPANS:])
    return ", ".join(written) + (f" and {units.count(left)} more" if left else "")


def with_code(remedy: str) -> tuple[Part, ...]:
    """A remedy split at its backticks; an odd one out is plain text."""
    pieces = printable(remedy).split("`")
    if len(pieces) % 2 == 0:
        return (Part(printable(remedy), code=False),)
    return tuple(Part(piece, code=bool(index % 2)) for index, piece in enumerate(pieces) if piece)


def _empty(analysis: Analysis) -> str:
    said = finding_words.nothing(analysis)
    if analysis.window_ns <= 0:
        return said
    form = analysis.capture.format
    if not form.traits.figures_counted:
        option = form.shapes_option
        shapes = f"input shapes in the {form.noun} (`{option}`), or " if option else ""
        said += (
            f" What would change that: {shapes}an Nsight Compute report of the kernels with the "
            "most time."
        )
    if not form.traits.has_timeline:
        said += (
            f" A {form.noun} shows kernels one by one: a trace of the whole program shows what to "
            "fuse or batch."
        )
    return said
