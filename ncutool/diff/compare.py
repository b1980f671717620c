"""Two sides compared: same work, what matches, what changed, whether it is real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.diff.changes import Changes, Row, changes
from ncutool.diff.facts import Fact
from ncutool.diff.findings import Became, became
from ncutool.diff.match import Match, by_kind, match
from ncutool.diff.noise import Runs
from ncutool.diff.regions import Kind
from ncutool.diff.same_work import SameWork, flop_of, same_work
from ncutool.diff.sides import Run, Side, time_of
from ncutool.diff.verdict import Judgement, judge
from ncutool_parsers.errors import UsageError

MATCHED = Threshold(
    0.1,
    "share of the launch time",
    "where less of it matches on both sides, nothing is compared",
    "judgement: two versions of one program share more",
)


@dataclass(frozen=True)
class Whole:
    """One total of both sides: wall time, busy time, launch time."""

    what: str
    before_ns: float
    after_ns: float
    judgement: Judgement | None
    """None where speeds are not compared."""

    @property
    def share(self) -> float | None:
        """The change as a share of the time before; None where that is 0."""
        return self.after_ns / self.before_ns - 1 if self.before_ns else None


@dataclass(frozen=True)
class Idle:
    """Idle time of one cause on both sides, medians over the runs."""

    cause: str
    before_ns: float
    after_ns: float


@dataclass(frozen=True)
class Rate:
    """Work over time on both sides, for sides whose work differs."""

    what: str
    """`flop_per_busy_s` or `flop_per_wall_s`."""
    before: float
    after: float


class Diff(Struct, frozen=True, eq=False):
    """Everything that outputs show of two sides."""

    before: Side
    after: Side
    work: SameWork
    forced: bool
    matches: tuple[Match, ...]
    changes: Changes
    wholes: tuple[Whole, ...]
    """The time that is judged first: wall time of traces, launch time of reports."""
    idle: tuple[Idle, ...]
    rates: tuple[Rate, ...]
    """Given where the work differs and the comparison is insisted on."""
    findings: tuple[Became, ...]
    order: tuple[int, ...] | None
    order_how: str
    notes: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether speeds are not compared."""
        return self.work.refused and not self.forced

    @property
    def judged(self) -> bool:
        """Whether verdicts on speed are given."""
        return may_judge(self.work, self.forced)

    @property
    def whole(self) -> Whole:
        """The total that the verdict is on."""
        return self.wholes[0]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every match, worst first."""
        return self.changes.rows

    @property
    def kinds(self) -> dict[Kind, int]:
        """How many matches there are of each kind."""
        return by_kind(self.matches)


def may_judge(work: SameWork, forced: bool) -> bool:
    """Whether a verdict on speed makes sense: never of other work, else where it is insisted on."""
    if not work.refused:
        return True
    other_work = any(fact.refuses and fact.state == "differs" for fact in work.facts)
    return forced and not other_work


def with_work(judgement: Judgement | None, work: SameWork, forced: bool) -> Judgement | None:
    """Return what may be said of a total where the work may not be the same.

    Equal FLOPs hide a step of decoding more or less; the weights that products read tell it. The
    time of all launches is then no change of speed, unless the user insists.
    """
    passes = work.passes
    if judgement is None or judgement.change is None or passes is None or forced:
        return judgement
    why = f"same work not known: weights read {passes.before} → {passes.after}"
    return replace(judgement, verdict="inconclusive", why=why, by_work=True)


def compare(before: Side, after: Side, *, force: bool = False, order: str | None = None) -> Diff:
    """Return everything there is to say of two sides.

    Args:
        force: compare unlike captures all the same.
        order: in which order the runs were made, as letters: `ABAB`.

    Raises:
        UsageError: the order does not name each run once.
    """
    places, how = _order(before, after, order)
    work = same_work(before, after)
    matching = match(before.first, after.first)
    work = with_matched(work, before.first, after.first, matching.matches)
    judged = may_judge(work, force)
    rows = changes(before, after, matching.matches, places, judged=judged)
    other_work = work.refused and force and not judged
    return Diff(
        before=before,
        after=after,
        work=work,
        forced=force,
        matches=matching.matches,
        changes=rows,
        wholes=tuple(
            replace(whole, judgement=with_work(whole.judgement, work, force))
            for whole in _wholes(before, after, places, judged, rows.alike)
        ),
        idle=_idle(before, after),
        rates=_rates(before.first, after.first) if other_work else (),
        findings=became(before.first, after.first, matching.matches),
        order=places,
        order_how=how,
        notes=matching.notes,
    )


def with_matched(work: SameWork, before: Run, after: Run, matches: Sequence[Match]) -> SameWork:
    """Refuse two runs of which hardly a launch matches: they are of different programs."""
    both = [one for one in matches if one.before and one.after]
    old = _share(before, [launch for one in both for launch in one.before])
    new = _share(after, [launch for one in both for launch in one.after])
    what, texts = "time of matched launches", (units.percent(100 * old), units.percent(100 * new))
    if max(old, new) > MATCHED or work.state == "not_comparable":
        return replace(work, facts=(*work.facts, Fact(what, *texts)))
    said = "hardly a launch matches: another program"
    fact = Fact(what, *texts, None, "differs", True, said)
    return SameWork("differs", (*work.facts, fact))


def _share(run: Run, launches: list[int]) -> float:
    """Return the share of the launch time, of the number where none is timed."""
    kept = run.launches.filter(pl.col("launch_id").is_in(launches))
    if run.launch_ns:
        return time_of(kept) / run.launch_ns
    return kept.height / run.launches.height if run.launches.height else 0.0


def _order(before: Side, after: Side, given: str | None) -> tuple[tuple[int, ...] | None, str]:
    """Return the place of each run in the series, and how that is known."""
    counts = len(before.runs), len(after.runs)
    if given is not None:
        letters = given.upper()
        if sorted(letters) != ["A"] * counts[0] + ["B"] * counts[1]:
            raise UsageError(
                f"--order takes an A for each capture before ({counts[0]}) and a B for each after "
                f"({counts[1]}), in the order they were made: {'AB' * min(counts)}"
            )
        at = {letter: [n for n, one in enumerate(letters) if one == letter] for letter in "AB"}
        return (*at["A"], *at["B"]), f"{letters}, as given"
    started = [run.started_ns for run in (*before.runs, *after.runs)]
    known = [one for one in started if one is not None]
    if len(known) < len(started) or len(set(known)) < len(known):
        return None, "not known"
    ranked = sorted(known)
    places = tuple(ranked.index(one) for one in known)
    letters = "".join("A" if places.index(n) < counts[0] else "B" for n in range(len(places)))
    return places, f"{letters}, by the captures' clocks"


def _runs(before: Sequence[float], after: Sequence[float], places: tuple[int, ...] | None) -> Runs:
    return Runs(tuple(map(float, before)), tuple(map(float, after)), places)


def _wholes(
    before: Side, after: Side, places: tuple[int, ...] | None, judged: bool, alike: bool
) -> tuple[Whole, ...]:
    timed = all(run.window is not None for side in (before, after) for run in side.runs)
    locked = before.first.settings.launches_serialised
    cycles = None if timed else _cycles(before, after, places)
    found = []
    for what in ("wall", "busy") if timed else ("launch time",):
        old, new = ([_time(run, what) for run in side.runs] for side in (before, after))
        runs = _runs(old, new, places)
        judgement = judge(runs, locked=locked, cycles=cycles, alike=alike) if judged else None
        found.append(Whole(what, float(median(old)), float(median(new)), judgement))
    return tuple(found)


def _time(run: Run, what: str) -> int:
    """Return a total of a run; the time of its launches where it has no window."""
    if run.window is None or what == "launch time":
        return run.launch_ns
    return run.window.busy_ns if what == "busy" else run.window.wall_ns


def _cycles(before: Side, after: Side, places: tuple[int, ...] | None) -> Runs | None:
    """Return the cycles of all launches of each run; None where some launch's are not counted."""
    sums = []
    for side in (before, after):
        own = []
        for run in side.runs:
            cycles = run.launches["duration_ns"] / 1e9 * run.launches["sm_clock_hz"]
            if cycles.null_count() or not len(cycles):
                return None
            own.append(float(cycles.sum()))
        sums.append(own)
    return _runs(sums[0], sums[1], places)


