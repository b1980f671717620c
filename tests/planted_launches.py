"""Launches of a report with a cause planted, and one of which no counter says anything bad."""

from __future__ import annotations

from pathlib import Path

import report_writer
from ncutool.analysis.analyse import Analysis, read_and_analyse
from report_writer import ReportLaunch, ReportRule

SOL = "{}.avg.pct_of_peak_sustained_elapsed"
STALL = "smsp__average_warps_issue_stalled_{}_per_issue_active.ratio"
CORE = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum.per_cycle_elapsed"
SECTORS = "l1tex__t_sectors_pipe_lsu_mem_{}_op_{}.sum"
REQUESTS = "l1tex__t_requests_pipe_lsu_mem_{}_op_{}.sum"
EXCESS = "derived__memory_l2_theoretical_sectors_global_excessive"
TENSOR = [
    *(f"src_{types}_sparsity_{on}" for on in ("off", "on") for types in (
        "bf16_dst_fp32", "fp16_dst_fp16", "fp16_dst_fp32", "tf32_dst_fp32", "int8", "int4")),
    "src_fp64", "src_int1",
]  # fmt: skip
"""Every operation of the tensor cores of compute capability 8.0."""
HEALTHY: dict[str, report_writer.MetricValue] = {
    **report_writer.device_attributes(),
    "gpu__time_duration.sum": 1_000_000.0,
    "sm__cycles_elapsed.avg.per_second": 1.1e9,
    "smsp__cycles_elapsed.avg.per_second": 1.1e9,
    "launch__grid_size": 10_800,
    "launch__waves_per_multiprocessor": 100.0,
    "launch__registers_per_thread": 32,
    "launch__occupancy_limit_registers": 8.0,
    "launch__occupancy_limit_shared_mem": 16.0,
    "launch__occupancy_limit_blocks": 32.0,
    "launch__occupancy_limit_warps": 8.0,
    SOL.format("sm__throughput"): 50.0,
    SOL.format("gpu__compute_memory_throughput"): 70.0,
    SOL.format("gpu__dram_throughput"): 70.0,
    SOL.format("dram__cycles_active"): 70.0,
    SOL.format("sm__inst_executed"): 50.0,
    "sm__maximum_warps_per_active_cycle_pct": 100.0,
    "sm__warps_active.avg.pct_of_peak_sustained_active": 97.0,
    "smsp__issue_active.avg.per_cycle_active": 0.5,
    "smsp__warps_eligible.avg.per_cycle_active": 0.8,
    "smsp__average_warp_latency_per_inst_issued.ratio": 20.0,
    **{STALL.format(name): 2.0 for name in ("long_scoreboard", "barrier", "wait", "drain")},
    STALL.format("selected"): 1.0,
    "smsp__thread_inst_executed_per_inst_executed.ratio": 32.0,
    EXCESS: 0.0,
    "memory_l2_theoretical_sectors_global": 1_000_000.0,
    "derived__memory_l1_wavefronts_shared_excessive": 0.0,
    "memory_l1_wavefronts_shared": 1_000_000.0,
    "lts__t_sectors.sum": 1_000_000.0,
    **{SECTORS.format("global", kind): 400_000.0 for kind in ("ld", "st")},
    **{REQUESTS.format("global", kind): 100_000.0 for kind in ("ld", "st")},
    **{SECTORS.format("local", kind): 0.0 for kind in ("ld", "st")},
    "sm__pipe_fp64_cycles_active.avg.pct_of_peak_sustained_active": 0.0,
    **{CORE.format(f"{t}{kind}"): 0.0 for t in "fd" for kind in ("add", "mul")},
    **{CORE.format(f"h{kind}"): 0.0 for kind in ("add", "mul", "fma")},
    CORE.format("ffma"): 100.0,
    CORE.format("dfma"): 0.0,
    **{f"sm__ops_path_tensor_{types}.sum": 0.0 for types in TENSOR},
    "sm__sass_thread_inst_executed_op_ffma_pred_on.sum.peak_sustained": 6912.0,
    "sm__sass_thread_inst_executed_op_dfma_pred_on.sum.peak_sustained": 3456.0,
}
"""A launch of 1 ms near its DRAM limit of which no counter says anything bad."""


