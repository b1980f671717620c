"""``ncutool baseline show``: what a baseline holds."""

from __future__ import annotations

from typing import Annotated

import typer

from ncutool.commands.options import DebugOption
from ncutool.commands.sides import DirOption
from ncutool_parsers.errors import CaptureError


def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `ncutool baseline list` has it.")],
    folder: DirOption = None,
    debug: DebugOption = False,
) -> None:
    """Show what a baseline holds: a line a capture."""
    from ncutool.base import units
    from ncutool.base.untrusted import printable
    from ncutool.diff import baseline

    path = baseline.path_of(name, folder or baseline.FOLDER)
    if not path.is_file():
        raise CaptureError(path, "there is no such baseline", "ncutool baseline list tells them")
    for run_ in baseline.load(path).runs:
        about = (
            run_.name,
            run_.device.name or "unknown device",
            units.counted(run_.launches.height, "launch"),
            f"{'wall' if run_.window else 'launch time'} {units.time(run_.whole_ns)}",
        )
        typer.echo(printable(" · ".join(about)))
