"""The counters Nsight Compute would hold for the workload's kernels, consistent with each other.

Rates follow from counts and the duration, percentages from rates and the peaks, the bottleneck
class and the launch rule from NVIDIA's published thresholds. The counts are the kernel's own work;
no GPU ran anything.
"""

from __future__ import annotations

from math import ceil, floor, prod

import sample_device as device
from report_writer import MetricValue, ReportLaunch, ReportRule, device_attributes
from sample_model import PROMPT, Workload
from sample_ops import Kernel

VERSION = "2025.3.0.0"
_PCT = "pct_of_peak_sustained_elapsed"
_LTS_SECTORS_PER_CYCLE = 240
_TENSOR_PATHS = {
    "op_hgmma_src_bf16_dst_fp32_sparsity_off": 4096.0,
    "op_hgmma_src_bf16_dst_fp32_sparsity_on": 8192.0,
    "op_hmma_src_bf16_dst_fp32_sparsity_off": 8192.0 / 3,
    "op_hmma_src_bf16_dst_fp32_sparsity_on": 4096.0,
    "src_bf16_dst_fp32": 8192.0,
    "src_fp16": 8192.0,
    "src_tf32_dst_fp32": 4096.0,
    "src_fp64": 256.0,
    "src_int8": 16384.0,
    "src_fp8_sparsity_off": 8192.0,
    "src_fp8_sparsity_on": 16384.0,
}
"""Peak operations per multiprocessor and cycle; the aggregates' peaks are the sparse ones."""
Metrics = dict[str, MetricValue]


def launches() -> list[ReportLaunch]:
    """One layer of the prefill, then one layer of the first decode."""
    workload = Workload()
    kernels = [*workload.layer(0), *workload.layer(PROMPT)]
    return [_launch(kernel) for kernel in kernels]


def _launch(kernel: Kernel) -> ReportLaunch:
    nanoseconds = round(device.duration_ns(kernel, device.LOCKED) / 32) * 32
    seconds = nanoseconds / 1e9
    metrics: Metrics = {
        **device_attributes(
            name=device.NAME,
            capability=(9, 0),
            sm_count=device.SM_COUNT,
            memory_clock_khz=round(device.MEMORY_HZ / 1000),
            bus_bits=device.BUS_BITS,
            l2_bytes=device.L2_BYTES,
            max_clock_khz=round(device.MAX_SM_HZ / 1000),
        ),
        "gpu__time_duration.sum": nanoseconds,
        **_clocks(seconds),
        **_memory(kernel, seconds),
        **_cuda_cores(kernel, seconds),
        **_tensor(kernel, seconds),
        **_geometry(kernel),
    }
    metrics |= _speed_of_light(metrics)
    return ReportLaunch(
        demangled=kernel.name,
        function=_function(kernel.name),
        grid=kernel.grid,
        block=kernel.block,
        metrics=metrics,
        rules=_rules(kernel, metrics),
    )


def _function(name: str) -> str:
    """The bare function name, as the report's own name of a kernel is."""
    plain = name.replace("(anonymous namespace)::", "").removeprefix("void ")
    return plain.split("<")[0].split("(")[0].split("::")[-1]


def _clocks(seconds: float) -> Metrics:
    sm, memory = device.LOCKED.sm_hz, device.LOCKED.memory_hz
    return {
        "gpc__cycles_elapsed.avg.per_second": sm,
        "gpc__cycles_elapsed.max": seconds * sm,
        "sm__cycles_elapsed.avg": seconds * sm,
        "sm__cycles_elapsed.avg.per_second": sm,
        "smsp__cycles_elapsed.avg.per_second": sm,
        "sm__cycles_active.avg": seconds * sm * 0.97,
        "l1tex__cycles_elapsed.avg.per_second": sm,
        "lts__cycles_elapsed.avg.per_second": sm,
        "dram__cycles_elapsed.avg.per_second": memory,
    }


