"""Devices side by side for a capture: every launch rescaled, and what cannot be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.devices.resolve import Device
from ncutool.planning.planner.comparing import HOUR_S, priced, ratio, several
from ncutool.planning.planner.rescale import CLASSES, rescaled_ns
from ncutool_parsers import sources_where
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    import polars as pl


class CaptureOnDevice(Struct, frozen=True):
    """The capture's launches on one device. GPU time is their sum, without gaps."""

    device: str
    low_ns: float | None
    high_ns: float | None
    """Bounds of the GPU time; None where a launch's data type has no peak there, or nothing is
    known of one."""
    speedup_low: float | None
    speedup_high: float | None
    """Over the measured time."""
    floor_ns: float | None
    """Of the launches with FLOPs and bytes, each on its own roof."""
    attainable_flop_per_s: float | None
    """Of those launches: their FLOPs over that floor."""
    ratio_to_first: float | None
    """Of attainable rates."""
    price_per_hour: float | None
    flop_per_price_low: float | None
    flop_per_price_high: float | None
    """FLOPs of the launches that have any, for one unit of the currency of the whole GPU time."""
    share_pct: dict[str, float]
    """Of the measured time, by what each launch is rescaled by
    (:data:`ncutool.planning.planner.rescale.CLASSES`)."""
    missing_reason: str | None


class CaptureComparison(Struct, frozen=True):
    """Devices for one capture."""

    capture: str
    measured_on: str | None
    launches: int
    measured_ns: int
    without_figures_pct: float
    """Share of the measured time in launches without FLOPs or bytes, which are neither copies nor
    communication."""
    devices: tuple[CaptureOnDevice, ...]
    notes: tuple[str, ...]


def compare_capture(
    devices: Sequence[str | Device],
    kernels: pl.DataFrame,
    measured_on: Device | None,
    *,
    prices: Mapping[str, float] | None = None,
    known: tuple[Device, ...] | None = None,
) -> CaptureComparison:
    """Return a capture's launches on several devices, by
    :func:`ncutool.planning.planner.rescale.rescaled_ns`.

    Args:
        devices: rows of the device table or names, the first is the one compared with.
        kernels: the ``kernels`` table of an analysis.
        measured_on: the capture's own device, where it is known.
        prices: per hour, by device name.
        known: devices to choose from by name, ncutool's own where None.

    Raises:
        UsageError: a name is not known, fewer than two devices are named, a price is out of
            range, or the capture records no times.
    """
    import polars as pl

    compared = several(devices, known)
    costs = priced(prices, compared, known)
    timed = kernels.filter(pl.col("duration_ns").is_not_null())
    total = int(timed["duration_ns"].sum())
    if not total:
        raise UsageError("the capture records no times of launches: nothing can be rescaled")
    without = timed.filter(
        (pl.col("flop").is_null() | pl.col("dram_bytes").is_null())
        & ~pl.col("bound").is_in(["copy", "communication"])
    )
    rows: list[CaptureOnDevice] = []
    for device in compared:
        base = rows[0] if rows else None
        rows.append(_on(device, timed, measured_on, total, costs.get(device.name), base))
    return CaptureComparison(
        capture=str(timed["capture"][0]),
        measured_on=None if measured_on is None else measured_on.name,
        launches=timed.height,
        measured_ns=total,
        without_figures_pct=100 * int(without["duration_ns"].sum()) / total,
        devices=tuple(rows),
        notes=tuple(_notes(timed, rows, measured_on)),
    )


def _on(
    device: Device,
    timed: pl.DataFrame,
    measured_on: Device | None,
    total: int,
    price: float | None,
    base: CaptureOnDevice | None,
) -> CaptureOnDevice:
    import polars as pl

    there = _rescaled(timed, measured_on, device)
    spent = dict(there.group_by("rescaled_by").agg(pl.col("duration_ns").sum()).iter_rows())
    reason = _reason(there, total, device)
    low: float | None = float(there["rescaled_low_ns"].sum()) if reason is None else None
    high: float | None = float(there["rescaled_high_ns"].sum()) if reason is None else None
    if _is_own(timed, measured_on, device):
        low = high = float(total)
    flop, floor = _floor(timed, there)
    rate = None if not floor or not flop else 1e9 * flop / floor
    done = float(timed["flop"].sum())
    return CaptureOnDevice(
        device=device.name,
        low_ns=low,
        high_ns=high,
        speedup_low=ratio(float(total), high),
        speedup_high=ratio(float(total), low),
        floor_ns=floor,
        attainable_flop_per_s=rate,
        ratio_to_first=ratio(rate, base.attainable_flop_per_s if base else rate),
        price_per_hour=price,
        flop_per_price_low=_paid(done, high, price),
        flop_per_price_high=_paid(done, low, price),
        share_pct={kind: 100 * spent[kind] / total for kind in CLASSES if kind in spent},
        missing_reason=reason,
    )


