"""Peaks and tensor work by rates per cycle, where a report records no peak of its own.

A peak is operations per multiprocessor and cycle x multiprocessors x the record's own clock. The
rates are those that Nsight Compute reports themselves hold as ``peak_sustained``, or that follow
from the tensor pipe's percentage in them (7.0 and 8.9: from NVIDIA's data sheets). Where a card's
rate depends on the product (FP16 with FP32 sums on compute capability 8.6 and 8.9), the tensor
pipe's own percentage decides, and without it there is no peak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ncutool.base.thresholds import Threshold, ThresholdTable
from ncutool.work.instructions import Matrix
from ncutool.work.kernel_facts import facts_of
from ncutool.work.tensor_counters import MATERIAL_PCT

WANTED = (
    r"gpc__cycles_elapsed\.avg\.per_second",
    r"device__attribute_multiprocessor_count",
)
_CLOCKS = (
    "sm__cycles_elapsed.avg.per_second",
    "smsp__cycles_elapsed.avg.per_second",
    "gpc__cycles_elapsed.avg.per_second",
)
_MULTIPROCESSORS = "device__attribute_multiprocessor_count"
_PIPE = "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed"
_BY_TYPE = "sm__inst_executed_pipe_tensor_op_{}.avg.pct_of_peak_sustained_active"
_NEAR = Threshold(
    0.1,
    "share of the rate",
    "what a pipe shows must be this near a known rate",
    "judgement",
)
_PEAK_SUSTAINED = "metrics peak_sustained in reports of these devices"
_CORE_FMA: ThresholdTable[str, dict[str, int]] = ThresholdTable(
    {
        "fp32": {"7.0": 64, "7.5": 64, "8.0": 64, "8.6": 128, "8.9": 128, "9.0": 128},
        # 9.0 differs by product: 64 on an H100, 2 on an H800
        "fp64": {"7.0": 32, "7.5": 2, "8.0": 32, "8.6": 2, "8.9": 2},
    },
    "FMA per multiprocessor and cycle",
    "CUDA cores, by compute capability",
    _PEAK_SUSTAINED,
)
_TENSOR: ThresholdTable[str, dict[str, tuple[float, ...]]] = ThresholdTable(
    {
        "7.0": {"fp16": (1024,)},
        "7.5": {"fp16": (1024,), "int8": (2048,), "int4": (4096,)},
        "8.0": {
            **dict.fromkeys(("fp16", "bf16"), (2048.0,)),
            **{"tf32": (1024,), "fp64": (128,), "int8": (4096,), "int4": (8192,), "int1": (32768,)},
        },
        "8.6": {"fp16": (1024, 512), "bf16": (1024, 512), "int8": (2048,), "int4": (4096,)},
        "8.9": {"fp16": (1024, 512), "bf16": (1024, 512), "int8": (2048,), "int4": (4096,)},
        "9.0": {
            **dict.fromkeys(("fp16", "bf16"), (4096.0,)),
            **{"tf32": (2048,), "int8": (8192,), "fp8": (8192,), "fp64": (256,)},
        },
    },
    "operation per multiprocessor and cycle",
    "dense tensor rates by compute capability, two where products differ; Hopper's by wgmma, but "
    "for FP64",
    f"{_PEAK_SUSTAINED}; on 8.6 and 8.9 datasheet peak / (multiprocessors x clock)",
)
_MMA_SYNC_SHARE = Threshold(
    2 / 3, "share of wgmma", "what mma.sync reaches on Hopper", f"{_PEAK_SUSTAINED}: H100"
)


class Estimate(NamedTuple):
    """Tensor work by the pipe's percentage: known to a few per cent where its type is right."""

    dtype: str
    flop: float
    peak_flop_per_s: float
    pct: float


def clock(metrics: Mapping[str, float]) -> float | None:
    """Return the multiprocessors' clock during the launch, in Hz."""
    return next((metrics[name] for name in _CLOCKS if metrics.get(name)), None)


