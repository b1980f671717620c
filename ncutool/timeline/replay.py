"""The timeline run again with changed durations: what a saving is worth end to end.

A launch starts once what held it back in the recording lets it (``replay_constraints``): its
call, the launch before it on its stream, or what it waited for on another stream. The host's own
times stay as recorded, but the host runs ahead where a call that waited for the device returns
earlier. Unchanged durations give back every recorded start exactly.

A launch that the host had called ahead of the device follows the device, not its call: where the
host was ahead while it was being profiled, it is taken to keep ahead, since recording slows the
host alone. Likewise a later wait takes back what the host gained by its own, but not what earlier
waits gave it by returning sooner. ``Changes.calls_fixed`` denies that: no launch then starts before
its recorded call. The truth lies between the two. It is a model, good for ordering.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Bools, Ints
from ncutool.timeline import gap_causes
from ncutool.timeline.in_order import by_start
from ncutool.timeline.replay_constraints import (
    NEVER,
    POINTS,
    Constraints,
    Waits,
    constrain,
    find_waits,
    periods,
)
from ncutool.timeline.replay_runs import Runs, cut
from ncutool.timeline.window import Timeline
from ncutool_parsers.capture import Capture


@dataclass(frozen=True)
class Changes:
    """What differs from the recording, one entry per launch, in the order of ``Replay``."""

    duration: Ints
    host_saved: Ints
    """Host time no longer spent before the launch's call."""
    removed: Bools
    """The launch is part of the one before it on its stream: no gap, no call of its own."""
    replayed: Bools
    """The launch needs no call of its own: a graph launches it."""
    unwaited: Bools | None = None
    """Per wait of ``Replay.waits``: the call is gone, the host goes on at once."""
    calls_fixed: bool = False
    """No launch starts before its recorded call, less what the host has gained until then."""


@dataclass(frozen=True)
class Replay:
    """A recorded window, ready to be run again. Arrays are in order of start."""

    launch_id: Ints
    start: Ints
    duration: Ints
    period: Ints
    """Host time from the previous launch call of its thread to the end of its own call."""
    constraints: Constraints
    waits: Waits

    def unchanged(self) -> Changes:
        """Return changes that change nothing: the wall time is the recorded one."""
        zero, no = np.zeros_like(self.duration), np.zeros(self.duration.size, dtype=np.bool_)
        return Changes(self.duration.copy(), zero, no, no.copy())

    def wall_ns(self, changes: Changes) -> int:
        """Return the time (ns) from the first start to the last end under ``changes``."""
        starts, ends = self.run(changes)
        return int(ends.max() - starts.min()) if ends.size else 0

    def run(self, changes: Changes) -> tuple[Ints, Ints]:
        """Return the new starts and ends (ns), in the order of ``launch_id``.

        The time it takes is linear in launches and waits.
        """
        if not self.start.size:
            return self.start.copy(), self.start.copy()
        limits, order = self.constraints, self.constraints.by_stream
        runs = self._fixed if changes.calls_fixed else self._free
        gaps, duration = self._gaps(changes), changes.duration[order]
        along = gaps[order] + duration
        along[runs.streams] = duration[runs.streams]
        passed = np.cumsum(along)
        before = passed - duration  # what the running sum makes of each start
        lead = self._lead.saved(changes.host_saved)
        calls = self._calls(changes, lead)[order] - before
        heads = runs.begin[runs.in_time]
        rows = order[heads]
        lag = np.where(changes.removed, NEVER, limits.other_gap)[rows] - before[heads]
        lag += passed[self._places[runs.other_rows]]
        entries, shifts = _walk_runs(
            runs,
            stream_starts=(gaps[order] - before)[runs.streams].tolist(),
            calls=np.maximum.reduceat(calls, runs.begin)[runs.in_time].tolist(),
            lags=lag.tolist(),
            returns=self._returns(changes, lead, passed[runs.anchor_places]),
            calls_fixed=changes.calls_fixed,
        )
        lengths = np.diff(runs.begin, append=order.size)
        calls -= np.repeat(shifts, lengths)
        calls[runs.begin] = np.maximum(calls[runs.begin], entries)
        ends = np.empty_like(passed)
        ends[order] = passed + _running_max(calls, runs.streams)
        return ends - changes.duration, ends

    def _gaps(self, changes: Changes) -> Ints:
        """Return the least time (ns) from the end of the launch before on the stream to each start.

        A launch that overlaps the one before it keeps the overlap, but starts no earlier than it.
        """
        gaps, rows = self.constraints.before_gap.copy(), self._overlapping
        length = changes.duration[self.constraints.before[rows] - 1]
        gaps[rows] = np.maximum(gaps[rows], -length)
        gaps[changes.removed] = 0
        return np.asarray(gaps)

    def _calls(self, changes: Changes, lead: Ints) -> Ints:
        """Return when (ns) each launch could start for its call; ``NEVER`` if it does not follow
        it."""
        limits = self.constraints
        skip = changes.removed | (changes.replayed & (limits.before > 0))
        if not changes.calls_fixed:
            skip |= ~limits.late
        return np.where(skip, NEVER, limits.launched + limits.latency - lead[self._lead.launched])

    def _returns(self, changes: Changes, lead: Ints, passed: Ints) -> Iterator[_Return]:
        """Return one entry per wait of the host, in order of their ends.

        Args:
            lead: host time saved so far, as `_Lead.saved` returns it.
            passed: per wait, the running sum at the launch that it waited for.
        """
        waits = self.waits
        begin = waits.start - lead[self._lead.wait_start]
        ahead = lead[self._lead.wait_end]
        gone = np.zeros_like(begin)
        if changes.unwaited is not None:
            gone = np.where(changes.unwaited, waits.end - ahead - begin, 0)
        released = waits.end - waits.residual - ahead
        columns = (begin, released, passed, gone, ahead)
        return map(_Return._make, zip(*(column.tolist() for column in columns), strict=True))

    @cached_property
    def _free(self) -> Runs:
        """The runs where only late launches follow their calls."""
        return cut(self.constraints, self.waits, self.constraints.late)

    @cached_property
    def _fixed(self) -> Runs:
        """The runs where every launch that was called follows its call."""
        return cut(self.constraints, self.waits, self.constraints.launched > NEVER)

    @cached_property
    def _overlapping(self) -> Ints:
        """Rows of launches that start before the one before them on the stream has ended."""
        limits = self.constraints
        return np.flatnonzero((limits.before > 0) & (limits.before_gap < 0))

    @cached_property
    def _places(self) -> Ints:
        """Where each row is in ``Constraints.by_stream``."""
        return np.argsort(self.constraints.by_stream)

    @cached_property
    def _lead(self) -> _Lead:
        return _Lead.of(self.constraints.launched, self.waits)


