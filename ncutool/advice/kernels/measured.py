"""What a joined report knows of the inside of a trace's kernels, weighted by the real timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.advice.kernels import candidates, decide, fill, reuse
from ncutool.advice.kernels.decide import Decided
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.base import units
from ncutool.work import inside
from ncutool.work.inside import Inside

if TYPE_CHECKING:
    from ncutool.advice.view.context import Context
    from ncutool.inside.hot import Hot
    from ncutool_parsers.capture import Capture

_OF_GRIDS = (fill.FEW, fill.SHORT, "tune-tail")
"""Causes of a report's launch that are told by the rows of the trace itself."""


class JoinedReport(Struct, frozen=True):
    """A report that was joined to a trace."""

    capture: Capture
    kernels: pl.DataFrame
    """:data:`ncutool.base.tables.KERNELS` of the report."""
    sources: Mapping[int, tuple[int, ...]]
    """By launch of the trace, those of the report that speak for it."""
    sampled: Mapping[int, Hot]


def drafts(view: Context, report: JoinedReport | None) -> Drafts:
    """Advise on the cause of each launch of which a report was joined, one a launch."""
    apart = reuse.drafts(view)
    if report is None:
        return apart
    told = view.trials | {launch_id for draft in apart.drafts for launch_id in draft.launches}
    rows = report.kernels.filter(pl.col("error").is_null() & (pl.col("duration_ns") > 0)).to_dicts()
    insides = inside.of_capture(report.capture)
    decided = {
        one.row["launch_id"]: one
        for one in decide.of_launches(rows, report.capture.rules, insides)
        if one.cause.cause not in _OF_GRIDS
    }
    groups: dict[tuple[str, str, str], list[Decided]] = {}
    for launch_id, duration in view.kernels.select("launch_id", "duration_ns").iter_rows():
        one = _agreed([decided.get(source) for source in report.sources.get(launch_id, ())])
        if one is None or launch_id in told or not duration:
            continue
        here = _here(one, launch_id, duration)
        groups.setdefault(here.key, []).append(here)
    made = tuple(_draft(view, group, insides, report) for group in groups.values())
    return replace(apart, drafts=(*apart.drafts, *made))


def _agreed(sources: list[Decided | None]) -> Decided | None:
    """Return what all launches that speak for one have as their cause, of them the largest; None
    where they differ, or nothing is known of one."""
    known = [one for one in sources if one is not None]
    if not known or len(known) < len(sources) or len({one.key for one in known}) > 1:
        return None
    return max(known, key=lambda one: one.cause.share)


def _here(one: Decided, launch_id: int, duration_ns: int) -> Decided:
    """Return what a report says of a launch, of a launch of the trace and its time there."""
    row = one.row | {"traced_id": launch_id, "duration_ns": duration_ns}
    return one._replace(row=row)


def _draft(
    view: Context, group: list[Decided], insides: Mapping[int, Inside], report: JoinedReport
) -> Draft:
    made = candidates.of_decided(
        group, view.wall_ns, insides, report.sampled, of=f" of {report.capture.name}"
    )
    most = max(group, key=lambda one: one.saved_ns).row["traced_id"]
    floor = view.latency_ns
    now = tuple(one.row["duration_ns"] for one in group)
    best = tuple(max(ns - saved, min(ns, floor)) for ns, saved in zip(now, made.saved, strict=True))
    count = units.counted(len(group), "launch")
    first = (
        f"{made.rows[0]['kernel']}: {count} that take {view.summed(sum(now))} of this trace; "
        f"{report.capture.name} holds counters of them."
    )
    return Draft(
        rule=made.rule,
        title=made.title,
        grade="possible",
        launches=tuple(one.row["traced_id"] for one in group),
        best=best,
        worst=now,
        evidence=(first, *made.evidence[1:]),
        remedy=made.remedy,
        caveat="Nsight Compute runs each launch alone, with cold caches and locked clocks: on the "
        "timeline the cause may weigh less.",
        action=made.action,
        todo=made.todo,
        why=made.why,
        lead=3,
        figures=tuple(replace(one, launch_id=most) for one in made.figures),
        cap=made.cap,
        also=made.also,
        excluded=tuple(replace(one, launch_id=most) for one in made.excluded),
    )
