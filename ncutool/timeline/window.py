"""The window of a trace: busy, idle, and the cause of every gap (integer nanoseconds)."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base import held, units
from ncutool.base.intervals import Bools, Ints, union
from ncutool.base.records import replace
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold, Threshold
from ncutool.timeline import idle_intervals, steps, trim, trust
from ncutool.timeline.causes import GAP_CAUSES
from ncutool.timeline.devices import DeviceTime
from ncutool.timeline.host_activity import Hosts
from ncutool.timeline.idle_intervals import Known, busy_of, edges, gaps_of
from ncutool.timeline.in_order import by_start
from ncutool.timeline.launch_calls import (
    COMMUNICATES,
    input_copies,
    launch_points,
    lost_before,
    without_kernel,
)
from ncutool.timeline.settled import settle
from ncutool_parsers.capture import Capture, Notice

DISPATCH_CAUSES = ("copy_call", "launch_call", "dispatch", "latency")
"""The causes that replaying a CUDA graph removes."""
ONE_OFF_CAUSES = (
    "profiler", "graph_capture", "compilation", "allocator", "long_launch", "initialise",
)  # fmt: skip
"""The causes that a warm step does not have, or not of the same length."""

_READ = (
    *("launch_id", "start_ns", "duration_ns", "kernel_full", "process", "gpu", "ordinal", "owner"),
    *("lane", "call_id", "thread", "call_start", "blocking", "launched"),
    *("from_host", "to_host", "communicates"),
)
"""What is read here of launches with their calls: the other columns would be copied for nothing."""

_HOLE = "a stretch with nothing recorded longer than both HOLE_NS and HOLE_SHARE ends the window"
HOLE_NS = IntThreshold(10_000_000, "ns", _HOLE, WORKED_TRACES)
HOLE_SHARE = Threshold(0.2, "share of the window", _HOLE, WORKED_TRACES)


class Timeline(Struct, frozen=True, dict=True):
    """Where the wall time of a trace went. Only traces have one; reports do not."""

    start_ns: int
    end_ns: int
    busy_ns: int
    """Union of a device's launches' intervals within the window, all streams; of several devices
    the mean."""
    gaps: pl.DataFrame
    """Idle pieces: start_ns, duration_ns, cause (of GAP_CAUSES), next_launch_id, previous_end_ns,
    evidence (what the cause rests on, e.g. ``call``; null where nothing is recorded), evidence_row
    (which call that is, or how many ``records``) and device (a number of ``devices``). One idle
    interval may be several pieces; those of one device never overlap and sum to its idle time."""
    trimmed: tuple[str, ...] = ()
    """What was cut off the recording before any percentage, in sentences."""
    trustworthy: bool = True
    """False where unexplained gaps exceed 10 % of the window, or much was not recorded."""
    notices: tuple[Notice, ...] = ()
    """What else limits the figures: first-iteration effects, unexplained gaps."""
    steps: float | None = None
    """Steps in the window, e.g. 1.42; None where their number is not known."""
    steps_reason: str = "How many steps it holds is unknown: no annotation marks them."
    """What ``steps`` rests on, or why it is None: a sentence about the window."""
    devices: tuple[DeviceTime, ...] = ()
    """Busy and idle time of each device, in the order of their first launches."""

    def __post_init__(self) -> None:
        """Raise a ValueError where more of the window is busy than it is long."""
        held.in_order("busy time of the window", self.busy_ns, self.wall_ns)
        for one in self.devices:
            held.in_order(f"busy time of device {one.number}", one.busy_ns, self.wall_ns)
            held.in_order(f"idle time of device {one.number}", one.idle_ns, self.wall_ns)

    @property
    def wall_ns(self) -> int:
        """Length of the window."""
        return self.end_ns - self.start_ns

    @property
    def idle_ns(self) -> int:
        """Time of the window in which a device runs no launch; of several devices the mean."""
        return self.wall_ns - self.busy_ns

    def idle_by_cause(self) -> dict[str, int]:
        """Return the idle nanoseconds of each cause that occurs, in the order of GAP_CAUSES.

        They sum to ``idle_ns``: of several devices it is the mean, as there.
        """
        return dict(self._idle_by_cause)

    @cached_property
    def _idle_by_cause(self) -> dict[str, int]:
        sums = dict(self.gaps.group_by("cause").agg(pl.col("duration_ns").sum()).iter_rows())
        count, passed, shares = max(len(self.devices), 1), 0, {}
        for cause in (cause for cause in GAP_CAUSES if cause in sums):
            shares[cause] = -(-(passed + sums[cause]) // count) - -(-passed // count)
            passed += sums[cause]
        return shares

    def within(self) -> pl.Expr:
        """Whether a launch lies in the window (an expression over launches or kernels)."""
        start, end = pl.col("start_ns"), pl.col("start_ns") + pl.col("duration_ns")
        return ((start >= self.start_ns) & (end <= self.end_ns)).fill_null(False)


def exposed_ns(launches: pl.DataFrame, timeline: Timeline, which: pl.Expr) -> int:
    """Return the time (ns) in which launches run that ``which`` selects, and no other does.

    The union of all launches less the union without them; overlap on several streams counts
    once. ``launches`` has start_ns and duration_ns and what ``which`` reads, e.g. ``bound`` of
    the kernels table; launches that only partly lie in the window count with that part. A null
    of ``which`` is no.
    """
    begin, length = pl.col("start_ns"), pl.col("duration_ns")
    columns = launches.select(
        chosen=which.fill_null(value=False),
        timed=begin.is_not_null() & length.is_not_null(),
        start=begin.fill_null(0),
        end=begin.fill_null(0) + length.fill_null(0),
    )
    chosen, timed, start, end = (column.to_numpy() for column in columns)
    return alone_ns(start[timed], end[timed], chosen[timed], timeline)


def alone_ns(start: Ints, end: Ints, chosen: Bools, timeline: Timeline) -> int:
    """Return :func:`exposed_ns` of launches with these edges (ns), in any order."""
    start, end = np.maximum(start, timeline.start_ns), np.minimum(end, timeline.end_ns)
    rest = ~chosen
    return union(start, end).total - union(start[rest], end[rest]).total


def build(capture: Capture, whole_steps: bool = False) -> Timeline | None:
    """Return the timeline of a trace; None where no launch carries both a start and a duration.

    The window runs from the first to the last launch's edge. Where nothing was recorded for
    more than 10 ms and 20 % of it, on any device or on the host, the window is cut and the
    side with more work is kept; ``trimmed`` says so. Busy is the union over all streams of a
    device. Launches whose recorded times cannot be right are left out, and said.

    With ``whole_steps`` the window is cut to whole annotated steps, or without annotations to
    what was launched while recording; what runs across its edges counts with the part inside.
    """
    settled = settle(capture)
    capture = settled.capture
    lost = without_kernel(capture)
    points = _points(capture, lost)
    if not points.height:
        return None
    trimmed: list[str] = []
    hosts = Hosts(capture)
    operators = trust.operators_recorded(capture)
    known = Known(hosts, aligned=settled.aligned, operators=operators)
    while True:
        parts = idle_intervals.by_device(points, known)
        kept = _without_hole(points, gaps_of(parts), capture)
        if kept is None:
            break
        points, sentence = kept
        trimmed.append(sentence)
    whole = steps.find(points, capture)
    if whole_steps and (cut := trim.to_whole_steps(points, whole)) is not None:
        points, sentence = cut
        trimmed.append(sentence)
        whole = steps.find(points, capture)
        parts = idle_intervals.by_device(points, known)
    doubts = trust.Doubts(
        settled.notices,
        lost=trust.lost_kernels(lost, capture),
        beyond_ns=trust.waited_beyond(capture, points),
    )
    found = _timeline(points, parts, tuple(trimmed), whole, doubts)
    # A window of several programs is that of none of them, which the reader says first.
    return found if capture.processes < 2 else replace(found, trustworthy=False)


def _points(capture: Capture, lost: pl.DataFrame) -> pl.DataFrame:
    """Return the launches that have both times, with their calls, in order of start."""
    timed = pl.col("start_ns").is_not_null() & pl.col("duration_ns").is_not_null()
    points = launch_points(capture).with_columns(
        from_host=input_copies(capture),
        to_host=(pl.col("copy_kind") == "DtoH").fill_null(value=False),
        communicates=COMMUNICATES,
    )
    points = by_start(points.select(_READ), timed)
    return points.with_columns(lost=pl.Series(lost_before(points, lost), dtype=pl.Int64))


def _timeline(
    points: pl.DataFrame,
    parts: tuple[DeviceTime, ...],
    trimmed: tuple[str, ...],
    whole: steps.Steps,
    doubts: trust.Doubts,
) -> Timeline:
    start, end = edges(points)
    gaps = gaps_of(parts)
    whole_ns = len(parts) * (end - start)
    notices, trustworthy = trust.judge(gaps, whole_ns, whole.notice(end - start), doubts)
    return Timeline(
        start_ns=start,
        end_ns=end,
        busy_ns=sum(part.busy_ns for part in parts) // len(parts),
        gaps=gaps,
        trimmed=trimmed,
        trustworthy=trustworthy,
        notices=notices,
        steps=whole.count,
        steps_reason=whole.reason,
        devices=parts,
    )


def _without_hole(
    points: pl.DataFrame, gaps: pl.DataFrame, capture: Capture
) -> tuple[pl.DataFrame, str] | None:
    """Return the launches on the busier side of the largest hole and what to say, or None."""
    start, end = edges(points)
    limit = max(HOLE_NS, int(HOLE_SHARE * (end - start)))
    causes = ("queue", "unexplained", "unlinked", "dispatch", "silent_host", "ops_missing")
    holes = gaps.filter(
        (pl.col("duration_ns") > limit)
        & pl.col("cause").is_in(causes)
        & ~((pl.col("cause") == "unexplained") & pl.col("evidence").is_not_null())
    )
    busy = busy_of(points)
    for begin, length, cause in (
        holes.sort("duration_ns", descending=True)
        .select("start_ns", "duration_ns", "cause")
        .iter_rows()
    ):
        host_told = cause not in ("queue", "unexplained")
        if host_told and _host_active(capture, begin, begin + length, limit):
            continue
        if int(busy.covered(np.array([begin]), np.array([begin + length]))[0]):
            continue  # another device is at work
        early = points.filter(pl.col("start_ns") < begin + 1)
        late = points.filter(pl.col("start_ns") > begin)
        keep_late = busy_of(late).total >= busy_of(early).total
        kept, cut = (late, early) if keep_late else (early, late)
        side = "start" if keep_late else "end"
        span = end - start - (edges(kept)[1] - edges(kept)[0])
        return kept, (
            f"Cut {span / 1e3:,.0f} µs off the {side}: {length / 1e3:,.0f} µs with nothing "
            f"recorded and {units.counted(cut.height, 'launch')} "
            f"of {busy_of(cut).total / 1e3:,.0f} µs beyond."
        )
    return None


def _host_active(capture: Capture, begin: int, end: int, limit: int) -> bool:
    """Whether the host recorded an operator or call that leaves no silence over ``limit``."""
    spans = pl.concat(
        [frame.select("start_ns", "end_ns") for frame in (capture.ops, capture.calls)]
    ).filter((pl.col("end_ns") > begin) & (pl.col("start_ns") < end))
    busy = union(
        np.concatenate([[begin - 1, end], spans["start_ns"].to_numpy()]),
        np.concatenate([[begin, end + 1], spans["end_ns"].to_numpy()]),
    )
    return int((busy.starts[1:] - busy.ends[:-1]).max(initial=0)) <= limit
