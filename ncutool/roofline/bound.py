"""What holds each launch, why, and which of its figures cannot be right.

Two kinds of evidence: a report's speed-of-light percentages (measured), or a trace's modelled
work over its duration. The thresholds are NVIDIA's in both cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base.nvidia import BALANCED_POINTS, LOW_PCT
from ncutool.base.thresholds import Threshold
from ncutool.roofline import implausible

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device

SMALL_GRID_PCT = Threshold(
    40.0,
    "%",
    "a grid below the SM count is small only under this share of its roof: persistent kernels "
    "keep fewer blocks than SMs on purpose",
    "judgement: persistent kernels of H100 traces run at 60 to 70 %",
)


def with_bound(frame: pl.DataFrame, device: Device | None, clock_step_ns: int = 1) -> pl.DataFrame:
    """``frame`` with ``bound``, ``bound_reason`` and ``flag``.

    Args:
        device: whose multiprocessors, caches and peaks launches are held against.
        clock_step_ns: resolution of the recorded times.
    """
    frame = frame.with_columns(
        (pl.col("grid_x") * pl.col("grid_y") * pl.col("grid_z")).alias("blocks"),
        pl.lit(device.sm_count if device else None, dtype=pl.Int64).alias("sm_count"),
        pl.lit(device.cache_bytes if device else None, dtype=pl.Int64).alias("cache_bytes"),
    )
    frame = frame.with_columns(_bound().alias("bound"))
    return frame.with_columns(
        _reason().alias("bound_reason"), implausible.flag(device, clock_step_ns).alias("flag")
    )


def _by_limits(compute: pl.Expr, memory: pl.Expr, idle: pl.Expr) -> pl.Expr:
    """NVIDIA's decision on two percentages; ``idle`` decides below the threshold of both."""
    return (
        pl.when((compute < LOW_PCT) & (memory < LOW_PCT))
        .then(idle)
        .when((compute - memory).abs() < BALANCED_POINTS)
        .then(pl.lit("balanced"))
        .when(compute > memory)
        .then(pl.lit("compute"))
        .when(memory > compute)
        .then(pl.lit("memory"))
    )


def _bound() -> pl.Expr:
    no_waves = pl.when(pl.col("waves") < 1).then(pl.lit("small_grid")).otherwise(pl.lit("latency"))
    measured = _by_limits(pl.col("sm_sol_pct"), pl.col("memory_sol_pct"), no_waves)
    few_blocks = (pl.col("blocks") < pl.col("sm_count")) & (
        pl.max_horizontal("compute_pct", "bandwidth_pct") < SMALL_GRID_PCT
    )
    too_few = (
        pl.when(few_blocks).then(pl.lit("small_grid")).when(~_at_least()).then(pl.lit("latency"))
    )
    modelled = _by_limits(_compute_share(), pl.col("bandwidth_pct"), too_few)
    in_cache = (pl.col("bandwidth_pct") > 100) & (pl.col("dram_bytes") <= pl.col("cache_bytes"))
    half_known = (pl.col("bandwidth_pct") >= LOW_PCT) & _compute_share().is_null()
    return (
        pl.when(pl.col("category").is_in(["memcpy", "memset"]))
        .then(pl.lit("copy"))
        .when(pl.col("family") == "collective")
        .then(pl.lit("communication"))
        .when(pl.col("sm_sol_pct").is_not_null() & pl.col("memory_sol_pct").is_not_null())
        .then(measured)
        .when(in_cache)
        .then(pl.lit("cache"))
        .when(half_known)
        .then(pl.lit("memory"))
        .otherwise(modelled)
        .fill_null("unknown")
    )


def _at_least() -> pl.Expr:
    """Whether a figure is a lower bound: a small share of a peak then proves nothing."""
    return pl.any_horizontal(
        (pl.col(name) == "lower_bound").fill_null(False)
        for name in ("flop_exactness", "bytes_exactness")
    )


