"""Unions of half-open integer intervals, as numpy arrays of nanoseconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Union(Struct, frozen=True):
    """Disjoint intervals in order: ``starts[i] < ends[i] < starts[i + 1]``."""

    starts: Ints
    ends: Ints

    @property
    def total(self) -> int:
        """Return the summed length (ns)."""
        return int((self.ends - self.starts).sum())

    def contains(self, points: Ints) -> Bools:
        """Return whether each point lies in ``[start, end)`` of some interval."""
        if not self.starts.size:
            return np.zeros(points.shape, dtype=np.bool_)
        index = np.searchsorted(self.starts, points, side="right") - 1
        return np.asarray((index >= 0) & (points < self.ends[np.maximum(index, 0)]))

    def covered(self, starts: Ints, ends: Ints) -> Ints:
        """Return how much (ns) of each interval ``[start, end)`` lies in the union."""
        return self._before(ends) - self._before(starts)

    def _before(self, points: Ints) -> Ints:
        """Return the length (ns) of the union before each point."""
        if not self.starts.size:
            return np.zeros(points.shape, dtype=np.int64)
        summed = np.concatenate([[0], np.cumsum(self.ends - self.starts)])
        index = np.searchsorted(self.starts, points, side="right")
        beyond = np.maximum(self.ends[np.maximum(index - 1, 0)] - points, 0)
        return np.asarray(np.where(index > 0, summed[index] - beyond, 0))


def union(starts: Ints, ends: Ints) -> Union:
    """Unite intervals given in any order; empty ones vanish, touching ones join."""
    keep = ends > starts
    starts, ends = starts[keep], ends[keep]
    if not starts.size:
        empty = np.zeros(0, dtype=np.int64)
        return Union(empty, empty)
    order = np.argsort(starts, kind="stable")
    starts = starts[order]
    reach = np.maximum.accumulate(ends[order])
    first = np.concatenate([[True], starts[1:] > reach[:-1]])
    last = np.concatenate([np.flatnonzero(first)[1:] - 1, [starts.size - 1]])
    return Union(starts[first], reach[last])
