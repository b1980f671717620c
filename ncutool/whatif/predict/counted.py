"""A report's launch with other counted work: what the roofline allows, given its own rates.

The work is given, not predicted: it says what a change that is known to alter FLOPs and bytes is
worth, from the report before the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ncutool.base.limits import overlapped
from ncutool.base.thresholds import Threshold
from ncutool.devices.reachable import COMPUTE_BEST, MEMORY_BEST, MEMORY_USUAL
from ncutool.whatif.predict.interval import Interval
from ncutool.whatif.predict.rates import REPEAT

SAME = Threshold(0.02, "share", "counts that differ by less are the same work", "judgement")
_LATENCY = ("latency", "small_grid", "unknown")


@dataclass(frozen=True)
class Counted:
    """One launch of a report."""

    kernel: str
    duration_ns: int
    flop: float | None
    bytes: float | None
    peak_flop_per_s: float | None
    peak_bytes_per_s: float | None
    bound: str


def streaming_share(launches: Sequence[Counted]) -> float:
    """Return the lowest share of the DRAM peak that memory-bound launches of a report reach."""
    shares = [
        share
        for launch in launches
        if launch.bound == "memory"
        and (share := _share(launch.bytes, launch.peak_bytes_per_s, launch.duration_ns)) is not None
    ]
    return min([*shares, MEMORY_BEST]) if shares else MEMORY_USUAL


def with_work(
    before: Counted, flop: float | None, moved: float | None, streaming: float
) -> Interval | None:
    """Return the time of ``before`` if it did ``flop`` and moved ``moved`` bytes; None where its
    own work or its peaks are unknown.

    Args:
        streaming: share of the DRAM peak that it reaches at least once memory holds it.
    """
    own_compute = _share(before.flop or 0.0, before.peak_flop_per_s, before.duration_ns)
    own_memory = _share(before.bytes, before.peak_bytes_per_s, before.duration_ns)
    if own_memory is None or moved is None or before.bytes is None or flop is None:
        return None
    growth = [moved / before.bytes] if before.bytes else []
    growth += [flop / before.flop] if before.flop else []
    time = float(before.duration_ns)
    if all(abs(factor - 1) < SAME for factor in growth):
        return Interval(time * (1 - REPEAT), time * (1 + REPEAT))
    if before.bound in _LATENCY:
        return Interval(
            time * min(1.0, *growth) * (1 - REPEAT), time * max(1.0, *growth) * (1 + REPEAT)
        )
    memory_at_peak = 1e9 * moved / (before.peak_bytes_per_s or 1.0)
    compute_at_peak = 1e9 * flop / before.peak_flop_per_s if before.peak_flop_per_s else 0.0
    low = overlapped(
        compute_at_peak / max(own_compute or 0.0, COMPUTE_BEST),
        memory_at_peak / max(own_memory, MEMORY_BEST),
    )
    high = overlapped(
        compute_at_peak / own_compute if own_compute else 0.0,
        memory_at_peak / max(own_memory, streaming),
    )
    return Interval(low * (1 - REPEAT), max(high, low) * (1 + REPEAT))


def _share(work: float | None, peak: float | None, duration_ns: int) -> float | None:
    if work is None or not peak or duration_ns <= 0:
        return None
    return work / peak / (duration_ns * 1e-9)
