"""From a path to an Analysis, with a progress bar on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ncutool.analysis.analyse import Analysis
    from ncutool_parsers.interface import Progress as ProgressHook

_PATIENCE_S = 1.0
"""A bar for anything that takes longer than this."""


def analyse_file(
    path: Path,
    device: str | None,
    max_bytes: int,
    *,
    device_file: Path | None = None,
    ceilings: Path | None = None,
    report: Path | None = None,
    capture_run: Path | None = None,
    ranks: Sequence[Path] = (),
    whole_steps: bool = False,
) -> Analysis:
    """Read and analyse one capture.

    Args:
        device_file: devices of the user's own.
        ceilings: measured rates that replace the device's peaks.
        report: an ncu report whose counters go on a trace's launches.
        capture_run: a trace of the run that captured the graphs that a trace replays.
        ranks: traces of other ranks of the same job.
        whole_steps: cut the window to whole steps.

    Raises:
        CaptureError: it cannot be read, or holds nothing.
        UsageError: ``device`` is unknown, or one of the files is not in its format.
    """
    from ncutool.analysis.analyse import read_and_analyse

    with _progress(path) as hook:
        return read_and_analyse(
            path,
            device=device,
            device_file=device_file,
            measured_file=ceilings,
            report_file=report,
            capture_file=capture_run,
            rank_files=ranks,
            whole_steps=whole_steps,
            max_bytes=max_bytes,
            progress=hook,
        )


def say_notices(analysis: Analysis, *, only_errors: bool = False) -> None:
    """Print the notices of an analysis on stderr, the gravest first."""
    from ncutool.base.untrusted import printable

    for notice in analysis.notices:
        if only_errors and notice.severity != "error":
            continue
        print(f"ncutool: {printable(notice.text)}", file=sys.stderr)


@contextmanager
def _progress(path: Path) -> Iterator[ProgressHook | None]:
    if not sys.stderr.isatty():
        yield None
        return
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