class _Return(NamedTuple):
    """The end of a wait of the host (all ns)."""

    begin: int
    """When it began, less the host time saved by then."""
    released: int
    """When the device let it return in the recording, less the host time saved by then."""
    passed: int
    """The running sum of gaps and durations at the launch that it waited for."""
    gone: int
    """Host time that is saved where the wait is gone; 0 where it stays."""
    ahead: int
    """Host time saved by then by launches that need less of it."""


def _walk_runs(
    runs: Runs,
    stream_starts: list[int],
    calls: list[int],
    lags: list[int],
    returns: Iterator[_Return],
    *,
    calls_fixed: bool,
) -> tuple[Ints, Ints]:
    """Walk the runs in order of time.

    Args:
        stream_starts: per stream, the earliest start of its first run, less the running sum (ns).
        calls: per run in order of time, the latest of its calls, less the running sum.
        lags: per run in order of time, what to add to the run of another stream it waited for.
        returns: the host's waits, in order of their ends.
        calls_fixed: as in :class:`Changes`.

    Returns:
        Per run, stream by stream: the earliest start (ns) less the gaps and durations before it on
        its stream; and how many ns the host runs ahead of the recording.
    """
    # The latest that held each run back, less the running sum; the streams come first.
    reached, entries, shifts = stream_starts, [], []
    shift = own = done = 0
    for previous, other, call, lag, need in zip(
        runs.previous, runs.other, calls, lags, runs.waited, strict=True
    ):
        while done < need:
            wait, anchor = next(returns), runs.anchor[done]
            done += 1
            if wait.gone:
                shift, own = shift + wait.gone, own + wait.gone
            elif anchor >= 0:
                moved = wait.released - max(wait.begin - shift, reached[anchor] + wait.passed)
                # A wait takes back what the host gained by itself, not what earlier waits gave it.
                shift = moved if calls_fixed else max(moved, shift - own - wait.ahead)
        entry = reached[previous]
        if other >= 0:
            entry = max(entry, reached[other] + lag)
        entries.append(entry)
        shifts.append(shift)
        reached.append(max(entry, call - shift))
    back = np.argsort(runs.in_time)
    return np.array(entries, np.int64)[back], np.array(shifts, np.int64)[back]


def _running_max(values: Ints, begins: Ints) -> Ints:
    """Return the largest of ``values`` so far at each place, anew from each of ``begins`` on."""
    parts = np.split(values, begins[1:])
    return np.concatenate([np.maximum.accumulate(part) for part in parts])


class _Lead(Struct, frozen=True):
    """Host time saved up to a moment, by launches that need less of it."""

    order: Ints
    """Rows of launches with a call, in order of calls."""
    launched: Ints
    """How many of them were called by the time of each launch's call."""
    wait_start: Ints
    """The same, by the start of each wait."""
    wait_end: Ints

    @classmethod
    def of(cls, launched: Ints, waits: Waits) -> _Lead:
        order = np.argsort(launched, kind="stable")
        order = order[np.count_nonzero(launched == NEVER) :]
        by_call = launched[order]
        return cls(
            order,
            *(
                np.searchsorted(by_call, moments, side="right")
                for moments in (launched, waits.start, waits.end)
            ),
        )

    def saved(self, host_saved: Ints) -> Ints:
        """Return the host time (ns) saved by the first n of ``order``, for each n from 0."""
        return np.concatenate([[0], np.cumsum(host_saved[self.order])])


def prepare(capture: Capture, timeline: Timeline, points: pl.DataFrame | None = None) -> Replay:
    """Return the window of ``timeline`` as a :class:`Replay`, exact for unchanged durations.

    Args:
        points: `gap_causes.launch_points` of the capture; they are computed where None.
    """
    if points is None:
        points = gap_causes.launch_points(capture)
    points = by_start(points.select(POINTS), timeline.within())
    queued = timeline.gaps.filter(pl.col("cause") == "queue")["duration_ns"]
    typical = int(queued.median() or 0)  # type: ignore[arg-type]  # a median of integers is a number
    waits = find_waits(capture, points, timeline.start_ns)
    return Replay(
        launch_id=points["launch_id"].to_numpy(),
        start=points["start_ns"].to_numpy() - timeline.start_ns,
        duration=points["duration_ns"].to_numpy(),
        period=periods(points),
        constraints=constrain(points, timeline.start_ns, typical, waits),
        waits=waits,
    )
