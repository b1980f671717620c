"""Devices side by side, as sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_curve import speeds_grid
from ncutool.text.planner import PLACE, SCALE, place_cells, tera
from ncutool.text.sheet import Grid, Sheet

if TYPE_CHECKING:
    from ncutool.planning.planner.comparing import IntensityComparison
    from ncutool.planning.planner.comparing_captures import CaptureComparison, CaptureOnDevice
    from ncutool.planning.planner.comparing_models import ModelComparison, ModelOnDevice

_WORDS = frozenset(("device", "roof", "side", "bound", "fits"))
_RESCALED = {
    "compute": "by compute",
    "memory": "by memory",
    "latency": "kept, latency",
    "copy": "copies",
    "communication": "kept, communication",
    "unknown": "not known",
    "unsupported": "no such type",
}


def intensity_sheet(comparison: IntensityComparison) -> Sheet:
    """Return the rates that devices can attain at one intensity."""
    rows = tuple(
        (
            *place_cells(row),
            _times(row.ratio_to_first),
            units.significant(row.crossover_flop_per_byte),
        )
        for row in comparison.devices
    )
    headings = (*PLACE, "to first", "lead changes")
    missing = tuple(row.missing_reason for row in comparison.devices if row.missing_reason)
    first = comparison.devices[0]
    what = "FLOPs for the price where both have one" if _priced(comparison) else "attainable rate"
    note = f"lead changes: the FLOP/byte where it and {first.device} change places, by {what}"
    bought = (
        (
            row.device,
            units.significant(row.price_per_hour),
            units.flop(row.flop_per_price),
            _times(row.flop_per_price_ratio_to_first),
        )
        for row in comparison.devices
        if row.price_per_hour is not None
    )
    money = Grid("For the price", ("device", "an hour", "for 1", "to first"), tuple(bought), _WORDS)
    return Sheet(
        f"{units.intensity(comparison.intensity_flop_per_byte)} in {comparison.dtype}",
        (),
        (
            Grid(f"Devices; {SCALE}", headings, rows, _WORDS),
            *((money,) if _priced(comparison) else ()),
        ),
        (note, *comparison.notes, *missing),
    )


def _priced(comparison: IntensityComparison | ModelComparison) -> bool:
    return any(row.price_per_hour is not None for row in comparison.devices)


def model_sheet(comparison: ModelComparison) -> Sheet:
    """Return a model's decoding on each device, what memory allows, and tokens for the price."""
    mixed = any(row.worst_ns > row.floor_ns for row in comparison.devices)
    expected = ("expected",) if mixed else ()
    per_device = ("a device",) if comparison.devices_each is None else ()
    headings = (
        "device", "fits", "step", *expected, "bound", "tok/s", *per_device, "to first", "prefill",
        "memory allows", "tok/s then",
    )  # fmt: skip
    rows = tuple(
        (
            row.label,
            "yes" if row.fits else "no",
            units.time(row.floor_ns),
            *((units.time(row.expected_ns),) if mixed else ()),
            row.bound,
            units.significant(row.tokens_per_s, 4),
            *((units.significant(row.tokens_per_s_per_device, 4),) if per_device else ()),
            _times(row.ratio_to_first),
            _times(row.prefill_ratio_to_first),
            units.count(row.most_sequences),
            units.significant(row.best_tokens_per_s, 4),
        )
        for row in comparison.devices
    )
    batch = units.count(comparison.batch)
    kept = "" if comparison.kv == comparison.weights else f", cache in {comparison.kv}"
    each = comparison.devices_each
    shared = "" if each in (None, 1) else f", on {each} devices each"
    return Sheet(
        f"{comparison.model}, weights {comparison.weights}{kept}, batch {batch}, context "
        f"{units.count(comparison.context_tokens)}{shared}",
        (),
        (
            Grid("Decoding, all sequences together", headings, rows, _WORDS),
            *([speeds_grid(comparison.speeds, comparison.curves)] if comparison.speeds else []),
            *((_bought(comparison),) if _priced(comparison) else ()),
        ),
        (*(_lead(comparison, row) for row in comparison.devices[1:]), *comparison.notes),
    )


