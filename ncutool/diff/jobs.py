"""Jobs of several ranks compared rank by rank; ranks are never repeats, and never summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base import units
from ncutool.diff.compare import Diff, compare
from ncutool.diff.gate import Gate, check
from ncutool.diff.sides import Run, Side
from ncutool.diff.verdict import signed
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.diff.gate import Rules


class RankDiff(Struct, frozen=True, eq=False):
    """One rank before and after."""

    rank: int
    diff: Diff


class JobDiff(Struct, frozen=True, eq=False):
    """All ranks that both sides have, by number, and those without a partner."""

    ranks: tuple[RankDiff, ...]
    only_before: tuple[int, ...]
    only_after: tuple[int, ...]
    world_before: int | None
    world_after: int | None

    @property
    def slowest_before(self) -> RankDiff:
        """The rank that the job waits for before: the one with the most time."""
        return max(self.ranks, key=lambda one: (one.diff.whole.before_ns, -one.rank))

    @property
    def slowest_after(self) -> RankDiff:
        """The rank that the job waits for after."""
        return max(self.ranks, key=lambda one: (one.diff.whole.after_ns, -one.rank))

    @property
    def same_world(self) -> bool:
        """Whether both jobs have equally many ranks, as far as the captures tell."""
        return None in (self.world_before, self.world_after) or (
            self.world_before == self.world_after
        )

    @property
    def refused(self) -> bool:
        """Whether speeds are not compared: of another number of ranks, or of any unlike rank."""
        return not self.same_world or any(one.diff.refused for one in self.ranks)


def ranks_of(side: Side) -> dict[int, Side] | None:
    """Return the captures of each rank; None where a side holds no more than one rank.

    Raises:
        UsageError: some captures of several say their rank and others do not, or ranks have
            unequally many captures.
    """
    numbers = {run.settings.rank for run in side.runs}
    if len(numbers - {None}) < 2:
        return None
    nameless = [run.name for run in side.runs if run.settings.rank is None]
    if nameless:
        raise UsageError(
            f"{nameless[0]}: says no rank, and other captures of its side do; give ranks alone"
        )
    grouped: dict[int, list[Run]] = {}
    for run in side.runs:
        grouped.setdefault(int(run.settings.rank or 0), []).append(run)
    counts = {rank: len(runs) for rank, runs in sorted(grouped.items())}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"rank {rank}: {count}" for rank, count in counts.items())
        raise UsageError(f"ranks have unequally many captures of a side ({listed}); give as many")
    return {rank: Side(tuple(runs)) for rank, runs in sorted(grouped.items())}


def compare_jobs(before: Side, after: Side, *, force: bool = False) -> JobDiff | None:
    """Return two jobs compared rank by rank; None where neither side holds several ranks.

    Several captures of one rank are its repeats.

    Raises:
        UsageError: one side holds several ranks and the other does not, or no rank is on both.
    """
    old, new = ranks_of(before), ranks_of(after)
    if old is None and new is None:
        return None
    if old is None or new is None:
        named = "--before" if old is None else "--after"
        raise UsageError(
            f"{named} holds one rank and the other side several; give the same ranks of both"
        )
    both = sorted(old.keys() & new.keys())
    if not both:
        raise UsageError("no rank is on both sides; give the same ranks of both")
    return JobDiff(
        ranks=tuple(RankDiff(rank, compare(old[rank], new[rank], force=force)) for rank in both),
        only_before=tuple(sorted(old.keys() - new.keys())),
        only_after=tuple(sorted(new.keys() - old.keys())),
        world_before=_world(before),
        world_after=_world(after),
    )


def _world(side: Side) -> int | None:
    """Return how many ranks a job has, where all of its captures agree on it."""
    sizes = {run.settings.world_size for run in side.runs}
    return sizes.pop() if len(sizes) == 1 else None


def gates(job: JobDiff, rules: Rules) -> tuple[tuple[int, Gate], ...]:
    """Return each rank held to the rules."""
    return tuple((one.rank, check(one.diff, rules)) for one in job.ranks)


def headline(job: JobDiff) -> str:
    """Return the verdict in one sentence: a job is as slow as its slowest rank."""
    if not job.same_world:
        return (
            f"Not the same work: {job.world_before} ranks before, {job.world_after} after; "
            "no speed verdict"
        )
    if job.refused:
        unlike = next(one for one in job.ranks if one.diff.refused)
        said = unlike.diff.work.differences[0].said
        return f"Rank {unlike.rank} is not comparable: {said}; no speed verdict"
    old, new = job.slowest_before, job.slowest_after
    before_ns = old.diff.whole.before_ns
    change = signed(new.diff.whole.after_ns / before_ns - 1) if before_ns else units.UNKNOWN
    times = f"{units.time(before_ns)} → {units.time(new.diff.whole.after_ns)}"
    moved = f"rank {old.rank}" if old.rank == new.rank else f"rank {old.rank} → {new.rank}"
    word = verdict(job)
    return f"{word.capitalize()}: slowest {moved} {times} ({change} %), {_counted(job)}"


def _counted(job: JobDiff) -> str:
    alone = len(job.only_before) + len(job.only_after)
    missing = f", {alone} without a partner" if alone else ""
    return f"{units.counted(len(job.ranks), 'rank')} compared{missing}"


def verdict(job: JobDiff) -> str:
    """Return what may be said of the job: of the slowest rank where it stayed the same one, and
    only what both of them are judged to be where another became the slowest. A rank without a
    partner could be slower than any that was compared: then nothing is sure."""
    if job.only_before or job.only_after:
        return "inconclusive"
    judged = [one.diff.whole.judgement for one in (job.slowest_before, job.slowest_after)]
    words = {one.verdict for one in judged if one is not None}
    return words.pop() if len(words) == 1 and None not in judged else "inconclusive"
