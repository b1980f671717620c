"""What NVIDIA's own rules estimate of grids, weighted on the timeline of a trace that was joined
with a report.

A rule's estimate assumes that nothing else holds the launch, and estimates do not add up; every
finding is therefore `possible`, with a low end of 0. What bounds each is told in ``causes``.
"""

from __future__ import annotations

import polars as pl

from ncutool.advice.catalogue import rules
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.base import units
from ncutool.work.nvidia_rules import TAIL_EFFECT, tail_cap_pct


def drafts(context: Context, claimed: frozenset[int], told: frozenset[int] = frozenset()) -> Drafts:
    """Weight NVIDIA's estimates of grids by what the launches take on the timeline, where a trace
    carries a report's counters.

    Claims of others do not matter: a grid is as small whatever else is said of its launch; only
    launches that were ``told`` of by all of their counters are left alone.
    """
    rows = context.kernels.filter(
        pl.col("launch_rule").is_not_null()
        & (pl.col("launch_rule_speedup_pct") > 0)
        & (pl.col("duration_ns") > 0)
        & (pl.col("bound") != "communication")
        & ~pl.col("launch_id").is_in(list(told))
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
