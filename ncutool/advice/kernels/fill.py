"""Launches of a report that are short of blocks, or short of work many times over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from ncutool.advice.kernels.causes import Estimate
from ncutool.advice.kernels.measures import LEAST_PCT
from ncutool.advice.kernels.unseen import SHORT_NS
from ncutool.advice.view.evidence import Value
from ncutool.base import units
from ncutool.base.nvidia import LOW_PCT
from ncutool.base.thresholds import IntThreshold

REPEATS = IntThreshold(
    8, "launches", "of one kernel so short are worth joining",
    "judgement, tried on the reports of the corpus",
)  # fmt: skip
FEW, SHORT = "batch-few-blocks", "batch-short-launches"
_IDLE = ("latency", "small_grid")


def estimates(rows: Sequence[dict[str, Any]]) -> dict[int, Estimate]:
    """Return what filling the device saves at most, by launch_id.

    Args:
        rows: launches with a duration, of :data:`ncutool.base.tables.KERNELS`.
    """
    groups: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    for row in rows:
        small = row["bound"] == "small_grid"
        short = small or row["duration_ns"] < SHORT_NS
        if row["bound"] in _IDLE and short and _limit_pct(row) is not None:
            groups.setdefault((row["kernel_full"], small), []).append(row)
    found = {}
    for (_, small), group in groups.items():
        if small or len(group) >= REPEATS:
            for row in group:
                one = _few(row) if small else _short(row, len(group))
                if 100 * one.share >= LEAST_PCT:
                    found[row["launch_id"]] = one
    return found


def _limit_pct(row: Mapping[str, Any]) -> float | None:
    """Return the higher of the two speeds of light in percent; None where neither is recorded."""
    known = [row[name] for name in ("sm_sol_pct", "memory_sol_pct") if row[name] is not None]
    return max(known) if known and all(isfinite(pct) and pct >= 0 for pct in known) else None


def _room(row: Mapping[str, Any]) -> tuple[float, Value, str]:
    """Return what a launch gains beside others until one limit reaches `LOW_PCT`: the share of its
    time, the limit, and why no more."""
    limit = _limit_pct(row) or 0.0
    share = 1 - min(limit / LOW_PCT, 1.0)
    value = Value("limiting_pct", limit, "%", "<", float(LOW_PCT), row["launch_id"])
    cap = f"others beside it would share its busier limit, {units.percent(limit)}, up to "
    return share, value, f"{cap}{LOW_PCT:g} %"


def _few(row: Mapping[str, Any]) -> Estimate:
    """Return the estimate for one launch with fewer blocks than fill the device: at most the share
    that NVIDIA's rule Small Grid names."""
    share, limit, cap = _room(row)
    nvidias = row["launch_rule_speedup_pct"] if row["launch_rule"] == "Small Grid" else None
    if nvidias is not None and nvidias / 100 < share:
        share, cap = nvidias / 100, (
            f"{units.percent(nvidias)} of the multiprocessors are without a block"
        )  # fmt: skip
    values = [limit]
    clause = f"it reaches at most {units.percent(limit.value)} of either limit"
    if row["waves"] is not None:
        values.insert(0, Value("waves", row["waves"], "waves", "<", 1.0, row["launch_id"]))
        clause = f"{units.significant(row['waves'], 2)} waves of blocks: {clause}"
    return Estimate(FEW, max(share, 0.0), clause, "", tuple(values), "", cap)


def _short(row: Mapping[str, Any], launches: int) -> Estimate:
    share, limit, cap = _room(row)
    values = (
        Value("duration_ns", row["duration_ns"], "ns", "<", int(SHORT_NS), row["launch_id"]),
        Value("launches", launches, "launches", ">=", int(REPEATS), row["launch_id"]),
        limit,
    )
    clause = f"it is one of {launches} launches as short, far from both limits"
    return Estimate(SHORT, max(share, 0.0), clause, "", values, "", cap)
