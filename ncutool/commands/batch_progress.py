"""How far a batch is, on stderr: a bar on a terminal, lines in a log, or events for a program."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ncutool.base import units
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from ncutool.archive.batch import Looked
    from ncutool.archive.tally import Tally
    from ncutool_parsers import Place

_LINE_S = 10.0
"""A line of progress in a log at most so often."""
_EVENT_S = 1.0


class Teller(Protocol):
    """Tells how far a batch is."""

    def report(self, tally: Tally, line: Looked | None) -> None:
        """Tell that a file is done, or only where the batch is."""

    def end(self, tally: Tally) -> None:
        """Tell how it went in the end."""


@contextmanager
def teller(form: str, dataset: Path | Place) -> Iterator[Teller]:
    """Give what tells of progress in one form: `auto`, `plain`, `json` or `none`."""
    if form == "json":
        yield _Events(dataset)
    elif form == "auto" and sys.stderr.isatty():
        with _bar(dataset) as bar:
            yield bar
    else:
        yield _Lines(dataset, quiet=form == "none")


def summary(tally: Tally, dataset: Path | Place) -> str:
    """Return how a batch went, in one sentence or two."""
    parts = [
        f"{units.counted(tally.files, 'file')}: {tally.new:,} analysed",
        *([f"{tally.known:,} known before"] if tally.known else []),
    ]
    if tally.alike:
        parts[0] += f" ({tally.alike:,} of the same content as another)"
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in sorted(tally.kinds.items()))
    failed = f"{tally.failed:,} failed ({kinds})" if tally.failed else "none failed"
    said = f"{', '.join(parts)}, {failed}; in {dataset}"
    if tally.stopped:
        said += f"; stopped by --max-failures with {tally.files - tally.done:,} to go"
    return said


def _say_summary(tally: Tally, dataset: Path | Place) -> None:
    """Say how a batch went, and where it is told why files failed."""
    _say(summary(tally, dataset))
    if tally.failed:
        _say(f"why they failed: ncutool query {shlex.quote(str(dataset))} --table errors")


def rates(tally: Tally) -> dict[str, float | None]:
    """Return the rates of this run and the seconds that are left; None where not known."""
    known = tally.worked > 0 and tally.seconds > 0
    return {
        "files_per_s": tally.worked / tally.seconds if known else None,
        "bytes_per_s": tally.worked_bytes / tally.seconds if known else None,
        "left_s": tally.left_s,
    }


class _Lines:
    """Lines in a log: how far it is now and then, and each file that failed."""

    def __init__(self, dataset: Path | Place, *, quiet: bool) -> None:
        self._dataset, self._quiet = dataset, quiet
        self._said = time.monotonic()

    def report(self, tally: Tally, line: Looked | None) -> None:
        if self._quiet:
            return
        if line is not None and line.kind is not None:
            _say(failure(line))
        if time.monotonic() - self._said >= _LINE_S:
            self._said = time.monotonic()
            _say(progress_line(tally))

    def end(self, tally: Tally) -> None:
        _say_summary(tally, self._dataset)


def progress_line(tally: Tally, between: str = "; ") -> str:
    """Return how far a batch is: files, bytes, failures; then rate and time left.

    Args:
        tally: how far it is.
        between: what stands between the two.
    """
    said = (
        f"{tally.done:,} of {tally.files:,} files, {units.data(tally.done_bytes)} of "
        f"{units.data(tally.bytes)}, {tally.failed:,} failed"
    )
    if tally.publishing:
        return f"{said}{between}writing the tables"
    rate = rates(tally)
    if rate["files_per_s"] is None:
        return said
    parts = [_files_rate(rate["files_per_s"]), units.data_rate(rate["bytes_per_s"])]
    if rate["left_s"] is not None:
        parts.append(f"{clock(rate['left_s'])} left")
    return f"{said}{between}{', '.join(parts)}"


def _files_rate(per_s: float) -> str:
    """Return a rate of files that is no row of zeros, however slow they are."""
    return f"{per_s:.1f} files/s" if per_s >= 1 else f"{per_s * 60:.1f} files/min"


def failure(line: Looked) -> str:
    """Return which file failed, and why."""
    from ncutool.archive.inputs import named

    return f"{named(line.location)}: {line.message}"


def clock(seconds: float) -> str:
    """Return a time as hours, minutes and seconds: `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _say(text: str) -> None:
    print(f"ncutool: {printable(text)}", file=sys.stderr, flush=True)


class _Events:
    """One JSON object a line: `progress`, `failed` and at last `done`."""

    def __init__(self, dataset: Path | Place) -> None:
        self._dataset = dataset
        self._said = 0.0

    def report(self, tally: Tally, line: Looked | None) -> None:
        if line is not None and line.kind is not None:
            from ncutool.archive.inputs import named

            self._tell("failed", path=named(line.location), kind=line.kind, message=line.message)
        if time.monotonic() - self._said >= _EVENT_S:
            self._said = time.monotonic()
            self._tell("progress", **_counts(tally), **rates(tally))

    def end(self, tally: Tally) -> None:
        self._tell("done", **_counts(tally), **rates(tally), dataset=str(self._dataset))

    def _tell(self, event: str, **facts: Any) -> None:
        text = json.dumps({"event": event, **facts}, allow_nan=False)
        print(text, file=sys.stderr, flush=True)


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "files": tally.files,
        "bytes": tally.bytes,
        "done_files": tally.done,
        "done_bytes": tally.done_bytes,
        "new": tally.new,
        "known": tally.known,
        "alike": tally.alike,
        "failed": tally.failed,
        "failed_by_kind": dict(sorted(tally.kinds.items())),
        "stopped": tally.stopped,
        "publishing": tally.publishing,
        "seconds": round(tally.seconds, 3),
    }


@contextmanager
def _bar(dataset: Path | Place) -> Iterator[Teller]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    progress = Progress(
        BarColumn(bar_width=20), TextColumn("{task.description}"), console=console, transient=True
    )
    with progress:
        yield _Bar(dataset, progress)


class _Bar:
    """A bar that moves by bytes, with failures above it."""

    def __init__(self, dataset: Path | Place, progress: Any) -> None:
        self._dataset, self._progress = dataset, progress
        self._task = progress.add_task("starting", total=None)

    def report(self, tally: Tally, line: Looked | None) -> None:
        if line is not None and line.kind is not None:
            self._progress.console.print(
                printable(failure(line)), style="yellow", markup=False, highlight=False
            )
        self._progress.update(
            self._task,
            total=max(tally.bytes, 1),
            completed=tally.done_bytes,
            description=progress_line(tally, "\n"),
        )

    def end(self, tally: Tally) -> None:
        self._progress.stop()
        _say_summary(tally, self._dataset)
