"""The launch's place on its roofline: the formulas of :mod:`ncutool.roofline.place`, filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.explain.explanation import Input, Step, computed, recorded
from ncutool.explain.traced import leaf, minimum

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device

MODEL = "roofline model (Williams, Waterman and Patterson, CACM 52/4, 2009)"
CACHE_INTENSITIES = {
    "l2_read_bytes": "l2_intensity_flop_per_byte",
    "l1_bytes": "l1_intensity_flop_per_byte",
}
_ABOVE = "above"


def peaks(row: dict[str, Any], device: Device | None, traced: dict[str, Any]) -> list[Step]:
    """The two peaks with where they come from.

    Args:
        row: the launch's row of :data:`ncutool.base.tables.KERNELS`.
        device: the row that a trace is held against.
        traced: a report's own peaks with their formulas; empty for a trace.
    """
    steps = []
    for column, unit, what in (
        ("peak_flop_per_s", "FLOP/s", row["roof"]),
        ("peak_bytes_per_s", "byte/s", "dram"),
    ):
        value = row[column]
        if value is None:
            steps.append(recorded(column, None, unit, "not known", note=_no_peak(row, column)))
        elif column in traced and traced[column] is not None:
            note = f"roof: {what}" if column == "peak_flop_per_s" else None
            text = "the report's own peak, at the clocks of the run"
            steps.append(computed(column, traced[column], unit, text, note=note))
        elif device is not None:
            steps.append(_of_device(column, value, unit, what, device))
        else:
            steps.append(recorded(column, value, unit, f"{row['peak_source']} of the capture"))
    return steps


def _no_peak(row: dict[str, Any], column: str) -> str:
    if row["peak_source"] == "none":
        return "the device's peaks are not known"
    if column == "peak_flop_per_s" and row["roof"] is None:
        return row["remark"] or "no compute roof: no operations, or none known"
    return "no such peak is known for this device, or the report does not hold it"


def _of_device(column: str, value: float, unit: str, what: str, device: Device) -> Step:
    if what in device.measured:
        return recorded(column, value, unit, f"measured rate of {what}, as given by --ceilings")
    table = device.origin or "device table"
    inputs = [Input("device", device.name, table)]
    if device.confidence:
        inputs.append(Input("confidence", device.confidence, table))
    if device.note:
        inputs.append(Input("note", device.note, table))
    name = "DRAM bandwidth" if what == "dram" else f"dense {what} peak"
    source = f"{name} of {device.name} in the {table}: {device.source or 'source not said'}"
    return recorded(column, value, unit, source, inputs=tuple(inputs))


def rates(row: dict[str, Any]) -> list[Step]:
    """Rates, intensity, ridge, attainable and shares; those that are known."""
    flop, moved, bandwidth = _leaf(row, "flop"), *level(row)
    peak, duration = _leaf(row, "peak_flop_per_s"), _leaf(row, "duration_ns")
    seconds = duration / 1e9 if duration else None
    achieved_flop = _over(flop, seconds)
    achieved_bytes = _over(_leaf(row, "dram_bytes"), seconds)
    intensity = _over(flop, moved) if moved is not None and moved >= 1 else None
    ridge = _over(peak, bandwidth)
    found = [
        ("achieved_flop_per_s", achieved_flop, "FLOP/s"),
        ("achieved_bytes_per_s", achieved_bytes, "byte/s"),
        ("intensity_flop_per_byte", intensity, "FLOP/byte"),
        ("ridge_point_flop_per_byte", ridge, "FLOP/byte"),
    ]
    attainable = None
    if intensity and peak is not None and bandwidth is not None:
        attainable = minimum(peak, _again(row, "intensity_flop_per_byte") * bandwidth)
    found.append(("attainable_flop_per_s", attainable, "FLOP/s"))
    share = _over(100 * moved / seconds, bandwidth) if moved is not None and seconds else None
    found.append(("roofline_pct", _of_roof(row, attainable, share), "%"))
    if peak is not None and achieved_flop is not None:
        found.append(("compute_pct", 100 * _again(row, "achieved_flop_per_s") / peak, "%"))
    found.append(("bandwidth_pct", share, "%"))
    for size, name in CACHE_INTENSITIES.items():
        cached = _leaf(row, size)
        found.append((name, _over(flop, cached) if cached and cached >= 1 else None, "FLOP/byte"))
    return [
        computed(name, number, unit, MODEL)
        for name, number, unit in found
        if number is not None and (name not in row or row[name] is not None)
    ]


def level(row: dict[str, Any]) -> tuple[Any, Any]:
    """Bytes and peak of the memory level that the launch is held against, each under its name."""
    if row["memory_level"] == "l2":
        return _leaf(row, "l2_read_bytes"), _leaf(row, "l2_peak_bytes_per_s")
    return _leaf(row, "dram_bytes"), _leaf(row, "peak_bytes_per_s")


def _of_roof(row: dict[str, Any], attainable: Any, share: Any) -> Any:
    """Achieved over attainable; of the bandwidth where there are no FLOPs."""
    if row["flop"] == 0:
        return share
    if attainable is None or row["achieved_flop_per_s"] is None:
        return None
    return 100 * _again(row, "achieved_flop_per_s") / _again(row, "attainable_flop_per_s")


def _again(row: dict[str, Any], name: str) -> Any:
    """A figure of an earlier step, as it stands in the table."""
    return leaf(row[name], name, _ABOVE)


def _leaf(row: dict[str, Any], name: str) -> Any:
    return None if row[name] is None else _again(row, name)


def _over(first: Any, second: Any) -> Any:
    return first / second if first is not None and second else None
