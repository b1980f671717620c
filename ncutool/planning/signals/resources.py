"""Which of two resources holds the work, by how much of each is used: NVIDIA's rule, once."""

from __future__ import annotations

from msgspec import Struct

from ncutool.planning.signals.thresholds import BALANCE, LIMIT


class Used(Struct, frozen=True):
    """How much of a resource is used, in percent: at least and at most, where it is not known."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether it is known."""
        return self.low == self.high


def used(pct: float | None) -> Used:
    """Return what is known exactly, or not at all."""
    return Used(0.0, 100.0) if pct is None else Used(pct, pct)


def bound(compute: Used, memory: Used) -> str:
    """Return the regime: compute, memory, balanced, latency, mixed or unknown.

    NVIDIA's rule SOLBottleneck for a launch: both under 60 % is latency, less than 10 points apart
    is balanced, else the larger holds the work. Two things are not as for a launch:

    - Shares here are means over many launches. 45 % of each can be two kinds of kernels in turn,
      each near its limit for half of the time: only where both together stay under 60 % is it
      latency, and ``mixed`` where they do not.
    - Where a share is not known exactly, the rule is held to what is used at least; if that is
      under the limit and what may be used at most is not, the answer is unknown.
    """
    if max(compute.low, memory.low) < LIMIT:
        if compute.high + memory.high < LIMIT:
            return "latency"
        return "mixed" if max(compute.high, memory.high) < LIMIT else "unknown"
    if abs(compute.low - memory.low) < BALANCE:
        return "balanced"
    return "compute" if compute.low > memory.low else "memory"
