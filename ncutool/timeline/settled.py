"""Recorded times that cannot be right, taken out before anything is made of them.

A reader marks them (``doubt``). What remains of such a launch depends on which of its times is
wrong; the launch itself stays, with that time unknown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold, Threshold
from ncutool_parsers.capture import Notice

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

UNALIGNED_SHARE = Threshold(
    0.5,
    "share of launches",
    "so many that start before their own call tell of two clocks, not of single bad records",
    "judgement",
)
CONTINUES_NS = IntThreshold(
    5_000,
    "ns",
    "a launch that starts so soon after the one before it on its stream was queued behind it, and "
    "ran when it says",
    WORKED_TRACES,
)
_TIMED = pl.col("start_ns").is_not_null() & pl.col("duration_ns").is_not_null()


class Settled(Struct, frozen=True):
    """A capture without the times that cannot be right."""

    capture: Capture
    aligned: bool
    """Host and device share a clock: what the host did says why the device waited."""
    notices: tuple[Notice, ...]
    """How many launches are concerned, and what that means."""


def settle(capture: Capture) -> Settled:
    """Return the capture with impossible times unknown, and what to say of them.

    A launch that runs past the next of its stream has no known duration; one that starts before
    its own call has no known start; one recorded twice counts once. Where launches that start too
    early follow one another as the device runs them, all of them are right but for the clock: they
    stay, and only what the host did meanwhile is not known.
    """
    launches = capture.launches
    doubt = launches["doubt"]
    if doubt.null_count() == doubt.len():
        return Settled(capture, aligned=True, notices=())
    early = (pl.col("doubt") == "before_call") & pl.col("start_ns").is_not_null()
    marked = launches.select(early.fill_null(value=False).alias("early"))["early"]
    aligned = not marked.any() or not _one_clock_is_off(capture, marked)
    wrong_start = ["before_call", "doubled"] if aligned else ["doubled"]
    settled = launches.with_columns(
        start_ns=pl.when(~pl.col("doubt").is_in(wrong_start).fill_null(value=False)).then(
            "start_ns"
        ),
        duration_ns=pl.when(
            ~pl.col("doubt").is_in(["overruns_next", "doubled"]).fill_null(value=False)
        ).then("duration_ns"),
    )
    notices = tuple(_notices(launches, aligned=aligned))
    return Settled(replace(capture, launches=settled), aligned, notices)


def _one_clock_is_off(capture: Capture, early: pl.Series) -> bool:
    """Whether launches start before their calls because the device's clock is off for all.

    Were single records wrong, each launch could have run between its call and the next launch of
    its stream that is right; where they cannot, they ran when they say, on a clock of its own. So
    did one that follows a launch that is right without a gap.
    """
    calls = capture.calls.select("call_id", call_start="start_ns")
    rows = (
        capture.launches.with_columns(early=early)
        .filter(_TIMED)
        .join(calls, on="call_id", how="inner", maintain_order="left")
    )
    if rows["early"].sum() >= UNALIGNED_SHARE * rows.height:
        return True
    moments = rows.sort("call_start", "launch_id").select(
        "process", "device", "stream", "early", "call_start", "start_ns", "duration_ns"
    )
    free: dict[tuple[object, ...], int] = {}
    ended: dict[tuple[object, ...], int] = {}
    for process, device, stream, is_early, called, start, length in moments.iter_rows():
        lane = (process, device, stream)
        if is_early:
            if lane in ended and 0 <= start - ended[lane] <= CONTINUES_NS:
                return True
            free[lane] = max(free.get(lane, called), called) + length
        elif lane in free and free.pop(lane) > start:
            return True
        else:
            ended[lane] = start + length
    return False


def _notices(launches: pl.DataFrame, *, aligned: bool) -> list[Notice]:
    """Return what is made of the launches; a reader has said which they are and why."""
    counts = dict(launches.group_by("doubt").len().drop_nulls().iter_rows())
    many = {kind: units.counted(count, "launch") for kind, count in counts.items()}
    notices = []
    if "before_call" in many and aligned:
        text = (
            f"The starts of {many['before_call']} that precede their call are taken for unknown: "
            "the window is that of the others."
        )
        notices.append(Notice("impossible_start", text, "info"))
    elif "before_call" in many:
        text = (
            "The clocks of host and device do not agree. Busy and idle time are the device's own "
            "and hold; that the host caused any of it is not told."
        )
        notices.append(Notice("clocks_apart", text))
    if "overruns_next" in many:
        text = (
            f"The durations of {many['overruns_next']} that cannot be right are taken for unknown: "
            "they are in no sum, and the time that they really took looks idle."
        )
        notices.append(Notice("impossible_duration", text, "info"))
    if "doubled" in many:
        text = f"{many['doubled']} recorded twice, or of a rank given twice: each counts once."
        notices.append(Notice("doubled", text, "info"))
    return notices
