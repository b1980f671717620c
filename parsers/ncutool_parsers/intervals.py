"""Nested intervals on threads, and ids matched to rows, without a Python loop.

Every function takes and returns numpy arrays; -1 stands for "none". Times are
integer nanoseconds.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
"""Small numbers: of threads, of keys."""
Bools = npt.NDArray[np.bool_]

NONE = -1


class Intervals:
    """Intervals of several threads, sorted by thread, start and length (longest first).

    Equal intervals are sorted by ``tie``, the smaller first, and the earlier encloses the later.
    """

    def __init__(
        self, thread: Ints | Codes, start: Ints, end: Ints, tie: Ints | None = None
    ) -> None:
        keys = (-end, start) if tie is None else (tie, -end, start)
        self.order: Ints = _order(thread, keys)
        """Row of the input for each sorted interval."""
        self.thread = thread[self.order]
        self.start = start[self.order]
        self.end = end[self.order]
        self.parent = _enclosing(self.thread, self.end)
        """Innermost interval that holds this one whole, as an index into the sorted ones."""

    def innermost(self, thread: Ints | Codes, moment: Ints, *, at_end: bool = True) -> Ints:
        """Return the innermost interval around each moment (ns) of a thread: sorted index, or -1.

        An interval holds its start, and with ``at_end`` its end too: on a 1-µs clock a launch may
        fall on its operator's end. On finer clocks what begins there belongs to the next one.
        """
        if not len(self.order) or not len(moment):
            return np.full(len(moment), NONE, np.int64)
        latest = moment if at_end else moment + 1
        inner = self._last_started(thread, moment)
        climbing = np.flatnonzero(inner >= 0)
        climbing = climbing[self.end[inner[climbing]] < latest[climbing]]
        while climbing.size:
            inner[climbing] = self.parent[inner[climbing]]
            climbing = climbing[inner[climbing] >= 0]
            climbing = climbing[self.end[inner[climbing]] < latest[climbing]]
        return inner

    def _last_started(self, thread: Ints | Codes, moment: Ints) -> Ints:
        """Return the last interval of the thread that starts at or before each moment, or -1."""
        low = int(min(self.start.min(), moment.min()))
        span = int(max(self.start.max(), moment.max())) - low + 1
        if span * (int(self.thread.max()) + 2) < 1 << 62:
            keys = self.thread.astype(np.int64) * span + (self.start - low)
            wanted = thread.astype(np.int64) * span + (moment - low)
        else:  # clocks too far apart for one 64-bit key: ranks order just as well
            moments = np.unique(np.concatenate([self.start, moment]))
            span = len(moments)
            keys = self.thread.astype(np.int64) * span + np.searchsorted(moments, self.start)
            wanted = thread.astype(np.int64) * span + np.searchsorted(moments, moment)
        last = np.searchsorted(keys, wanted, side="right").astype(np.int64) - 1
        last[(last >= 0) & (self.thread[last] != thread)] = NONE
        return last


def _order(thread: Ints | Codes, keys: tuple[Ints, ...]) -> Ints:
    """Return the rows sorted by thread, then by ``keys``, of which the last counts most.

    Profilers write events in order within a thread, and checking that is faster than sorting.
    """
    order = np.argsort(thread, kind="stable")
    settled = np.diff(thread[order]) > 0
    for key in reversed(keys):
        step = np.diff(key[order])
        if (step[~settled] < 0).any():
            return np.lexsort((*keys, thread)).astype(np.int64)
        settled |= step > 0
    return order.astype(np.int64)


def _enclosing(thread: Ints | Codes, end: Ints) -> Ints:
    """Return for each sorted interval the last one before it on its thread that ends no earlier.

    A guess points at an interval such that all between the two end sooner. Where it is wrong, it
    is replaced by the guess of the interval it points at: siblings are skipped in doubling steps.
    Those that end after all before them are in none, which is seen at once: they are the longest
    row of siblings.
    """
    guess = np.arange(-1, len(end) - 1, dtype=np.int64)
    guess[:1] = NONE
    firsts = np.flatnonzero(thread[1:] != thread[:-1]) + 1
    for low, high in pairwise((0, *firsts.tolist(), len(end))):
        latest = np.maximum.accumulate(end[low:high])
        guess[low + 1 : high][latest[1:] > latest[:-1]] = NONE
    guess[firsts] = NONE
    open_ = 1 + np.flatnonzero((guess[1:] >= 0) & (end[:-1] < end[1:]))
    while open_.size:
        wider = guess.take(guess.take(open_))
        guess[open_] = wider
        unsettled = (wider >= 0) & (end.take(wider) < end.take(open_))
        open_ = open_.compress(unsettled)
    return guess


def match_ids(wanted: Ints, ids: Ints, preferred: Bools | None = None) -> Ints:
    """Return for each wanted id the row of ``ids`` that carries it, or -1.

    Of several rows the first ``preferred`` one counts, else the first. Ids up to 0 mean "none" on
    either side.
    """
    rows = np.flatnonzero(ids > 0)
    if not len(rows):
        return np.full(len(wanted), NONE, np.int64)
    if preferred is not None:
        first = preferred[rows]
        rows = np.concatenate([rows[first], rows[~first]])
    rows = rows[np.argsort(ids[rows], kind="stable")]
    at = np.searchsorted(ids[rows], wanted, side="left")
    at[at == len(rows)] = 0
    row_of: Ints = rows[at].astype(np.int64)
    row_of[(ids[row_of] != wanted) | (wanted <= 0)] = NONE
    return row_of
