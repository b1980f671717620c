"""Which of the files on the command line is the capture, and which only say more about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ncutool.base.records import replace
from ncutool_parsers import sniff
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.request import Request
    from ncutool_parsers import Place


def sort_out(
    named: Sequence[Path | Place], trace: Path | Place | None, request: Request
) -> tuple[list[Path | Place], Request]:
    """Return the captures and the request with the report among its files, however given.

    Args:
        named: files without an option: captures, or with ``--trace`` perhaps the report.
        trace: ``--trace``.
        request: with ``ncu`` and ``capture_trace`` as given.

    Raises:
        UsageError: no capture was given, or a companion has not exactly one trace to go with.
        UnreadableError: ``named`` holds a file of no known format.
    """
    captures = list(named)
    if trace is not None:
        if request.ncu is None and len(captures) == 1 and _counts(captures[0]):
            request = replace(request, ncu=captures.pop())
        captures.append(trace)
    option = "--capture-trace" if request.ncu is None else "--ncu"
    has_companion = request.ncu is not None or request.capture_trace is not None
    if not captures:
        if has_companion:
            raise UsageError(f"{option} says more about a trace: give the trace too")
        raise UsageError("no capture given: name an .ncu-rep report or a torch.profiler trace")
    if has_companion and len(captures) > 1:
        raise UsageError(f"{option} goes with one trace, and {len(captures)} captures were given")
    return captures, request


def sort_out_one(
    named: Path | Place | None, trace: Path | Place | None, request: Request
) -> tuple[Path | Place, Request]:
    """Return the capture of a command that takes one, and its request (:func:`sort_out`).

    Raises:
        UsageError: as in :func:`sort_out`, or two captures were given, one with ``--trace``.
    """
    captures, request = sort_out([] if named is None else [named], trace, request)
    if len(captures) > 1:
        raise UsageError("two captures given: leave out --trace, or name the report with --ncu")
    return captures[0], request


def _counts(path: Path | Place) -> bool:
    """Return whether a capture holds counters, as what goes onto a trace's launches does."""
    return sniff(path).format.traits.figures_counted
