"""Device peaks, and which device a capture was made on."""

from __future__ import annotations

import difflib
import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from ncutool.schema import ROOFS
from ncutool_parsers.capture import DeviceRecord
from ncutool_parsers.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    import polars as pl

_MEMORY_LOW, _MEMORY_HIGH = 0.90, 1.01
"""A driver reports up to a tenth less memory than the card carries (ECC, reserved), never more."""
_GENERIC_NAMES = frozenset(("", "radeongraphics", "graphicsdevice"))
_AMD_TARGETS = {"9.0": "gfx90a", "9.4": "gfx942", "9.5": "gfx950"}
"""Compute capability as ROCm's torch reports it -> the target's usual name."""
_MAKERS = frozenset(("nvidia", "tesla", "geforce", "amd", "instinct", "gpu"))


@dataclass(frozen=True)
class Device:
    """One row of devices.toml. Peaks are dense unless named otherwise."""

    name: str
    compute_capability: str
    sm_count: int | None
    memory_bytes: int
    peak_bytes_per_s: float
    peak_flop_per_s: dict[str, float]
    """Dense peak of each roof (names of :data:`ncutool.schema.ROOFS`) the device has."""
    sparse_peak_flop_per_s: dict[str, float] = field(default_factory=dict)
    """With 2:4 structured sparsity; shown, never held against dense work."""
    l2_bytes: int | None = None
    last_level_cache_bytes: int | None = None
    """The largest cache before DRAM: L2, or Infinity Cache on AMD."""
    source: str = ""
    confidence: str = ""
    note: str = ""
    vendor: str = ""
    """``nvidia`` or ``amd``."""
    family: str = ""
    """The word in its name that its variants share, e.g. ``H100``."""
    names: tuple[str, ...] = ()
    """Names that captures record for exactly this device."""
    short: tuple[str, ...] = ()
    """Short forms that `--device` takes for it although a sibling fits them too."""


@dataclass(frozen=True)
class Resolution:
    """Which device was taken, and how it was found."""

    device: Device | None
    how: str
    """One sentence, e.g. ``name 'NVIDIA H100 80GB HBM3' and 132 SMs``."""
    record: DeviceRecord | None = None


@lru_cache(maxsize=1)
def load_devices() -> tuple[Device, ...]:
    """All known devices, in the order of devices.toml."""
    text = resources.files("ncutool").joinpath("devices.toml").read_text(encoding="utf-8")
    return tuple(_device(row) for row in tomllib.loads(text)["device"])


def _device(row: dict[str, Any]) -> Device:
    values = dict(row)
    for key in ("names", "short"):
        values[key] = tuple(values.get(key, ()))
    for key in ("peak_flop_per_s", "sparse_peak_flop_per_s"):
        values[key] = {roof: float(peak) for roof, peak in values.get(key, {}).items()}
    values["sm_count"] = values.get("sm_count")
    return Device(**values)


def resolve(record: DeviceRecord | None, override: str | None = None) -> Resolution:
    """The device of a capture.

    Args:
        record: what the capture says about its device.
        override: a name given by the user, which wins; case, spaces and dashes do not matter.

    Raises:
        UsageError: ``override`` names no known device, or several.
    """
    if override is not None:
        device = _named(override, record)
        return Resolution(device, f"--device {override}: {device.name}", record)
    if record is None:
        return _unknown("the capture does not say which device it was made on", record)
    exact = [device for device in load_devices() if _is_named(device, record.name)]
    if exact:
        return _checked(record, exact)
    words = _words(record.name or "")
    family = [device for device in load_devices() if _contains(words, _words(device.family))]
    if family:
        longest = max(len(_words(device.family)) for device in family)
        siblings = [device for device in family if len(_words(device.family)) == longest]
        return _narrowed(record, siblings)
    if "".join(words) in _GENERIC_NAMES:
        return _by_numbers(record)
    similar = difflib.get_close_matches(record.name or "", _all_names(), n=3, cutoff=0.5)
    near = f" (similar names: {', '.join(similar)})" if similar else ""
    return _unknown(f"no known device is named {record.name!r}{near}", record)


