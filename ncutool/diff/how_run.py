"""How both sides of a comparison were run, and what their captures do not tell."""

from __future__ import annotations

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.diff import wording
from ncutool.diff.compare import Diff
from ncutool.diff.conditions import CLOCK_NS
from ncutool.diff.sides import Run, Side
from ncutool.diff.verdict import signed

_NOT_READ = "not read from captures"
_PRIVATE = "private, so not shown"


class Condition(Struct, frozen=True):
    """One thing of how both sides were run."""

    what: str
    before: str
    after: str
    differs: bool


def how_it_was_run(diff: Diff) -> tuple[Condition, ...]:
    """Return how both sides were run, what differs marked."""
    sides = diff.before, diff.after
    rows = [_told("captures", *(_captures(side) for side in sides), differs=False)]
    for fact in diff.work.facts:
        if fact.what.startswith(("before: ", "after: ", "FLOP", "DRAM", "compulsory")):
            continue
        if fact.before == fact.after == units.UNKNOWN:
            continue
        differs = bool(fact.said) or fact.state in ("differs", "not_comparable")
        rows.append(Condition(fact.what, fact.before, fact.after, differs))
    for what, read in (("compute capability", "compute_capability"), ("SMs", "sm_count")):
        values = [getattr(side.first.device, read) for side in sides]
        if any(values):
            rows.append(_told(what, *("not known" if one is None else str(one) for one in values)))
    for what, column in (("SM clock", "sm_clock_hz"), ("memory clock", "memory_clock_hz")):
        spans = [_clock_span(side.first, column) for side in sides]
        if any(spans):
            words = f"{what}, launches over {units.time(CLOCK_NS)}"
            rows.append(_told(words, *(one or "not known" for one in spans), differs=False))
    rows.append(Condition("order of runs", diff.order_how, diff.order_how, False))
    rows.append(Condition("driver, commit", _NOT_READ, _NOT_READ, False))
    rows.append(Condition("command", _PRIVATE, _PRIVATE, False))
    return tuple(rows)


def _told(what: str, before: str, after: str, *, differs: bool | None = None) -> Condition:
    return Condition(what, before, after, before != after if differs is None else differs)


def _captures(side: Side) -> str:
    names = ", ".join(shorten(run.name, 60) for run in side.runs[:3])
    more = f" and {len(side.runs) - 3} more" if len(side.runs) > 3 else ""
    return f"{names}{more}"


def _clock_span(run: Run, column: str) -> str:
    rows = run.launches.filter((pl.col("duration_ns") >= CLOCK_NS) & pl.col(column).is_not_null())
    if rows.is_empty():
        return ""
    ends = [units.scaled(float(rows[column].quantile(at) or 0.0), "Hz") for at in (0.0, 1.0)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def end_to_end(diff: Diff) -> str:
    """Return the change of the whole, where a capture tells it."""
    whole = diff.whole
    if whole.what != "wall":
        return "not measured: a report times launches, not the program"
    share = "" if whole.share is None or not diff.judged else f" ({signed(whole.share)} %)"
    spent = wording.span(whole.before_ns, whole.after_ns)
    return f"{spent}{share} of wall time in the captured window"


def not_measured(diff: Diff) -> tuple[tuple[str, str], ...]:
    """Return what these captures do not tell, each with the reason."""
    found = []
    runs = diff.before.first, diff.after.first
    fewest = min(len(diff.before.runs), len(diff.after.runs))
    if fewest < 2:
        found.append(("Spread between runs", "one capture a side: no interval, no power"))
    if any(run.window is None for run in runs):
        found.append(("End-to-end time", "launches under a profiler, not the program"))
        found.append(("Idle time and its causes", "a report has no start times"))
    if all(row.after.measured_over_compulsory is None for row in diff.rows):
        counted = any(run.settings.figures_counted for run in runs)
        why = "a report has no shapes" if counted else "a trace counts no bytes; --ncu-after does"
        found.append(("Measured over compulsory bytes", why))
    if not any(run.settings.figures_counted for run in runs):
        found.append(("Clocks", "a trace does not record them"))
    sizes = "one set of shapes; others may get worse"
    return (
        *found,
        ("Results", "accuracy is never compared; --accuracy takes what you measured"),
        ("Other sizes", sizes),
        ("Driver, commits, commands", "not read, or private; --note adds them"),
    )