def core_peak(metrics: Mapping[str, float], capability: str | None, dtype: str) -> float | None:
    """Return the CUDA cores' FP32 or FP64 peak at the record's clock."""
    rate = _CORE_FMA.get(dtype, {}).get(capability or "")
    cycles = _per_second(metrics)
    return 2 * rate * cycles if rate and cycles else None


def tensor_peak(
    metrics: Mapping[str, float],
    seconds: float | None,
    capability: str | None,
    work: Sequence[Matrix],
) -> float | None:
    """Return the dense peak of matrix instructions of one data type, at the record's clock."""
    cycles = _per_second(metrics)
    if cycles is None or not work:
        return None
    main = max(work, key=lambda matrix: matrix.flop)
    rates = _TENSOR.get(capability or "", {}).get(main.dtype, ())
    if capability == "9.0" and not main.group and main.dtype != "fp64":
        rates = tuple(rate * _MMA_SYNC_SHARE for rate in rates)
    if len(rates) > 1 and main.narrow_sum and all(matrix.narrow_sum for matrix in work):
        rates = rates[:1]
    if len(rates) == 1:
        return rates[0] * cycles
    share = metrics.get(_PIPE)
    if not rates or not share or not seconds:
        return None
    implied = sum(matrix.flop for matrix in work) / (cycles * seconds) / (share / 100)
    near = [rate for rate in rates if abs(implied / rate - 1) <= _NEAR]
    return near[0] * cycles if near else None


def agrees_with_pipe(
    metrics: Mapping[str, float],
    seconds: float | None,
    capability: str | None,
    work: Sequence[Matrix],
) -> bool:
    """Whether the tensor pipe's percentage, measured apart, is what these instructions need.

    On Hopper that percentage counts against the rate of wgmma.
    """
    cycles, share = _per_second(metrics), metrics.get(_PIPE)
    if cycles is None or not seconds or not share:
        return False
    needed = 0.0
    for matrix in work:
        rates = _TENSOR.get(capability or "", {}).get(matrix.dtype, ())
        if len(rates) != 1:
            return False
        needed += matrix.flop / (rates[0] * cycles * seconds)
    return abs(100 * needed / share - 1) <= _NEAR


def pipe_estimate(
    metrics: Mapping[str, float], seconds: float | None, capability: str | None, kernel: str
) -> Estimate | None:
    """Tensor operations by the pipe's percentage x dense rate x cycles, or None.

    None too where the data type or the card's rate is not certain: each may be wrong by two.
    """
    share, cycles = metrics.get(_PIPE), _per_second(metrics)
    if share is None or cycles is None or not seconds or share < MATERIAL_PCT:
        return None
    dtype = _dtype(metrics, capability, kernel)
    rates = _TENSOR.get(capability or "", {}).get(dtype or "", ())
    if dtype is None or len(rates) != 1:
        return None
    peak = rates[0] * cycles
    return Estimate(dtype, round(share / 100 * peak * seconds), peak, share)


def _dtype(metrics: Mapping[str, float], capability: str | None, kernel: str) -> str | None:
    """Return the data type of tensor work by the pipe's parts and a library kernel's name."""
    facts = facts_of(kernel)
    named = facts.dtype if facts.names_product else None
    kinds = {
        kind for kind in ("hmma", "imma", "dmma", "gmma") if metrics.get(_BY_TYPE.format(kind))
    }
    allowed = {"hmma": {"fp16", "bf16", "tf32"}, "imma": {"int8"}, "dmma": {"fp64"}}
    if capability == "9.0":  # only wgmma's rate is that of the percentage
        return named if kinds == {"gmma"} and named != "fp64" else None
    if not kinds:
        return named
    fits = kinds == {"hmma"} or kinds == {"imma"} or kinds == {"dmma"}
    return named if fits and named in allowed[next(iter(kinds))] else None


def _per_second(metrics: Mapping[str, float]) -> float | None:
    """Cycles of all multiprocessors per second."""
    hertz, count = clock(metrics), metrics.get(_MULTIPROCESSORS)
    return hertz * count if hertz and count else None
