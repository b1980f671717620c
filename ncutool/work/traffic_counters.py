"""Bytes that one launch moved and the record's own bandwidth, from Nsight Compute's counters.

DRAM bytes are those of a cold cache: ncu flushes the caches before every replay. The basic set
counts no bytes, but the cycles in which DRAM was active, summed over its instances, are as many
bytes times what an instance moves in a cycle: exact on every device whose reports hold both. Older
reports hold only the average over all instances, also those that are switched off: an estimate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ncutool.base.thresholds import IntThreshold
from ncutool.work.exactness import Exactness

WANTED = (
    r"dram__bytes(_read|_write)?\.sum(\.per_second|\.peak_sustained)?",
    r"dram__sectors_(read|write)\.sum",
    r"dram__cycles_active\.(sum|avg|avg\.pct_of_peak_sustained_elapsed)",
    r"dram__cycles_elapsed\.avg\.per_second",
    r"lts__t_(sectors|bytes)\.sum",
    r"(derived__lts__lts2xbar_bytes|lts__lts2xbar_cycles_active)\.sum"
    r"(\.per_second|\.peak_sustained)?",
    r"l1tex__m_xbar2l1tex_read_bytes\.sum(\.per_second|\.peak_sustained)?",
    r"derived__l1tex__lsu_writeback_bytes(_mem_lg|_mem_lgds)?\.sum"
    r"\.(per_second|peak_sustained)",
    r"l1tex__lsu_writeback_active(_mem_lg|_mem_lgds)?\.sum(\.per_second|\.peak_sustained)?",
    r"(lts|l1tex)__cycles_elapsed\.avg\.per_second",
    r"device__attribute_(global_memory_bus_width|memory_clock_rate)",
)
_ACTIVE = "dram__cycles_active"
_SHARE = "dram__cycles_active.avg.pct_of_peak_sustained_elapsed"
_THROUGHPUT = "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"
_CLOCK = "dram__cycles_elapsed.avg.per_second"
_L2_CLOCK = "lts__cycles_elapsed.avg.per_second"
_L1_CLOCK = "l1tex__cycles_elapsed.avg.per_second"
_L2_READS = (
    # the metric, and how many bytes one of it is: sections from 2025 on, and those before
    ("derived__lts__lts2xbar_bytes.sum", 1),
    ("lts__lts2xbar_cycles_active.sum", 32),
    ("l1tex__m_xbar2l1tex_read_bytes.sum", 1),
)
_SECTIONS = "NVIDIA, sections MemoryWorkloadAnalysis and SpeedOfLight_RooflineChart"
_SECTOR_BYTES = IntThreshold(32, "byte", "a sector of L2", _SECTIONS)
_WRITEBACK_BYTES = IntThreshold(128, "byte", "an active cycle of L1's writeback", _SECTIONS)
_TRANSFERS_PER_CLOCK = IntThreshold(
    2,
    "transfers per clock",
    "DRAM of double data rate",
    "equals dram__bytes.sum.peak_sustained in every report of compute capability 7.0 to 9.0",
)
_HBM_BITS = IntThreshold(
    1024, "bit", "the least bus of memory that is stacked; other memory has at most 512", "JEDEC"
)


class Memory(NamedTuple):
    """A kind of DRAM, as an instance of NVIDIA's counters sees it."""

    bytes_per_cycle: int
    """What an instance moves in an active cycle."""
    bits: int
    """The bus width that an instance has."""


_CYCLE_BYTES = "dram__cycles_active.sum against byte counters, on 12 devices"
HBM = Memory(IntThreshold(32, "byte", "an active cycle of stacked memory", _CYCLE_BYTES), 128)
GDDR = Memory(IntThreshold(8, "byte", "an active cycle of graphics memory", _CYCLE_BYTES), 32)
_BY_CHIP = {
    **dict.fromkeys(("7.0", "8.0", "9.0", "10.0", "10.3"), HBM),
    **dict.fromkeys(("7.5", "8.6", "8.9", "12.0"), GDDR),
}
"""What all products of a compute capability have."""
_ESTIMATE = (
    "DRAM bytes are an estimate: from {}, an average over all DRAM instances, which is 6 to 8 % "
    "off where some of them are switched off"
)


class Traffic(NamedTuple):
    """Bytes of one launch; ``source`` is one of :data:`ncutool.base.tables.BYTES_SOURCES`."""

    bytes: float | None
    source: str
    remark: str | None = None
    exactness: Exactness = "exact"


def dram(
    metrics: Mapping[str, float], seconds: float | None, capability: str | None = None
) -> Traffic:
    """DRAM bytes, read and written: counted, by active cycles, or estimated from an average."""
    read, write = metrics.get("dram__bytes_read.sum"), metrics.get("dram__bytes_write.sum")
    if read is not None and write is not None:
        return Traffic(read + write, "counter")
    if (both := metrics.get("dram__bytes.sum")) is not None:
        return Traffic(both, "counter")
    read, write = metrics.get("dram__sectors_read.sum"), metrics.get("dram__sectors_write.sum")
    if read is not None and write is not None:
        return Traffic((read + write) * _SECTOR_BYTES, "counter")
    rate = metrics.get("dram__bytes.sum.per_second")
    if rate is not None and seconds is not None:
        return Traffic(round(rate * seconds), "counter")
    if (by_cycles := _by_cycles(metrics, capability)) is not None:
        return by_cycles
    peak = _nominal_peak(metrics)
    if seconds is None or peak is None:
        return Traffic(None, "none")
    for name in (_SHARE, _THROUGHPUT):
        if (share := metrics.get(name)) is not None:
            moved = round(share / 100 * peak * seconds)
            return Traffic(moved, "cycles", _ESTIMATE.format(name.split(".")[0]), "estimate")
    return Traffic(None, "none")


