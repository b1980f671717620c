"""Nested intervals on threads, and ids matched to rows, without a Python loop.

Every function takes and gives numpy arrays; -1 stands for "none".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
"""Small numbers: of threads, of keys."""
Bools = npt.NDArray[np.bool_]

NONE = -1


class Intervals:
    """Intervals of several threads, sorted by thread, start and length (longest first).

    Equal intervals keep the order of ``tie``: whoever began first encloses the other.
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
        """The innermost interval around each moment of a thread (sorted index, or -1).

        Its start belongs to an interval, and with ``at_end`` its end too: with 1-µs clocks a
        launch may fall on its operator's end. Finer clocks tell what begins when another ends.
        """
        if not len(self.order) or not len(moment):
            return np.full(len(moment), NONE, np.int64)
        latest = moment if at_end else moment + 1
        found = self._last_started(thread, moment)
        climbing = np.flatnonzero(found >= 0)
        climbing = climbing[self.end[found[climbing]] < latest[climbing]]
        while climbing.size:
            found[climbing] = self.parent[found[climbing]]
            climbing = climbing[found[climbing] >= 0]
            climbing = climbing[self.end[found[climbing]] < latest[climbing]]
        return found

    def _last_started(self, thread: Ints | Codes, moment: Ints) -> Ints:
        """The last interval of the same thread that starts at or before each moment."""
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
        found = np.searchsorted(keys, wanted, side="right").astype(np.int64) - 1
        found[(found >= 0) & (self.thread[found] != thread)] = NONE
        return found


def _order(thread: Ints | Codes, keys: tuple[Ints, ...]) -> Ints:
    """The order by thread, then by the keys, the last one first.

    Profilers write events in order within a thread, which is checked faster than they are sorted.
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
    """For sorted intervals, the last earlier one of the thread that ends no earlier.

    Each guess points at an interval such that all between end sooner; a wrong guess takes over
    the guess of the interval it points at, so runs of siblings are skipped by doubling steps.
    """
    guess = np.arange(-1, len(end) - 1, dtype=np.int64)
    guess[:1] = NONE
    guess[1:][thread[1:] != thread[:-1]] = NONE
    open_ = 1 + np.flatnonzero((guess[1:] >= 0) & (end[:-1] < end[1:]))
    while open_.size:
        wider = guess.take(guess.take(open_))
        guess[open_] = wider
        unsettled = (wider >= 0) & (end.take(wider) < end.take(open_))
        open_ = open_.compress(unsettled)
    return guess


def match_ids(wanted: Ints, ids: Ints, preferred: Bools | None = None) -> Ints:
    """For each wanted id the row of ``ids`` that carries it, preferred rows first, else -1.

    Ids up to 0 stand for "none" on either side.
    """
    rows = np.flatnonzero(ids > 0)
    keys: tuple[npt.NDArray[np.generic], ...] = (rows, ids[rows])
    if preferred is not None:
        keys = (rows, ~preferred[rows], ids[rows])
    rows = rows[np.lexsort(keys)]
    if not len(rows):
        return np.full(len(wanted), NONE, np.int64)
    at = np.searchsorted(ids[rows], wanted, side="left")
    at[at == len(rows)] = 0
    found: Ints = rows[at].astype(np.int64)
    found[(ids[found] != wanted) | (wanted <= 0)] = NONE
    return found
