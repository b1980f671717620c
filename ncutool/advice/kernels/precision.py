"""Precision: FP32 products beside idle tensor cores, and the weights of inference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.kernels import weights
from ncutool.advice.kernels.weights import AMP_LINK
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.kinds import Kind
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.limits import overlapped
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import (
    ACHIEVABLE_SHARE,
    AMD_LOW_TENSOR_SHARE,
    CONVOLUTION_LOW_SHARE,
    LOW_TENSOR_SHARE,
)
from ncutool.work.kernel_facts import KernelFacts, facts_of

WORTH = Threshold(
    1.5, "times the FP32 peak", "that a tensor peak must be to be worth a change of numbers", JUDGED
)
LARGE_FLOP = Threshold(
    10e9, "FLOP", "smaller products keep half of their present efficiency at worst", JUDGED
)
SMALL_KEPT = Threshold(
    0.5, "share", "of its present efficiency that a small product keeps at worst", JUDGED
)
LAUNCHING = IntThreshold(
    2, "times the shortest launch", "a product that takes no longer is held by launching", JUDGED
)


class Row(NamedTuple):
    """One launch."""

    kind: Kind
    launch_id: int
    duration_ns: int


class Target(Struct, frozen=True):
    """Where FP32 products could run instead."""

    roof: str
    words: str
    peak: float
    bytes_share: float
    """Of the bytes now: 16-bit tensors are half as wide."""


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise on FP32 products that tensor cores would do, and on weights that are cast again and
    again or wider than they need be.

    Claims of others do not matter: numbers change whatever is fused. Claims the casts that go.
    """
    if context.device is None:
        return Drafts()
    advised = [_tensor_cores(context, family) for family in ("gemm", "convolution")]
    if not context.program.trains:
        advised += weights.drafts(context, claimed).drafts
    known = tuple(draft for draft in advised if draft is not None)
    return Drafts(known, frozenset(launch for draft in known for launch in draft.removed))


def fp32_simt(context: Context, family: str) -> list[int]:
    """Return the rows of launches of ``family`` that do FP32 products without tensor cores: told by
    the kernels' names, on AMD by the recorded data type."""
    launches, amd = context.launches, _amd(context)
    kinds = [
        kind
        for kind in launches.kinds
        if kind.category == "kernel" and kind.family == family and kind.dtype in (None, "fp32")
    ]
    if amd:  # there the recorded type tells: no name says what a kernel computes in
        fitting = {kind for kind in kinds if kind.dtype == "fp32" and (kind.flop or 0) > 0}
    else:
        fitting = {kind for kind in kinds if is_fp32_product(facts_of(kind.kernel_full))}
    if not fitting:
        return []
    return [
        row
        for row in launches.rows(fitting.__contains__)
        if launches.durations[row] > 0 and launches.ids[row] not in context.trials
    ]


def is_fp32_product(facts: KernelFacts) -> bool:
    """Whether a name surely speaks of a product on the CUDA cores that tensor cores could do:
    neither a matrix times a vector nor one whose data have 16 bits already."""
    return facts.fp32_simt and facts.product is None and facts.role is None and facts.halves is None


def _amd(context: Context) -> bool:
    return context.device is not None and context.device.vendor == "amd"


def allows_tf32(context: Context, family: str) -> bool:
    """Whether products of ``family`` run as TF32 already: what does not is a fallback."""
    return any(
        kind.roof == "tf32_tensor" for kind in context.launches.kinds if kind.family == family
    )


def target(context: Context, family: str) -> Target | None:
    """Return the fastest change of numbers that is worth it: TF32 where the device has it, else 16
    bits; None where no peak is much higher."""
    peaks = {} if context.device is None else context.device.peak_flop_per_s
    now = peaks.get("fp32", 0.0)
    for roof, words, share in (
        ("tf32_tensor", "xF32" if _amd(context) else "TF32", 1.0),
        ("bf16_tensor", "BF16 autocast", 0.5),
        ("fp16_tensor", "FP16 autocast", 0.5),
    ):
        offered = roof != "tf32_tensor" or family == "gemm" or not _amd(context)
        if offered and peaks.get(roof, 0.0) >= WORTH * now > 0:
            return Target(roof, words, peaks[roof], share)
    return None


