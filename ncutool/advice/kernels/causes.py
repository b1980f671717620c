"""What may make one launch of a report take longer than it must, and what ending it saves at most.

NVIDIA's rules name the causes, by their identifiers; the counters that they rest on give the size.
Sentences of a report are never read. Where the report prints an estimate it is the most that is
believed, 0 % included, and only as far as the counters support it: an estimate without them, or
beyond them, is a glitch of one measurement. What changes neither traffic nor arithmetic cannot make
a launch shorter than the work of its busiest limit takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.kernels import stalls
from ncutool.base import units
from ncutool.base.nvidia import LOW_PCT
from ncutool.base.thresholds import Threshold
from ncutool.work.inside import Inside
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
    "% of the theoretical occupancy",
    "achieved occupancy this far below it speaks of unequal work",
    "NVIDIA, rule file AchievedOccupancy that Nsight Compute ships",
)
STALL_PCT = Threshold(
    30.0,
    "% of the time between two instructions of a warp",
    "one reason to wait that takes as much is worth a look",
    "NVIDIA, rule file CPIStall that Nsight Compute ships",
)
MOSTLY_LOCAL = Threshold(
    0.5,
    "share of the sectors that L1 is asked for",
    "with more of local memory, its layout is the compiler's: no access can be coalesced",
    "arithmetic: more than all the rest together",
)
_ADVICE = ("optimization", "warning")
"""Severities by which a rule advises something."""
_WARP = 32
"""Threads of a warp on every NVIDIA device."""
Spared = Literal["nothing", "traffic", "arithmetic"]
"""What ending a cause leaves less of; the rest of a launch's limits stays as busy as it is."""


class Cause(NamedTuple):
    """What several rules of NVIDIA's are about."""

    code: str
    """The rule of the catalogue."""
    rules: tuple[str, ...]
    """Identifiers of NVIDIA's rules; none for what counters alone tell."""
    spares: Spared
    measure: Callable[[Mapping[str, Any], Inside], Measured | None]
    """What counters say of it; None where they say nothing."""
    holds: Callable[[Mapping[str, Any]], bool]
    """Whether counters alone, without a printed estimate, speak for it in such a launch."""


class Measured(NamedTuple):
    """What the counters of one launch say of a cause."""

    share: float
    """Of its time that may go at most, 0 to 1."""
    clause: str
    """One clause with its numbers."""


class Estimate(NamedTuple):
    """What may go of one launch's time, of one cause."""

    cause: str
    """Its code in the catalogue."""
    share: float
    """Of its time that may go at most, 0 to 1."""
    clause: str
    """One clause with its numbers."""
    capped: str
    """What bounds it, as a clause; empty where its own size does."""


def estimates(
    row: Mapping[str, Any], printed: Sequence[Mapping[str, Any]], inside: Inside
) -> list[Estimate]:
    """Return what may go of one launch, at most one estimate a cause.

    Args:
        row: of :data:`ncutool.base.tables.KERNELS`.
        printed: what NVIDIA's rules printed of it, rows of :data:`ncutool_parsers.schema.RULES`.
        inside: what its counters say.
    """
    if row["sm_sol_pct"] is None or row["memory_sol_pct"] is None:
        return []  # nothing bounds what an estimate may promise
    every = (_estimate(row, printed, inside, cause) for cause in CAUSES)
    found = [one for one in every if one is not None and 100 * one.share >= LEAST_PCT]
    waits = _only_waiting(row, printed, inside)
    explaining = max((one.share for one in found if one.cause in _MAKE_WAIT), default=0.0)
    return [*found, *(one for one in waits if one.share > explaining)]


_MAKE_WAIT = ("tune-uncoalesced", "tune-shared-memory", "tune-spills", "tune-cache-lines",
              "tune-occupancy")  # fmt: skip
"""Causes that make warps wait: as far as they go, they say more of what to do."""


def _only_waiting(
    row: Mapping[str, Any], printed: Sequence[Mapping[str, Any]], inside: Inside
) -> list[Estimate]:
    """Return what a launch waits for, where it is far from both limits and its schedulers have
    nothing else to issue."""
    if row["bound"] != "latency" or inside.stall is None or 100 * inside.stall.share < STALL_PCT:
        return []
    if stalls.hidden(inside) is not None:
        return []
    waits = Cause("tune-stalls", ("CPIStall",), "nothing", _waits, _always)
    one = _estimate(row, printed, inside, waits)
    return [one] if one is not None and 100 * one.share >= LEAST_PCT else []


def left_share(row: Mapping[str, Any], spares: Spared) -> float:
    """Return the share of a launch's time that its limits leave to a cause, 0 to 1."""
    compute, memory = float(row["sm_sol_pct"]) / 100, float(row["memory_sol_pct"]) / 100
    busy = {"nothing": max(compute, memory), "traffic": compute, "arithmetic": memory}[spares]
    return max(1 - busy, 0.0)


