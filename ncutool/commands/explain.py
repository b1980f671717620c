"""``ncutool explain``: every figure of one launch with its formula filled in."""

from __future__ import annotations

from typing import Annotated

import typer

from ncutool.analysis.request import Request
from ncutool.commands.options import CaptureArgument, Format, unfold
from ncutool.commands.writing import Output

DEVICE = "device"
LaunchArgument = Annotated[
    str,
    typer.Argument(
        metavar="LAUNCH",
        help="A launch_id, `longest`, or the name of a kernel or operator: its median launch. "
        "`device` explains how the capture's device was found.",
    ),
]


@unfold
def run(
    capture: CaptureArgument, launch: LaunchArgument, *, output: Output, request: Request
) -> None:
    """Trace every figure of one launch to its metric or shape, and say why its bound was chosen.

    Each figure is printed with its formula filled in, in base units, so that it can be redone by
    hand; with the peak, its source, and the thresholds of the bound. In place of a launch,
    `device` lists what the capture records of its device, and which devices that fits or rules
    out.
    """
    import json

    from ncutool.base.records import fields_of
    from ncutool.commands.companions import sort_out_one
    from ncutool.commands.reading import analyse_file
    from ncutool.text.explanation import explanation_lines, explanation_markdown

    if launch == DEVICE:
        from ncutool.commands.explain_device import explain_device

        explain_device(capture, request, output)
        return
    from ncutool.explain import explain

    chosen = output.choose(Format.TABLE, Format.JSON, Format.MD)
    path, request = sort_out_one(capture, None, request)
    explained = explain(analyse_file(path, request, output), launch)
    if chosen is Format.JSON:
        record = {"schema": "ncutool/explanation/1", **fields_of(explained)}
        content = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    elif chosen is Format.MD:
        content = explanation_markdown(explained)
    else:
        content = explanation_lines(explained, color=output.color)
    output.write(content.encode("utf-8", "replace"))
