"""Kernels far below what this device reaches, sorted by what makes them slow."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.kernels import precision
from ncutool.advice.view.context import Context
from ncutool.advice.view.kinds import Kind
from ncutool.advice.view.shapes import is_narrow, sides
from ncutool.base.limits import overlapped
from ncutool.base.pseudonyms import original
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import AMD_ATTENTION_SHARE, ATTENTION_BACKWARD_SHARE, FA3_SHARE
from ncutool.work.kernel_facts import facts_of

LIMIT = Threshold(
    0.6,
    "share",
    "of its calibrated roof: a kernel that reaches less is slow",
    "NVIDIA, Nsight Compute's rule SOLBottleneck, of NVIDIA's own limits",
)
HIGH_LIMIT = Threshold(
    0.8, "share", "the same where nothing but reading weights holds it, and of any cause", JUDGED
)
STREAM_LIMIT = Threshold(
    0.5, "share", "the same of kernels that only move data: a mixed pattern costs some", JUDGED
)
LONG = IntThreshold(4, "times the shortest launch", "shorter kernels are held by launching", JUDGED)
COARSE_CLOCK_NS = IntThreshold(
    20_000,
    "ns",
    "on a clock of whole microseconds rates of shorter launches are off by over 5 %",
    "1 µs of 20 µs",
)
VERY_LONG_NS = IntThreshold(
    50_000, "ns", "a kernel that moves little is slow by itself only from here on", JUDGED
)
TINY = IntThreshold(
    16, "elements", "a side so short leaves most of a tile to padding", "a tensor core's tile"
)
PATCH = IntThreshold(
    8, "elements", "a convolution's kernel of such sides is a product over patches", JUDGED
)
GUESSED_LEFT = Threshold(
    0.5, "share", "of the time that is left where nothing bounds it", "a guess, said so"
)
_ATTENTION_LIBRARIES = ("flash_attention", "memory_efficient")
_GENERATIONS = "NVIDIA, CUDA C++ Programming Guide, Compute Capabilities"
HOPPER = IntThreshold(90, "compute capability times ten", "code for Hopper and later", _GENERATIONS)
TURING = IntThreshold(75, "compute capability times ten", "code for Turing and later", _GENERATIONS)
MISALIGNED = IntThreshold(
    2,
    "elements",
    "a product for rows aligned to no more cannot load them in whole vectors",
    "NVIDIA, CUTLASS: vectors of 16 bytes, 8 elements of 16 bits",
)
_EMBEDDING = re.compile(r"(?i)embedding\w*backward|backward\w*embedding|SplitLookupFunction")
_ROWS = ("softmax", "normalization", "reduction")
PRODUCTS = ("gemm", "convolution", "attention")
"""Families whose arithmetic may hold them: bytes alone do not say how fast they could be."""


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


class Case(NamedTuple):
    """A kind of launches with the times (ns) that its work takes at reachable rates."""

    kind: Kind
    compute_ns: float | None
    memory_ns: float | None
    floor_ns: float | None
    """The longer of the two."""
    falls_back: bool
    """Whether it runs on the CUDA cores although other products of the capture run as TF32."""


class Fit(NamedTuple):
    """When launches of a kind are slow of one cause, and what they would take."""

    best_ns: float | None
    """None stands for `GUESSED_LEFT` of the present time."""
    floor_ns: float = 0.0
    below: float = 1.0
    """It takes longer than ``floor_ns`` over this share."""
    least_ns: int = 0
    """It takes so long at least."""


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


def cases(context: Context) -> list[Case]:
    """Return every kind of launch with the times that its work takes at reachable rates."""
    assert context.device is not None
    shares = {
        roof: context.shares.flop_share(roof) for roof in context.device.peak_flop_per_s
    }  # a roof without a peak has no floor either
    allows_tf32 = precision.allows_tf32(context, "gemm")
    found = []
    for kind in context.launches.kinds:
        share = shares.get(kind.roof or "")
        compute = memory = None
        if kind.flop is not None and kind.peak_flop_per_s and share:
            compute = kind.flop / (kind.peak_flop_per_s * share)
        if kind.dram_bytes is not None and kind.peak_bytes_per_s:
            memory = kind.dram_bytes / (kind.peak_bytes_per_s * context.shares.bytes_share)
        times = [None if each is None else 1e9 * each for each in (compute, memory)]
        floor = None if times == [None, None] else overlapped(times[0] or 0.0, times[1] or 0.0)
        if kind.flop and compute is None and kind.family in PRODUCTS:
            floor = None  # its roof is not known, and memory alone would promise too much
        falls_back = allows_tf32 and kind.family == "gemm" and kind.roof == "fp32"
        if falls_back:
            falls_back = precision.is_fp32_product(facts_of(kind.kernel_full))
        found.append(Case(kind, times[0], times[1], floor, falls_back))
    return found


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
    changes_layout = kind.family == "convolution" and _changes_layout(kind)
    named = changes_layout or _EMBEDDING.search(original(kind.op or "")) is not None
    if not named and case.floor_ns is None:
        return None
    tests = CAUSES.get(kind.family or "", (_EMBEDS,))
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
        modelled = cause not in _BY_NAME
        compute = modelled and (case.compute_ns or 0.0) > (case.memory_ns or 0.0)
        roof = "tf32_tensor" if case.falls_back else case.kind.roof
        share = 100 * best_ns / now if modelled else None
        return Slow(case.kind, launch_id, now, cause, best_ns, share, roof if compute else None)
    return None


def _below(context: Context, case: Case, limit: float, least_ns: int = 0) -> Fit | None:
    """Return a Fit if the launch reaches less than ``limit`` of its calibrated roof; None if its
    FLOPs or bytes are unknown or a lower bound."""
    kind = case.kind
    if case.floor_ns is None or "lower_bound" in (kind.flop_exactness, kind.bytes_exactness):
        return None
    if kind.flop is None or kind.dram_bytes is None:
        return None
    return Fit(max(case.floor_ns, context.latency_ns), case.floor_ns, limit, least_ns)


def _hopper(context: Context) -> bool:
    device = context.device
    if device is None or device.vendor == "amd":
        return False
    major = device.compute_capability.partition(".")[0]
    return major.isdigit() and int(major) in (9, 10)


def _layout(_: Context, case: Case) -> Fit | None:
    return Fit(0.0) if _changes_layout(case.kind) else None


def _changes_layout(kind: Kind) -> bool:
    return facts_of(kind.kernel_full).role == "layout"


def _old_attention(context: Context, case: Case) -> Fit | None:
    facts = facts_of(case.kind.kernel_full)
    if not _hopper(context) or facts.library not in _ATTENTION_LIBRARIES:
        return None
    if facts.generation is not None and facts.generation >= HOPPER:
        return None
    return _attained(context, case, FA3_SHARE)


def _attained(context: Context, case: Case, share: float) -> Fit | None:
    """Return a Fit with the time of attention at ``share`` of its compute peak; None where its work
    is not known."""
    kind = case.kind
    if _below(context, case, 1.0) is None or not kind.peak_flop_per_s:
        return None
    if "backward" in (kind.op or "") or facts_of(kind.kernel_full).backward:
        share *= ATTENTION_BACKWARD_SHARE
    best = 1e9 * (kind.flop or 0.0) / (share * kind.peak_flop_per_s)
    floor = max(overlapped(best, case.memory_ns or 0.0), context.latency_ns)
    return Fit(floor, max(floor, LIMIT * (case.floor_ns or 0.0)), LIMIT)


def _misaligned(context: Context, case: Case) -> Fit | None:
    """Products in a kernel for odd sizes, or on the CUDA cores where others run as TF32."""
    kind = case.kind
    goal = precision.target(context, "gemm") if case.falls_back else None
    if goal is not None:
        if not kind.flop or not kind.dram_bytes:
            return None
        tensor = 1e9 * kind.flop / (goal.peak * context.shares.flop_share(goal.roof))
        best = max(overlapped(tensor, case.memory_ns or 0.0), context.latency_ns)
        return Fit(best, best, LIMIT)
    alignment = facts_of(kind.kernel_full).alignment
    if alignment is None or alignment > MISALIGNED:
        return None
    return _below(context, case, LIMIT)


def _tiny(context: Context, case: Case) -> Fit | None:
    """Batched products of matrices with a side so short that most of a tile is padding."""
    dims = sides(case.kind.shapes)
    if dims is None or len(dims[0]) != 3:
        return None
    if min(*dims[0][1:], *dims[1][1:]) > TINY:
        return None
    return _below(context, case, LIMIT)


def _old_product(context: Context, case: Case) -> Fit | None:
    if not _hopper(context) or case.kind.bound == "small_grid":
        return None
    generation = facts_of(case.kind.kernel_full).generation
    if generation is None or not TURING <= generation < HOPPER:
        return None
    return _below(context, case, LIMIT)


def _narrow(context: Context, case: Case) -> Fit | None:
    """Products of few rows: their weights must be read whatever the kernel."""
    dims = sides(case.kind.shapes)
    if dims is None or not is_narrow(dims):
        return None
    if (case.memory_ns or 0.0) < (case.compute_ns or 0.0):
        return None
    return _below(context, case, HIGH_LIMIT)


def _product(context: Context, case: Case) -> Fit | None:
    if case.kind.bound == "small_grid":
        return None
    return _below(context, case, LIMIT)


def _patch(context: Context, case: Case) -> Fit | None:
    """Convolutions that hardly use the device although their kernel is large."""
    dims = sides(case.kind.shapes)
    if dims is None or "backward" in (case.kind.op or ""):
        return None
    weight = dims[1]
    patches = len(weight) >= 4 and min(weight[2:]) >= PATCH
    return _below(context, case, LIMIT) if patches else None


def _convolution(context: Context, case: Case) -> Fit | None:
    return _below(context, case, LIMIT)


def _attention(context: Context, case: Case) -> Fit | None:
    amd = context.device is not None and context.device.vendor == "amd"
    return _attained(context, case, AMD_ATTENTION_SHARE if amd else FA3_SHARE)


def _stream(context: Context, case: Case) -> Fit | None:
    """Kernels that only move data; where that is less than a launch takes, a neighbour or the
    launch itself slowed them, unless they are very long."""
    little = (case.floor_ns or 0.0) < context.latency_ns
    return _below(context, case, STREAM_LIMIT, VERY_LONG_NS if little else 0)


def _embedding(_: Context, case: Case) -> Fit | None:
    """How many rows are updated is not recorded: half of the time, as a guess."""
    return Fit(None) if _EMBEDDING.search(original(case.kind.op or "")) else None


_Test = Callable[[Context, Case], Fit | None]
_EMBEDS: tuple[str, _Test] = ("embedding", _embedding)
CAUSES: dict[str, tuple[tuple[str, _Test], ...]] = {
    "gemm": (
        ("misaligned", _misaligned),
        ("tiny", _tiny),
        ("old_product", _old_product),
        ("narrow", _narrow),
        ("product", _product),
    ),
    "convolution": (("layout", _layout), ("patch", _patch), ("convolution", _convolution)),
    "attention": (("old_attention", _old_attention), ("attention", _attention)),
    "indexing": (_EMBEDS, ("indexing", _stream)),
    "copy": (_EMBEDS, ("copy", _stream)),
    "elementwise": (_EMBEDS, ("elementwise", _stream)),
    **dict.fromkeys(_ROWS, (_EMBEDS, ("rows", _stream))),
}
"""By family, most telling first."""
_BY_NAME = ("layout", "embedding")
"""Causes whose saving no model of the work bounds."""


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
