"""One piece of work held against one device: ridge point, attainable rate, floor, and a time."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ncutool.base.limits import attainable, overlapped
from ncutool.devices.resolve import Device, resolve
from ncutool_parsers.errors import UsageError

USUAL_DEVICES = (
    "V100 SXM2 32GB",
    "T4",
    "A100 80GB SXM",
    "L4",
    "RTX 4090",
    "H100 SXM 80GB",
    "H200 SXM 141GB",
    "B200 180GB",
    "AMD MI300X",
    "AMD MI355X",
)
"""What a plan speaks of where no device is named."""


class Place(Struct, frozen=True):
    """Where work lies on a device's roofline. Peaks are dense; a time is a floor."""

    device: str
    roof: str | None
    """One of :data:`ncutool.base.roofs.ROOFS`; None where the device has none for the type."""
    peak_flop_per_s: float | None
    peak_bytes_per_s: float
    ridge_point_flop_per_byte: float | None
    attainable_flop_per_s: float | None
    """``min(peak, intensity x bandwidth)``."""
    compute_ns: float | None
    memory_ns: float
    floor_ns: float | None
    """The longer of the two: no program is faster."""
    roof_side: str | None
    """``memory`` or ``compute``: the side of the ridge point it lies on."""
    last_level_cache_bytes: int | None
    missing_reason: str | None
    """Why there is no roof; None where there is one."""


class Measured(Struct, frozen=True):
    """A measured time against the floor."""

    measured_ns: float
    achieved_flop_per_s: float
    achieved_bytes_per_s: float
    """Of the compulsory traffic: what was really moved may be more."""
    roofline_pct: float | None
    """Floor over measured time; over 100 % is faster than the device can be from DRAM."""


def place(flop: float, moved: float, roofs: Sequence[str], kind: str, device: Device) -> Place:
    """Place ``flop`` operations and ``moved`` bytes under the roofline of ``device``.

    Args:
        roofs: what the arithmetic may be held against, the first the device has wins.
        kind: the data type in words, for the reason where there is no roof.
    """
    memory_ns = 1e9 * moved / device.peak_bytes_per_s
    roof = device.first_roof(roofs)
    if roof is None:
        return Place(
            device.name, None, None, device.peak_bytes_per_s, None, None, None, memory_ns, None,
            None, device.cache_bytes, f"{device.name} has no peak for {kind}",
        )  # fmt: skip
    peak = device.peak_flop_per_s[roof]
    compute_ns = 1e9 * flop / peak
    ridge = peak / device.peak_bytes_per_s
    return Place(
        device=device.name,
        roof=roof,
        peak_flop_per_s=peak,
        peak_bytes_per_s=device.peak_bytes_per_s,
        ridge_point_flop_per_byte=ridge,
        attainable_flop_per_s=attainable(peak, flop / moved, device.peak_bytes_per_s),
        compute_ns=compute_ns,
        memory_ns=memory_ns,
        floor_ns=overlapped(compute_ns, memory_ns),
        roof_side="compute" if compute_ns > memory_ns else "memory",
        last_level_cache_bytes=device.cache_bytes,
        missing_reason=None,
    )


def measured(flop: float, moved: float, placed: Place, time_ns: float | None) -> Measured | None:
    """Return what a measured time reached; None without one."""
    if time_ns is None:
        return None
    share = None if placed.floor_ns is None else 100 * placed.floor_ns / time_ns
    return Measured(time_ns, 1e9 * flop / time_ns, 1e9 * moved / time_ns, share)


def named_devices(
    names: Sequence[str | Device], known: tuple[Device, ...] | None = None
) -> tuple[Device, ...]:
    """Return the devices of these names, each once; the usual ones where there is none.

    Raises:
        UsageError: a name is not known or fits several.
    """
    devices: dict[str, Device] = {}
    for name in names or USUAL_DEVICES:
        device = name if isinstance(name, Device) else resolve(None, name, known).device
        assert device is not None
        devices.setdefault(device.name, device)
    return tuple(devices.values())


def check_work(flop: int) -> None:
    """Raise a UsageError for more operations than tables hold as whole numbers."""
    if flop >= 2**63:
        raise UsageError(f"{flop:.1e} FLOP are more than one launch does: check the sizes")


def check_time(time_ns: float | None, names: Sequence[str | Device]) -> None:
    """Raise a UsageError unless a measured time is positive and of one named device."""
    if time_ns is None:
        return
    if not 0 < time_ns < 1e18:
        raise UsageError(f"a measured time must be above 0, not {time_ns / 1e3:g} µs")
    if len(names) != 1:
        raise UsageError("a measured time is that of one device: name it with --device")


def cache_note(moved: float, places: Sequence[Place], time_ns: float | None) -> list[str]:
    """Return what to know where the operands may still lie in a cache."""
    holding = [
        each.device
        for each in places
        if each.roof_side == "memory" and moved <= (each.last_level_cache_bytes or 0)
    ]
    if not holding:
        return []
    which = "the last-level cache" if len(places) == 1 else f"the cache of {', '.join(holding)}"
    beaten = " It may be why the time is under the floor." if time_ns is not None else ""
    return [
        f"the operands fit in {which}: where the launch before left them there, the floor of DRAM "
        f"does not hold.{beaten if _beaten(places, time_ns) else ''}"
    ]


def _beaten(places: Sequence[Place], time_ns: float | None) -> bool:
    return time_ns is not None and any(
        each.floor_ns is not None and time_ns < each.floor_ns for each in places
    )
