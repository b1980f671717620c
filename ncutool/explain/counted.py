"""The figures of a report's launch, computed again with counters that remember their names.

The code that counts is the one that made the table (:mod:`ncutool.work.counters`): the formula
shown is the branch that was taken, whatever the report holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.explain.traced import leaf
from ncutool.work import counters, nvidia_rules
from ncutool.work.instructions import Executed

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

SOURCES = {
    "counter": (
        "NVIDIA sections SpeedOfLight_RooflineChart and SpeedOfLight_HierarchicalTensor"
        "RooflineChart: executed thread instructions, an FMA as two operations; tensor operations "
        "as counted"
    ),
    "sass": "executions of each instruction × what it computes (2 × M × N × K for a matrix one)",
    "opcode": "the report's sums by opcode × what each computes (2 × M × N × K for a matrix one)",
    "pipe": "estimate: the tensor pipe's active share × dense operations per cycle × cycles",
    "cycles": "DRAM cycles active × peak bytes per cycle (NVIDIA dram__cycles_active)",
}
"""Whence a figure's formula, by its label."""
DRAM_SOURCE = "NVIDIA section MemoryWorkloadAnalysis_Tables: DRAM bytes read and written"
PEAK_SOURCE = "the report's own peak at the clocks of the run (NVIDIA SpeedOfLight_RooflineChart)"
OTHERS = {
    "l2_bytes": "NVIDIA section MemoryWorkloadAnalysis_Tables: L2 sectors × 32 bytes",
    "l1_bytes": (
        "NVIDIA section SpeedOfLight_HierarchicalSingleRooflineChart: write-backs × 128 bytes"
    ),
    "waves": "NVIDIA section LaunchStats",
    **dict.fromkeys(
        ("sm_sol_pct", "memory_sol_pct", "dram_sol_pct", "l2_sol_pct", "l1_sol_pct"),
        "NVIDIA section SpeedOfLight",
    ),
    **dict.fromkeys(
        ("fp32_peak_pct", "fp64_peak_pct", "fp32_to_fp64"), "NVIDIA rule SOLFPRoofline"
    ),
    "launch_rule_speedup_pct": "NVIDIA rule LaunchConfiguration",
}
"""Source of further columns, where their meaning in the schema does not say it."""

_METRIC = "metric of the report"
_LAUNCH = "launch configuration in the report"
_INSTRUCTION = "instruction counts of the report"
_PRINTED = "printed in the report by NVIDIA's rule LaunchConfiguration"
_RECORDED = ("duration_ns", "grid_x", "grid_y", "grid_z")


def figures(capture: Capture, launch_id: int) -> dict[str, Any]:
    """Return a launch's row of :data:`ncutool.base.tables.WORK` with traced numbers.

    Args:
        capture: the report.
    """
    launch = capture.launches.row(by_predicate=pl.col("launch_id") == launch_id, named=True)
    for name in _RECORDED:
        if launch[name] is not None:
            launch[name] = leaf(launch[name], name, _LAUNCH)
    own = capture.metrics.filter(pl.col("launch_id") == launch_id)
    metrics = {
        metric: leaf(value, metric, _METRIC)
        for metric, value in own.select("metric", "value").iter_rows()
    }
    rows = capture.instructions.filter(pl.col("launch_id") == launch_id)
    executed = [_traced(Executed(*row)) for row in rows.drop("launch_id").iter_rows()]
    messages = capture.rules.filter(pl.col("launch_id") == launch_id).to_dicts()
    printed = nvidia_rules.printed_rule(messages)
    if printed is not None and printed.speedup_pct is not None:
        printed = printed._replace(speedup_pct=leaf(printed.speedup_pct, "its estimate", _PRINTED))
    version = nvidia_rules.version_of(capture.tool_version)
    work = counters.recorded_work(launch, metrics, executed, version, printed)
    recomputed = printed is None or printed.speedup_pct is None
    if work["launch_rule"] == nvidia_rules.TAIL_EFFECT and recomputed and work["waves"]:
        # its waves were taken apart
        work["launch_rule_speedup_pct"] = 100 * (1 / (1 + work["waves"] // 1))
    return work


def _traced(executed: Executed) -> Executed:
    """Return executions of an instruction with traced counts, named by its opcode.

    The counts are floats: a plain float that a whole number is added to would drop its expression.
    """
    moves = ", moves" if executed.moves else ""
    threads = None
    if executed.threads is not None:
        name = f"{executed.opcode} (threads{moves})"
        threads = leaf(float(executed.threads), name, _INSTRUCTION)
    warps = leaf(float(executed.warps), f"{executed.opcode} (warps{moves})", _INSTRUCTION)
    return executed._replace(warps=warps, threads=threads)
