"""What holds each launch of a recorded window back, and where the host waited for the device.

A launch is *late* where its stream was free before its call was made: it follows its call by the
recorded latency. Otherwise the host was ahead, and it follows either the launch before it on its
stream, after an ordinary gap of a full queue, or, where that gap is longer, the launch of any
stream that ended last before it: what it most likely waited for, since traces do not name the
events that tie streams together.

The host waits in synchronize calls, in blocking copies and in launch calls over a millisecond
that return soon after the device has finished something: a full queue, or a module that loads
once the device is idle. A blocking copy waits for itself; what another call waited for is taken
to be the launch that ended last before it returned.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Bools, Ints
from ncutool.base.thresholds import IntThreshold
from ncutool.timeline import gap_causes, host_activity
from ncutool_parsers.capture import Capture

NEVER = -(2**61)
"""A constraint that never holds a launch back."""
POINTS = (
    *("launch_id", "start_ns", "duration_ns", "lane", "copy_kind", "call_id", "thread"),
    *("call_end", "blocking", "launched"),
)
"""What is read of `gap_causes.launch_points`."""
_BUSY_NS = IntThreshold(
    20_000,
    "ns",
    "a launch call that ends within this of a launch waited for room in the queue",
    "judgement",
)
_LOAD_NS = IntThreshold(
    100_000,
    "ns",
    "a launch call that ends within this of the device's last launch waited for it to be idle",
    "judgement",
)
_CLOCK_NS = IntThreshold(
    5_000,
    "ns",
    "a launch may be recorded to start by so much before its call returns",
    "judgement: 1 µs is ordinary skew of the clocks, 10 µs means that they are not aligned",
)


class Waits(Struct, frozen=True):
    """Calls during which the host waited for the device, in order of their ends."""

    call_id: Ints
    start: Ints
    end: Ints
    anchor: Ints
    """Position, from 1, of the launch whose end let the call return."""
    residual: Ints
    """From the later of that end and the call's start to the call's return."""


class Constraints(Struct, frozen=True):
    """What holds each launch back; 0 is the origin of time, launch ``i`` is position ``i + 1``.

    At least one of the three is exact: it gives the recorded start.
    """

    before: Ints
    """The previous launch on the stream."""
    before_gap: Ints
    """From its end; negative where both overlap."""
    other: Ints
    """The launch of any stream that was waited for; 0 for none."""
    other_gap: Ints
    launched: Ints
    """When the call was made; ``NEVER`` where none is recorded."""
    latency: Ints
    """From there to the start: as recorded for late launches, else an ordinary gap at most."""
    late: Bools
    """The launch follows its call: the device was ready before the host."""
    returned: Ints
    """Waits that ended by then were over when the launch was called."""
    by_stream: Ints
    """Rows of the launches stream by stream, each stream in order of start."""


def constrain(points: pl.DataFrame, origin_ns: int, typical_ns: int, waits: Waits) -> Constraints:
    """Return what holds each launch back.

    ``typical_ns`` is the ordinary gap of a full queue, times are from ``origin_ns``.
    """
    start = points["start_ns"].to_numpy() - origin_ns
    end = start + points["duration_ns"].to_numpy()
    called = points["thread"].is_not_null().to_numpy()
    launched = points["launched"].fill_null(0).to_numpy() - origin_ns
    launched = np.where(called, np.minimum(launched, start), NEVER)
    stream = points["lane"].to_numpy()
    grouped = np.argsort(stream, kind="stable")
    before = _previous_on_stream(stream, grouped)
    gap = np.where(before > 0, start - end[before - 1], NEVER)
    free = np.where(before > 0, end[before - 1], NEVER)
    latency = np.where(called, start - launched, 0)
    other = _last_ended(start, end)
    limit = max(gap_causes.QUEUE_FLOOR_NS, gap_causes.QUEUE_MEDIANS * typical_ns)
    # A copy from the host is staged between its call and its start, however long that takes;
    # one to the host starts late only because something on the device is late.
    staged = points["blocking"] & (points["copy_kind"] != "DtoH").fill_null(value=True)
    prompt = staged.to_numpy() | (latency <= gap_causes.LATENCY_LIMIT_NS)
    late = called & (launched >= free) & prompt
    queued = ~late & (before > 0) & (gap <= limit)
    elsewhere = ~late & ~queued & (other > 0)
    held = ~late & ~queued & ~elsewhere
    late |= held & called & (launched >= free)
    by_stream = queued | (held & ~late & (before > 0))
    fixed = held & ~late & (before == 0)
    return Constraints(
        before=before,
        before_gap=np.where(fixed, start, np.where(by_stream, gap, np.minimum(gap, typical_ns))),
        other=np.where(elsewhere, other, 0),
        other_gap=np.where(elsewhere, start - end[np.maximum(other, 1) - 1], NEVER),
        launched=launched,
        latency=np.where(late, latency, np.minimum(latency, typical_ns)),
        late=late,
        returned=_returned(points, origin_ns, launched, waits),
        by_stream=grouped,
    )


def _returned(points: pl.DataFrame, origin_ns: int, launched: Ints, waits: Waits) -> Ints:
    """Return when (ns) each launch was called, or its own call returned where that call waited."""
    own = np.isin(points["call_id"].fill_null(-1).to_numpy(), waits.call_id)
    finish = points["call_end"].fill_null(0).to_numpy() - origin_ns
    own &= ~points["blocking"].to_numpy() & (launched >= finish - _CLOCK_NS)
    return np.asarray(np.where(own, finish, launched))


def _previous_on_stream(stream: Ints, order: Ints) -> Ints:
    """Return the position, from 1, of the previous launch on the stream; 0 without one."""
    previous = np.zeros(stream.size, dtype=np.int64)
    same = stream[order][1:] == stream[order][:-1]
    previous[order[1:]] = np.where(same, order[:-1] + 1, 0)
    return previous


def _last_ended(start: Ints, end: Ints) -> Ints:
    """Return the position, from 1, of the launch that ended last before each start; 0 without one.

    Launches that come later in order of start are never named, so a replay can go in order.
    """
    ended = _ended_by(end, start)
    return np.where(ended <= np.arange(start.size), ended, 0)


def _ended_by(end: Ints, moments: Ints) -> Ints:
    """Return the position, from 1, of the launch that ended last by each moment; 0 without one."""
    by_end = np.argsort(end, kind="stable")
    index = np.searchsorted(end[by_end], moments, side="right")
    return np.asarray(np.where(index > 0, by_end[np.maximum(index - 1, 0)] + 1, 0))


def periods(points: pl.DataFrame) -> Ints:
    """Return each launch's host time (ns): from the previous launch call's end to its own's."""
    thread = points["thread"]
    rows = np.flatnonzero(thread.is_not_null().to_numpy())
    on, end = thread.fill_null(0).to_numpy()[rows], points["call_end"].fill_null(0).to_numpy()[rows]
    order = np.lexsort((end, on))
    period = np.diff(end[order], prepend=0)
    period[np.diff(on[order], prepend=-1) != 0] = 0
    out = np.zeros(points.height, dtype=np.int64)
    out[rows[order]] = period
    return out


