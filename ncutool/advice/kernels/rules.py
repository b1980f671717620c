"""What NVIDIA's own rules estimate: of a report's launches, and weighted on a trace's timeline.

A rule's estimate assumes that nothing else holds the launch, and estimates do not add up; every
finding is therefore `possible`, with a low end of 0. What bounds each is told in ``causes``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from ncutool.advice.catalogue import rules
from ncutool.advice.kernels import stalls
from ncutool.advice.kernels.causes import Estimate, estimates
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import LINE, Draft, Drafts
from ncutool.base import units
from ncutool.work.inside import Inside
from ncutool.work.nvidia_rules import TAIL_EFFECT, tail_cap_pct

if TYPE_CHECKING:
    from ncutool.inside.hot import Hot


class Candidate(NamedTuple):
    """A finding of a report before its saving is cut to what others leave."""

    rule: str
    """Its code in the catalogue."""
    title: str
    rows: list[dict[str, Any]]
    """Launches, of :data:`ncutool.base.tables.KERNELS`."""
    saved: list[int]
    """What each would save at most, ns."""
    evidence: tuple[str, ...]
    remedy: str
    why: str = ""
    """One line of evidence; empty where the first of it is short enough."""
    action: str = ""
    """What to do in a few words; the rule's where empty."""
    todo: str = ""
    """What to do on one line; the rule's where empty."""

    @property
    def launches(self) -> tuple[int, ...]:
        """Return the launch_id of each launch that the rule printed for."""
        return tuple(row["launch_id"] for row in self.rows)

    @property
    def duration_ns(self) -> int:
        """What they take together now."""
        return sum(row["duration_ns"] for row in self.rows)


def of_report(
    rows: Sequence[dict[str, Any]],
    messages: pl.DataFrame,
    insides: Mapping[int, Inside],
    sampled: Mapping[int, Hot] | None = None,
) -> list[Candidate]:
    """Return one candidate for each cause and kernel, from what the report's rules printed and from
    its counters.

    Args:
        rows: launches with a duration, of :data:`ncutool.base.tables.KERNELS`.
        messages: :data:`ncutool_parsers.schema.RULES` of the report; may be empty.
        insides: what the counters of each launch say, by launch_id.
        sampled: where the warps of each launch were found, by launch_id.
    """
    printed: dict[int, list[dict[str, Any]]] = {}
    for message in messages.to_dicts():
        printed.setdefault(message["launch_id"], []).append(message)
    groups: dict[tuple[str, str], list[tuple[dict[str, Any], Estimate]]] = {}
    for row in rows:
        launch_id = row["launch_id"]
        told = estimates(row, printed.get(launch_id, []), insides.get(launch_id, Inside()))
        for estimate in _largest(told):
            key = (estimate.cause, row["kernel_full"])
            groups.setdefault(key, []).append((row, estimate))
    window = sum(row["duration_ns"] for row in rows)
    found = []
    for (cause, _), group in sorted(groups.items()):
        candidate = _candidate(cause, group, window)
        if cause == "tune-stalls":
            candidate = _with_place(candidate, insides, sampled or {})
        found.append(candidate)
    return found


def _with_place(
    candidate: Candidate, insides: Mapping[int, Inside], sampled: Mapping[int, Hot]
) -> Candidate:
    """Return a candidate on waiting warps with where they wait, and what shortens that wait on its
    architecture: of the launch that would save most."""
    most, _ = max(
        zip(candidate.rows, candidate.saved, strict=True),
        key=lambda one: (one[1], -one[0]["launch_id"]),
    )
    stall = insides[most["launch_id"]].stall
    remedy = None if stall is None else stalls.REMEDIES.get(stall.reason)
    if stall is None or remedy is None:
        return candidate
    place = stalls.where(sampled.get(most["launch_id"]))
    return candidate._replace(
        title=f"{candidate.title}: {remedy.words}",
        evidence=(*candidate.evidence[:2], *([place] if place else []), *candidate.evidence[2:]),
        remedy=stalls.remedy_for(stall.reason, most["compute_capability"]),
        action=remedy.action,
        todo=remedy.todo,
    )


def _largest(told: Sequence[Estimate]) -> list[Estimate]:
    """Return the largest estimate of each cause: several of one cause are about the same time."""
    largest: dict[str, Estimate] = {}
    for one in told:
        kept = largest.get(one.cause)
        largest[one.cause] = one if kept is None or one.share > kept.share else kept
    return list(largest.values())