def _by_cycles(metrics: Mapping[str, float], capability: str | None) -> Traffic | None:
    """Return the active cycles of all instances x what one moves; None where either is unknown."""
    cycles = metrics.get(f"{_ACTIVE}.sum")
    memory = memory_of(metrics, capability)
    if cycles is None or memory is None:
        return None
    moved = cycles * memory.bytes_per_cycle
    if moved % _SECTOR_BYTES:
        remark = "DRAM bytes are an estimate: active cycles give no whole number of sectors"
        return Traffic(moved, "cycles", remark, "estimate")
    return Traffic(moved, "cycles")


def memory_of(metrics: Mapping[str, float], capability: str | None) -> Memory | None:
    """Return the kind of DRAM, by bus width and chip; None where nothing tells or they disagree.

    A bus may be narrower than all instances together, never wider.
    """
    bits = metrics.get("device__attribute_global_memory_bus_width")
    by_chip = _BY_CHIP.get(capability or "")
    by_bus = HBM if bits and bits >= _HBM_BITS else None
    if bits and by_bus is None and by_chip is GDDR:
        by_bus = GDDR
    memory = by_bus if bits else by_chip
    if memory is None or (by_chip is not None and memory is not by_chip):
        return None
    total, average = metrics.get(f"{_ACTIVE}.sum"), metrics.get(f"{_ACTIVE}.avg")
    if bits and total and average and bits > round(total / average) * memory.bits:
        return None
    return memory


def hardware_peak(metrics: Mapping[str, float]) -> float | None:
    """Return memory clock x bus width in byte/s, which no measured clock can exceed."""
    kilohertz = metrics.get("device__attribute_memory_clock_rate")
    bits = metrics.get("device__attribute_global_memory_bus_width")
    return kilohertz * 1e3 * _TRANSFERS_PER_CLOCK * bits / 8 if kilohertz and bits else None


def dram_peak(metrics: Mapping[str, float]) -> float | None:
    """DRAM bandwidth at the clock of the run, in byte/s."""
    per_cycle, clock = metrics.get("dram__bytes.sum.peak_sustained"), metrics.get(_CLOCK)
    if per_cycle and clock:
        return per_cycle * clock
    return _nominal_peak(metrics)


def has_dram(metrics: Mapping[str, float]) -> bool:
    """Whether the record carries any DRAM counter (reports of SoCs carry none)."""
    return any(name.startswith(("dram__", _THROUGHPUT)) for name in metrics)


def l2(metrics: Mapping[str, float]) -> float | None:
    """All traffic at the L2 cache: its sectors of 32 bytes."""
    if (count := metrics.get("lts__t_bytes.sum")) is not None:
        return count
    sectors = metrics.get("lts__t_sectors.sum")
    return None if sectors is None else sectors * _SECTOR_BYTES


def l2_read(metrics: Mapping[str, float], seconds: float | None) -> float | None:
    """Bytes from L2 to the multiprocessors, which NVIDIA's hierarchical roofline takes for L2's."""
    for name, width in _L2_READS:
        if (count := _total(metrics, name, seconds)) is not None:
            return count * width
    return None


def l2_peak(metrics: Mapping[str, float]) -> float | None:
    """Bandwidth from L2 to the multiprocessors at the L2 clock of the run, in byte/s."""
    clock = metrics.get(_L2_CLOCK)
    for name, width in _L2_READS:
        if (per_cycle := metrics.get(f"{name}.peak_sustained")) and clock:
            return per_cycle * width * clock
    return None


def l1_peak(metrics: Mapping[str, float], capability: str | None) -> float | None:
    """Bandwidth of the load/store write-back of all L1 caches at their clock, in byte/s."""
    suffix, clock = _l1_suffix(capability), metrics.get(_L1_CLOCK)
    if suffix is None or not clock:
        return None
    if per_cycle := metrics.get(f"l1tex__lsu_writeback_active{suffix}.sum.peak_sustained"):
        return per_cycle * _WRITEBACK_BYTES * clock
    derived = metrics.get(f"derived__l1tex__lsu_writeback_bytes{suffix}.sum.peak_sustained")
    return derived * clock if derived else None


def _l1_suffix(capability: str | None) -> str | None:
    if capability is None:
        return None
    version = float(capability)
    return "_mem_lgds" if version >= 9.0 else "_mem_lg" if version >= 7.5 else ""


def _total(metrics: Mapping[str, float], name: str, seconds: float | None) -> float | None:
    """Return a counter's sum over the launch: as counted, or its rate x time."""
    if (count := metrics.get(name)) is not None:
        return count
    rate = metrics.get(f"{name}.per_second")
    return None if rate is None or seconds is None else round(rate * seconds)


def l1(metrics: Mapping[str, float], seconds: float | None, capability: str | None) -> float | None:
    """L1 bytes as NVIDIA's hierarchical roofline takes them: load/store write-back x 128 bytes.

    Which write-backs count depends on the compute capability, and so does the counter's suffix.
    """
    suffix = _l1_suffix(capability)
    if suffix is None:
        return None
    if (count := _total(metrics, f"l1tex__lsu_writeback_active{suffix}.sum", seconds)) is not None:
        return count * _WRITEBACK_BYTES
    return _total(metrics, f"derived__l1tex__lsu_writeback_bytes{suffix}.sum", seconds)


def _nominal_peak(metrics: Mapping[str, float]) -> float | None:
    clock = metrics.get(_CLOCK)
    bits = metrics.get("device__attribute_global_memory_bus_width")
    return clock * _TRANSFERS_PER_CLOCK * bits / 8 if clock and bits else None
