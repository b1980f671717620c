"""The host waits for the device, and then the device for the host.

A wait while the device is busy is no waste. What it costs is the idle time directly behind it,
until the host is ahead of the device again, and never more than the host waited: so much earlier
it would have launched.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import polars as pl

from ncutool import gap_causes, units
from ncutool.advice.context import Context, Draft
from ncutool.timeline import DISPATCH_CAUSES

CAUSES = ("synchronize", *DISPATCH_CAUSES)
KEPT_SHARE = 0.25
"""What replaces a wait (a flag on the device, an event asked later) costs host time too."""
TOGETHER_NS = 20_000
"""A blocking copy and the synchronisation behind it are one wait."""
FIRST_TIMES = 30
"""A launch later than so many times the wait before it is late for other reasons."""
MAX_LISTED = 4
MAX_PARENTS = 3

_CUDA = "https://docs.pytorch.org/docs/stable/notes/cuda.html#asynchronous-execution"
_ASSERT = "https://docs.pytorch.org/docs/stable/generated/torch.where.html"
_SCALAR = ("aten::item", "aten::_local_scalar_dense", "aten::is_nonzero")
_MASK = ("aten::nonzero", "aten::index", "aten::masked_select", "aten::unique", "aten::_unique2")


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


def drafts(context: Context) -> list[Draft]:
    """One for waits inside operators, one for waits that the program makes on its own account."""
    costly = [wait for wait in waits(context) if wait.first is not None]
    named = [wait for wait in costly if wait.names]
    bare = [wait for wait in costly if not wait.names and wait.late]
    return [
        _draft(context, group, explicit=explicit)
        for group, explicit in ((named, False), (bare, True))
        if group
    ]


def waits(context: Context) -> list[Wait]:
    """Waits of the window in order of their end, each with the late launches behind it.

    Those that began before the window or before the first launch call recorded in it are left
    out: they waited for what the window does not hold, or for the profiler.
    """
    launched = _launched(context)
    found = []
    for thread, blocked in _blocked(context).items():
        behind = launched.get(thread, [])
        enclosing = _Operators(context, thread)
        for index, (start, end) in enumerate(blocked):
            if start < context.timeline.start_ns:
                continue
            until = blocked[index + 1][0] if index + 1 < len(blocked) else None
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


def _blocked(context: Context) -> dict[int, list[tuple[int, int]]]:
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
        self._end = ops["end_ns"]
        self._parent = ops["parent_id"]
        self._signature = ops["signature_id"]
        self._names = context.capture.signatures["op"]

    def around(self, start: int, end: int) -> tuple[str, ...]:
        """Names of the operators that enclose ``[start, end]``, innermost first."""
        index = int(np.searchsorted(self._starts, start, side="right")) - 1
        op_id = int(self._ids[index]) if index >= 0 else None
        names: list[str] = []
        while op_id is not None and len(names) < MAX_PARENTS:
            if self._end[op_id] >= end:
                names.append(self._names[self._signature[op_id]])
            op_id = self._parent[op_id]
        return tuple(names)


def _draft(context: Context, group: Sequence[Wait], *, explicit: bool) -> Draft:
    sure = {launch for wait in group for launch in wait.launches}
    behind = {wait.first for wait in group if wait.first is not None}
    rows = context.kernels.filter(pl.col("launch_id").is_in(sorted(sure | behind)))
    rows = rows.sort("launch_id")
    durations = tuple(rows["duration_ns"].to_list())
    names = {name for wait in group for name in wait.names}
    return Draft(
        kind="sync",
        title="Do not wait for the device between steps"
        if explicit
        else "Do not wait for the device inside the step",
        grade="possible" if explicit else "likely",
        launches=tuple(rows["launch_id"].to_list()),
        best=durations,
        worst=durations,
        evidence=_evidence(context, group, explicit=explicit),
        remedy=_remedy(names),
        idle_used=tuple(sorted(behind - sure)),
        waits=tuple(sorted(sure)),
        wait_causes=CAUSES,
        wait_kept_share=KEPT_SHARE,
        code=_code(names),
        link=_ASSERT if names & {*_MASK} and not names & {*_SCALAR} else _CUDA,
        caveat="If the host needs the value to decide what to launch next, the wait stays unless "
        "the decision moves to the device."
        if names
        else "If the profiler itself waited here, as it does when a recording starts or ends, "
        "nothing is lost without it.",
    )


def _evidence(context: Context, group: Sequence[Wait], *, explicit: bool) -> tuple[str, ...]:
    late = sum(max(wait.late, wait.first_late) for wait in group)
    sure = sum(wait.late for wait in group)
    waited = sum(wait.end - wait.start for wait in group)
    sentences = [
        f"{units.counted(len(group), 'time')} the host waits for the device and is late "
        f"afterwards: the device then idles {context.share(late)} before it is fed again.",
        f"The waiting itself ({units.time(waited)}) is not counted: the device works meanwhile.",
    ]
    if sure < late:
        sentences.append(
            f"{units.time(late - sure)} of the idle time is longer than the wait before it: the "
            "host would be late without it too, and only the high end counts that."
        )
    if explicit:
        sentences.append(
            "No operator encloses them: the program, or a library, calls synchronize itself."
        )
        return tuple(sentences)
    sentences.append("Caused by " + "; ".join(_listed(group)) + ".")
    return tuple(sentences)


def _listed(group: Sequence[Wait]) -> Iterable[str]:
    """Operators with their parents, most idle time first: `20 × aten::item in aten::is_nonzero`."""
    totals: dict[tuple[str, ...], list[int]] = {}
    for wait in group:
        one = totals.setdefault(wait.names, [0, 0])
        one[0] += 1
        one[1] += max(wait.late, wait.first_late)
    ordered = sorted(totals.items(), key=lambda item: (-item[1][1], item[0]))
    for names, (count, late) in ordered[:MAX_LISTED]:
        yield f"{count:,} × {' in '.join(names)} ({units.time(late)})"


def _remedy(names: set[str]) -> str:
    parts = []
    if names & {*_SCALAR}:
        parts.append(
            "`.item()`, `if tensor:` and `tensor.any()` in a condition wait for the device: keep "
            "the value on the device, read it every few steps, or check with "
            "`torch._assert_async`"
        )
    if names & {*_MASK}:
        parts.append(
            "Indexing with a boolean mask and `nonzero` ask the device for a size: use "
            "`torch.where` or a mask that multiplies, so that shapes stay fixed"
        )
    if not names:
        parts.append("Take `torch.cuda.synchronize()` out of the loop, and time with events")
    elif not parts or any(name.startswith("aten::copy") for name in names):
        parts.append(
            "Copies from or to pageable memory wait: use pinned tensors and `non_blocking=True`, "
            "and wait on an event where the value is used"
        )
    return ". ".join(parts) + "."


def _code(names: set[str]) -> str | None:
    if names & {*_SCALAR}:
        return "loss_sum += loss.detach()  # and .item() only when it is logged"
    if names & {*_MASK}:
        return "y = torch.where(mask, x, 0)  # instead of x[mask]"
    return None
