"""The words outputs share: one label per bound, cause and roof, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.analysis.roofs import bandwidth_of, roofs_of
from ncutool.base import units
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

BOUNDS: dict[str, str] = {
    "memory": "memory-bound",
    "compute": "compute-bound",
    "balanced": "balanced between both",
    "cache": "served from cache",
    "latency": "latency-bound",
    "small_grid": "grid too small",
    "communication": "communication",
    "copy": "copies",
    "unknown": "unknown",
    "idle": "idle",
}
"""What each bound (and idle time) is called, in the order outputs list them."""

SHORT_BOUNDS: dict[str, str] = {
    "memory": "memory",
    "compute": "compute",
    "balanced": "balanced",
    "cache": "cache",
    "latency": "latency",
    "small_grid": "small grid",
    "communication": "comm.",
    "copy": "copy",
    "unknown": "unknown",
    "idle": "idle",
}

GAP_CAUSES: dict[str, str] = {
    "input_pipeline": "waiting for input data",
    "allocator": "memory allocation",
    "long_launch": "a launch call over 1 ms",
    "synchronize": "synchronising",
    "copy_call": "copy calls",
    "launch_call": "launch calls",
    "dispatch": "dispatch on the CPU",
    "latency": "launch latency",
    "queue": "between queued launches",
    "communication": "handing over between a collective and another stream",
    "unlinked": "before launches without a record",
    "unexplained": "unexplained",
}

_MAIN = ("bf16_tensor", "fp16_tensor")
"""The peak a device is known by."""
_UNITS_OF_MATH = {"fp": "FP", "bf": "BF", "tf": "TF", "int": "INT"}

FORMATS = {"ncu": "Nsight Compute report", "torch": "torch.profiler trace"}

SOURCES: dict[str, str] = {
    "counter": "hardware counters",
    "sass": "executed instructions (SASS)",
    "opcode": "opcode counts",
    "pipe": "pipe utilisation, an estimate",
    "cycles": "DRAM cycles",
    "shape": "operator shapes",
    "kernel_args": "the kernel's own arguments",
    "joined": "a joined report",
    "none": "not known",
}
"""Where FLOPs and bytes come from, in words."""


def roof(name: str) -> str:
    """A roof's name as people write it: `bf16_tensor` is `BF16 tensor`."""
    kind, _, unit = name.partition("_")
    for prefix, written in _UNITS_OF_MATH.items():
        if kind.startswith(prefix):
            kind = written + kind.removeprefix(prefix)
            break
    return f"{kind} {unit}".strip()


def source(name: str | None) -> str:
    """A source of figures in words; mixtures keep their list."""
    return SOURCES.get(name or "none", name or "not known")


def gap_cause(name: str) -> str:
    """A cause of idle time in words."""
    return GAP_CAUSES.get(name, name.replace("_", " "))


def capture_line(analysis: Analysis) -> str:
    """What was captured: format, launches, rank."""
    capture = analysis.capture
    parts = [
        FORMATS[capture.source],
        units.counted(analysis.coverage.launches, "launch", "launches"),
    ]
    if capture.rank is not None:
        of_all = f" of {capture.world_size}" if capture.world_size else ""
        parts.append(f"rank {capture.rank}{of_all}")
    return " · ".join(parts)


def device_name(analysis: Analysis) -> str:
    """The device's name: the capture's own word for it first, else the table's."""
    record, device = analysis.resolution.record, analysis.resolution.device
    if record is not None and record.name:
        return printable(record.name)
    if device is not None:
        return device.name
    return "unknown device"


def peaks_line(analysis: Analysis) -> str:
    """The peaks that figures are held against: `989 TFLOP/s BF16 tensor dense, 3.35 TB/s; ...`."""
    roofs = roofs_of(analysis)
    if roofs is None:
        bandwidth = bandwidth_of(analysis)
        if bandwidth is None:
            return "no peaks known"
        return f"{units.data_rate(bandwidth)} DRAM; no compute roof without FLOP counters"
    peaks = {roofs.compute[0].name: roofs.compute[0].peak_flop_per_s}
    device = analysis.resolution.device
    if not roofs.from_record and device is not None:
        tensor = next((name for name in _MAIN if name in device.peak_flop_per_s), None)
        if tensor is not None:
            peaks = {tensor: device.peak_flop_per_s[tensor]} | peaks
    written = ", ".join(f"{units.flop_rate(peak)} {roof(name)}" for name, peak in peaks.items())
    ridge = units.intensity(roofs.ridge_point_flop_per_byte)
    of_which = f" for {roof(roofs.compute[0].name)}" if len(peaks) > 1 else ""
    origin = " at the record's own clocks" if roofs.from_record else ""
    if device is not None and device.measured and not roofs.from_record:
        origin = f" ({', '.join(_peak(name) for name in device.measured)} as measured)"
    fed = units.data_rate(roofs.peak_bytes_per_s)
    return f"{written} dense, {fed}{origin}; ridge {ridge}{of_which}"


def _peak(name: str) -> str:
    return "DRAM" if name == "dram" else roof(name)


def reached_line(analysis: Analysis) -> str | None:
    """How far peaks are reached, in this trace or as measured; None where nothing says.

    `reached: DRAM 3.01 TB/s (90 % of the datasheet), BF16 tensor 690 TFLOP/s (70 %)`
    """
    known = [each for each in analysis.ceilings if each.source != "default"]
    parts = []
    for number, each in enumerate(known):
        memory = each.roof == "dram"
        scaled = units.data_rate if memory else units.flop_rate
        name = "DRAM" if memory else roof(each.roof)
        of_peak = " of the datasheet" if number == 0 else ""
        given = known[0].source == "measured"
        measured = ", measured" if each.source == "measured" else ", seen here" if given else ""
        share = f"{each.share_pct:.0f} %{of_peak}{measured}"
        parts.append(f"{name} {scaled(each.ceiling_per_s)} ({share})")
    return f"reached: {', '.join(parts)}" if parts else None


def time_line(analysis: Analysis) -> str:
    """Wall, busy and idle of a trace; the summed duration of a report."""
    timeline = analysis.timeline
    if timeline is None:
        return f"{units.time(analysis.coverage.duration_ns)} in launches"
    idle_pct = 100 * timeline.idle_ns / timeline.wall_ns if timeline.wall_ns else None
    doubt = "" if timeline.trustworthy else " (not trustworthy)"
    return (
        f"{units.time(timeline.wall_ns)} wall, {units.time(timeline.busy_ns)} busy, "
        f"{units.percent(idle_pct)} idle{doubt}"
    )
