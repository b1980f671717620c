"""How names of devices are read: which devices a text may mean, whatever its case and dashes."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from ncutool.devices.table import Device
from ncutool_parsers.errors import UsageError

_MAKERS = frozenset(("nvidia", "tesla", "geforce", "amd", "instinct", "gpu"))


def fitting(text: str, devices: tuple[Device, ...]) -> list[Device]:
    """Return the devices that the user may mean by ``text``, at least one.

    Raises:
        UsageError: no device has such a name.
    """
    wanted = words_of(text)
    joined = "".join(wanted)
    exact = [
        device
        for device in devices
        if joined
        in {"".join(words_of(name)) for name in (device.name, *device.names, *device.short)}
    ]
    if wanted and exact:
        return exact[:1]
    similar = [device for device in devices if wanted and _fits(device, wanted)]
    if similar:
        return [device for device in similar if device.origin] or similar
    near = _nearest(text, devices)
    listed = f"; close names: {', '.join(near)}" if near else ""
    raise UsageError(f"no device named {text!r}{listed}; ncutool devices lists them all")


def _fits(device: Device, wanted: list[str]) -> bool:
    """Return whether one of the device's names has every word of ``wanted``.

    Without spaces (`h100sxm`) it may also be the beginning of a name.
    """
    joined = "".join(wanted)
    for name in (device.name, *device.names):
        words = words_of(name)
        begins = {"".join(words[:count]) for count in range(1, len(words) + 1)}
        if set(wanted) <= set(words) or joined in begins:
            return True
    return False


def _nearest(text: str, devices: tuple[Device, ...]) -> list[str]:
    """Return the names most like ``text``, for an error to list."""
    by_key = {"".join(words_of(device.name)): device.name for device in devices}
    keys = difflib.get_close_matches("".join(words_of(text)), by_key, n=4, cutoff=0.4)
    return [by_key[key] for key in keys]


def all_names(devices: tuple[Device, ...]) -> list[str]:
    """Return every name of all devices."""
    return [name for device in devices for name in (device.name, *device.names)]


def words_of(name: str) -> list[str]:
    """Split a name into lower-case words without makers' names: `H100-SXM5` to `h100`, `sxm`.

    A size keeps its unit (`80 GB` and `80GB` are one word).
    """
    return list(_words(name))


@lru_cache(maxsize=4096)
def _words(name: str) -> tuple[str, ...]:
    """Return the words; every capture of an archive is held against the same names of devices."""
    spaced = re.sub(r"(\d)\s+(gb|gib)\b", r"\1gb", name.lower())
    words = re.findall(r"[a-z0-9]+", spaced)
    return tuple(re.sub(r"^sxm\d$", "sxm", word) for word in words if word not in _MAKERS)
