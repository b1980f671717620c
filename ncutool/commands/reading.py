"""From a path to an Analysis, with a progress bar on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ncutool.commands import bounded
from ncutool_parsers import sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.request import Request
    from ncutool.commands.writing import Output
    from ncutool_parsers import Place
    from ncutool_parsers.capture import Notice
    from ncutool_parsers.interface import Progress as ProgressHook

WATCHERS: list[Callable[[Analysis], None]] = []
"""Told of each analysis that a command makes: a server learns the names of its captures so."""
_PATIENCE_S = 1.0
"""A bar for anything that takes longer than this."""


def analyse_file(path: Path | Place, request: Request, output: Output | None = None) -> Analysis:
    """Read and analyse one capture, once everything that can be told before is right.

    Args:
        path: the capture.
        request: how to analyse it, and its companions.
        output: where the result will go; refused before the read where it cannot.

    Raises:
        CaptureError: the capture cannot be read, or holds nothing.
        UsageError: the request makes no sense.
        OutputError: the result could not be written.
    """
    from ncutool.analysis.analyse import check, read_and_analyse

    check(request)
    if isinstance(path, Path):  # another place would be asked twice
        sniff(path)
    if output is not None:
        output.check_writable()
    bounded.hold(str(path), request.max_memory)
    with _progress(path) as hook:
        analysis = read_and_analyse(path, request, progress=hook)
    for watcher in WATCHERS:
        watcher(analysis)
    return analysis


def say_notices(analysis: Analysis, *, only_errors: bool = False) -> None:
    """Print the notices of an analysis on stderr, the gravest first."""
    say(notice for notice in analysis.notices if not only_errors or notice.severity == "error")


def say(notices: Iterable[Notice]) -> None:
    """Print notices on stderr, in their order."""
    from ncutool.base.untrusted import printable

    for notice in notices:
        print(f"ncutool: {printable(notice.text)}", file=sys.stderr)


@contextmanager
def _progress(path: Path | Place) -> Iterator[ProgressHook | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("reading {task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    from ncutool.base.untrusted import printable

    task = bar.add_task(printable(path.name).replace("[", "\\["), total=None)
    begin = time.monotonic()
    started = False

    def update(done: int, total: int) -> None:
        nonlocal started
        if not started and time.monotonic() - begin > _PATIENCE_S:
            bar.start()
            started = True
        if started:
            bar.update(task, completed=done, total=total)

    try:
        yield update
    finally:
        if started:
            bar.stop()
