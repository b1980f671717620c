"""What to do: findings with what the page shows besides their sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.advice.price.rank import SMALL_PCT
from ncutool.analysis.groups import label
from ncutool.analysis.sections import FindingLine, Line, Table
from ncutool.base import units
from ncutool.base.untrusted import https, shorten
from ncutool.page.axis import Tick, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.finding import Finding
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.document import Document
    from ncutool.analysis.sections import FindingsSection
    from ncutool.base.intervals import Ints

MOST = 40
"""Findings on a page; the rest is said to be left to `ncutool findings`."""
FIRST = 3
"""Findings that stand open; the others fold away, their savings told."""
_NAMED = 5
_KERNELS = 12
_SPANS = 40
_NOT_A_LETTER = re.compile(r"[^a-z]")


class Bar(Struct, frozen=True):
    """A saving drawn against the window: solid to its low end, striped on to its high end."""

    low_pct: float
    reach_pct: float
    """How far beyond the low end it may go."""


class Item(Struct, frozen=True):
    """One finding as shown."""

    line: FindingLine
    figure: str
    """Its saving without the unit: `10.9–12.5`."""
    unit: str
    bar: Bar | None
    """None for a saving of a row or a sample, by which the window does not shrink."""
    grade_class: str
    link: str | None
    """The documentation, where it is a plain https address."""
    concerns: str
    kernels: Table
    launch_ids: str
    overlaps: tuple[int, ...]
    """Ranks of findings that claim the same time."""


class Together(Struct, frozen=True):
    """All that shortens the window, done together."""

    figure: str
    unit: str
    share: str
    bar: Bar


class Next(Struct, frozen=True):
    """The next step: what the first finding says to do, or what to collect."""

    text: str
    saving: str
    code: str | None
    rank: int
    """Of the finding that it is of; 0 where it is to collect something."""


class Findings(Struct, frozen=True):
    """The section."""

    items: tuple[Item, ...]
    together: Together | None
    ticks: tuple[Tick, ...]
    """The axis over the bars; none where nothing is drawn."""
    next: Next | None
    total: str
    """The whole window, as a time."""
    of_what: str
    """`wall` or `launch time`: what percentages refer to."""
    folded: str
    """How many findings fold away, and what they save; empty for none."""
    notes: tuple[str, ...]
    empty_title: str
    empty: str
    """What to say where there are none."""
    answer: str
    declined: tuple[str, ...]
    most_time: str
    """What is known of the kernel with most of the time."""
    could_not_look: tuple[str, ...]
    looked: tuple[str, ...]

    @property
    def first(self) -> tuple[Item, ...]:
        """The findings that stand open."""
        return self.items[:FIRST]

    @property
    def others(self) -> tuple[Item, ...]:
        """The findings that fold away."""
        return self.items[FIRST:]


def findings(analysis: Analysis, section: FindingsSection) -> Findings:
    """Return the findings of one analysis, in their own order."""
    window_ns = analysis.window_ns
    ranks = {line.finding.id: line.rank for line in section.lines[:MOST]}
    items = tuple(_item(line, ranks, analysis) for line in section.lines[:MOST])
    drawn = any(item.bar is not None for item in items)
    return Findings(
        items=items,
        together=_together(analysis, section),
        ticks=ticks(window_ns) if drawn else (),
        next=_next(section),
        total=units.time(window_ns),
        of_what="wall" if analysis.timeline is not None else "launch time",
        folded=_folded(items),
        notes=_notes(section),
        empty_title=_EMPTY_TITLES[analysis.advice.answer] if window_ns > 0 else "Nothing is timed",
        empty=_empty(analysis, section.nothing),
        answer=analysis.advice.answer if window_ns > 0 else "could_not_look",
        declined=section.declined,
        most_time=" ".join(section.most_time),
        could_not_look=section.could_not_look,
        looked=section.looked,
    )


_EMPTY_TITLES = {
    "something_to_do": "None of those that were asked for",
    "nothing_worth_doing": f"No saving above {SMALL_PCT:g} %",
    "could_not_look": "What would tell was not collected",
}


def _together(analysis: Analysis, section: FindingsSection) -> Together | None:
    saving, advice = section.together, analysis.advice
    if saving is None:
        return None
    bar = _bar(advice.all_low_ns, advice.all_high_ns, analysis.window_ns)
    return Together(*_figure(saving.amount), saving.share, bar)


def _next(section: FindingsSection) -> Next | None:
    """Return what the first finding says to do; without one, the first thing to collect."""
    if section.lines:
        first = section.lines[0]
        saving = first.saving
        per = "" if saving.per == "window" else f" {saving.share}"
        return Next(first.todo.removesuffix("."), saving.amount + per, first.finding.code, 1)
    unseen = section.advice.could_not_look
    return Next(_capital(unseen[0].collect), "", None, 0) if unseen else None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _folded(items: tuple[Item, ...]) -> str:
    """Return how many findings are left to unfold, and what each of them saves."""
    others = [item.line.saving.amount for item in items[FIRST:]]
    if not others:
        return ""
    rest = f" and {len(others) - _NAMED} smaller" if len(others) > _NAMED else ""
    return f"{len(others)} more: {', '.join(others[:_NAMED])}{rest}"


def _notes(section: FindingsSection) -> tuple[str, ...]:
    hidden = len(section.lines) - MOST
    if hidden <= 0:
        return section.closing
    more = f"{units.counted(hidden, 'smaller finding')} not shown: see `ncutool findings`."
    return (*section.closing, more)


def _figure(amount: str) -> tuple[str, str]:
    """Return a saving as its number and its unit."""
    figure, _, unit = amount.rpartition(" ")
    return (figure, unit) if figure else (amount, "")


def _bar(low_ns: int, high_ns: int, window_ns: int) -> Bar:
    high = min(100.0, 100 * high_ns / window_ns)
    low = min(100 * low_ns / window_ns, high)
    return Bar(round(low, 3), round(high - low, 3))


def finding_groups(document: Document, membership: pl.Series) -> list[dict[str, Any]]:
    """Return each finding shown, with the groups of its launches, as the script reads it."""
    groups = membership.to_numpy()
    return [
        {
            "id": line.finding.id,
            "rank": line.rank,
            "action": shorten(line.action, 32),
            "groups": np.flatnonzero(np.bincount(groups[line.finding.launch_ids])).tolist(),
        }
        for line in document.findings.lines[:MOST]
    ]


def _item(line: FindingLine, ranks: dict[str, int], analysis: Analysis) -> Item:
    finding = line.finding
    figure, unit = _figure(line.saving.amount)
    drawn = finding.per == "window" and analysis.window_ns > 0
    launches = units.counted(len(finding.launches), "launch")
    kernels = units.counted(len(finding.kernels), "kernel")
    return Item(
        line=line,
        figure=figure,
        unit=unit,
        bar=_bar(finding.alone_low_ns, finding.alone_high_ns, analysis.window_ns)
        if drawn
        else None,
        grade_class=_NOT_A_LETTER.sub("", finding.grade),
        link=finding.link if finding.link and https(finding.link) else None,
        concerns=f"{launches} of {kernels}, {units.time(finding.duration_ns)} now",
        kernels=_kernels_of(finding, analysis.figures),
        launch_ids=spans(finding.launch_ids),
        overlaps=tuple(sorted(ranks[other] for other in finding.overlaps if other in ranks)),
    )


def _kernels_of(finding: Finding, kernels: pl.DataFrame) -> Table:
    """Return the launches of a finding by kernel, the rest of many kernels in one line."""
    ids = kernels["launch_id"].to_numpy()
    by_kernel = (
        kernels.select("op", "kernel", "duration_ns")
        .filter(pl.Series(np.isin(ids, finding.launch_ids)))
        .group_by("op", "kernel")
        .agg(pl.len().alias("launches"), pl.col("duration_ns").sum())
        .sort("duration_ns", "op", "kernel", descending=[True, False, False], nulls_last=True)
    )
    lines = [
        Line(label(op, shorten(kernel, 60)), (count, ns), shorten(kernel, 60) if op else "")
        for op, kernel, count, ns in by_kernel.head(_KERNELS).iter_rows()
    ]
    rest = by_kernel.slice(_KERNELS)
    if rest.height:
        sums = int(rest["launches"].sum()), int(rest["duration_ns"].sum())
        lines.append(Line(f"{rest.height} more", sums))
    columns = (("launches", "launches"), ("duration_ns", "time now"))
    return Table("kernel", columns, tuple(lines))


def spans(launch_ids: Sequence[int] | Ints) -> str:
    """Return launch ids as spans: `0–8, 12, 20–28`; a long list ends in how many more there are."""
    known = np.array(launch_ids, dtype=np.int64)
    if not known.size:
        return ""
    if (known[1:] <= known[:-1]).any():
        known = np.unique(known)
    begins = np.flatnonzero(np.diff(known, prepend=known[:1] - 2) != 1)
    ends = np.append(begins[1:], known.size)
    runs = zip(known[begins[:_SPANS]].tolist(), known[ends[:_SPANS] - 1].tolist(), strict=True)
    written = [str(a) if a == b else f"{a}–{b}" for a, b in runs]
    left = known.size - int(ends[:_SPANS][-1])
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
