"""FLOPs, bytes, peaks and NVIDIA's verdicts of every launch of an Nsight Compute report.

This module and its parts (``core_counters``, ``tensor_counters``, ``traffic_counters``,
``rates``, ``limiting``, and ``inside`` with its ``..._counters``) are the only ones that spell
metric names; the formulas are those of NVIDIA's section and
rule files. What counters leave open, the instructions of the launch may settle (``evidence``).
Peaks are those of the record's own clocks, which ncu locks to base by default: the device
table's would be wrong for them.

``flop`` is the sum of tensor-core, FP32, FP64 and FP16 operations, and known only if none of
them can have escaped: a report with FP32 counters alone says nothing of a kernel that runs on
the tensor cores. Integer operations never enter it, with one exception: where integer tensor
operations take most of the compute time, ``flop`` carries them alone, and ``dtype`` says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.base import tables
from ncutool.work import (
    core_counters,
    evidence,
    inside,
    instructions,
    limiting,
    nvidia_rules,
    rates,
    tensor_counters,
    traffic_counters,
)
from ncutool.work.evidence import NO_DURATION, Problem

if TYPE_CHECKING:
    from ncutool.work.instructions import Mix
    from ncutool_parsers.capture import Capture

_TIME = "gpu__time_duration.sum"
_SM = "sm__throughput.avg.pct_of_peak_sustained_elapsed"
_SOL = {
    "sm_sol_pct": _SM,
    "memory_sol_pct": "gpu__compute_memory_throughput.avg.pct_of_peak_sustained_elapsed",
    "dram_sol_pct": "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed",
    "l2_sol_pct": "lts__throughput.avg.pct_of_peak_sustained_elapsed",
    "l1_sol_pct": "l1tex__throughput.avg.pct_of_peak_sustained_active",
}
_WAVES = "launch__waves_per_multiprocessor"
_BLOCKS = "launch__grid_size"
_MULTIPROCESSORS = "device__attribute_multiprocessor_count"
_ACHIEVED_OCCUPANCY = "sm__warps_active.avg.pct_of_peak_sustained_active"
_THEORETICAL_OCCUPANCY = "sm__maximum_warps_per_active_cycle_pct"

PATTERNS: tuple[str, ...] = tuple(
    f"(?:{pattern})"
    for pattern in (
        *(
            name.replace(".", r"\.")
            for name in (
                *(_TIME, *_SOL.values(), _WAVES, _BLOCKS, _MULTIPROCESSORS),
                *(_ACHIEVED_OCCUPANCY, _THEORETICAL_OCCUPANCY),
            )
        ),
        *core_counters.WANTED,
        *tensor_counters.WANTED,
        *traffic_counters.WANTED,
        *rates.WANTED,
        *inside.WANTED,
        *limiting.WANTED,
    )
)
"""Regular expressions of the metric names that this module and those below it need."""
WANTED: str = "|".join(PATTERNS)
"""Regular expression of the metric names this module needs (``ReadOptions.metrics``)."""

NO_DRAM_COUNTERS = "no DRAM counters in the report"
NO_DRAM_ON_CHIP = "no DRAM counter on this chip"
FAILED = "its collection failed"
_WITHOUT_DRAM_COUNTERS = frozenset({"7.2", "8.7", "11.0", "12.1"})


ROUNDED = "computed from printed, rounded values"
NO_BYTES = (
    "a printed share of DRAM's peak has too few digits for bytes (section MemoryWorkloadAnalysis)"
)


def work(capture: Capture) -> pl.DataFrame:
    """Return the :data:`ncutool.base.tables.WORK` table of a report, one row per launch.

    Args:
        capture: an ncu capture that was read with at least the metrics of :data:`WANTED`.
    """
    by_launch: dict[int, dict[str, float]] = {}
    for launch_id, metric, value in capture.metrics.iter_rows():
        by_launch.setdefault(launch_id, {})[metric] = value
    executed: dict[int, list[instructions.Executed]] = {}
    for launch_id, *row in capture.instructions.iter_rows():
        executed.setdefault(launch_id, []).append(instructions.Executed(*row))
    printed: dict[int, list[dict[str, Any]]] = {}
    for message in capture.rules.filter(pl.col("rule") == nvidia_rules.LAUNCH_RULE).to_dicts():
        printed.setdefault(message["launch_id"], []).append(message)
    version = nvidia_rules.version_of(capture.tool_version)
    rows = []
    for launch in capture.launches.iter_rows(named=True):
        launch_id = launch["launch_id"]
        figures = recorded_work(
            launch,
            by_launch.get(launch_id, {}),
            executed.get(launch_id, ()),
            version,
            nvidia_rules.printed_rule(printed.get(launch_id, ())),
        )
        rows.append({"launch_id": launch_id, **figures})
    if not rows:
        return tables.WORK.empty()
    types = tables.WORK.polars_schema()
    table = tables.WORK.conform(pl.DataFrame(rows, schema={name: types[name] for name in rows[0]}))
    return _rounded(table) if capture.traits.values_rounded else table


def _rounded(table: pl.DataFrame) -> pl.DataFrame:
    """Return figures that were computed from printed values: none of them is exact, or a bound.

    Bytes that rest on a printed share of DRAM are not known: its digits are too few.
    """
    by_share = (
        (pl.col("bytes_source") == "cycles") & (pl.col("bytes_exactness") != "exact")
    ).fill_null(value=False)
    reasons = pl.concat_str("missing_reason", pl.lit(NO_BYTES), separator="; ", ignore_nulls=True)
    table = table.with_columns(
        bytes_source=pl.when(by_share).then(pl.lit("none")).otherwise("bytes_source"),
        missing_reason=pl.when(by_share).then(reasons).otherwise("missing_reason"),
        **{
            name: pl.when(~by_share).then(name)
            for name in ("dram_bytes", "bytes_exactness", "memory_level")
        },
    )
    known = pl.col("flop").is_not_null() | pl.col("dram_bytes").is_not_null()
    return table.with_columns(
        *(
            pl.when(pl.col(name).is_not_null()).then(pl.lit("estimate")).alias(name)
            for name in ("flop_exactness", "bytes_exactness")
        ),
        remark=pl.when(known).then(
            pl.concat_str("remark", pl.lit(ROUNDED), separator="; ", ignore_nulls=True)
        ),
    )


def recorded_work(
    launch: Mapping[str, Any],
    metrics: dict[str, float],
    executed: Iterable[instructions.Executed],
    version: tuple[int, int] | None = None,
    printed: nvidia_rules.LaunchRule | None = None,
) -> dict[str, Any]:
    """Return the row of one launch, without its ``launch_id``, from what the reader found of it.

    Args:
        launch: its row of :data:`ncutool_parsers.schema.LAUNCHES`.
        metrics: its counters by NVIDIA's metric name; the grid's size is added where it lacks.
        executed: its instructions; empty where the report does not hold them.
        version: year and number of the Nsight Compute that wrote the report.
        printed: what the report printed of its grid.
    """
    blocks = [launch[f"grid_{axis}"] for axis in "xyz"]
    if None not in blocks:
        metrics.setdefault(_BLOCKS, math.prod(blocks))
    return launch_work(
        metrics,
        launch["compute_capability"],
        launch["duration_ns"],
        launch["kernel_full"],
        launch["error"] is not None,
        instructions.mix(executed),
        version,
        printed,
    )


def measured(work: pl.DataFrame) -> pl.DataFrame:
    """``work`` without estimates by the tensor pipe: what may stand in for a model's figures."""
    guessed = pl.col("flop_source") == "pipe"
    reason = pl.concat_str(
        pl.lit("only estimated from the tensor pipe"),
        pl.col("missing_reason"),
        separator="; ",
        ignore_nulls=True,
    )
    return work.with_columns(
        *(
            pl.when(~guessed).then(name).alias(name)
            for name in ("flop", "tensor_flop", "flop_exactness")
        ),
        pl.when(guessed).then(pl.lit("none")).otherwise("flop_source").alias("flop_source"),
        pl.when(guessed).then(reason).otherwise("missing_reason").alias("missing_reason"),
    )


