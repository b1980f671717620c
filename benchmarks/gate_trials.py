"""Tries the gate of ``ncutool diff`` on made runs: does it cry wolf, and does it sleep?

Run-to-run noise of 0 to 10 %, a device that drifts by as much over the series, and 200 trials of
each: without a change (every regression is a false alarm) and with everything 10 % slower (every
pass is a miss). The stated number of runs is the one that the power says shows 10 % over the limit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ncutool.diff.gate import Outcome, held
from ncutool.diff.noise import FEWEST_RUNS, Runs, change, runs_for
from ncutool.diff.verdict import SINGLE_FREE, SINGLE_LOCKED

TRIALS = 200
LIMIT = 0.03
SLOWER = 0.10
NOISES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.10)
TIME_NS = 40_000_000
ORDERS = ("ABAB", "AABB")


@dataclass(frozen=True)
class Trial:
    """What came of the trials of one noise, order and number of runs."""

    noise: float
    order: str
    runs: int
    stated: bool
    """The power says that so many runs show the change over the limit."""
    unchanged: Counter[Outcome]
    slower: Counter[Outcome]

    @property
    def false_alarms(self) -> float:
        """Share of the unchanged that are called a regression."""
        return self.unchanged["regression"] / TRIALS

    @property
    def missed(self) -> float:
        """Share of the slower ones that pass."""
        return self.slower["pass"] / TRIALS

    @property
    def found(self) -> float:
        """Share of the slower ones that are called a regression."""
        return self.slower["regression"] / TRIALS


def series(chance: np.random.Generator, noise: float, runs: int, order: str, slower: float) -> Runs:
    """Times of both sides, with a drift over the whole series as large as the noise."""
    count = 2 * runs
    drift = math.log1p(noise) * np.arange(count) / (count - 1)
    times = TIME_NS * np.exp(drift + math.log1p(noise) * chance.standard_normal(count))
    own = np.arange(0, count, 2) if order == "ABAB" else np.arange(runs)
    rest = np.setdiff1d(np.arange(count), own)
    after = times[rest] * (1 + slower)
    return Runs(tuple(times[own]), tuple(after), (*own.tolist(), *rest.tolist()))


def trials(noises: tuple[float, ...] = NOISES) -> Iterator[Trial]:
    """Try each noise at the stated number of runs, and at few, in both orders."""
    chance = np.random.default_rng(20_261_201)
    for noise in noises:
        stated = runs_for(noise, (1 + SLOWER) / (1 + LIMIT) - 1)
        for order in ORDERS:
            counts = dict.fromkeys(([stated] if stated else []) + [int(FEWEST_RUNS), 5])
            for runs in sorted(counts):
                outcomes: list[Counter[Outcome]] = []
                for slower in (0.0, SLOWER):
                    tally: Counter[Outcome] = Counter()
                    for _ in range(TRIALS):
                        found = change(series(chance, noise, runs, order, slower))
                        assert found is not None
                        tally[held(found, LIMIT)] += 1
                    outcomes.append(tally)
                yield Trial(noise, order, runs, runs == stated, *outcomes)


def singles(noises: tuple[float, ...] = NOISES) -> Iterator[tuple[float, float, float]]:
    """For each noise, how often two unchanged captures differ by more than either bound."""
    chance = np.random.default_rng(20_261_202)
    for noise in noises:
        sides = np.exp(math.log1p(noise) * chance.standard_normal((2, 100 * TRIALS)))
        apart = np.abs(sides[1] / sides[0] - 1)
        yield noise, float((apart > SINGLE_LOCKED).mean()), float((apart > SINGLE_FREE).mean())


def main() -> None:
    """Print what came of the trials."""
    print(f"gate: --fail-over {LIMIT:.0%}, {TRIALS} trials each, drift as large as the noise")
    print("noise  order  runs a side  false alarms  inconclusive |  found  missed  inconclusive")
    for one in trials():
        mark = "*" if one.stated and one.order == "ABAB" else " "
        print(
            f"{one.noise:5.0%}  {one.order:5}  {one.runs:10}{mark}  {one.false_alarms:12.1%}  "
            f"{one.unchanged['inconclusive'] / TRIALS:12.1%} |  {one.found:5.1%}  "
            f"{one.missed:6.1%}  {one.slower['inconclusive'] / TRIALS:12.1%}"
        )
    print("* the number of runs that the power states for a change of 10 %")
    print(f"one capture a side, unchanged: beyond {SINGLE_LOCKED:.0%} / {SINGLE_FREE:.0%}")
    for noise, locked, free in singles():
        print(f"{noise:5.1%}  {locked:6.1%}  {free:6.1%}")


if __name__ == "__main__":
    main()
