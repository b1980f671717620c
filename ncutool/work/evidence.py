"""All operations of a launch of a report, by the best evidence there is for each kind of them.

The order of trust is counters, SASS (counts per address x the instruction's text), the report's
own sums by opcode, the tensor pipe's percentage. Each kind of operation (FP32, FP64, FP16, tensor)
takes the best that the record has; the sum is labelled with the weakest that contributes to it.
It is known only if no kind can have escaped: FP32 counters alone say nothing of a kernel that
runs on the tensor cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ncutool.base.thresholds import Threshold
from ncutool.work import core_counters, rates, tensor_counters
from ncutool.work.exactness import Exactness, of_sum

if TYPE_CHECKING:
    from ncutool.work.core_counters import CoreWork
    from ncutool.work.instructions import Matrix, Mix

NO_FLOP_COUNTERS = "no FLOP counters in the report (collect with --set roofline)"
NO_TENSOR_COUNTERS = (
    "the tensor cores may have worked and were not counted (collect with --section "
    "SpeedOfLight_HierarchicalTensorRooflineChart)"
)
CONTRADICTORY = "the tensor counters contradict each other"
NO_DURATION = "no duration in the report"
_ORDER = ("counter", "sass", "opcode", "pipe")
_DISAGREE = Threshold(
    0.01,
    "share of the larger",
    "instruction counts further from counters are left out",
    "judgement",
)
_NOTABLE_PCT = Threshold(
    1.0,
    "%",
    "activity of the tensor pipe without its instructions is told from here on",
    "judgement",
)
_NAMED_INSTRUCTIONS = 3


class Problem(NamedTuple):
    """Why the operations of a launch are not known."""

    code: str
    """One of :data:`ncutool.base.tables.MISSING`."""
    text: str


class Roof(NamedTuple):
    """Operations of one data type against their own peak."""

    dtype: str
    name: str | None
    flop: float
    peak_flop_per_s: float | None
    tensor: bool = False
    rated: bool = False
    """Its peak is not recorded, but known per cycle for its compute capability."""


class Flop(NamedTuple):
    """The operations of a launch, or why they are not known."""

    flop: float | None
    source: str = "none"
    roof: Roof | None = None
    problem: Problem | None = None
    remarks: tuple[str, ...] = ()
    exactness: Exactness = "exact"
    """Of ``flop``."""
    tensor_flop: float | None = None
    """Those of ``flop`` that the tensor cores did."""


class _Part(NamedTuple):
    """One kind of operations and the evidence for it."""

    roofs: tuple[Roof, ...]
    source: str
    remarks: tuple[str, ...] = ()
    problem: Problem | None = None
    exactness: Exactness = "exact"


def count(
    metrics: Mapping[str, float],
    seconds: float | None,
    capability: str | None,
    kernel: str,
    mix: Mix | None,
) -> Flop:
    """Count the operations of one launch by the best evidence there is.

    Args:
        metrics: finite values by NVIDIA's metric name, in base units.
        seconds: its duration.
        capability: e.g. ``9.0``.
        kernel: its name, which may speak of tensor instructions and their data type.
        mix: what its instructions say, where the report holds them.
    """
    if seconds is None and mix is None:
        return Flop(None, problem=Problem("duration", NO_DURATION))
    counted = _counted_cores(metrics, seconds, capability)
    remarks = []
    if mix is not None and (doubt := _contradiction(mix, counted)):
        remarks.append(doubt)
        mix = None
    paths = tensor_counters.paths(metrics, seconds) if seconds is not None else []
    if mix is None and not paths and all(core.flop is None for core in counted):
        return _by_pipe(metrics, seconds, capability, kernel, remarks)
    cores = _cores(metrics, counted, capability, mix)
    if cores.problem is not None:
        return Flop(None, problem=cores.problem, remarks=tuple(remarks))
    busy = sum(roof.flop for roof in cores.roofs)
    tensor = _tensor(metrics, seconds, capability, kernel, paths, mix, busy)
    if tensor.problem is not None:
        return Flop(None, problem=tensor.problem, remarks=(*remarks, *tensor.remarks))
    half = _half(metrics, seconds, capability, mix)
    if half.problem is not None:
        return Flop(None, problem=half.problem, remarks=tuple(remarks))
    return _sum([cores, tensor, half], remarks)


def _counted_cores(
    metrics: Mapping[str, float], seconds: float | None, capability: str | None
) -> tuple[CoreWork, CoreWork]:
    return (
        core_counters.single(metrics, seconds, capability),
        core_counters.double(metrics, seconds),
    )


def _contradiction(mix: Mix, counted: tuple[CoreWork, ...]) -> str | None:
    """Why instructions that do not give what the counters give are not believed."""
    for core in counted:
        mine = mix.cores[core.dtype]
        if core.flop is None or core.exactness != "exact" or mix.whole_warps:
            continue
        if abs(mine - core.flop) > _DISAGREE * max(mine, core.flop):
            return (
                f"instruction counts left out: they give {mine:.0f} {core.dtype.upper()} "
                f"operations, the counters {core.flop:.0f}"
            )
    return None


def _cores(
    metrics: Mapping[str, float],
    counted: tuple[CoreWork, ...],
    capability: str | None,
    mix: Mix | None,
) -> _Part:
    """FP32 and FP64 operations, from instructions where one of them was not (fully) counted."""
    absent = [core.dtype for core in counted if core.flop is None]
    if absent and mix is None:
        names = " and ".join(dtype.upper() for dtype in absent)
        problem = Problem("core_counters", f"no {names} counters in the report")
        return _Part((), "none", problem=problem)
    roofs = []
    partial = bool(absent) or any(core.exactness != "exact" for core in counted)
    for core in counted:
        flop = mix.cores[core.dtype] if mix is not None and partial else core.flop
        peak = core.peak_flop_per_s or rates.core_peak(metrics, capability, core.dtype)
        rated = core.peak_flop_per_s is None and peak is not None
        roofs.append(Roof(core.dtype, core.dtype, flop or 0.0, peak, rated=rated))
    if mix is None or not partial:
        remarks = tuple(core.remark for core in counted if core.remark)
        exactness = of_sum(*(core.exactness for core in counted))
        return _Part(tuple(roofs), "counter", remarks, exactness=exactness)
    if not mix.whole_warps:
        return _Part(tuple(roofs), mix.source)
    remark = "upper bound: every warp instruction taken for 32 threads"
    return _Part(tuple(roofs), mix.source, (remark,), exactness="upper_bound")


def _tensor(
    metrics: Mapping[str, float],
    seconds: float | None,
    capability: str | None,
    kernel: str,
    paths: list[tensor_counters.Path],
    mix: Mix | None,
    other_flop: float,
) -> _Part:
    """Tensor operations, by counters, instructions, or what the pipe's activity excludes."""
    if tensor_counters.covers(paths, capability):
        total = tensor_counters.total(paths, capability)
        if total is None:
            return _Part((), "none", problem=Problem("contradiction", CONTRADICTORY))
        uncounted = tensor_counters.uncounted_sums(paths, capability)
        if total or not uncounted or not tensor_counters.busy(metrics):
            return _by_paths(total, uncounted)
    activity = tensor_counters.activity(metrics, capability, other_flop, kernel)
    share = f"tensor pipe {activity.pct:.2g} % active" if activity.pct else ""
    problem = Problem("tensor_counters", NO_TENSOR_COUNTERS)
    if mix is not None:
        by_mix = _tensor_by_mix(metrics, seconds, capability, mix, activity)
        if by_mix.problem is None:
            return by_mix
        problem = by_mix.problem
    elif activity.idle:
        return _Part((), "counter")
    elif not activity.material:
        remark = f"{share}, taken for constants set with HFMA2.MMA: else a lower bound"
        return _Part((), "counter", (remark,), exactness="lower_bound")
    if (estimate := rates.pipe_estimate(metrics, seconds, capability, kernel)) is not None:
        remarks = (_estimate_remark(estimate),)
        return _Part((_estimated(estimate),), "pipe", remarks, exactness="estimate")
    return _Part((), "none", (share,) if share else (), problem)


