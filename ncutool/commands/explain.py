"""``ncutool explain``: every figure of one launch with its formula filled in."""

from __future__ import annotations

from typing import Annotated

import typer

from ncutool.commands.options import (
    CaptureArgument,
    CaptureTraceOption,
    CeilingsOption,
    DebugOption,
    DeviceFileOption,
    DeviceOption,
    ForceOption,
    Format,
    FormatOption,
    MaxBytesOption,
    NcuOption,
    NoColorOption,
    OutputOption,
)
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

LaunchArgument = Annotated[
    str,
    typer.Argument(
        metavar="LAUNCH",
        help="A launch_id, `longest`, or the name of a kernel or operator: its longest launch.",
    ),
]
_FORMS = (Format.TABLE, Format.JSON, Format.MD)


def run(
    capture: CaptureArgument,
    launch: LaunchArgument,
    ncu: NcuOption = None,
    capture_trace: CaptureTraceOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    device: DeviceOption = None,
    device_file: DeviceFileOption = None,
    ceilings: CeilingsOption = None,
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """Trace every figure of one launch to its metric or shape, and say why its bound was chosen.

    Each figure is printed with its formula filled in, in base units, so that it can be redone by
    hand; with the peak, its source, and the thresholds of the bound.
    """
    import json
    from dataclasses import asdict

    from ncutool import text
    from ncutool.commands.companions import sort_out
    from ncutool.commands.reading import analyse_file
    from ncutool.commands.writing import check_writable, choose_format, write_bytes
    from ncutool.explain import explain

    chosen = choose_format(form, output)
    if chosen not in _FORMS:
        raise UsageError(f"explain gives table, json or md, not {chosen.value}")
    check_writable(output, force=force)
    files = sort_out([capture], None, ncu, capture_trace)
    analysis = analyse_file(
        files.only,
        device,
        max_bytes,
        device_file=device_file,
        ceilings=ceilings,
        report=files.report,
        capture_run=files.capture_run,
    )
    found = explain(analysis, launch)
    if chosen is Format.JSON:
        told = {"schema": "ncutool/explanation/1", **asdict(found)}
        content = json.dumps(told, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    elif chosen is Format.MD:
        content = text.explanation_markdown(found)
    else:
        content = text.explanation_lines(found, color=not no_color and output is None)
    write_bytes(content.encode("utf-8", "replace"), output)
