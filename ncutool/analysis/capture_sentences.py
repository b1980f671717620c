"""One line each of what was captured, its device, the peaks, and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.analysis.display_names import PARTS, roof
from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.devices import several
from ncutool.roofline.partition import UNDERSTOOD

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.devices.several import Kind
    from ncutool.roofline.coverage import Coverage

_MAIN = ("bf16_tensor", "fp16_tensor")
"""The peak a device is known by."""


def capture_line(analysis: Analysis) -> str:
    """Return what was captured: format, launches, rank."""
    capture = analysis.capture
    parts = [
        capture.format.name,
        units.counted(analysis.launch_count, "launch"),
    ]
    if capture.rank is not None:
        of_all = f" of {capture.world_size}" if capture.world_size else ""
        parts.append(f"rank {capture.rank}{of_all}")
    return " · ".join(parts)


def stem(name: str) -> str:
    """Return a capture's name without its endings: ``trace.json.gz`` gives ``trace``."""
    for ending in (".gz", ".json", ".ncu-repz", ".ncu-rep", ".nsight-cuprof-report"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name or "page"


def device_name(analysis: Analysis) -> str:
    """Return the device's name: as the capture records it, else as the table has it.

    Several devices are counted: `2 devices: 2 × NVIDIA H100`. Where the user named another device
    than is recorded, both are said: `held against X (recorded: Y)`.
    """
    kinds = analysis.device_kinds
    if sum(len(kind.ordinals) for kind in kinds) > 1:
        listed = ", ".join(
            kind.numbered if len(kinds) > 1 else f"{len(kind.ordinals)} × {kind.name}"
            for kind in kinds
        )
        against = f", {held}" if (held := analysis.resolution.held_against) else ""
        return f"{several.counted(kinds)}: {listed}{against}"
    if analysis.resolution.held_against is not None and not analysis.capture.traits.peaks_recorded:
        return printable(analysis.resolution.held_against)
    record, device = analysis.resolution.record, analysis.resolution.device
    if record is not None and record.name:
        return printable(record.name)
    if device is not None:
        return device.name
    return "unknown device"


def peaks_line(analysis: Analysis) -> str:
    """Return the peaks in use: `989 TFLOP/s BF16 tensor dense, 3.35 TB/s; ridge ...`.

    Those of unlike devices stand side by side, each after its device's name.
    """
    if analysis.mixed:
        return "; ".join(f"{kind.name}: {_peaks(analysis, kind)}" for kind in analysis.device_kinds)
    return _peaks(analysis, None)


def _peaks(analysis: Analysis, kind: Kind | None) -> str:
    """Return the peaks of one kind of the capture's devices, or of its only one."""
    from ncutool.analysis.capture_roofs import bandwidth_of, roofs_of

    roofs = roofs_of(analysis, kind)
    if roofs is None:
        bandwidth = bandwidth_of(analysis, kind)
        if bandwidth is None:
            return "no peaks known"
        return f"{units.data_rate(bandwidth)} DRAM; no compute roof without FLOP counters"
    peaks = {roofs.compute[0].name: roofs.compute[0].peak_flop_per_s}
    device = analysis.resolution.device if kind is None else kind.resolution.device
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
    """Return how far peaks are reached, in this trace or as measured; None where nothing says.

    `reached: DRAM 3.01 TB/s (90 % of the datasheet), BF16 tensor 690 TFLOP/s (70 %)`
    """
    known = [ceiling for ceiling in analysis.ceilings if ceiling.source != "default"]
    parts = []
    for number, ceiling in enumerate(known):
        memory = ceiling.roof == "dram"
        scaled = units.data_rate if memory else units.flop_rate
        name = "DRAM" if memory else roof(ceiling.roof)
        of_peak = " of the datasheet" if number == 0 else ""
        given = known[0].source == "measured"
        measured = ", measured" if ceiling.source == "measured" else ", seen here" if given else ""
        share = f"{ceiling.share_pct:.0f} %{of_peak}{measured}"
        parts.append(f"{name} {scaled(ceiling.ceiling_per_s)} ({share})")
    return f"reached: {', '.join(parts)}" if parts else None


def coverage_line(coverage: Coverage) -> str:
    """Return how the launch time divides by what is known of it.

    `91.2 % of launch time is understood (on the roofline 80.0 %, bytes only 11.2 %);
    communication 8.8 % is not`
    """
    if coverage.understood_pct is None:
        return "No launch carries a duration, so no share of the time can be given."
    known = _shares_of(coverage, UNDERSTOOD)
    rest = _shares_of(coverage, tuple(name for name in PARTS if name not in UNDERSTOOD))
    line = f"{units.percent(coverage.understood_pct)} of launch time is understood"
    line += f" ({known})" if known else ""
    return f"{line}; not understood: {rest}" if rest else line


def _shares_of(coverage: Coverage, parts: tuple[str, ...]) -> str:
    """Return the parts that took time, each with its share of the launch time."""
    return ", ".join(
        f"{PARTS[part.part]} {units.percent(part.pct)}"
        for part in coverage.partition
        if part.part in parts and part.duration_ns
    )


def time_line(analysis: Analysis) -> str:
    """Return wall, busy and idle time of a trace; the summed duration of a report."""
    timeline = analysis.timeline
    if timeline is None and analysis.coverage.untimed == analysis.coverage.launches:
        return "no launch time recorded"
    if timeline is None:
        return f"{units.time(analysis.coverage.duration_ns)} in launches"
    idle_pct = 100 * timeline.idle_ns / timeline.wall_ns if timeline.wall_ns else None
    count = len(timeline.devices)
    each = f" (the mean of {count} GPUs)" if count > 1 else ""
    doubt = "" if timeline.trustworthy else " (not trustworthy)"
    return (
        f"{units.time(timeline.wall_ns)} wall, {units.time(timeline.busy_ns)} busy, "
        f"{units.percent(idle_pct)} idle{each}{doubt}"
    )
