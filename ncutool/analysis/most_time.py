"""The kernel that takes most of the launch time: it always gets a word, whatever is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.work import inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from ncutool.advice.view.evidence import Excluded
    from ncutool.advice.view.finding import Advice, CouldNotLook
    from ncutool.work.inside import Inside
    from ncutool_parsers.capture import Capture

_LEVELS = {"dram_sol_pct": "DRAM", "l2_sol_pct": "L2", "l1_sol_pct": "L1"}
_FULL_PCT = Threshold(99.5, "%", "occupancy from here on is not limited by anything", "rounding")
AT_LIMIT = "at_limit"
_MAX_NAMED = 3
"""How many findings are named in a sentence."""


class MostTime(Struct, frozen=True):
    """What is known of the kernel that takes most of the launch time."""

    kernel: str
    launches: tuple[int, ...]
    duration_ns: int
    pct: float
    """Of the launch time."""
    sentences: tuple[str, ...]
    """Its figures, what holds it, and what to do or to collect."""
    findings: tuple[str, ...]
    """The findings that concern it."""
    cause: str | None = None
    """The rule of its first finding; `at_limit` where it has reached one, so that tuning does not
    help; None where no cause was found."""
    command: str | None = None
    """The ncu command that would tell more of its longest launch; None where nothing is missing."""


def of(
    figures: pl.DataFrame,
    rows: Callable[[pl.Series], pl.DataFrame],
    capture: Capture,
    advice: Advice,
) -> MostTime | None:
    """Return what is known of the kernel with most of the launch time; None where none is timed.

    Args:
        figures: table :data:`ncutool.base.tables.FIGURES`.
        rows: returns the rows of the kernels table of launches, by their launch_id.
        capture: what the reader found.
        advice: what is advised of it.
    """
    from ncutool.advice.kernels import gates

    copies = pl.col("category").is_in(["memcpy", "memset"])
    timed = figures.select("launch_id", "kernel_full", "device", "duration_ns", "category").filter(
        (pl.col("duration_ns") > 0) & ~copies
    )
    if timed.is_empty():
        return None
    unlike = len({(one.name, one.compute_capability) for one in capture.devices}) > 1
    alike = ["kernel_full", "device"] if unlike else ["kernel_full"]
    most = (
        timed.group_by(alike)
        .agg(pl.col("duration_ns").sum())
        .sort("duration_ns", *alike, descending=[True, *[False] * len(alike)])
        .row(0, named=True)
    )
    mine = timed.filter(pl.col(name).eq_missing(most[name]) for name in alike)
    where = f" on device {most['device']}" if unlike and most["device"] is not None else ""
    first = mine.sort("duration_ns", "launch_id", descending=[True, False])["launch_id"].head(1)
    longest = rows(first).row(0, named=True)
    time, total = int(mine["duration_ns"].sum()), int(figures["duration_ns"].sum())
    ids = frozenset(mine["launch_id"].to_list())
    findings = tuple(one.id for one in advice.findings if not ids.isdisjoint(one.launches))
    opening = (
        f"Most time is in {longest['kernel']}{where}: {units.percent(100 * time / total)} of the "
        f"launch time, {units.time(time)} in {units.counted(mine.height, 'launch')}."
    )
    counted = capture.traits.figures_counted
    full = gates.at_limit(longest) if counted and not findings else None
    counted_bound = longest["bound"] if counted else ""
    rules = [one.rule for one in advice.findings if one.id in findings]
    unseen = next((u for u in advice.could_not_look if not ids.isdisjoint(u.launches)), None)
    known = _counted(longest, _inside(capture, longest["launch_id"])) if counted else []
    return MostTime(
        kernel=longest["kernel"],
        launches=tuple(sorted(ids)),
        duration_ns=time,
        pct=100 * time / total,
        sentences=(opening, *known, _holds(longest), _next(findings, unseen, full, counted_bound)),
        findings=findings,
        cause=rules[0] if rules else AT_LIMIT if full is not None else None,
        command=None if unseen is None else unseen.command,
    )


def _inside(capture: Capture, launch_id: int) -> Inside:
    own = capture.metrics.filter(pl.col("launch_id") == launch_id)
    return inside.of_metrics(dict(own.select("metric", "value").iter_rows()))


def _counted(row: dict[str, Any], within: Inside) -> list[str]:
    """Return the figures of a launch of a report, as far as they were collected."""
    parts = []
    if row["sm_sol_pct"] is not None and row["memory_sol_pct"] is not None:
        levels = [
            f"{level} {units.percent(row[name])}"
            for name, level in _LEVELS.items()
            if row[name] is not None
        ]
        of_levels = f" ({', '.join(levels)})" if levels else ""
        parts.append(
            f"compute at {units.percent(row['sm_sol_pct'])} and memory at "
            f"{units.percent(row['memory_sol_pct'])} of their speed of light{of_levels}"
        )
    if within.fp64_pipe_pct is not None and within.fp64_pipe_pct >= 1:
        parts.append(f"the FP64 pipe {units.percent(within.fp64_pipe_pct)} busy")
    if row["waves"] is not None:
        parts.append(f"{units.significant(row['waves'])} waves of blocks")
    if (occupancy := _occupancy(within)) is not None:
        parts.append(occupancy)
    if within.stall is not None:
        share = units.percent(100 * within.stall.share)
        parts.append(f"warps wait most for {within.stall.name} ({share})")
    if within.threads_active is not None:
        parts.append(f"{units.significant(within.threads_active)} of 32 threads of a warp active")
    if not parts:
        return []
    return [f"Its longest launch ({row['launch_id']}): {'; '.join(parts)}."]


def _occupancy(within: Inside) -> str | None:
    """Return achieved and theoretical occupancy; the counters are of different passes, so that one
    may exceed the other a little."""
    achieved, theoretical = within.achieved_occupancy_pct, within.theoretical_occupancy_pct
    if achieved is None or theoretical is None:
        return None
    whole = units.percent(theoretical)
    limited = within.limited_by if theoretical < _FULL_PCT else ()
    by = f", limited by {' and '.join(limited)}" if limited else ""
    if achieved >= theoretical:
        return f"occupancy at its theoretical {whole}{by}"
    return f"occupancy {units.percent(achieved)} of a theoretical {whole}{by}"


def _holds(row: dict[str, Any]) -> str:
    """Return what holds the kernel's longest launch, or why that is not known."""
    if row["bound"] == "unknown":
        return f"What holds it is not known: {row['bound_reason']}."
    if row["bound"] == "small_grid":
        return f"Its grid is too small: {row['bound_reason']}."
    return f"It is {display_names.BOUNDS[row['bound']]}: {row['bound_reason']}."


def _next(
    findings: tuple[str, ...], unseen: CouldNotLook | None, full: Excluded | None, bound: str
) -> str:
    """Return which findings concern a kernel, what to collect of it, or that nothing was found."""
    told = []
    if findings:
        more = "" if len(findings) <= _MAX_NAMED else f" and {len(findings) - _MAX_NAMED} more"
        told.append(f"Of it: {', '.join(findings[:_MAX_NAMED])}{more}.")
    if full is not None:
        told.append(f"{full.why}")
    if unseen is not None:
        told.append(f"Could not look further: {unseen.reason}. To collect: {unseen.collect}.")
    if told:
        return " ".join(told)
    if bound == "latency":
        from ncutool.advice.kernels.measures import STALL_PCT

        return (
            "What keeps it so far from both limits is not known: no reason to wait takes "
            f"{STALL_PCT:g} % of the time, and nothing that was counted explains it."
        )
    return "Nothing worth doing was found for it."
