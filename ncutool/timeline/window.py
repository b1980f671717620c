"""The window of a trace: busy, idle, and the cause of every gap (integer nanoseconds)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ncutool.base import units
from ncutool.base.intervals import Bools, Ints, Union, union
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold, Threshold
from ncutool.timeline import gap_causes, steps, trim
from ncutool.timeline.host_activity import Hosts
from ncutool_parsers.capture import Capture, Notice

GAP_CAUSES = (
    "input_pipeline",
    "allocator",
    "long_launch",
    "synchronize",
    "copy_call",
    "launch_call",
    "dispatch",
    "latency",
    "queue",
    "communication",
    "unlinked",
    "unexplained",
)
DISPATCH_CAUSES = ("copy_call", "launch_call", "dispatch", "latency")
"""The causes that replaying a CUDA graph removes."""

_HOLE = "a stretch with nothing recorded longer than both HOLE_NS and HOLE_SHARE ends the window"
HOLE_NS = IntThreshold(10_000_000, "ns", _HOLE, WORKED_TRACES)
HOLE_SHARE = Threshold(0.2, "share of the window", _HOLE, WORKED_TRACES)
UNEXPLAINED_SHARE = Threshold(
    0.1,
    "share of the window",
    "more unexplained idle time makes shares doubtful",
    WORKED_TRACES,
)
WARM_UP_SHARE = Threshold(
    0.02, "share of the window", "so much time of a first iteration is worth a notice", "judgement"
)
RECURS_SHARE = Threshold(
    0.25,
    "share of waits",
    "so many waits for allocation in the second half are not those of a first iteration",
    "judgement",
)


@dataclass(frozen=True)
class Timeline:
    """Where the wall time of a trace went. Only traces have one; reports do not."""

    start_ns: int
    end_ns: int
    busy_ns: int
    """Union of all launches' intervals within the window, all streams."""
    gaps: pl.DataFrame
    """Idle pieces: start_ns, duration_ns, cause (of GAP_CAUSES), next_launch_id, previous_end_ns.
    One idle interval may be several pieces; pieces never overlap and sum to idle_ns."""
    trimmed: tuple[str, ...] = field(default=())
    """What was cut off the recording before any percentage, in sentences."""
    trustworthy: bool = True
    """False where unexplained gaps exceed 10 % of the window."""
    notices: tuple[Notice, ...] = ()
    """What else limits the figures: first-iteration effects, unexplained gaps."""
    steps: float | None = None
    """Steps in the window, e.g. 1.42; None where their number is not known."""
    steps_reason: str = "How many steps it holds is unknown: no annotation marks them."
    """What ``steps`` rests on, or why it is None: a sentence about the window."""

    @property
    def wall_ns(self) -> int:
        """Length of the window."""
        return self.end_ns - self.start_ns

    @property
    def idle_ns(self) -> int:
        """Time of the window in which no launch runs."""
        return self.wall_ns - self.busy_ns

    def idle_by_cause(self) -> dict[str, int]:
        """Return the idle nanoseconds of each cause that occurs, in the order of GAP_CAUSES."""
        sums = dict(self.gaps.group_by("cause").agg(pl.col("duration_ns").sum()).iter_rows())
        return {cause: sums[cause] for cause in GAP_CAUSES if cause in sums}

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
    more than 10 ms and 20 % of it, on the device or on the host, the window is cut and the
    side with more work is kept; ``trimmed`` says so. Busy is the union over all streams.

    With ``whole_steps`` the window is cut to whole annotated steps, or without annotations to
    what was launched while recording; what runs across its edges counts with the part inside.
    """
    points = gap_causes.launch_points(capture).filter(
        pl.col("start_ns").is_not_null() & pl.col("duration_ns").is_not_null()
    )
    if not points.height:
        return None
    points = points.with_columns(
        from_host=gap_causes.input_copies(capture), communicates=gap_causes.COMMUNICATES
    ).sort("start_ns", "launch_id")
    trimmed: list[str] = []
    hosts = Hosts(capture)
    while True:
        busy = _busy(points)
        gaps = gap_causes.split(_idle(points, busy), hosts)
        kept = _without_hole(points, gaps, capture)
        if kept is None:
            break
        points, sentence = kept
        trimmed.append(sentence)
    whole = steps.find(points, capture)
    if whole_steps and (cut := trim.to_whole_steps(points, whole)) is not None:
        points, sentence = cut
        trimmed.append(sentence)
        whole = steps.find(points, capture)
        busy = _busy(points)
        gaps = gap_causes.split(_idle(points, busy), hosts)
    return _timeline(points, busy, gaps, tuple(trimmed), whole)


def _timeline(
    points: pl.DataFrame,
    busy: Union,
    gaps: pl.DataFrame,
    trimmed: tuple[str, ...],
    whole: steps.Steps,
) -> Timeline:
    start, end = _edges(points)
    trustworthy = _idle_for(gaps, "unexplained") <= UNEXPLAINED_SHARE * (end - start)
    prefix = whole.notice(end - start)
    return Timeline(
        start_ns=start,
        end_ns=end,
        busy_ns=busy.total,
        gaps=gaps,
        trimmed=trimmed,
        trustworthy=trustworthy,
        notices=_notices(gaps, trustworthy, end - start, prefix),
        steps=whole.count,
        steps_reason=whole.reason,
    )


def _busy(points: pl.DataFrame) -> Union:
    starts = points["start_ns"].to_numpy()
    return union(starts, starts + points["duration_ns"].to_numpy())


def _edges(points: pl.DataFrame) -> tuple[int, int]:
    ends = points["start_ns"] + points["duration_ns"]
    return int(points["start_ns"].to_numpy().min()), int(ends.to_numpy().max())


def _idle(points: pl.DataFrame, busy: Union) -> gap_causes.Idle:
    """Return the intervals between the first and the last edge in which no launch runs.

    A launch of no recorded duration inside an interval does not divide it; the launch that
    ends it is the first that starts at its end.
    """
    first, last = _edges(points)
    cuts = np.concatenate([[first], busy.starts, [last]]), np.concatenate([[first], busy.ends])
    starts, ends = cuts[1], cuts[0][1:]
    keep = ends > starts
    starts, ends = starts[keep], ends[keep]
    begin = points["start_ns"].to_numpy()
    row = np.minimum(np.searchsorted(begin, ends, side="left"), begin.size - 1)
    finish = begin + points["duration_ns"].to_numpy()
    by_end = np.argsort(finish, kind="stable")
    before = by_end[np.searchsorted(finish[by_end], starts, side="right") - 1]
    communicates = points["communicates"].to_numpy()
    stream = points["stream"].fill_null(-1).to_numpy()
    following = points.select("launch_id", "thread", "launched", "blocking", "from_host")[row]
    return gap_causes.Idle(
        starts=starts,
        ends=ends,
        next_id=following["launch_id"].to_numpy(),
        thread=following["thread"].fill_null(-1).to_numpy(),
        launched=following["launched"].fill_null(0).to_numpy(),
        blocking=following["blocking"].to_numpy(),
        from_host=following["from_host"].to_numpy(),
        handover=(communicates[row] | communicates[before]) & (stream[row] != stream[before]),
    )


def _without_hole(
    points: pl.DataFrame, gaps: pl.DataFrame, capture: Capture
) -> tuple[pl.DataFrame, str] | None:
    """Return the launches on the busier side of the largest hole and what to say, or None."""
    start, end = _edges(points)
    limit = max(HOLE_NS, int(HOLE_SHARE * (end - start)))
    causes = ("queue", "unexplained", "unlinked", "dispatch")
    holes = gaps.filter((pl.col("duration_ns") > limit) & pl.col("cause").is_in(causes))
    for begin, length, cause in (
        holes.sort("duration_ns", descending=True)
        .select("start_ns", "duration_ns", "cause")
        .iter_rows()
    ):
        if cause in ("unlinked", "dispatch") and _host_active(
            capture, begin, begin + length, limit
        ):
            continue
        early = points.filter(pl.col("start_ns") < begin + 1)
        late = points.filter(pl.col("start_ns") > begin)
        keep_late = _busy(late).total >= _busy(early).total
        kept, cut = (late, early) if keep_late else (early, late)
        side = "start" if keep_late else "end"
        span = end - start - (_edges(kept)[1] - _edges(kept)[0])
        return kept, (
            f"Cut {span / 1e3:,.0f} µs off the {side}: {length / 1e3:,.0f} µs with nothing "
            f"recorded and {units.counted(cut.height, 'launch')} "
            f"of {_busy(cut).total / 1e3:,.0f} µs beyond."
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


def _idle_for(gaps: pl.DataFrame, *causes: str) -> int:
    return int(gaps.filter(pl.col("cause").is_in(causes))["duration_ns"].sum())


def _notices(
    gaps: pl.DataFrame, trustworthy: bool, wall: int, prefix: Notice | None
) -> tuple[Notice, ...]:
    """Return what limits the figures, the worst first."""
    notices = []
    if not trustworthy:
        unexplained = _idle_for(gaps, "unexplained")
        text = (
            f"{unexplained / 1e3:,.0f} µs of the idle time ({100 * unexplained / wall:.1f} % of "
            "the window) is unexplained: work that the trace does not hold, or a dependency. "
            "Busy, idle and every share of the window are not trustworthy."
        )
        notices.append(Notice("untrustworthy_window", text, "error"))
    if prefix is not None:
        notices.append(prefix)
    warm_up = _idle_for(gaps, "allocator", "long_launch")
    if warm_up > max(WARM_UP_SHARE * wall, _idle_for(gaps, *DISPATCH_CAUSES)):
        waits = (
            f"The device waits {warm_up / 1e3:,.0f} µs ({100 * warm_up / wall:.1f} % of the "
            "window) for allocation and for launch calls over 1 ms, which load modules: "
        )
        if _recurs(gaps):
            text = f"{waits}much of it for allocation, throughout, so no first iteration's alone."
            notices.append(Notice("allocation_recurs", text))
        else:
            text = f"{waits}effects of a first iteration that a warm one does not show."
            notices.append(Notice("first_iteration", text))
    return tuple(notices)


def _recurs(gaps: pl.DataFrame) -> bool:
    """Whether the device waits for allocation more than for long launch calls, and a good part
    of it in the second half of the recorded idle time's span."""
    waits = gaps.filter(pl.col("cause") == "allocator")
    middle = (int(gaps["start_ns"][0]) + int(gaps["start_ns"][-1])) // 2
    total, late = (
        int(part["duration_ns"].sum())
        for part in (waits, waits.filter(pl.col("start_ns") > middle))
    )
    return total > _idle_for(gaps, "long_launch") and late > RECURS_SHARE * total
