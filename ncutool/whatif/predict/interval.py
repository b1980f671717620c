"""Intervals of time, and what intervals of many operators add up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from ncutool.base.thresholds import Threshold

SHARED = Threshold(
    0.5,
    "correlation",
    "between the errors of two families, which share a device, its clocks and its caches, but not "
    "their kernels; within a family errors are taken to be the same error",
    "judgement; the back-test meets its goals with half of it, too",
)


@dataclass(frozen=True)
class Interval:
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
    has_shapes: bool = True
    """Whether shapes told it; else its time changes as others' do."""


def by_family(predictions: Iterable[Prediction]) -> dict[str, Interval]:
    """Sums of lows and of highs: kernels of one family err alike, so nothing cancels."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one in predictions:
        sums[one.family][0] += one.interval.low_ns
        sums[one.family][1] += one.interval.high_ns
    return {family: Interval(low, high) for family, (low, high) in sorted(sums.items())}


def linear(predictions: Iterable[Prediction]) -> Interval:
    """The sum where every error has the same sign: all low, or all high."""
    parts = by_family(predictions).values()
    return Interval(sum(one.low_ns for one in parts), sum(one.high_ns for one in parts))


def total(predictions: Iterable[Prediction]) -> Interval:
    """The sum where errors of different families are correlated by :data:`SHARED`.

    With half widths h of the families' sums its half width is the root of
    (1 - shared) times the sum of h squared + shared times the squared sum of h, which is the
    variance of a sum of equally correlated terms.
    """
    parts = by_family(predictions).values()
    halves = [(one.high_ns - one.low_ns) / 2 for one in parts]
    middle = sum(one.middle_ns for one in parts)
    own = sum(half * half for half in halves)
    half = sqrt((1 - SHARED) * own + SHARED * sum(halves) ** 2)
    return Interval(max(middle - half, 0.0), middle + half)
