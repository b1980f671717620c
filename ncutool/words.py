"""The words outputs share: one label per bound, cause and roof, the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool import units
from ncutool.untrusted import printable

if TYPE_CHECKING:
    from ncutool.analysis import Analysis
    from ncutool.roofs import Roofs

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
    "unlinked": "before launches without a record",
    "unexplained": "unexplained",
}

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


def peaks_line(roofs: Roofs | None) -> str:
    """The peaks that figures are held against: `989 TFLOP/s BF16 tensor dense, 3.35 TB/s, ...`."""
    if roofs is None:
        return "no peaks known"
    first = roofs.compute[0]
    ridge = units.intensity(first.peak_flop_per_s / roofs.peak_bytes_per_s)
    peak = f"{units.flop_rate(first.peak_flop_per_s)} {roof(first.name)} dense"
    bandwidth = units.data_rate(roofs.peak_bytes_per_s)
    origin = " at the record's own clocks" if roofs.from_record else ""
    return f"{peak}, {bandwidth}{origin}; ridge {ridge}"


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
