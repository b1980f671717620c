"""A recorded window cut into runs of launches that a replay can work out at once.

On one stream a launch starts at the latest of two moments: the end of the one before it and its
gap, or its call. With the sums of gaps and durations along the stream taken off, that is a
running maximum. What calls are off by changes only where a wait of the host has ended, and other
streams matter only around the launches that were waited for: there a run ends. Whatever changes,
the runs stay the same.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from ncutool.base.intervals import Bools, Ints
from ncutool.timeline.replay_constraints import Constraints, Waits


class Runs(Struct, frozen=True):
    """Runs of launches, each on one stream. A *place* is a position in ``Constraints.by_stream``.

    The lists have an entry per run in order of time. They name runs by their *number*: streams
    come first, as what precedes their first run, then the runs in order of time.
    """

    streams: Ints
    """The place of the first launch of each stream."""
    begin: Ints
    """The place of the first launch of each run, in order of place."""
    in_time: Ints
    """The runs, as indices of ``begin``, in order of time."""
    previous: list[int]
    """The number of the run before it on its stream."""
    other: list[int]
    """The number of the run whose last launch its first one waited for; -1 for none."""
    other_rows: Ints
    """The row of that launch; 0 where there is none."""
    waited: list[int]
    """How many waits were over when its first launch was called."""
    anchor: list[int]
    """Per wait, the number of the run whose end lets it return; -1 where that is not known by
    the time it matters, as a clock of 1 µs puts all at one time."""
    anchor_places: Ints
    """Per wait, the place of the last launch of that run."""


def cut(limits: Constraints, waits: Waits, by_call: Bools) -> Runs:
    """Return the runs where the launches of ``by_call`` follow their calls."""
    order, count = limits.by_stream, limits.by_stream.size
    place = np.empty_like(order)
    place[order] = np.arange(count)
    ended = np.searchsorted(waits.end, limits.returned, side="right")
    done = np.maximum.accumulate(np.where(by_call, ended, 0))
    anchors = place[waits.anchor - 1]
    asked = place[limits.other[limits.other > 0] - 1]
    first = (limits.before == 0)[order]
    begin = _begins(first, limits, by_call, done, np.concatenate([anchors, asked]))
    in_time = np.argsort(order[begin], kind="stable")
    streams = np.flatnonzero(first)
    number = np.empty_like(in_time)
    number[in_time] = streams.size + np.arange(in_time.size)
    heads = begin[in_time]
    rows = order[heads]
    own = np.searchsorted(streams, heads, side="right") - 1
    previous = np.where(first[heads], own, number[np.maximum(in_time, 1) - 1])
    other_rows = np.maximum(limits.other[rows], 1) - 1
    needed_at = np.searchsorted(done, np.arange(anchors.size), side="right")
    return Runs(
        streams=streams,
        begin=begin,
        in_time=in_time,
        previous=previous.tolist(),
        other=np.where(
            limits.other[rows] > 0, number[_run_of(begin, place[other_rows])], -1
        ).tolist(),
        other_rows=other_rows,
        waited=done[rows].tolist(),
        anchor=np.where(waits.anchor <= needed_at, number[_run_of(begin, anchors)], -1).tolist(),
        anchor_places=anchors,
    )


def _run_of(begin: Ints, places: Ints) -> Ints:
    return np.asarray(np.searchsorted(begin, places, side="right") - 1)


def _begins(first: Bools, limits: Constraints, by_call: Bools, done: Ints, asked: Ints) -> Ints:
    """Return the places where runs begin.

    A run begins at the first launch of a stream, at one that waited for another stream, behind each
    that is ``asked`` for, and where more waits are over than before.
    """
    order = limits.by_stream
    alone = first | (limits.other > 0)[order]
    marked = np.flatnonzero(alone | by_call[order])
    over = done[order][marked]
    new = alone[marked] | (np.diff(over, prepend=-1) != 0)
    behind = asked + 1
    return np.unique(np.concatenate([marked[new], behind[behind < order.size]]))
