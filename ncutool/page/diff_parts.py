"""Where the time went on both sides of a comparison, and where the change is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.analysis.looks import LOOKS
from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.base.untrusted import shorten
from ncutool.diff import shown, wording
from ncutool.diff.verdict import signed

if TYPE_CHECKING:
    from ncutool.diff.changes import Row
    from ncutool.diff.compare import Diff

CUT = Threshold(
    0.2,
    "share of the time before",
    "where all changes lie within less of it, the axis begins near them and says so",
    "judgement: else every bar of a small change is a hair",
)
_STEPS = 9
"""Matches with a bar of their own."""
_NAME = 26
_MANY = 10
"""From so many times as much on no percentage is written."""


class Segment(Struct, frozen=True):
    """A part of a bar."""

    kind: str
    name: str
    pct: float
    """Of the axis that both bars share."""
    time: str


class Bar(Struct, frozen=True):
    """The time of one side."""

    name: str
    total: str
    segments: tuple[Segment, ...]
    gone_pct: float
    """What the other side has more: after it is gone, and hatched."""
    change: str
    """By how much the time after differs; empty for the side before."""


class Key(Struct, frozen=True):
    """One kind's time on both sides."""

    kind: str
    shape: str
    name: str
    times: str


class Bars(Struct, frozen=True):
    """Both bars on one axis."""

    bars: tuple[Bar, ...]
    keys: tuple[Key, ...]
    of: str
    """What total they are of."""
    idle: tuple[tuple[str, str, str], ...]
    """Cause, both times, change: the causes of idle time that changed most."""


def bars(diff: Diff) -> Bars | None:
    """Return both sides' time by what holds it; None where nothing is timed."""
    sides = [shown.parts(side.first) for side in (diff.before, diff.after)]
    totals = [sum(one.values()) for one in sides]
    axis = max(totals)
    if axis <= 0:
        return None
    order = [kind for kind in display_names.BOUNDS if any(one.get(kind) for one in sides)]
    drawn = []
    for number, (name, parts) in enumerate(zip(("before", "after"), sides, strict=True)):
        own = tuple(
            Segment(kind, display_names.SHORT_BOUNDS[kind], 100 * parts[kind] / axis,
                    units.time(parts[kind]))
            for kind in order if parts.get(kind)
        )  # fmt: skip
        spare = axis - totals[number]
        apart = totals[1] / totals[0] - 1 if totals[0] else 0.0
        moved = totals[1] - totals[0]
        tells = diff.judged and number == 1 and abs(moved) > shown.REMAINDER * axis
        change = f"{shown.amount(moved)}, {signed(apart)} %" if tells else ""
        gone_pct = 100 * spare / axis if diff.judged else 0.0
        drawn.append(Bar(name, units.time(totals[number]), own, gone_pct, change))
    keys = [
        Key(kind, LOOKS[kind].shape, display_names.SHORT_BOUNDS[kind],
            wording.span(sides[0].get(kind, 0.0), sides[1].get(kind, 0.0), 3))
        for kind in order
    ]  # fmt: skip
    many = max(len(diff.before.runs), len(diff.after.runs)) > 1
    which = ", of the median run" if many else ""
    whole = shown.WHOLES[diff.whole.what]
    return Bars(tuple(drawn), tuple(keys), f"{whole}{which}, by what held it", _idle(diff))


def _idle(diff: Diff) -> tuple[tuple[str, str, str], ...]:
    ranked = sorted(diff.idle, key=lambda one: -abs(one.after_ns - one.before_ns))
    least = shown.REMAINDER * diff.whole.before_ns
    return tuple(
        (display_names.gap_cause(one.cause), wording.span(one.before_ns, one.after_ns, 3),
         shown.amount(one.after_ns - one.before_ns))
        for one in ranked[:5] if abs(one.after_ns - one.before_ns) >= least
    )  # fmt: skip


class Step(Struct, frozen=True):
    """One bar of the waterfall."""

    name: str
    way: str
    """`total`, `slower` or `faster`."""
    left: float
    wide: float
    amount: str
    share: str
    bold: bool
    title: str