def _memory(kernel: Kernel, seconds: float) -> Metrics:
    sm, memory = device.LOCKED.sm_hz, device.LOCKED.memory_hz
    read = 32.0 * ceil(kernel.read_bytes / 32)
    written = 32.0 * floor(kernel.written_bytes * device.written_back(kernel) / 32)
    dram_pct = 100 * (read + written) / seconds / (device.DRAM_BYTES_PER_CYCLE * memory)
    sectors = ceil(kernel.read_bytes / 32) + ceil(kernel.written_bytes / 32)
    sectors_pct = 100 * sectors / seconds / (_LTS_SECTORS_PER_CYCLE * sm)
    xbar_pct = 100 * read / seconds / (device.L2_BYTES_PER_CYCLE * sm)
    writeback = read if not kernel.tensor_ops else read * 0.05
    l1_pct = 100 * writeback / seconds / (128 * device.SM_COUNT * sm)
    return {
        "dram__bytes.sum.per_second": (read + written) / seconds,
        "dram__bytes.sum.peak_sustained": float(device.DRAM_BYTES_PER_CYCLE),
        "dram__bytes_read.sum": read,
        "dram__bytes_write.sum": written,
        f"dram__cycles_active.avg.{_PCT}": dram_pct,
        f"gpu__dram_throughput.avg.{_PCT}": dram_pct,
        "lts__t_sectors.sum": sectors,
        f"lts__t_sectors.avg.{_PCT}": sectors_pct,
        f"lts__lts2xbar_cycles_active.avg.{_PCT}": xbar_pct,
        f"lts__throughput.avg.{_PCT}": max(sectors_pct, xbar_pct),
        "derived__lts__lts2xbar_bytes.sum.per_second": read / seconds,
        "derived__lts__lts2xbar_bytes.sum.peak_sustained": float(device.L2_BYTES_PER_CYCLE),
        f"l1tex__lsu_writeback_active.avg.{_PCT}": l1_pct,
        "l1tex__throughput.avg.pct_of_peak_sustained_active": l1_pct / 0.97,
        "derived__l1tex__lsu_writeback_bytes_mem_lgds.sum.per_second": writeback / seconds,
        "derived__l1tex__lsu_writeback_bytes_mem_lgds.sum.peak_sustained": 128.0 * device.SM_COUNT,
    }


def _cuda_cores(kernel: Kernel, seconds: float) -> Metrics:
    cycles = seconds * device.LOCKED.sm_hz
    executed = {"fadd": kernel.fadd, "fmul": kernel.fmul, "ffma": kernel.ffma}
    metrics: Metrics = {}
    for letter in "dfh":
        for verb in ("add", "mul", "fma"):
            name = f"smsp__sass_thread_inst_executed_op_{letter}{verb}_pred_on"
            metrics[f"{name}.sum.per_cycle_elapsed"] = executed.get(f"{letter}{verb}", 0.0) / cycles
    for letter, per_sm, factor in (("d", 64.0, 2), ("f", 128.0, 2), ("h", 128.0, 4)):
        name = f"sass_thread_inst_executed_op_{letter}fma_pred_on"
        done = kernel.ffma / cycles if letter == "f" else 0.0
        peak = per_sm * device.SM_COUNT
        metrics[f"sm__{name}.sum.peak_sustained"] = peak
        metrics[f"derived__sm__{name}_x{factor}"] = factor * peak
        metrics[f"derived__smsp__{name}_x{factor}"] = factor * done
    moved = (kernel.read_bytes + kernel.written_bytes) / 16
    warps = (sum(executed.values()) + moved) / 32 + 30 * kernel.threads / 32
    per_sm = warps / cycles / device.SM_COUNT
    fma_pct = 100 * sum(executed.values()) / cycles / device.FFMA_PER_CYCLE
    return metrics | {
        f"sm__inst_executed.avg.{_PCT}": 100 * min(per_sm / 4, 0.9),
        f"sm__pipe_fma_cycles_active.avg.{_PCT}": fma_pct,
        "smsp__issue_active.avg.per_cycle_active": min(per_sm / 4, 0.9) / 0.97,
    }


def _tensor(kernel: Kernel, seconds: float) -> Metrics:
    cycles = seconds * device.LOCKED.sm_hz
    done = {"src_bf16_dst_fp32": kernel.tensor_ops}
    if kernel.tensor_path:
        done[f"op_{kernel.tensor_path}_src_bf16_dst_fp32_sparsity_off"] = kernel.tensor_ops
    metrics: Metrics = {}
    for suffix, per_sm in _TENSOR_PATHS.items():
        ops, peak = done.get(suffix, 0.0), per_sm * device.SM_COUNT
        name = f"sm__ops_path_tensor_{suffix}.sum"
        metrics[name] = float(ops)
        metrics[f"{name}.per_cycle_elapsed"] = ops / cycles
        metrics[f"{name}.per_second"] = ops / seconds
        metrics[f"{name}.peak_sustained"] = peak
        metrics[f"{name}.{_PCT}"] = 100 * ops / cycles / peak
    busy = 0.0
    if kernel.tensor_path:
        peak = device.TENSOR_OPS_PER_CYCLE[kernel.tensor_path]
        busy = 100 * kernel.tensor_ops / cycles / peak
    return metrics | {f"sm__pipe_tensor_cycles_active.avg.{_PCT}": busy}


