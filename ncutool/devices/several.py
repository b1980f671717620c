"""The devices that a capture's launches ran on: each resolved for itself, and by kind.

Peaks belong to the device that a launch ran on. Ordinals are labels: nothing here depends on which
of two like devices has which, and what lies alike is ordered by the launches, not by ordinals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base.untrusted import printable
from ncutool.devices import resolve
from ncutool.devices.resolve import Resolution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ncutool.devices.table import Device
    from ncutool_parsers.capture import Capture, DeviceRecord

Key = tuple[object, ...]


class Kind(Struct, frozen=True):
    """Devices of a capture that are alike, with what ran on them."""

    resolution: Resolution
    """That of the first of them."""
    ordinals: tuple[int, ...]
    """In the order of their first launch."""
    duration_ns: int
    """Time of their launches."""

    @property
    def name(self) -> str:
        """The name that the capture records, else that of the device table."""
        record, device = self.resolution.record, self.resolution.device
        if record is not None and record.name:
            return printable(record.name)
        return device.name if device is not None else "an unknown device"

    @property
    def numbered(self) -> str:
        """The name with the ordinals: `NVIDIA A100 (device 1)`."""
        many = "devices" if len(self.ordinals) > 1 else "device"
        return f"{self.name} ({many} {', '.join(map(str, sorted(self.ordinals)))})"


def by_ordinal(
    capture: Capture, override: str | None, known: tuple[Device, ...] | None
) -> dict[int, Resolution]:
    """Return how each device that a capture records was found, by its ordinal.

    Raises:
        UsageError: see :func:`ncutool.devices.resolve.resolve`.
    """
    records: dict[int, list[DeviceRecord]] = {}
    for record in capture.devices:
        records.setdefault(record.ordinal, []).append(record)
    return {ordinal: _one(ordinal, alike, override, known) for ordinal, alike in records.items()}


def _one(
    ordinal: int,
    records: Sequence[DeviceRecord],
    override: str | None,
    known: tuple[Device, ...] | None,
) -> Resolution:
    """Return the device of an ordinal; none where the capture gives it several."""
    found = [resolve.resolve(record, override, known) for record in records]
    if len({_key(each) for each in found}) == 1:
        return found[0]
    names = " and ".join(sorted(repr(record.name) for record in records))
    how = f"the capture names device {ordinal} both {names}: launches on it have no peaks"
    return Resolution(None, how, None)


def kinds(resolutions: Mapping[int, Resolution], launches: pl.DataFrame) -> tuple[Kind, ...]:
    """Return the devices that launches ran on by kind, that with the most time first.

    Args:
        resolutions: of :func:`by_ordinal`.
        launches: :data:`ncutool_parsers.schema.LAUNCHES`; where none says its device, none is used.
    """
    used = (
        launches.filter(pl.col("device").is_in(list(resolutions)))
        .group_by("device")
        .agg(pl.col("duration_ns").sum(), pl.col("launch_id").min())
        .sort("launch_id")
    )
    groups: dict[Key, list[tuple[int, int]]] = {}
    for ordinal, duration, _ in used.iter_rows():
        groups.setdefault(_key(resolutions[ordinal]), []).append((ordinal, duration or 0))
    found = [
        Kind(
            resolution=resolutions[members[0][0]],
            ordinals=tuple(ordinal for ordinal, _ in members),
            duration_ns=sum(duration for _, duration in members),
        )
        for members in groups.values()
    ]
    return tuple(sorted(found, key=lambda kind: -kind.duration_ns))


def together(found: Sequence[Kind]) -> Resolution:
    """Return what stands for unlike devices as one: no device, and the sentence that says so."""
    listed = ", ".join(kind.numbered for kind in found)
    return Resolution(
        None, f"{counted(found)}: {listed}; each launch is held against its own device's peaks"
    )


def counted(found: Sequence[Kind]) -> str:
    """Return how many devices the launches ran on: `2 devices`."""
    return f"{sum(len(kind.ordinals) for kind in found)} devices"


def _key(resolution: Resolution) -> Key:
    """Return what like devices have in common."""
    device, record = resolution.device, resolution.record
    if device is not None:
        return (device.name,)
    if record is None:
        return (resolution.how,)
    return (record.name, record.compute_capability, record.sm_count, record.memory_bytes)
