"""Launches with which a tuner tries kernels on one call of an operator.

TunableOp, `cudnn.benchmark` and other tuners run many kernels on the same data, inside the call
that asked first, and keep the fastest. Each of them does the call's whole work, so that sharing it
out over all of them makes every one look hopelessly slow, and advice on them is about kernels that
nobody uses later on. A call of one product needs one kernel that multiplies: several different ones
are the evidence. A kernel that is launched again and again is none: some libraries take a batch
sample by sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from ncutool.base.thresholds import IntThreshold
from ncutool.work.kernel_facts import facts_of

ALTERNATIVES = IntThreshold(
    3,
    "kernels",
    "different ones that multiply within one call of one product: a tuner's trials from here on",
    "judgement: at most two for each product in the corpus",
)
WHOLE = (
    "a tuner's trial: {} launches of {} kernels within one call, each of which did its whole work"
)
UNKNOWN = "a tuner's trial: which part of the call's work it did is not known"
_ONE_PRODUCT = re.compile(
    r"^aten::(mm|addmm_?|bmm|baddbmm_?|_addmm_activation|linear|matmul|_scaled_mm|_int_mm|addmv_?|mv"
    r"|(cudnn|miopen|mkldnn)_convolution\w*|conv[123]d|_?convolution|convolution_overrideable)$"
)
_TWO_PRODUCTS = re.compile(r"^aten::(\w+_)?convolution_backward$")
_GEMM = re.compile(r"^aten::(mm|addmm_?|bmm|baddbmm_?|_addmm_activation|linear|matmul|\w+_mm)$")


def products_of(op: str) -> int:
    """Return how many products one call of an operator needs at most; 0 where that is not known."""
    if _TWO_PRODUCTS.search(op):
        return 2
    return 1 if _ONE_PRODUCT.search(op) else 0


def multiplies(kernel: str) -> bool:
    """Whether a kernel's name speaks of a whole product, as no helper's and no part's does."""
    facts = facts_of(kernel)
    speaks = facts.tile is not None or bool(facts.names_product)
    return speaks and facts.role is None and not facts.transformed


def marked(rows: pl.DataFrame) -> pl.DataFrame:
    """Return launch_id, trial, alternatives and whole of each launch of a call that was tuned.

    Args:
        rows: launch_id, op_id, op, kernel_full, grid and block, one a launch of a kernel.

    ``whole`` tells the launches that did the call's whole work: of matrix products those of kernels
    that multiply. A convolution has algorithms of several kernels, each of which does a part.
    """
    called = rows.filter(pl.col("op").is_not_null())
    needed = called.with_columns(_told(called["op"], products_of, pl.Int64).alias("needed"))
    needed = needed.filter(pl.col("needed") > 0)
    needed = needed.with_columns(
        _told(needed["kernel_full"], multiplies, pl.Boolean).alias("multiplies")
    )
    kernel = pl.struct("kernel_full", "grid", "block")
    counted = needed.with_columns(
        kernel.filter(pl.col("multiplies")).n_unique().over("op_id").alias("alternatives"),
        pl.col("multiplies").sum().over("op_id").alias("trials"),
    )
    tuned = counted.filter(
        (pl.col("multiplies").any().over("op_id"))
        & (pl.col("alternatives") >= pl.col("needed") + ALTERNATIVES - 1)
    )
    gemm = pl.col("op").str.contains(_GEMM.pattern)
    return tuned.select(
        "launch_id",
        pl.lit(True).alias("trial"),
        "alternatives",
        "trials",
        (gemm & pl.col("multiplies")).alias("whole"),
    )


def _told(values: pl.Series, fact: Callable[[str], object], dtype: type[pl.DataType]) -> pl.Series:
    """Return what ``fact`` says of each value of a column of text, asked once a distinct one."""
    known = values.unique()
    found = pl.Series([fact(value) for value in known], dtype=dtype)
    if not known.len():
        return found
    told: pl.Series = values.replace_strict(known, found, return_dtype=dtype)
    return told
