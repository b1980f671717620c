"""The sentence that says why a launch has its bound."""

from __future__ import annotations

import polars as pl

LEVEL_WORDS = {
    "dram": "DRAM",
    "l2": "L2",
    "l1": "L1, which holds shared memory too",
    "shared": "shared memory",
    "issue": "issuing instructions",
    "mio": "the queues to memory and special units",
    "constant": "the constant cache",
    "shared_pipe": "the pipe that FP64 and tensor units share",
}
"""What a ``limiting_level`` or its detail is called; all others are names of pipes."""


def at_least() -> pl.Expr:
    """Whether a figure is a lower bound: a small share of a peak then proves nothing."""
    return pl.any_horizontal(
        (pl.col(name) == "lower_bound").fill_null(False)
        for name in ("flop_exactness", "bytes_exactness")
    )


def sentence(busy_pct: float, floor_ns: int) -> pl.Expr:
    """Return ``bound_reason``: one sentence with the numbers that the column ``bound`` rests on.

    Args:
        busy_pct: the threshold of both limits in per cent.
        floor_ns: up to this long a launch takes about the time of launching.
    """
    has_sol = pl.col("sm_sol_pct").is_not_null() & pl.col("memory_sol_pct").is_not_null()
    figures, blocks = _figures(has_sol), _blocks(has_sol)
    return (
        pl.when(pl.col("bound") == "copy")
        .then(pl.lit("a copy or memset, not a kernel"))
        .when(pl.col("bound") == "communication")
        .then(pl.lit("a collective: its time includes waiting for other ranks"))
        .when(pl.col("bound") == "unknown")
        .then(_why_unknown())
        .when((pl.col("bound") == "latency") & ~has_sol)
        .then(
            pl.format(
                f"it takes {{}} µs, and up to {floor_ns / 1000:g} µs the time is that of "
                "launching, whatever the work: {}",
                (pl.col("duration_ns") / 1000).round(1),
                figures,
            )
        )
        .when(pl.col("bound") == "latency")
        .then(pl.format(f"neither limit reaches {busy_pct:.0f} %: {{}}", figures))
        .when(pl.col("bound").is_in(["below_memory_roof", "below_compute_roof"]))
        .then(
            pl.format(
                f"below {busy_pct:.0f} % of its {{}} roof, and what holds it there is not "
                "recorded: {}",
                pl.col("roof_side"),
                figures,
            )
        )
        .when(pl.col("bound") == "small_grid")
        .then(pl.format(f"neither limit reaches {busy_pct:.0f} %: {{}}{{}}", figures, blocks))
        .when(pl.col("bound") == "cache")
        .then(
            pl.format(
                "{} % of DRAM bandwidth with {} MB, which fit in the last-level cache",
                _one(pl.col("bandwidth_pct")),
                _one(pl.col("dram_bytes") / 1e6),
            )
        )
        .when(pl.col("compute_share").is_null() & ~has_sol)
        .then(
            pl.format(
                "{} % of DRAM bandwidth; compute share unknown", _one(pl.col("bandwidth_pct"))
            )
        )
        .otherwise(figures)
    )


def _figures(has_sol: pl.Expr) -> pl.Expr:
    """Return how near a launch is to its limits, measured where ``has_sol``, else modelled."""
    limits = pl.format(
        "compute {} % and memory {} % of their speed of light",
        _one(pl.col("sm_sol_pct")),
        _one(pl.col("memory_sol_pct")),
    )
    modelled = pl.format(
        "{} % of the {} roof and {} % of DRAM bandwidth, from {} work",
        _one(pl.col("compute_share")),
        pl.col("roof").fill_null("compute"),
        _one(pl.col("bandwidth_pct")),
        _whence(),
    )
    level = pl.coalesce("limiting_detail", "limiting_level")
    limits = pl.when(level.is_null()).then(limits).otherwise(limits + _which(level))
    return pl.when(has_sol).then(limits).otherwise(modelled)


def _blocks(has_sol: pl.Expr) -> pl.Expr:
    """Return how far a grid fills its device."""
    return (
        pl.when(has_sol)
        .then(pl.format("; {} waves: the grid does not fill the device", pl.col("waves").round(2)))
        .otherwise(pl.format("; {} blocks for {} SMs", pl.col("blocks"), pl.col("sm_count")))
    )


def _which(level: pl.Expr) -> pl.Expr:
    """Return what of a launch's limits it is that holds it, by name."""
    return pl.format(
        "; the larger is that of {}",
        level.replace_strict(LEVEL_WORDS, default=pl.format("the {} pipe", level)),
    )


def _whence() -> pl.Expr:
    """Return where the work came from: modelled, or counted in a report."""
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
        .when(at_least() & pl.col("bandwidth_pct").is_not_null())
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
