"""What a report's counters say of the inside of a launch, beside its work: why it may take long.

These are the counters that NVIDIA's own rules rest on. They hold figures only where the section
that brings them was collected; which those are is told too, since what was not collected could not
be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.work import cache_counters, occupancy_counters, pipe_counters, stall_counters

if TYPE_CHECKING:
    from ncutool.work.stall_counters import Issue
    from ncutool_parsers.capture import Capture

_LIMITS = {
    "registers": "registers",
    "shared_memory": "shared memory",
    "warps": "the block size",
    "blocks": "the number of blocks",
    "barriers": "barriers",
}
"""What may bound occupancy, in words."""
_THEORETICAL = "sm__maximum_warps_per_active_cycle_pct"
_ACHIEVED = "sm__warps_active.avg.pct_of_peak_sustained_active"
_SHARED_PIPE = "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum.pct_of_peak_sustained_elapsed"
_DATA_PIPE = "l1tex__data_pipe_lsu_wavefronts.avg.pct_of_peak_sustained_elapsed"
_L1_SECTORS = "l1tex__t_sectors_pipe_lsu_mem_{}_op_{}.sum"
_L1_REQUESTS = "l1tex__t_requests_pipe_lsu_mem_{}_op_{}.sum"
_THREADS = "smsp__thread_inst_executed_per_inst_executed.ratio"
_ISSUE = "smsp__issue_active.avg.per_cycle_active"
_FP64_PIPES = (
    "sm__pipe_fp64_cycles_active.avg.pct_of_peak_sustained_elapsed",
    "sm__inst_executed_pipe_fp64.avg.pct_of_peak_sustained_elapsed",
)
_PIPES = (
    "sm__pipe_fp64_cycles_active.avg.pct_of_peak_sustained_active",
    "sm__inst_executed_pipe_fp64.avg.pct_of_peak_sustained_active",
)
_UNITS = {
    "sm__cycles_active": ("multiprocessors", "sm__cycles_elapsed.max"),
    "smsp__cycles_active": ("schedulers", "smsp__cycles_elapsed.max"),
    "l1tex__cycles_active": ("L1 caches", "l1tex__cycles_elapsed.max"),
    "lts__cycles_active": ("L2 slices", "lts__cycles_elapsed.max"),
    "dram__cycles_active": ("DRAM instances", "dram__cycles_elapsed.max"),
}
_OF_MEMORY = ("L2 slices", "DRAM instances")
_FUSIBLE = {"fp32": "f", "fp64": "d", "fp16": "h"}
_CORE = "smsp__sass_thread_inst_executed_op_{}{}_pred_on.sum.per_cycle_elapsed"
_LINE_SECTORS = IntThreshold(
    4, "sectors", "a cache line on every NVIDIA device", "NVIDIA, Nsight Compute's Memory Tables"
)
_PAIRS = Threshold(
    0.5,
    "share",
    "two instructions become one: half of those that are not fused go at most",
    "NVIDIA, rule file FPInstructions that Nsight Compute ships",
)
WANTED = (
    r"memory_(l2_theoretical_sectors|l2_sectors|l1_wavefronts_shared|l1_sectors_shared)\w*",
    r"derived__memory_l[12]_\w+_excessive",
    r"lts__t_(sectors|requests)(_srcunit_tex)?\.sum",
    r"l1tex__data_bank_conflicts_pipe_lsu_mem_shared\.sum",
    r"l1tex__data_pipe_lsu_wavefronts_mem_shared\.sum(\.pct_of_peak_sustained_elapsed)?",
    r"l1tex__data_pipe_lsu_wavefronts\.avg\.pct_of_peak_sustained_elapsed",
    r"smsp__thread_inst_executed_per_inst_executed\.ratio",
    r"(smsp?|l1tex|lts|dram)__cycles_(active|elapsed)\.(avg|max)",
    *occupancy_counters.WANTED,
    *stall_counters.WANTED,
    *cache_counters.WANTED,
    *pipe_counters.WANTED,
)


class Share(NamedTuple):
    """A part of all there is of something."""

    part: float
    whole: float

    @property
    def of_whole(self) -> float:
        """The part as a share, 0 to 1; 0 where there is nothing."""
        return min(self.part / self.whole, 1.0) if self.whole > 0 else 0.0


class Stall(NamedTuple):
    """What warps wait for most of all."""

    name: str
    """NVIDIA's name in plain letters, e.g. ``long scoreboard``."""
    share: float
    """Of the time between two instructions of a warp, 0 to 1."""

    @property
    def reason(self) -> str:
        """NVIDIA's name as its counters spell it, e.g. ``long_scoreboard``."""
        return self.name.replace(" ", "_")


