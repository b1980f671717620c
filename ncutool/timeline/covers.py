"""Recorded spans of time, to ask when any of them ran and which one covers a moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Bools, Ints, Union, union
from ncutool.timeline.evidence import KINDS


class Cover(Struct, frozen=True):
    """Spans of one or more tables of a capture."""

    union: Union
    """When any of them ran."""
    starts: Ints
    """Start of each (ns), in order."""
    reach: Ints
    """The latest end (ns) of those that have started by then."""
    kind: npt.NDArray[np.int8]
    """What the span that reaches furthest by then is in evidence: a place in ``KINDS``."""
    row: Ints
    """Its row in that table."""

    def contains(self, moments: Ints) -> Bools:
        """Return whether any of the spans covers each moment (ns)."""
        return self.union.contains(moments)

    def evidence(self, moments: Ints) -> tuple[npt.NDArray[np.int8], Ints]:
        """Return which span covers each moment: its kind (a place in ``KINDS``) and row; 0 and -1
        where none does."""
        if not self.starts.size:
            return np.zeros(moments.shape, np.int8), np.full(moments.shape, -1, np.int64)
        place = np.searchsorted(self.starts, moments, side="right") - 1
        at = np.maximum(place, 0)
        found = (place >= 0) & (self.reach[at] > moments)
        return np.where(found, self.kind[at], np.int8(0)), np.where(found, self.row[at], -1)


def cover(spans: Sequence[tuple[str, pl.DataFrame]]) -> Cover:
    """Return the spans of several tables as one cover.

    Args:
        spans: name in evidence, and a frame of ``row``, ``start_ns`` and ``end_ns``.
    """
    starts, ends, row = (
        np.concatenate([frame[name].to_numpy() for _, frame in spans])
        for name in ("start_ns", "end_ns", "row")
    )
    numbers = np.array([KINDS.index(name) for name, _ in spans], np.int8)
    kind = np.repeat(numbers, [frame.height for _, frame in spans])
    order = _order(starts, ends, kind, row)
    starts, ends = starts[order], ends[order]
    reach = np.maximum.accumulate(ends) if ends.size else ends
    # The span that reaches furthest is the last one that has raised the reach.
    raises = np.diff(reach, prepend=reach[:1] - 1) > 0
    furthest = np.maximum.accumulate(np.where(raises, np.arange(reach.size), 0))
    return Cover(
        union=union(starts, ends),
        starts=starts,
        reach=reach,
        kind=kind[order][furthest],
        row=row[order][furthest],
    )


def _order(starts: Ints, ends: Ints, kind: npt.NDArray[np.int8], row: Ints) -> Ints:
    """Return spans by start; those that start as one by end, kind and row."""
    # Each table is in order of time or nearly so, which this sort makes use of.
    order = np.argsort(starts, kind="stable")
    equal = np.diff(starts[order]) == 0
    tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    several = order[tied]
    keys = (row[several], kind[several], ends[several], starts[several])
    order[tied] = several[np.lexsort(keys)]
    return order
