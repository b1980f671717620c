"""What a reader of samples must know: the sentence, the caveats, and what would tell more."""

from __future__ import annotations

from collections.abc import Mapping

from ncutool.base import units
from ncutool.planning.signals.labels import PIPES, Labels
from ncutool.planning.signals.series import GpuSamples
from ncutool.planning.signals.statistics import Distribution
from ncutool.planning.signals.thresholds import (
    DRAM_REACHABLE,
    FEW_SAMPLES,
    LIMIT,
    SAME,
    SM_EFFECTIVE,
    SM_INEFFECTIVE,
)
from ncutool.planning.signals.verdict import Part

SHORT = {
    "gpu_util_pct": "GPU-Util",
    "memory_util_pct": "memory-in-use time",
    "graphics_active_pct": "engine activity",
    "sm_active_pct": "SM activity",
    "sm_occupancy_pct": "SM occupancy",
    "tensor_active_pct": "tensor pipe",
    "fp64_active_pct": "FP64 pipe",
    "fp32_active_pct": "FP32 pipe",
    "fp16_active_pct": "FP16 pipe",
    "dram_active_pct": "memory activity",
    "power_violation_pct": "power-limited time",
}
"""Signals in words."""
_RESOURCES = (*PIPES, "dram_active_pct")
_PROFILED = (
    "dcgmi dmon -e 1001,1002,1003,1004,1005,1006,1007,1008 (or, from Hopper on, nvidia-smi dmon "
    "--gpm-metrics 2,3,5,10,11,12,13)"
)
_EXPORTED = "DCGM_FI_PROF_* in the exporter's counters file"


def reason(
    regime: str,
    labels: Labels,
    idle_pct: float | None,
    medians: Mapping[str, float],
    parts: tuple[Part, ...],
) -> str:
    """Return the reason for the regime: one sentence with the numbers."""
    if regime == "idle":
        idle = units.percent(idle_pct)
        return f"the device did nothing in {idle} of the time{_inside(labels, parts)}"
    figures = _medians(medians, (*_RESOURCES, "sm_active_pct"))
    if regime == "busy":
        busy = units.percent(labels.busy_pct)
        if not set(medians) & set(_RESOURCES):
            return f"kernels ran in {busy} of the time; nothing sampled says what they were held by"
        return f"kernels ran in {busy} of the time; {figures} (medians): {_undecided(medians)}"
    if regime == "unknown":
        return f"{figures or 'no signal of use'}: {_undecided(medians)}"
    if regime == "mixed":
        listed = ", ".join(f"{part.regime} {units.percent(part.share_pct)}" for part in parts)
        if parts[0].share_pct < SAME:
            return f"the busy samples differ: {listed}; while busy {figures} (medians)"
        return (
            f"while busy {figures} (medians): neither compute nor memory reaches "
            f"{LIMIT:.0f} %, and together they do: kernels that are each near a limit, in "
            "turn, or kernels that wait"
        )
    which = {
        "compute": f"a compute pipe is past {LIMIT:.0f} % and the most used",
        "memory": f"device memory is past {LIMIT:.0f} % and the most used",
        "balanced": f"compute and memory are alike, and at least one is past {LIMIT:.0f} %",
        "latency": f"compute and memory together stay under {LIMIT:.0f} %",
    }[regime]
    share = parts[0].share_pct
    return f"{which} in {units.percent(share)} of the busy samples; while busy {figures} (medians)"


def contradiction(labels: Labels, medians: Mapping[str, float]) -> str:
    """Return what contradicts what, with the numbers: never that the device did nothing."""
    figures = _medians(medians, tuple(SHORT))
    return (
        f"in {units.counted(labels.contradictory_samples, 'sample')} of {len(labels.regimes):,} no "
        f"SM worked, and yet memory or a pipe did: {figures} (medians); copies by the copy engines "
        "do so, else one of the counters is of another time or another device"
    )


