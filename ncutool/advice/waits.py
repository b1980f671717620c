"""Where the host waited for the device, in which operator, and which launches came late of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from ncutool import gap_causes
from ncutool.advice.context import Context
from ncutool.timeline import DISPATCH_CAUSES

CAUSES = ("synchronize", *DISPATCH_CAUSES)
TOGETHER_NS = 20_000
"""A blocking copy and the synchronisation behind it are one wait."""
FIRST_TIMES = 30
"""A launch later than so many times the wait before it is late for other reasons."""
MAX_PARENTS = 3


class Launched(NamedTuple):
    """A launch of one thread, in the order of calls."""

    launch_id: int
    called: int
    """Start of its call."""
    late: int
    """Idle time before it that is the host's, ns."""


@dataclass(frozen=True)
class Wait:
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


def waits(context: Context) -> list[Wait]:
    """Waits of the window in order of their end, each with the late launches behind it.

    Those that began before the window or before the first launch call recorded in it are left
    out: they waited for what the window does not hold, or for the profiler.
    """
    launched = _launched(context)
    found = []
    for thread, stretches in blocked(context).items():
        behind = launched.get(thread, [])
        enclosing = _Operators(context, thread)
        for index, (start, end) in enumerate(stretches):
            if start < context.timeline.start_ns:
                continue
            until = stretches[index + 1][0] if index + 1 < len(stretches) else None
            wait = Wait(thread, start, end, enclosing.around(start, end))
            found.append(_with_cost(wait, behind, until))
    return sorted(found, key=lambda wait: (wait.end, wait.thread))


def _launched(context: Context) -> dict[int, list[Launched]]:
    """Launches of each thread with the idle time before them."""
    gaps = (
        context.timeline.gaps.filter(pl.col("cause").is_in(CAUSES))
        .group_by("next_launch_id")
        .agg(late=pl.col("duration_ns").sum())
    )
    rows = (
        context.capture.launches.filter(context.timeline.within())
        .select("launch_id", "call_id")
        .join(context.capture.calls.select("call_id", "thread", "start_ns"), on="call_id")
        .join(gaps, left_on="launch_id", right_on="next_launch_id", how="left")
        .sort("start_ns", "launch_id")
    )
    found: dict[int, list[Launched]] = {}
    for launch_id, thread, called, late in rows.select(
        "launch_id", "thread", "start_ns", pl.col("late").fill_null(0)
    ).iter_rows():
        found.setdefault(thread, []).append(Launched(launch_id, called, late))
    return found


def blocked(context: Context) -> dict[int, list[tuple[int, int]]]:
    """Per thread, stretches of synchronisation and blocking copies, neighbours joined."""
    points = gap_causes.launch_points(context.capture)
    finished = pl.col("call_end") >= pl.col("start_ns") + pl.col("duration_ns")
    copies = points.filter(pl.col("blocking") & finished)["call_id"]
    calls = context.capture.calls.filter(
        pl.col("name").str.contains("ynchronize") | pl.col("call_id").is_in(copies.implode())
    ).sort("thread", "start_ns", "end_ns")
    found: dict[int, list[tuple[int, int]]] = {}
    for thread, start, end in calls.select("thread", "start_ns", "end_ns").iter_rows():
        own = found.setdefault(thread, [])
        if own and start - own[-1][1] <= TOGETHER_NS:
            own[-1] = (own[-1][0], max(end, own[-1][1]))
        else:
            own.append((start, end))
    return found


def _with_cost(wait: Wait, behind: Sequence[Launched], until: int | None) -> Wait:
    """``wait`` with the late launches behind it: up to the first that found the device busy, the
    next wait, or as much idle time as the wait itself took."""
    index = bisect_left(behind, wait.end, key=lambda launch: launch.called)
    if not 0 < index < len(behind) or not behind[index].late:
        return wait
    launches: list[int] = []
    total = 0
    for launch in behind[index:]:
        beyond = until is not None and launch.called >= until
        if beyond or not launch.late or total + launch.late > wait.end - wait.start:
            break
        launches.append(launch.launch_id)
        total += launch.late
    first = behind[index]
    other = first.late > FIRST_TIMES * (wait.end - wait.start)
    if other or (until is not None and first.called >= until):
        return wait
    return replace(
        wait,
        launches=tuple(launches),
        late=total,
        first=first.launch_id,
        first_late=first.late,
    )


class _Operators:
    """The operators of one thread, to ask which enclose a moment."""

    def __init__(self, context: Context, thread: int) -> None:
        ops = context.capture.ops
        own = ops.filter(pl.col("thread") == thread).sort("start_ns", "op_id")
        self._starts = own["start_ns"].to_numpy()
        self._ids = own["op_id"].to_numpy()
        self._end = ops["end_ns"].to_numpy()
        self._parent = ops["parent_id"].fill_null(-1).to_numpy()
        self._signature = ops["signature_id"].to_numpy()
        self._names = context.capture.signatures["op"]

    def around(self, start: int, end: int) -> tuple[str, ...]:
        """Names of the operators that enclose ``[start, end]``, innermost first."""
        index = int(np.searchsorted(self._starts, start, side="right")) - 1
        op_id = int(self._ids[index]) if index >= 0 else -1
        names: list[str] = []
        while op_id >= 0 and len(names) < MAX_PARENTS:
            if self._end[op_id] >= end:
                names.append(str(self._names[int(self._signature[op_id])]))
            op_id = int(self._parent[op_id])
        return tuple(names)
