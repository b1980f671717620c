"""Why a launch has its bound: the comparisons of :mod:`ncutool.roofline.bound` with numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ncutool.base.nvidia import BALANCED_POINTS, LOW_PCT
from ncutool.explain.explanation import Check
from ncutool.explain.placing import level
from ncutool.roofline.bound import (
    SMALL_GRID_PCT,
)

if TYPE_CHECKING:
    from ncutool.devices.resolve import Device

NVIDIA = "NVIDIA rule SOLBottleneck"
_MOVES = ("memcpy", "memset")


@dataclass
class _Trail:
    """The comparisons made so far."""

    checks: list[Check]

    def ask(self, text: str, holds: bool) -> bool:
        self.checks.append(Check(text, holds))
        return holds


def decide(row: dict[str, Any], device: Device | None) -> tuple[str, tuple[Check, ...]]:
    """The bound and the comparisons that lead to it, in the order in which they are made.

    Args:
        row: a launch's row of :data:`ncutool.base.tables.KERNELS`.
        device: whose multiprocessors and caches the launch is held against.
    """
    trail = _Trail([])
    bound = _decide(row, device, trail)
    return bound, tuple(trail.checks)


def _decide(row: dict[str, Any], device: Device | None, trail: _Trail) -> str:
    if trail.ask(f"it is a copy or memset ({row['category']})", row["category"] in _MOVES):
        return "copy"
    kind = row["family"] or "no known family"
    if trail.ask(f"it communicates with other devices ({kind})", row["family"] == "collective"):
        return "communication"
    sm, memory = row["sm_sol_pct"], row["memory_sol_pct"]
    if sm is not None and memory is not None:
        waves = row["waves"]
        bound = _by_limits(trail, ("compute speed of light", sm), ("memory speed of light", memory))
        if bound is not None:
            return bound
        said = "unknown" if waves is None else f"{waves:.3g}"
        few = waves is not None and waves < 1
        return "small_grid" if trail.ask(f"waves {said} < 1", few) else "latency"
    return _by_work(row, device, trail)


def _by_work(row: dict[str, Any], device: Device | None, trail: _Trail) -> str:
    """The bound by shares of the two peaks, where no speed of light was recorded."""
    compute, bandwidth = shares(row)
    cache = device.cache_bytes if device else None
    if bandwidth is not None and bandwidth > 100 and cache is not None:
        megabytes = f"{row['dram_bytes'] / 1e6:.4g} MB ≤ {cache / 1e6:.4g} MB last-level cache"
        text = f"DRAM bandwidth {bandwidth:.1f} % > 100 % and its data fit in cache: {megabytes}"
        if trail.ask(text, row["dram_bytes"] <= cache):
            return "cache"
    if compute is None and bandwidth is not None:
        text = f"share of the compute peak unknown, DRAM bandwidth {bandwidth:.1f} % ≥ 60 %"
        return "memory" if trail.ask(text, bandwidth >= LOW_PCT) else "unknown"
    if compute is None or bandwidth is None:
        absent = [name for name, value in _named(compute, bandwidth) if value is None]
        trail.ask(f"both shares are known (not: {', '.join(absent)})", False)
        return "unknown"
    bound = _by_limits(trail, *_named(compute, bandwidth))
    if bound is not None:
        return bound
    if _too_few_blocks(row, device, trail):
        return "small_grid"
    loose = "lower_bound" in (row["flop_exactness"], row["bytes_exactness"])
    return "latency" if trail.ask("the figures are no lower bounds", not loose) else "unknown"


def _named(
    compute: float | None, bandwidth: float | None
) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("share of the compute peak", compute), ("share of DRAM bandwidth", bandwidth)


def shares(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """Per cent of the compute peak (a known 0 FLOPs is 0 %) and of the DRAM peak."""
    compute = _share(row["achieved_flop_per_s"], row["peak_flop_per_s"])
    if row["flop"] == 0:
        compute = 0.0
    moved, peak = level(row)
    seconds = row["duration_ns"] / 1e9 if row["duration_ns"] else None
    return compute, _share(moved / seconds if moved is not None and seconds else None, peak)


def _share(achieved: float | None, peak: float | None) -> float | None:
    return 100 * achieved / peak if achieved is not None and peak else None


def _by_limits(trail: _Trail, compute: tuple[str, float], memory: tuple[str, float]) -> str | None:
    """NVIDIA's decision on two percentages; None where neither is busy."""
    (compute_name, sm), (memory_name, mem) = compute, memory
    low = f"{compute_name} {sm:.1f} % and {memory_name} {mem:.1f} % are both < {LOW_PCT:.0f} %"
    if trail.ask(f"{low} ({NVIDIA})", sm < LOW_PCT and mem < LOW_PCT):
        return None
    apart = f"they are less than {BALANCED_POINTS:.0f} points apart: {abs(sm - mem):.1f}"
    if trail.ask(f"{apart} ({NVIDIA})", abs(sm - mem) < BALANCED_POINTS):
        return "balanced"
    larger = trail.ask(f"{compute_name} {sm:.1f} % > {memory_name} {mem:.1f} %", sm > mem)
    return "compute" if larger else "memory"


def _too_few_blocks(row: dict[str, Any], device: Device | None, trail: _Trail) -> bool:
    axes = [row[f"grid_{axis}"] for axis in "xyz"]
    count = None if device is None else device.sm_count
    if None in axes or count is None:
        return trail.ask("fewer blocks than multiprocessors (not known)", False)
    blocks = axes[0] * axes[1] * axes[2]
    if not trail.ask(f"{blocks} blocks < {count} multiprocessors", blocks < count):
        return False
    raw = _share(row["achieved_flop_per_s"], row["peak_flop_per_s"]), shares(row)[1]
    most = max(value for value in raw if value is not None)
    text = f"the larger share {most:.1f} % < {SMALL_GRID_PCT:.0f} % (else a persistent kernel)"
    return trail.ask(text, most < SMALL_GRID_PCT)
