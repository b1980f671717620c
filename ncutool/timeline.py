"""The window of a trace: busy, idle, and the cause of every gap (integer nanoseconds)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

GAP_CAUSES = (
    "input_pipeline",
    "allocator",
    "long_launch",
    "synchronize",
    "copy_call",
    "launch_call",
    "dispatch",
    "latency",
    "queue",
    "unlinked",
    "unexplained",
)
DISPATCH_CAUSES = ("copy_call", "launch_call", "dispatch", "latency")
"""The causes that replaying a CUDA graph removes (gains-on-real-traces 1)."""


@dataclass(frozen=True)
class Timeline:
    """Where the wall time of a trace went. Only traces have one; reports do not."""

    start_ns: int
    end_ns: int
    busy_ns: int
    """Union of all launches' intervals within the window, all streams."""
    gaps: pl.DataFrame
    """Idle pieces: start_ns, duration_ns, cause (of GAP_CAUSES), next_launch_id, previous_end_ns.
    One idle interval may be several pieces; pieces never overlap and sum to idle_ns."""
    trimmed: tuple[str, ...] = field(default=())
    """What was cut off the recording before any percentage, in sentences."""
    trustworthy: bool = True
    """False where unexplained gaps exceed 10 % of the window."""

    @property
    def wall_ns(self) -> int:
        return self.end_ns - self.start_ns

    @property
    def idle_ns(self) -> int:
        return self.wall_ns - self.busy_ns
