"""Where the host waited for the device, in which operator, and which launches came late of it."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.base.records import replace
from ncutool.base.thresholds import IntThreshold
from ncutool.timeline.window import DISPATCH_CAUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ncutool.advice.view.idle import Idle
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture

CAUSES = ("synchronize", *DISPATCH_CAUSES)
TOGETHER_NS = IntThreshold(
    20_000, "ns", "a blocking copy and the synchronisation so soon behind it are one wait", JUDGED
)
FIRST_TIMES = IntThreshold(
    30,
    "times the wait",
    "a launch that comes later than this is late for other reasons than the wait before it",
    JUDGED,
)
MAX_PARENTS = 3
"""Enclosing operators that are named."""


class Launched(NamedTuple):
    """The launches of one thread, in the order of calls; few of them are asked for."""

    launch_ids: memoryview[int]
    called: memoryview[int]
    """Start of each call."""
    late: memoryview[int]
    """Idle time before each that is the host's, ns."""


class Wait(Struct, frozen=True):
    """A stretch in which one thread waited for the device."""

    thread: int
    start: int
    end: int
    names: tuple[str, ...]
    """Enclosing operators, innermost first; empty where the program waited on its own account."""
    launches: tuple[int, ...] = ()
    """Launches behind it that it surely made late: it took as long as the device idles."""
    late: int = 0
    """Idle time before them, ns."""
    first: int | None = None
    """The launch directly behind it, where that came late."""
    first_late: int = 0
    """Idle time before that one, ns."""


def waits(
    stretches_of: Mapping[int, list[tuple[int, int]]],
    points: pl.DataFrame,
    idle: Idle,
    timeline: Timeline,
    capture: Capture,
) -> list[Wait]:
    """Return the waits of the window in order of their end, each with the late launches behind it.

    Those that began before the window or before the first launch call recorded in it are left
    out: they waited for what the window does not hold, or for the profiler.

    Args:
        stretches_of: what :func:`blocked` returns: per thread, when it waited (ns).
        points: the launches with their calls (`gap_causes.launch_points`).
        idle: the idle pieces of the window.
    """
    found = []
    for thread, stretches in stretches_of.items():
        behind = _launched(points, idle, timeline, thread)
        enclosing = _Operators(capture, thread)
        for index, (start, end) in enumerate(stretches):
            if start < timeline.start_ns:
                continue
            until = stretches[index + 1][0] if index + 1 < len(stretches) else None
            wait = Wait(thread, start, end, enclosing.around(start, end))
            found.append(_with_cost(wait, behind, until))
    return sorted(found, key=lambda wait: (wait.end, wait.thread))


def _launched(points: pl.DataFrame, idle: Idle, timeline: Timeline, thread: int) -> Launched:
    """Return the launches of one thread with the idle time before them."""
    rows = (
        points.select("launch_id", "thread", "call_start", "start_ns", "duration_ns")
        .filter(timeline.within() & (pl.col("thread") == thread))
        .select("launch_id", "call_start")
        .sort("call_start", "launch_id")
    )
    ids = rows["launch_id"].to_numpy()
    launches, idle_ns = idle.of(*CAUSES).by_launch()
    late = np.zeros(max(ids.max(initial=0), launches.max(initial=0)) + 1, dtype=np.int64)
    late[launches] = idle_ns
    late = late[ids]
    return Launched(ids.data, rows["call_start"].to_numpy().data, late.data)


def blocked(points: pl.DataFrame, capture: Capture) -> dict[int, list[tuple[int, int]]]:
    """Return, per thread, the stretches of synchronisation and blocking copies (start and end, ns),
    neighbours joined.

    Args:
        points: the launches with their calls (`gap_causes.launch_points`).
    """
    finished = pl.col("call_end") >= pl.col("start_ns") + pl.col("duration_ns")
    copies = points.lazy().filter(pl.col("blocking") & finished).select("call_id").collect()
    names = capture.calls.select(pl.col("name").unique()).filter(
        pl.col("name").str.contains("ynchronize", literal=True)
    )
    calls = (
        capture.calls.select("call_id", "name", "thread", "start_ns", "end_ns")
        .filter(
            pl.col("name").is_in(names["name"].implode())
            | pl.col("call_id").is_in(copies["call_id"].implode())
        )
        .select("thread", "start_ns", "end_ns")
        .sort("thread", "start_ns", "end_ns")
    )
    found: dict[int, list[tuple[int, int]]] = {}
    for thread, start, end in calls.iter_rows():
        own = found.setdefault(thread, [])
        if own and start - own[-1][1] <= TOGETHER_NS:
            own[-1] = (own[-1][0], max(end, own[-1][1]))
        else:
            own.append((start, end))
    return found


def _with_cost(wait: Wait, behind: Launched, until: int | None) -> Wait:
    """Return ``wait`` with the late launches behind it: up to the first that found the device busy,
    the next wait, or as much idle time as the wait itself took."""
    first = bisect_left(behind.called, wait.end)
    waited = wait.end - wait.start
    if not 0 < first < len(behind.called) or not behind.late[first]:
        return wait
    total, last = 0, first
    while last < len(behind.called):  # few: a slice of what is left would copy all of it
        called, late = behind.called[last], behind.late[last]
        beyond = until is not None and called >= until
        if beyond or not late or total + late > waited:
            break
        total += late
        last += 1
    other = behind.late[first] > FIRST_TIMES * waited
    if other or (until is not None and behind.called[first] >= until):
        return wait
    return replace(
        wait,
        launches=tuple(behind.launch_ids[first:last]),
        late=total,
        first=behind.launch_ids[first],
        first_late=behind.late[first],
    )


class _Operators:
    """The operators of one thread, to ask which enclose a moment."""

    def __init__(self, capture: Capture, thread: int) -> None:
        ops = capture.ops
        own = ops.select("start_ns", "op_id").filter(ops["thread"] == thread)
        own = own.sort("start_ns", "op_id")
        self._starts = own["start_ns"].to_numpy()
        self._ids = own["op_id"].to_numpy()
        self._end = ops["end_ns"].to_numpy()
        self._parent = ops["parent_id"].fill_null(-1).to_numpy()
        self._signature = ops["signature_id"].to_numpy()
        self._names = capture.signatures["op"]

    def around(self, start: int, end: int) -> tuple[str, ...]:
        """Return the names of the operators that enclose ``[start, end]``, innermost first."""
        index = int(np.searchsorted(self._starts, start, side="right")) - 1
        op_id = int(self._ids[index]) if index >= 0 else -1
        names: list[str] = []
        while op_id >= 0 and len(names) < MAX_PARENTS:
            if self._end[op_id] >= end:
                names.append(str(self._names[int(self._signature[op_id])]))
            op_id = int(self._parent[op_id])
        return tuple(names)