class Imbalance(NamedTuple):
    """A kind of unit of which some work longer than others."""

    units: str
    share: float
    """Of the launch's time that equal work would save, 0 to 1."""
    of_memory: bool = False
    """Slices of the memory, whose work follows from addresses, not from blocks."""


class Inside(NamedTuple):
    """What counters say of one launch; None where they were not collected."""

    sections: frozenset[str] = frozenset()
    """NVIDIA's sections whose counters are there."""
    theoretical_occupancy_pct: float | None = None
    achieved_occupancy_pct: float | None = None
    limited_by: tuple[str, ...] = ()
    """What bounds the theoretical occupancy."""
    global_excess: Share | None = None
    """Sectors of global accesses beyond what was needed, of all sectors at that level."""
    shared_excess: Share | None = None
    """Passes of shared accesses beyond what was needed, of all of the pipe that makes them."""
    local: Share | None = None
    """Sectors of local memory, of all sectors that L1 is asked for."""
    line_waste: float | None = None
    """Share of each cache line that requests leave unused, where most is, 0 to 1."""
    threads_active: float | None = None
    """Threads of a warp that execute an instruction, on average."""
    issue_active: float | None = None
    """Share of the cycles in which a scheduler issues, 0 to 1."""
    eligible_warps: float | None = None
    """Warps that a scheduler could choose from in a cycle, on average."""
    stall: Stall | None = None
    imbalance: Imbalance | None = None
    unfused: Mapping[str, float] = {}
    """By data type, the share of its floating-point instructions that fusing would remove."""
    fp64_pipe_pct: float | None = None
    """How busy the FP64 pipe is of the launch's whole time, as the speed of light counts."""


def by_launch(capture: Capture) -> dict[int, dict[str, float]]:
    """Return the counters of each launch of a report by its launch_id."""
    found: dict[int, dict[str, float]] = {}
    for launch_id, metric, value in capture.metrics.iter_rows():
        found.setdefault(launch_id, {})[metric] = value
    return found


def of_capture(capture: Capture) -> dict[int, Inside]:
    """Return what the counters of each launch of a report say, by its launch_id."""
    return {launch_id: of_metrics(metrics) for launch_id, metrics in by_launch(capture).items()}


def of_metrics(metrics: Mapping[str, float]) -> Inside:
    """Return what the counters of one launch say."""
    theoretical = metrics.get(_THEORETICAL)
    issue = stall_counters.of_metrics(metrics)
    return Inside(
        sections=_sections(metrics, issue),
        theoretical_occupancy_pct=theoretical,
        achieved_occupancy_pct=metrics.get(_ACHIEVED),
        limited_by=_limited_by(metrics),
        global_excess=_global_excess(metrics),
        shared_excess=_shared_excess(metrics),
        local=_local(metrics),
        line_waste=_line_waste(metrics),
        threads_active=metrics.get(_THREADS),
        issue_active=metrics.get(_ISSUE),
        eligible_warps=issue.eligible_warps,
        stall=_stall(issue),
        imbalance=_imbalance(metrics),
        unfused=_unfused(metrics),
        fp64_pipe_pct=_first(metrics, _FP64_PIPES),
    )


_EVIDENCE = {
    "SpeedOfLight": ("sm__throughput.avg.pct_of_peak_sustained_elapsed",),
    "LaunchStats": ("launch__waves_per_multiprocessor",),
    "Occupancy": (_ACHIEVED,),
    "SourceCounters": ("memory_l2_theoretical_sectors_global", "memory_l2_sectors_global"),
    "MemoryWorkloadAnalysis_Tables": ("lts__t_sectors.sum", _L1_SECTORS.format("global", "ld")),
    "SchedulerStats": (_ISSUE,),
    "ComputeWorkloadAnalysis": _PIPES,
    "SpeedOfLight_RooflineChart": (_CORE.format("f", "fma"), _CORE.format("d", "fma")),
}
"""Counters of which one tells that a section was collected."""


def _sections(metrics: Mapping[str, float], issue: Issue) -> frozenset[str]:
    found = {
        section for section, names in _EVIDENCE.items() if any(name in metrics for name in names)
    }
    if issue.stalls:
        found.add("WarpStateStats")
    return frozenset(found)


