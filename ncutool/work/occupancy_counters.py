"""How full a launch keeps the multiprocessors, and what bounds that: from a report's counters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ncutool.base.thresholds import Threshold

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMITS = {
    "registers": "launch__occupancy_limit_registers",
    "shared_memory": "launch__occupancy_limit_shared_mem",
    "blocks": "launch__occupancy_limit_blocks",
    "warps": "launch__occupancy_limit_warps",
    "barriers": "launch__occupancy_limit_barriers",
}
"""By what may bound the blocks of a multiprocessor, the counter of how many it allows."""
LIMITERS = tuple(_LIMITS)
_THEORETICAL = "sm__maximum_warps_per_active_cycle_pct"
_ACHIEVED = "sm__warps_active.avg.pct_of_peak_sustained_active"
_WAVES = "launch__waves_per_multiprocessor"
_REGISTERS = "launch__registers_per_thread"
_SHARED = "launch__shared_mem_per_block"
_SHARED_PARTS = ("launch__shared_mem_per_block_static", "launch__shared_mem_per_block_dynamic")
UNLIMITED_PCT = Threshold(
    99.95,
    "% of the warps that a multiprocessor holds",
    "a theoretical occupancy from here on is bounded by nothing: it prints as 100.0 %",
    "arithmetic: NVIDIA's rule Occupancy prints one decimal",
)

WANTED: tuple[str, ...] = (
    r"launch__occupancy_limit_\w+",
    _REGISTERS,
    rf"{_SHARED}(_static|_dynamic)?",
)


class Occupancy(NamedTuple):
    """What a launch asks of a multiprocessor, and how many warps that leaves room for."""

    waves: float | None
    registers_per_thread: float | None
    shared_memory_bytes: float | None
    """Per block, with what the driver takes where the report adds that."""
    limits: Mapping[str, float]
    """Blocks that each of :data:`LIMITERS` allows on a multiprocessor, where recorded."""
    theoretical_pct: float | None
    achieved_pct: float | None

    @property
    def limiters(self) -> tuple[str, ...]:
        """What bounds the theoretical occupancy; empty where nothing does, or none is recorded."""
        if self.theoretical_pct is not None and self.theoretical_pct >= UNLIMITED_PCT:
            return ()
        positive = {name: limit for name, limit in self.limits.items() if limit > 0}
        least = min(positive.values(), default=0.0)
        return tuple(name for name, limit in positive.items() if limit == least)


def of_metrics(metrics: Mapping[str, float]) -> Occupancy:
    """Return what the counters of one launch say of its occupancy."""
    shared = metrics.get(_SHARED)
    if shared is None and all(name in metrics for name in _SHARED_PARTS):
        shared = sum(metrics[name] for name in _SHARED_PARTS)
    return Occupancy(
        waves=metrics.get(_WAVES),
        registers_per_thread=metrics.get(_REGISTERS),
        shared_memory_bytes=shared,
        limits={name: metrics[counter] for name, counter in _LIMITS.items() if counter in metrics},
        theoretical_pct=metrics.get(_THEORETICAL),
        achieved_pct=metrics.get(_ACHIEVED),
    )
