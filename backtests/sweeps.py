"""Captures of one program at several sizes: each predicts the kernel time of each other one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from loading import load
from ncutool.whatif import predict
from ncutool.whatif.predict.interval import Interval, by_family, linear

GOAL_INSIDE = 0.8
GOAL_RATIO = 2.5


@dataclass(frozen=True)
class Size:
    """One capture of a sweep."""

    name: str
    base: predict.Base
    path: Path | None = None
    """Where it was read from; None for one made by hand, of which no what-if is asked."""

    @property
    def time_ns(self) -> int:
        """All its kernel time."""
        return sum(run.duration_ns for run in self.base.runs)


@dataclass(frozen=True)
class Pair:
    """One capture's kernel time predicted from another alone."""

    before: str
    after: str
    interval: Interval
    worst: Interval
    """Every error of the same sign."""
    actual_ns: int
    families: dict[str, tuple[Interval, int]]
    """Family -> predicted sum and actual sum."""
    operators: int
    operators_inside: int
    unmatched: int

    @property
    def inside(self) -> bool:
        return self.actual_ns in self.interval


def sizes(paths: Sequence[Path]) -> list[Size]:
    """The captures, smallest kernel time first."""
    found = []
    for path in paths:
        loaded = load(path)
        if loaded.device is None:
            raise SystemExit(f"{path.name}: its device is unknown, so it predicts nothing")
        base = predict.base(loaded.kernels, loaded.capture, loaded.device)
        found.append(Size(path.name.partition(".")[0], base, path))
    return sorted(found, key=lambda one: (one.time_ns, one.name))


def pair(before: Size, after: Size) -> Pair:
    """``after`` predicted from ``before``: of ``after`` only calls and their shapes are used."""
    wanted = [predict.Wanted(run.op, run.call) for run in after.base.runs]
    matches = predict.align([run.op for run in before.base.runs], [one.op for one in wanted])
    predictions = predict.predict(before.base, wanted, matches)
    actual: dict[str, int] = defaultdict(int)
    inside = 0
    for one, run in zip(predictions, after.base.runs, strict=True):
        actual[one.family] += run.duration_ns
        inside += run.duration_ns in one.interval
    sums = by_family(predictions)
    return Pair(
        before=before.name,
        after=after.name,
        interval=predict.total(predictions),
        worst=linear(predictions),
        actual_ns=after.time_ns,
        families={family: (each, actual[family]) for family, each in sums.items()},
        operators=len(predictions),
        operators_inside=inside,
        unmatched=sum(place is None for place in matches),
    )


def pairs(captures: Sequence[Size]) -> list[Pair]:
    """Predict each capture from every other one, and return a result for each pair."""
    return [pair(before, after) for before, after in permutations(captures, 2)]


def table(found: Sequence[Pair]) -> list[str]:
    """A line a pair."""
    prefix = common(sorted({one.before for one in found}))
    lines = [
        f"{'from → to':24} {'predicted ms':>17} {'high/low':>8} {'all one way':>17} "
        f"{'actual':>8} {'':4} {'operators inside':>18}"
    ]
    for one in found:
        name = f"{one.before[prefix:]} → {one.after[prefix:]}"
        inside = f"{one.operators_inside} of {one.operators}"
        lines.append(
            f"{name:24} {span(one.interval):>17} {_ratio(one.interval):>8} {span(one.worst):>17} "
            f"{one.actual_ns / 1e6:8.2f} {'in' if one.inside else 'OUT':4} {inside:>18}"
        )
    return lines


def family_table(found: Sequence[Pair]) -> list[str]:
    """Error of each family's middle over all pairs, and how often its sum is inside."""
    errors: dict[str, list[float]] = defaultdict(list)
    inside: dict[str, int] = defaultdict(int)
    shares: dict[str, list[float]] = defaultdict(list)
    for one in found:
        for family, (interval, actual) in one.families.items():
            if actual > 0:
                errors[family].append(interval.middle_ns / actual - 1)
                inside[family] += actual in interval
                shares[family].append(actual / one.actual_ns)
    lines = [f"{'family':16} {'inside':>9} {'share of time':>14} {'middle against actual':>30}"]
    for family in sorted(errors, key=lambda name: -max(shares[name])):
        values = sorted(errors[family])
        middle = values[len(values) // 2]
        spread = f"{_signed(middle)} ({_signed(values[0])} to {_signed(values[-1])})"
        share = f"{100 * min(shares[family]):.0f} to {100 * max(shares[family]):.0f} %"
        count = f"{inside[family]} of {len(values)}"
        lines.append(f"{family:16} {count:>9} {share:>14} {spread:>30}")
    return lines


def misses(found: Sequence[Pair]) -> list[str]:
    """Every family of a pair whose sum lies outside, with where it lies."""
    prefix = common(sorted({one.before for one in found}))
    lines = []
    for one in found:
        for family, (interval, actual) in one.families.items():
            if actual not in interval:
                side = "above" if actual > interval.high_ns else "below"
                lines.append(
                    f"{one.before[prefix:]} → {one.after[prefix:]}: {family} took "
                    f"{actual / 1e6:.3f} ms, {side} {span(interval, 3)} "
                    f"({100 * actual / one.actual_ns:.1f} % of the time)"
                )
    return lines


def verdict(found: Sequence[Pair]) -> tuple[bool, str]:
    """Whether the goals are met, and the sentence that says so."""
    inside = sum(one.inside for one in found)
    ratios = [one.interval.ratio for one in found]
    widest = max((ratio for ratio in ratios if ratio is not None), default=float("inf"))
    met = inside >= GOAL_INSIDE * len(found) and widest <= GOAL_RATIO and None not in ratios
    text = (
        f"{inside} of {len(found)} pairs inside (goal {100 * GOAL_INSIDE:.0f} %), "
        f"widest high/low {widest:.2f} (goal {GOAL_RATIO})"
    )
    return met, text


def common(names: Sequence[str]) -> int:
    """Length of the part that all names start with, cut at a dash."""
    if len(names) < 2:
        return 0
    first, last = names[0], names[-1]
    length = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    return first.rfind("-", 0, length) + 1


def span(interval: Interval, digits: int = 2) -> str:
    """An interval in milliseconds."""
    return f"{interval.low_ns / 1e6:.{digits}f} to {interval.high_ns / 1e6:.{digits}f}"


def _ratio(interval: Interval) -> str:
    return "-" if interval.ratio is None else f"{interval.ratio:.2f}"


def _signed(value: float) -> str:
    return f"{100 * value:+.0f} %"