def launch_work(
    metrics: Mapping[str, float],
    capability: str | None,
    duration_ns: int | None,
    kernel: str = "",
    failed: bool = False,
    mix: Mix | None = None,
    version: tuple[int, int] | None = None,
    printed: nvidia_rules.LaunchRule | None = None,
) -> dict[str, Any]:
    """Return the row of one launch, without its ``launch_id``.

    Args:
        metrics: finite values by NVIDIA's metric name, in base units.
        capability: e.g. ``9.0``.
        duration_ns: used where ``metrics`` lacks the duration itself.
        kernel: its name, which may speak of tensor instructions.
        failed: the collection failed: nothing is known.
        mix: the operations that its instructions tell, where the report holds those.
        version: year and number of the Nsight Compute that wrote the report.
        printed: what the report itself printed of its grid.
    """
    duration = metrics.get(_TIME, duration_ns)
    seconds = duration / 1e9 if duration is not None and duration > 0 else None
    flop = evidence.count(metrics, seconds, capability, kernel, mix)
    integers = core_counters.integer(metrics, seconds)
    traffic = traffic_counters.dram(metrics, seconds, capability)
    no_bytes = None if traffic.bytes is not None else _no_bytes(metrics, seconds, capability)
    problems = [Problem("failed", FAILED)] if failed else [flop.problem, no_bytes]
    reasons = [problem.text for problem in problems if problem is not None]
    remarks = [*flop.remarks, *([traffic.remark] if traffic.remark else [])]
    l2_read = traffic_counters.l2_read(metrics, seconds)
    level = "dram" if traffic.bytes is not None else None
    on_chip = no_bytes is not None and no_bytes.code == "dram_on_chip"
    if level is None and on_chip and l2_read is not None:
        level = "l2"
        remarks.append(f"{NO_DRAM_ON_CHIP}: held against L2 bandwidth and L2 traffic")
    roof = flop.roof
    return {
        "dtype": roof.dtype if roof else None,
        "flop": flop.flop,
        "flop_source": flop.source,
        "flop_exactness": flop.exactness if flop.flop is not None else None,
        "tensor_flop": flop.tensor_flop,
        "int_op": integers if integers is not None or mix is None else mix.int_op,
        "dram_bytes": traffic.bytes,
        "bytes_source": traffic.source,
        "bytes_exactness": traffic.exactness if traffic.bytes is not None else None,
        "l2_bytes": traffic_counters.l2(metrics),
        "l1_bytes": traffic_counters.l1(metrics, seconds, capability),
        "l2_read_bytes": l2_read,
        "l2_peak_bytes_per_s": traffic_counters.l2_peak(metrics),
        "l1_peak_bytes_per_s": traffic_counters.l1_peak(metrics, capability),
        "hardware_bytes_per_s": traffic_counters.hardware_peak(metrics),
        "memory_level": level,
        "roof": roof.name if roof else None,
        "missing_reason": "; ".join(reasons) or None,
        "missing": [problem.code for problem in problems if problem is not None] or None,
        "remark": "; ".join(remarks) or None,
        "peak_flop_per_s": roof.peak_flop_per_s if roof else None,
        "peak_bytes_per_s": traffic_counters.dram_peak(metrics),
        "waves": metrics.get(_WAVES),
        **{column: metrics.get(name) for column, name in _SOL.items()},
        "sm_sol_unit": limiting.compute_unit(metrics, metrics.get(_SM)),
        "memory_sol_level": limiting.memory_level(metrics, metrics.get(_SOL["memory_sol_pct"])),
        **_nvidia(metrics, seconds, capability),
        **_launch_rule(metrics, version, printed),
    }