def _inside(labels: Labels, parts: tuple[Part, ...]) -> str:
    if not parts:
        return ""
    listed = ", ".join(f"{part.regime} {units.percent(part.share_pct)}" for part in parts)
    return f"; of the {units.counted(labels.busy_samples, 'busy sample')}: {listed}"


def _medians(medians: Mapping[str, float], signals: tuple[str, ...]) -> str:
    return ", ".join(
        f"{SHORT[each]} {units.percent(medians[each])}" for each in signals if each in medians
    )


def _undecided(medians: Mapping[str, float]) -> str:
    if "dram_active_pct" not in medians:
        return "memory activity was not sampled"
    if not set(PIPES) & set(medians):
        return "no compute pipe was sampled"
    missing = [SHORT[pipe] for pipe in PIPES if pipe not in medians]
    if missing:
        return f"what was not sampled ({', '.join(missing)}) may be what holds it"
    if "graphics_active_pct" not in medians:
        return "idle time within the samples may hide that one of them is near its limit"
    return "too few busy samples have all of them"


def notes(
    gpu: GpuSamples,
    labels: Labels,
    spread: tuple[Distribution, ...],
    sm_count: int | None,
) -> tuple[str, ...]:
    """Return caveats, most important first."""
    by_signal = {each.signal: each for each in spread}
    sentences = [
        _gpu_util(by_signal, sm_count),
        _memory_util(by_signal),
        *(_levels(each) for each in spread),
        _filled(by_signal),
        _sides(by_signal),
        _averages(by_signal, labels),
        _power(by_signal, gpu.samples),
        _few(gpu.samples),
        _instance(gpu.name),
    ]
    return tuple(each for each in sentences if each)


def _gpu_util(by_signal: Mapping[str, Distribution], sm_count: int | None) -> str:
    util, active = by_signal.get("gpu_util_pct"), by_signal.get("sm_active_pct")
    if util is None:
        return ""
    one = f"one of {sm_count} SMs ({100 / sm_count:.1f} % of them)" if sm_count else "one SM"
    sentence = (
        "GPU-Util (sm % of nvidia-smi) alone says nothing of how well a device is used: it is the "
        f"share of time in which at least one kernel ran, here {_usual(util)}; a single thread "
        f"block on {one} that runs all the time makes it 100 %"
    )
    if active is not None:
        sentence += f"; SM activity over the same samples is {_usual(active)}"
    return sentence


def _usual(each: Distribution) -> str:
    """Return the median, or two levels where there is no usual value."""
    if each.levels is None:
        return f"{units.percent(each.median_pct)} (median)"
    low, high = each.levels
    return f"{units.percent(low.median_pct)} or {units.percent(high.median_pct)} (two levels)"


def _memory_util(by_signal: Mapping[str, Distribution]) -> str:
    memory = by_signal.get("memory_util_pct")
    if memory is None:
        return ""
    return (
        f"mem %, here {_usual(memory)}, is the share of time in which device "
        "memory was read or written, not a share of its bandwidth and not its fill"
    )


def _levels(each: Distribution) -> str:
    if each.levels is None:
        return ""
    low, high = each.levels
    return (
        f"{SHORT[each.signal]} stands at two levels: about {units.percent(low.median_pct)} in "
        f"{units.percent(low.share_pct)} of the samples and {units.percent(high.median_pct)} in "
        f"{units.percent(high.share_pct)}; its mean, {units.percent(each.mean_pct)}, is neither"
    )


