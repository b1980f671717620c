"""Findings of a report before they are numbered: one for launches of one kernel and one cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ncutool.advice.catalogue import rules
from ncutool.advice.kernels import fill, gates, remedies, stalls
from ncutool.advice.kernels.candidate import Candidate
from ncutool.advice.view.evidence import Also, Value
from ncutool.advice.view.finding import LINE
from ncutool.base import units
from ncutool.work.inside import Inside

if TYPE_CHECKING:
    from ncutool.advice.kernels.causes import Estimate
    from ncutool.advice.kernels.decide import Decided
    from ncutool.inside.hot import Hot


def of_decided(
    group: Sequence[Decided],
    window: int,
    insides: Mapping[int, Inside],
    sampled: Mapping[int, Hot],
    of: str = "",
) -> Candidate:
    """Return the candidate for launches of one kernel that have one cause.

    Args:
        group: never empty.
        window: the time of all launches, ns.
        insides: what the counters of each launch say, by launch_id.
        sampled: where the warps of each launch were found, by launch_id.
        of: whose launches are named, where it is not the capture's own.
    """
    most = max(group, key=lambda one: (one.saved_ns, one.cause.share, -one.row["launch_id"]))
    inside = insides.get(most.row["launch_id"], Inside())
    hot = sampled.get(most.row["launch_id"])
    made = _filling(group, most, window) if most.cause.cause in (fill.FEW, fill.SHORT) else (
        _one_cause(group, most, window, of)
    )  # fmt: skip
    values = (*most.cause.values, *_of_place(most, hot))
    told = frozenset({most.cause.cause, *(one.cause for one in most.others)})
    made = made._replace(
        cap=_cap(most, len(group), of),
        figures=values,
        also=_also(group),
        excluded=tuple(gates.excluded(most.row, inside, told)),
    )
    return remedies.applied(made, most, inside, hot)


def _one_cause(group: Sequence[Decided], most: Decided, window: int, of: str) -> Candidate:
    rows = [one.row for one in group]
    time = sum(row["duration_ns"] for row in rows)
    name, rule, estimate = rows[0]["kernel"], rules()[most.cause.cause], most.cause
    where = f" (launch {most.row['launch_id']}{of})" if len(rows) > 1 or of else ""
    capped = f" Of that, {estimate.capped}." if estimate.capped else ""
    return Candidate(
        rule=rule.name,
        title=rule.title.format(name),
        rows=rows,
        saved=[one.saved_ns for one in group],
        evidence=(
            f"{name}: {units.counted(len(rows), 'launch')}, {units.time(time)} "
            f"({units.percent(100 * time / window)} of all launch time).",
            f"Most of all{where}: {estimate.clause}.{capped}",
            "The estimate assumes that nothing else holds the launch, and estimates of several "
            "causes do not add up.",
        ),
        remedy=rule.remedy,
        why=_why(rows, time, estimate),
    )


def _filling(group: Sequence[Decided], most: Decided, window: int) -> Candidate:
    """Return the candidate for launches that do not fill the device."""
    rows, small = [one.row for one in group], most.cause.cause == fill.FEW
    time = sum(row["duration_ns"] for row in rows)
    name = rows[0]["kernel"]
    times = f"{len(group):,} launches" if len(group) > 1 else "one launch"
    limits = [
        value.value for one in group for value in one.cause.values if value.metric == "limiting_pct"
    ]
    share = units.percent(100 * time / window)
    evidence = [
        f"{name}: {times}, {units.time(time)} ({share} of all launch time), reaching at most "
        f"{units.percent(max(limits))} of either limit.",
    ]
    waves = [row["waves"] for row in rows if row["waves"] is not None]
    if small and waves:
        evidence.append(
            f"Grids fill at most {units.significant(max(waves), 2)} waves of the "
            "multiprocessors: the rest of the device has nothing to do."
        )
    evidence.append(
        "The profiler ran the launches one at a time; whether the application runs others beside "
        "them, the report does not say."
    )
    what = "too few blocks" if small else "too little work a launch"
    remedy = "Give a launch more blocks: split the work finer, or process several inputs at once"
    if len(group) > 1:
        remedy = "Join the launches into one over all inputs, or run them on several streams"
    return Candidate(
        rule=most.cause.cause,
        title=f"Batch {name}: {what}, {times}",
        rows=rows,
        saved=[one.saved_ns for one in group],
        evidence=tuple(evidence),
        remedy=remedy + ".",
        why=f"{times[:1].upper()}{times[1:]} of {units.time(time)} ({share} of all launch time), "
        f"at most {units.percent(max(limits))} of either limit.",
    )


def _why(rows: Sequence[dict[str, Any]], time: int, most: Estimate) -> str:
    """Return one line on how long they take and what the counters say; what makes it too long is
    left to the evidence."""
    clause = most.clause.partition("; NVIDIA's rule")[0].partition(" (NVIDIA estimates")[0]
    line = f"{units.counted(len(rows), 'launch')} of {units.time(time)}; {clause}"
    while len(line) >= LINE and ", " in line:
        line = line.rpartition(", ")[0]
    return f"{line}."


def _cap(most: Decided, launches: int, of: str) -> str:
    which = f"launch {most.row['launch_id']}{of}" if launches > 1 or of else "the launch"
    share = units.percent(100 * most.cause.share)
    return f"At most {share} of {which} may go: {most.cause.cap}."


def _also(group: Sequence[Decided]) -> tuple[Also, ...]:
    """Return what else applies to launches of one cause, most time first."""
    saved: dict[str, int] = {}
    largest: dict[str, Estimate] = {}
    for one in group:
        for other in one.others:
            code = other.cause
            saved[code] = saved.get(code, 0) + int(one.row["duration_ns"] * other.share)
            kept = largest.get(code)
            largest[code] = other if kept is None or other.share > kept.share else kept
    name, known = group[0].row["kernel"], rules()
    return tuple(
        Also(code, known[code].title.format(name), saved[code], sentence(largest[code].clause))
        for code in sorted(saved, key=lambda code: (-saved[code], code))
    )


def sentence(clause: str) -> str:
    """Return a clause as a sentence."""
    return f"{clause[:1].upper()}{clause[1:]}."


def _of_place(most: Decided, hot: Hot | None) -> tuple[Value, ...]:
    """Return the instruction at which most of its warps were found, where it waits."""
    if most.cause.cause != "tune-stalls" or hot is None or hot.instructions[0].pct < stalls.HOT_PCT:
        return ()
    hottest, launch_id = hot.instructions[0], most.row["launch_id"]
    least = float(stalls.HOT_PCT)
    return (Value("hot_pct", hottest.pct, "%", ">=", least, launch_id, hottest.offset),)
