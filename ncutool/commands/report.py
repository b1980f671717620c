"""``ncutool report``: the main job, a page and a summary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ncutool.analysis.request import Request
from ncutool.commands.options import (
    DebugOption,
    ForceOption,
    NoColorOption,
    ShowPrivateOption,
    TraceOption,
    option,
    unfold,
)
from ncutool.commands.placing import refuse_inputs, stream_of
from ncutool.commands.writing import Output
from ncutool_parsers import Place

Captures = Annotated[
    list[Path | Place] | None,
    typer.Argument(
        metavar="CAPTURE...",
        help=".ncu-rep reports and torch.profiler traces; several make one page with a view each.",
        show_default=False,
    ),
]


@unfold
def run(
    captures: Captures = None,
    output: Annotated[
        Path | None,
        option(
            "--output",
            "-o",
            words="The file to write, in place of CAPTURE.html: a page (.html), a comment for a "
            "pull request (.md), a picture to paste (.svg for light and dark, .png) or JSON "
            "(.json), by its ending.",
            metavar="FILE",
        ),
    ] = None,
    force: ForceOption = False,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser afterwards.")
    ] = False,
    show_private: ShowPrivateOption = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Print notices, peaks and sources in full above the summary."
        ),
    ] = False,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
    trace: TraceOption = None,
    *,
    request: Request,
) -> None:
    """Write one offline HTML page and print a summary.

    Without -o the page is named after the first capture, in the current folder. A page that
    ncutool wrote before is written anew; any other file only with --force. --ncu puts the counters
    of a report on the launches of one trace, --capture-trace gives its graph replays their
    operators and shapes.
    """
    from ncutool.analysis.capture_sentences import stem
    from ncutool.analysis.redact import redacted_path
    from ncutool.commands.companions import sort_out
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.commands.report_forms import form_of
    from ncutool.text.terminal import summary_text
    from ncutool_parsers.visible_text import without_host

    paths, request = sort_out(captures or [], trace, request)
    named = paths[0] if request.redact is None else redacted_path(paths[0])
    target = output or Path(f"{stem(without_host(named.name))}.html")
    form = form_of(target, len(paths))
    refuse_inputs([target], [path for path in paths if isinstance(path, Path)])
    written = Output(path=target, force=force)
    analyses = [analyse_file(path, request, written) for path in paths]
    written.write(form.content(analyses, show_private))
    for analysis in analyses:
        say_notices(analysis, only_errors=True)
        wrote = target if request.redact is None else target.name
        last = f"{form.noun}: {wrote}" if analysis is analyses[-1] else ""
        shown = summary_text(analysis, color=not no_color, wrote=last, verbose=verbose)
        # An empty line between two. Where the page goes to stdout, all else goes to stderr.
        typer.echo(shown, nl=analysis is not analyses[-1], err=stream_of(target) == 1)
    if open_page:
        _show(target)


def _show(page: Path) -> None:
    """Open a page in the user's browser, or say that it could not be opened."""
    import webbrowser

    if not webbrowser.open(page.absolute().as_uri()):
        typer.echo(f"ncutool: no browser could be started; open {page} by hand", err=True)
