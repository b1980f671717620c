"""Faster, slower, same or inconclusive: what a change and its interval allow to be said.

Reports and traces are judged apart. A report's launches ran alone at locked clocks: one capture
repeats well, and where cycles were counted a change of time that is none in cycles is the clock's.
A trace's ran at whatever clocks the device chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ncutool.base import units
from ncutool.base.records import replace
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.diff.noise import FEWEST_RUNS, Change, Runs, change

Verdict = Literal["faster", "slower", "same", "inconclusive"]
SINGLE_LOCKED = Threshold(
    0.10,
    "share of the time before",
    "what one capture a side may differ by at locked clocks without a change",
    "judgement, tried by benchmarks/gate_trials.py: of two captures whose times vary by 3.5 % "
    "from run to run one in twenty differs by more",
)
SINGLE_FREE = Threshold(
    0.30,
    "share of the time before",
    "the same for one trace a side, at free-running clocks",
    "judgement, tried by benchmarks/gate_trials.py: the same for variation of up to 10 %",
)
SMALLEST_NS = IntThreshold(
    5_000,
    "ns",
    "changes that are smaller in sum are never called slower or faster",
    "judgement: below it neither clocks nor the launch itself repeat (facts of profiled launches)",
)
SMALLEST = Threshold(
    0.01,
    "share of the time before",
    "smaller changes are called the same where they are certain",
    "judgement: nobody acts on less",
)


@dataclass(frozen=True)
class Judgement:
    """A change, and what may be said of it."""

    verdict: Verdict
    why: str
    """Half a sentence with numbers."""
    change: Change | None
    single: bool = False
    """One capture a side (or too few for a spread): the interval is a stated bound."""
    by_clock: bool = False
    """The cycles did not change as the time did: it may be the clock's change alone."""
    by_work: bool = False
    """Whether the work is the same is not known: it may be the work's change alone."""

    @property
    def open(self) -> bool:
        """Whether the change may be another's than the program's, so that no rule is held to it."""
        return self.by_clock or self.by_work


def judge(
    runs: Runs, *, locked: bool, among: int = 1, cycles: Runs | None = None, alike: bool = False
) -> Judgement:
    """Return what may be said of a change of time.

    Args:
        runs: times on both sides.
        locked: measured launch by launch at locked clocks (a report).
        among: how many changes are judged together.
        cycles: the same in cycles, where the clocks were counted.
        alike: both sides hold the very same figures: one recording.
    """
    found = change(runs, among)
    if found is None:
        return Judgement("inconclusive", "no time on one side", None)
    if alike:
        return Judgement("same", "the same recording", Change(0.0, 0.0, 0.0))
    single = found.low is None
    if single:
        found = bounded(found, locked)
    verdict, why = _by_interval(found, single, locked, runs)
    if verdict in ("faster", "slower"):
        doubt, by_clock = _doubt(runs, cycles, found, among, locked)
        if doubt:
            return Judgement("inconclusive", doubt, found, single, by_clock)
    return Judgement(verdict, why, found, single)


def bounded(found: Change, locked: bool) -> Change:
    """Give a change of single captures the interval of the stated bound."""
    bound = SINGLE_LOCKED if locked else SINGLE_FREE
    return replace(found, low=found.middle - bound, high=found.middle + bound)


def _by_interval(found: Change, single: bool, locked: bool, runs: Runs) -> tuple[Verdict, str]:
    low, high = found.low or 0.0, found.high or 0.0
    bound = units.percent(100 * (SINGLE_LOCKED if locked else SINGLE_FREE))
    if low > 0 or high < 0:
        if abs(found.middle) < SMALLEST:
            return ("same" if max(-low, high) <= SMALLEST else "inconclusive"), (
                f"within {units.percent(100 * SMALLEST)}"
            )
        how = f"past the {bound} bound of single captures" if single else interval_words(found)
        return ("slower" if low > 0 else "faster"), how
    if not single and max(-low, high) <= SMALLEST:
        return "same", interval_words(found)
    if single:
        few = f"one capture a side: below the {bound} bound"
        if max(len(runs.before), len(runs.after)) > 1:
            few = f"fewer than {FEWEST_RUNS} captures on a side: below the {bound} bound"
        return "inconclusive", few
    return "inconclusive", interval_words(found)


def interval_words(found: Change) -> str:
    """Return the interval in words: `−18.2 to −17.1 %`."""
    if found.low is None or found.high is None:
        return "no interval"
    return f"{signed(found.low)} to {signed(found.high)} %"


def signed(share: float) -> str:
    """Return a share as a percentage with its sign and no unit: `−17.7`, `+0.5`, `0.0`."""
    text = f"{abs(100 * share):.1f}" if abs(share) < 9.995 else f"{abs(100 * share):,.0f}"
    if float(text.replace(",", "")) == 0:
        return "0.0"
    return f"{'+' if share > 0 else '−'}{text}"


def _doubt(
    runs: Runs, cycles: Runs | None, found: Change, among: int, locked: bool
) -> tuple[str, bool]:
    """Return why a change of time is not called one, and whether it may be the clock's alone.

    The reason is empty where nothing speaks against the change.
    """
    moved = abs(_middle(runs.after) - _middle(runs.before))
    if moved < SMALLEST_NS:
        return f"{units.time(moved)} is below the {units.time(SMALLEST_NS)} bound", False
    if cycles is None:
        return "", False
    counted = change(cycles, among)
    if counted is None:
        return "", False
    if counted.low is None:
        counted = bounded(counted, locked)
    same_way = (counted.low or 0) > 0 if found.middle > 0 else (counted.high or 0) < 0
    if same_way:
        return "", False
    return f"{signed(counted.middle)} % in cycles: the clock changed, the kernel not surely", True


def _middle(values: tuple[float, ...]) -> float:
    ranked = sorted(values)
    return (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
