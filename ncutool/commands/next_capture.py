"""``ncutool next-capture``: the command of Nsight Compute that tells most of what is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ncutool.analysis.request import Request
from ncutool.commands.options import Format, ShowPrivateOption, option, unfold
from ncutool.commands.writing import Output
from ncutool_parsers import Place


@unfold
def run(
    trace: Annotated[
        Path | Place,
        typer.Argument(
            metavar="TRACE",
            help="A torch.profiler trace: a file, a URL (s3://, https:// …) or ARCHIVE::MEMBER.",
            show_default=False,
        ),
    ],
    replays: Annotated[
        int,
        option(
            "--replays",
            words="How often launches may be replayed, all together: each is replayed once for "
            "each pass of counters.",
            min=1,
            show_default=True,
            metavar="N",
        ),
    ] = 100,
    show_private: ShowPrivateOption = False,
    *,
    output: Output,
    request: Request,
) -> None:
    """Print the ncu command that tells most of what a trace leaves unknown or unexplained.

    It chooses launches by ncu's own filters (name, skip, count), so that they stand for as much
    launch time as possible, and what to collect of them, in at most --replays replays. All other
    lines are comments of a shell: what it settles, what stays unknown, what to mind. With --ncu
    REPORT what that report tells is known already.
    """
    import json

    from ncutool.analysis.next_capture import next_capture
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.text import json_output
    from ncutool.text.next_capture import (
        SCHEMA,
        next_capture_markdown,
        next_capture_text,
        record,
    )

    chosen = output.choose(Format.TABLE, Format.JSON, Format.MD)
    analysis = analyse_file(trace, request, output)
    found = next_capture(analysis, replays)
    if chosen is Format.JSON:
        about = json_output.facts(analysis, show_private=show_private)
        whole = {"schema": SCHEMA, **about, "next_capture": record(found)}
        text = json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n"
    else:
        text = (next_capture_markdown if chosen is Format.MD else next_capture_text)(found)
    say_notices(analysis)
    output.write(text.encode())