def _tensor_cores(context: Context, family: str) -> Draft | None:
    goal = target(context, family)
    if goal is None or (goal.roof == "tf32_tensor" and allows_tf32(context, family)):
        return None
    launches = context.launches
    rows = [
        Row(launches.of_row[row], launches.ids[row], launches.durations[row])
        for row in fp32_simt(context, family)
    ]
    timed = [(row, _times(context, goal, row)) for row in rows]
    gaining = [(row, times) for row, times in timed if times[0] < row.duration_ns]
    if not gaining:
        return None
    chosen = [row for row, _ in gaining]
    modelled = sum(row.duration_ns for row in chosen if row.kind.flop)
    known = 2 * modelled > sum(row.duration_ns for row in chosen)
    best, worst = tuple(low for _, (low, _) in gaining), tuple(high for _, (_, high) in gaining)
    about = context.program
    what = "convolutions" if family == "convolution" else "matrix products"
    return Draft(
        rule="precision-tensor-cores",
        title=f"Run FP32 {what} on the tensor cores ({goal.words})",
        grade="likely" if known else "possible",
        launches=tuple(row.launch_id for row in chosen),
        best=best,
        worst=worst,
        evidence=_evidence(context, goal, chosen, (sum(best), sum(worst)), len(rows)),
        why=_why(context, goal, chosen),
        todo=f"Allow {goal.words} for {what}."
        if goal.roof == "tf32_tensor"
        else "Run them in 16 bits under `torch.autocast`.",
        remedy=_remedy(goal, about, family),
        code=_code(goal, family, amd=about.amd),
        link=None if goal.roof == "tf32_tensor" else AMP_LINK,
        caveat=_caveat(goal, amd=about.amd),
    )


def _why(context: Context, goal: Target, rows: Sequence[Row]) -> str:
    """Return one line on what computes in FP32, and how much higher the other peak is."""
    assert context.device is not None
    compute = "computes" if len(rows) == 1 else "compute"
    ratio = units.significant(goal.peak / context.device.peak_flop_per_s["fp32"], 2)
    return (
        f"{units.counted(len(rows), 'launch')} {compute} in FP32: "
        f"{context.summed(sum(row.duration_ns for row in rows))}; {goal.words} has {ratio} times "
        "the peak."
    )


def _times(context: Context, goal: Target, row: Row) -> tuple[int, int]:
    """Return the best and the worst duration (ns) on the tensor cores; the present one where they
    would not help.

    ``max(F / (share x peak), B / bandwidth)``: a product that its bytes hold on the CUDA cores
    already gains nothing. Without shapes the ratio of the peaks bounds the gain.
    """
    now, flop, size = float(row.duration_ns), row.kind.flop or 0.0, row.kind.dram_bytes or 0.0
    assert context.device is not None
    fp32 = context.device.peak_flop_per_s["fp32"]
    bandwidth = context.device.peak_bytes_per_s
    floor = context.latency_ns
    if not flop:
        return min(round(max(now * fp32 / goal.peak, floor)), round(now)), round(now)
    if size / bandwidth >= flop / fp32 or now <= LAUNCHING * floor:
        return round(now), round(now)
    moved = size * goal.bytes_share / bandwidth * 1e9
    best = max(overlapped(flop / goal.peak * 1e9, moved), floor)
    low = _low_share(context, row)
    worst = max(overlapped(flop / (low * goal.peak) * 1e9, moved / ACHIEVABLE_SHARE), floor)
    if flop < LARGE_FLOP:
        worst = max(worst, now / SMALL_KEPT * fp32 / goal.peak)
    return min(round(best), round(now)), min(round(max(best, worst)), round(now))


def _low_share(context: Context, row: Row) -> float:
    if row.kind.family == "convolution":
        return CONVOLUTION_LOW_SHARE
    return AMD_LOW_TENSOR_SHARE if _amd(context) else LOW_TENSOR_SHARE


