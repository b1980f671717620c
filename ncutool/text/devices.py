"""Devices for a terminal: the list, one device whole, and how a capture's was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.text.style import plain_table, render, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from ncutool.devices.resolve import Candidate, Device, Resolution
    from ncutool_parsers.capture import DeviceRecord

_LISTED = ("fp64", "fp32", "tf32", "16-bit", "fp8", "int8", "fp4")
"""Columns of peaks in the list; tensor peaks where the device has them."""
_ROOFS: dict[str, tuple[str, ...]] = {
    "fp64": ("fp64_tensor", "fp64"),
    "fp32": ("fp32",),
    "tf32": ("tf32_tensor",),
    "16-bit": ("bf16_tensor", "fp16_tensor", "fp16"),
    "fp8": ("fp8_tensor",),
    "int8": ("int8_tensor",),
    "fp4": ("fp4_tensor",),
}
_NAME = 26
"""Longest name in the list; `ncutool devices NAME` shows it whole."""


def devices_table(frame: pl.DataFrame, *, color: bool, width: int | None = None) -> str:
    """Return the known devices with their dense peaks in TFLOP/s, in 100 columns.

    Args:
        frame: columns as :func:`ncutool.devices.resolve.to_frame` gives them.
    """
    table = plain_table()
    table.padding = (0, 1, 0, 0)
    table.add_column("device", no_wrap=True)
    table.add_column("CC", no_wrap=True)
    for heading in ("SMs", "memory", "DRAM", *_LISTED):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in frame.iter_rows(named=True):
        table.add_row(
            text(row["name"], limit=_NAME),
            text(row["compute_capability"], limit=6),
            units.count(row["sm_count"]),
            units.data(row["memory_bytes"]),
            units.data_rate(row["peak_bytes_per_s"]),
            *(_tera(_listed(row, kind)) for kind in _LISTED),
        )
    note = Text(
        f"{units.counted(frame.height, 'device')}; dense peaks in TFLOP/s (int8: TOP/s), tensor "
        "cores where there are any.\nncutool devices NAME shows one whole, with sparse peaks and "
        "sources.",
        style="bright_black",
    )
    return render(Group(table, note), color=color, width=width)


def _listed(row: dict[str, Any], kind: str) -> float | None:
    peaks = (row.get(f"{roof}_flop_per_s") for roof in _ROOFS[kind])
    return next((float(peak) for peak in peaks if peak is not None), None)


def _tera(value: float | None) -> str:
    if value is None:
        return units.UNKNOWN
    return f"{value / 1e12:.0f}" if value >= 1e15 else units.significant(value / 1e12)


def device_text(device: Device, *, color: bool, width: int | None = None) -> str:
    """Return all of one device: sizes, peaks dense and sparse, names, source, confidence, note."""
    facts = {
        "compute capability": device.compute_capability or units.UNKNOWN,
        "SMs": units.count(device.sm_count),
        "memory": units.data(device.memory_bytes),
        "DRAM bandwidth": units.data_rate(device.peak_bytes_per_s),
        "L2": units.data(device.l2_bytes),
        "last-level cache": units.data(device.last_level_cache_bytes),
        "links, one way": _links(device),
        "recorded as": ", ".join(device.names) or units.UNKNOWN,
        "source": device.source or units.UNKNOWN,
        "source of links": device.link_source or units.UNKNOWN,
        "confidence": device.confidence or units.UNKNOWN,
        "note": device.note or units.UNKNOWN,
        "row of": device.origin or "ncutool",
    }
    peaks = plain_table()
    peaks.add_column("peak")
    for heading in ("dense", "with 2:4 sparsity", "ridge point"):
        peaks.add_column(heading, justify="right")
    for roof, peak in device.peak_flop_per_s.items():
        peaks.add_row(
            display_names.roof(roof),
            _rate(roof, peak),
            _rate(roof, device.sparse_peak_flop_per_s.get(roof)),
            units.intensity(peak / device.peak_bytes_per_s),
        )
    title = text(device.name, "bold")
    return render(Group(title, *_facts(facts), Text(""), peaks), color=color, width=width)


def _links(device: Device) -> str:
    """Return each kind of link with its rate, e.g. `nvlink 450 GB/s`."""
    rates = device.link_bytes_per_s.items()
    listed = [f"{kind.replace('_', ' ')} {units.data_rate(rate)}" for kind, rate in rates]
    return ", ".join(listed) or units.UNKNOWN


def _rate(roof: str, value: float | None) -> str:
    """Return a peak with its unit: integer operations are no FLOPs."""
    unit = "OP/s" if roof.startswith("int") else "FLOP/s"
    return units.scaled(value, unit)


def _facts(facts: dict[str, str]) -> list[Text]:
    room = max(len(name) for name in facts)
    return [
        Text(f"  {name:<{room}}  ", style="bright_black").append_text(text(value, "default"))
        for name, value in facts.items()
    ]


def explanation_text(
    sections: Sequence[tuple[DeviceRecord, dict[str, str], Sequence[Candidate]]],
    resolution: Resolution,
    peaks: str,
    *,
    color: bool,
    width: int | None = None,
) -> str:
    """Return how a capture's device was recognised.

    Args:
        sections: for each device of the capture its record, what it says in words, and the
            devices it may mean.
        peaks: one sentence on where the capture's peaks come from.
    """
    parts: list[Text] = []
    for record, recorded, candidates in sections:
        parts.append(text(f"device {record.ordinal} as recorded", "bold"))
        parts += _facts(recorded)
        parts += [_candidate(candidate) for candidate in candidates]
        if not candidates:
            parts.append(text("  no known device fits", "yellow"))
    if not sections:
        parts.append(text("the capture records no device", "yellow"))
    taken = resolution.device.name if resolution.device else "none"
    style = "green" if resolution.device else "yellow"
    parts += [Text("taken: ").append_text(text(taken, f"bold {style}"))]
    parts += [text(f"  why: {resolution.how}"), text(f"  {peaks}", "bright_black")]
    return render(Group(*parts), color=color, width=width)


def _candidate(candidate: Candidate) -> Text:
    if not candidate.against:
        return text(f"  fits {candidate.name}", "green")
    return text(f"  not {candidate.name}: {' and '.join(candidate.against)}", "bright_black")