def _checked(record: DeviceRecord, devices: list[Device]) -> Resolution:
    """A recorded name that is known: the other figures must not contradict it."""
    fitting = [device for device in devices if not _contradictions(device, record)]
    if fitting:
        return Resolution(fitting[0], _evidence(record), record)
    wrong = " and ".join(_contradictions(devices[0], record))
    return _unknown(f"name {record.name!r} is that of {devices[0].name}, but {wrong}", record)


def _narrowed(record: DeviceRecord, siblings: list[Device]) -> Resolution:
    """A name that only says the family: its other figures must single one variant out."""
    fitting = [device for device in siblings if not _contradictions(device, record)]
    if not fitting:
        wrong = " and ".join(_contradictions(siblings[0], record))
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


def _by_numbers(record: DeviceRecord) -> Resolution:
    """A name that says nothing: compute capability, SM count and memory size decide together."""
    name = "an empty name" if not record.name else f"the name {record.name!r}"
    figures = (record.compute_capability, record.sm_count, record.memory_bytes)
    if any(figure is None for figure in figures):
        return _unknown(f"the capture records {name} and too little else to tell", record)
    fitting = [
        device
        for device in load_devices()
        if device.sm_count is not None and not _contradictions(device, record)
    ]
    if not fitting:
        return _unknown(
            f"the capture records {name} and {_figures(record)}, which fit none", record
        )
    return _single(record, fitting, f"{_figures(record)} (the capture records {name})")


def _single(record: DeviceRecord, fitting: list[Device], evidence: str) -> Resolution:
    """The one device left, or the first of several whose peaks are the same."""
    first, rest = fitting[0], fitting[1:]
    if not rest:
        return Resolution(first, evidence, record)
    known = ", ".join(device.name for device in fitting)
    if all(_same_peaks(first, device) for device in rest):
        return Resolution(first, f"{evidence}; {known} have the same peaks", record)
    return _unknown(f"{evidence} fit several devices: {known}", record)


def _same_peaks(one: Device, other: Device) -> bool:
    return (one.peak_bytes_per_s, one.peak_flop_per_s, one.last_level_cache_bytes) == (
        other.peak_bytes_per_s,
        other.peak_flop_per_s,
        other.last_level_cache_bytes,
    )


def _contradictions(device: Device, record: DeviceRecord) -> list[str]:
    """What the record says that cannot be this device; unrecorded figures contradict nothing."""
    found = []
    if record.vendor is not None and record.vendor != device.vendor:
        found.append(f"its vendor is {record.vendor}")
    capability = record.compute_capability
    if device.vendor == "amd":
        capability = _AMD_TARGETS.get(capability or "", capability)
    if capability is not None and capability != device.compute_capability:
        found.append(f"compute capability is {capability}, not {device.compute_capability}")
    if None not in (record.sm_count, device.sm_count) and record.sm_count != device.sm_count:
        found.append(f"it has {record.sm_count} SMs, not {device.sm_count}")
    if record.memory_bytes is not None:
        share = record.memory_bytes / device.memory_bytes
        if not _MEMORY_LOW <= share <= _MEMORY_HIGH:
            gigabytes = record.memory_bytes / 1e9
            found.append(f"it has {gigabytes:.1f} GB, not {device.memory_bytes / 1e9:.1f} GB")
    return found


def _evidence(record: DeviceRecord) -> str:
    figures = _figures(record)
    return f"name {record.name!r}" + (f" and {figures}" if figures else "")


def _figures(record: DeviceRecord) -> str:
    parts = []
    if record.compute_capability is not None:
        parts.append(f"compute capability {record.compute_capability}")
    if record.sm_count is not None:
        parts.append(f"{record.sm_count} SMs")
    if record.memory_bytes is not None:
        parts.append(f"{record.memory_bytes / 1e9:.1f} GB")
    return ", ".join(parts)


def _unknown(why: str, record: DeviceRecord | None) -> Resolution:
    return Resolution(None, f"{why}; pass --device NAME (ncutool devices lists them)", record)