def _idle(before: Side, after: Side) -> tuple[Idle, ...]:
    windows = [[run.window for run in side.runs if run.window] for side in (before, after)]
    if not all(windows):
        return ()
    causes = sorted({cause for side in windows for one in side for cause in one.idle_ns})
    found = [
        Idle(cause, *(float(median(one.idle_ns.get(cause, 0) for one in side)) for side in windows))
        for cause in causes
    ]
    return tuple(sorted(found, key=lambda one: (-(one.after_ns - one.before_ns), one.cause)))


def _rates(before: Run, after: Run) -> tuple[Rate, ...]:
    flop = flop_of(before)[0], flop_of(after)[0]
    if flop[0] is None or flop[1] is None:
        return ()
    rates = []
    for what, span in (("flop_per_busy_s", "busy"), ("flop_per_wall_s", "wall")):
        times = _time(before, span), _time(after, span)
        if all(times) and (span == "busy" or (before.window and after.window)):
            rates.append(Rate(what, flop[0] / times[0] * 1e9, flop[1] / times[1] * 1e9))
    return tuple(rates)


def of_rows(diff: Diff, rows: Sequence[Row]) -> Judgement | None:
    """Return what may be said of the time of some matches together; None where one is not timed.

    A run counts with what it has of them: what is new or gone is part of the sum.
    """
    count = len(diff.before.runs), len(diff.after.runs)
    sums = ([0.0] * count[0], [0.0] * count[1])
    for row in rows:
        for side, times, launches in (
            (sums[0], row.times.before, row.match.before),
            (sums[1], row.times.after, row.match.after),
        ):
            if launches and len(times) != len(side):
                return None
            for at, time in enumerate(times):
                side[at] += time
    runs = _runs(sums[0], sums[1], diff.order)
    locked = diff.before.first.settings.launches_serialised
    judgement = judge(runs, locked=locked, alike=diff.changes.alike)
    return with_work(judgement, diff.work, diff.forced)
