"""What a table of launches must say of its trace: the part of a window's notices that no cause of
idle time is needed for, which takes longer to find than everything that the table shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.timeline import trust
from ncutool.timeline.idle_intervals import edges
from ncutool.timeline.launch_calls import launch_points, without_kernel
from ncutool.timeline.settled import settle

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture, Notice

_TIMED = pl.col("start_ns").is_not_null() & pl.col("duration_ns").is_not_null()


def of_launches(capture: Capture) -> tuple[Notice, ...]:
    """Return what is to be said of launches that a trace lacks, or holds with impossible times or
    without their calls.

    They are the notices of :func:`ncutool.timeline.window.build` on that; where the device was
    idle, and for whose sake, concerns the window alone.
    """
    settled = settle(capture)
    capture = settled.capture
    timed = capture.launches.select("start_ns", "duration_ns", "call_id").filter(_TIMED)
    if timed.is_empty():
        return ()
    start, end = edges(timed)
    doubts = trust.Doubts(
        settled.notices,
        lost=trust.lost_kernels(without_kernel(capture), capture),
        beyond_ns=trust.waited_beyond(capture, timed),
    )
    prefix = _prefix(capture, end - start) if _begins_unlinked(timed) else None
    return (*trust.of_records(doubts, end - start), *([] if prefix is None else [prefix]))


def _begins_unlinked(timed: pl.DataFrame) -> bool:
    """Whether launches with no launch record come before the first that has one."""
    linked = timed.filter(pl.col("call_id").is_not_null())["start_ns"]
    return bool((timed["start_ns"] < linked.min()).any()) if linked.len() else False


def _prefix(capture: Capture, wall_ns: int) -> Notice | None:
    from ncutool.timeline import steps

    points = launch_points(capture).filter(_TIMED).sort("start_ns", "launch_id")
    return steps.find(points, capture).notice(wall_ns)