def _estimate(
    row: Mapping[str, Any], printed: Sequence[Mapping[str, Any]], inside: Inside, cause: Cause
) -> Estimate | None:
    measured = cause.measure(row, inside)
    if measured is None:
        return None
    given = [
        message
        for message in printed
        if _is_of(cause, message["rule"])
        and message["speedup_pct"] is not None
        and (message["severity"] in _ADVICE or message["speedup_pct"] == 0)
    ]
    if given:
        most = max(given, key=lambda message: message["speedup_pct"])
        share = min(most["speedup_pct"] / 100, measured.share)
        of_what = "" if most["speedup_kind"] != "local" else " of the unit that it looks at"
        estimate = units.percent(most["speedup_pct"])
        clause = f"{measured.clause}; NVIDIA's rule {most['rule']} estimates {estimate}{of_what}"
    elif not cause.holds(row):
        return None
    else:
        share, clause = measured.share, measured.clause
    left = left_share(row, cause.spares)
    capped = ""
    if left < share:
        limit = "its busiest limit" if cause.spares == "nothing" else "its other limit"
        capped = f"{limit} leaves {units.percent(100 * left)}"
    return Estimate(cause.code, max(min(share, left), 0.0), clause, capped)


def _is_of(cause: Cause, rule: str) -> bool:
    """Whether a rule speaks of a cause; old versions had a CPIStall rule a reason."""
    return rule in cause.rules or ("CPIStall" in cause.rules and rule.startswith("CPIStall"))


