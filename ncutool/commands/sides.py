"""Sides of a comparison on the command line: captures, or baselines that were saved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ncutool.analysis.request import Request
from ncutool.base.records import replace
from ncutool.commands.options import (
    AssumeDeviceOption,
    CeilingsOption,
    DeviceFileOption,
    Limits,
    RedactOption,
    WholeStepsOption,
    option,
)
from ncutool_parsers import Place
from ncutool_parsers.errors import MissingError, UsageError

if TYPE_CHECKING:
    from ncutool.commands.writing import Output
    from ncutool.diff import Run, Side

DirOption = Annotated[
    Path | None,
    option("--dir", words="Folder of the baselines (default .ncutool/baselines).", metavar="DIR"),
]


class Reading(Limits, frozen=True):
    """How the captures of both sides are read, as it stands on the command line."""

    whole_steps: WholeStepsOption = False
    assume_device: AssumeDeviceOption = None
    device_file: DeviceFileOption = None
    ceilings: CeilingsOption = None
    redact: RedactOption = None

    def request(self) -> Request:
        """Return the same as an analysis takes it."""
        return Request(
            whole_steps=self.whole_steps,
            assume_device=self.assume_device,
            device_file=self.device_file,
            ceilings=self.ceilings,
            redact=self.redact,
            **self.limits(),
        )


def read_side(
    captures: Sequence[Path | Place],
    reading: Reading,
    folder: Path | None = None,
    output: Output | None = None,
    ncu: Path | Place | None = None,
) -> Side:
    """Read the captures of one side; a baseline is named by its name or its file.

    Args:
        ncu: a report whose counters go on the launches of each capture of the side.

    Raises:
        CaptureError: a capture or a baseline cannot be read.
        UsageError: the request makes no sense.
    """
    request = replace(reading.request(), ncu=ncu)
    from ncutool.commands.reading import analyse_file, say_notices
    from ncutool.diff import Side, baseline, run_of
    from ncutool.diff.redact import redacted_run

    runs: list[Run] = []
    for given in captures:
        path = _found(given, folder or baseline.FOLDER)
        if isinstance(path, Path) and baseline.is_baseline(path):
            runs += [redacted_run(run, reading.redact) for run in baseline.load(path).runs]
            continue
        analysis = analyse_file(path, request, output)
        say_notices(analysis, only_errors=True)
        runs.append(run_of(analysis))
    return Side(tuple(runs))


def _found(given: Path | Place, folder: Path) -> Path | Place:
    """Return the file that is meant: as it stands, else a baseline of that name.

    Raises:
        MissingError: it is no file, and could have been the name of a baseline.
    """
    from ncutool.diff import baseline

    if isinstance(given, Place) or given.exists() or given.name != str(given):
        return given
    try:
        kept = baseline.path_of(str(given), folder)
    except UsageError:
        return given
    if not kept.exists():
        raise MissingError(
            given,
            f"is neither a file of this folder nor a baseline in {folder}",
            "check the name; `ncutool baseline list` tells those that are kept, and `ncutool "
            "baseline save NAME CAPTURE` keeps one",
        )
    return kept
