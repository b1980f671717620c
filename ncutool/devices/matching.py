"""What a capture records of its device, held against a row of the table: its name, its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base.thresholds import Threshold
from ncutool.devices.naming import words_of
from ncutool.devices.table import Device

if TYPE_CHECKING:
    from ncutool_parsers.capture import DeviceRecord

_DRIVERS = "memory sizes in records of some twenty devices; ECC and reserved memory take a part"
_MEMORY_LOW = Threshold(0.90, "share of the card's", "a driver reports no less memory", _DRIVERS)
_MEMORY_HIGH = Threshold(1.01, "share of the card's", "nor more, rounding aside", _DRIVERS)
_AMD_TARGETS = {"9.0": ("gfx908", "gfx90a"), "9.4": ("gfx942",), "9.5": ("gfx950",)}
"""Compute capability as ROCm's torch reports it -> the targets' usual names."""
_VARIANTS = frozenset(("laptop", "mobile", "max", "ti", "super", "d", "sff", "v2", "dd", "lhr"))
"""Words that tell another card from the one whose name they follow."""


def siblings(record: DeviceRecord, rows: tuple[Device, ...]) -> list[Device]:
    """Return the cards of the family that the recorded name speaks of, without other variants."""
    words = words_of(record.name or "")
    return [device for device in family(record, rows) if not variant_words(device, words)]


def family(record: DeviceRecord, rows: tuple[Device, ...]) -> list[Device]:
    """Return the cards of the family that the recorded name speaks of.

    Of several families whose words stand in the name, that with the most words counts.
    """
    words = words_of(record.name or "")
    named = [device for device in rows if _contains(words, words_of(device.family))]
    longest = max((len(words_of(device.family)) for device in named), default=0)
    return [device for device in named if len(words_of(device.family)) == longest]


def variant_words(device: Device, words: list[str]) -> list[str]:
    """Return the words of a recorded name that tell another variant, `laptop` say, than this."""
    own = {word for name in (device.name, *device.names) for word in words_of(name)}
    return [word for word in words if word in _VARIANTS and word not in own]


def contradictions(device: Device, record: DeviceRecord) -> list[str]:
    """Return what the record says that cannot be of this device, in words.

    Figures that were not recorded contradict nothing.
    """
    found = other_chip(device, record)
    if None not in (record.sm_count, device.sm_count) and record.sm_count != device.sm_count:
        found.append(f"it has {record.sm_count} SMs, not {device.sm_count}")
    if record.memory_bytes is not None:
        share = record.memory_bytes / device.memory_bytes
        if not _MEMORY_LOW <= share <= _MEMORY_HIGH:
            gigabytes = record.memory_bytes / 1e9
            found.append(f"it has {gigabytes:.1f} GB, not {device.memory_bytes / 1e9:.1f} GB")
    return found


def other_chip(device: Device, record: DeviceRecord) -> list[str]:
    """Return what of vendor and compute capability cannot be of this device, in words."""
    found = []
    if record.vendor is not None and device.vendor and record.vendor != device.vendor:
        found.append(f"its vendor is {record.vendor}")
    capability = record.compute_capability
    expected = device.compute_capability
    told: tuple[str | None, ...] = (capability,)
    if device.vendor == "amd":
        told = _AMD_TARGETS.get(capability or "", told)
    if capability is not None and expected and expected not in told:
        found.append(f"compute capability is {capability}, not {expected}")
    return found


def figures(record: DeviceRecord) -> str:
    """Return the recorded figures in words, those that are there."""
    parts = []
    if record.compute_capability is not None:
        parts.append(f"compute capability {record.compute_capability}")
    if record.sm_count is not None:
        parts.append(f"{record.sm_count} SMs")
    if record.memory_bytes is not None:
        parts.append(f"{record.memory_bytes / 1e9:.1f} GB")
    return ", ".join(parts)


def _contains(words: list[str], family: list[str]) -> bool:
    """Return whether ``family`` stands in ``words`` as whole words, next to each other."""
    size = len(family)
    return size > 0 and any(words[i : i + size] == family for i in range(len(words) - size + 1))
