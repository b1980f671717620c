"""``ncutool baseline list``: the baselines of a folder."""

from __future__ import annotations

import typer

from ncutool.commands.options import DebugOption
from ncutool.commands.sides import DirOption


def run(folder: DirOption = None, debug: DebugOption = False) -> None:
    """List the names of the baselines of a folder, each with its size."""
    from ncutool.base import units
    from ncutool.base.untrusted import printable
    from ncutool.diff import baseline

    place = folder or baseline.FOLDER
    for path in sorted(place.glob(f"*{baseline.ENDING}")):
        name = printable(path.name.removesuffix(baseline.ENDING))
        typer.echo(f"{name}  {units.data(path.stat().st_size)}")
