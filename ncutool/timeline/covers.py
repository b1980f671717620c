"""Recorded spans of time, to ask when any of them ran and which one covers a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ncutool.base.intervals import Bools, Ints, Union, union
from ncutool.timeline.evidence import KINDS

Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Cover:
    """Spans of one or more tables of a capture."""

    union: Union
    """When any of them ran."""
    starts: Ints
    """Start of each (ns), in order."""
    reach: Ints
    """The latest end (ns) of those that have started by then."""
    kind: Ints
    """What the span that reaches furthest by then is in evidence: a place in ``KINDS``."""
    row: Ints
    """Its row in that table."""

    def contains(self, moments: Ints) -> Bools:
        """Return whether any of the spans covers each moment (ns)."""
        return self.union.contains(moments)

    def evidence(self, moments: Ints) -> tuple[Ints, Ints]:
        """Return which span covers each moment: its kind (a place in ``KINDS``) and row; 0 and -1
        where none does."""
        if not self.starts.size:
            return np.zeros(moments.shape, np.int64), np.full(moments.shape, -1, np.int64)
        place = np.searchsorted(self.starts, moments, side="right") - 1
        at = np.maximum(place, 0)
        found = (place >= 0) & (self.reach[at] > moments)
        return np.where(found, self.kind[at], 0), np.where(found, self.row[at], -1)


def cover(spans: Sequence[tuple[str, pl.DataFrame]]) -> Cover:
    """Return the spans of several tables as one cover.

    Args:
        spans: name in evidence, and a frame of ``row``, ``start_ns`` and ``end_ns``.
    """
    frames = [
        frame.select("row", "start_ns", "end_ns", kind=pl.lit(KINDS.index(name), dtype=pl.Int64))
        for name, frame in spans
    ]
    rows = pl.concat(frames).sort("start_ns", "end_ns", "kind", "row")
    starts, ends = rows["start_ns"].to_numpy(), rows["end_ns"].to_numpy()
    reach = np.maximum.accumulate(ends) if ends.size else ends
    # The span that reaches furthest is the last one that has raised the reach.
    raises = np.diff(reach, prepend=reach[:1] - 1) > 0
    furthest = np.maximum.accumulate(np.where(raises, np.arange(reach.size), 0))
    return Cover(
        union=union(starts, ends),
        starts=starts,
        reach=reach,
        kind=rows["kind"].to_numpy()[furthest],
        row=rows["row"].to_numpy()[furthest],
    )
