"""What the counters of one launch say of each cause: how much of its time, and by which figures."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.kernels import stalls
from ncutool.advice.view.evidence import Value
from ncutool.base import units
from ncutool.base.nvidia import LOW_PCT
from ncutool.base.thresholds import Threshold
from ncutool.work.inside import Inside
from ncutool.work.kernel_facts import facts_of
from ncutool.work.limiting import MEMORY_LEVELS
from ncutool.work.nvidia_rules import TAIL_EFFECT, tail_cap_pct

LEAST_PCT = Threshold(5.0, "%", "estimates below this are noise of one measurement", JUDGED)
PIPE_POINTS = Threshold(
    0.5,
    "points",
    "a pipe this near the compute speed of light is the one that it is the speed of",
    "arithmetic: the speed of light is the largest of its parts",
)
GAP_PCT = Threshold(
    10.0,
    "points, and % of the theoretical occupancy",
    "achieved occupancy this far below it speaks of unequal work",
    "NVIDIA, rule file AchievedOccupancy that Nsight Compute ships",
)
STALL_PCT = Threshold(
    30.0,
    "% of the time between two instructions of a warp",
    "one reason to wait that takes as much is worth a look",
    "NVIDIA, rule file CPIStall that Nsight Compute ships",
)
LOW_OCCUPANCY_PCT = Threshold(
    80.0,
    "% of the warps that a multiprocessor holds",
    "a theoretical occupancy below it is what one would raise first",
    "NVIDIA, rule file Occupancy that Nsight Compute ships",
)
MOSTLY_LOCAL = Threshold(
    0.5,
    "share of the sectors that L1 is asked for",
    "with more of local memory, its layout is the compiler's: no access can be coalesced",
    "arithmetic: more than all the rest together",
)
_WARP = 32
"""Threads of a warp on every NVIDIA device."""
_SPECIALISED_FROM = (9, 0)
"""Kernels of the tensor cores part their warps into those that load and those that compute."""
_PRODUCTS = ("gemm", "attention", "convolution")


class Measured(NamedTuple):
    """What the counters of one launch say of a cause."""

    share: float
    """Of its time that may go at most, 0 to 1."""
    clause: str
    """One clause with its numbers."""
    values: tuple[Value, ...]
    """The same as values; the one that speaks for it first."""
    about: str = ""
    """What parts launches of one kernel and cause: the reason for which warps wait."""
    cap: str = ""
    """Why no more of its time may go, as a clause; empty where no more was counted."""


def least(metric: str, pct: float) -> Value:
    """Return a share that is large enough to be told of."""
    return Value(metric, pct, "%", ">=", float(LEAST_PCT))


def limits_known(row: Mapping[str, Any]) -> bool:
    """Whether both speeds of light of a launch are known, and not both 0 as of a failed one."""
    known = (row["sm_sol_pct"], row["memory_sol_pct"])
    return all(pct is not None and isfinite(pct) and pct >= 0 for pct in known) and any(known)


def busiest(row: Mapping[str, Any]) -> float:
    """Return the larger speed of light in percent."""
    return float(max(row["sm_sol_pct"], row["memory_sol_pct"]))


def _far(row: Mapping[str, Any]) -> Value:
    return Value("limiting_pct", busiest(row), "%", "<", float(LOW_PCT))


def uncoalesced(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure sectors that global accesses fetch beyond what they need."""
    excess, local = inside.global_excess, inside.local
    if excess is None or (local is not None and local.of_whole > MOSTLY_LOCAL):
        return None
    clause = (
        f"{units.count(int(excess.part))} of {units.count(int(excess.whole))} sectors are more "
        f"than its global accesses need, at {units.percent(row['memory_sol_pct'])} of the memory "
        "limit"
    )
    values = [
        least("excess_sectors_pct", 100 * excess.of_whole),
        Value("memory_sol_pct", row["memory_sol_pct"], "%"),
    ]
    if local is not None:
        values.append(Value("local_pct", 100 * local.of_whole, "%", "<", 100 * MOSTLY_LOCAL))
    return Measured(excess.of_whole, clause, tuple(values), cap="the other sectors are needed")


