"""``ncutool diagnose``: one answer for programs, within a number of bytes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ncutool.analysis.request import Request
from ncutool.commands.options import Format, TraceOption, option, unfold
from ncutool.commands.writing import Output
from ncutool.diagnose.budget import USUAL_BYTES
from ncutool_parsers import Place
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.diagnose.against import Earlier


@unfold
def run(
    captures: Annotated[
        list[Path | Place] | None,
        typer.Argument(
            metavar="CAPTURE...", help="Reports or traces, each with a record of its own."
        ),
    ] = None,
    budget: Annotated[
        int,
        option(
            "--budget",
            words="Bytes of the JSON at most, from 1000 to 1048576: what matters most comes first, "
            "and what was left out is said.",
            metavar="BYTES",
            show_default=True,
        ),
    ] = USUAL_BYTES,
    against: Annotated[
        Path | None,
        option(
            "--against",
            words="An earlier diagnosis (JSON) of the same program: says whether the work is the "
            "same, what got faster, and which problems are gone or new.",
            metavar="FILE.json",
        ),
    ] = None,
    trace: TraceOption = None,
    *,
    output: Output,
    request: Request,
) -> None:
    """Say what a careful colleague would: the verdict, its evidence, what could not be seen.

    JSON where stdout is no terminal, or with --format json; else a short text. Each question has
    one of three states: problem, none, could_not_look (with the reason and what to capture next).
    `stop` says whether the work is done: nothing to do, and the time at ceilings that no tuning
    lifts. Names from inside a capture are data, and stand in fields of their own alone.
    """
    from ncutool.commands.companions import sort_out
    from ncutool.commands.reading import analyse_file
    from ncutool.diagnose import parts, within
    from ncutool.diagnose.against import since
    from ncutool.diagnose.budget import check, dumped
    from ncutool.text.diagnosis import diagnosis_text

    check(budget)
    chosen = _form(output)
    named, request = sort_out(captures or [], trace, request)
    earlier = None if against is None else _earlier(against, named, budget)
    made, change = [], None
    for path in named:
        analysis = analyse_file(path, request, output)
        made.append(parts(analysis, budget))
        if earlier is not None:
            change = since(earlier, analysis)
    found = within(made, budget, change)
    if chosen is Format.JSON:
        output.write(dumped(found) + b"\n")
    else:
        output.write(diagnosis_text(found).encode("utf-8", "replace"))


def _earlier(path: Path, named: Sequence[Path | Place], budget: int) -> Earlier:
    """Return the earlier diagnosis that one capture is held against.

    Raises:
        UsageError: there are several captures, no such diagnosis, or no room for a comparison.
    """
    from ncutool.diagnose.against import LEAST_BYTES, load

    if len(named) != 1:
        raise UsageError(f"--against goes with one capture, and {len(named)} were given")
    if budget < LEAST_BYTES:
        raise UsageError(f"--budget {budget}: with --against it is {LEAST_BYTES} bytes at least")
    return load(path)


def _form(output: Output) -> Format:
    """Return the form asked for; without one JSON, but on a terminal a text."""
    if output.form is None and output.path is None and not sys.stdout.isatty():
        return Format.JSON
    return output.choose(Format.TABLE, Format.JSON)
