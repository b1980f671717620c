"""What may make one launch of a report take longer than it must, and what ending it saves at most.

NVIDIA's rules name the causes, by their identifiers; the counters that they rest on give the size.
Sentences of a report are never read. Where the report prints an estimate it is the most that is
believed, 0 % included, and only as far as the counters support it: an estimate without them, or
beyond them, is a glitch of one measurement. What changes neither traffic nor arithmetic cannot make
a launch shorter than the work of its busiest limit takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, Literal, NamedTuple

from ncutool.advice.kernels import measures, stalls
from ncutool.advice.kernels.measures import LEAST_PCT, STALL_PCT, Measured
from ncutool.advice.view.evidence import Value
from ncutool.base import units
from ncutool.base.records import replace
from ncutool.work.inside import Inside

_IDLE = ("latency", "small_grid")
"""Bounds of launches that are far from both limits: others wait because they are busy."""
_ADVICE = ("optimization", "warning")
"""Severities by which a rule advises something."""
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
    values: tuple[Value, ...] = ()
    """What it rests on."""
    about: str = ""
    """What parts launches of one kernel and cause."""
    cap: str = ""
    """Why no more than the share may go, as a clause."""


def estimates(
    row: Mapping[str, Any], printed: Sequence[Mapping[str, Any]], inside: Inside
) -> list[Estimate]:
    """Return what may go of one launch, at most one estimate a cause.

    Args:
        row: of :data:`ncutool.base.tables.KERNELS`.
        printed: what NVIDIA's rules printed of it, rows of :data:`ncutool_parsers.schema.RULES`.
        inside: what its counters say.
    """
    if not measures.limits_known(row):
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
    if row["bound"] != "latency" or not _waits_long(inside):
        return []
    waits = Cause("tune-stalls", ("CPIStall",), "nothing", measures.waits, _always)
    one = _estimate(row, printed, inside, waits)
    return [one] if one is not None and 100 * one.share >= LEAST_PCT else []


def _waits_long(inside: Inside) -> bool:
    """Whether one reason to wait takes long enough to be told, and no other warp hides it."""
    stall = inside.stall
    return stall is not None and 100 * stall.share >= STALL_PCT and stalls.hidden(inside) is None


def left_share(row: Mapping[str, Any], spares: Spared) -> float:
    """Return the share of a launch's time that its limits leave to a cause, 0 to 1."""
    compute, memory = float(row["sm_sol_pct"]) / 100, float(row["memory_sol_pct"]) / 100
    busy = {"nothing": max(compute, memory), "traffic": compute, "arithmetic": memory}[spares]
    return max(1 - busy, 0.0)


def _estimate(
    row: Mapping[str, Any], printed: Sequence[Mapping[str, Any]], inside: Inside, cause: Cause
) -> Estimate | None:
    measured = cause.measure(row, inside)
    if measured is None or not isfinite(measured.share):
        return None
    if cause.code == "tune-stalls" and not (row["bound"] in _IDLE and _waits_long(inside)):
        return None
    given = [
        message
        for message in printed
        if _is_of(cause, message["rule"])
        and message["speedup_pct"] is not None
        and isfinite(message["speedup_pct"])
        and (message["severity"] in _ADVICE or message["speedup_pct"] == 0)
    ]
    cap = measured.cap or "no more of its time was counted"
    if given:
        most = max(given, key=lambda message: message["speedup_pct"])
        share = min(most["speedup_pct"] / 100, measured.share)
        of_what = "" if most["speedup_kind"] != "local" else " of the unit that it looks at"
        estimate = units.percent(most["speedup_pct"])
        clause = f"{measured.clause}; NVIDIA's rule {most['rule']} estimates {estimate}{of_what}"
        if share < measured.share:
            cap = f"NVIDIA's rule {most['rule']} estimates no more than {estimate}"
    elif not cause.holds(row):
        return None
    else:
        share, clause = measured.share, measured.clause
    left = left_share(row, cause.spares)
    capped = ""
    if left < share:
        limit = "its busiest limit" if cause.spares == "nothing" else "its other limit"
        capped = f"{limit} leaves {units.percent(100 * left)}"
        cap = f"{limit} stays busy for the rest"
    values = tuple(replace(value, launch_id=row["launch_id"]) for value in measured.values)
    share = max(min(share, left), 0.0)
    return Estimate(cause.code, share, clause, capped, values, measured.about, cap)


def _is_of(cause: Cause, rule: str) -> bool:
    """Whether a rule speaks of a cause; old versions had a CPIStall rule a reason."""
    return rule in cause.rules or ("CPIStall" in cause.rules and rule.startswith("CPIStall"))


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
    Cause("tune-uncoalesced", ("UncoalescedGlobalAccess",), "traffic", measures.uncoalesced,
          _memory_matters),
    Cause("tune-shared-memory", ("UncoalescedSharedAccess", "SharedMemoryConflicts"), "traffic",
          measures.shared, _memory_matters),
    Cause("tune-spills", ("LocalMemoryUsage", "LocalMemory"), "traffic", measures.spills,
          _memory_matters),
    Cause("tune-cache-lines", ("MemoryCacheAccessPattern", "Caching"), "traffic", measures.lines,
          _printed_only),
    Cause("tune-occupancy", ("TheoreticalOccupancy", "Occupancy"), "nothing", measures.occupancy,
          _waiting),
    Cause("tune-imbalance", _ACHIEVED, "nothing", measures.achieved, _waiting),
    Cause("tune-imbalance", ("WorkloadImbalance",), "nothing", measures.unequal_work,
          _printed_only),
    Cause("tune-memory-imbalance", ("WorkloadImbalance",), "nothing", measures.unequal_memory,
          _printed_only),
    Cause("tune-stalls", ("CPIStall",), "nothing", measures.waits, _printed_only),
    Cause("tune-stalls", ("IssueSlotUtilization", "HighPipeUtilization"), "nothing",
          measures.issue_slots, _printed_only),
    Cause("tune-unfused", ("FPInstructions",), "arithmetic", measures.unfused, _computing),
    Cause("tune-divergence", ("ThreadDivergence",), "arithmetic", measures.divergence, _computing),
    Cause("tune-block-size", (), "nothing", measures.block_size, _always),
    Cause("precision-fp64", (), "arithmetic", measures.fp64, _busy_computing),
    Cause("tune-tail", (), "nothing", measures.tail, _always),
)  # fmt: skip
