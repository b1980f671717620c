"""The device of the samples, an H100 SXM, and how long a launch takes on it.

A duration is the roofline's: the longest of its DRAM, tensor and FP32 time at a plausible share of
each peak, and a floor for starting and draining. These are guesses that look like measurements,
which is why every file that holds them says `synthetic`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from sample_ops import Kernel

NAME = "NVIDIA H100 80GB HBM3"
SM_COUNT = 132
MEMORY_BYTES = 85_018_279_936
L2_BYTES = 52_428_800
MAX_SM_HZ = 1_980_000_000
MEMORY_HZ = 2_619_000_000
BUS_BITS = 5120
DRAM_BYTES_PER_CYCLE = 2 * BUS_BITS // 8
FFMA_PER_CYCLE = 128 * SM_COUNT
TENSOR_OPS_PER_CYCLE = {"hgmma": 4096 * SM_COUNT, "hmma": 4096 * SM_COUNT * 2 / 3}
"""Dense bfloat16; the instructions of Ampere reach two thirds of Hopper's own."""
L2_BYTES_PER_CYCLE = 5120


@dataclass(frozen=True)
class Clocks:
    """Frequencies of a run: a trace runs near boost, Nsight Compute locks the base clock."""

    sm_hz: float
    floor_ns: float
    """What the shortest launch takes."""
    memory_hz: float = MEMORY_HZ


BOOST = Clocks(1_755_000_000.0, 1500.0)
LOCKED = Clocks(1_590_000_000.0, 2200.0)


def duration_ns(kernel: Kernel, clocks: Clocks) -> float:
    """How long one launch of ``kernel`` takes, in nanoseconds."""
    dram = DRAM_BYTES_PER_CYCLE * clocks.memory_hz * kernel.memory_efficiency
    seconds = [(kernel.read_bytes + kernel.written_bytes) / dram]
    if kernel.tensor_ops:
        peak = TENSOR_OPS_PER_CYCLE[kernel.tensor_path] * clocks.sm_hz
        seconds.append(kernel.tensor_ops / (peak * kernel.tensor_efficiency * _filling(kernel)))
    instructions = kernel.fadd + kernel.fmul + kernel.ffma
    seconds.append(instructions / (FFMA_PER_CYCLE * clocks.sm_hz * 0.6))
    return clocks.floor_ns + 1e9 * max(seconds)


def written_back(kernel: Kernel) -> float:
    """Share of the output that leaves L2 for DRAM before the kernel ends."""
    return min(0.92, 1.6 * (kernel.read_bytes + kernel.written_bytes) / L2_BYTES)


def _filling(kernel: Kernel) -> float:
    """Share of the multiprocessors that a grid smaller than the device leaves busy."""
    return min(1.0, prod(kernel.grid) / SM_COUNT)


def blocks_per_sm(kernel: Kernel) -> int:
    """Blocks that fit on one multiprocessor at once."""
    threads = prod(kernel.block)
    registers = ceil(kernel.registers / 8) * 8 * threads
    limits = [32, 2048 // threads, 65_536 // registers]
    if kernel.shared_bytes:
        limits.append(233_472 // (kernel.shared_bytes + 1024))
    return max(1, min(limits))


def waves(kernel: Kernel) -> float:
    """Waves per multiprocessor: blocks over the blocks the device holds at once."""
    return prod(kernel.grid) / (SM_COUNT * blocks_per_sm(kernel))


def occupancy_pct(kernel: Kernel) -> float:
    """Warps that fit on a multiprocessor, of the 64 it can hold."""
    return 100.0 * blocks_per_sm(kernel) * ceil(prod(kernel.block) / 32) / 64
