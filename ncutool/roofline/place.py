"""Each launch's place on its device's roofline, and what holds it.

The roofline model is Williams, Waterman and Patterson, "Roofline: an insightful visual
performance model" (CACM 52/4, 2009): attainable = min(peak, intensity × bandwidth). The
thresholds of ``bound`` are NVIDIA's (rule SOLBottleneck of Nsight Compute): below 60 % of both
limits a launch is latency-bound; limits within 10 points of each other are balanced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base.tables import KERNELS
from ncutool.roofline import bound

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device
    from ncutool_parsers.capture import Capture


_PEAKS = ("peak_bytes_per_s", "l2_peak_bytes_per_s")
_CACHE_INTENSITIES = {
    "l2_read_bytes": "l2_intensity_flop_per_byte",
    "l1_bytes": "l1_intensity_flop_per_byte",
}


def place(capture: Capture, work: pl.DataFrame, device: Device | None) -> pl.DataFrame:
    """The ``kernels`` table: one row per launch of ``capture``.

    Args:
        capture: what the reader found.
        work: :data:`ncutool.base.tables.WORK`, one row per launch.
        device: peaks for traces. Reports carry their own and never use the table's, whose
            clocks are not those of the run.
    """
    frame = capture.launches.join(work, on="launch_id", how="left", validate="1:1")
    traits = capture.traits
    frame = frame.with_columns(
        capture=pl.lit(capture.name),
        source=pl.lit(capture.source),
        figures_counted=pl.lit(traits.figures_counted),
        peaks_recorded=pl.lit(traits.peaks_recorded),
    )
    frame = _with_peaks(frame, None if traits.peaks_recorded else device)
    frame = _with_rates(frame)
    frame = bound.with_bound(frame, device, capture.clock_step_ns)
    return KERNELS.conform(frame.select(KERNELS.polars_schema().names())).sort("launch_id")


def _with_peaks(frame: pl.DataFrame, device: Device | None) -> pl.DataFrame:
    recorded = pl.col("peak_flop_per_s").is_not_null() | pl.col("peak_bytes_per_s").is_not_null()
    if device is None:
        source = pl.when(recorded).then(pl.lit("record")).otherwise(pl.lit("none"))
        return frame.with_columns(source.alias("peak_source"))
    computes = pl.col("category") == "kernel"
    table_flop = pl.col("roof").replace_strict(
        device.peak_flop_per_s, default=None, return_dtype=pl.Float64
    )
    source = pl.when(recorded).then(pl.lit("record")).otherwise(_table_source(device))
    return frame.with_columns(
        pl.when(computes).then(pl.coalesce("peak_flop_per_s", table_flop)).alias("peak_flop_per_s"),
        pl.coalesce("peak_bytes_per_s", pl.lit(device.peak_bytes_per_s)).alias("peak_bytes_per_s"),
        source.alias("peak_source"),
    )


def _table_source(device: Device) -> pl.Expr:
    """Whose peaks a launch of a trace is held against; measured where one of its two peaks is."""
    table = pl.lit("device_file" if device.origin else "device_table")
    roofs = [name for name in device.measured if name in device.peak_flop_per_s]
    compute = pl.col("roof").is_in(roofs).fill_null(False)
    return (
        pl.when(compute | pl.lit("dram" in device.measured))
        .then(pl.lit("measured"))
        .otherwise(table)
    )


def _level(dram: str, l2: str) -> pl.Expr:
    """The column of the memory level that a launch is held against: L2 on chips whose DRAM has
    no counters, else DRAM."""
    on_l2 = (pl.col("memory_level") == "l2").fill_null(False)
    return pl.when(on_l2).then(pl.col(l2)).otherwise(pl.col(dram))


def _with_rates(frame: pl.DataFrame) -> pl.DataFrame:
    """Rates and roofs; a launch of zero or unknown duration gets no rate."""
    seconds = pl.when(pl.col("duration_ns") > 0).then(pl.col("duration_ns") / 1e9)
    moved, bandwidth = _level("dram_bytes", "l2_read_bytes"), _level(*_PEAKS)
    has_bytes = moved >= 1
    frame = frame.with_columns(
        (pl.col("flop") / seconds).alias("achieved_flop_per_s"),
        (pl.col("dram_bytes") / seconds).alias("achieved_bytes_per_s"),
        pl.when(has_bytes).then(pl.col("flop") / moved).alias("intensity_flop_per_byte"),
        *(
            pl.when(pl.col(size) >= 1).then(pl.col("flop") / pl.col(size)).alias(name)
            for size, name in _CACHE_INTENSITIES.items()
        ),
        (pl.col("peak_flop_per_s") / bandwidth).alias("ridge_point_flop_per_byte"),
    )
    known = pl.col("peak_flop_per_s").is_not_null() & (pl.col("intensity_flop_per_byte") > 0)
    attainable = pl.min_horizontal(
        pl.col("peak_flop_per_s"), pl.col("intensity_flop_per_byte") * bandwidth
    )
    bandwidth_known = bandwidth.is_not_null()
    frame = frame.with_columns(
        pl.when(known & bandwidth_known).then(attainable).alias("attainable_flop_per_s"),
        (100 * pl.col("achieved_flop_per_s") / pl.col("peak_flop_per_s")).alias("compute_pct"),
        (100 * moved / seconds / bandwidth).alias("bandwidth_pct"),
    )
    of_roof = 100 * pl.col("achieved_flop_per_s") / pl.col("attainable_flop_per_s")
    side = (
        pl.when(pl.col("flop") == 0)
        .then(pl.when(has_bytes).then(pl.lit("memory")))
        .when(pl.col("intensity_flop_per_byte") < pl.col("ridge_point_flop_per_byte"))
        .then(pl.lit("memory"))
        .when(pl.col("intensity_flop_per_byte") >= pl.col("ridge_point_flop_per_byte"))
        .then(pl.lit("compute"))
    )
    return frame.with_columns(
        pl.when(pl.col("flop") == 0)
        .then(pl.col("bandwidth_pct"))
        .otherwise(of_roof)
        .alias("roofline_pct"),
        side.alias("roof_side"),
    )