class Waterfall(Struct, frozen=True):
    """How the time before became the time after, step by step."""

    steps: tuple[Step, ...]
    begins: str
    """Where the axis begins; empty where that is nothing."""
    ticks: tuple[tuple[float, str], ...]
    of: str


def waterfall(diff: Diff) -> Waterfall | None:
    """Return the change by kernel, worst first; None where nothing changed or nothing is timed."""
    whole = diff.whole
    changes = _changes(diff)
    if not changes or not max(whole.before_ns, whole.after_ns):
        return None
    level, levels = whole.before_ns, [whole.before_ns, whole.after_ns]
    for _, ns, _, _ in changes:
        level += ns
        levels.append(level)
    low, high = _axis(min(levels), max(levels))
    span = high - low

    def place(start: float, end: float) -> tuple[float, float]:
        left, right = sorted((100 * (start - low) / span, 100 * (end - low) / span))
        return max(left, 0.0), right - max(left, 0.0)

    steps = [Step("before", "total", *place(low, whole.before_ns), units.time(whole.before_ns),
                  "", True, "")]  # fmt: skip
    level = whole.before_ns
    for name, ns, row, was in changes:
        share = _share(ns, was)
        bold = row is not None and shown.regressed(row)
        steps.append(Step(name, "slower" if ns > 0 else "faster", *place(level, level + ns),
                          shown.amount(ns), share, bold,
                          name if row is None else shown.described(row)))  # fmt: skip
        level += ns
    share = "" if whole.share is None else f"{signed(whole.share)} %"
    steps.append(Step("after", "total", *place(low, whole.after_ns), units.time(whole.after_ns),
                      share, True, ""))  # fmt: skip
    ticks = tuple((50.0 * n, units.time(low + span * n / 2)) for n in range(3))
    of = shown.WHOLES[whole.what]
    return Waterfall(tuple(steps), units.time(low) if low else "", ticks, of)


def _share(ns: float, was: float) -> str:
    """Return a change as a share of what it was; very many times as much as times."""
    if not was:
        return ""
    many = ns / was + 1
    return f"× {units.significant(many, 2)}" if many >= _MANY else f"{signed(ns / was)} %"


def _axis(low: float, high: float) -> tuple[float, float]:
    if high - low > CUT * high:
        return 0.0, high
    room = 0.35 * (high - low) or 0.05 * high
    return max(low - room, 0.0), high


def _changes(diff: Diff) -> list[tuple[str, float, Row | None, float]]:
    """Return what adds up to the change of the whole: matches, idle time, and what is left.

    Each with its name, by how much it changed, its match and what it took before.
    """
    whole = diff.whole
    least = shown.REMAINDER * max(whole.before_ns, 1.0)
    named = {row.number for row in sorted(diff.rows, key=lambda row: -abs(row.delta_ns))[:_STEPS]
             if row.delta_ns}  # fmt: skip
    found: list[tuple[str, float, Row | None, float]] = [
        (shorten(shown.described(row), _NAME), row.delta_ns, row, row.before.time_ns or 0.0)
        for row in diff.rows
        if row.number in named
    ]
    others = [row for row in diff.rows if row.number not in named]
    rest = sum(row.delta_ns for row in others)
    if others and rest:
        found.append(
            (
                f"all others ({units.count(len(others))})",
                rest,
                None,
                sum(row.before.time_ns or 0.0 for row in others),
            )
        )
    if whole.what == "wall":
        idle = sum(one.after_ns - one.before_ns for one in diff.idle)
        if abs(idle) >= least:
            found.append(("idle time", idle, None, sum(one.before_ns for one in diff.idle)))
    left = whole.after_ns - whole.before_ns - sum(ns for _, ns, _, _ in found)
    if abs(left) >= least:
        many = max(len(diff.before.runs), len(diff.after.runs)) > 1
        why = "medians of runs do not add up" if many else "launches that overlap"
        found.append((f"not told apart: {why}", left, None, 0.0))
    return found