def _bought(comparison: ModelComparison) -> Grid:
    """Return what the devices of which a price was given do for it."""
    rows = tuple(
        (
            row.label,
            units.significant(row.price_per_hour),
            units.scaled(row.tokens_per_price, "").strip(),
            units.scaled(row.best_tokens_per_price, "").strip(),
            units.significant(row.input_cost_per_million_tokens, 4),
            units.significant(row.output_cost_per_million_tokens, 4),
            units.significant(row.best_output_cost_per_million_tokens, 4),
        )
        for row in comparison.devices
        if row.price_per_hour is not None
    )
    one = f"tokens for 1, batch {units.count(comparison.batch)}"
    headings = (
        "device", "an hour", one, "at most sequences", "input", "output", "output at most"
    )  # fmt: skip
    title = (
        "For the price; costs at least, of a million tokens, each by devices that do nothing else"
    )
    return Grid(title, headings, rows, _WORDS)


def _lead(comparison: ModelComparison, row: ModelOnDevice) -> str:
    """Say at which batches a device gives more than the first."""
    first = comparison.devices[0]
    priced = first.price_per_hour is not None and row.price_per_hour is not None
    what = "tokens for the price" if priced else "tokens a second"
    if row.shared_batch == 0 or 0 in (first.most_sequences, row.most_sequences):
        return f"{row.label} against {first.label}: one of them holds no sequence"
    if not row.ahead:
        held = "" if row.shared_batch is None else (
            f", up to the {units.count(row.shared_batch)} that both hold"
        )  # fmt: skip
        return (
            f"{row.label}: at no batch more {what} than {first.label}{held}{_best(comparison, row)}"
        )
    ranges = " and ".join(
        f"{units.count(low)} and more"
        if high is None
        else f"{units.count(low)} to {units.count(high)}"
        if low != high
        else units.count(low)
        for low, high in row.ahead
    )
    beyond = f"; both hold {units.count(row.shared_batch)}{_best(comparison, row)}"
    if None in (first.most_sequences, row.most_sequences):
        beyond = "; the cache is not known, nor what memory allows"
    return f"{row.label}: more {what} than {first.label} at batch {ranges}{beyond}"


def _best(comparison: ModelComparison, row: ModelOnDevice) -> str:
    """Say from which batch on a device gives more than the first one ever does."""
    first = comparison.devices[0]
    if first.most_sequences is None or not row.shared_batch:
        return ""
    full = f"{first.label} at its {units.count(first.most_sequences)}"
    if row.beats_best_batch is None:
        return f"; never more than {full}"
    return f"; from {units.count(row.beats_best_batch)} on more than {full}"


def capture_sheet(comparison: CaptureComparison) -> Sheet:
    """Return a capture's launches, rescaled to each device."""
    priced = any(row.price_per_hour is not None for row in comparison.devices)
    headings = (
        "device", "GPU time", "speed-up", "attainable", "to first",
        *(("price/h", "FLOP per unit of price") if priced else ()),
    )  # fmt: skip
    rows = tuple(_capture_row(row, priced=priced) for row in comparison.devices)
    kinds = [kind for kind in _RESCALED if any(kind in row.share_pct for row in comparison.devices)]
    shares = tuple(
        (row.device, *(units.percent(row.share_pct.get(kind, 0.0)) for kind in kinds))
        for row in comparison.devices
    )
    where = comparison.measured_on or "a device not known"
    return Sheet(
        f"{comparison.capture}: {units.counted(comparison.launches, 'launch')}, "
        f"{units.time(comparison.measured_ns)} of GPU time on {where}",
        (
            (
                "without figures",
                units.percent(comparison.without_figures_pct),
                "of the time: launches whose FLOPs or bytes are not known",
            ),
        ),
        (
            Grid(
                "Devices; attainable in TFLOP/s, of launches with figures", headings, rows, _WORDS
            ),
            Grid(
                "Share of the measured time, by how it was rescaled",
                ("device", *(_RESCALED[kind] for kind in kinds)),
                shares,
                _WORDS,
            ),
        ),
        (
            *comparison.notes,
            *(row.missing_reason for row in comparison.devices if row.missing_reason),
        ),
    )


def _capture_row(row: CaptureOnDevice, *, priced: bool) -> tuple[str, ...]:
    speedup = units.UNKNOWN
    if row.speedup_low is not None and row.speedup_high is not None:
        low, high = _times(row.speedup_low), _times(row.speedup_high)
        speedup = low if low == high else f"{low} to {high}"
    cells = [
        row.device,
        units.time_range(row.low_ns, row.high_ns),
        speedup,
        tera(row.attainable_flop_per_s),
        _times(row.ratio_to_first),
    ]
    if priced:
        low, high = units.flop(row.flop_per_price_low), units.flop(row.flop_per_price_high)
        cells += [
            units.significant(row.price_per_hour),
            low if low == high else f"{low} to {high}",
        ]
    return tuple(cells)


def _times(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{units.significant(value)}×"
