"""What a table of launches must say of its trace: the part of a window's notices that no cause of
idle time is needed for, which takes longer to find than everything that the table shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.timeline import trust
from ncutool.timeline.idle_intervals import edges
from ncutool.timeline.launch_calls import without_kernel
from ncutool.timeline.settled import settle

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture, Notice


def of_launches(capture: Capture) -> tuple[Notice, ...]:
    """Return what is to be said of launches that a trace lacks, or holds with impossible times.

    They are the notices of :func:`ncutool.timeline.window.build` on that; where the device was
    idle, and for whose sake, concerns the window alone.
    """
    settled = settle(capture)
    timed = settled.capture.launches.select("start_ns", "duration_ns").filter(
        pl.all_horizontal(pl.all().is_not_null())
    )
    if timed.is_empty():
        return ()
    start, end = edges(timed)
    doubts = trust.Doubts(
        settled.notices,
        lost=trust.lost_kernels(without_kernel(settled.capture), settled.capture),
        beyond_ns=trust.waited_beyond(settled.capture, timed),
    )
    return trust.of_records(doubts, end - start)
