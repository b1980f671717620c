"""Figures above 100 % of a peak: said with the cause that the evidence speaks for, never clipped.

A share above its peak is a wrong number somewhere: a time, an amount of work, a peak. Which one
is told by what else is known: how coarse the trace's clock is, whether the data fit in the last
cache, whether other launches exceed the peak too, and by how much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base.nvidia import PEAK_LIMIT
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import ABOVE_DATASHEET_PCT

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device

CLOCK_STEPS = IntThreshold(
    20,
    "clock steps",
    "a shorter launch has a duration that is off by 5 % or more",
    "arithmetic: a recorded time is off by up to one step",
)
MANY_LAUNCHES = IntThreshold(
    3, "launches", "so many above a peak speak against the peak, not against them", "judgement"
)
MANY_SHARE = Threshold(
    0.2, "share of launches", "so many of all held against a peak must exceed it, too", "judgement"
)


COUNTED = ("over_compute", "held_compute", "over_bandwidth", "held_bandwidth")
"""The columns of :func:`counts`."""


def counts(clock_step_ns: int) -> list[pl.Expr]:
    """Return how many launches are held against each of a trace's two peaks, and how many of them
    lie further above it than clocks, caches and rounding explain: the same for every launch."""
    return [
        count.fill_null(False).sum().alias(name)
        for peak, (over, held) in (
            ("compute", _compute_crowd(clock_step_ns)),
            ("bandwidth", _bandwidth_crowd(clock_step_ns)),
        )
        for name, count in ((f"over_{peak}", over), (f"held_{peak}", held))
    ]


def exceeds() -> pl.Expr:
    """Whether a trace's launch has a flag."""
    over = (pl.col(share) > 100 for share in ("compute_pct", "bandwidth_pct"))
    return pl.any_horizontal(over).fill_null(value=False)


def _compute_crowd(clock_step_ns: int) -> tuple[pl.Expr, pl.Expr]:
    pct = pl.col("compute_pct")
    _, coarse = _coarse(pct, clock_step_ns)
    return (pct > ABOVE_DATASHEET_PCT) & ~coarse, pct.is_not_null()


def _bandwidth_crowd(clock_step_ns: int) -> tuple[pl.Expr, pl.Expr]:
    pct = pl.col("bandwidth_pct")
    _, coarse = _coarse(pct, clock_step_ns)
    own = ~_fits() & ~coarse & (pl.col("bytes_source") != "joined")
    return (pct > ABOVE_DATASHEET_PCT) & own, pct.is_not_null() & ~_fits()


def _fits() -> pl.Expr:
    return (pl.col("dram_bytes") <= pl.col("cache_bytes")).fill_null(False)


def flag(device: Device | None, clock_step_ns: int) -> pl.Expr:
    """Return what is implausible about a launch's figures and the likely cause, or null.

    Needs the columns ``compute_pct``, ``bandwidth_pct``, ``cache_bytes`` and ``peaks_recorded``
    and those of :func:`counts` beside those of the kernels table.

    Args:
        device: whose peaks a trace is held against.
        clock_step_ns: resolution of the recorded times.
    """
    return (
        pl.when("peaks_recorded")
        .then(_of_record())
        .otherwise(pl.coalesce(_compute(device, clock_step_ns), _bandwidth(device, clock_step_ns)))
    )


def _compute(device: Device | None, clock_step_ns: int) -> pl.Expr:
    pct = pl.col("compute_pct")
    rounded, coarse = _coarse(pct, clock_step_ns)
    measured = [] if device is None else [*device.measured]
    sparse = {} if device is None else device.sparse_peak_flop_per_s
    sparse_peak = pl.col("roof").replace_strict(sparse, default=None, return_dtype=pl.Float64)
    by_sparsity = pl.col("achieved_flop_per_s") <= sparse_peak
    cause = (
        pl.when(coarse)
        .then(rounded)
        .when(pl.col("roof").is_in(measured))
        .then(pl.lit("the measured rate that was given is no limit"))
        .when(pct <= ABOVE_DATASHEET_PCT)
        .then(pl.lit("within 10 %, as clocks above the datasheet's give (boost)"))
        .when(_many("compute"))
        .then(_wrong_device("compute"))
        .when(by_sparsity)
        .then(
            pl.lit(
                "2:4 sparse operations (it is within their peak), another data type than recorded, "
                "or a wrong device"
            )
        )
        .otherwise(
            pl.lit("another data type than recorded, the model counts too much, or a wrong device")
        )
    )
    text = pl.format("{} % of the {} peak: {}", _one(pct), pl.col("roof"), cause)
    return pl.when(pct > 100).then(text)