def _first(metrics: Mapping[str, float], names: Iterable[str]) -> float | None:
    return next((metrics[name] for name in names if name in metrics), None)


def _limited_by(metrics: Mapping[str, float]) -> tuple[str, ...]:
    """Return what bounds the theoretical occupancy, in words, registers first."""
    return tuple(_LIMITS[name] for name in occupancy_counters.of_metrics(metrics).limiters)


def _global_excess(metrics: Mapping[str, float]) -> Share | None:
    """Return the excess of global accesses: of all sectors at that level, other accesses' too."""
    for stem in ("l2_theoretical_sectors", "l2_sectors"):
        excess = metrics.get(f"derived__memory_{stem}_global_excessive")
        total = metrics.get(f"memory_{stem}_global")
        if excess is None or total is None:
            continue
        local = metrics.get(f"memory_{stem}_local", 0.0)
        return Share(excess, max(total + local, metrics.get("lts__t_sectors.sum", 0.0)))
    return None


def _shared_excess(metrics: Mapping[str, float]) -> Share | None:
    """Return the excess passes of shared accesses, as a share of what their pipe does in all."""
    found = []
    for stem in ("l1_wavefronts_shared", "l1_sectors_shared"):
        excess = metrics.get(f"derived__memory_{stem}_excessive")
        total = metrics.get(f"memory_{stem}")
        if excess is not None and total is not None:
            found.append(Share(excess, total))
    conflicts = metrics.get("l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum")
    passes = metrics.get("l1tex__data_pipe_lsu_wavefronts_mem_shared.sum")
    if conflicts is not None and passes is not None:
        found.append(Share(conflicts, passes))
    if not found:
        return None
    most = max(found, key=lambda share: share.of_whole)
    shared, every = metrics.get(_SHARED_PIPE), metrics.get(_DATA_PIPE)
    if shared is None or not every:
        return most
    return Share(most.part, most.whole * max(every / shared, 1.0)) if shared else Share(0.0, 1.0)


def _local(metrics: Mapping[str, float]) -> Share | None:
    """Return the sectors of local memory, into which registers spill."""
    sectors = {
        (space, kind): metrics.get(_L1_SECTORS.format(space, kind))
        for space in ("local", "global")
        for kind in ("ld", "st")
    }
    local = [sectors["local", kind] for kind in ("ld", "st")]
    if None in local:
        return None
    return Share(sum(filter(None, local)), sum(filter(None, sectors.values())))


def _line_waste(metrics: Mapping[str, float]) -> float | None:
    """Return the share of a cache line that the worst kind of request leaves unused."""
    wasted = []
    pairs = [
        (_L1_SECTORS.format("global", kind), _L1_REQUESTS.format("global", kind))
        for kind in ("ld", "st")
    ]
    pairs.append(("lts__t_sectors_srcunit_tex.sum", "lts__t_requests_srcunit_tex.sum"))
    for sectors, requests in pairs:
        if sectors in metrics and metrics.get(requests):
            wasted.append(max(1 - metrics[sectors] / metrics[requests] / _LINE_SECTORS, 0.0))
    return max(wasted, default=None)


def _stall(issue: Issue) -> Stall | None:
    """Return what warps wait for most; None too where they mostly wait for their turn to issue."""
    top = issue.top
    if top is None or top.pct is None or top.reason == "not_selected":
        return None
    return Stall(" ".join(top.reason.split("_")), top.pct / 100)


def _imbalance(metrics: Mapping[str, float]) -> Imbalance | None:
    """Return the kind of unit that would save most by equal work: (1 - average / most) x the share
    of the launch that the units are active."""
    found = []
    for stem, (units, elapsed_name) in _UNITS.items():
        average, most = metrics.get(f"{stem}.avg"), metrics.get(f"{stem}.max")
        elapsed = metrics.get(elapsed_name)
        if average is None or not most:
            continue
        active = min(average / elapsed, 1.0) if elapsed else 1.0
        found.append(Imbalance(units, (1 - average / most) * active, units in _OF_MEMORY))
    return max(found, key=lambda one: one.share, default=None)


def _unfused(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return by data type the share of its instructions that fused ones would replace."""
    shares = {}
    for dtype, letter in _FUSIBLE.items():
        add, mul, fma = (metrics.get(_CORE.format(letter, kind)) for kind in ("add", "mul", "fma"))
        if add is None or mul is None or fma is None or not add + mul + fma:
            continue
        shares[dtype] = _PAIRS * (add + mul) / (add + mul + fma)
    return shares
