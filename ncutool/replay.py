"""The timeline run again with changed durations: what a saving is worth end to end.

A launch starts once its stream is free and its call has been made. The host's own times stay as
recorded, but the host runs ahead where a call that waited for the device returns earlier.
Unchanged durations give back every recorded start exactly. It is a model, good for ordering.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ncutool import gap_causes
from ncutool.intervals import Bools, Ints
from ncutool.timeline import Timeline
from ncutool_parsers.capture import Capture

_NEVER = -(2**61)
"""A constraint that never holds a launch back."""
_BUSY_NS = 20_000
"""A launch call that ends within this of a launch waited for room in the queue."""


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


@dataclass(frozen=True)
class _Waits:
    """Calls during which the host waited for the device, in order of their ends."""

    start: Ints
    end: Ints
    anchor: Ints
    """Position, from 1, of the launch whose end let the call return."""
    residual: Ints
    """From the later of that end and the call's start to the call's return."""


@dataclass(frozen=True)
class Constraints:
    """What holds each launch back; 0 is the origin of time, launch ``i`` is position ``i + 1``.

    At least one of the three is exact: it gives the recorded start.
    """

    before: Ints
    before_gap: Ints
    other: Ints
    other_gap: Ints
    launched: Ints
    latency: Ints


@dataclass(frozen=True)
class Replay:
    """A recorded window, ready to be run again. Arrays are in order of start."""

    launch_id: Ints
    start: Ints
    duration: Ints
    period: Ints
    """Host time from the previous launch call of its thread to the end of its own call."""
    constraints: Constraints
    waits: _Waits

    def unchanged(self) -> Changes:
        """No change at all: its wall is the recorded one."""
        zero, no = np.zeros_like(self.duration), np.zeros(self.duration.size, dtype=np.bool_)
        return Changes(self.duration.copy(), zero, no, no.copy())

    def wall_ns(self, changes: Changes) -> int:
        """From the first start to the last end under ``changes``."""
        starts, ends = self.run(changes)
        return int(ends.max() - starts.min()) if ends.size else 0

    def run(self, changes: Changes) -> tuple[Ints, Ints]:
        """New starts and ends, in the order of ``launch_id``. Linear in launches and waits."""
        limits, waits = self.constraints, self.waits
        lead = _Lead.of(limits.launched, changes.host_saved)
        skip = changes.removed | (changes.replayed & (limits.before > 0))
        called = limits.launched + limits.latency - lead.at(limits.launched)
        length = changes.duration.tolist()
        rows = zip(
            length,
            self.before,
            np.where(changes.removed, 0, limits.before_gap).tolist(),
            self.other,
            np.where(changes.removed, _NEVER, limits.other_gap).tolist(),
            np.where(skip, _NEVER, called).tolist(),
            self.waited,
            strict=True,
        )
        returns = zip(
            (waits.start - lead.at(waits.start)).tolist(),
            (waits.end - waits.residual).tolist(),
            waits.anchor.tolist(),
            lead.at(waits.end).tolist(),
            strict=True,
        )
        ends = [0]
        finish = ends.append
        shift = passed = 0
        for duration, before, gap, other, lag, call, need in rows:
            while passed < need:
                begin, released, anchor, ahead = next(returns)
                passed += 1
                if anchor < len(ends):  # later only where a 1-µs clock puts all at one time
                    shift = released - max(begin - shift, ends[anchor]) - ahead
            start = ends[before] + gap
            if other:
                behind = ends[other] + lag
                start = max(start, behind)
            call -= shift
            finish((call if call > start else start) + duration)
        new = np.array(ends[1:], dtype=np.int64)
        return new - changes.duration, new

    @cached_property
    def before(self) -> list[int]:
        """``constraints.before`` as a list: every run walks it."""
        return list(map(int, self.constraints.before.tolist()))

    @cached_property
    def other(self) -> list[int]:
        """``constraints.other`` as a list."""
        return list(map(int, self.constraints.other.tolist()))

    @cached_property
    def waited(self) -> list[int]:
        """How many of the waits had returned when each launch was called."""
        ended = np.searchsorted(self.waits.end, self.constraints.launched, side="right")
        return list(map(int, ended.tolist()))


@dataclass(frozen=True)
class _Lead:
    """Host time saved up to a moment, by launches that need less of it."""

    time: Ints
    total: Ints
    """Before the first of ``time``, then after each."""

    @classmethod
    def of(cls, launched: Ints, saved: Ints) -> _Lead:
        at = np.flatnonzero((saved > 0) & (launched > _NEVER))
        at = at[np.argsort(launched[at], kind="stable")]
        return cls(launched[at], np.concatenate([[0], np.cumsum(saved[at])]))

    def at(self, moments: Ints) -> Ints:
        """The sum at each moment."""
        return np.asarray(self.total[np.searchsorted(self.time, moments, side="right")])


def prepare(capture: Capture, timeline: Timeline) -> Replay:
    """The window of ``timeline`` as a :class:`Replay`; exact for unchanged durations."""
    points = (
        gap_causes.launch_points(capture).filter(timeline.within()).sort("start_ns", "launch_id")
    )
    start = points["start_ns"].to_numpy() - timeline.start_ns
    duration = points["duration_ns"].to_numpy()
    called = points["thread"].is_not_null().to_numpy()
    launched = points["launched"].fill_null(0).to_numpy() - timeline.start_ns
    launched = np.where(called, np.minimum(launched, start), _NEVER)
    stream = points["stream"].fill_null(_NEVER).to_numpy()
    queued = timeline.gaps.filter(pl.col("cause") == "queue")["duration_ns"]
    typical = int(queued.median() or 0)  # type: ignore[arg-type]  # a median of integers is a number
    return Replay(
        launch_id=points["launch_id"].to_numpy(),
        start=start,
        duration=duration,
        period=_periods(points),
        constraints=_constraints(
            start, start + duration, stream, launched, points["blocking"].to_numpy(), typical
        ),
        waits=_waits(capture, timeline, points),
    )


def _constraints(
    start: Ints, end: Ints, stream: Ints, launched: Ints, blocking: Bools, typical: int
) -> Constraints:
    limit = max(gap_causes.QUEUE_FLOOR_NS, gap_causes.QUEUE_MEDIANS * typical)
    before = _previous_on_stream(stream)
    gap = np.where(before > 0, start - end[before - 1], _NEVER)
    called = launched > _NEVER
    latency = np.where(called, start - launched, 0)
    other = _last_ended(start, end)
    lag = np.where(other > 0, start - end[other - 1], _NEVER)
    free = np.where(before > 0, end[before - 1], _NEVER)
    # A blocking copy is staged between its call and its start, however long that takes.
    prompt = blocking | (latency <= gap_causes.LATENCY_LIMIT_NS)
    late = called & (launched >= free) & prompt
    queued = ~late & (before > 0) & (gap <= limit)
    elsewhere = ~late & ~queued & (other > 0)
    held = ~late & ~queued & ~elsewhere
    by_launch = late | (held & called & (launched >= free))
    by_stream = queued | (held & ~by_launch & (before > 0))
    fixed = held & ~by_launch & ~by_stream
    return Constraints(
        before=before,
        before_gap=np.where(fixed, start, np.where(by_stream, gap, np.minimum(gap, typical))),
        other=np.where(elsewhere, other, 0),
        other_gap=np.where(elsewhere, lag, _NEVER),
        launched=launched,
        latency=np.where(by_launch, latency, np.minimum(latency, typical)),
    )


def _previous_on_stream(stream: Ints) -> Ints:
    """Position, from 1, of the previous launch on the same stream; 0 where there is none."""
    order = np.argsort(stream, kind="stable")
    previous = np.zeros(stream.size, dtype=np.int64)
    same = stream[order][1:] == stream[order][:-1]
    previous[order[1:]] = np.where(same, order[:-1] + 1, 0)
    return previous


def _last_ended(start: Ints, end: Ints) -> Ints:
    """Position, from 1, of the launch that ended last before each start; 0 without one.

    Launches that come later in order of start are never named, so a replay can go in order.
    """
    by_end = np.argsort(end, kind="stable")
    index = np.searchsorted(end[by_end], start, side="right")
    found = np.where(index > 0, by_end[np.maximum(index - 1, 0)] + 1, 0)
    return np.where(found <= np.arange(start.size), found, 0)


def _periods(points: pl.DataFrame) -> Ints:
    """Host time each launch took: from the previous launch call's end to its own call's end."""
    by_call = points.with_row_index("row").filter(pl.col("thread").is_not_null())
    period = (
        by_call.sort("call_end")
        .with_columns(
            period=(pl.col("call_end") - pl.col("call_end").shift(1)).over("thread").fill_null(0)
        )
        .select("row", "period")
    )
    out = np.zeros(points.height, dtype=np.int64)
    out[period["row"].to_numpy()] = period["period"].to_numpy()
    return out


def _waits(capture: Capture, timeline: Timeline, points: pl.DataFrame) -> _Waits:
    """Calls that returned because the device had finished something.

    Synchronize calls and blocking copies wait for the last launch that ended before they
    returned; so do launch calls over 1 ms where one ended just before (a full queue).
    """
    copies = points.filter("blocking")["call_id"]
    name = pl.col("name")
    long = pl.col("end_ns") - pl.col("start_ns") > gap_causes.LONG_CALL_NS
    sync = name.str.contains("ynchronize") | pl.col("call_id").is_in(copies.implode())
    calls = (
        capture.calls.filter(sync | (name.str.contains("aunch") & long))
        .with_columns(sync=sync)
        .sort("end_ns")
    )
    begin = calls["start_ns"].to_numpy() - timeline.start_ns
    finish = calls["end_ns"].to_numpy() - timeline.start_ns
    end = (points["start_ns"] + points["duration_ns"]).to_numpy() - timeline.start_ns
    by_end = np.argsort(end, kind="stable")
    index = np.searchsorted(end[by_end], finish, side="right")
    anchor = np.where(index > 0, by_end[np.maximum(index - 1, 0)] + 1, 0)
    device = end[np.maximum(anchor - 1, 0)]
    waited = (anchor > 0) & (device > begin)
    waited &= calls["sync"].to_numpy() | (finish - device <= _BUSY_NS)
    residual = finish - np.maximum(begin, device)
    return _Waits(begin[waited], finish[waited], anchor[waited], residual[waited])
