"""Devices side by side, as sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.planner import SCALE, tera
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


def intensity_sheet(found: IntensityComparison) -> Sheet:
    """Attainable rates at one intensity."""
    rows = []
    for each in found.devices:
        ridge = each.ridge_point_flop_per_byte
        rows.append(
            (
                each.device,
                units.UNKNOWN if each.roof is None else each.roof.replace("_", " "),
                tera(each.peak_flop_per_s),
                tera(each.peak_bytes_per_s),
                units.UNKNOWN if ridge is None else f"{ridge:.1f}",
                each.roof_side or units.UNKNOWN,
                tera(each.attainable_flop_per_s),
                _times(each.ratio_to_first),
                units.significant(each.crossover_flop_per_byte),
            )
        )
    headings = (
        "device", "roof", "peak", "TB/s", "ridge", "side", "attainable", "to first", "lead changes",
    )  # fmt: skip
    missing = tuple(each.missing_reason for each in found.devices if each.missing_reason)
    first = found.devices[0]
    what = "FLOPs for the price where both have one" if _priced(found) else "attainable rate"
    note = f"lead changes: the FLOP/byte where it and {first.device} change places, by {what}"
    bought = (
        (
            each.device,
            units.significant(each.price_per_hour),
            units.flop(each.flop_per_price),
            _times(each.flop_per_price_ratio_to_first),
        )
        for each in found.devices
        if each.price_per_hour is not None
    )
    money = Grid("For the price", ("device", "an hour", "for 1", "to first"), tuple(bought), _WORDS)
    return Sheet(
        f"{units.intensity(found.intensity_flop_per_byte)} in {found.dtype}",
        (),
        (
            Grid(f"Devices; {SCALE}", headings, tuple(rows), _WORDS),
            *((money,) if _priced(found) else ()),
        ),
        (note, *found.notes, *missing),
    )


def _priced(found: IntensityComparison | ModelComparison) -> bool:
    return any(each.price_per_hour is not None for each in found.devices)


def model_sheet(found: ModelComparison) -> Sheet:
    """Return a model's decoding, what memory allows, and tokens for the price."""
    headings = (
        "device", "fits", "step", "bound", "tok/s", "to first", "prefill", "memory allows",
        "tok/s then",
    )  # fmt: skip
    rows = tuple(
        (
            each.device,
            "yes" if each.fits else "no",
            units.time(each.floor_ns),
            each.bound,
            units.significant(each.tokens_per_s, 4),
            _times(each.ratio_to_first),
            _times(each.prefill_ratio_to_first),
            units.count(each.most_sequences),
            units.significant(each.best_tokens_per_s, 4),
        )
        for each in found.devices
    )
    bought = tuple(
        (
            each.device,
            units.significant(each.price_per_hour),
            units.scaled(each.tokens_per_price, "").strip(),
            units.scaled(each.best_tokens_per_price, "").strip(),
        )
        for each in found.devices
        if each.price_per_hour is not None
    )
    batch = units.count(found.batch)
    paid = ("device", "an hour", f"tokens for 1, batch {batch}", "at most sequences")
    money = Grid("For the price", paid, bought, _WORDS)
    kept = "" if found.kv == found.weights else f", cache in {found.kv}"
    shared = "" if found.tensor_parallel == 1 else f", on {found.tensor_parallel} devices each"
    return Sheet(
        f"{found.model}, weights {found.weights}{kept}, batch {batch}, context "
        f"{units.count(found.context_tokens)}{shared}",
        (),
        (
            Grid("Decoding, all sequences together", headings, rows, _WORDS),
            *((money,) if bought else ()),
        ),
        (*(_lead(found, each) for each in found.devices[1:]), *found.notes),
    )


def _lead(found: ModelComparison, each: ModelOnDevice) -> str:
    """From which batch a device gives more than the first."""
    first = found.devices[0]
    priced = first.price_per_hour is not None and each.price_per_hour is not None
    what = "tokens for the price" if priced else "tokens a second"
    if not each.shared_batch:
        return f"{each.device} against {first.device}: one of them holds no sequence"
    if not each.ahead:
        return (
            f"{each.device}: at no batch more {what} than {first.device}, up to the "
            f"{units.count(each.shared_batch)} that both hold{_best(found, each)}"
        )
    ranges = " and ".join(
        f"{units.count(low)} to {units.count(high)}" if low != high else units.count(low)
        for low, high in each.ahead
    )
    beyond = f"; both hold {units.count(each.shared_batch)}{_best(found, each)}"
    if None in (first.most_sequences, each.most_sequences):
        beyond = "; the cache is not known, nor what memory allows"
    return f"{each.device}: more {what} than {first.device} at batch {ranges}{beyond}"


def _best(found: ModelComparison, each: ModelOnDevice) -> str:
    """From which batch on it gives more than the first ever does."""
    first = found.devices[0]
    if first.most_sequences is None or not each.shared_batch:
        return ""
    full = f"{first.device} at its {units.count(first.most_sequences)}"
    if each.beats_best_batch is None:
        return f"; never more than {full}"
    return f"; from {units.count(each.beats_best_batch)} on more than {full}"


def capture_sheet(found: CaptureComparison) -> Sheet:
    """Return a capture's launches, rescaled."""
    priced = any(each.price_per_hour is not None for each in found.devices)
    headings = (
        "device", "GPU time", "speed-up", "attainable", "to first",
        *(("price/h", "FLOP per unit of price") if priced else ()),
    )  # fmt: skip
    rows = tuple(_capture_row(each, priced=priced) for each in found.devices)
    kinds = [kind for kind in _RESCALED if any(kind in each.share_pct for each in found.devices)]
    shares = tuple(
        (each.device, *(units.percent(each.share_pct.get(kind, 0.0)) for kind in kinds))
        for each in found.devices
    )
    where = found.measured_on or "a device not known"
    return Sheet(
        f"{found.capture}: {units.counted(found.launches, 'launch', 'launches')}, "
        f"{units.time(found.measured_ns)} of GPU time on {where}",
        (
            (
                "without figures",
                units.percent(found.without_figures_pct),
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
        (*found.notes, *(each.missing_reason for each in found.devices if each.missing_reason)),
    )


def _capture_row(each: CaptureOnDevice, *, priced: bool) -> tuple[str, ...]:
    speedup = units.UNKNOWN
    if each.speedup_low is not None and each.speedup_high is not None:
        low, high = _times(each.speedup_low), _times(each.speedup_high)
        speedup = low if low == high else f"{low} to {high}"
    cells = [
        each.device,
        units.time_range(each.low_ns, each.high_ns),
        speedup,
        tera(each.attainable_flop_per_s),
        _times(each.ratio_to_first),
    ]
    if priced:
        low, high = units.flop(each.flop_per_price_low), units.flop(each.flop_per_price_high)
        cells += [
            units.significant(each.price_per_hour),
            low if low == high else f"{low} to {high}",
        ]
    return tuple(cells)


def _times(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{units.significant(value)}×"