def analysed(folder: Path, launch: ReportLaunch) -> Analysis:
    return read_and_analyse(report_writer.write_report(folder / "made.ncu-rep", [launch]))


def launch(
    changes: dict[str, report_writer.MetricValue] | None = None,
    rules: list[ReportRule] | None = None,
    block: int = 256,
) -> ReportLaunch:
    return ReportLaunch("void stencil(float*)", grid=(10_800, 1, 1), block=(block, 1, 1),
                        metrics={**HEALTHY, **(changes or {})}, rules=rules or [])  # fmt: skip


def limits(compute: float, memory: float) -> dict[str, report_writer.MetricValue]:
    return {
        SOL.format("sm__throughput"): compute,
        SOL.format("sm__inst_executed"): compute,
        SOL.format("gpu__compute_memory_throughput"): memory,
        SOL.format("gpu__dram_throughput"): memory,
        SOL.format("dram__cycles_active"): memory,
    }


SLOW = limits(20.0, 30.0)
COMPUTE = limits(75.0, 20.0)


def stalled(reason: str) -> dict[str, report_writer.MetricValue]:
    return {**SLOW, STALL.format(reason): 14.0, "smsp__issue_active.avg.per_cycle_active": 0.1,
            "smsp__warps_eligible.avg.per_cycle_active": 0.1}  # fmt: skip


def printed(rule: str, pct: float) -> list[ReportRule]:
    return [ReportRule(rule, "", "text", "optimization", "Section", pct)]


PLANTED = {
    "tune-uncoalesced": (launch({EXCESS: 600_000.0}), "Coalesce"),
    "tune-shared-memory": (
        launch({"derived__memory_l1_wavefronts_shared_excessive": 700_000.0}), "conflict"),
    "tune-spills": (
        launch({SECTORS.format("local", kind): 4_000_000.0 for kind in ("ld", "st")}), "register"),
    "tune-cache-lines": (
        launch({SECTORS.format("global", "ld"): 100_000.0},
               printed("MemoryCacheAccessPattern", 40.0)), "line"),
    "tune-occupancy": (
        launch({**SLOW, "sm__maximum_warps_per_active_cycle_pct": 12.5,
                "sm__warps_active.avg.pct_of_peak_sustained_active": 12.5,
                "launch__occupancy_limit_registers": 1.0}), "registers"),
    "tune-imbalance": (
        launch({**SLOW, "sm__warps_active.avg.pct_of_peak_sustained_active": 40.0}), "Balance"),
    "tune-unfused": (
        launch({**COMPUTE, CORE.format("fadd"): 500.0, CORE.format("fmul"): 500.0}), "Fuse"),
    "tune-divergence": (
        launch({**COMPUTE, "smsp__thread_inst_executed_per_inst_executed.ratio": 8.0}), "thread"),
    "tune-block-size": (launch(limits(30.0, 30.0), block=33), "33 threads"),
    "precision-fp64": (
        launch({**limits(75.0, 20.0), CORE.format("ffma"): 0.0, CORE.format("dfma"): 900.0,
                SOL.format("sm__inst_executed"): 30.0,
                SOL.format("sm__pipe_fp64_cycles_active"): 75.0}), "FP32"),
    "tune-tail": (
        launch({**limits(40.0, 65.0), "launch__waves_per_multiprocessor": 1.1}), "last wave"),
    "batch-few-blocks": (
        launch({**limits(10.0, 10.0), "launch__waves_per_multiprocessor": 0.1}), "few blocks"),
}  # fmt: skip
"""By rule, a report with its cause, and words of the finding."""
STALLS = {
    "long_scoreboard": "loads from device memory", "short_scoreboard": "shared memory",
    "barrier": "at a barrier", "lg_throttle": "queue of global", "drain": "last stores",
    "wait": "their own arithmetic", "mio_throttle": "shared memory", "membar": "fences",
    "math_pipe_throttle": "a pipe that is busy", "branch_resolving": "branches",
    "no_instruction": "fetched", "imc_miss": "constants",
}  # fmt: skip