def _named(text: str, record: DeviceRecord | None) -> Device:
    """The device that the user named.

    Raises:
        UsageError: none or several fit.
    """
    devices = load_devices()
    wanted = _words(text)
    joined = "".join(wanted)
    exact = [
        device
        for device in devices
        if joined in {"".join(_words(name)) for name in (device.name, *device.names, *device.short)}
    ]
    if wanted and exact:
        return exact[0]
    fitting = [device for device in devices if wanted and _fits(device, wanted)]
    if len(fitting) > 1 and record is not None and record.sm_count and record.memory_bytes:
        consistent = [device for device in fitting if not _contradictions(device, record)]
        fitting = consistent if len(consistent) == 1 else fitting
    if len(fitting) == 1 or (fitting and all(_same_peaks(fitting[0], d) for d in fitting[1:])):
        return fitting[0]
    if fitting:
        raise UsageError(
            f"--device {text!r} fits several devices; name one of: "
            + ", ".join(device.name for device in fitting)
        )
    near = _nearest(text)
    listed = f"; close names: {', '.join(near)}" if near else ""
    raise UsageError(f"no device named {text!r}{listed}; ncutool devices lists them all")


def _fits(device: Device, wanted: list[str]) -> bool:
    """Whether one of the device's names has every word of ``wanted``, or begins with it when
    spaces are left out (`h100sxm`)."""
    joined = "".join(wanted)
    for name in (device.name, *device.names):
        words = _words(name)
        begins = {"".join(words[:count]) for count in range(1, len(words) + 1)}
        if set(wanted) <= set(words) or joined in begins:
            return True
    return False


def _nearest(text: str) -> list[str]:
    by_key = {"".join(_words(device.name)): device.name for device in load_devices()}
    keys = difflib.get_close_matches("".join(_words(text)), by_key, n=4, cutoff=0.4)
    return [by_key[key] for key in keys]


def _all_names() -> list[str]:
    return [name for device in load_devices() for name in (device.name, *device.names)]


def _is_named(device: Device, recorded: str | None) -> bool:
    words = _words(recorded or "")
    return bool(words) and any(words == _words(name) for name in (device.name, *device.names))


def _contains(words: list[str], family: list[str]) -> bool:
    """Whether ``family`` stands in ``words`` as whole words, next to each other."""
    size = len(family)
    return size > 0 and any(words[i : i + size] == family for i in range(len(words) - size + 1))


def _words(name: str) -> list[str]:
    """Lower-case words of a name without makers' names: `H100-SXM5` -> `h100`, `sxm`.

    A size keeps its unit (`80 GB` and `80GB` are one word).
    """
    spaced = re.sub(r"(\d)\s+(gb|gib)\b", r"\1gb", name.lower())
    words = re.findall(r"[a-z0-9]+", spaced)
    return [re.sub(r"^sxm\d$", "sxm", word) for word in words if word not in _MAKERS]


def to_frame(devices: tuple[Device, ...]) -> pl.DataFrame:
    """One row a device: dense peaks per roof, bandwidth, size, and the source of the row."""
    import polars as pl

    used = [roof for roof in ROOFS if any(roof in device.peak_flop_per_s for device in devices)]
    rows = [
        {
            "name": device.name,
            "compute_capability": device.compute_capability,
            "sm_count": device.sm_count,
            "memory_bytes": device.memory_bytes,
            "peak_bytes_per_s": device.peak_bytes_per_s,
            **{f"{roof}_flop_per_s": device.peak_flop_per_s.get(roof) for roof in used},
            "sparse": _sparsity(device),
            "confidence": device.confidence,
            "source": device.source,
            "note": device.note,
        }
        for device in devices
    ]
    schema: dict[str, pl.DataType] = {
        "name": pl.String(),
        "compute_capability": pl.String(),
        "sm_count": pl.Int64(),
        "memory_bytes": pl.Int64(),
        "peak_bytes_per_s": pl.Float64(),
        **{f"{roof}_flop_per_s": pl.Float64() for roof in used},
        "sparse": pl.String(),
        "confidence": pl.String(),
        "source": pl.String(),
        "note": pl.String(),
    }
    return pl.DataFrame(rows, schema=schema)


def _sparsity(device: Device) -> str:
    """What 2:4 sparsity makes of the dense peaks, e.g. `2×, fp4 1.37×`."""
    factors = {
        roof.removesuffix("_tensor"): peak / device.peak_flop_per_s[roof]
        for roof, peak in device.sparse_peak_flop_per_s.items()
    }
    if not factors:
        return "none"
    others = [f"{name} {factor:.3g}×" for name, factor in factors.items() if factor != 2]
    return ", ".join(["2×", *others])