def _by_paths(total: list[tensor_counters.TensorWork], uncounted: tuple[str, ...]) -> _Part:
    """Return tensor operations by counters: a lower bound where some path has none."""
    roofs = tuple(Roof(t.dtype, t.roof, t.flop, t.peak_flop_per_s, True) for t in total)
    remarks = [t.remark for t in total if t.remark]
    if not uncounted:
        return _Part(roofs, "counter", tuple(remarks))
    remarks.append(f"lower bound: {', '.join(uncounted)} were not counted")
    return _Part(roofs, "counter", tuple(remarks), exactness="lower_bound")


def _tensor_by_mix(
    metrics: Mapping[str, float],
    seconds: float | None,
    capability: str | None,
    mix: Mix,
    activity: tensor_counters.Activity,
) -> _Part:
    share = f"tensor pipe {activity.pct:.2g} % active" if activity.pct else ""
    if mix.tensor_problem is not None:
        return _Part((), "none", problem=_uncounted_tensor(mix.tensor_problem))
    if not mix.tensor:
        remark = f"{share} without any tensor instruction, as constants set with HFMA2.MMA show"
        notable = (activity.pct or 0.0) >= _NOTABLE_PCT
        source = "counter" if activity.idle else mix.source
        return _Part((), source, (remark,) if notable else ())
    guessed = any(matrix.estimate for matrix in mix.tensor)
    if guessed and not rates.agrees_with_pipe(metrics, seconds, capability, mix.tensor):
        kinds = ", ".join(dict.fromkeys(m.opcode for m in mix.tensor if m.estimate))
        why = f"how {kinds} is to be counted is not proven"
        return _Part((), "none", problem=_uncounted_tensor(why))
    roofs = []
    for dtype in dict.fromkeys(matrix.dtype for matrix in mix.tensor):
        mine = [matrix for matrix in mix.tensor if matrix.dtype == dtype]
        peak = rates.tensor_peak(metrics, seconds, capability, mine)
        flop = sum(matrix.flop for matrix in mine)
        name = tensor_counters.ROOFS.get(dtype)
        roofs.append(Roof(dtype, name, flop, peak, True, rated=peak is not None))
    remarks = [_instructions(mix.tensor)]
    if guessed:
        remarks.append(f"an estimate that agrees with the tensor pipe's activity ({share})")
    slow = capability == "9.0" and any(not m.group and m.dtype != "fp64" for m in mix.tensor)
    if slow:
        remarks.append(
            "mma.sync instructions: their roof is 67 % of what this device's wgmma reaches"
        )
    exactness: Exactness = "estimate" if guessed else "exact"
    return _Part(tuple(roofs), mix.source, tuple(remarks), exactness=exactness)


