"""Whether a change is real: medians of runs, an interval by bootstrap over runs, and the power.

Times are compared as logarithms, so that a change is a factor. What drifts over the series (a
device that warms up) is estimated from the runs of each side and taken out; how unsure that is
widens the interval, hardly where the sides alternate and much where one was run after the other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.diff.quantiles import student_t

Floats = npt.NDArray[np.float64]

LEVEL = Threshold(
    0.95, "share", "of intervals that hold the true change", "Hoefler and Belli (SC '15), rule 5"
)
POWER = Threshold(
    0.95,
    "share",
    "of changes of a stated size that the stated number of runs shows",
    "so that at most one in twenty is missed",
)
RESAMPLES = IntThreshold(
    1000,
    "resamples",
    "of the runs of each side",
    "Efron and Tibshirani, An Introduction to the Bootstrap (1993), 6.4: 200 do for a standard "
    "error",
)
FEWEST_RUNS = IntThreshold(
    3,
    "runs a side",
    "with fewer the spread between runs is not told",
    "judgement: two sides and a drift are three numbers, and two runs a side leave one to spare",
)
MEDIAN_COST = Threshold(
    math.pi / 2,
    "variance of the median over that of the mean",
    "by which repeats are planned",
    "the limit for many runs of normal noise; smaller for few",
)
MOST_RUNS = 200
"""The most runs a side that a plan asks for."""
_SEED = 20_150_701


class Runs(Struct, frozen=True, dict=True):
    """Times of one thing on both sides, and the order in which they were measured."""

    before: tuple[float, ...]
    after: tuple[float, ...]
    order: tuple[int, ...] | None = None
    """The place of each run in the series, those before first; None where it is not known."""

    @property
    def fewest(self) -> int:
        """Runs of the side that has fewer."""
        return min(len(self.before), len(self.after))

    @cached_property
    def places(self) -> tuple[Floats, Floats]:
        """The place of each run. One side after the other where nothing tells: the worst case."""
        count = len(self.before)
        order = self.order or tuple(range(count + len(self.after)))
        return np.array(order[:count], np.float64), np.array(order[count:], np.float64)


@dataclass(frozen=True)
class Change:
    """A change of time, as a share of the time before: 0.1 is 10 % slower."""

    middle: float
    """From median to median."""
    low: float | None
    high: float | None
    """The ends of the interval; None where there is none."""
    spread: float | None = None
    """Standard deviation between runs, as a share; None for single runs."""


def change(runs: Runs, among: int = 1, *, seed: int = _SEED) -> Change | None:
    """Return how much a time changed; None where a side has none, or one of 0.

    Args:
        among: how many changes are judged together, for which the level is kept (Bonferroni).
        seed: of the bootstrap; the same runs give the same interval.
    """
    if not runs.fewest or min(*runs.before, *runs.after) <= 0:
        return None
    middle = float(np.median(runs.after) / np.median(runs.before)) - 1
    if runs.fewest < FEWEST_RUNS:
        return Change(middle, None, None)
    logs = np.log(np.array(runs.before)), np.log(np.array(runs.after))
    slope, slope_error, sigma = _drift(logs, runs.places)
    flat = [values - slope * places for values, places in zip(logs, runs.places, strict=True)]
    apart = float(runs.places[1].mean() - runs.places[0].mean())
    freedom = len(logs[0]) + len(logs[1]) - 3
    error = math.hypot(_median_error(flat, seed), apart * slope_error)
    effect = float(np.median(flat[1]) - np.median(flat[0]))
    half = student_t(1 - (1 - LEVEL) / 2 / among, freedom) * error
    return Change(
        middle, math.expm1(effect - half), math.expm1(min(effect + half, 50.0)), math.expm1(sigma)
    )


def _drift(
    logs: tuple[Floats, Floats], places: tuple[Floats, Floats]
) -> tuple[float, float, float]:
    """Return the slope within the sides, its standard error and the spread between runs."""
    steps = np.concatenate([one - one.mean() for one in places])
    moves = np.concatenate([one - one.mean() for one in logs])
    square = float(steps @ steps)
    slope = float(steps @ moves) / square
    rest = moves - slope * steps
    sigma = math.sqrt(float(rest @ rest) / (len(rest) - 3))
    return slope, sigma / math.sqrt(square), sigma


def _median_error(flat: Sequence[Floats], seed: int) -> float:
    """Return the standard error of the difference of the medians, by bootstrap over runs."""
    chance = np.random.default_rng(seed)
    medians = [
        np.median(values[chance.integers(0, len(values), (int(RESAMPLES), len(values)))], axis=1)
        for values in flat
    ]
    count = sum(len(values) for values in flat)
    return float((medians[1] - medians[0]).std()) * math.sqrt((count - 2) / (count - 3))


def shows(spread: float, runs: int) -> float:
    """Return the smallest change that so many alternating runs a side show as often as POWER."""
    if runs < FEWEST_RUNS:
        return math.inf
    freedom = 2 * runs - 3
    quantiles = student_t(1 - (1 - LEVEL) / 2, freedom) + student_t(float(POWER), freedom)
    return math.expm1(quantiles * math.log1p(spread) * math.sqrt(2 * MEDIAN_COST / runs))


def runs_for(spread: float, wanted: float) -> int | None:
    """Return the runs a side that would show a change of ``wanted``; None beyond MOST_RUNS."""
    counts = range(int(FEWEST_RUNS), MOST_RUNS + 1)
    return next((count for count in counts if shows(spread, count) <= wanted), None)