def _rescaled(timed: pl.DataFrame, measured_on: Device | None, device: Device) -> pl.DataFrame:
    """By :func:`rescaled_ns`; a report's launches from its locked clocks and from full ones, as
    how much of a launch follows the clock is not known."""
    import polars as pl

    there = rescaled_ns(timed, measured_on, device)
    if measured_on is None or not _serialised(timed):
        return there
    nothing = pl.lit(None, dtype=pl.Float64)
    full = rescaled_ns(
        timed.with_columns(peak_flop_per_s=nothing, peak_bytes_per_s=nothing), measured_on, device
    )
    low, high = full["rescaled_low_ns"], full["rescaled_high_ns"]
    return there.with_columns(
        pl.min_horizontal("rescaled_low_ns", low).alias("rescaled_low_ns"),
        pl.max_horizontal("rescaled_high_ns", high).alias("rescaled_high_ns"),
    )


def _paid(flop: float, time_ns: float | None, price: float | None) -> float | None:
    if price is None or not time_ns or not flop:
        return None
    return HOUR_S * 1e9 * flop / (time_ns * price)


def _is_own(timed: pl.DataFrame, measured_on: Device | None, device: Device) -> bool:
    """Return whether these are the times of this device; a report's are those of its locked
    clocks."""
    same = measured_on is not None and measured_on.name == device.name
    return same and not _serialised(timed)


def _serialised(timed: pl.DataFrame) -> bool:
    """Return whether some of the times are of launches run one by one, at locked clocks."""
    return bool(timed["source"].is_in(sources_where(lambda has: has.launches_serialised)).any())


def _reason(there: pl.DataFrame, total: int, device: Device) -> str | None:
    import polars as pl

    lost = there.filter(pl.col("rescaled_low_ns").is_null() | pl.col("rescaled_high_ns").is_null())
    if lost.is_empty():
        return None
    share = f"{100 * int(lost['duration_ns'].sum()) / total:.1f} % of the GPU time"
    if bool((lost["rescaled_by"] == "unsupported").any()):
        return f"{device.name} has no peak for the data type of {share}"
    return f"nothing is known of {share}, not even the peaks it was measured at"


def _floor(timed: pl.DataFrame, there: pl.DataFrame) -> tuple[float | None, float | None]:
    """Return FLOPs and floor (ns) of the launches with figures; None where one has no peak
    there."""
    import polars as pl

    whole = timed.select(
        pl.col("flop"),
        (
            pl.col("flop").is_not_null()
            & pl.col("dram_bytes").is_not_null()
            & (pl.col("roof").is_not_null() | (pl.col("flop") == 0))
        ).alias("figured"),
    ).with_columns(there["floor_ns"])
    figured = whole.filter("figured")
    if figured.is_empty() or figured["floor_ns"].null_count():
        return None, None
    return float(figured["flop"].sum()), float(figured["floor_ns"].sum())


def _notes(
    timed: pl.DataFrame, rows: Sequence[CaptureOnDevice], measured_on: Device | None
) -> list[str]:
    notes = [
        "GPU time is the sum of the launches: neither gaps nor overlap are replayed",
        "a launch is rescaled by what binds it, its efficiency kept; one that latencies hold is "
        "kept within 30 %, and nothing becomes faster than its floor",
        "launches without FLOPs or bytes scale by bandwidth or by a peak, whichever is less and "
        "whichever is more, under 100 µs perhaps not at all; under 5 µs they are kept",
    ]
    if measured_on is not None and any(
        each.device == measured_on.name and each.speedup_low == each.speedup_high == 1
        for each in rows
    ):
        notes.append(f"{measured_on.name}: as measured")
    kinds = {kind for each in rows for kind in each.share_pct}
    if "communication" in kinds:
        notes.append("communication is kept: it hangs on links that the device table does not hold")
    if _serialised(timed):
        notes.append("a report's times are those of its locked clocks, and of launches one by one")
    notes.append("whether the program's memory fits is not known from here")
    return notes
