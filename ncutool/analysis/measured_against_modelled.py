"""Measured over modelled work by kernel: where traffic is redundant, or the model wrong."""

from __future__ import annotations

import polars as pl

SCHEMA = pl.Schema(
    {
        "op": pl.String(),
        "kernel": pl.String(),
        "signature": pl.String(),
        "launches": pl.Int64(),
        "duration_ns": pl.Int64(),
        "measured_bytes": pl.Float64(),
        "modelled_bytes": pl.Float64(),
        "bytes_ratio": pl.Float64(),
        "flop_ratio": pl.Float64(),
        "flag": pl.String(),
    }
)


def against_model(kernels: pl.DataFrame) -> pl.DataFrame:
    """Return kernels with joined figures, those of one kernel, operator and shapes together.

    Returns:
        Columns of :data:`SCHEMA`, most time first: launches and their time, DRAM bytes of all of
        them as measured and as modelled (null where the model does not say it of the kernel
        itself), the middle one's ratios of its whole operator, and its flag.
    """
    joined = (pl.col("flop_source") == "joined") | (pl.col("bytes_source") == "joined")
    ratio = pl.col("bytes_measured_over_modelled")
    measured = pl.col("bytes_source") == "joined"
    return (
        kernels.filter(joined)
        .group_by("op", "kernel", "signature", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("launches"),
            pl.col("duration_ns").sum(),
            _whole(pl.when(measured).then("dram_bytes")).alias("measured_bytes"),
            _whole(pl.col("modelled_bytes")).alias("modelled_bytes"),
            ratio.median().alias("bytes_ratio"),
            pl.col("flop_measured_over_modelled").median().alias("flop_ratio"),
            pl.col("flag").drop_nulls().first(),
        )
        .sort("duration_ns", "op", "kernel", "signature", descending=[True, False, False, False])
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
    )


def _whole(figure: pl.Expr) -> pl.Expr:
    """Return the sum where every launch of the group has the figure, else null."""
    return pl.when(figure.is_not_null().all()).then(figure.sum())
