"""``ncutool explain CAPTURE device``: how the capture's device was found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ncutool.base.records import replace
from ncutool.commands.options import Format

if TYPE_CHECKING:
    from pathlib import Path

    from ncutool.analysis.request import Request
    from ncutool.commands.writing import Output
    from ncutool.devices.resolve import Resolution
    from ncutool_parsers import Place
    from ncutool_parsers.capture import Capture, DeviceRecord


def explain_device(path: Path | Place, request: Request, output: Output) -> None:
    """Write the fields that a capture records of its device, and each device they fit or rule out.

    Raises:
        CaptureError: the capture cannot be read.
        UsageError: ``assume_device`` is unknown, or the form is neither a table nor JSON.
    """
    from ncutool.analysis import devices
    from ncutool.analysis.redact import redacted
    from ncutool.devices import resolve
    from ncutool.devices.table import with_file
    from ncutool.text.devices import explanation_text
    from ncutool_parsers import read

    chosen = output.choose(Format.TABLE, Format.JSON)
    known = with_file(request.device_file)
    capture = read(path, replace(request.read_options(), metrics="device__.*"))
    capture = redacted(capture, request.redact)
    resolution = devices.find(capture, request.assume_device, known, None).resolution
    sections = [
        (record, resolve.recorded(record), resolve.candidates(record, known))
        for record in _distinct(capture)
    ]
    peaks = _peaks(capture, resolution)
    if chosen is Format.TABLE:
        shown = explanation_text(sections, resolution, peaks, color=output.color)
        output.write(shown.encode())
        return
    whole: dict[str, Any] = {
        "schema": "ncutool/device-explanation/1",
        "capture": capture.name,
        "recorded": [
            {
                "ordinal": record.ordinal,
                **recorded,
                "candidates": [{"name": c.name, "against": list(c.against)} for c in candidates],
            }
            for record, recorded, candidates in sections
        ],
        "device": resolution.device.name if resolution.device else None,
        "how": resolution.how,
        "peaks": peaks,
    }
    output.write((json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode())


def _distinct(capture: Capture) -> list[DeviceRecord]:
    """Return the recorded devices; of several that differ by their number alone, the first."""
    by_record = {replace(record, ordinal=0): record for record in reversed(capture.devices)}
    return sorted(by_record.values(), key=lambda record: record.ordinal)


def _peaks(capture: Capture, resolution: Resolution) -> str:
    if capture.traits.peaks_recorded:
        return (
            f"peaks: the {capture.format.noun}'s own, at the clocks of the run; the table only "
            "names the device"
        )
    if resolution.device is None:
        return "peaks: none, so no launch is placed on a roofline"
    return f"peaks: datasheet, dense; source: {resolution.device.source or 'not said'}"
