"""CUDA-core operations of one launch, from Nsight Compute's ``sass_thread_inst_executed`` counters.

NVIDIA's formulas (sections SpeedOfLight_RooflineChart and SpeedOfLight_Hierarchical*): executed
thread instructions with their predicate on, an FMA counted as two operations, packed half
instructions as two elements. Conversions, comparisons and special functions count as zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ncutool.base.thresholds import Threshold
from ncutool.work.exactness import Exactness

_INST = r"s(m|msp)__sass_thread_inst_executed_op_"
WANTED = (
    _INST + r"[fdh](add|mul|fma)2?_pred_on\.sum(\.per_cycle_elapsed|\.peak_sustained)?",
    _INST + r"integer_pred_on\.sum(\.per_cycle_elapsed)?",
    r"derived__s(m|msp)__sass_thread_inst_executed_op_[fdh](add|mul|fma)_pred_on_x[24]",
    r"sm(sp)?__cycles_elapsed\.avg\.per_second",
    r"sm__inst_executed_pipe_(fma_type_)?fp16\.avg\.pct_of_peak_sustained_(active|elapsed)",
)
_HALF_PIPES = tuple(
    f"sm__inst_executed_pipe_{pipe}.avg.pct_of_peak_sustained_{of}"
    for pipe in ("fp16", "fma_type_fp16")
    for of in ("active", "elapsed")
)
_OPERATIONS = {"add": 1, "mul": 1, "fma": 2}
_PACKED_FP32_FROM = 10.0
_HALF_MATERIAL_PCT = Threshold(
    1.0, "%", "more activity of the FP16 pipe means that halves were not all counted", "judgement"
)


class CoreWork(Struct, frozen=True):
    """Operations of one data type on the CUDA cores, and the record's own peak for them."""

    dtype: str
    flop: float | None
    """None where some of its counters are missing."""
    peak_flop_per_s: float | None
    exactness: Exactness = "exact"
    remark: str | None = None
    """Why the figure is not exact."""


class HalfWork(Struct, frozen=True):
    """What is known of half-precision work."""

    flop: float
    exactness: Exactness = "exact"
    remark: str | None = None
    """Why the figure is not exact."""
    problem: str | None = None
    """Why the half-precision operations, and so the sum, are unknown."""
    idle: bool = False
    """The pipe for halves did nothing."""


def single(metrics: Mapping[str, float], seconds: float | None, capability: str | None) -> CoreWork:
    """FP32: FADD + FMUL + 2 FFMA, and the packed forms where the device has them.

    The sections of 2025 do not collect FADD2, FMUL2 and FFMA2.
    """
    flop, remark = _flop(metrics, "f", seconds), None
    if flop is not None and capability is not None and float(capability) >= _PACKED_FP32_FROM:
        packed = {kind: _count(metrics, f"f{kind}2", seconds) for kind in _OPERATIONS}
        flop += sum(2 * _OPERATIONS[kind] * (count or 0.0) for kind, count in packed.items())
        if None in packed.values():
            remark = "lower bound: packed FP32 instructions are not counted in this report"
    exactness: Exactness = "lower_bound" if remark else "exact"
    return CoreWork("fp32", flop, _peak(metrics, "ffma", 2), exactness, remark)


def double(metrics: Mapping[str, float], seconds: float | None) -> CoreWork:
    """FP64: DADD + DMUL + 2 DFMA."""
    return CoreWork("fp64", _flop(metrics, "d", seconds), _peak(metrics, "dfma", 2))


def half_peak(metrics: Mapping[str, float]) -> float | None:
    """Return the FP16 peak outside the tensor cores: 4 operations per packed FMA."""
    return _peak(metrics, "hfma", 4)


def integer(metrics: Mapping[str, float], seconds: float | None) -> float | None:
    """Integer thread instructions, which no stock section collects; None where not counted."""
    return _count(metrics, "integer", seconds)


def half(metrics: Mapping[str, float], seconds: float | None, constants_possible: bool) -> HalfWork:
    """FP16: 2 (HADD + HMUL) + 4 HFMA; an upper bound, since scalar halves count as packed.

    Reports up to 2024 carry none of these counters outside the hierarchical half roofline, and
    later ones only HFMA; the half pipe's activity then tells whether there is anything to
    count. ``constants_possible``: compilers for this device set constants with HFMA2.MMA, which
    the counter takes for arithmetic; where the half pipe itself stayed idle, that is all there
    was, and it is left out.
    """
    counts = {kind: _count(metrics, f"h{kind}", seconds) for kind in _OPERATIONS}
    fma = 4 * (counts["fma"] or 0.0)
    shares = [metrics[name] for name in _HALF_PIPES if name in metrics]
    idle = bool(shares) and max(shares) == 0
    if idle:
        if fma and constants_possible:
            remark = (
                f"{fma:.0f} FP16 operations left out: they ran as HFMA2.MMA beside an idle half "
                "pipe, as compilers set constants"
            )
            return HalfWork(0.0, "estimate", remark, idle=True)
        return HalfWork(fma, idle=True)
    if counts["add"] is not None and counts["mul"] is not None and counts["fma"] is not None:
        flop = 2 * (counts["add"] + counts["mul"]) + fma
        if not flop:
            return HalfWork(flop)
        return HalfWork(flop, "upper_bound", "FP16 is an upper bound: halves count as packed")
    if shares and max(shares) > _HALF_MATERIAL_PCT:
        return HalfWork(0.0, problem="half-precision operations ran but were not all counted")
    partial = "HADD2 and HMUL2 are" if counts["fma"] is not None else "FP16 operations are"
    return HalfWork(fma, "lower_bound", f"lower bound: {partial} not counted in this report")


def _flop(metrics: Mapping[str, float], letter: str, seconds: float | None) -> float | None:
    parts = [
        (operations, _count(metrics, f"{letter}{kind}", seconds))
        for kind, operations in _OPERATIONS.items()
    ]
    known = [operations * count for operations, count in parts if count is not None]
    return sum(known) if len(known) == len(parts) else None


def _count(metrics: Mapping[str, float], operation: str, seconds: float | None) -> float | None:
    """Thread instructions of a launch: counted, or NVIDIA's rate per cycle x clock x time."""
    for unit in ("smsp", "sm"):
        stem = f"{unit}__sass_thread_inst_executed_op_{operation}_pred_on.sum"
        if (total := metrics.get(stem)) is not None:
            return total
        clock = metrics.get(f"{unit}__cycles_elapsed.avg.per_second")
        per_cycle = metrics.get(f"{stem}.per_cycle_elapsed")
        if per_cycle is not None and clock is not None and seconds is not None:
            return per_cycle * clock * seconds
    return None


def _peak(metrics: Mapping[str, float], operation: str, factor: int) -> float | None:
    stem = f"sm__sass_thread_inst_executed_op_{operation}_pred_on"
    clock = metrics.get("sm__cycles_elapsed.avg.per_second")
    per_cycle = metrics.get(f"{stem}.sum.peak_sustained")
    if per_cycle is not None:
        per_cycle *= factor
    else:
        per_cycle = metrics.get(f"derived__{stem}_x{factor}")
    return per_cycle * clock if per_cycle and clock else None