def shared(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure passes that conflicts of banks add."""
    excess = inside.shared_excess
    if excess is None:
        return None
    share = 100 * excess.of_whole
    clause = f"{units.percent(share)} of the passes through L1 are conflicts of shared accesses"
    return Measured(excess.of_whole, clause, (least("shared_excess_pct", share),))


def spills(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure sectors of local memory."""
    if inside.local is None:
        return None
    share = 100 * inside.local.of_whole
    clause = f"{units.percent(share)} of its sectors are of local memory"
    return Measured(inside.local.of_whole, clause, (least("local_pct", share),))


def lines(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure what requests leave unused of cache lines."""
    if inside.line_waste is None:
        return None
    used = units.percent(100 * (1 - inside.line_waste))
    clause = f"its requests use as little as {used} of a cache line"
    return Measured(inside.line_waste, clause, (least("unused_line_pct", 100 * inside.line_waste),))


def one_wave(row: Mapping[str, Any]) -> bool:
    """Whether its blocks do not fill the device once, so that its grid is what is wrong."""
    grid = [row[f"grid_{axis}"] for axis in "xyz"]
    alone = None not in grid and grid[0] * grid[1] * grid[2] <= 1
    return alone or row["bound"] == "small_grid" or (row["waves"] is not None and row["waves"] < 1)


def product(row: Mapping[str, Any]) -> bool:
    """Whether a launch is a matrix product, by its operator or by its name."""
    return row["family"] == "gemm" or bool(facts_of(row["kernel_full"]).names_product)


def specialised(row: Mapping[str, Any], inside: Inside) -> str | None:
    """Return why the number of warps says nothing of a launch, as a clause; None where it may.

    From compute capability 9.0 on, warps of a product load for others that compute: few and large
    blocks are meant so. Whether tensor cores worked is not counted everywhere.
    """
    version = stalls.version(row["compute_capability"])
    if version is None or version < _SPECIALISED_FROM:
        return None
    if row["tensor_flop"] or (inside.stall is not None and inside.stall.reason == "gmma"):
        return "its warps share out loading and tensor work, for which few are meant to do"
    if row["tensor_flop"] is None and (row["family"] in _PRODUCTS or product(row)):
        return "whether its warps share out loading and tensor work, it cannot be told"
    return None


def occupancy(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure room for more warps, where their number can be what is missing."""
    theoretical = inside.theoretical_occupancy_pct
    if theoretical is None or theoretical >= LOW_OCCUPANCY_PCT or theoretical <= 0:
        return None
    if one_wave(row) or stalls.hidden(inside) is not None or specialised(row, inside) is not None:
        return None
    limit = busiest(row)
    by = f", limited by {' and '.join(inside.limited_by)}" if inside.limited_by else ""
    clause = (
        f"theoretical occupancy is {units.percent(theoretical)}{by}, and neither limit is used "
        f"above {units.percent(limit)}"
    )
    low = Value("occupancy_theoretical_pct", theoretical, "%", "<", float(LOW_OCCUPANCY_PCT))
    share = max(min(1 - limit / LOW_PCT, 1 - theoretical / 100), 0.0)
    cap = (
        f"warps are missing to {units.percent(100 - theoretical)}"
        if 100 - theoretical < 100 * (1 - limit / LOW_PCT)
        else f"more warps would use its busier limit, {units.percent(limit)}, up to {LOW_PCT:g} %"
    )
    values = (low, _far(row), *issuing(inside))
    return Measured(share, clause, values, " ".join(inside.limited_by), cap)


def issuing(inside: Inside) -> tuple[Value, ...]:
    """Return how often schedulers issue, where that is known to be seldom."""
    if inside.issue_active is None:
        return ()
    seldom = 100 * stalls.HIDDEN_ISSUE
    return (Value("issue_active_pct", 100 * inside.issue_active, "%", "<", seldom),)


def achieved(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure warps that were not there though there was room."""
    theoretical, had = inside.theoretical_occupancy_pct, inside.achieved_occupancy_pct
    if not theoretical or had is None or one_wave(row) or theoretical - had < GAP_PCT:
        return None
    gap = 1 - had / theoretical
    if 100 * gap < GAP_PCT:
        return None
    clause = (
        f"achieved occupancy is {units.percent(had)} of a theoretical {units.percent(theoretical)}"
    )
    most = theoretical - max(float(GAP_PCT), GAP_PCT * theoretical / 100)
    value = Value("occupancy_achieved_pct", had, "%", "<", most)
    values = (value, Value("occupancy_theoretical_pct", theoretical, "%"))
    return Measured(gap, clause, values, cap="the rest of the warps that fit were there")


def unequal_work(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure multiprocessors, schedulers or first-level caches that work longer than others."""
    return _imbalance(row, inside, of_memory=False)


def unequal_memory(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure slices of the memory that work longer than others."""
    return _imbalance(row, inside, of_memory=True)


def _imbalance(row: Mapping[str, Any], inside: Inside, *, of_memory: bool) -> Measured | None:
    most = inside.imbalance
    if most is None or most.of_memory != of_memory or one_wave(row) or not isfinite(most.share):
        return None
    share = 100 * most.share
    clause = f"some {most.units} work longer than others: {units.percent(share)} of its time"
    return Measured(most.share, clause, (least("imbalance_pct", share),))


def waits(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure what warps wait for most."""
    if inside.stall is None:
        return None
    share = inside.stall.share
    clause = f"{units.percent(100 * share)} of the time between two instructions is "
    clause += inside.stall.name
    told = Value("stall_top_pct", 100 * share, "%", ">=", float(STALL_PCT))
    if inside.issue_active is None:
        return Measured(share, clause, (told,), inside.stall.reason)
    issue = units.percent(100 * inside.issue_active)
    clause += f", and schedulers issue in {issue} of the cycles"
    left = max(1 - inside.issue_active, 0.0)
    cap = f"schedulers issue in the other {issue} of the cycles" if left < share else ""
    return Measured(min(share, left), clause, (told, *issuing(inside)), inside.stall.reason, cap)


def issue_slots(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure cycles in which no scheduler issues."""
    if inside.issue_active is None or inside.stall is None:
        return None
    clause = f"schedulers issue in {units.percent(100 * inside.issue_active)} of the cycles"
    share = max(1 - inside.issue_active, 0.0)
    cap = "schedulers issue in the other cycles"
    return Measured(share, clause, issuing(inside), inside.stall.reason, cap)


def unfused(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure multiplications and additions that one instruction could do."""
    gain = inside.unfused.get(row["dtype"] or "")
    if gain is None:
        return None
    clause = (
        f"fused instructions could raise its {row['dtype'].upper()} rate by up to "
        f"{units.percent(100 * gain)}"
    )
    return Measured(gain / (1 + gain), clause, (least("fusible_pct", 100 * gain),))


def divergence(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure threads that do nothing while others of their warp do."""
    threads = inside.threads_active
    if threads is None or threads <= 0:
        return None
    clause = f"{units.significant(threads)} of {_WARP} threads of a warp are active on average"
    enough = _WARP * (1 - LEAST_PCT / 100)
    value = Value("threads_per_instruction", threads, "threads", "<", enough)
    return Measured(max(1 - threads / _WARP, 0.0), clause, (value,))


def fp64(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    """Measure double precision whose pipe is what the compute speed of light is the speed of."""
    ratio, pipe = row["fp32_to_fp64"], inside.fp64_pipe_pct
    if row["dtype"] != "fp64" or row["tensor_flop"] or not ratio or ratio <= 1 or pipe is None:
        return None
    if row["limiting_level"] in MEMORY_LEVELS or pipe < row["sm_sol_pct"] - PIPE_POINTS:
        return None
    clause = (
        f"its FP64 pipe is {units.percent(pipe)} busy, the most of all, and FP32 is "
        f"{units.significant(ratio)} times as fast on this device"
    )
    busy = Value("fp64_pipe_pct", pipe, "%", ">=", row["sm_sol_pct"] - PIPE_POINTS)
    values = (busy, Value("fp32_to_fp64", ratio, "", ">", 1.0))
    cap = f"FP32 is {units.significant(ratio)} times as fast, no more"
    return Measured(1 - 1 / ratio, clause, values, cap=cap)


def tail(row: Mapping[str, Any], _: Inside) -> Measured | None:
    """Measure a last wave of blocks that fills part of the device."""
    cap = tail_cap_pct(row["waves"])
    if row["launch_rule"] != TAIL_EFFECT or cap is None or row["waves"] <= 1:
        return None
    nvidias = row["launch_rule_speedup_pct"]
    clause = (
        f"{units.significant(row['waves'])} waves of blocks take as long as a whole number of "
        f"them: at most {units.percent(cap)}"
    )
    values = (least("last_wave_pct", cap), Value("waves", row["waves"], "waves", ">", 1.0))
    whole = "equal blocks would take as long as their own number of waves, not a whole one"
    if nvidias is None:
        return Measured(cap / 100, clause, values, cap=whole)
    clause += f" (NVIDIA estimates {units.percent(nvidias)})"
    whole = whole if cap <= nvidias else "NVIDIA's rule estimates no more"
    return Measured(min(cap, nvidias) / 100, clause, values, cap=whole)


def block_size(row: Mapping[str, Any], _: Inside) -> Measured | None:
    """Measure threads that the last warp of every block lacks."""
    sizes = [row[f"block_{axis}"] for axis in "xyz"]
    if None in sizes:
        return None
    threads = sizes[0] * sizes[1] * sizes[2]
    warps = -(-threads // _WARP)
    unused = 1 - threads / (warps * _WARP) if warps > 0 else 0.0
    clause = f"blocks of {threads} threads leave part of the last of {warps} warps empty"
    values = (least("empty_threads_pct", 100 * unused), Value("block_threads", threads, "threads"))
    return Measured(unused, clause, values)
