"""One thing that both sides were asked for, and how two figures of it compare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ncutool.base import units
from ncutool.base.thresholds import Threshold

State = Literal["same", "differs", "not_comparable", "not_known"]
WORK_APART = Threshold(
    0.01,
    "share of the larger",
    "FLOPs that differ by more are other work",
    "judgement: as the classes of work that a report is joined by",
)


@dataclass(frozen=True)
class Fact:
    """One thing that both sides were asked for."""

    what: str
    before: str
    after: str
    ratio: float | None = None
    """After over before, of figures."""
    state: State = "same"
    refuses: bool = False
    """Times cannot be compared because of it."""
    said: str = ""
    """The difference in one sentence; empty where there is none."""


def apart(before: float, after: float) -> float:
    """Return by what share of the larger two figures differ."""
    larger = max(abs(before), abs(after))
    return abs(after - before) / larger if larger else 0.0


def ratio_of(before: float | None, after: float | None) -> float | None:
    """Return after over before; None where that is not known or there was none."""
    return after / before if before and after is not None else None


def change_words(before: float, after: float) -> str:
    """Return a change in words: `−49.3 %`, `3.85 times`."""
    if not before:
        return "from none"
    ratio = after / before
    if ratio >= 2:
        return f"{units.significant(ratio)} times"
    return f"{'+' if ratio >= 1 else '−'}{units.percent(abs(100 * (ratio - 1)))}"