def _geometry(kernel: Kernel) -> Metrics:
    waves, resident = device.waves(kernel), device.occupancy_pct(kernel)
    metrics: Metrics = {
        "launch__grid_size": prod(kernel.grid),
        "launch__block_size": prod(kernel.block),
        "launch__thread_count": kernel.threads,
        "launch__registers_per_thread": kernel.registers,
        "launch__shared_mem_per_block_dynamic": kernel.shared_bytes,
        "launch__waves_per_multiprocessor": waves,
        "launch__stream_id": 7,
        "launch__context_id": 1,
        "sm__maximum_warps_per_active_cycle_pct": resident,
        "sm__warps_active.avg.pct_of_peak_sustained_active": 0.9 * resident * min(1.0, waves),
    }
    for axis, blocks, threads in zip("xyz", kernel.grid, kernel.block, strict=True):
        metrics[f"launch__grid_dim_{axis}"] = blocks
        metrics[f"launch__block_dim_{axis}"] = threads
    return metrics


def _speed_of_light(metrics: Metrics) -> Metrics:
    """The two figures of the section SpeedOfLight: each the largest of its parts."""
    compute = [f"sm__{part}.avg.{_PCT}" for part in _COMPUTE_PARTS]
    memory = [f"{part}.avg.{_PCT}" for part in _MEMORY_PARTS]
    return {
        f"sm__throughput.avg.{_PCT}": max(float(metrics[name]) for name in compute),
        f"gpu__compute_memory_throughput.avg.{_PCT}": max(float(metrics[name]) for name in memory),
        f"breakdown:sm__throughput.avg.{_PCT}": ",".join(compute),
        f"breakdown:gpu__compute_memory_throughput.avg.{_PCT}": ",".join(memory),
    }


_COMPUTE_PARTS = ("inst_executed", "pipe_fma_cycles_active", "pipe_tensor_cycles_active")
_MEMORY_PARTS = (
    "dram__cycles_active",
    "l1tex__lsu_writeback_active",
    "lts__lts2xbar_cycles_active",
    "lts__t_sectors",
)


def _rules(kernel: Kernel, metrics: Metrics) -> list[ReportRule]:
    sm = float(metrics[f"sm__throughput.avg.{_PCT}"])
    memory = float(metrics[f"gpu__compute_memory_throughput.avg.{_PCT}"])
    title = _bottleneck(sm, memory, device.waves(kernel))
    message = f"Synthetic sample. Compute {sm:.1f}% and memory {memory:.1f}% of speed of light."
    severity = "ok" if title == "Balanced Throughput" else "optimization"
    rules = [ReportRule("SOLBottleneck", title, message, severity, "SpeedOfLight")]
    rules.append(_roofline_rule(metrics))
    return rules + _launch_rules(kernel)


def _bottleneck(sm: float, memory: float, waves: float) -> str:
    """NVIDIA's bottleneck title, by the thresholds of its rule SOLBottleneck."""
    if max(sm, memory) >= 80:
        return "High Throughput"
    if max(sm, memory) < 60:
        return "Small Grid" if waves < 1 else "Latency Issue"
    if abs(sm - memory) < 10:
        return "Balanced Throughput"
    return "High Compute Throughput" if sm > memory else "High Memory Throughput"


def _roofline_rule(metrics: Metrics) -> ReportRule:
    per_cycle = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum.per_cycle_elapsed"
    fadd, fmul, ffma = (float(metrics[per_cycle.format(op)]) for op in ("fadd", "fmul", "ffma"))
    percent = 100 * (fadd + fmul + 2 * ffma) / (2 * device.FFMA_PER_CYCLE)
    reached = f"{percent:.0f}%" if percent == 0 or percent >= 1 else " close to 1%"
    message = (
        "The ratio of peak float (fp32) to double (fp64) performance on this device is 2:1. The "
        f"kernel achieved {reached} of this device's fp32 peak performance and 0% of its fp64 "
        "peak performance."
    )
    section = "SpeedOfLight_RooflineChart"
    return ReportRule("SOLFPRoofline", "Roofline Analysis", message, "ok", section)


def _launch_rules(kernel: Kernel) -> list[ReportRule]:
    """`Small Grid` or `Tail Effect`, by the formulas of NVIDIA's rule LaunchConfiguration."""
    blocks, waves = prod(kernel.grid), device.waves(kernel)
    if blocks < device.SM_COUNT:
        title, gain = "Small Grid", 100 * (device.SM_COUNT - blocks) / device.SM_COUNT
        message = f"The grid has {blocks} blocks for {device.SM_COUNT} multiprocessors."
    else:
        title, gain = "Tail Effect", 100 / (1 + floor(waves))
        message = f"The launch is {waves:.2f} waves; the last one is not full."
        if waves < 1 or waves == floor(waves) or gain < 20:
            return []
    return [ReportRule("LaunchConfiguration", title, message, "optimization", "LaunchStats", gain)]
