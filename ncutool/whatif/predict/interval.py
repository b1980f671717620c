"""Intervals of time, and what intervals of many operators add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from msgspec import Struct

from ncutool.base.thresholds import Threshold

SHARED = Threshold(
    0.5,
    "correlation",
    "between the errors of two families, which share a device, its clocks and its caches, but not "
    "their kernels; within a family errors are taken to be the same error",
    "judgement; the back-test meets its goals with half of it, too",
)


class Interval(Struct, frozen=True):
    """A time that lies between two, in nanoseconds."""

    low_ns: float
    high_ns: float

    def __post_init__(self) -> None:
        if not 0 <= self.low_ns <= self.high_ns:
            raise ValueError(f"no interval: {self.low_ns} to {self.high_ns}")

    def __contains__(self, time_ns: float) -> bool:
        return self.low_ns <= time_ns <= self.high_ns

    @property
    def middle_ns(self) -> float:
        """Halfway between the two ends."""
        return (self.low_ns + self.high_ns) / 2

    @property
    def ratio(self) -> float | None:
        """High over low; None where the low end is 0."""
        return self.high_ns / self.low_ns if self.low_ns else None


@dataclass(frozen=True)
class Prediction:
    """What one operator is predicted to take."""

    op: str
    family: str
    interval: Interval
    reason: str
    """One sentence: what the interval rests on."""
    by_shapes: bool = True
    """False where no shapes tell, so that the time changes as that of others does."""


def by_family(predictions: Iterable[Prediction]) -> dict[str, Interval]:
    """Return each family's sums of lows and of highs: within one, errors do not cancel."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for prediction in predictions:
        sums[prediction.family][0] += prediction.interval.low_ns
        sums[prediction.family][1] += prediction.interval.high_ns
    return {family: Interval(low, high) for family, (low, high) in sorted(sums.items())}


def linear(predictions: Iterable[Prediction]) -> Interval:
    """Return the sum where every error has the same sign: all low, or all high."""
    parts = by_family(predictions).values()
    return Interval(sum(part.low_ns for part in parts), sum(part.high_ns for part in parts))


def total(predictions: Iterable[Prediction]) -> Interval:
    """Return the sum where errors of different families are correlated by :data:`SHARED`.

    With half widths h of the families' sums its half width is the root of
    (1 - shared) times the sum of h squared + shared times the squared sum of h, which is the
    variance of a sum of equally correlated terms.
    """
    parts = by_family(predictions).values()
    halves = [(part.high_ns - part.low_ns) / 2 for part in parts]
    middle = sum(part.middle_ns for part in parts)
    own = sum(half * half for half in halves)
    half = sqrt((1 - SHARED) * own + SHARED * sum(halves) ** 2)
    return Interval(max(middle - half, 0.0), middle + half)
