"""``ncutool baseline save``: keep what captures are compared by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ncutool.commands.options import DebugOption, ForceOption, unfold
from ncutool.commands.sides import DirOption, Reading, read_side
from ncutool_parsers import Place


@unfold
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    captures: Annotated[
        list[Path | Place],
        typer.Argument(metavar="CAPTURE...", help="One or several captures of one state."),
    ],
    *,
    folder: DirOption = None,
    force: ForceOption = False,
    debug: DebugOption = False,
    reading: Reading,
) -> None:
    """Keep what captures are compared by, as a file that `ncutool diff` takes like a capture.

    It holds tables and facts, not the captures: no host names, paths or command lines.
    """
    from ncutool.commands.writing import Output
    from ncutool.diff import baseline

    place = folder or baseline.FOLDER
    path = baseline.path_of(name, place)
    place.mkdir(parents=True, exist_ok=True)
    output = Output(path=path, force=force)
    output.check_writable()
    side = read_side(captures, reading, place, output)
    output.write(baseline.dump(side))
    typer.echo(str(path))
