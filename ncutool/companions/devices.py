"""Whether a trace and a report can be of one device, and are a trace and a report at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool_parsers.capture import Notice
from ncutool_parsers.errors import UnfitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ncutool_parsers.capture import Capture, DeviceRecord


def check_sources(trace: Capture, report: Capture) -> None:
    """Raise UsageError where ``trace`` is no trace or ``report`` no report."""
    if not trace.traits.has_timeline or trace.traits.figures_counted:
        raise UsageError(f"{trace.name}: is no trace; a join needs a torch.profiler trace")
    if not report.traits.figures_counted:
        raise UsageError(f"{report.name}: is no ncu report; a join needs an .ncu-rep file")


def device_remarks(trace: Capture, report: Capture) -> list[Notice]:
    """Return what to tell of the two captures' devices.

    Raises:
        UnfitError: they are different devices: counters of one say nothing of the other.
    """
    if not trace.devices or not report.devices:
        return [
            Notice(
                "join_device",
                "Trace and report cannot be held to one device: "
                f"{'the trace' if not trace.devices else 'the report'} names none.",
            )
        ]
    notices = []
    ours, theirs = _distinct(trace.devices), _distinct(report.devices)
    if not any(_same_chip(a, b) for a in ours for b in theirs):
        raise UnfitError(
            f"{report.name} was collected on {_device(theirs[0])}, {trace.name} on "
            f"{_device(ours[0])}: counters of one device say nothing of another"
        )
    if not all(_same_chip(a, b) for a in ours for b in theirs):
        listed = "; ".join(dict.fromkeys(map(_device, [*ours, *theirs])))
        raise UnfitError(
            f"{trace.name} and {report.name} hold launches of unlike devices ({listed}): counters "
            "of one device say nothing of another; record each by itself"
        )
    names = (
        {record.name for record in ours if record.name},
        {record.name for record in theirs if record.name},
    )
    if names[0] and names[1] and not names[0] & names[1]:
        notices.append(
            Notice(
                "join_device",
                f"The trace names its device {_listed(names[0])}, the report {_listed(names[1])}: "
                "the same chip, maybe another board.",
            )
        )
    return notices


def _distinct(records: Sequence[DeviceRecord]) -> list[DeviceRecord]:
    return list({(r.name, r.compute_capability, r.sm_count): r for r in records}.values())


def _same_chip(first: DeviceRecord, second: DeviceRecord) -> bool:
    """Return whether nothing that both record says that they are different chips."""
    pairs = (
        (first.compute_capability, second.compute_capability),
        (first.sm_count, second.sm_count),
        (first.vendor, second.vendor),
    )
    return all(a is None or b is None or a == b for a, b in pairs)


def _device(record: DeviceRecord) -> str:
    parts = [record.name or "an unnamed device"]
    if record.compute_capability:
        parts.append(f"compute capability {record.compute_capability}")
    if record.sm_count:
        parts.append(f"{record.sm_count} SMs")
    return ", ".join(parts)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))
