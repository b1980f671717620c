"""Kernels with fewer blocks than the device has multiprocessors, far from any limit."""

from __future__ import annotations

from collections import Counter

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold
from ncutool.work.kernel_facts import facts_of

FLOOR = IntThreshold(
    2, "times the shortest launch", "one that takes no longer has nothing to gain", JUDGED
)


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once at most: run them side by side, or give them more work.

    A launch saves at most ``t · (1 - blocks / multiprocessors)``, as NVIDIA's rule for small grids
    has it, and never more than leaves the shortest time of a launch.
    """
    count = context.device.sm_count if context.device else None
    if not count:
        return Drafts()
    floor = context.latency_ns
    launches = context.launches
    long = [
        row
        for row in launches.rows(lambda kind: kind.bound == "small_grid")
        if launches.durations[row] > FLOOR * floor
    ]
    names = {(launches.of_row[row].kernel_full, launches.of_row[row].family) for row in long}
    meant = {name for name, family in names if _stays(name, family)}
    rows = [
        (launches.ids[row], launches.durations[row], kind)
        for row in long
        if (kind := launches.of_row[row]).kernel_full not in meant
        and kind.blocks
        and launches.ids[row] not in claimed
    ]
    if not rows:
        return Drafts()
    durations = [duration for _, duration, _ in rows]
    best = [max(duration * (kind.blocks or 0) // count, floor) for _, duration, kind in rows]
    times: Counter[str] = Counter()
    for _, duration, kind in rows:
        times[kind.kernel] += duration
    longest = ", ".join(
        f"{name} ({units.time(ns)})"
        for name, ns in sorted(times.items(), key=lambda one: (-one[1], one[0]))[:3]
    )
    draft = Draft(
        rule="batch-small-grid",
        grade="possible",
        launches=tuple(launch for launch, _, _ in rows),
        best=tuple(best),
        worst=tuple(durations),
        why=f"{units.counted(len(rows), 'launch')} with fewer blocks than the {count} "
        f"multiprocessors {'takes' if len(rows) == 1 else 'take'} "
        f"{context.summed(sum(durations))}.",
        evidence=(
            f"{units.counted(len(rows), 'launch')} with fewer blocks than the "
            f"{count} multiprocessors, below 40 % of the roof, "
            f"{'takes' if len(rows) == 1 else 'take'} {context.summed(sum(durations))}: "
            f"{longest}.",
            "At most the idle multiprocessors' part of each is saved, t · (1 - blocks / "
            f"{count}), when as much other work runs beside it; the low end is 0.",
        ),
    )
    return Drafts((draft,))


def _stays(name: str, family: str | None) -> bool:
    if family in ("collective", "attention"):
        return True
    facts = facts_of(name)
    if family == "triton" and facts.compiled not in ("poi", "red", "per"):
        return True
    return facts.persistent is True
