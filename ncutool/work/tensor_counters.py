"""Tensor-core operations of one launch, from Nsight Compute's ``sm__ops_path_tensor_*`` counters.

Each counter is one data path: sources, destination, instruction family and sparsity. One that
names less counts more: ``src_bf16_dst_fp32`` counts what ``op_hgmma_src_bf16_dst_fp32`` counts, and
that what its ``_sparsity_off`` and ``_sparsity_on`` count, so adding all of them would count twice.
The total is what no other counter of the record holds, and known only where those leave no gap:
dense work alone says nothing of sparse work, nor one instruction of another. Names with further
endings (``_realtime``) measure the same work in another way and are never added. A counter that
holds sparse work has the peak of sparse work; the peak of dense work is that of ``_sparsity_off``
(NVIDIA section ``SpeedOfLight_HierarchicalTensorRooflineChart``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from msgspec import Struct

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
_TYPE = r"(?:[a-z]*fp?\d+|int\d+)"
_PATH = re.compile(
    rf"sm__ops_path_tensor_(?:op_(?P<op>[a-z0-9]+)_)?src_(?P<source>{_TYPE}(?:_{_TYPE})*)"
    rf"(?:_dst_(?P<sum>{_TYPE}))?(?:_sparsity_(?P<sparsity>on|off))?(?P<variant>_[a-z0-9_]+)?"
    r"\.sum(?:\.per_cycle_elapsed|\.per_second)?"
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


_INSTRUCTIONS: dict[str, dict[str, frozenset[str]]] = {
    "9.0": {
        **dict.fromkeys(("bf16", "fp16", "tf32"), frozenset({"hmma", "hgmma"})),
        "int8": frozenset({"imma", "igmma"}),
        "int1": frozenset({"bmma", "bgmma"}),
    },
    "10.0": {
        **dict.fromkeys(("bf16", "fp16", "tf32"), frozenset({"hmma", "utchmma"})),
        "int8": frozenset({"imma", "utcimma"}),
        "fp4_fp6_fp8": frozenset({"utcqmma"}),
        "fp4": frozenset({"utcomma"}),
    },
    "10.3": {
        **dict.fromkeys(("bf16", "fp16", "tf32"), frozenset({"hmma", "utchmma"})),
        "int8": frozenset({"imma"}),
        **dict.fromkeys(("fp4_fp6", "fp8"), frozenset({"utcqmma"})),
        "fp4": frozenset({"utcomma"}),
    },
    "12.0": {
        **dict.fromkeys(("bf16", "fp16", "tf32"), frozenset({"hmma"})),
        "int8": frozenset({"imma"}),
    },
}
"""All instructions that work on a type of source, by compute capability: counters of single
instructions are complete only together."""
_INSTRUCTIONS |= {"11.0": _INSTRUCTIONS["10.0"], "12.1": _INSTRUCTIONS["12.0"]}
_TWO_SUMS = frozenset({"fp16", "fp8", "fp4_fp6", "fp4_fp6_fp8"})
"""Sources whose products are summed as FP16 or as FP32, by counters of their own."""


@dataclass(frozen=True)
class Path:
    """One counter, by what its name pins down; None where it counts all there is of that."""

    source: str
    """Types of the sources, e.g. ``bf16`` or ``fp4_fp6_fp8``."""
    sums: str | None
    """Type of the sums, e.g. ``fp32``."""
    op: str | None
    """Instruction family, e.g. ``hgmma``."""
    sparse: bool | None
    flop: float
    peak_flop_per_s: float | None
    variant: str = ""
    """What else its name ends in: another measurement of the same work."""

    @property
    def dtype(self) -> str:
        """Data type of the sources: the widest where one counter serves several (Blackwell)."""
        if self.source.startswith("fp4_fp6"):
            return self.source.split("_")[-1]
        return self.source.split("_")[0]

    def holds(self, other: Path) -> bool:
        """Whether every operation that ``other`` counts is counted here too."""
        pairs = ((self.sums, other.sums), (self.op, other.op), (self.sparse, other.sparse))
        return self.source == other.source and all(a in (None, b) for a, b in pairs)

    def meets(self, other: Path) -> bool:
        """Whether some operations may be counted by both."""
        pairs = ((self.sums, other.sums), (self.op, other.op), (self.sparse, other.sparse))
        return self.source == other.source and all(
            a is None or b is None or a == b for a, b in pairs
        )


class TensorWork(Struct, frozen=True):
    """Operations of one data type on the tensor cores (an FMA is two)."""

    dtype: str
    roof: str | None
    flop: float
    peak_flop_per_s: float | None
    remark: str | None = None


class Activity(Struct, frozen=True):
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
            source=match["source"],
            sums=match["sum"],
            op=match["op"],
            sparse=None if match["sparsity"] is None else match["sparsity"] == "on",
            flop=flop,
            peak_flop_per_s=peak * clock if peak and clock else None,
            variant=match["variant"] or "",
        )
    return list(counted.values())


def covers(recorded: Sequence[Path], capability: str | None) -> bool:
    """Whether the record counts every kind of tensor operation that its device has."""
    if capability is None:
        return False
    plain = [path for path in recorded if not path.variant]
    sources = dict.fromkeys(path.source for path in plain)
    whole = {
        dtype: all(
            _complete([p for p in plain if p.source == source], capability)
            for source in sources
            if _dtype_of(source, plain) == dtype
        )
        for dtype in {path.dtype for path in plain}
    }
    return bool(whole) and _needed(capability) <= whole.keys() and all(whole.values())


def total(recorded: Sequence[Path], capability: str | None) -> list[TensorWork] | None:
    """Operations by data type, each counted once; None where counters contradict each other."""
    work = []
    for dtype in dict.fromkeys(path.dtype for path in recorded):
        mine = [path for path in recorded if path.dtype == dtype and not path.variant]
        others = [path for path in recorded if path.dtype == dtype and path.variant]
        tops = _outermost(mine)
        flop = sum(path.flop for path in tops)
        apart = all(not a.meets(b) for a, b in combinations(tops, 2))
        if not apart or any(path.flop > flop * (1 + _MISMATCH) for path in others):
            return None
        if any(_contradicts(path, mine, capability) for path in mine):
            return None
        if flop > 0:
            work.append(_typed(dtype, flop, mine, capability))
    return work


def uncounted_sums(recorded: Sequence[Path], capability: str | None) -> tuple[str, ...]:
    """Return the paths without a counter that differ from a recorded one in the type of sums."""
    plain = [path for path in recorded if not path.variant]
    absent = []
    for source in dict.fromkeys(path.source for path in plain):
        sums = {path.sums for path in _outermost([p for p in plain if p.source == source])}
        if source in _TWO_SUMS and None not in sums and capability != "7.5":
            absent += [f"{source.upper()} with {s.upper()} sums" for s in ("fp16", "fp32")
                       if s not in sums]  # fmt: skip
    return tuple(absent)


def _dtype_of(source: str, recorded: Sequence[Path]) -> str:
    return next(path.dtype for path in recorded if path.source == source)


def _outermost(paths: Sequence[Path]) -> list[Path]:
    """Return the counters that no other one of ``paths`` holds."""
    return [path for path in paths if not any(o.holds(path) for o in paths if o is not path)]


def _complete(mine: Sequence[Path], capability: str | None) -> bool:
    """Whether counters of one type of sources leave out neither sparse work nor an instruction."""
    tops = _outermost(mine)
    for top in tops:
        twin = replace(top, sparse=not top.sparse)
        if top.sparse is not None and not any(other.holds(twin) for other in tops):
            return False
    ops = {top.op for top in tops}
    if None in ops:
        return True
    needed = _INSTRUCTIONS.get(capability or "", {}).get(tops[0].source) if tops else None
    return needed is not None and needed <= ops


def _contradicts(top: Path, mine: Sequence[Path], capability: str | None) -> bool:
    """Whether the parts of a counter hold more than it, or all of them together less."""
    parts = _outermost([path for path in mine if path is not top and top.holds(path)])
    if any(part.flop > top.flop * (1 + _MISMATCH) for part in parts):
        return True
    if not parts or any(a.meets(b) for a, b in combinations(parts, 2)):
        return False
    below = sum(part.flop for part in parts)
    if below > top.flop * (1 + _MISMATCH):
        return True
    of_one_op = [replace(part, op=None) for part in parts] if top.op is not None else parts
    whole = _complete(of_one_op, capability) and not (top.sums is None and parts[0].sums)
    return whole and below < top.flop * (1 - _MISMATCH)


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


def busy(metrics: Mapping[str, float]) -> bool:
    """Whether the tensor pipe worked more than constants explain."""
    shares = [value for name, value in metrics.items() if _ACTIVITY.fullmatch(name)]
    return max(shares, default=0.0) >= MATERIAL_PCT


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


def _typed(dtype: str, flop: float, mine: Sequence[Path], capability: str | None) -> TensorWork:
    """Return the work of one data type, held against the peak of the path that did most of it."""
    remarks = []
    no_sparsity = capability == "7.5" or dtype in {"fp64", "int1"}
    low = [path for path in mine if path.sparse is not None or no_sparsity]
    main = max(low, key=lambda path: (path.flop, path.op is not None), default=None)
    peak = None
    if main is not None and main.flop > 0:
        peak = main.peak_flop_per_s
        if main.sparse:
            remarks.append("2:4 sparse operations as NVIDIA counts them, against the sparse peak")
        remarks += _slow_instruction(main, low)
    source = max(mine, key=lambda path: path.flop).source
    if source.startswith("fp4_fp6"):
        kinds = source.upper().split("_")
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
