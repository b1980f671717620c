"""``ncutool devices``: the known devices, one whole, and how a capture's device was found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ncutool.commands.options import (
    DebugOption,
    DeviceFileOption,
    ForceOption,
    Format,
    FormatOption,
    MaxBytesOption,
    NoColorOption,
    OutputOption,
)
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device, Resolution
    from ncutool_parsers.capture import Capture

Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="One device by name, as --device takes it."),
]
Explained = Annotated[
    Path | None,
    typer.Option(
        "--explain",
        metavar="CAPTURE",
        help="Say how this capture's device is found: what it records and what fits.",
        show_default=False,
    ),
]


def run(
    name: Name = None,
    explain: Explained = None,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    device_file: DeviceFileOption = None,
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """List the known devices, show one whole, or say how a capture's device is found.

    With NAME: every peak dense and sparse, the source, how sure it is, and notes.
    With --explain CAPTURE: the fields it records and each device they fit or rule out; with NAME
    besides, as --device NAME would have it.
    """
    from ncutool.commands.writing import check_writable, choose_format, write_bytes
    from ncutool.devices.table import with_file

    chosen = choose_format(form, output)
    check_writable(output, force=force)
    known = with_file(device_file)
    color = not no_color and output is None
    if explain is not None:
        content = _explanation(explain, name, known, max_bytes, chosen, color=color)
    else:
        content = _listed(name, known, chosen, color=color)
    write_bytes(content, output)


def _listed(name: str | None, known: tuple[Device, ...], chosen: Format, *, color: bool) -> bytes:
    from ncutool import text
    from ncutool.commands.writing import rows
    from ncutool.devices import resolve

    found = None if name is None else resolve.resolve(None, name, known).device
    shown = known if found is None else (found,)
    frame = resolve.to_frame(shown)
    return rows(
        frame,
        chosen,
        envelope=lambda text_: f'{{"schema": "ncutool/devices/1", "devices": {text_}}}',
        table=lambda: (
            text.devices_table(frame, color=color)
            if found is None
            else text.device_text(found, color=color)
        ),
        markdown=lambda: text.markdown_table(frame),
    )


def _explanation(
    path: Path,
    name: str | None,
    known: tuple[Device, ...],
    max_bytes: int,
    chosen: Format,
    *,
    color: bool,
) -> bytes:
    import json

    from ncutool import text
    from ncutool.analysis.analyse import recorded_device
    from ncutool.devices import resolve
    from ncutool_parsers import read
    from ncutool_parsers.interface import ReadOptions

    if chosen not in (Format.TABLE, Format.JSON):
        raise UsageError(f"--explain gives a table or JSON, not {chosen.value}")
    capture = read(path, ReadOptions(max_bytes=max_bytes, metrics="device__.*"))
    resolution = resolve.resolve(recorded_device(capture), name, known)
    sections = [
        (record, resolve.recorded(record), resolve.candidates(record, known))
        for record in _distinct(capture)
    ]
    peaks = _peaks(capture, resolution)
    if chosen is Format.TABLE:
        return text.explanation_text(sections, resolution, peaks, color=color).encode()
    told: dict[str, Any] = {
        "schema": "ncutool/device-explanation/1",
        "capture": capture.name,
        "recorded": [
            {
                "ordinal": record.ordinal,
                **said,
                "candidates": [{"name": c.name, "against": list(c.against)} for c in found],
            }
            for record, said, found in sections
        ],
        "device": resolution.device.name if resolution.device else None,
        "how": resolution.how,
        "peaks": peaks,
    }
    return (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode()


def _distinct(capture: Capture) -> list[Any]:
    """The recorded devices, of several alike the first."""
    from dataclasses import replace

    seen = {replace(record, ordinal=0): record for record in reversed(capture.devices)}
    return sorted(seen.values(), key=lambda record: record.ordinal)


def _peaks(capture: Capture, resolution: Resolution) -> str:
    if capture.traits.peaks_recorded:
        return (
            f"peaks: the {capture.format.noun}'s own, at the clocks of the run; the table only "
            "names the device"
        )
    if resolution.device is None:
        return "peaks: none, so no launch is placed on a roofline"
    return f"peaks: datasheet, dense; source: {resolution.device.source or 'not said'}"
