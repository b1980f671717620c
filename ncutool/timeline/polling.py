"""When a thread asked the device again and again whether it is done: a wait by another name."""

from __future__ import annotations

import polars as pl

from ncutool.base.thresholds import IntThreshold

POLLS = IntThreshold(
    3, "calls", "so many queries in a row, with no other call between, are a wait", "judgement"
)
POLLED_NS = IntThreshold(
    100_000,
    "ns",
    "a shorter run of queries asks about many events once, as the caching allocator does",
    "judgement",
)
_QUERY = r"(Event|Stream)Query"


def spans(calls: pl.DataFrame) -> pl.DataFrame:
    """Return the waits by polling among the calls of one thread: ``row`` of the first query of
    each, ``start_ns`` and ``end_ns``.

    Args:
        calls: ``row``, ``name``, ``start_ns`` and ``end_ns``.
    """
    asks = pl.col("name").str.contains(_QUERY)
    if not calls["name"].unique().str.contains(_QUERY).any():
        return calls.select("row", "start_ns", "end_ns").clear()
    return (
        calls.sort("start_ns", "row")
        .with_columns(asks=asks, run=asks.rle_id())
        .filter("asks")
        .group_by("run", maintain_order=True)
        .agg(pl.col("row").first(), pl.col("start_ns").min(), pl.col("end_ns").max(), n=pl.len())
        .filter((pl.col("n") >= POLLS) & (pl.col("end_ns") - pl.col("start_ns") >= POLLED_NS))
        .select("row", "start_ns", "end_ns")
    )
