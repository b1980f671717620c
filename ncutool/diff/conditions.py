"""What two captures were made with: device, types, clocks, and how the profiler was set."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

from ncutool.base import units
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.diff.facts import WORK_APART, Fact, apart, change_words, ratio_of
from ncutool.diff.sides import Run, time_of

CLOCKS_APART = Threshold(
    0.05,
    "share of the larger",
    "clocks that differ by more make times incomparable",
    "judgement: locked clocks of the miniweather pair repeat within 1.4 % on launches long enough",
)
CLOCK_NS = IntThreshold(
    100_000,
    "ns",
    "launches at least so long have a clock that can be read from their counters",
    "judgement: over 11 to 14 us the reading fell by 9 % between two runs at one locked clock",
)
PRODUCTS = ("gemm", "convolution", "attention")
"""Families whose FLOPs no fusion changes."""


def conditions(before: Run, after: Run) -> list[Fact]:
    """Return every condition of two runs; another one refuses a comparison of times."""
    return [
        _told("format", before, after, lambda run: run.settings.tool),
        _told("device", before, after, device_words),
        _told("data type of the products", before, after, dtypes),
        *_clocks(before, after),
        *_profiler(before, after),
    ]


def _told(what: str, before: Run, after: Run, read: Callable[[Run], str]) -> Fact:
    """Compare a condition that is a word: another one refuses, an unknown one is said."""
    old, new = read(before), read(after)
    if not old or not new:
        said = f"{what} not known {'before' if new else 'after'}" if old or new else ""
        return Fact(
            what, old or units.UNKNOWN, new or units.UNKNOWN, None, "not_known", False, said
        )
    differs = old != new
    return Fact(what, old, new, None, "not_comparable" if differs else "same", differs,
                f"{what}: {old} → {new}" if differs else "")  # fmt: skip


def device_words(run: Run) -> str:
    """Return the devices of a run in words; empty where they are not known."""
    many = f"{run.device.used} × " if run.device.used > 1 else ""
    return f"{many}{run.device.name}" if run.device.name else ""


def dtypes(run: Run) -> str:
    """Return the data types of the products, by time; those of a hundredth of it do not count."""
    rows = run.launches.filter(pl.col("family").is_in(PRODUCTS) & pl.col("dtype").is_not_null())
    times = rows.group_by("dtype").agg(pl.col("duration_ns").sum())
    total = time_of(rows)
    kept = times.filter(pl.col("duration_ns") > WORK_APART * total)["dtype"]
    return ", ".join(sorted(kept))


def clock_of(run: Run, column: str) -> float | None:
    """Return the clock of the launches that are long enough to tell it, weighted by time."""
    rows = run.launches.filter((pl.col("duration_ns") >= CLOCK_NS) & pl.col(column).is_not_null())
    time = time_of(rows)
    return float((rows[column] * rows["duration_ns"]).sum() / time) if time else None


def _clocks(before: Run, after: Run) -> list[Fact]:
    facts = []
    for what, column in (("SM clock", "sm_clock_hz"), ("memory clock", "memory_clock_hz")):
        old, new = clock_of(before, column), clock_of(after, column)
        texts = units.scaled(old, "Hz"), units.scaled(new, "Hz")
        if old is None or new is None:
            facts.append(Fact(what, *texts, None, "not_known"))
            continue
        differs = apart(old, new) > CLOCKS_APART
        said = f"{what} {texts[0]} → {texts[1]} ({change_words(old, new)})" if differs else ""
        facts.append(Fact(what, *texts, ratio_of(old, new),
                          "not_comparable" if differs else "same", differs, said))  # fmt: skip
    return facts


_YES_NO = {True: "yes", False: "no"}
_SETTINGS = (
    ("stacks", "Python stacks recorded"),
    ("shapes", "shapes recorded"),
    ("operators_filtered", "operators filtered out"),
    ("complete", "recorded whole"),
    ("synthetic", "made by a program, not measured"),
)


def _setting(run: Run, name: str) -> str:
    return _YES_NO[getattr(run.settings, name)]


def _rank(run: Run) -> str:
    """Return which rank of its job a run is, in words; empty where it says none."""
    return "" if run.settings.rank is None else f"rank {run.settings.rank}"


def _profiler(before: Run, after: Run) -> list[Fact]:
    facts = [_told(words, before, after, partial(_setting, name=name)) for name, words in _SETTINGS]
    facts.append(_told("ranks of the job", before, after,
                       lambda run: units.count(run.settings.world_size or 1)))  # fmt: skip
    facts.append(_told("rank", before, after, _rank))
    old, new = (run.settings.tool_version or units.UNKNOWN for run in (before, after))
    said = f"tool version {old} → {new}" if old != new else ""
    facts.append(Fact("tool version", old, new, None, "same", False, said))
    return facts
