"""The steps and annotations above the lanes: the outermost, and what lies within them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.looked_up import looked_up
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture

_ROWS = 2
_MOST = 80
"""Annotations drawn in a row; the longest ones are kept."""
_WORTH = 0.2
"""The share of the window that an inner row must name to be drawn."""
_TOUCHING = 0.01
"""The share of the window by which neighbours in a row may overlap, as steps of two streams do."""
_NAME = 120


class Band(Struct, frozen=True):
    """One annotation, in percent of the window."""

    name: str
    left_pct: float
    width_pct: float
    start_ns: int
    """Since the capture's first launch, as starts of launches."""
    length_ns: int


def bands(capture: Capture, timeline: Timeline) -> tuple[tuple[Band, ...], ...]:
    """Return rows of annotations, the outermost first; none where nothing is annotated.

    An annotation lies where the GPU's timeline records it, or, where that records none, from the
    start of the first launch that the host made within it to the end of the last.
    """
    marks = capture.annotations.filter(pl.col("on_device")).select("name", "start_ns", "end_ns")
    if not marks.height:
        marks = _of_host(capture)
    start, end = timeline.start_ns, timeline.end_ns
    marks = (
        marks.unique()
        .sort("start_ns", "end_ns", "name", descending=[False, True, False])
        .with_columns(pl.col("start_ns", "end_ns").clip(start, end))
        .filter(pl.col("end_ns") > pl.col("start_ns"))
    )
    rows: list[tuple[Band, ...]] = []
    while marks.height and len(rows) < _ROWS:
        outer = _apart(marks, _outermost(marks), timeline.wall_ns)
        row = marks.filter(outer)
        marks = marks.filter(~outer)
        if rows and (row["end_ns"] - row["start_ns"]).sum() < _WORTH * timeline.wall_ns:
            break
        if not rows or not _says_nothing_new(row, rows[-1]):
            rows.append(_drawn(row, timeline))
    return tuple(rows)


def _of_host(capture: Capture) -> pl.DataFrame:
    """Return the host's annotations, each with the time of what was launched within it."""
    host = capture.annotations.filter(~pl.col("on_device"))
    empty = pl.DataFrame(schema={"name": pl.String, "start_ns": pl.Int64, "end_ns": pl.Int64})
    if not host.height:
        return empty
    calls = capture.calls.select("call_id", call_start="start_ns")
    points = capture.launches.select(
        "start_ns", "duration_ns", *looked_up(capture.launches["call_id"], calls, "call_id")
    )
    points = points.drop_nulls().sort("call_start")
    called = points["call_start"].to_numpy()
    begin = points["start_ns"].to_numpy()
    finish = begin + points["duration_ns"].to_numpy()
    first = called.searchsorted(host["start_ns"].to_numpy()).tolist()
    last = called.searchsorted(host["end_ns"].to_numpy()).tolist()
    found = [
        (name, int(begin[low:high].min()), int(finish[low:high].max()))
        for name, low, high in zip(host["name"], first, last, strict=True)
        if high > low
    ]
    return pl.DataFrame(found, schema=empty.schema, orient="row") if found else empty


def _outermost(marks: pl.DataFrame) -> pl.Series:
    """Whether no other annotation holds each (they are in order of start, the longest first)."""
    ends = marks["end_ns"].to_numpy()
    reach = np.concatenate([[ends[0] - 1], np.maximum.accumulate(ends)[:-1]])
    return pl.Series(ends > reach)


def _apart(marks: pl.DataFrame, outer: pl.Series, wall_ns: int) -> pl.Series:
    """Keep of the outermost annotations those that can stand in one row, the longest first."""
    begin, end = marks["start_ns"].to_numpy(), marks["end_ns"].to_numpy()
    kept: list[int] = []
    candidates = np.flatnonzero(outer.to_numpy())
    order = candidates[np.argsort(begin[candidates] - end[candidates], kind="stable")][:_MOST]
    for place in order.tolist():
        common = np.minimum(end[place], end[kept]) - np.maximum(begin[place], begin[kept])
        if (common <= _TOUCHING * wall_ns).all():
            kept.append(place)
    mask = np.zeros(marks.height, dtype=np.bool_)
    mask[kept] = True
    return pl.Series(mask)


def _says_nothing_new(row: pl.DataFrame, above: tuple[Band, ...]) -> bool:
    """Whether a row only repeats the annotations above it, as one call within another does."""
    told = {(band.start_ns, band.length_ns) for band in above}
    own = zip(row["start_ns"], row["end_ns"], strict=True)
    return all((start, end - start) in told for start, end in own)


def _drawn(row: pl.DataFrame, timeline: Timeline) -> tuple[Band, ...]:
    wall = timeline.wall_ns
    return tuple(
        Band(
            printable(name, _NAME),
            round(100 * (start - timeline.start_ns) / wall, 3),
            round(100 * (end - start) / wall, 3),
            start,
            end - start,
        )
        for name, start, end in row.sort("start_ns", "end_ns").iter_rows()
    )