def _evidence(
    context: Context,
    goal: Target,
    rows: Sequence[Row],
    new: tuple[int, int],
    seen: int,
) -> tuple[str, ...]:
    device = context.device
    assert device is not None
    total = sum(row.duration_ns for row in rows)
    flop = sum(row.kind.flop or 0.0 for row in rows)
    names = Counter(row.kind.kernel for row in rows).most_common(3)
    ops = Counter(row.kind.op.rpartition("::")[2] for row in rows if row.kind.op)
    by_op = ", ".join(f"{count:,} {op}" for op, count in ops.most_common(4))
    kernels = ", ".join(name for name, _ in names)
    where = "on the CUDA cores, told by their kernels' names"
    if _amd(context):
        where = "by their recorded types"
    sentences = [
        f"{units.counted(len(rows), 'launch')} ({by_op or 'no operator recorded'}) "
        f"{'computes' if len(rows) == 1 else 'compute'} in FP32 {where} "
        f"({kernels}): {context.summed(total)}."
    ]
    peak = device.peak_flop_per_s["fp32"]
    if flop:
        rate = flop / sum(row.duration_ns for row in rows if row.kind.flop) * 1e9
        done = f"They do {units.flop(flop)} at {units.flop_rate(rate)}"
        if rate <= peak:
            done += f", {units.percent(100 * rate / peak)} of the FP32 peak"
        sentences.append(
            f"{done}; {goal.words} has a peak of {units.flop_rate(goal.peak)}, which would make "
            f"it {units.time_range(*new)}."
        )
    else:
        sentences.append(
            f"No shapes are recorded: the ratio of the peaks ({units.flop_rate(peak)} in FP32, "
            f"{units.flop_rate(goal.peak)} in {goal.words}) is all that bounds the gain."
        )
    half = device.peak_flop_per_s.get("bf16_tensor")
    if goal.roof == "tf32_tensor" and half:
        sentences.append(
            f"Alternative: BF16 autocast has {units.flop_rate(half)} and moves half the bytes, "
            "with an 8-bit mantissa."
        )
    if seen > len(rows):
        sentences.append(
            f"{seen - len(rows):,} more such launches are left out: their bytes or their launch "
            "hold them, not their arithmetic."
        )
    return tuple(sentences)


def _remedy(goal: Target, about: Program, family: str) -> str:
    scale = ", with a gradient scaler" if about.trains else ""
    if goal.roof == "tf32_tensor" and family == "gemm":
        return (
            "Allow TF32 in matrix products: `torch.set_float32_matmul_precision('high')` (or "
            "`torch.backends.cuda.matmul.allow_tf32 = True`; from PyTorch 2.9 on "
            "`torch.backends.cuda.matmul.fp32_precision = 'tf32'`)"
            + (
                "; on ROCm also set HIPBLASLT_ALLOW_TF32=1 where the version asks for it"
                if about.amd
                else ""
            )
            + ". Or run under `torch.autocast('cuda', torch.bfloat16)`."
        )
    if goal.roof == "tf32_tensor":
        return (
            "Allow TF32 in convolutions: `torch.backends.cudnn.allow_tf32 = True` (its default; "
            "from PyTorch 2.9 on `torch.backends.cudnn.conv.fp32_precision = 'tf32'`), or run "
            "under `torch.autocast('cuda', torch.bfloat16)` in `channels_last`."
        )
    dtype = "bfloat16" if goal.roof == "bf16_tensor" else "float16"
    layout = " and keep images in `channels_last`" if family == "convolution" else ""
    return (
        f"Run under `torch.autocast('cuda', torch.{dtype})`{scale}{layout}"
        "; sizes that are multiples of 8 use the tensor cores best."
    )


def _code(goal: Target, family: str, *, amd: bool) -> str:
    if goal.roof == "tf32_tensor":
        if family == "convolution":
            return "torch.backends.cudnn.allow_tf32 = True"
        line = "torch.set_float32_matmul_precision('high')"
        return f"{line}  # with HIPBLASLT_ALLOW_TF32=1 in the environment" if amd else line
    dtype = "bfloat16" if goal.roof == "bf16_tensor" else "float16"
    return f"with torch.autocast('cuda', dtype=torch.{dtype}):"


def _caveat(goal: Target, *, amd: bool) -> str:
    """Return what would make it wrong; empty for the rule's, which is of NVIDIA's TF32."""
    if goal.roof == "tf32_tensor" and amd:
        return (
            "AMD's xF32 may round more than NVIDIA's TF32 (PyTorch's notes on numerical accuracy): "
            "compare results."
        )
    if goal.roof == "tf32_tensor":
        return ""
    return (
        "16-bit inputs change results: wrong where the model does not converge or compare well "
        "under autocast."
    )