def _uncounted_tensor(why: str) -> Problem:
    return Problem("tensor_counters", f"{NO_TENSOR_COUNTERS}: {why}")


def _instructions(tensor: tuple[Matrix, ...]) -> str:
    """Return the matrix instructions that operations were counted from, most first."""
    most = sorted(tensor, key=lambda matrix: -matrix.flop)
    named = [f"{m.warps} {m.opcode}" for m in most[:_NAMED_INSTRUCTIONS]]
    rest = len(most) - len(named)
    return "tensor operations of " + ", ".join(named) + (f" and {rest} more" if rest else "")


def _half(
    metrics: Mapping[str, float], seconds: float | None, capability: str | None, mix: Mix | None
) -> _Part:
    """Half-precision operations outside the tensor cores."""
    constants = capability in tensor_counters.CONSTANTS_ON_TENSOR_PIPE
    half = core_counters.half(metrics, seconds, constants)
    peak = core_counters.half_peak(metrics)
    by_counters = _Part(
        (Roof("fp16", "fp16", half.flop, peak),),
        "counter",
        (half.remark,) if half.remark else (),
        None if half.problem is None else Problem("half_counters", half.problem),
        half.exactness,
    )
    if mix is None or (mix.source != "sass" and half.idle):
        return by_counters
    flop, remarks = mix.cores["fp16"], []
    if mix.half_moves:
        remarks.append(
            f"{mix.half_moves:.0f} FP16 operations left out: HFMA2 that set constants, or "
            "conversions"
        )
    if flop and mix.half_may_move:
        remarks.append(
            f"{flop:.0f} FP16 operations are an upper bound: HFMA2 may only set constants"
        )
    elif flop:
        remarks.append("FP16 is an upper bound: halves count as packed")
    sure = half.problem is None and half.exactness == "exact" and half.flop == flop
    source = "counter" if sure else mix.source
    exactness: Exactness = "upper_bound" if flop else "exact"
    return _Part((Roof("fp16", "fp16", flop, peak),), source, tuple(remarks), exactness=exactness)


