"""Whether a launch is done: it has reached a ceiling that no tuning lifts.

Only positive evidence says so: compulsory bytes that are known, or operations that are, against a
peak that is, and no figure among them that is flagged.
"""

from __future__ import annotations

import polars as pl

from ncutool.base.thresholds import Threshold

MOST_BYTES = Threshold(
    1.1,
    "times the compulsory bytes",
    "a kernel that moves no more has nothing left to save there",
    "judgement: what partial sectors and tiles at the edge cost",
)
BANDWIDTH_PCT = Threshold(
    80.0,
    "% of DRAM bandwidth",
    "a kernel that moves its bytes as fast is done",
    "NVIDIA's rule SOLBottleneck: from 80 % on a unit is highly used",
)
ROOF_PCT = Threshold(
    90.0,
    "% of its compute roof",
    "a kernel that computes as fast is done",
    "judgement: what clocks and the first and last wave leave",
)
MOSTLY_PCT = Threshold(
    90.0,
    "% of the time",
    "what holds for launches with as much of it holds for the whole",
    "judgement: the complement of the share that may stay unseen",
)
WHOLE_PCT = Threshold(100.0, "%", "more than its peak nothing can reach", "arithmetic")

BYTES, ROOF = "compulsory_bytes", "compute_roof"
CEILINGS = (BYTES, ROOF)
_NO_KERNEL = ("copy", "communication", "cache", "unknown")
"""Bounds of launches that no roof holds; what fits in a cache is not held by DRAM."""
_BY_SHAPE = ("shape", "kernel_args")


def with_ceilings(kernels: pl.DataFrame) -> pl.DataFrame:
    """Add to the kernels table which ceiling each launch has reached and by how much.

    Columns: ``ceiling`` (of :data:`CEILINGS`, null), ``ceiling_pct``, ``bandwidth_pct`` (of the
    DRAM peak), ``bytes_ratio`` (counted over compulsory) and ``reached``: null where it is not
    known.
    """
    rate = 100 * pl.col("dram_bytes") / (pl.col("duration_ns") / 1e9) / pl.col("peak_bytes_per_s")
    usable = (
        (pl.col("duration_ns") > 0)
        & (pl.col("peak_bytes_per_s") > 0)
        & pl.col("flag").is_null()
        & pl.col("error").is_null()
        & (pl.col("category") == "kernel")
        & ~pl.col("bound").is_in(_NO_KERNEL)
        & ~(pl.col("peak_bytes_per_s") > pl.col("hardware_bytes_per_s")).fill_null(value=False)
    ).fill_null(value=False)
    exact_bytes = (pl.col("bytes_exactness") == "exact").fill_null(value=False)
    exact_flop = (pl.col("flop_exactness") == "exact").fill_null(value=False)
    compulsory = pl.col("bytes_source").is_in(_BY_SHAPE)
    ratio = pl.col("bytes_measured_over_modelled")
    least = (
        pl.when(compulsory & exact_bytes)
        .then(True)
        .otherwise(ratio.is_between(2 - MOST_BYTES, float(MOST_BYTES)).fill_null(value=False))
    )  # counted bytes far below the modelled ones speak against the model
    fast = pl.col("bandwidth_pct").is_between(float(BANDWIDTH_PCT), float(WHOLE_PCT))
    by_bytes = (usable & least & fast).fill_null(value=False)
    side = (pl.col("roof_side") == "compute").fill_null(value=False)
    near = pl.col("roofline_pct").is_between(float(ROOF_PCT), float(WHOLE_PCT))
    by_roof = (usable & exact_flop & side & near).fill_null(value=False)
    slow = (exact_bytes & (pl.col("bandwidth_pct") < BANDWIDTH_PCT)).fill_null(value=False)
    waste = (ratio > MOST_BYTES).fill_null(value=False)
    below = (exact_flop & side & (pl.col("roofline_pct") < ROOF_PCT)).fill_null(value=False)
    missed = usable & ((side & below) | (~side & pl.col("roof_side").is_not_null() & slow) | waste)
    return kernels.with_columns(bandwidth_pct=rate).with_columns(
        ceiling=pl.when(by_bytes).then(pl.lit(BYTES)).when(by_roof).then(pl.lit(ROOF)),
        ceiling_pct=pl.when(by_bytes).then("bandwidth_pct").when(by_roof).then("roofline_pct"),
        bytes_ratio=ratio,
        reached=pl.when(by_bytes | by_roof).then(True).when(missed).then(False),
    )


def done(reached_ns: int, missed_ns: int, total_ns: int) -> bool | None:
    """Return whether launches together are done; None where too much of them is not known."""
    if total_ns <= 0:
        return None
    if 100 * reached_ns >= MOSTLY_PCT * total_ns:
        return True
    if 100 * missed_ns > (100 - MOSTLY_PCT) * total_ns:
        return False
    return None