def _compute_share() -> pl.Expr:
    """Share of the compute roof; a known 0 FLOPs is 0 % of any roof."""
    return pl.when(pl.col("flop") == 0).then(pl.lit(0.0)).otherwise(pl.col("compute_pct"))


def _reason() -> pl.Expr:
    has_sol = pl.col("sm_sol_pct").is_not_null() & pl.col("memory_sol_pct").is_not_null()
    limits = pl.format(
        "compute {} % and memory {} % of their speed of light",
        _one(pl.col("sm_sol_pct")),
        _one(pl.col("memory_sol_pct")),
    )
    modelled = pl.format(
        "{} % of the {} roof and {} % of DRAM bandwidth, from {} work",
        _one(_compute_share()),
        pl.col("roof").fill_null("compute"),
        _one(pl.col("bandwidth_pct")),
        _whence(),
    )
    figures = pl.when(has_sol).then(limits).otherwise(modelled)
    blocks = (
        pl.when(has_sol)
        .then(pl.format("; {} waves: the grid does not fill the device", pl.col("waves").round(2)))
        .otherwise(pl.format("; {} blocks for {} SMs", pl.col("blocks"), pl.col("sm_count")))
    )
    return (
        pl.when(pl.col("bound") == "copy")
        .then(pl.lit("a copy or memset, not a kernel"))
        .when(pl.col("bound") == "communication")
        .then(pl.lit("a collective: its time includes waiting for other ranks"))
        .when(pl.col("bound") == "unknown")
        .then(_why_unknown())
        .when(pl.col("bound") == "latency")
        .then(pl.format("neither limit reaches 60 %: {}", figures))
        .when(pl.col("bound") == "small_grid")
        .then(pl.format("neither limit reaches 60 %: {}{}", figures, blocks))
        .when(pl.col("bound") == "cache")
        .then(
            pl.format(
                "{} % of DRAM bandwidth with {} MB, which fit in the last-level cache",
                _one(pl.col("bandwidth_pct")),
                _one(pl.col("dram_bytes") / 1e6),
            )
        )
        .when(_compute_share().is_null() & ~has_sol)
        .then(
            pl.format(
                "{} % of DRAM bandwidth; compute share unknown", _one(pl.col("bandwidth_pct"))
            )
        )
        .otherwise(figures)
    )


def _whence() -> pl.Expr:
    """Where the work came from: a trace's is modelled, but for figures joined from a report."""
    flop, size = pl.col("flop_source") == "joined", pl.col("bytes_source") == "joined"
    return (
        pl.when(pl.col("figures_counted") | (flop & size))
        .then(pl.lit("counted"))
        .when(flop)
        .then(pl.lit("half counted, half modelled (bytes)"))
        .when(size)
        .then(pl.lit("half counted, half modelled (FLOPs)"))
        .otherwise(pl.lit("modelled"))
    )


def _why_unknown() -> pl.Expr:
    return (
        pl.when(pl.col("error").is_not_null())
        .then(pl.col("error"))
        .when(pl.col("duration_ns").is_null())
        .then(pl.lit("no duration was collected"))
        .when(pl.col("duration_ns") == 0)
        .then(pl.lit("recorded with a duration of 0, below the clock's resolution"))
        .when(pl.col("missing_reason").is_not_null())
        .then(pl.col("missing_reason"))
        .when(pl.col("peak_source") == "none")
        .then(pl.lit("the device's peaks are unknown"))
        .when(_at_least() & pl.col("bandwidth_pct").is_not_null())
        .then(
            pl.format(
                "at least {} % of DRAM bandwidth: {}", _one(pl.col("bandwidth_pct")), "remark"
            )
        )
        .when(pl.col("roof").is_null())
        .then(pl.coalesce("remark", pl.lit("the compute roof is unknown")))
        .when(pl.col("peak_flop_per_s").is_null())
        .then(pl.format("no known {} peak for this device", pl.col("roof")))
        .otherwise(pl.lit("not enough figures to tell"))
    )


def _one(expression: pl.Expr) -> pl.Expr:
    return expression.round(1)
