"""Bytes that one launch moved and the record's own bandwidth, from Nsight Compute's counters.

DRAM bytes are those of a cold cache: ncu flushes the caches before every replay. The basic set
counts no bytes, but the share of cycles in which DRAM was active times its peak is the same
number (verified to be exact against the counters where a report has both).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

WANTED = (
    r"dram__bytes(_read|_write)?\.sum(\.per_second|\.peak_sustained)?",
    r"dram__cycles_active\.avg\.pct_of_peak_sustained_elapsed",
    r"dram__cycles_elapsed\.avg\.per_second",
    r"lts__t_(sectors|bytes)\.sum",
    r"derived__l1tex__lsu_writeback_bytes_mem_lg(ds)?\.sum\.per_second",
    r"l1tex__lsu_writeback_active(_mem_lg|_mem_lgds)?\.sum(\.per_second)?",
    r"device__attribute_global_memory_bus_width",
)
_SHARE = "dram__cycles_active.avg.pct_of_peak_sustained_elapsed"
_THROUGHPUT = "gpu__dram_throughput.avg.pct_of_peak_sustained_elapsed"
_CLOCK = "dram__cycles_elapsed.avg.per_second"
_SECTOR_BYTES = 32
_WRITEBACK_BYTES = 128
_TRANSFERS_PER_CLOCK = 2


class Traffic(NamedTuple):
    """Bytes of one launch; ``source`` is one of :data:`ncutool.schema.BYTES_SOURCES`."""

    bytes: float | None
    source: str
    remark: str | None = None


def dram(metrics: Mapping[str, float], seconds: float | None) -> Traffic:
    """DRAM bytes, read and written."""
    read, write = metrics.get("dram__bytes_read.sum"), metrics.get("dram__bytes_write.sum")
    if read is not None and write is not None:
        return Traffic(read + write, "counter")
    if (both := metrics.get("dram__bytes.sum")) is not None:
        return Traffic(both, "counter")
    if seconds is None:
        return Traffic(None, "none")
    if (rate := metrics.get("dram__bytes.sum.per_second")) is not None:
        return Traffic(round(rate * seconds), "counter")
    peak = _nominal_peak(metrics)
    if peak is None:
        return Traffic(None, "none")
    if (share := metrics.get(_SHARE)) is not None:
        return Traffic(round(share / 100 * peak * seconds), "cycles")
    if (share := metrics.get(_THROUGHPUT)) is not None:
        remark = "DRAM bytes are an upper bound: from gpu__dram_throughput"
        return Traffic(round(share / 100 * peak * seconds), "cycles", remark)
    return Traffic(None, "none")


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


def l1(metrics: Mapping[str, float], seconds: float | None, capability: str | None) -> float | None:
    """L1 bytes as NVIDIA's hierarchical roofline takes them: load/store write-back x 128 bytes.

    Which write-backs count depends on the compute capability, and so does the counter's suffix.
    """
    if capability is None:
        return None
    version = float(capability)
    suffix = "_mem_lgds" if version >= 9.0 else "_mem_lg" if version >= 7.5 else ""
    stem = f"l1tex__lsu_writeback_active{suffix}.sum"
    if (count := metrics.get(stem)) is not None:
        return count * _WRITEBACK_BYTES
    if seconds is None:
        return None
    if (rate := metrics.get(f"{stem}.per_second")) is not None:
        return round(rate * seconds) * _WRITEBACK_BYTES
    derived = metrics.get(f"derived__l1tex__lsu_writeback_bytes{suffix}.sum.per_second")
    return None if derived is None else round(derived * seconds)


def _nominal_peak(metrics: Mapping[str, float]) -> float | None:
    clock = metrics.get(_CLOCK)
    bits = metrics.get("device__attribute_global_memory_bus_width")
    return clock * _TRANSFERS_PER_CLOCK * bits / 8 if clock and bits else None
