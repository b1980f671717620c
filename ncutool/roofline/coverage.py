"""What share of the GPU time is understood, and why the rest is not."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class MissingWork:
    """Launches without FLOPs or bytes that share one reason."""

    reason: str
    duration_ns: int
    pct: float
    launches: int


@dataclass(frozen=True)
class Coverage:
    """Shares of the summed launch time; every page and every JSON opens with them."""

    launches: int
    duration_ns: int
    """Sum of the durations of all launches (overlap counted twice)."""
    flop_pct: float | None
    """Share with known FLOPs (a known 0 counts); None where no time was recorded."""
    bytes_pct: float | None
    """Share with known bytes."""
    understood_pct: float | None
    """Share with both, or of a class that has no work to model (copies, communication)."""
    missing: tuple[MissingWork, ...]
    """The rest by reason, most time first."""


def cover(kernels: pl.DataFrame) -> Coverage:
    """The coverage of a ``kernels`` table."""
    frame = kernels.select(
        pl.col("duration_ns").fill_null(0),
        _known("flop").alias("has_flop"),
        _known("dram_bytes").alias("has_bytes"),
        pl.col("bound").is_in(["copy", "communication"]).alias("no_work"),
        pl.coalesce("error", "missing_reason", pl.lit("not known")).alias("reason"),
    )
    total = int(frame["duration_ns"].sum())
    understood = (pl.col("has_flop") & pl.col("has_bytes")) | pl.col("no_work")
    missing = (
        frame.filter(~understood)
        .group_by("reason")
        .agg(pl.col("duration_ns").sum(), pl.len().alias("launches"))
        .sort("duration_ns", "launches", "reason", descending=[True, True, False])
    )
    return Coverage(
        launches=kernels.height,
        duration_ns=total,
        flop_pct=_share(frame.filter("has_flop"), total),
        bytes_pct=_share(frame.filter("has_bytes"), total),
        understood_pct=_share(frame.filter(understood), total),
        missing=tuple(
            MissingWork(
                reason=row["reason"],
                duration_ns=row["duration_ns"],
                pct=100 * row["duration_ns"] / total if total else 0.0,
                launches=row["launches"],
            )
            for row in missing.iter_rows(named=True)
        ),
    )


def _known(figure: str) -> pl.Expr:
    """Whether a launch's figure is known: its own, or its operator's.

    An operator of several kernels (a GEMM and its split-K reduction) carries its work once, on
    its main kernels; the time of the others is understood with it. A copy or memset that it
    launched besides has bytes of its own, which say nothing of its kernels.
    """
    own = pl.col(figure).is_not_null()
    kernel = pl.col("category") == "kernel"
    of_operator = (own & kernel).any().over("op_id") & pl.col("op_id").is_not_null()
    return own | (of_operator & kernel)


def _share(frame: pl.DataFrame, total: int) -> float | None:
    return 100 * int(frame["duration_ns"].sum()) / total if total else None
