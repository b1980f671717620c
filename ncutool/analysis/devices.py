"""Which devices the launches of a capture are held against, and how they were found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct
from msgspec.structs import replace

from ncutool.devices import resolve, several
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.devices.ceilings import Ceiling, Measured
    from ncutool.devices.resolve import Resolution
    from ncutool.devices.table import Device
    from ncutool_parsers.capture import Capture, DeviceRecord


class Found(Struct, frozen=True):
    """The devices of a capture, with measured rates in place of the peaks that they replace."""

    resolution: Resolution
    """Of the one kind of device; of several kinds none, and the sentence that lists them."""
    datasheet: Device | None
    """The one kind with the peaks of its datasheet."""
    given: tuple[Ceiling, ...]
    resolutions: Mapping[int, Resolution]
    """Of each recorded device, by ordinal."""


def find(
    capture: Capture,
    override: str | None,
    known: tuple[Device, ...],
    measured: Measured | None,
) -> Found:
    """Return the devices of a capture.

    Args:
        override: the device that the user named. A report, which records its own peaks, is only
            named by it where the device table does not know what the report records.
        known: the devices to choose from.
        measured: rates that replace peaks of the datasheet.

    Raises:
        UsageError: the device named is unknown or of another chip, or the rates are of another
            device.
    """
    own_peaks = capture.traits.peaks_recorded
    resolutions = several.by_ordinal(capture, None if own_peaks else override, known)
    if own_peaks and override is not None:
        named = several.by_ordinal(capture, override, known)
        resolutions = {n: one if one.device else named[n] for n, one in resolutions.items()}
    kinds = several.kinds(resolutions, capture.launches)
    if len(kinds) > 1:
        held = {n: _held(one, measured, of_several=True) for n, one in resolutions.items()}
        _check_used(measured, resolutions)
        given = tuple(ceiling for kind in kinds for ceiling in held[kind.ordinals[0]][1])
        return Found(several.together(kinds), None, given, {n: one for n, (one, _) in held.items()})
    if kinds:
        datasheet = _with_all_names(kinds[0], resolutions, override)
    else:
        record = recorded_device(capture)
        datasheet = resolve.resolve(record, override, known)
        resolutions = {} if record is None else {record.ordinal: datasheet}
    resolution, given = _held(datasheet, measured)
    same = {n: _held(one, measured)[0] for n, one in resolutions.items()}
    return Found(resolution, datasheet.device, given, same)


def _held(
    found: Resolution, measured: Measured | None, *, of_several: bool = False
) -> tuple[Resolution, tuple[Ceiling, ...]]:
    """Return a device with measured rates, and these beside its datasheet's peaks.

    Args:
        of_several: rates are those of the device that they name alone.
    """
    if measured is None:
        return found, ()
    from ncutool.devices import ceilings

    other = of_several and not _is_of(found.device, measured)
    held = ceilings.hold(found.device, None if other else measured)
    return replace(found, device=held.device, how=found.how + held.how), held.given


def _is_of(device: Device | None, measured: Measured) -> bool:
    from ncutool.devices import ceilings

    named = measured.device
    return device is not None and named is not None and ceilings.is_named(device, named)


def _check_used(measured: Measured | None, resolutions: Mapping[int, Resolution]) -> None:
    """Refuse rates that are of none of several devices.

    Raises:
        UsageError: they name no device, or another one.
    """
    devices = [one.device for one in resolutions.values()]
    if measured is None or any(_is_of(device, measured) for device in devices):
        return
    names = ", ".join(sorted({device.name for device in devices if device is not None}))
    raise UsageError(
        f"--ceilings {measured.path}: the launches ran on unlike devices ({names}); say with "
        "'device' which of them the rates are of"
    )


def _with_all_names(
    kind: several.Kind, resolutions: Mapping[int, Resolution], override: str | None
) -> Resolution:
    """Return the resolution of one kind; where the user named it, with all that was recorded."""
    found = kind.resolution
    names = sorted(
        {one.record.name for one in resolutions.values() if one.record and one.record.name}
    )
    if not found.named or found.device is None or len(names) < 2:
        return found
    against = f"held against {found.device.name} (recorded: {', '.join(names)})"
    return replace(found, how=f"--assume-device {override}: {against}")


def recorded_device(capture: Capture) -> DeviceRecord | None:
    """Return the device that most of the launch time ran on; of two alike, the first used."""
    if len(capture.devices) <= 1:
        return capture.devices[0] if capture.devices else None
    busiest = (
        capture.launches.group_by("device")
        .agg(pl.col("duration_ns").sum(), pl.col("launch_id").min())
        .sort("duration_ns", "launch_id", descending=[True, False])["device"]
    )
    by_ordinal = {record.ordinal: record for record in capture.devices}
    return next(
        (by_ordinal[ordinal] for ordinal in busiest if ordinal in by_ordinal), capture.devices[0]
    )
