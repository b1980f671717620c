"""What holds a capture, how much of it is understood, and where it ran, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis import display_names
from ncutool.analysis.where_time_goes import IDLE
from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.devices import several
from ncutool.roofline.reasons import LEVEL_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.judged import Judged
    from ncutool.analysis.where_time_goes import Shares
    from ncutool.devices.several import Kind
    from ncutool.roofline.coverage import Coverage
    from ncutool.timeline.window import Timeline

_MOSTLY_IDLE = Threshold(
    50.0,
    "%",
    "from this share of waiting on, the wait is the state, not what the kernels are bound by",
    "judgement: more than half of the time",
)


def write(analysis: Judged) -> str:
    """Return what holds most of the time, how much of it is understood, and on which devices.

    Nothing of launches without a duration, nor of a window in which none of them takes any time.
    """
    coverage = analysis.coverage
    if coverage.duration_ns == 0 or not analysis.shares.parts:
        return ""
    held = _state(analysis.figures, analysis.shares, analysis.timeline)
    return f"{held}{_understood(coverage)}{_where(analysis.device_kinds)}"


def _understood(coverage: Coverage) -> str:
    """Return how much of the launch time is understood, where that is not all of it."""
    if coverage.understood_pct is None or coverage.understood_pct >= 100:
        return ""
    return f" {units.percent(coverage.understood_pct)} of launch time is understood."


def _where(kinds: Sequence[Kind]) -> str:
    """Return on how many devices the launches ran, and on which, where they are several."""
    if sum(len(kind.ordinals) for kind in kinds) < 2:
        return ""
    listed = ", ".join(f"{len(kind.ordinals)} × {kind.name}" for kind in kinds)
    return f" The launches ran on {several.counted(kinds)}: {listed}."


def _who_waits(window: Timeline) -> str:
    """Return who waits, and how much of the window: of several devices, each."""
    if len(window.devices) < 2:
        return f"The GPU waits {units.percent(100 * window.idle_ns / window.wall_ns)}"
    shares = sorted(100 * part.idle_ns / window.wall_ns for part in window.devices)
    return f"Each of {len(shares)} GPUs waits {units.percent_range(shares[0], shares[-1])}"


def _state(kernels: pl.DataFrame, shares: Shares, window: Timeline | None) -> str:
    if window is not None and window.wall_ns > 0:
        idle_pct = 100 * window.idle_ns / window.wall_ns
        if idle_pct >= _MOSTLY_IDLE:
            causes = window.idle_by_cause()
            cause = max(causes, key=lambda name: causes[name])
            return (
                f"{_who_waits(window)} of the time, most of it: {display_names.GAP_CAUSES[cause]}."
            )
    most = max((part for part in shares.parts if part.kind != IDLE), key=lambda part: part.ns)
    time = "wall time" if shares.of_wall else "launch time"
    count = len(window.devices) if window is not None else 1
    of = f" of each of {count} GPUs on average" if count > 1 else ""
    whole = f"{units.time(shares.base_ns)} {time}{of}"
    held = f"{_WORDS[most.kind]}{_level(kernels, most.kind)}"
    return f"{units.percent(most.pct)} of {whole} is {held}."


def _level(kernels: pl.DataFrame, bound: str) -> str:
    """Return the memory level or the pipe that holds most of the time under a bound, in words."""
    named = pl.coalesce("limiting_detail", "limiting_level").alias("limiting_level")
    held_by_it = kernels.filter(pl.col("bound") == bound).with_columns(named)
    amount = int(held_by_it["duration_ns"].sum())
    by_level = (
        held_by_it.filter(pl.col("limiting_level").is_not_null())
        .group_by("limiting_level")
        .agg(pl.col("duration_ns").sum())
        .sort("duration_ns", "limiting_level", descending=[True, False])
    )
    if by_level.is_empty() or 2 * by_level["duration_ns"][0] <= amount:
        return ""
    level, held = by_level.row(0)
    most = "" if held == amount else "most of it "
    return f", {most}by {LEVEL_WORDS.get(level, f'the {level} pipe')}"


_WORDS = {
    **display_names.BOUNDS,
    "latency": "latency-bound: far from both limits",
    "below_memory_roof": "below the memory roof: under 60 % of bandwidth, and what holds it is not "
    "recorded",
    "below_compute_roof": "below the compute roof: under 60 % of the peak, and what holds it is "
    "not recorded",
    "communication": "communication between devices",
    "small_grid": "in grids too small to fill the device",
    "unknown": "held by nothing that the capture shows",
}
