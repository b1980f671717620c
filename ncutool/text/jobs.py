"""A comparison of jobs: a row a rank, on the terminal and in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.diff import jobs
from ncutool.diff.record import facts
from ncutool.diff.verdict import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.diff.gate import Gate
    from ncutool.diff.jobs import JobDiff, RankDiff

WIDTH = 80
_ROWS = 10
_HEADINGS = ("rank", "wall", "change", "busy", "in collectives", "verdict")


def job_text(
    job: JobDiff, gates: Sequence[tuple[int, Gate]] = (), *, top: int | None = None
) -> str:
    """Return a comparison of jobs for a terminal: worst rank first, the verdict last.

    Args:
        gates: what came of the rules for each rank, where any are asked for.
        top: how many ranks to list; 10 where None, all where 0.
    """
    run = job.ranks[0].diff.before.first
    world = "" if job.world_after is None else f" of {job.world_after}"
    about = f"{run.device.name or 'unknown device'} · {run.settings.tool}"
    lines = [shorten(f"{len(job.ranks)} ranks{world}, before → after · {about}", WIDTH)]
    lines += [f"only {when}: rank {', '.join(map(str, ranks))}" for when, ranks in _alone(job)]
    count = len(job.ranks) if top == 0 else (top or _ROWS)
    rows = [list(_HEADINGS), *(_row(one) for one in _worst(job)[:count])]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEADINGS))]
    lines += ["", *("  ".join(cell.rjust(wide) for cell, wide in zip(row, widths, strict=True))
                    for row in rows)]  # fmt: skip
    if len(job.ranks) > count:
        lines.append(f"{len(job.ranks) - count} more ranks: --top 0, or --format json")
    for rank, gate in gates:
        lines += [f"{one.outcome}: rank {rank}, {one.rule}: {printable(one.said)}"
                  for one in gate.checks if one.outcome != "pass"]  # fmt: skip
    if gates and all(gate.outcome == "pass" for _, gate in gates):
        lines.append("every rank keeps every rule")
    lines += ["", "a job is as slow as its slowest rank; figures of ranks are never summed", ""]
    return "\n".join([*lines, jobs.headline(job)]) + "\n"


def job_markdown(job: JobDiff) -> str:
    """Return the table of ranks for a comment, under the verdict."""
    rows = ["| " + " | ".join(row) + " |" for row in (_row(one) for one in _worst(job))]
    alone = [f"Only {when}: rank {', '.join(map(str, ranks))}.  " for when, ranks in _alone(job)]
    heads = "| " + " | ".join(_HEADINGS) + " |"
    return "\n".join(
        [f"### {jobs.headline(job)}", "", *alone, heads, "|--:" * 5 + "|:--|", *rows, ""]
    )


def job_facts(job: JobDiff, gates: Sequence[tuple[int, Gate]] = ()) -> dict[str, Any]:
    """Return a comparison of jobs for JSON: the verdict, and each rank's own comparison."""
    held = dict(gates)
    return {
        "schema": "ncutool/diff-ranks/1",
        "headline": jobs.headline(job),
        "verdict": None if job.refused else jobs.verdict(job),
        "world_size_before": job.world_before,
        "world_size_after": job.world_after,
        "ranks_only_before": list(job.only_before),
        "ranks_only_after": list(job.only_after),
        "slowest_rank_before": job.slowest_before.rank,
        "slowest_rank_after": job.slowest_after.rank,
        "ranks": [{"rank": one.rank, **facts(one.diff, held.get(one.rank))} for one in job.ranks],
    }


def _alone(job: JobDiff) -> list[tuple[str, tuple[int, ...]]]:
    sides = (("before", job.only_before), ("after", job.only_after))
    return [(when, ranks) for when, ranks in sides if ranks]


def _worst(job: JobDiff) -> list[RankDiff]:
    """Return the ranks by how much time they lost, worst first."""
    lost = {one.rank: one.diff.whole.after_ns - one.diff.whole.before_ns for one in job.ranks}
    return sorted(job.ranks, key=lambda one: (-lost[one.rank], one.rank))


def _row(one: RankDiff) -> list[str]:
    """Return the cells of one rank: its times, how they changed, and what may be said of it."""
    whole, busy = one.diff.whole, _busy(one)
    change = units.UNKNOWN if whole.share is None else f"{signed(whole.share)} %"
    judgement = whole.judgement
    return [
        str(one.rank),
        _span(whole.before_ns, whole.after_ns),
        change,
        units.UNKNOWN if busy is None else _span(*busy),
        _span(*_communication(one)),
        judgement.verdict if judgement is not None else "not compared",
    ]


def _busy(one: RankDiff) -> tuple[float, float] | None:
    windows = [side.first.window for side in (one.diff.before, one.diff.after)]
    if windows[0] is None or windows[1] is None:
        return None
    return windows[0].busy_ns, windows[1].busy_ns


def _communication(one: RankDiff) -> tuple[float, float]:
    """Return the time in collectives on both sides, in which a rank also waits for the others."""
    sides = []
    for side in (one.diff.before, one.diff.after):
        launches = side.first.launches
        sides.append(
            float(launches.filter(launches["bound"] == "communication")["duration_ns"].sum())
        )
    return sides[0], sides[1]


def _span(before_ns: float, after_ns: float) -> str:
    return f"{units.time(before_ns)} → {units.time(after_ns)}"
