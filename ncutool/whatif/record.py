"""An answer as plain data: rows of alike launches, and what ``--format json`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.analysis.groups import grouped
from ncutool.base.records import fields_of

if TYPE_CHECKING:
    from ncutool.whatif.answer import Answer, Bounds
    from ncutool.whatif.times import Times

SCHEMA = "ncutool/whatif/1"
COLUMNS = (
    "kernel", "op", "signature", "dtype", "launches", "bound", "now_ns", "low_ns", "high_ns",
    "by", "why",
)  # fmt: skip
"""Columns of :attr:`ncutool.whatif.answer.Answer.rows`: the group, its launches, what bound most of
its time, its time now and from and to after the change, by what it changes, and why."""


def rows(times: Times) -> pl.DataFrame:
    """Return alike launches (:func:`ncutool.analysis.groups.grouped`) together, most time first."""
    groups, membership = grouped(times.kernels)
    time = pl.col("now_ns")
    longest = time.arg_max()
    sums = (
        times.frame.with_columns(membership)
        .group_by("group")
        .agg(
            time.sum(),
            pl.col("low_ns", "high_ns").sum().round(0).cast(pl.Int64),
            pl.col("by", "why").get(longest),
            pl.col("by").n_unique().alias("kinds"),
        )
    )
    merged = groups.select("group", *COLUMNS[:6]).join(sums, on="group", how="left")
    mixed = pl.when(pl.col("kinds") > 1)
    return (
        merged.with_columns(
            mixed.then(pl.format("{}; others differ", "why")).otherwise("why").alias("why")
        )
        .sort("now_ns", "group", descending=[True, False])
        .select(COLUMNS)
    )


def facts(answer: Answer) -> dict[str, Any]:
    """Return all of an answer but its rows; times in integer nanoseconds, unknowns None."""
    return {
        "asked": fields_of(answer.question),
        "device": answer.device,
        "kernel_time": _bounds(answer.kernel_time),
        "end_to_end": None if answer.end_to_end is None else _bounds(answer.end_to_end),
        "end_to_end_reason": answer.end_to_end_reason,
        "host_limited": answer.host_limited,
        "as_recorded_low_ns": answer.as_recorded_low_ns,
        "findings_carried_out": [fields_of(item) for item in answer.findings],
        "unchanged": [fields_of(item) for item in answer.unchanged],
        "memory": fields_of(answer.memory),
        "notes": list(answer.notes),
    }


def _bounds(bounds: Bounds) -> dict[str, Any]:
    return {
        **fields_of(bounds),
        "speedup_low": bounds.speedup_low,
        "speedup_high": bounds.speedup_high,
    }
