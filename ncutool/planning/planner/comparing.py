"""Devices side by side for one intensity, with what each gives for its price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from ncutool.base.limits import attainable
from ncutool.devices.resolve import Device
from ncutool.planning.planner.number_types import math_type
from ncutool.planning.planner.placing import named_devices
from ncutool_parsers.errors import UsageError

HOUR_S = 3600.0


class AtIntensity(Struct, frozen=True):
    """One device at the intensity. Ratios and crossovers are against the first device."""

    device: str
    roof: str | None
    peak_flop_per_s: float | None
    peak_bytes_per_s: float
    ridge_point_flop_per_byte: float | None
    attainable_flop_per_s: float | None
    roof_side: str | None
    ratio_to_first: float | None
    price_per_hour: float | None
    flop_per_price: float | None
    """Operations for one unit of the price's currency."""
    flop_per_price_ratio_to_first: float | None
    crossover_flop_per_byte: float | None
    """Intensity at which the leader of the two changes: for the price where both have one, else
    in attainable rate; None where one of them leads throughout."""
    missing_reason: str | None


class IntensityComparison(Struct, frozen=True):
    """Devices at one intensity in one data type."""

    intensity_flop_per_byte: float
    dtype: str
    devices: tuple[AtIntensity, ...]
    notes: tuple[str, ...]


def compare_intensity(
    devices: Sequence[str | Device],
    intensity_flop_per_byte: float,
    *,
    dtype: str = "bf16",
    prices: Mapping[str, float] | None = None,
    known: tuple[Device, ...] | None = None,
) -> IntensityComparison:
    """Compare devices by the attainable rate at an intensity: ``min(peak, intensity x bandwidth)``.

    >>> from ncutool.planning import planner
    >>> found = planner.compare_intensity(["H100 SXM", "H200 SXM"], 1.0)
    >>> [round(each.ratio_to_first, 3) for each in found.devices]
    [1.0, 1.433]

    Args:
        devices: rows of the device table or names, the first is the one compared with.
        dtype: of the arithmetic, see :data:`ncutool.planning.planner.number_types.MATH_TYPES`.
        prices: per hour, by device name.
        known: devices to choose from by name, ncutool's own where None.

    Raises:
        UsageError: a name is not known, there are fewer than two devices, or a number is out of
            range.
    """
    kind = math_type(dtype)
    if not 0 < intensity_flop_per_byte < 1e12:
        raise UsageError(
            f"the intensity must be above 0 FLOP/byte, not {intensity_flop_per_byte:g}"
        )
    compared = several(devices, known)
    costs = priced(prices, compared, known)
    rows: list[AtIntensity] = []
    for device in compared:
        roof = device.first_roof(kind.roofs)
        peak = None if roof is None else device.peak_flop_per_s[roof]
        reason = f"{device.name} has no peak for {kind.name}" if peak is None else None
        rate = side = ridge = None
        if peak is not None:
            ridge = peak / device.peak_bytes_per_s
            rate = attainable(peak, intensity_flop_per_byte, device.peak_bytes_per_s)
            side = "compute" if intensity_flop_per_byte > ridge else "memory"
        price = costs.get(device.name)
        paid = None if price is None or rate is None else HOUR_S * rate / price
        first = rows[0] if rows else None
        rows.append(
            AtIntensity(
                device.name, roof, peak, device.peak_bytes_per_s, ridge, rate, side,
                ratio(rate, first.attainable_flop_per_s if first else rate),
                price, paid, ratio(paid, first.flop_per_price if first else paid),
                None if first is None else _crossing(first, peak, device.peak_bytes_per_s, price),
                reason,
            )
        )  # fmt: skip
    notes = ["peaks are dense, of the datasheets; ratios are those of floors, not of programs"]
    return IntensityComparison(intensity_flop_per_byte, kind.name, tuple(rows), tuple(notes))


def _crossing(
    first: AtIntensity, peak: float | None, bandwidth: float, price: float | None
) -> float | None:
    """Return where two rooflines meet, each divided by its price.

    The one with the more bandwidth leads at first. The other passes it only with the higher peak,
    where its own slope reaches the leader's peak.
    """
    if peak is None or first.peak_flop_per_s is None:
        return None
    both = first.price_per_hour is not None and price is not None
    one = first.price_per_hour if both and first.price_per_hour else 1.0
    other = price if both and price else 1.0
    slopes = first.peak_bytes_per_s / one, bandwidth / other
    caps = first.peak_flop_per_s / one, peak / other
    ahead = 0 if slopes[0] >= slopes[1] else 1
    behind = 1 - ahead
    if caps[behind] <= caps[ahead] or slopes[0] == slopes[1]:
        return None
    return caps[ahead] / slopes[behind]


def several(
    devices: Sequence[str | Device], known: tuple[Device, ...] | None
) -> tuple[Device, ...]:
    """Return the devices to compare.

    Raises:
        UsageError: fewer than two different ones are named, or a name is not known.
    """
    compared = named_devices(devices, known) if devices else ()
    if len(compared) < 2:
        raise UsageError("name two devices or more to compare; ncutool devices lists them")
    return compared


def priced(
    prices: Mapping[str, float] | None,
    compared: Sequence[Device],
    known: tuple[Device, ...] | None,
) -> dict[str, float]:
    """Return prices per hour by the devices' own names.

    Raises:
        UsageError: a price is not above 0, or is that of a device that is not compared.
    """
    names = {device.name for device in compared}
    by_device: dict[str, float] = {}
    for name, price in (prices or {}).items():
        (device,) = named_devices([name], known)
        if device.name not in names:
            raise UsageError(f"a price is given for {device.name}, which is not compared")
        if not (math.isfinite(price) and 0 < price < 1e9):
            raise UsageError(f"the price of {device.name} must be above 0, not {price:g}")
        by_device[device.name] = price
    return by_device


def ratio(value: float | None, base: float | None) -> float | None:
    """Return ``value / base``; None where one of them is unknown or 0."""
    return None if value is None or not base else value / base
