"""The launch's place on its roofline: the formulas of :mod:`ncutool.roofline.place`, filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.base.tables import KERNELS
from ncutool.explain.explanation import Input, Step, computed, recorded
from ncutool.explain.traced import leaf
from ncutool.roofline import place

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device

MODEL = "roofline model (Williams, Waterman and Patterson, CACM 52/4, 2009)"
_UNITS = {column.name: column.unit or "" for column in KERNELS.columns}


def peaks(row: dict[str, Any], device: Device | None, traced: dict[str, Any]) -> list[Step]:
    """Return the steps of the two peaks, with where they come from.

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
    if row["bound"] == "copy":
        return "a copy between memories: the link between them limits it, not this device's DRAM"
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
    """Return the rates, intensities, roofs and shares of a launch; those that are known.

    Args:
        row: the launch's row of :data:`ncutool.base.tables.KERNELS`.
    """
    numbers = {name: leaf(row[name], name, "above") for name in _UNITS if _is_number(row[name])}
    size, peak = place.level_columns(row["memory_level"])
    numbers |= {"moved": numbers.get(size), "bandwidth": numbers.get(peak)}
    steps = []
    for formula in place.FORMULAS:
        inputs = [numbers.get(name) for name in formula.inputs]
        if None not in inputs and formula.applies(*inputs):
            figure = formula.compute(*inputs)
            steps.append(computed(formula.name, figure, _UNITS.get(formula.name, "%"), MODEL))
    return steps


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
