"""Tensor-core operations of one launch, from Nsight Compute's ``sm__ops_path_tensor_*`` counters.

Each counter is one data path: sources, destination, instruction family and sparsity. On Hopper
and Blackwell an aggregate (``src_bf16_dst_fp32``) covers the instruction-level counters
(``op_hgmma_src_bf16_dst_fp32_sparsity_off``), so adding all of them would count twice: the total
is aggregates plus what no aggregate covers. An aggregate's peak is that of sparse work; the peak
of dense work is the instruction level's (NVIDIA section
``SpeedOfLight_HierarchicalTensorRooflineChart``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ncutool.base.thresholds import Threshold
from ncutool.work.kernel_facts import facts_of

WANTED = (
    r"sm__ops_path_tensor_\w+\.sum(\.per_cycle_elapsed|\.per_second|\.peak_sustained)?",
    r"sm__pipe_tensor\w*_cycles_active(_v2)?\.avg\.pct_of_peak_sustained_(elapsed|active)",
    r"sm__inst_executed_pipe_tensor\w*\.avg\.pct_of_peak_sustained_(elapsed|active)",
    r"sm__inst_executed_pipe_fp64_op_dmma\.avg\.pct_of_peak_sustained_active",
)
CLOCK = "sm__cycles_elapsed.avg.per_second"
_PIPE = "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed"
_PATH = re.compile(
    r"sm__ops_path_tensor_(?:op_(?P<op>[a-z0-9]+)_)?src_(?P<data>[a-z0-9_]+?)"
    r"(?:_sparsity_(?P<sparsity>on|off))?\.sum(?:\.per_cycle_elapsed|\.per_second)?"
)
_ACTIVITY = re.compile("|".join(WANTED[1:]))
_NOT_HMMA = re.compile(r".*_op_(?!hmma)[a-z].*")
CONSTANTS_ON_TENSOR_PIPE = ("8.0", "9.0")
MATERIAL_PCT = Threshold(
    5.0,
    "%",
    "less activity of the tensor pipe need not be matrix work: HFMA2.MMA sets constants, too",
    "judgement: an FP32 kernel on H100 without any MMA shows 2.98 %",
)
_MISMATCH = Threshold(0.01, "share", "parts above their total by more contradict it", "judgement")
ROOFS = {
    "fp64": "fp64_tensor",
    "tf32": "tf32_tensor",
    "bf16": "bf16_tensor",
    "fp16": "fp16_tensor",
    "fp8": "fp8_tensor",
    "fp6": "fp8_tensor",  # one path and one rate
    "int8": "int8_tensor",
    "int4": "int4_tensor",
    "fp4": "fp4_tensor",
}
INTEGER_TYPES = frozenset({"int8", "int4", "int1"})


@dataclass(frozen=True)
class Path:
    """One counter: ``data`` is e.g. ``bf16_dst_fp32``; ``op`` is None above instruction level."""

    data: str
    op: str | None
    sparse: bool | None
    flop: float
    peak_flop_per_s: float | None

    @property
    def dtype(self) -> str:
        """Data type of the sources: the widest where one counter serves several (Blackwell)."""
        source = self.data.split("_dst_")[0]
        if source.startswith("fp4_fp6"):
            return source.split("_")[-1]
        return source.split("_")[0]


@dataclass(frozen=True)
class TensorWork:
    """Operations of one data type on the tensor cores (an FMA is two)."""

    dtype: str
    roof: str | None
    flop: float
    peak_flop_per_s: float | None
    remark: str | None = None


@dataclass(frozen=True)
class Activity:
    """What the tensor pipe says where its operations were not counted."""

    idle: bool
    """No tensor instruction ran: a fact."""
    pct: float | None
    """Share of cycles the pipe was active; None where that was not collected."""
    material: bool
    """Real tensor work cannot be excluded."""


def paths(metrics: Mapping[str, float], seconds: float) -> list[Path]:
    """Every data path that the record counts, with its operations and its own peak."""
    clock = metrics.get(CLOCK)
    counted: dict[str, Path] = {}
    for name in metrics:
        match = _PATH.fullmatch(name)
        if match is None:
            continue
        stem = name.split(".sum")[0]
        flop = _operations(metrics, stem, seconds)
        if stem in counted or flop is None:
            continue
        peak = metrics.get(f"{stem}.sum.peak_sustained")
        counted[stem] = Path(
            data=match["data"],
            op=match["op"],
            sparse=None if match["sparsity"] is None else match["sparsity"] == "on",
            flop=flop,
            peak_flop_per_s=peak * clock if peak and clock else None,
        )
    return list(counted.values())


def covers(recorded: Sequence[Path], capability: str | None) -> bool:
    """Whether the record counts every kind of tensor operation that its device has."""
    if capability is None:
        return False
    counted = {path.dtype for path in recorded}
    return bool(counted) and _needed(capability) <= counted


def total(recorded: Sequence[Path], capability: str | None) -> list[TensorWork] | None:
    """Operations by data type, each counted once; None where aggregate and parts disagree."""
    work = []
    for dtype in dict.fromkeys(path.dtype for path in recorded):
        mine = [path for path in recorded if path.dtype == dtype]
        tops = [path for path in mine if path.op is None and path.sparse is None]
        singles = [p for p in mine if p.op is None and p not in tops and not _covered(p, tops)]
        parts = [p for p in mine if p.op is not None]
        loose = [p for p in parts if not _covered(p, [*tops, *singles])]
        for top in tops:
            below = sum(part.flop for part in parts if _covered(part, [top]))
            if below > top.flop * (1 + _MISMATCH):
                return None
        flop = sum(path.flop for path in (*tops, *singles, *loose))
        if flop > 0:
            work.append(_typed(dtype, flop, tops, [*singles, *parts], capability))
    return work


def activity(
    metrics: Mapping[str, float], capability: str | None, counted_flop: float, kernel: str
) -> Activity:
    """Tell what is known of tensor work where the record lacks its counters.

    On some devices (compute capability 8.0 and 9.0 for certain) compilers set constants with
    HFMA2.MMA, which shows as up to a few per cent of tensor pipe activity without any tensor
    work. So a low percentage alone proves nothing there: it counts as tensor work from 5 %, or
    where another tensor instruction than HMMA ran, nothing else was counted, or the kernel's
    name speaks of MMA. Elsewhere any activity is tensor work.
    """
    shares = {name: value for name, value in metrics.items() if _ACTIVITY.fullmatch(name)}
    if not shares:
        none_built = capability is not None and float(capability) < 7.0
        return Activity(idle=none_built, pct=None, material=not none_built)
    pct = metrics.get(_PIPE, max(shares.values()))
    if max(shares.values()) == 0:
        return Activity(idle=True, pct=0.0, material=False)
    other = any(value > 0 and _NOT_HMMA.fullmatch(name) for name, value in shares.items())
    material = (
        capability not in CONSTANTS_ON_TENSOR_PIPE
        or max(shares.values()) >= MATERIAL_PCT
        or other
        or counted_flop == 0
        or facts_of(kernel).mentions_mma is True
    )
    return Activity(idle=False, pct=pct, material=material)


def _operations(metrics: Mapping[str, float], stem: str, seconds: float) -> float | None:
    if (count := metrics.get(f"{stem}.sum")) is not None:
        return count
    if (rate := metrics.get(f"{stem}.sum.per_second")) is not None:
        return rate * seconds
    per_cycle, clock = metrics.get(f"{stem}.sum.per_cycle_elapsed"), metrics.get(CLOCK)
    return None if per_cycle is None or clock is None else per_cycle * clock * seconds


def _needed(capability: str) -> set[str]:
    needed = {"fp16", "int8"}
    if capability == "7.5":
        return needed
    needed |= {"bf16", "tf32"}
    if float(capability) < 10:
        needed |= {"fp64"}
    needed |= {"fp8"} if float(capability) >= 8.9 else set()
    return needed | ({"fp4"} if float(capability) >= 10 else set())


def _covered(part: Path, tops: Sequence[Path]) -> bool:
    """Whether one of ``tops`` counts the operations of ``part`` too."""
    return any(part.data == top.data or part.data.startswith(f"{top.data}_dst_") for top in tops)


def _typed(
    dtype: str, flop: float, tops: Sequence[Path], low: Sequence[Path], capability: str | None
) -> TensorWork:
    remarks = []
    if busy := [path for path in low if path.flop > 0]:
        main = max(busy, key=lambda path: path.flop)
        peak = main.peak_flop_per_s
        if main.sparse:
            remarks.append("2:4 sparse operations as NVIDIA counts them, against the sparse peak")
        remarks += _slow_instruction(main, low)
    else:
        # An aggregate alone. Where 2:4 sparsity exists, its peak is that of sparse work: unusable.
        main = max(tops, key=lambda path: path.flop)
        dense = capability == "7.5" or dtype in {"fp64", "int1"}
        peak = main.peak_flop_per_s if dense else None
    if main.data.startswith("fp4_fp6"):
        kinds = main.data.split("_dst_")[0].upper().split("_")
        remarks.append(f"one counter serves {', '.join(kinds[:-1])} and {kinds[-1]} sources")
    return TensorWork(dtype, ROOFS.get(dtype), flop, peak, "; ".join(remarks) or None)


def _slow_instruction(main: Path, low: Sequence[Path]) -> list[str]:
    """Full rate takes wgmma (Hopper) or tcgen05 (Blackwell); mma.sync has a lower roof."""
    if main.op not in {"hmma", "imma", "bmma"} or main.peak_flop_per_s is None:
        return []
    rivals = [p for p in low if p.dtype == main.dtype and p.sparse == main.sparse]
    best = max(rivals, key=lambda path: path.peak_flop_per_s or 0.0)
    if (best.peak_flop_per_s or 0.0) <= main.peak_flop_per_s * 1.05:
        return []
    share = round(100 * main.peak_flop_per_s / (best.peak_flop_per_s or 1.0))
    full = "tcgen05" if (best.op or "").startswith("utc") else "wgmma"
    return [f"mma.sync instructions: their roof is {share} % of what this device's {full} reaches"]
