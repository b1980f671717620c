"""What share of the GPU time is understood, and why the rest is not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MissingWork:
    """Launches without FLOPs or bytes that share one reason."""

    reason: str
    duration_ns: int
    pct: float
    launches: int


@dataclass(frozen=True)
class Coverage:
    """Shares of the summed launch time; every page and every JSON opens with them."""

    launches: int
    duration_ns: int
    """Sum of the durations of all launches (overlap counted twice)."""
    flop_pct: float
    """Share with known FLOPs (a known 0 counts)."""
    bytes_pct: float
    """Share with known bytes."""
    understood_pct: float
    """Share with both, or of a class that has no work to model (copies, communication)."""
    missing: tuple[MissingWork, ...]
    """The rest by reason, most time first."""
