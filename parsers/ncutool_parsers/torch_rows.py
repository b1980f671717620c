"""One kind of trace event as numpy columns in integer nanoseconds."""

from __future__ import annotations

from array import array
from collections.abc import Hashable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from ncutool_parsers.intervals import Bools, Codes, Ints
from ncutool_parsers.torch_columns import CallKey, Columns

_BLOCK = 1 << 16
"""Times converted at once: the working memory stays small beside the columns."""
_LATEST_US = 4.5e15
"""Of times past it (142 years) neither they nor the distance between two fit 64 bits of
nanoseconds: none is usable."""
_LONGEST_US = 1e12
"""A longer duration (11 days) is damage. Where all durations together are past what 64 bits hold,
so are those longer than an equal share of it."""

Key = TypeVar("Key", bound=Hashable)


class Rows(Generic[Key]):
    """Events of one kind; those without a usable start are left out and counted.

    The memory of ``columns`` is taken over: they are empty afterwards, but for their keys.
    """

    def __init__(self, columns: Columns[Key]) -> None:
        self.keys = columns.keys
        starts, durations = np.frombuffer(columns.ts), np.frombuffer(columns.dur)
        self.key: Codes = np.frombuffer(columns.key, np.int32)
        self.thread: Codes = np.frombuffer(columns.thread, np.int32)
        """Number of each event's thread; empty at first where it is part of the key."""
        self.ids: dict[str, Ints] = {n: np.frombuffer(c, np.int64) for n, c in columns.ids.items()}
        columns.ts, columns.dur, columns.key = array("d"), array("d"), array("i")
        columns.thread, columns.ids = array("i"), {}
        usable = np.abs(starts) < _LATEST_US
        self.dropped = int(len(usable) - usable.sum())
        if self.dropped:
            starts, durations = starts[usable], durations[usable]
            self._select(usable)
        self.no_duration: Bools = ~((durations >= 0) & (durations < _LONGEST_US))
        """Duration absent, negative or absurd; it counts as 0 in ``duration``."""
        durations[self.no_duration] = 0
        self.too_long = 0
        """Durations that are not kept since all together are more than there can be."""
        if float(durations.sum()) > _LATEST_US:
            beyond = durations > _LATEST_US / len(durations)
            self.too_long = int(beyond.sum())
            self.no_duration |= beyond
            durations[beyond] = 0
        self.start, whole_starts = _to_nanoseconds(starts)
        self.duration, whole_durations = _to_nanoseconds(durations)
        self.whole_microseconds = whole_starts and whole_durations

    def __len__(self) -> int:
        return len(self.key)

    def __getitem__(self, name: str) -> Ints:
        return self.ids[name]

    @property
    def end(self) -> Ints:
        """End of each event."""
        return self.start + self.duration

    def reorder(self, order: Ints) -> None:
        """Put the rows in another order, in place."""
        self.start, self.duration = self.start[order], self.duration[order]
        self.no_duration = self.no_duration[order]
        self._select(order)

    def keep(self, chosen: Bools) -> None:
        """Leave out all rows but the chosen ones, in place."""
        if not chosen.all():
            self.reorder(np.flatnonzero(chosen))

    def without_times(self, order: Ints) -> None:
        """Put keys and ids in another order; drop times and threads, which are held elsewhere."""
        self.start = self.duration = np.zeros(0, np.int64)
        self.thread = np.zeros(0, np.int32)
        self.no_duration = np.zeros(0, bool)
        self._select(order)

    def _select(self, rows: Ints | Bools) -> None:
        """Keep the rows of an index or a mask, of keys, threads and ids."""
        self.key = self.key[rows]
        if len(self.thread):
            self.thread = self.thread[rows]
        for name in self.ids:
            self.ids[name] = self.ids[name][rows]


def calls_named(calls: Rows[CallKey], part: bytes) -> Bools:
    """Return which calls have ``part`` in their name."""
    of_key = [part in joined.partition(b"\0")[0] for joined in calls.keys]
    return np.array(of_key, bool)[calls.key]


def ordinary_launches(calls: Rows[CallKey]) -> Bools:
    """Return which calls launch one kernel: neither a graph nor one on each of several devices."""
    many = calls_named(calls, b"Graph") | calls_named(calls, b"Multi")
    return calls_named(calls, b"aunch") & ~many


def _to_nanoseconds(microseconds: npt.NDArray[np.float64]) -> tuple[Ints, bool]:
    """Return the times in ns, written over the given ones, and whether all are whole µs.

    Whole numbers and thousandths come out exact, as the two parts are converted apart.
    """
    result = microseconds.view(np.int64)
    all_whole = True
    for low in range(0, len(result), _BLOCK):
        block = microseconds[low : low + _BLOCK]
        whole = np.floor(block)
        part = block - whole
        all_whole = all_whole and not part.any()
        result[low : low + _BLOCK] = whole.astype(np.int64) * 1000 + np.rint(part * 1000).astype(
            np.int64
        )
    return result, all_whole
