"""``ncutool report``: the main job, a page and a summary."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ncutool.commands.options import (
    CaptureTraceOption,
    CeilingsOption,
    DebugOption,
    DeviceFileOption,
    DeviceOption,
    ForceOption,
    MaxBytesOption,
    NcuOption,
    NoColorOption,
    OutputOption,
    RankTracesOption,
    ShowPrivateOption,
    TraceOption,
    WholeStepsOption,
)
from ncutool_parsers.errors import UsageError
from ncutool_parsers.interface import DEFAULT_MAX_BYTES

Captures = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="CAPTURE...",
        help=".ncu-rep reports and torch.profiler traces; several make one page with a view each.",
        show_default=False,
    ),
]


def run(
    captures: Captures = None,
    trace: TraceOption = None,
    ncu: NcuOption = None,
    capture_trace: CaptureTraceOption = None,
    rank_trace: RankTracesOption = None,
    whole_steps: WholeStepsOption = False,
    output: OutputOption = None,
    force: ForceOption = False,
    device: DeviceOption = None,
    device_file: DeviceFileOption = None,
    ceilings: CeilingsOption = None,
    max_bytes: MaxBytesOption = DEFAULT_MAX_BYTES,
    show_private: ShowPrivateOption = False,
    no_color: NoColorOption = False,
    debug: DebugOption = False,
) -> None:
    """Write one offline HTML page and print a summary.

    Without -o the page is named after the first capture, in the current folder. --ncu puts the
    counters of a report on the launches of one trace, --capture-trace gives its graph replays
    their operators and shapes.
    """
    from ncutool import page, text
    from ncutool.commands.companions import sort_out
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.commands.writing import check_writable, write_bytes

    files = sort_out(captures, trace, ncu, capture_trace)
    target = output or Path(f"{stem(files.captures[0])}.html")
    if target.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{target}: a page is HTML; end its name in .html")
    check_writable(target, force=force)
    analyses = [
        analyse_file(
            path,
            device,
            max_bytes,
            device_file=device_file,
            ceilings=ceilings,
            report=files.report,
            capture_run=files.capture_run,
            ranks=rank_trace or (),
            whole_steps=whole_steps,
        )
        for path in files.captures
    ]
    content = page.render(analyses, show_private=show_private).encode()
    write_bytes(content, target)
    for analysis in analyses:
        say_notices(analysis, only_errors=True)
        typer.echo(text.summary_text(analysis, color=not no_color))
    typer.echo(f"page: {target}")


def stem(path: Path) -> str:
    """The capture's name without its endings: ``trace.json.gz`` gives ``trace``."""
    name = path.name
    for ending in (".gz", ".json", ".ncu-repz", ".ncu-rep", ".nsight-cuprof-report"):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name or "page"
