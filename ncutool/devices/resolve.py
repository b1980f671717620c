"""Finds the row of the device table that a capture was made on, and says why it is taken."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ncutool.devices.matching import (
    contradictions,
    family,
    figures,
    other_chip,
    siblings,
    variant_words,
)
from ncutool.devices.naming import all_names, fitting, words_of
from ncutool.devices.table import Device, load_devices, to_frame
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool_parsers.capture import DeviceRecord

__all__ = [
    "Candidate",
    "Device",
    "Resolution",
    "candidates",
    "fitting",
    "load_devices",
    "recorded",
    "resolve",
    "to_frame",
]

_GENERIC_NAMES = frozenset(("", "radeongraphics", "graphicsdevice"))


class Resolution(Struct, frozen=True):
    """The device that was taken, and how it was found."""

    device: Device | None
    how: str
    """One sentence, e.g. ``name 'NVIDIA H100 80GB HBM3' and 132 SMs``."""
    record: DeviceRecord | None = None
    named: bool = False
    """Whether the user named it."""

    @property
    def held_against(self) -> str | None:
        """Return `held against X (recorded: Y)` where the user named another device than the one
        that the capture records; else None."""
        if not self.named or self.device is None:
            return None
        name = self.record.name if self.record is not None else None
        if name is not None and is_named(self.device, name):
            return None
        return f"held against {self.device.name} (recorded: {name or 'no device'})"


class Candidate(Struct, frozen=True):
    """A device that a capture's record may mean."""

    name: str
    against: tuple[str, ...]
    """What the record says that cannot be this device; empty where nothing contradicts it."""


def resolve(
    record: DeviceRecord | None,
    override: str | None = None,
    known: tuple[Device, ...] | None = None,
) -> Resolution:
    """Return the device of a capture, or none and what to do.

    Args:
        record: what the capture says about its device.
        override: a name given by the user, which wins; case, spaces and dashes do not matter.
        known: the devices to choose from, ncutool's own where None. Of two rows that fit alike,
            one of a user's file is taken.

    Raises:
        UsageError: ``override`` names no known device, or several, or one of another vendor or
            compute capability than the capture records.
    """
    rows = load_devices() if known is None else known
    if override is not None:
        return _told_origin(_assumed(override, record, rows))
    if record is None:
        return _unknown("the capture does not say which device it was made on", record)
    exact = [device for device in rows if is_named(device, record.name)]
    if exact:
        return _told_origin(_checked(record, exact))
    alike = siblings(record, rows)
    if alike:
        return _told_origin(_narrowed(record, alike))
    others = family(record, rows)
    if others:
        word = variant_words(others[0], words_of(record.name or ""))[0]
        cards = ", ".join(device.name for device in others)
        why = f"name {record.name!r} is that of another card than {cards}: {word!r}"
        return _unknown(why, record)
    if "".join(words_of(record.name or "")) in _GENERIC_NAMES:
        return _told_origin(_by_numbers(record, rows))
    similar = difflib.get_close_matches(record.name or "", all_names(rows), n=3, cutoff=0.5)
    near = f" (similar names: {', '.join(similar)})" if similar else ""
    return _unknown(f"no known device is named {record.name!r}{near}", record)


def _assumed(override: str, record: DeviceRecord | None, rows: tuple[Device, ...]) -> Resolution:
    """Return the device that the user named, if the capture can be of its chip at all.

    Raises:
        UsageError: none or several fit, or it is of another vendor or compute capability.
    """
    device = _named(override, record, rows)
    wrong = [] if record is None else other_chip(device, record)
    if record is not None and wrong:
        name = repr(record.name) if record.name else "a device without a name"
        told = f" ({figures(record)})" if figures(record) else ""
        raise UsageError(
            f"--assume-device {override}: {device.name} is not what the capture records: {name}"
            f"{told}, so that {' and '.join(wrong)}. Its launches cannot be held against other "
            "peaks: leave the option out, or name a device of that vendor and compute capability; "
            "`ncutool whatif CAPTURE --on NAME` says what they would take elsewhere"
        )
    found = Resolution(device, "", record, named=True)
    what = found.held_against or device.name
    return replace(found, how=f"--assume-device {override}: {what}")


def _named(text: str, record: DeviceRecord | None, devices: tuple[Device, ...]) -> Device:
    """Return the device that the user named; what the capture records decides between several.

    Raises:
        UsageError: none or several fit.
    """
    found = fitting(text, devices)
    if len(found) > 1 and record is not None and record.sm_count and record.memory_bytes:
        consistent = [device for device in found if not contradictions(device, record)]
        found = consistent if len(consistent) == 1 else found
    if all(_same_peaks(found[0], device) for device in found[1:]):
        return found[0]
    raise UsageError(
        f"{text!r} fits several devices; name one of: {', '.join(device.name for device in found)}"
    )