def _nvidia(
    metrics: Mapping[str, float], seconds: float | None, capability: str | None
) -> dict[str, Any]:
    """Return what NVIDIA's rules of bottleneck and roofline print, recomputed."""
    waves = metrics.get(_WAVES)
    single = core_counters.single(metrics, seconds, capability)
    double = core_counters.double(metrics, seconds)
    peaks = single.peak_flop_per_s, double.peak_flop_per_s
    return {
        "sol_class": nvidia_rules.sol_class(
            metrics.get(_SM), metrics.get(_SOL["memory_sol_pct"]), waves
        ),
        "fp32_peak_pct": _peak_pct(single, seconds),
        "fp64_peak_pct": _peak_pct(double, seconds),
        "fp32_to_fp64": peaks[0] / peaks[1] if peaks[0] and peaks[1] else None,
    }


def _launch_rule(
    metrics: Mapping[str, float],
    version: tuple[int, int] | None,
    printed: nvidia_rules.LaunchRule | None,
) -> dict[str, Any]:
    """Return what NVIDIA's rule of the grid says: as printed, an estimate by its formula if none
    was printed with it."""
    rule = nvidia_rules.launch_rule(
        metrics.get(_BLOCKS),
        metrics.get(_MULTIPROCESSORS),
        metrics.get(_WAVES),
        metrics.get(_THEORETICAL_OCCUPANCY),
        metrics.get(_ACHIEVED_OCCUPANCY),
        version,
    )
    estimate = rule.speedup_pct if rule and printed in (None, (rule.title, None)) else None
    if printed is not None and printed.speedup_pct is not None:
        estimate = printed.speedup_pct
    title = printed.title if printed is not None else rule.title if rule else None
    return {"launch_rule": title, "launch_rule_speedup_pct": estimate}


def _peak_pct(core: core_counters.CoreWork, seconds: float | None) -> float | None:
    if core.flop is None or not core.peak_flop_per_s or seconds is None:
        return None
    return 100 * core.flop / seconds / core.peak_flop_per_s


def _no_bytes(
    metrics: Mapping[str, float], seconds: float | None, capability: str | None
) -> Problem:
    if traffic_counters.has_dram(metrics) and seconds is None:
        return Problem("duration", NO_DURATION)
    if not traffic_counters.has_dram(metrics) and capability in _WITHOUT_DRAM_COUNTERS:
        return Problem("dram_on_chip", NO_DRAM_ON_CHIP)
    return Problem("dram_counters", NO_DRAM_COUNTERS)