def _uncoalesced(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    excess = inside.global_excess
    if excess is None or (inside.local is not None and inside.local.of_whole > MOSTLY_LOCAL):
        return None
    clause = (
        f"{units.count(int(excess.part))} of {units.count(int(excess.whole))} sectors are more "
        f"than its global accesses need, at {units.percent(row['memory_sol_pct'])} of the memory "
        "limit"
    )
    return Measured(excess.of_whole, clause)


def _shared(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    excess = inside.shared_excess
    if excess is None:
        return None
    share = units.percent(100 * excess.of_whole)
    clause = f"{share} of the passes through L1 are conflicts of shared accesses"
    return Measured(excess.of_whole, clause)


def _spills(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    if inside.local is None:
        return None
    share = units.percent(100 * inside.local.of_whole)
    return Measured(inside.local.of_whole, f"{share} of its sectors are of local memory")


def _lines(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    if inside.line_waste is None:
        return None
    used = units.percent(100 * (1 - inside.line_waste))
    return Measured(inside.line_waste, f"its requests use as little as {used} of a cache line")


def _occupancy(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    theoretical = inside.theoretical_occupancy_pct
    if theoretical is None or row["bound"] == "small_grid" or stalls.hidden(inside) is not None:
        return None
    limit = max(row["sm_sol_pct"], row["memory_sol_pct"])
    by = f", limited by {' and '.join(inside.limited_by)}" if inside.limited_by else ""
    clause = (
        f"theoretical occupancy is {units.percent(theoretical)}{by}, and neither limit is used "
        f"above {units.percent(limit)}"
    )
    return Measured(max(min(1 - limit / LOW_PCT, 1 - theoretical / 100), 0.0), clause)


def _achieved(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    theoretical, achieved = inside.theoretical_occupancy_pct, inside.achieved_occupancy_pct
    if not theoretical or achieved is None or row["bound"] == "small_grid":
        return None
    gap = 1 - achieved / theoretical
    if 100 * gap < GAP_PCT:
        return None
    clause = (
        f"achieved occupancy is {units.percent(achieved)} of a theoretical "
        f"{units.percent(theoretical)}"
    )
    return Measured(gap, clause)


def _unequal_work(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    return _imbalance(row, inside, of_memory=False)


def _unequal_memory(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    return _imbalance(row, inside, of_memory=True)


def _imbalance(row: Mapping[str, Any], inside: Inside, *, of_memory: bool) -> Measured | None:
    most = inside.imbalance
    if most is None or most.of_memory != of_memory or row["bound"] == "small_grid":
        return None
    clause = f"some {most.units} work longer than others: {units.percent(100 * most.share)}"
    return Measured(most.share, f"{clause} of its time")


def _waits(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    if inside.stall is None:
        return None
    waited = units.percent(100 * inside.stall.share)
    clause = f"{waited} of the time between two instructions is {inside.stall.name}"
    if inside.issue_active is None:
        return Measured(inside.stall.share, clause)
    issue = units.percent(100 * inside.issue_active)
    clause += f", and schedulers issue in {issue} of the cycles"
    return Measured(min(inside.stall.share, max(1 - inside.issue_active, 0.0)), clause)


def _issue(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    if inside.issue_active is None or inside.stall is None:
        return None
    clause = f"schedulers issue in {units.percent(100 * inside.issue_active)} of the cycles"
    return Measured(max(1 - inside.issue_active, 0.0), clause)


def _unfused(row: Mapping[str, Any], inside: Inside) -> Measured | None:
    gain = inside.unfused.get(row["dtype"] or "")
    if gain is None:
        return None
    clause = (
        f"fused instructions could raise its {row['dtype'].upper()} rate by up to "
        f"{units.percent(100 * gain)}"
    )
    return Measured(gain / (1 + gain), clause)


def _divergence(_: Mapping[str, Any], inside: Inside) -> Measured | None:
    threads = inside.threads_active
    if threads is None:
        return None
    clause = f"{units.significant(threads)} of {_WARP} threads of a warp are active on average"
    return Measured(max(1 - threads / _WARP, 0.0), clause)


def _fp64(row: Mapping[str, Any], inside: Inside) -> Measured | None:
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
    return Measured(1 - 1 / ratio, clause)


def _tail(row: Mapping[str, Any], _: Inside) -> Measured | None:
    cap = tail_cap_pct(row["waves"])
    if row["launch_rule"] != TAIL_EFFECT or cap is None:
        return None
    nvidias = row["launch_rule_speedup_pct"]
    clause = (
        f"{units.significant(row['waves'])} waves of blocks take as long as a whole number of "
        f"them: at most {units.percent(cap)}"
    )
    if nvidias is None:
        return Measured(cap / 100, clause)
    clause += f" (NVIDIA estimates {units.percent(nvidias)})"
    return Measured(min(cap, nvidias) / 100, clause)


def _block_size(row: Mapping[str, Any], _: Inside) -> Measured | None:
    sizes = [row[f"block_{axis}"] for axis in "xyz"]
    if None in sizes:
        return None
    threads = sizes[0] * sizes[1] * sizes[2]
    warps = -(-threads // _WARP)
    unused = 1 - threads / (warps * _WARP) if warps else 0.0
    clause = f"blocks of {threads} threads leave part of the last of {warps} warps empty"
    return Measured(unused, clause)


def _memory_matters(row: Mapping[str, Any]) -> bool:
    return bool(row["memory_sol_pct"] >= row["sm_sol_pct"]) or row["bound"] == "latency"


def _waiting(row: Mapping[str, Any]) -> bool:
    return bool(row["bound"] == "latency")


def _computing(row: Mapping[str, Any]) -> bool:
    return bool(row["bound"] == "compute")


def _printed_only(_: Mapping[str, Any]) -> bool:
    return False


def _always(_: Mapping[str, Any]) -> bool:
    return True


def _busy_computing(row: Mapping[str, Any]) -> bool:
    return row["bound"] in ("compute", "balanced")


_ACHIEVED = ("AchievedOccupancy", "Occupancy")
CAUSES = (
    Cause("tune-uncoalesced", ("UncoalescedGlobalAccess",), "traffic", _uncoalesced,
          _memory_matters),
    Cause("tune-shared-memory", ("UncoalescedSharedAccess", "SharedMemoryConflicts"), "traffic",
          _shared, _memory_matters),
    Cause("tune-spills", ("LocalMemoryUsage", "LocalMemory"), "traffic", _spills, _memory_matters),
    Cause("tune-cache-lines", ("MemoryCacheAccessPattern", "Caching"), "traffic", _lines,
          _printed_only),
    Cause("tune-occupancy", ("TheoreticalOccupancy", "Occupancy"), "nothing", _occupancy, _waiting),
    Cause("tune-imbalance", _ACHIEVED, "nothing", _achieved, _waiting),
    Cause("tune-imbalance", ("WorkloadImbalance",), "nothing", _unequal_work, _printed_only),
    Cause("tune-memory-imbalance", ("WorkloadImbalance",), "nothing", _unequal_memory,
          _printed_only),
    Cause("tune-stalls", ("CPIStall",), "nothing", _waits, _printed_only),
    Cause("tune-stalls", ("IssueSlotUtilization", "HighPipeUtilization"), "nothing", _issue,
          _printed_only),
    Cause("tune-unfused", ("FPInstructions",), "arithmetic", _unfused, _computing),
    Cause("tune-divergence", ("ThreadDivergence",), "arithmetic", _divergence, _computing),
    Cause("tune-block-size", (), "nothing", _block_size, _always),
    Cause("precision-fp64", (), "arithmetic", _fp64, _busy_computing),
    Cause("tune-tail", (), "nothing", _tail, _always),
)  # fmt: skip
