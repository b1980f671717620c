"""The lanes of the timeline: which launch stands in which, and what each lane is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.intervals import Union, union
from ncutool.timeline.devices import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.analyse import Analysis
    from ncutool.timeline.devices import DeviceTime
    from ncutool.timeline.window import Timeline

MOST_LANES = 6
_NAMED = 12
_KEY = ("gpu", "stream")


class Lane(Struct, frozen=True):
    """One row of launches."""

    label: str
    """A few letters to stand beside it."""
    title: str
    """Which streams it holds."""


class _Streams(Struct):
    """Streams that share a lane: keys of device number and stream."""

    keys: list[tuple[int, int | None]]
    time_ns: int
    graph: bool
    busy: Union


def in_window(analysis: Analysis, timeline: Timeline, groups: pl.Series) -> pl.DataFrame:
    """Return the timed launches inside the window, their times counted from its start (ns).

    Columns ``launch_id, begin, finish, bound, group, gpu, stream, graph_replay``.
    """
    start, end = timeline.start_ns, timeline.end_ns
    rows = analysis.figures.select(
        "launch_id",
        "bound",
        "stream",
        pl.col("graph_replay").fill_null(value=False),
        begin=pl.col("start_ns").clip(start, end) - start,
        finish=(pl.col("start_ns") + pl.col("duration_ns")).clip(start, end) - start,
    ).with_columns(groups.alias("group"))
    if len(timeline.devices) > 1:
        launches = analysis.capture.launches
        devices = launches.select("launch_id").with_columns(numbered(launches)["gpu"])
        rows = rows.join(devices, on="launch_id", how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("gpu").fill_null(0))
    else:
        rows = rows.with_columns(gpu=pl.lit(0, dtype=pl.Int64))
    return rows.drop_nulls(["begin", "finish"]).filter(pl.col("finish") > pl.col("begin"))


def laned(placed: pl.DataFrame, devices: Sequence[DeviceTime]) -> tuple[pl.DataFrame, list[Lane]]:
    """Return the launches with the number of their ``lane``, and the lanes from the top.

    A stream has a lane of its own. Streams that only replay graphs share one where none of their
    launches overlap. Where that leaves more than :data:`MOST_LANES`, several devices get a lane
    each, and the streams with the least time one together.
    """
    lanes = _packed(_streams(placed))
    whole = False
    if len(lanes) > MOST_LANES and len(devices) > 1:
        lanes, whole = _by_device(lanes), True
    lanes.sort(key=lambda lane: (-lane.time_ns, lane.keys[0][0], str(lane.keys[0][1])))
    rest = lanes[MOST_LANES - 1 :] if len(lanes) > MOST_LANES else []
    kept = lanes[: len(lanes) - len(rest)]
    if len(devices) > 1:
        kept.sort(key=lambda lane: lane.keys[0][0])
    names = [_named(lane, devices, placed, whole) for lane in kept]
    if rest:
        keys = [key for lane in rest for key in lane.keys]
        noun = "other device" if whole else "other stream"
        count = units.counted(len(rest) if whole else len(keys), noun)
        names.append(Lane(count, f"{count} with less time"))
    numbers = {key: number for number, lane in enumerate(kept) for key in lane.keys}
    numbers |= {key: len(kept) for lane in rest for key in lane.keys}
    table = pl.DataFrame(
        {
            "gpu": [gpu for gpu, _ in numbers],
            "stream": [stream for _, stream in numbers],
            "lane": list(numbers.values()),
        },
        schema={"gpu": pl.Int64, "stream": pl.Int64, "lane": pl.Int64},
    )
    rows = placed.join(table, on=_KEY, how="left", nulls_equal=True, maintain_order="left")
    return rows.drop("gpu", "stream", "graph_replay"), names


def _streams(placed: pl.DataFrame) -> list[_Streams]:
    """Return each stream of each device, the one with the most time first."""
    found = []
    for rows in placed.partition_by(_KEY, maintain_order=True):
        busy = union(rows["begin"].to_numpy(), rows["finish"].to_numpy())
        key = (int(rows["gpu"][0]), rows["stream"][0])
        found.append(_Streams([key], busy.total, bool(rows["graph_replay"].all()), busy))
    return sorted(found, key=lambda one: (-one.time_ns, one.keys[0][0], str(one.keys[0][1])))


def _packed(streams: list[_Streams]) -> list[_Streams]:
    """Let streams that only replay graphs share a lane where they do not overlap."""
    lanes: list[_Streams] = []
    for stream in streams:
        home = next((lane for lane in lanes if _room(lane, stream)), None)
        if home is None:
            lanes.append(stream)
            continue
        home.keys += stream.keys
        home.time_ns += stream.time_ns
        home.busy = _both(home.busy, stream.busy)
    return lanes


def _room(lane: _Streams, stream: _Streams) -> bool:
    if not (lane.graph and stream.graph and lane.keys[0][0] == stream.keys[0][0]):
        return False
    return int(lane.busy.covered(stream.busy.starts, stream.busy.ends).sum()) == 0


def _both(one: Union, other: Union) -> Union:
    starts = pl.concat([pl.Series(one.starts), pl.Series(other.starts)]).to_numpy()
    ends = pl.concat([pl.Series(one.ends), pl.Series(other.ends)]).to_numpy()
    return union(starts, ends)


def _by_device(lanes: list[_Streams]) -> list[_Streams]:
    """Put all streams of a device on one lane."""
    devices: dict[int, _Streams] = {}
    for lane in lanes:
        home = devices.setdefault(lane.keys[0][0], _Streams([], 0, graph=False, busy=lane.busy))
        home.keys += lane.keys
        home.time_ns += lane.time_ns
    return list(devices.values())


def _named(
    lane: _Streams, devices: Sequence[DeviceTime], placed: pl.DataFrame, whole: bool
) -> Lane:
    streams = [_stream(stream) for _, stream in lane.keys]
    several = f"{len(streams)} graph streams" if lane.graph else f"{len(streams)} streams"
    label = f"stream {streams[0]}" if len(streams) == 1 else several
    shown = ", ".join(streams[:_NAMED])
    more = f" and {units.count(len(streams) - _NAMED)} more" if len(streams) > _NAMED else ""
    title = f"stream {shown}" if len(streams) == 1 else f"{several}: {shown}{more}"
    if len(devices) < 2:
        return Lane(label, title)
    number = lane.keys[0][0]
    device = next((one for one in devices if one.number == number), None)
    if device is None:
        return Lane(label, title)
    short = "GPU ?" if device.ordinal is None else f"GPU {device.ordinal}"
    if device.process is not None:
        short = f"process {device.process}"
        if len({one.ordinal for one in devices}) > 1:
            short = f"P{device.process} GPU {'?' if device.ordinal is None else device.ordinal}"
    alone = placed.filter(pl.col("gpu") == number)["stream"].n_unique() == 1
    if not (whole or alone):
        short += f" · {streams[0]}" if len(streams) == 1 else f" · {len(streams)} graph"
    return Lane(short, f"{device.name}, {title}")


def _stream(number: int | None) -> str:
    return "?" if number is None else str(number)
