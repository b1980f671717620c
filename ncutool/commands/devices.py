"""``ncutool devices``: the known devices and their peaks."""

from __future__ import annotations

from typing import Annotated

import typer

from ncutool.commands.options import (
    DebugOption,
    ForceOption,
    FormatOption,
    NoColorOption,
    OutputOption,
)

Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="One device by name, as --device takes it."),
]


def run(
    name: Name = None,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """List the known devices: dense peaks per data type, bandwidth, and the source of each row."""
    from ncutool import devices, text
    from ncutool.commands.writing import check_writable, choose_format, rows, write_bytes

    chosen = choose_format(form, output)
    check_writable(output, force=force)
    known = devices.load_devices()
    if name is not None:
        found = devices.resolve(None, name).device
        known = (found,) if found is not None else ()
    frame = devices.to_frame(known)
    content = rows(
        frame,
        chosen,
        envelope=lambda text_: f'{{"schema": "ncutool/devices/1", "devices": {text_}}}',
        table=lambda: text.devices_table(frame, color=not no_color and output is None),
        markdown=lambda: text.markdown_table(frame),
    )
    write_bytes(content, output)
