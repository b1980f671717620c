"""The launches of a report one after another: it has no timeline, but it has an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis


def one_after_another(analysis: Analysis, groups: pl.Series) -> pl.DataFrame:
    """Return the launches that have a duration in the capture's order, each beginning where the
    one before ends: columns ``launch_id, begin, finish, bound, group, lane``."""
    rows = (
        analysis.figures.select("launch_id", "bound", "duration_ns")
        .with_columns(groups.alias("group"))
        .filter(pl.col("duration_ns") > 0)
        .sort("launch_id")
    )
    finish = pl.col("duration_ns").cum_sum()
    return rows.select(
        "launch_id",
        "bound",
        "group",
        begin=finish - pl.col("duration_ns"),
        finish=finish,
        lane=pl.lit(0, dtype=pl.Int64),
    )
