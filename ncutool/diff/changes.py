"""What became of each match: time, work, place on the roofline, and whether the change is real."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import polars as pl
from msgspec import Struct

from ncutool.analysis.groups import detail, label
from ncutool.diff.match import Match
from ncutool.diff.noise import Runs, runs_for, shows
from ncutool.diff.sides import Run, Side
from ncutool.diff.totals import assigned, totals
from ncutool.diff.verdict import SMALLEST_NS, Judgement, judge

_FIGURES = ("launches", "time_ns", "cycles", "flop", "dram_bytes", "compulsory_bytes",
            "measured_over_compulsory", "roofline_pct")  # fmt: skip


class Figures(Struct, frozen=True):
    """What one match is on one side: medians over the runs; None where a run does not tell."""

    launches: float | None = None
    time_ns: float | None = None
    cycles: float | None = None
    flop: float | None = None
    dram_bytes: float | None = None
    compulsory_bytes: float | None = None
    measured_over_compulsory: float | None = None
    roofline_pct: float | None = None
    bound: str | None = None


class Row(Struct, frozen=True):
    """One match and what became of it."""

    number: int
    match: Match
    name: str
    detail: str
    kernel_before: str | None
    kernel_after: str | None
    before: Figures
    after: Figures
    judgement: Judgement | None
    """None for what one side alone has, and where speeds are not compared."""
    times: Runs

    @property
    def delta_ns(self) -> float:
        """By how much its time changed; what is new or gone counts whole."""
        return (self.after.time_ns or 0.0) - (self.before.time_ns or 0.0)

    @property
    def delta_share(self) -> float | None:
        """The same as a share of the time before; None where there is none."""
        if not self.before.time_ns or self.after.time_ns is None:
            return None
        return self.after.time_ns / self.before.time_ns - 1

    def moved(self, figure: str) -> float | None:
        """Return a figure after over before, less one; None where a side lacks it."""
        old, new = getattr(self.before, figure), getattr(self.after, figure)
        return new / old - 1 if old and new is not None else None


class Changes(Struct, frozen=True):
    """Every match, worst first, and the series of times that they were judged by."""

    rows: tuple[Row, ...]
    among: int
    """How many changes were judged together."""
    alike: bool
    """Both sides are one recording."""


def changes(
    before: Side,
    after: Side,
    matches: Sequence[Match],
    order: tuple[int, ...] | None,
    *,
    judged: bool = True,
) -> Changes:
    """Return what became of each match, by how much time it lost, worst first.

    Args:
        order: the place of each run in the series; None where it is not known.
        judged: speeds may be compared.
    """
    series = _series(before, matches, True), _series(after, matches, False)
    same = _same_recording(before, after, matches)
    both = [bool(one.before and one.after) for one in matches]
    among = max(1, sum(both[n] and _counts(series, n) for n in range(len(matches))))
    about = _about(before.first), _about(after.first)
    locked = before.first.settings.launches_serialised
    rows = []
    for number, one in enumerate(matches):
        figures = [_figures(side, number) for side in series]
        times, cycles = (
            _runs(series, number, "time_ns", order),
            _runs(series, number, "cycles", order),
        )
        judgement = None
        if judged and both[number]:
            judgement = judge(times, locked=locked, among=among, cycles=cycles, alike=same)
        rows.append(_row(number, one, about, figures, judgement, times))
    rows.sort(key=lambda row: (-row.delta_ns, -(row.after.time_ns or 0.0), row.number))
    return Changes(tuple(rows), among, same)


Series = list[dict[int, dict[str, Any]]]
"""For each run of a side, the totals of each match."""


def _series(side: Side, matches: Sequence[Match], before: bool) -> Series:
    return [
        {row["match"]: row for row in totals(run, numbers).iter_rows(named=True)}
        for run, numbers in zip(side.runs, assigned(side, matches, before), strict=True)
    ]


def _counts(series: tuple[Series, Series], number: int) -> bool:
    """Whether a change of a match could be called one at all."""
    times = [run[number]["time_ns"] or 0 for side in series for run in side if number in run]
    return max(times, default=0) >= SMALLEST_NS


def _runs(
    series: tuple[Series, Series], number: int, figure: str, order: tuple[int, ...] | None
) -> Runs:
    """Return a figure of a match in every run that has it, with the runs' places."""
    count = len(series[0])
    values: tuple[list[float], list[float]] = ([], [])
    places: list[int] = []
    for which, side in enumerate(series):
        for at, run in enumerate(side):
            value = run.get(number, {}).get(figure)
            if value is not None:
                values[which].append(float(value))
                places.append(at + which * count)
    kept = None if order is None else tuple(order[place] for place in places)
    return Runs(tuple(values[0]), tuple(values[1]), kept)


def _figures(side: Series, number: int) -> Figures:
    found: dict[str, Any] = {}
    rows = [run[number] for run in side if number in run]
    for name in _FIGURES:
        values = [row[name] for row in rows]
        if values and None not in values:
            found[name] = float(median(values))
    bounds = [row["bound"] for row in rows]
    if bounds:
        found["bound"] = max(sorted(set(bounds)), key=bounds.count)
    return Figures(**found)


def _about(run: Run) -> dict[int, dict[str, Any]]:
    """Return the rows of a run's launches by launch_id, as their names are made from."""
    source = pl.lit(run.settings.source).alias("source")
    rows = run.launches.with_columns(source).iter_rows(named=True)
    return {row["launch_id"]: row for row in rows}


def _row(
    number: int,
    one: Match,
    about: tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]],
    figures: list[Figures],
    judgement: Judgement | None,
    times: Runs,
) -> Row:
    old = about[0][one.before[0]] if one.before else None
    new = about[1][one.after[0]] if one.after else None
    shown = new or old or {}
    details = [detail(row) or "" for row in (old, new) if row]
    return Row(
        number=number,
        match=one,
        name=label(shown["op"], shown["kernel"]),
        detail=" → ".join(dict.fromkeys(filter(None, details))),
        kernel_before=old["kernel"] if old else None,
        kernel_after=new["kernel"] if new else None,
        before=figures[0],
        after=figures[1],
        judgement=judgement,
        times=times,
    )


def _same_recording(before: Side, after: Side, matches: Sequence[Match]) -> bool:
    """Whether both sides are one capture: every launch took the same time to the nanosecond."""
    if len(before.runs) != 1 or len(after.runs) != 1:
        return False
    if before.first.window != after.first.window:
        return False
    durations = [
        dict(run.launches.select("launch_id", "duration_ns").iter_rows())
        for run in (before.first, after.first)
    ]
    return all(
        sorted(durations[0][launch] or 0 for launch in one.before)
        == sorted(durations[1][launch] or 0 for launch in one.after)
        for one in matches
    )


def power(judgement: Judgement, runs: int, wanted: float) -> str:
    """Return what repeats would show, in words: `7 runs a side would show 3 %`; may be empty."""
    spread = judgement.change.spread if judgement.change is not None else None
    if spread is None:
        return ""
    needed = runs_for(spread, wanted)
    now = f"{runs} runs a side show {100 * shows(spread, runs):.1f} %"
    if needed is None:
        return f"{now}; no number of runs in reach shows {100 * wanted:g} %"
    if needed <= runs:
        return now
    return f"{now}; {needed} would show {100 * wanted:g} %"
