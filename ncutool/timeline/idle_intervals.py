"""The idle intervals of each device, and how the launches that end them were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Ints, Union, union
from ncutool.timeline.causes import CAUSE
from ncutool.timeline.devices import DeviceTime
from ncutool.timeline.evidence import EVIDENCE

if TYPE_CHECKING:
    from ncutool.timeline import gap_causes
    from ncutool.timeline.host_activity import Hosts

COLUMNS = {
    "start_ns": pl.Int64,
    "duration_ns": pl.Int64,
    "cause": CAUSE,
    "next_launch_id": pl.Int64,
    "previous_end_ns": pl.Int64,
    "evidence": EVIDENCE,
    "evidence_row": pl.Int64,
    "device": pl.Int64,
}
"""Columns of idle pieces; of a last one, next_launch_id is the launch before it."""


class Known(Struct, frozen=True):
    """What is known beside the launches, for the causes of idle time."""

    hosts: Hosts
    aligned: bool
    operators: bool


def busy_of(points: pl.DataFrame) -> Union:
    """Return when any of the launches runs."""
    starts = points["start_ns"].to_numpy()
    return union(starts, starts + points["duration_ns"].to_numpy())


def edges(points: pl.DataFrame) -> tuple[int, int]:
    """Return the first start and the last end (ns)."""
    ends = points["start_ns"] + points["duration_ns"]
    return int(points["start_ns"].to_numpy().min()), int(ends.to_numpy().max())


def gaps_of(parts: tuple[DeviceTime, ...]) -> pl.DataFrame:
    """Return the idle pieces of all devices, in order of time."""
    if len(parts) == 1:
        return parts[0].gaps
    return pl.concat([part.gaps for part in parts]).sort("start_ns", "device")


def by_device(points: pl.DataFrame, known: Known) -> tuple[DeviceTime, ...]:
    """Return busy and idle time of each device, over the window of all of them.

    Args:
        points: launches with both times, with their calls, in order of start.
    """
    window = edges(points)
    numbers = points["gpu"].unique(maintain_order=True)
    if numbers.len() == 1:
        return (_of_device(points, points.clear(), window, known),)
    return tuple(
        _of_device(
            points.filter(pl.col("gpu") == number), _elsewhere(points, number), window, known
        )
        for number in numbers
    )


def _elsewhere(points: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return the launches on other devices that work of this one may wait for: its process's."""
    own = points.filter(pl.col("gpu") == number)["process"].drop_nulls().unique()
    process = pl.col("process")
    same = process.is_null() | process.is_in(own.implode()) | pl.lit(own.is_empty())
    return points.filter((pl.col("gpu") != number) & same)


def _of_device(
    points: pl.DataFrame, elsewhere: pl.DataFrame, window: tuple[int, int], known: Known
) -> DeviceTime:
    from ncutool.timeline import gap_causes  # which `edges` does without

    busy = busy_of(points)
    idle = _idle(points, busy, elsewhere, window)
    gaps = gap_causes.split(idle, known.hosts, aligned=known.aligned, operators=known.operators)
    number = int(points["gpu"][0])
    last_end = edges(points)[1]
    if last_end < window[1]:
        last = points.filter(pl.col("start_ns") + pl.col("duration_ns") == last_end)["launch_id"]
        row = (last_end, window[1] - last_end, "finished", last[-1], last_end, "launch", last[-1])
        rest = pl.DataFrame([row], schema=list(COLUMNS.items())[:-1], orient="row")
        gaps = pl.concat([gaps, rest])
    return DeviceTime(
        number=number,
        ordinal=points["ordinal"][0],
        process=points["owner"][0],
        busy_ns=busy.total,
        idle_ns=window[1] - window[0] - busy.total,
        gaps=gaps.with_columns(device=pl.lit(number, dtype=pl.Int64)),
    )


def _idle(
    points: pl.DataFrame, busy: Union, elsewhere: pl.DataFrame, window: tuple[int, int]
) -> gap_causes.Idle:
    """Return the intervals from the window's start to the device's last edge in which it runs
    nothing.

    A launch of no recorded duration inside an interval does not divide it; the launch that
    ends it is the first that starts at its end.
    """
    from ncutool.timeline import gap_causes

    first, last = window[0], edges(points)[1]
    starts = np.concatenate([[first], busy.ends])
    ends = np.concatenate([busy.starts, [last]])
    keep = ends > starts
    starts, ends = starts[keep], ends[keep]
    begin = points["start_ns"].to_numpy()
    row = np.minimum(np.searchsorted(begin, ends, side="left"), begin.size - 1)
    finish = begin + points["duration_ns"].to_numpy()
    by_end = np.argsort(finish, kind="stable")
    place = np.searchsorted(finish[by_end], starts, side="right") - 1
    before = by_end[np.maximum(place, 0)]
    communicates = points["communicates"].to_numpy()
    lane = points["lane"].to_numpy()
    following = points.select(
        "launch_id", "thread", "launched", "call_id", "blocking", "from_host", "to_host", "lost"
    )[row]
    other_end = (elsewhere["start_ns"] + elsewhere["duration_ns"]).to_numpy()
    order: Ints = np.argsort(other_end, kind="stable")
    return gap_causes.Idle(
        starts=starts,
        ends=ends,
        next_id=following["launch_id"].to_numpy(),
        thread=following["thread"].fill_null(-1).to_numpy(),
        launched=following["launched"].fill_null(0).to_numpy(),
        call=following["call_id"].fill_null(-1).to_numpy(),
        blocking=following["blocking"].to_numpy(),
        from_host=following["from_host"].to_numpy(),
        to_host=following["to_host"].to_numpy(),
        handover=(place >= 0)
        & (communicates[row] | communicates[before])
        & (lane[row] != lane[before]),
        lost=following["lost"].to_numpy(),
        elsewhere=busy_of(elsewhere),
        elsewhere_end=other_end[order],
        elsewhere_id=elsewhere["launch_id"].to_numpy()[order],
    )