def find_waits(capture: Capture, points: pl.DataFrame, origin_ns: int) -> Waits:
    """Return the calls that returned because the device had finished something.

    A blocking copy and, on a device with one stream, a synchronize call are kept even where the
    device was ready: they hold a host that runs ahead back.
    """
    calls = _candidates(capture, points)
    begin = calls["start_ns"].to_numpy() - origin_ns
    finish = calls["end_ns"].to_numpy() - origin_ns
    start = points["start_ns"].to_numpy() - origin_ns
    end = start + points["duration_ns"].to_numpy()
    copied = calls["row"].fill_null(0).to_numpy()
    copied = np.where((copied > 0) & (end[np.maximum(copied, 1) - 1] <= finish), copied, 0)
    anchor = np.where(copied > 0, copied, _ended_by(end, finish))
    device = end[np.maximum(anchor, 1) - 1]
    sync = calls["sync"].to_numpy()
    everything = sync & (points["lane"].n_unique() == 1)
    quiet = np.searchsorted(start, finish - _CLOCK_NS) <= np.searchsorted(start, device)
    soon = finish - device <= np.where(quiet, _LOAD_NS, _BUSY_NS)
    launcher = points["call_id"].fill_null(-1).to_numpy()[np.maximum(anchor, 1) - 1]
    own_kernel = ~sync & (launcher == calls["call_id"].to_numpy())
    waited = (device > begin) & (sync | soon) & ~own_kernel
    keep = (anchor > 0) & (waited | (copied > 0) | everything)
    residual = finish - np.maximum(begin, device)
    return Waits(
        *(values[keep] for values in (calls["call_id"].to_numpy(), begin, finish, anchor, residual))
    )


def _candidates(capture: Capture, points: pl.DataFrame) -> pl.DataFrame:
    """Return the calls that may have waited, in order of their ends.

    The columns are call_id, start_ns, end_ns, sync (any but a launch call) and row (position, from
    1, of the blocking copy that it made).
    """
    copies = (
        points.with_row_index("row", offset=1)
        .filter("blocking")
        .select("call_id", pl.col("row").cast(pl.Int64))
        .unique("call_id", keep="last", maintain_order=True)
    )
    calls = capture.calls.select("call_id", "name", "start_ns", "end_ns")
    long = calls.filter(pl.col("end_ns") - pl.col("start_ns") > host_activity.LONG_CALL_NS)
    launches = long.filter(pl.col("name").str.contains("aunch", literal=True))["call_id"]
    named = pl.col("name").str.contains("ynchronize", literal=True)
    return (
        calls.with_columns(sync=named | pl.col("call_id").is_in(copies["call_id"].implode()))
        .filter(pl.col("sync") | pl.col("call_id").is_in(launches.implode()))
        .join(copies, on="call_id", how="left", maintain_order="left")
        .sort("end_ns", "call_id")
    )
