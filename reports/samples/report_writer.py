"""Writes Nsight Compute reports with any names and values, for samples and tests.

    write_report(
        path,
        [
            ReportLaunch(
                demangled="void gemm<float>(float*, int)",
                grid=(64, 1, 1),
                block=(256, 1, 1),
                metrics={**device_attributes(), "gpu__time_duration.sum": 12_345},
                rules=[ReportRule("SOLBottleneck", title="Latency Issue", message="...")],
            )
        ],
        version="2025.2.1.0",
    )

NVIDIA's own reader loads the result. A metric value is an int (stored as u64), a float (stored
as double, NaN and infinity included) or a str. ``report_bytes`` gives the same without a file.
A ``.ncu-repz`` is these bytes as one Zstandard stream: NVIDIA's reader goes by the file's ending.

The layout, little-endian, messages in protobuf encoding: ``NVR\\0``, u32 size and FileHeader,
then blocks to the end of the file. A block is u32 size, BlockHeader, and the payload whose size
the header names: u32 size and message for each result. Metric names are indices into the string
table of the block header.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MetricValue = int | float | str
Triple = tuple[int, int, int]

# NVIDIA's values in the file; its Python interface numbers the same kinds differently.
SEVERITIES = {"none": 0, "ok": 1, "warning": 2, "error": 3, "optimization": 4}
SPEEDUP_KINDS = {"local": 1, "global": 2}


@dataclass(frozen=True)
class ReportRule:
    """One message of one of NVIDIA's rules."""

    identifier: str
    title: str = ""
    message: str = ""
    severity: str = "ok"
    section: str = ""
    speedup_pct: float | None = None
    speedup_kind: str = "global"


@dataclass(frozen=True)
class ReportLaunch:
    """One profiled launch. ``function`` and ``mangled`` follow from ``demangled`` if empty."""

    demangled: str
    function: str = ""
    mangled: str = ""
    grid: Triple = (1, 1, 1)
    block: Triple = (32, 1, 1)
    stream: int = 7
    context: int = 1
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)
    rules: Sequence[ReportRule] = ()
    nvtx: Sequence[str] = ()
    """Push/pop ranges of the default domain that were open, outermost first."""
    sections: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Section identifier -> names of the metrics in its header."""
    geometry_metrics: bool = True
    """Repeat grid, block, stream and context among the metrics; False as in a failed launch."""


def device_attributes(
    name: str = "NVIDIA A100-SXM4-40GB",
    capability: tuple[int, int] = (8, 0),
    sm_count: int = 108,
    memory_clock_khz: int = 1_215_000,
    bus_bits: int = 5120,
    l2_bytes: int = 41_943_040,
    max_clock_khz: int = 1_410_000,
) -> dict[str, MetricValue]:
    """The attributes that every launch of a real report carries."""
    attributes: dict[str, MetricValue] = {
        "display_name": name,
        "compute_capability_major": capability[0],
        "compute_capability_minor": capability[1],
        "multiprocessor_count": sm_count,
        "memory_clock_rate": memory_clock_khz,
        "global_memory_bus_width": bus_bits,
        "l2_cache_size": l2_bytes,
        "max_gpu_frequency_khz": max_clock_khz,
        "clock_rate": max_clock_khz,
    }
    return {f"device__attribute_{key}": value for key, value in attributes.items()}


def write_report(
    path: str | Path,
    launches: Sequence[ReportLaunch],
    version: str = "2025.2.1.0",
    command: str = "",
    host: str = "",
) -> Path:
    """Writes a report that holds ``launches`` in one range; gives its path back."""
    target = Path(path)
    target.write_bytes(report_bytes(launches, version, command, host))
    return target


def report_bytes(
    launches: Sequence[ReportLaunch],
    version: str = "2025.2.1.0",
    command: str = "",
    host: str = "",
) -> bytes:
    """The same report as bytes."""
    recorded = [_launch_metrics(launch) for launch in launches]
    strings = sorted({name for metrics in recorded for name in metrics})
    index = {name: position for position, name in enumerate(strings)}
    payload = b"".join(
        _sized(_result(launch, metrics, index))
        for launch, metrics in zip(launches, recorded, strict=True)
    )
    header = (
        _number(1, 0)
        + _number(2, len(launches))
        + _bytes(3, _session(version, command, host))
        + _bytes(4, b"".join(_text(1, text) for text in strings))
        + _number(5, len(payload))
    )
    return b"NVR\0" + _sized(_number(1, 7)) + _sized(header) + payload


def _session(version: str, command: str, host: str) -> bytes:
    tool = _text(1, "Nsight Compute Target") + _text(2, f"{version} (build 0) (public-release)")
    system = _text(1, "Linux") + _text(5, host)
    session = _number(2, 1_700_000_000) + _bytes(4, system) + _bytes(8, tool)
    return session + (_text(11, command) if command else b"")


def _launch_metrics(launch: ReportLaunch) -> dict[str, MetricValue]:
    """The launch's metrics with the geometry that a real report repeats among them."""
    if not launch.geometry_metrics:
        return dict(launch.metrics)
    geometry: dict[str, MetricValue] = {
        "launch__stream_id": launch.stream,
        "launch__context_id": launch.context,
    }
    for axis, blocks, threads in zip("xyz", launch.grid, launch.block, strict=True):
        geometry[f"launch__grid_dim_{axis}"] = blocks
        geometry[f"launch__block_dim_{axis}"] = threads
    geometry["launch__grid_size"] = math.prod(launch.grid)
    geometry["launch__block_size"] = math.prod(launch.block)
    return {**geometry, **launch.metrics}