def _candidate(
    cause: str, group: Sequence[tuple[dict[str, Any], Estimate]], window: int
) -> Candidate:
    rows = [row for row, _ in group]
    time = sum(row["duration_ns"] for row in rows)
    worst, most = max(group, key=lambda one: (one[1].share, -one[0]["launch_id"]))
    name, rule = rows[0]["kernel"], rules()[cause]
    where = f" (launch {worst['launch_id']})" if len(rows) > 1 else ""
    capped = f" Of that, {most.capped}." if most.capped else ""
    return Candidate(
        rule=rule.name,
        title=rule.title.format(name),
        rows=rows,
        saved=[int(row["duration_ns"] * estimate.share) for row, estimate in group],
        evidence=(
            f"{name}: {units.counted(len(rows), 'launch')}, {units.time(time)} "
            f"({units.percent(100 * time / window)} of all launch time).",
            f"Most of all{where}: {most.clause}.{capped}",
            "The estimate assumes that nothing else holds the launch, and estimates of several "
            "rules do not add up.",
        ),
        remedy=rule.remedy,
        why=_why(rows, time, most),
    )


def _why(rows: Sequence[dict[str, Any]], time: int, most: Estimate) -> str:
    """Return one line on how long they take and what the counters say; what makes it too long is
    left to the evidence."""
    clause = most.clause.partition("; NVIDIA's rule")[0].partition(" (NVIDIA estimates")[0]
    line = f"{units.counted(len(rows), 'launch')} of {units.time(time)}; {clause}"
    while len(line) >= LINE and ", " in line:
        line = line.rpartition(", ")[0]
    return f"{line}."


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Weight NVIDIA's estimates of grids by what the launches take on the timeline, where a trace
    carries a report's counters.

    Claims of others do not matter: a grid is as small whatever else is said of its launch.
    """
    rows = context.kernels.filter(
        pl.col("launch_rule").is_not_null()
        & (pl.col("launch_rule_speedup_pct") > 0)
        & (pl.col("duration_ns") > 0)
        & (pl.col("bound") != "communication")
    )
    return Drafts(
        tuple(
            _draft(context, nvidias, rows.filter(pl.col("launch_rule") == nvidias))
            for nvidias in sorted(rows["launch_rule"].unique())
        )
    )


def _draft(context: Context, nvidias: str, rows: pl.DataFrame) -> Draft:
    rows = rows.with_columns(pl.Series("at_most_pct", _at_most(nvidias, rows)))
    now = tuple(rows["duration_ns"].to_list())
    floor = context.latency_ns
    best = tuple(
        max(ns - int(ns * pct / 100), min(ns, floor))
        for ns, pct in zip(now, rows["at_most_pct"], strict=True)
    )
    kernels = (
        rows.group_by("kernel")
        .agg(pl.len(), pl.col("duration_ns").sum(), pl.col("at_most_pct").max())
        .sort(["duration_ns", "kernel"], descending=[True, False])
    )
    listed = "; ".join(
        f"{count:,} × {name}, {units.time(ns)}, up to {units.percent(pct)}"
        for name, count, ns, pct in kernels.head(3).iter_rows()
    )
    tail = nvidias == TAIL_EFFECT
    saved = sum(now) - sum(best)
    return Draft(
        rule="tune-tail" if tail else "tune-few-blocks",
        title="Avoid partial last waves of blocks" if tail else "",
        grade="possible",
        launches=tuple(rows["launch_id"].to_list()),
        best=best,
        worst=now,
        why=f"{units.counted(len(now), 'launch')} that take {context.summed(sum(now))}: "
        f"NVIDIA's rule {nvidias} applies.",
        evidence=(
            f"By the report's counters NVIDIA's rule {nvidias} applies to "
            f"{units.counted(len(now), 'launch')} that take {context.summed(sum(now))} "
            f"of this trace: {listed}.",
            "Its estimates, weighted by the real durations and no launch below "
            f"{units.time(floor)}, come to {context.summed(saved)}.",
        ),
        link=rules()["tune-few-blocks"].link,
        lead=3,
    )


def _at_most(nvidias: str, rows: pl.DataFrame) -> list[float]:
    """Return what may go of each launch in percent: NVIDIA's estimate, and of a partial wave no
    more than its waves allow."""
    capped = []
    for pct, waves in rows.select("launch_rule_speedup_pct", "waves").iter_rows():
        cap = tail_cap_pct(waves) if nvidias == TAIL_EFFECT else None
        capped.append(min(pct, 100.0 if cap is None else cap))
    return capped
