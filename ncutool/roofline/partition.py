"""The one partition of launch time that every output uses: what is known of each launch."""

from __future__ import annotations

from typing import TypeVar

import polars as pl

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

UNDERSTOOD = ("on_roofline", "bytes_only", "helper", "copy")
"""The parts whose figures say how near its limit a launch is, or how fast it moved its bytes."""


def with_part(kernels: Frame) -> Frame:
    """Return ``kernels`` with the column ``part``: one of :data:`ncutool.base.tables.PARTS`."""
    return kernels.with_columns(part().alias("part"))


def part() -> pl.Expr:
    """Return the part of each launch: an expression over all rows of a kernels table.

    A launch belongs to exactly one. Communication has no work to model, whatever bytes it states.
    A copy is understood once its size is known. An operator of several kernels (a GEMM and its
    split-K reduction) carries its work on its main kernels: the others are its helpers.
    """
    flop, moved = pl.col("flop"), pl.col("dram_bytes")
    kernel = pl.col("category") == "kernel"
    copy = pl.col("bound") == "copy"
    has_bytes = moved.is_not_null() | pl.col("intensity_flop_per_byte").is_not_null()
    conditions = {
        "no_figures": pl.col("error").is_not_null(),
        "communication": pl.col("bound") == "communication",
        "copy": copy & moved.is_not_null(),
        "on_roofline": (flop > 0) & has_bytes,
        "bytes_only": has_bytes & ~copy,
        "flops_only": flop > 0,
        "helper": kernel & flop.is_null() & moved.is_null() & _of_operator_with_figures(kernel),
    }
    chosen = pl.lit("no_figures")
    for name, condition in reversed(conditions.items()):
        chosen = pl.when(condition.fill_null(False)).then(pl.lit(name)).otherwise(chosen)
    return chosen


def _of_operator_with_figures(kernel: pl.Expr) -> pl.Expr:
    """Whether another kernel of the same call of an operator carries bytes.

    A copy or memset that the operator launched besides has bytes of its own, which say nothing of
    its kernels.
    """
    carries = (pl.col("dram_bytes").is_not_null() & kernel).any().over("op_id")
    return carries & pl.col("op_id").is_not_null()
