"""Which of the traces given as other ranks are other ranks: none counts twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool_parsers.capture import Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool_parsers.capture import Capture

_TOLD_BY = ("kernel_full", "stream", "device", "start_ns", "duration_ns")


def distinct(
    capture: Capture, others: Sequence[Capture]
) -> tuple[tuple[Capture, ...], tuple[Notice, ...]]:
    """Return the traces of other ranks, each once, and what to tell of those left out.

    Two traces are of one rank where they say so, or, if one does not say, where they hold the same
    launches.
    """
    kept: list[Capture] = []
    notices = []
    for other in others:
        twin = next((known for known in (capture, *kept) if _same_rank(known, other)), None)
        if twin is None:
            kept.append(other)
            continue
        what = "holds the same launches as" if _same_launches(twin, other) else "is of the rank of"
        rank = "" if other.rank is None else f" (rank {other.rank})"
        notices.append(
            Notice(
                "rank_given_twice",
                f"{other.name} {what} {twin.name}{rank}: it is not compared, so that no rank "
                "counts twice.",
            )
        )
    return tuple(kept), tuple(notices)


def _same_rank(first: Capture, second: Capture) -> bool:
    if first.rank is not None and second.rank is not None:
        return first.rank == second.rank
    return _same_launches(first, second)


def _same_launches(first: Capture, second: Capture) -> bool:
    """Return whether two traces hold the same launches at the same times."""
    ours, theirs = (capture.launches.select(_TOLD_BY) for capture in (first, second))
    return first.origin_ns == second.origin_ns and ours.equals(theirs)
