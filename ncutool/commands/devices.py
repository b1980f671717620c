"""``ncutool devices``: the known devices, or one whole."""

from __future__ import annotations

from typing import Annotated

import typer

from ncutool.commands.options import DeviceFileOption, unfold
from ncutool.commands.writing import Output


@unfold
def run(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="One device by name, in any case and spacing."),
    ] = None,
    device_file: DeviceFileOption = None,
    *,
    output: Output,
) -> None:
    """List the known devices and their peaks, or show one whole.

    With NAME: every peak dense and sparse, the source, how sure it is, and notes.
    `ncutool explain CAPTURE device` says how the device of a capture is found.
    """
    from ncutool.commands.writing import rows
    from ncutool.devices import resolve
    from ncutool.devices.table import with_file
    from ncutool.text.devices import device_text, devices_table
    from ncutool.text.markdown import markdown_table

    chosen = output.choose()
    known = with_file(device_file)
    device = None if name is None else resolve.resolve(None, name, known).device
    frame = resolve.to_frame(known if device is None else (device,))
    content = rows(
        frame,
        chosen,
        envelope=lambda text_: f'{{"schema": "ncutool/devices/1", "devices": {text_}}}',
        table=lambda: (
            devices_table(frame, color=output.color)
            if device is None
            else device_text(device, color=output.color)
        ),
        markdown=lambda: markdown_table(frame),
    )
    output.write(content)
