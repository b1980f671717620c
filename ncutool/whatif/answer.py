"""What is answered: times with bounds, what stays, and what the figures rest on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.base.shown import Shown

if TYPE_CHECKING:
    import polars as pl

    from ncutool.base.tables import SavingPer
    from ncutool.whatif.memory import Memory
    from ncutool.whatif.question import Question


@dataclass(frozen=True)
class Bounds:
    """A time now, and what it would be: from, to."""

    now_ns: int
    low_ns: int
    high_ns: int

    def __post_init__(self) -> None:
        if not 0 <= self.low_ns <= self.high_ns:
            raise ValueError(f"no interval: {self.low_ns} to {self.high_ns}")

    @property
    def speedup_low(self) -> float | None:
        """Now over the high end; None where that is 0."""
        return self.now_ns / self.high_ns if self.high_ns else None

    @property
    def speedup_high(self) -> float | None:
        """Now over the low end; None where that is 0."""
        return self.now_ns / self.low_ns if self.low_ns else None


@dataclass(frozen=True)
class Unchanged:
    """Launches that the change leaves as they are, or only bounds, and why."""

    what: str
    why: str
    launches: int
    duration_ns: int
    pct: float
    """Of all kernel time now."""


@dataclass(frozen=True)
class Carried:
    """A finding that was applied, and what it saves after those before it."""

    id: str
    title: str
    per: SavingPer
    """Only of the `window` it shortens that."""
    grade: str
    saving_low_ns: int
    saving_high_ns: int


@dataclass(frozen=True, repr=False)
class Answer(Shown):
    """What a capture would take."""

    question: Question
    device: str | None
    """Where the answer holds: the other device, or the capture's own."""
    kernel_time: Bounds
    """Sum of the durations of all launches."""
    end_to_end: Bounds | None
    """The window of the timeline; None for reports, which have none."""
    end_to_end_reason: str
    """What its two ends rest on, or why there is none: a sentence."""
    host_limited: bool | None
    """The low end is reached only once the host no longer limits; None without a timeline."""
    as_recorded_low_ns: int | None
    """What the window would take at least with the host's times as recorded."""
    launches: pl.DataFrame
    """launch_id, now_ns, low_ns, high_ns, by, why: a row a launch with a duration."""
    rows: pl.DataFrame
    """Alike launches together, most time first: :data:`ncutool.whatif.record.COLUMNS`."""
    unchanged: tuple[Unchanged, ...]
    memory: Memory
    findings: tuple[Carried, ...]
    notes: tuple[str, ...]