def _by_pipe(
    metrics: Mapping[str, float],
    seconds: float | None,
    capability: str | None,
    kernel: str,
    remarks: list[str],
) -> Flop:
    """Estimate the tensor work of a launch where nothing was counted at all."""
    estimate = rates.pipe_estimate(metrics, seconds, capability, kernel)
    if estimate is None:
        problem = Problem("flop_counters", NO_FLOP_COUNTERS)
        return Flop(None, problem=problem, remarks=tuple(remarks))
    remark = f"{_estimate_remark(estimate)}; operations outside the tensor cores are not counted"
    all_remarks = (*remarks, remark)
    return Flop(
        estimate.flop, "pipe", _estimated(estimate), None, all_remarks, "estimate", estimate.flop
    )


def _estimated(estimate: rates.Estimate) -> Roof:
    name = tensor_counters.ROOFS.get(estimate.dtype)
    return Roof(estimate.dtype, name, estimate.flop, estimate.peak_flop_per_s, tensor=True)


def _estimate_remark(estimate: rates.Estimate) -> str:
    return (
        f"estimate: tensor pipe {estimate.pct:.3g} % active at the dense {estimate.dtype} rate "
        "that the kernel's name speaks of"
    )


def _sum(parts: list[_Part], remarks: list[str]) -> Flop:
    """Add up the kinds of operations; choose the roof that most of the compute time goes to."""
    remarks = [*remarks, *(remark for part in parts for remark in part.remarks)]
    exactness = of_sum(*(part.exactness for part in parts))
    busy = [roof for part in parts for roof in part.roofs if roof.flop > 0]
    if not busy:
        return Flop(0.0, _weakest(parts), None, None, tuple(remarks), exactness, 0.0)
    main = _dominant(busy)
    integer = [roof for roof in busy if roof.dtype in tensor_counters.INTEGER_TYPES]
    floating = [roof for roof in busy if roof not in integer]
    summed, apart = (integer, floating) if main in integer else (floating, integer)
    if main in integer and apart:
        beside = sum(roof.flop for roof in apart)
        remarks.append(f"integer operations; {beside:.0f} floating-point ones apart")
    elif main not in integer:
        remarks += [f"{r.flop:.0f} {r.dtype} tensor operations apart" for r in apart]
    if main.rated:
        remarks.append("peak by the rate known for its compute capability, at the record's clock")
    contributing = [part for part in parts if any(roof in summed for roof in part.roofs)]
    return Flop(
        flop=round(sum(roof.flop for roof in summed)),
        source=_weakest(contributing),
        roof=main,
        remarks=(*remarks, *_mixed(summed, main)),
        exactness=exactness,
        tensor_flop=round(sum(roof.flop for roof in summed if roof.tensor)),
    )


def _weakest(parts: list[_Part]) -> str:
    return max((part.source for part in parts), key=_ORDER.index)


def _dominant(busy: list[Roof]) -> Roof:
    """Where most of the compute time goes; by operations where a peak is missing."""
    if all(roof.peak_flop_per_s for roof in busy):
        return max(busy, key=lambda roof: roof.flop / (roof.peak_flop_per_s or 1))
    return max(busy, key=lambda roof: roof.flop)


def _mixed(summed: list[Roof], main: Roof) -> list[str]:
    """Return a remark where a tenth or more of the operations belongs to another roof."""
    flop = sum(roof.flop for roof in summed)
    others = [roof for roof in summed if roof is not main and roof.flop >= 0.1 * flop]
    if not others:
        return []
    parts = ", ".join(
        f"{100 * roof.flop / flop:.0f} % {roof.name or roof.dtype}" for roof in others
    )
    return [f"of these operations {parts}"]