def _bandwidth(device: Device | None, clock_step_ns: int) -> pl.Expr:
    pct = pl.col("bandwidth_pct")
    rounded, coarse = _coarse(pct, clock_step_ns)
    beside = pct * (1 - pl.col("cache_bytes") / pl.col("dram_bytes"))
    given = device is not None and "dram" in device.measured
    cause = (
        pl.when(_fits())
        .then(pl.lit("its data fit in the last-level cache"))
        .when(coarse)
        .then(rounded)
        .when(pl.col("bytes_source") == "joined")
        .then(
            pl.lit(
                "ncu counted it with cold caches, and in the program part of its data was in "
                "cache; or the device is another one"
            )
        )
        .when(pl.lit(given))
        .then(pl.lit("the measured rate that was given is no limit"))
        .when(_many("bandwidth"))
        .then(_wrong_device("bandwidth"))
        .when(beside <= 100)
        .then(
            pl.format(
                "part of its data may stay in the last-level cache: {} MB of {} MB have room there",
                _one(pl.col("cache_bytes") / 1e6),
                _one(pl.col("dram_bytes") / 1e6),
            )
        )
        .otherwise(
            pl.lit(
                "the byte model counts too much here (an aliased operand or an output passed in), "
                "or the device is another one"
            )
        )
    )
    return pl.when(pct > 100).then(pl.format("{} % of DRAM bandwidth: {}", _one(pct), cause))


def _coarse(pct: pl.Expr, clock_step_ns: int) -> tuple[pl.Expr, pl.Expr]:
    """Return what a coarse clock makes of a share, and whether it explains all above 100 %."""
    if clock_step_ns <= 1:
        return pl.lit(None, dtype=pl.String), pl.lit(False)
    longest = pl.col("duration_ns") + clock_step_ns
    least = pct * pl.col("duration_ns") / longest
    coarse = (pl.col("duration_ns") < CLOCK_STEPS * clock_step_ns) & (least <= 100)
    text = pl.format(
        f"the trace's clock counts steps of {clock_step_ns} ns and gives it {{}} of them, so that "
        "it may be as low as {} %",
        pl.col("duration_ns") // clock_step_ns,
        _one(least),
    )
    return text, coarse.fill_null(False)


def _many(peak: str) -> pl.Expr:
    """Whether so many launches are over a peak that it is no launch's own doing."""
    over, held = pl.col(f"over_{peak}"), pl.col(f"held_{peak}")
    return (over >= MANY_LAUNCHES) & (over >= MANY_SHARE * held)


def _wrong_device(peak: str) -> pl.Expr:
    return pl.format(
        "{} of the {} launches held against such peaks exceed them by over 10 %: probably a wrong "
        "device (see --assume-device)",
        pl.col(f"over_{peak}"),
        pl.col(f"held_{peak}"),
    )


def _of_record() -> pl.Expr:
    """Return the flag of a report's launch, which is held against the record's own peaks."""
    seconds = pl.when(pl.col("duration_ns") > 0).then(pl.col("duration_ns") / 1e9)
    levels = {
        "DRAM": (pl.col("dram_bytes"), pl.col("peak_bytes_per_s")),
        "L2": (pl.col("l2_read_bytes"), pl.col("l2_peak_bytes_per_s")),
        "L1": (pl.col("l1_bytes"), pl.col("l1_peak_bytes_per_s")),
    }
    over = []
    for level, (moved, peak) in levels.items():
        pct = pl.when(peak > 0).then(100 * moved / seconds / peak)
        text = (
            "{} % of LEVEL bandwidth: bytes and clock were measured in different passes, and on "
            "very short kernels the clock is off"
        )
        over.append(pl.when(pct > 100).then(pl.format(text.replace("LEVEL", level), _one(pct))))
    compute = pl.when(pl.col("compute_pct") > 100).then(
        pl.format(
            "{} % of the {} peak: work and clock were measured in different passes, the operations "
            "are 2:4 sparse, or some ran beside this roof ({})",
            _one(pl.col("compute_pct")),
            pl.col("roof"),
            pl.col("remark").fill_null("no remark"),
        )
    )
    return pl.coalesce(compute, *over, _beyond_hardware())


def _beyond_hardware() -> pl.Expr:
    """Return the flag of a launch whose recorded DRAM peak is more than its device can have."""
    peak, possible = pl.col("peak_bytes_per_s"), pl.col("hardware_bytes_per_s")
    text = pl.format(
        "its recorded DRAM peak of {} GB/s is more than memory clock x bus width allow ({} GB/s): "
        "the clock was sampled badly, and shares of that peak are doubtful",
        _one(peak / 1e9),
        _one(possible / 1e9),
    )
    return pl.when(peak > possible * PEAK_LIMIT).then(text)


def _one(expression: pl.Expr) -> pl.Expr:
    return expression.round(1)
