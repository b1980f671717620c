"""Kernels far below what this device reaches, sorted by what makes them slow."""

from __future__ import annotations

from typing import NamedTuple

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.kernels import precision
from ncutool.advice.kernels.slow_causes import (
    BY_NAME,
    CAUSES,
    EMBEDDING,
    EMBEDS,
    HIGH_LIMIT,
    LIMIT,
    Case,
    Fit,
    cases,
    changes_layout,
)
from ncutool.advice.view.context import Context
from ncutool.advice.view.kinds import Kind
from ncutool.base.pseudonyms import original
from ncutool.base.thresholds import IntThreshold, Threshold

LONG = IntThreshold(4, "times the shortest launch", "shorter kernels are held by launching", JUDGED)
COARSE_CLOCK_NS = IntThreshold(
    20_000,
    "ns",
    "on a clock of whole microseconds rates of shorter launches are off by over 5 %",
    "1 µs of 20 µs",
)
GUESSED_LEFT = Threshold(
    0.5, "share", "of the time that is left where nothing bounds it", "a guess, said so"
)


class Slow(NamedTuple):
    """One slow launch."""

    kind: Kind
    launch_id: int
    duration_ns: int
    cause: str
    best_ns: int
    share_pct: float | None
    """Reachable over present time; None where its work is not modelled."""
    roof: str | None
    """The compute roof that ``best_ns`` rests on; None where it is the bandwidth or a guess."""


class Suspect(NamedTuple):
    """A kind that some cause may make slow."""

    case: Case
    named: bool
    """Its name or operator tells, however near its roof it is."""
    causes: list[tuple[str, Fit]]
    """Most telling first."""


def slow_kernels(context: Context, claimed: frozenset[int]) -> list[Slow]:
    """Return every launch that is long, modelled, below its calibrated roof and not ``claimed``.

    Communication, copies and lower bounds are left out: a small share of a peak proves nothing
    there. Layout changes inside convolutions and the backward pass of embeddings are told by name.
    """
    if context.device is None:
        return []
    coarse = COARSE_CLOCK_NS if context.capture.clock_step_ns > 1 else 0
    least = max(LONG * context.latency_ns, coarse)
    launches = context.launches
    suspects = {
        case.kind: found
        for case in cases(context)
        if (found := _suspect(context, case)) is not None
    }
    named = claimed | _waiting_for_tensor_cores(context)
    known = []
    for row in launches.rows(suspects.__contains__):
        launch, now = launches.ids[row], launches.durations[row]
        if now <= least or launch in named:
            continue
        slow = _classed(suspects[launches.of_row[row]], launch, now)
        if slow is not None:
            known.append(slow)
    return [*known, *_unlinked_twins(context, known, claimed)]


def near_their_roof(
    context: Context, family: str, claimed: frozenset[int]
) -> list[tuple[int, float]]:
    """Return the rows of launches of ``family`` at :data:`LIMIT` of their calibrated roof or above,
    with the time (ns) that they would take there."""
    if context.device is None:
        return []
    launches = context.launches
    floors = {
        case.kind: case.floor_ns
        for case in cases(context)
        if case.kind.family == family and case.floor_ns is not None and (case.kind.flop or 0) > 0
    }
    if not floors:
        return []
    named = claimed | _waiting_for_tensor_cores(context)
    return [
        (row, floor)
        for row in launches.rows(floors.__contains__)
        if LIMIT * launches.durations[row]
        <= (floor := floors[launches.of_row[row]])
        <= launches.durations[row]
        and launches.durations[row] > 0
        and launches.ids[row] not in named
    ]


def _waiting_for_tensor_cores(context: Context) -> set[int]:
    """Return the launches that the finding about FP32 products names already."""
    found: set[int] = set()
    for family in ("gemm", "convolution"):
        goal = precision.target(context, family)
        falls_back = goal and goal.roof == "tf32_tensor" and precision.allows_tf32(context, family)
        if goal is not None and not falls_back:
            rows = precision.fp32_simt(context, family)
            found.update(context.launches.ids[row] for row in rows)
    return found


def _suspect(context: Context, case: Case) -> Suspect | None:
    """Return what may make launches of a kind slow; None where nothing may."""
    kind = case.kind
    if kind.category != "kernel" or kind.bound in (None, "communication", "copy"):
        return None
    converts = kind.family == "convolution" and changes_layout(kind)
    named = converts or EMBEDDING.search(original(kind.op or "")) is not None
    if not named and case.floor_ns is None:
        return None
    tests = CAUSES.get(kind.family or "", (EMBEDS,))
    causes = [(cause, fit) for cause, test in tests if (fit := test(context, case)) is not None]
    return Suspect(case, named, causes) if causes else None


def _classed(suspect: Suspect, launch_id: int, now: int) -> Slow | None:
    """Return the launch with the first cause that fits; None where it is not slow."""
    case = suspect.case
    if not suspect.named and (case.floor_ns or 0.0) >= HIGH_LIMIT * now:
        return None
    for cause, fit in suspect.causes:
        if fit.floor_ns >= fit.below * now or now < fit.least_ns:
            continue
        best = now * GUESSED_LEFT if fit.best_ns is None else fit.best_ns
        best_ns = min(max(round(best), 0), now)
        modelled = cause not in BY_NAME
        compute = modelled and (case.compute_ns or 0.0) > (case.memory_ns or 0.0)
        roof = "tf32_tensor" if case.falls_back else case.kind.roof
        share = 100 * best_ns / now if modelled else None
        return Slow(case.kind, launch_id, now, cause, best_ns, share, roof if compute else None)
    return None


def _unlinked_twins(context: Context, known: list[Slow], claimed: frozenset[int]) -> list[Slow]:
    """Return attention launches without a launch record, of the same kernel and grid as known
    ones."""
    templates = {_identity(slow.kind): slow for slow in known if slow.cause == "old_attention"}
    if not templates:
        return []
    launches = context.launches
    found = []
    for row in launches.rows(lambda kind: not kind.linked and _identity(kind) in templates):
        kind, launch, now = launches.of_row[row], launches.ids[row], launches.durations[row]
        if now > 0 and launch not in claimed:
            same = templates[_identity(kind)]
            best = min(same.best_ns, now)
            found.append(Slow(kind, launch, now, same.cause, best, same.share_pct, same.roof))
    return found


def _identity(kind: Kind) -> tuple[object, ...]:
    return (kind.kernel_full, kind.grid_x, kind.grid_y, kind.grid_z)
