"""What may make a launch slow, family by family, and what it would take without.

Each cause is a question about a kind of launches, answered by its name, its shapes and the times
that its work takes at reachable rates.
"""

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
VERY_LONG_NS = IntThreshold(
    50_000, "ns", "a kernel that moves little is slow by itself only from here on", JUDGED
)
TINY = IntThreshold(
    16, "elements", "a side so short leaves most of a tile to padding", "a tensor core's tile"
)
PATCH = IntThreshold(
    8, "elements", "a convolution's kernel of such sides is a product over patches", JUDGED
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
EMBEDDING = re.compile(r"(?i)embedding\w*backward|backward\w*embedding|SplitLookupFunction")
_ROWS = ("softmax", "normalization", "reduction")
PRODUCTS = ("gemm", "convolution", "attention")
"""Families whose arithmetic may hold them: bytes alone do not say how fast they could be."""


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
    return Fit(0.0) if changes_layout(case.kind) else None


def changes_layout(kind: Kind) -> bool:
    """Whether its kernel only converts one layout of a tensor to another."""
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
    return Fit(None) if EMBEDDING.search(original(case.kind.op or "")) else None


_Test = Callable[[Context, Case], Fit | None]
EMBEDS: tuple[str, _Test] = ("embedding", _embedding)
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
    "indexing": (EMBEDS, ("indexing", _stream)),
    "copy": (EMBEDS, ("copy", _stream)),
    "elementwise": (EMBEDS, ("elementwise", _stream)),
    **dict.fromkeys(_ROWS, (EMBEDS, ("rows", _stream))),
}
"""By family, most telling first."""
BY_NAME = ("layout", "embedding")
"""Causes whose saving no model of the work bounds."""
