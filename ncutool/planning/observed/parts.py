"""Which part of a step each launch belongs to, by its operator, else by its kernel's name."""

from __future__ import annotations

import numpy as np
import polars as pl

from ncutool.base.intervals import union
from ncutool.planning.llm.comparison import (
    ATTENTION,
    COMMUNICATION,
    EXPERTS,
    GROUPS,
    IDLE,
    PRODUCTS,
    REST,
    UNKNOWN,
    Part,
)
from ncutool.timeline.window import Timeline
from ncutool.work.kernel_facts import column

_GROUP_OF = {
    "experts": EXPERTS,
    "attention": ATTENTION,
    "products": PRODUCTS,
    "rest": REST,
}
_REST_FAMILIES = (
    "normalization",
    "softmax",
    "elementwise",
    "reduction",
    "copy",
    "indexing",
    "optimizer",
    "triton",
)


def placed(kernels: pl.DataFrame) -> pl.DataFrame:
    """Add ``part``, one of GROUPS, and ``named``, whether a kernel's name alone told it."""
    of_op = column(pl.col("op"), "part")
    by_operator = (
        pl.when(pl.col("bound") == "communication")
        .then(pl.lit(COMMUNICATION))
        .when(of_op == "experts")
        .then(pl.lit(EXPERTS))
        .when((pl.col("family") == "attention") | (of_op == "attention"))
        .then(pl.lit(ATTENTION))
        .when(pl.col("family") == "gemm")
        .then(pl.lit(PRODUCTS))
        .when(pl.col("family").is_in(_REST_FAMILIES) | (pl.col("bound") == "copy"))
        .then(pl.lit(REST))
    )
    name = pl.col("kernel_full")
    by_name = (
        pl.when(column(name, "communicates"))
        .then(pl.lit(COMMUNICATION))
        .otherwise(column(name, "part").replace_strict(_GROUP_OF, default=UNKNOWN))
    )
    return kernels.with_columns(part=pl.coalesce(by_operator, by_name), named=by_operator.is_null())


def times(rows: pl.DataFrame, timeline: Timeline) -> tuple[Part, ...]:
    """Return the window divided by part: where launches overlap, the first of GROUPS counts.

    Args:
        rows: of :func:`placed`.
    """
    window = (timeline.start_ns, timeline.end_ns)
    rows = rows.with_columns(
        start=pl.col("start_ns").clip(*window),
        end=(pl.col("start_ns") + pl.col("duration_ns")).clip(*window),
    ).drop_nulls(["start", "end"])
    starts = ends = np.zeros(0, dtype=np.int64)
    covered, parts = 0, []
    for name in GROUPS[:-1]:
        mine = rows.filter(pl.col("part") == name)
        starts = np.concatenate([starts, mine["start"].to_numpy()])
        ends = np.concatenate([ends, mine["end"].to_numpy()])
        total = union(starts, ends).total
        named = mine.filter(pl.col("named"))
        by_name = int((named["end"] - named["start"]).sum())
        parts.append(Part(name, total - covered, min(by_name, total - covered)))
        covered = total
    return (*parts, Part(IDLE, timeline.wall_ns - covered))
