"""Shares of a device's peaks to a regime, and which shares cannot be."""

from __future__ import annotations

from ncutool.base import units
from ncutool.devices.resolve import Device
from ncutool.planning.signals.resources import Used, bound, used
from ncutool.planning.signals.thresholds import ABOVE_DATASHEET, LIMIT
from ncutool_parsers.errors import UsageError

THRESHOLDS = ("limit", "balance", "above_datasheet")


def positive(name: str, value: float) -> float:
    """Return ``value`` if it is a number above 0 and of a size that units can show.

    Raises:
        UsageError: it is none.
    """
    if not 1e-30 <= value <= 1e30:
        raise UsageError(f"{name} must be a number above 0 and up to 1e30, not {value:g}")
    return value


def regime_of(compute_pct: float | None, memory_pct: float | None) -> str:
    """Return the regime by shares of peaks, ``unknown`` where one of them cannot be."""
    if impossible(compute_pct, memory_pct):
        return "unknown"
    return bound(_used(compute_pct), _used(memory_pct))


def confidence_of(regime: str, *, complete: bool) -> str:
    """Return how sure a regime is that shares of peaks tell.

    Args:
        complete: whether both shares are known, and of all bytes.
    """
    if regime == "unknown":
        return "none"
    if regime == "mixed":
        return "low"
    return "high" if complete and regime != "latency" else "medium"


def in_turn(compute_pct: float | None, memory_pct: float | None) -> str:
    """Return what two shares under the limit mean that together are past it."""
    both = units.percent((compute_pct or 0) + (memory_pct or 0))
    return (
        f"neither reaches {LIMIT:.0f} %, and together they are {both}: parts that are each "
        "near a limit, one after the other, or one part that waits"
    )


def _used(pct: float | None) -> Used:
    return used(pct)


def impossible(compute_pct: float | None, memory_pct: float | None) -> str:
    """Return why the shares cannot be; empty where they can."""
    if memory_pct is not None and memory_pct > 100:
        return (
            f"{units.percent(memory_pct)} of the memory's peak cannot be: a cache served a part, "
            "or the bytes, the time or the device are others"
        )
    if compute_pct is not None and compute_pct > ABOVE_DATASHEET:
        return (
            f"{units.percent(compute_pct)} of the dense peak cannot be: the FLOPs, the time, the "
            "data type or the device are others, or the work is 2:4 sparse"
        )
    return ""


def peak_notes(device: Device, compute_pct: float | None) -> tuple[str, ...]:
    """Return what to know of the peaks."""
    notes = []
    if compute_pct is not None and 100 < compute_pct <= ABOVE_DATASHEET:
        notes.append(
            f"{units.percent(compute_pct)} of the dense peak: clocks can be above those of the "
            "datasheet"
        )
    if device.is_unverified:
        notes.append(f"peaks of {device.name}: {device.confidence}")
    return tuple(notes)