def _result(
    launch: ReportLaunch, metrics: Mapping[str, MetricValue], index: Mapping[str, int]
) -> bytes:
    function = launch.function or launch.demangled.split("(")[0].split("<")[0].split()[-1]
    mangled = launch.mangled or function
    parts = [_number(1, 1), _number(2, 1), _number(3, 1), _number(4, 1)]
    parts += [_text(5, mangled), _text(6, function), _text(7, launch.demangled), _number(8, 3)]
    parts += [_bytes(9, _triple((0, 0, 0))), _bytes(10, _triple(launch.grid))]
    parts.append(_bytes(11, _triple(launch.block)))
    for name, value in metrics.items():
        parts.append(_bytes(13, _number(1, index[name]) + _bytes(2, _value(value))))
    parts.append(_bytes(15, _number(1, 1)))
    for order, (section, names) in enumerate(launch.sections.items()):
        parts.append(_bytes(17, _section(section, names, order)))
    parts += [_bytes(19, _rule(rule)) for rule in launch.rules]
    if launch.nvtx:
        parts.append(_bytes(21, _nvtx(launch.nvtx)))
    return b"".join([*parts, _number(22, launch.context), _number(23, launch.stream)])


def _section(identifier: str, names: Iterable[str], order: int) -> bytes:
    metrics = b"".join(_bytes(2, _text(1, name) + _text(2, name)) for name in names)
    return _text(1, identifier) + _text(2, identifier) + _number(3, order) + _bytes(4, metrics)


def _rule(rule: ReportRule) -> bytes:
    message = _text(1, rule.message) + _number(2, SEVERITIES[rule.severity]) + _number(3, 1)
    item = _bytes(1, message + _text(4, rule.title))
    if rule.speedup_pct is not None:
        kind = SPEEDUP_KINDS[rule.speedup_kind]
        item += _bytes(10, _number(1, kind) + _double(2, rule.speedup_pct))
    body = _bytes(3, _bytes(1, item))
    return _text(1, rule.identifier) + _text(2, rule.identifier) + body + _text(4, rule.section)


def _nvtx(ranges: Sequence[str]) -> bytes:
    domain = _bytes(1, _number(1, 0) + _text(2, "<default domain>"))
    stack = b"".join(
        _bytes(3, _text(1, text) + _number(3, position)) for position, text in enumerate(ranges)
    )
    thread = _number(1, 1) + _bytes(2, _number(1, 0) + stack)
    return domain + _bytes(2, thread) + _bytes(3, _number(1, 0)) + _number(4, 0)


def _value(value: MetricValue) -> bytes:
    if isinstance(value, str):
        return _text(1, value)
    if isinstance(value, float):
        return _double(3, value)
    return _number(5, value)


def _triple(values: Triple) -> bytes:
    return b"".join(_number(position + 1, value) for position, value in enumerate(values))


def _sized(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())