def _filled(by_signal: Mapping[str, Distribution]) -> str:
    """Return how well the SMs were filled, idle time apart where a signal tells it."""
    active = by_signal.get("sm_active_pct")
    if active is None:
        return ""
    mean = units.percent(active.mean_pct)
    busy = by_signal.get("graphics_active_pct") or by_signal.get("gpu_util_pct")
    if busy is None or busy.mean_pct <= 0:
        if active.mean_pct >= SM_INEFFECTIVE:
            return ""
        return (
            f"SM activity of {mean} (mean) is under {SM_INEFFECTIVE:.0f} %, likely "
            "ineffective: small grids, gaps between kernels and idle time look alike in it"
        )
    share = 100 * active.mean_pct / busy.mean_pct
    sentence = (
        f"SM activity is {mean} and {SHORT[busy.signal]} {units.percent(busy.mean_pct)} (means): "
        f"an SM had a warp in {units.percent(share)} of the busy time"
    )
    if share < SM_INEFFECTIVE:
        return (
            f"{sentence}, under {SM_INEFFECTIVE:.0f} %: small grids, tails, or gaps between "
            "kernels too short for that signal left SMs empty, rather than long waits"
        )
    if share >= SM_EFFECTIVE:
        return (
            f"{sentence}; {SM_EFFECTIVE:.0f} % is necessary for effective use and not "
            "sufficient: a warp that waits counts"
        )
    return sentence


def _sides(by_signal: Mapping[str, Distribution]) -> str:
    if "dram_active_pct" not in by_signal:
        return ""
    return (
        "L2, shared memory, special functions and integer pipes are not in these counters: they "
        "can hold work that reads as latency here; memory activity of about "
        f"{DRAM_REACHABLE:.0f} % is the most in practice"
    )


def _averages(by_signal: Mapping[str, Distribution], labels: Labels) -> str:
    if not set(by_signal) & set(_RESOURCES):
        return ""
    if labels.busy_signal == "graphics_active_pct":
        return (
            "each value is a mean over its interval; regimes are told by the use within the time "
            "that the engine was busy (value / engine activity), to which copies beside it add"
        )
    return (
        "each value is a mean over its interval, idle time within it included: half of the use "
        "can be all of it for half of the time. Shares of the busy time lie between the values "
        "and these over GPU-Util or SM activity; engine activity (field 1001) would tell"
    )


def _power(by_signal: Mapping[str, Distribution], samples: int) -> str:
    violation = by_signal.get("power_violation_pct")
    if violation is None or violation.maximum_pct <= 0:
        return ""
    return (
        f"the power limit held the clocks down (pviol up to {units.percent(violation.maximum_pct)} "
        f"over {units.counted(samples, 'sample')}): peaks at datasheet clocks are out of reach"
    )


def _few(samples: int) -> str:
    if samples >= FEW_SAMPLES:
        return ""
    return f"{units.counted(samples, 'sample')} only: too few to tell a course over time"


def _instance(name: str) -> str:
    if "GPU-I" not in name and "GPU-CI" not in name and "instance" not in name:
        return ""
    return "a MIG instance: shares are of the instance, and the whole GPU is listed beside it"


def tells_more(regime: str, signals: frozenset[str], kind: str) -> tuple[str, ...]:
    """Return what to sample or measure next."""
    hints = []
    missing = {"graphics_active_pct", "sm_active_pct", *_RESOURCES} - signals
    if missing and regime != "idle":
        listed = ", ".join(SHORT[each] for each in SHORT if each in missing)
        how = _EXPORTED if kind == "dcgm-exporter" else _PROFILED
        hints.append(f"{how}: {listed}")
    if regime == "idle":
        hints.append(
            "a torch.profiler trace and ncutool report: which part of the idle time is the host, "
            "input, or waiting"
        )
    elif regime == "contradictory":
        hints.append(
            "a torch.profiler trace or Nsight Systems, which shows copies beside kernels; and the "
            "same counters once more, all in one command"
        )
    elif regime in ("busy", "unknown", "latency", "mixed"):
        hints.append(
            "a batch-doubling pair (--throughput 8:1200 --throughput 16:2300), or a torch.profiler "
            "trace and ncutool report: gaps and the place of each kernel on the roofline"
        )
    else:
        hints.append("ncutool report of a trace or an .ncu-rep: which kernels, and by how much")
    return tuple(hints)
