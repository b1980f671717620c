"""When a thread captured a graph: its launch calls then launch nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ncutool.timeline.call_names import BEGIN_CAPTURE, END_CAPTURE, INSTANTIATE, LAUNCH

if TYPE_CHECKING:
    from ncutool.base.intervals import Ints


def spans(calls: pl.DataFrame) -> pl.DataFrame:
    """Return the captures among the calls of one thread: ``row`` of the call that began each,
    ``start_ns`` and ``end_ns``.

    A capture lasts from the call that begins it to the one that ends it, and on to the
    instantiation of the graph where nothing is launched before that. One whose beginning or end is
    not recorded is left out: how long it took is not known.

    Args:
        calls: ``row``, ``name``, ``start_ns`` and ``end_ns``.
    """
    name = pl.col("name")
    marks = (
        calls.filter(name.str.contains(f"{BEGIN_CAPTURE}|{END_CAPTURE}|{INSTANTIATE}"))
        .sort("start_ns", "row")
        .select("row", "name", "start_ns", "end_ns")
    )
    schema = {"row": pl.Int64, "start_ns": pl.Int64, "end_ns": pl.Int64}
    if marks.is_empty():
        return pl.DataFrame(schema=schema)
    launched = np.sort(calls.filter(name.str.contains(LAUNCH))["start_ns"].to_numpy())
    found: list[tuple[int, int, int]] = []
    open_row, begun, ended = -1, 0, False
    for row, call, start, end in marks.iter_rows():
        if BEGIN_CAPTURE in call:
            open_row, begun, ended = row, start, False
        elif END_CAPTURE in call and open_row >= 0 and not ended:
            found.append((open_row, begun, end))
            ended = True
        elif ended and open_row >= 0 and _none_between(launched, found[-1][2], start):
            found[-1] = (found[-1][0], begun, max(end, found[-1][2]))
            open_row = -1
        else:
            open_row = -1
    return pl.DataFrame(found, schema=schema, orient="row")


def _none_between(moments: Ints, start: int, end: int) -> bool:
    first, last = np.searchsorted(moments, [start, end])
    return bool(first == last)
