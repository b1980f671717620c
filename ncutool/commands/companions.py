"""Which of the files on the command line is the capture, and which only say more about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ncutool_parsers import sniff
from ncutool_parsers.errors import UsageError


@dataclass(frozen=True)
class Files:
    """The files of one run of a command."""

    captures: tuple[Path, ...]
    report: Path | None = None
    """Its counters go on the launches of the one capture."""
    capture_run: Path | None = None
    """The run that captured the graphs that the one capture replays."""

    @property
    def only(self) -> Path:
        """The capture of a command that takes one.

        Raises:
            UsageError: two were given, one with ``--trace``.
        """
        if len(self.captures) > 1:
            raise UsageError("two captures given: leave out --trace, or name the report with --ncu")
        return self.captures[0]


def sort_out(
    captures: list[Path] | None, trace: Path | None, ncu: Path | None, capture_run: Path | None
) -> Files:
    """The capture and its companions, whichever way they were given.

    Args:
        captures: files without an option.
        trace: ``--trace``.
        ncu: ``--ncu``.
        capture_run: ``--capture-trace``.

    Raises:
        UsageError: no capture was given, or a companion has not exactly one trace to go with.
        UnreadableError: ``captures`` holds a file of no known format.
    """
    named = list(captures or [])
    if trace is not None:
        if ncu is None and len(named) == 1 and _counts(named[0]):
            ncu = named.pop()
        named.append(trace)
    if not named:
        if ncu is not None or capture_run is not None:
            option = "--ncu" if ncu is not None else "--capture-trace"
            raise UsageError(f"{option} says more about a trace: give the trace too")
        raise UsageError("no capture given: name an .ncu-rep report or a torch.profiler trace")
    if (ncu is not None or capture_run is not None) and len(named) > 1:
        option = "--ncu" if ncu is not None else "--capture-trace"
        raise UsageError(f"{option} goes with one trace, and {len(named)} captures were given")
    return Files(tuple(named), ncu, capture_run)


def _counts(path: Path) -> bool:
    """Whether a capture holds counters, as what goes onto a trace's launches does."""
    return sniff(path).format.traits.figures_counted