def candidates(
    record: DeviceRecord, known: tuple[Device, ...] | None = None
) -> tuple[Candidate, ...]:
    """Return the devices that a record's name may mean, and what speaks against each.

    Where the name says nothing, they are those that no recorded figure contradicts.
    """
    rows = load_devices() if known is None else known
    exact = [device for device in rows if is_named(device, record.name)]
    pool = exact or family(record, rows)
    if not pool and None not in (record.compute_capability, record.sm_count):
        pool = [device for device in rows if not contradictions(device, record)]
    return tuple(Candidate(device.name, _against(device, record)) for device in pool)


def _against(device: Device, record: DeviceRecord) -> tuple[str, ...]:
    """Return all that speaks against a device: recorded figures, and a word of another variant."""
    words = variant_words(device, words_of(record.name or ""))
    named = [f"its name says {word!r}" for word in words]
    return (*contradictions(device, record), *named)


def recorded(record: DeviceRecord) -> dict[str, str]:
    """Return what a capture records of its device, in words, `not recorded` where it does not."""
    missing = "not recorded"
    return {
        "name": missing if record.name is None else repr(record.name),
        "compute capability": record.compute_capability or missing,
        "SMs": missing if record.sm_count is None else str(record.sm_count),
        "memory": missing if record.memory_bytes is None else f"{record.memory_bytes / 1e9:.1f} GB",
        "vendor": record.vendor or missing,
    }


def _told_origin(resolution: Resolution) -> Resolution:
    """Add to the explanation where the row is of a user's file."""
    device = resolution.device
    if device is None or not device.origin:
        return resolution
    return replace(resolution, how=f"{resolution.how} (its row is of {device.origin})")


def _checked(record: DeviceRecord, devices: list[Device]) -> Resolution:
    """Take the device of a known name, if no other recorded figure contradicts it."""
    fitting = [device for device in devices if not contradictions(device, record)]
    if fitting:
        return Resolution(fitting[0], _evidence(record), record)
    wrong = " and ".join(contradictions(devices[0], record))
    return _unknown(f"name {record.name!r} is that of {devices[0].name}, but {wrong}", record)


def _narrowed(record: DeviceRecord, siblings: list[Device]) -> Resolution:
    """Take the one variant of a family that SM count and memory size single out."""
    fitting = [device for device in siblings if not contradictions(device, record)]
    if not fitting:
        wrong = " and ".join(contradictions(siblings[0], record))
        known = ", ".join(device.name for device in siblings)
        return _unknown(f"name {record.name!r} fits none of {known}: {wrong}", record)
    if record.sm_count is None or record.memory_bytes is None:
        known = ", ".join(device.name for device in fitting)
        return _unknown(
            f"name {record.name!r} fits {known}, and neither SM count and memory size were "
            "recorded to tell",
            record,
        )
    return _single(record, fitting, _evidence(record))


def _by_numbers(record: DeviceRecord, rows: tuple[Device, ...]) -> Resolution:
    """Take the device by compute capability, SM count and memory size, where no name helps."""
    name = "an empty name" if not record.name else f"the name {record.name!r}"
    told = (record.compute_capability, record.sm_count, record.memory_bytes)
    if any(figure is None for figure in told):
        return _unknown(f"the capture records {name} and too little else to tell", record)
    fitting = [
        device
        for device in rows
        if device.sm_count is not None and not contradictions(device, record)
    ]
    if not fitting:
        return _unknown(f"the capture records {name} and {figures(record)}, which fit none", record)
    return _single(record, fitting, f"{figures(record)} (the capture records {name})")


def _single(record: DeviceRecord, fitting: list[Device], evidence: str) -> Resolution:
    """Take the one device left, or the first of several whose peaks are equal; a user's wins."""
    fitting = [device for device in fitting if device.origin] or fitting
    first, rest = fitting[0], fitting[1:]
    if not rest:
        return Resolution(first, evidence, record)
    known = ", ".join(device.name for device in fitting)
    if all(_same_peaks(first, device) for device in rest):
        return Resolution(first, f"{evidence}; {known} have the same peaks", record)
    return _unknown(f"{evidence} fit several devices: {known}", record)


def _same_peaks(device: Device, other: Device) -> bool:
    return (device.peak_bytes_per_s, device.peak_flop_per_s, device.cache_bytes) == (
        other.peak_bytes_per_s,
        other.peak_flop_per_s,
        other.cache_bytes,
    )


def _evidence(record: DeviceRecord) -> str:
    """Return the recorded name and figures, as the reason for taking a device."""
    told = figures(record)
    return f"name {record.name!r}" + (f" and {told}" if told else "")


def _unknown(why: str, record: DeviceRecord | None) -> Resolution:
    return Resolution(
        None, f"{why}; pass --assume-device NAME (ncutool devices lists them)", record
    )


def is_named(device: Device, recorded: str | None) -> bool:
    """Return whether a recorded name is one of the device's, whatever its case and dashes."""
    words = words_of(recorded or "")
    return bool(words) and any(words == words_of(name) for name in (device.name, *device.names))
