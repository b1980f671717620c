"""The verdict: one sentence with numbers that a colleague understands without the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool import units

if TYPE_CHECKING:
    from ncutool.advice.finding import Finding
    from ncutool.coverage import Coverage
    from ncutool.timeline import Timeline

_WORDS = {
    "compute": "compute-bound",
    "memory": "memory-bound",
    "balanced": "balanced between compute and memory",
    "latency": "far from both limits (latency-bound)",
    "small_grid": "too small to fill the device",
    "cache": "served from cache",
    "communication": "communication",
    "copy": "copies",
    "unknown": "not understood",
}


def write(
    kernels: pl.DataFrame,
    coverage: Coverage,
    window: Timeline | None,
    findings: tuple[Finding, ...],
) -> str:
    """One sentence: what holds the capture, and the most that is worth doing about it."""
    if coverage.duration_ns == 0:
        return f"{coverage.launches} launches, none with a recorded duration."
    state = _state(kernels, coverage, window)
    top = next((f for f in findings if f.saving_high_ns > 0), None)
    if top is None:
        return f"{state}; nothing to fuse, batch or graph stands out."
    if top.saving_low_ns == 0:
        amount = f"up to {units.time(top.saving_high_ns)} ({units.percent(top.saving_high_pct)})"
    else:
        amount = (
            f"{units.time_range(top.saving_low_ns, top.saving_high_ns)} "
            f"({units.percent_range(top.saving_low_pct, top.saving_high_pct)})"
        )
    return f"{state}. To do first: {top.title}, which saves {amount}."


def _state(kernels: pl.DataFrame, coverage: Coverage, window: Timeline | None) -> str:
    if window is not None and window.wall_ns > 0:
        idle_pct = 100 * window.idle_ns / window.wall_ns
        if idle_pct >= 50:
            return (
                f"The GPU waits {idle_pct:.0f} % of {units.time(window.wall_ns)}"
                f"{_main_cause(window)}"
            )
    by_bound = (
        kernels.group_by("bound")
        .agg(pl.col("duration_ns").sum())
        .sort("duration_ns", "bound", descending=[True, False])
    )
    name, amount = by_bound.row(0)
    share = 100 * amount / coverage.duration_ns
    return f"{share:.0f} % of {units.time(coverage.duration_ns)} of GPU time is {_WORDS[name]}"


def _main_cause(window: Timeline) -> str:
    causes = (
        window.gaps.group_by("cause")
        .agg(pl.col("duration_ns").sum())
        .sort("duration_ns", "cause", descending=[True, False])
    )
    if causes.is_empty():
        return ""
    cause = str(causes["cause"][0]).replace("_", " ")
    share = 100 * int(causes["duration_ns"][0]) / window.idle_ns
    return f", {share:.0f} % of that for {cause}"
