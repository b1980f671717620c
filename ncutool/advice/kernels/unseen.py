"""What could be looked at in a capture, and what could not: silence must not read as health.

A report answers only what its sections were collected for, a trace only what its launches' work is
known of. Everything else is listed with the time that is in it and with what to collect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ncutool.advice.price.rank import SMALL_PCT
from ncutool.advice.view.finding import CouldNotLook, Finding
from ncutool.base import ncu_command, units
from ncutool.base.thresholds import IntThreshold
from ncutool.work import counter_notices
from ncutool.work.inside import Inside
from ncutool_parsers.kernel_names import function_name

if TYPE_CHECKING:
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture

SHORT_NS = IntThreshold(
    20_000,
    "ns",
    "a latency-bound launch as short is short of work; of longer ones nobody can say",
    "judgement, tried on the reports of the corpus",
)
TELLS = {
    "SpeedOfLight": "how near its limits it is",
    "LaunchStats": "how far its grid fills the device",
    "MemoryWorkloadAnalysis_Tables": "what each level of the memory moves",
    "SourceCounters": "whether its accesses fetch more than they use",
    "ComputeWorkloadAnalysis": "which pipe is busy",
    "SpeedOfLight_RooflineChart": "which arithmetic it does",
    "WarpStateStats": "what its warps wait for",
    "SchedulerStats": "how often its schedulers issue",
}
"""What each section of Nsight Compute tells of a launch."""
_LIMITS = ("SpeedOfLight", "LaunchStats")
_MEMORY = ("MemoryWorkloadAnalysis_Tables", "SourceCounters")
_COMPUTE = ("ComputeWorkloadAnalysis", "WarpStateStats")
_NEEDED: dict[str, tuple[str, ...]] = {
    "memory": _MEMORY,
    "compute": _COMPUTE,
    "balanced": (*_MEMORY, *_COMPUTE),
    "latency": ("WarpStateStats", "SchedulerStats", *_MEMORY),
    "small_grid": (),
}
"""What must be known of a launch, by what holds it, before nothing to change means that."""
_CHECKS = {
    "the two limits and the grid": frozenset(_LIMITS),
    "occupancy": frozenset({"Occupancy"}),
    "excess global and shared accesses": frozenset({"SourceCounters"}),
    "cache lines and local memory": frozenset({"MemoryWorkloadAnalysis_Tables"}),
    "stalls and divergence": frozenset({"WarpStateStats"}),
    "issue slots": frozenset({"SchedulerStats"}),
    "pipes": frozenset({"ComputeWorkloadAnalysis"}),
}
"""What is looked at in a report, and the sections that it takes."""
_WORK_OF_TRACES = (
    "what to fuse, batch or compute in narrower types, kernels far below their roof, and time in "
    "which the device waits"
)


def looked_at(rows: Sequence[Mapping[str, Any]], insides: Mapping[int, Inside]) -> tuple[str, ...]:
    """Return what was looked at in a report, each with the share of launch time that it holds for.

    Args:
        rows: launches with a duration, of :data:`ncutool.base.tables.KERNELS`.
        insides: what the counters of each launch say, by launch_id.
    """
    total = sum(row["duration_ns"] for row in rows)
    by_time: dict[int, list[str]] = {}
    for what, sections in _CHECKS.items():
        time = sum(
            row["duration_ns"]
            for row in rows
            if sections <= insides.get(row["launch_id"], Inside()).sections
        )
        by_time.setdefault(time, []).append(what)
    return tuple(
        f"{', '.join(checks)} ({units.percent(100 * time / total)} of launch time)"
        for time, checks in sorted(by_time.items(), reverse=True)
        if time
    )


def of_report(kernels: pl.DataFrame, insides: Mapping[int, Inside]) -> tuple[CouldNotLook, ...]:
    """Return what could not be looked at in a report: failed launches first, then most time.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS` of the report.
        insides: what the counters of each launch say, by launch_id.
    """
    failed: list[dict[str, Any]] = []
    untimed: list[dict[str, Any]] = []
    lacking: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in kernels.sort("launch_id").to_dicts():
        if row["error"] is not None:
            failed.append(row)
        elif not row["duration_ns"]:
            untimed.append(row)
        elif missing := _missing(row, insides.get(row["launch_id"], Inside())):
            lacking.setdefault(missing, []).append(row)
    every = kernels.sort("launch_id").to_dicts()
    total = sum(row["duration_ns"] or 0 for row in every)
    listed = [
        _entry(rows, total, _reason(sections, len(rows)), sections, every)
        for sections, rows in lacking.items()
    ]
    listed = [one for one in listed if (one.pct or 0.0) >= SMALL_PCT]
    listed.sort(key=lambda one: (-one.duration_ns, one.sections))
    if untimed:
        reason = "no duration was collected, so that nothing can be weighed"
        entry = _entry(untimed, total, reason, ("SpeedOfLight",), every)
        listed.insert(0, replace(entry, pct=None))
    if failed:
        listed.insert(0, _failed(failed))
    return tuple(listed)


def _missing(row: Mapping[str, Any], inside: Inside) -> tuple[str, ...]:
    """Return the sections that are missing to tell what one launch could do better.

    Which pipe or level holds it, the parts of the speed of light tell in any set.
    """
    absent = [section for section in _LIMITS if section not in inside.sections]
    if "SpeedOfLight" not in absent:
        needed = _NEEDED.get(row["bound"], (*_MEMORY, *_COMPUTE))
        known = ("ComputeWorkloadAnalysis",) if row["limiting_level"] is not None else ()
        absent += [s for s in needed if s not in inside.sections and s not in known]
        if row["flop"] is None and row["bound"] in ("compute", "balanced"):
            absent.append("SpeedOfLight_RooflineChart")
    return tuple(absent)


def _reason(sections: Sequence[str], launches: int) -> str:
    its = "its" if launches == 1 else "their"
    told = [TELLS[section].replace(" its ", f" {its} ") for section in sections]
    if launches > 1:
        told = [text.replace("it is", "they are") for text in told]
    return f"the report does not hold {', nor '.join(told)}"


def _chosen(
    rows: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]]
) -> ncu_command.Launches:
    """Return how ncu is told the longest of some launches of a report."""
    longest = max(rows, key=lambda row: (row["duration_ns"] or 0, -row["launch_id"]))
    before = [row for row in every if row["launch_id"] < longest["launch_id"]]
    name = function_name(longest["kernel_full"])
    if name is None:
        return ncu_command.Launches(skip=len(before), count=1)
    alike = sum(1 for row in before if function_name(row["kernel_full"]) == name)
    return ncu_command.Launches((name,), skip=alike, count=1)


def _entry(
    rows: Sequence[Mapping[str, Any]],
    total: int,
    reason: str,
    sections: tuple[str, ...],
    every: Sequence[Mapping[str, Any]],
) -> CouldNotLook:
    time = sum(row["duration_ns"] or 0 for row in rows)
    longest = counter_notices.command(*sections, chosen=_chosen(rows, every))
    return CouldNotLook(
        what=_named(rows),
        reason=reason,
        launches=tuple(row["launch_id"] for row in rows),
        duration_ns=time,
        pct=100 * time / total if total else 0.0,
        sections=sections,
        collect=f"`ncu --set full -o report PROGRAM`, or for the longest launch alone {longest}",
        command=longest.strip("`"),
        brief="collect `ncu --set full`",
    )


def _failed(rows: Sequence[Mapping[str, Any]]) -> CouldNotLook:
    return CouldNotLook(
        what=_named(rows),
        reason="its collection failed: neither its time nor any figure of it is known"
        if len(rows) == 1
        else "their collection failed: neither their time nor any figure of them is known",
        launches=tuple(row["launch_id"] for row in rows),
        duration_ns=0,
        pct=None,
        sections=(),
        collect="collect it again and look at ncu's messages: `ncu --set full -o report PROGRAM`",
        failed=True,
        brief="collect it again",
    )


def _named(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return launches by count and kernel, as one would say it."""
    return _of_kernels([row["kernel"] for row in rows])


def _of_kernels(kernels: Sequence[str]) -> str:
    """Return launches, of which these are the kernels, by count and kernel."""
    names = list(dict.fromkeys(kernels))
    of = names[0] if len(names) == 1 else f"{names[0]} and {units.counted(len(names) - 1, 'other')}"
    return f"{units.counted(len(kernels), 'launch')} of {of}"


def of_processes(kernels: pl.DataFrame, count: int) -> CouldNotLook:
    """Return that the time of several processes in one trace is that of none of them."""
    return CouldNotLook(
        what=f"the launches of {count} processes",
        reason="a window of several programs is that of none of them: their idle time, steps and "
        "hosts are told apart only in traces of their own",
        launches=tuple(kernels["launch_id"].to_list()),
        duration_ns=int(kernels["duration_ns"].sum()),
        pct=100.0,
        sections=(),
        collect="the trace that each process wrote, one by one",
    )


def of_trace(
    kernels: pl.DataFrame,
    timeline: Timeline | None,
    capture: Capture,
    findings: Sequence[Finding] = (),
) -> tuple[CouldNotLook, ...]:
    """Return what could not be looked at in a trace: launches without figures, a tuner's trials,
    those far below their roofs of which no finding says why, and idle time without a known reason.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS` of the trace.
        timeline: its window.
        capture: what the reader found, which says whether shapes were recorded.
        findings: what is advised of it.
    """
    total = int(kernels["duration_ns"].sum())
    kernels = kernels.select(_READ)  # what is chosen of it is copied
    unknown = unknown_launches(kernels)
    entries = [
        _of_launches(group, total, str(why[0]), _collect(group, capture))
        for why, group in unknown.group_by("why")
    ]
    trials = kernels.filter(_TRIAL)
    if trials.height:
        entries.append(_of_launches(trials, total, _TRIED, _TUNED))
    untold = unexplained_launches(kernels, findings)
    if untold.height:
        entries.append(_of_launches(untold, total, _BELOW, _JOIN))
    entries.sort(key=lambda one: (-one.duration_ns, one.reason, one.launches))
    return (*(one for one in entries if (one.pct or 0.0) >= SMALL_PCT), *_unexplained(timeline))


_TRIAL = pl.col("trial").fill_null(value=False)
_READ = (
    *("launch_id", "kernel", "duration_ns", "bound", "part", "trial", "peak_source"),
    *("flop_exactness", "bytes_exactness", "error", "missing_reason", "graph_replay"),
)
"""What is read of the kernels table of a trace."""


def unknown_launches(kernels: pl.DataFrame) -> pl.DataFrame:
    """Return the launches of a trace of which is not known what holds them, and ``why``; a tuner's
    trials, and kernels whose operator's work is on others, left out."""
    bounded = pl.any_horizontal(pl.col(f"{what}_exactness").is_in(_BOUNDS) for what in _FIGURES)
    reason = pl.coalesce(
        "error",
        "missing_reason",
        pl.when(bounded.fill_null(value=False)).then(pl.lit(_BOUNDED)),
        pl.lit(_NOT_TOLD),
    )
    helper = (pl.col("part") == "helper").fill_null(value=False)
    unknown = kernels.filter((pl.col("bound") == "unknown") & ~helper & ~_TRIAL)
    return unknown.with_columns(why=reason)


def unexplained_launches(kernels: pl.DataFrame, findings: Sequence[Finding] = ()) -> pl.DataFrame:
    """Return the launches of a trace that are far from their roofs, of which no finding tells the
    reason, with ``why`` that is not known; a tuner's trials left out."""
    told = np.concatenate([np.zeros(0, np.int64), *(one.launch_ids for one in findings)])
    far = pl.col("bound").is_in(_FAR) | (
        (pl.col("bound") == "latency") & (pl.col("duration_ns") >= SHORT_NS)
    )
    untold = pl.Series(~np.isin(kernels["launch_id"].to_numpy(), told))
    unexplained = kernels.filter(far & untold & ~_TRIAL)
    return unexplained.with_columns(why=pl.lit(_BELOW))


_FAR = ("below_memory_roof", "below_compute_roof")
_BOUNDS = ("lower_bound", "upper_bound")
_FIGURES = ("flop", "bytes")
_BOUNDED = "no more than a bound of what they do is known, which does not tell what holds them"
_NOT_TOLD = "their figures do not tell what holds them"
_TRIED = "a tuner tries kernels on one call there, of which it keeps the fastest"
_TUNED = "record again once the tuning is done, or with what the tuner found"
_BELOW = "the trace does not record what keeps launches so far below their roofs"
_JOIN = "join an Nsight Compute report of these kernels (`--ncu REPORT`)"
_DEVICE = "name the device (`--assume-device NAME`, or `--device-file FILE`)"
_GRAPH = "pass the trace that captured the graph (`--capture-trace TRACE`)"


def _collect(group: pl.DataFrame, capture: Capture) -> str:
    """Return what would tell of launches without figures: the device, the graph's capture, shapes,
    or a report."""
    if (group["peak_source"] == "none").all():
        return _DEVICE
    ways = []
    if group["graph_replay"].fill_null(value=False).all():
        ways.append(_GRAPH)
    elif capture.format.shapes_option and not capture.shapes_recorded:
        ways.append(f"record with `{capture.format.shapes_option}`")
    return ", or ".join([*ways, _JOIN])


_BRIEF = {
    _JOIN: "join an Nsight Compute report (`--ncu`)",
    _DEVICE: "name the device (`--assume-device`)",
    _GRAPH: "pass the graph's `--capture-trace`",
    _TUNED: "record again after the tuning",
    "record with stacks": "record with `with_stack=True`",
    "record CPU activities": "record every thread with stacks",
}
"""The first way to collect something, in a few words."""


def _of_launches(group: pl.DataFrame, total: int, reason: str, collect: str) -> CouldNotLook:
    time = int(group["duration_ns"].sum())
    longest = group.select("kernel", "duration_ns", "launch_id").sort(
        "duration_ns", "launch_id", descending=[True, False]
    )
    return CouldNotLook(
        what=_of_kernels(longest["kernel"].to_list()),
        reason=reason,
        launches=tuple(group["launch_id"].sort().to_list()),
        duration_ns=time,
        pct=100 * time / total if total else 0.0,
        sections=(),
        collect=collect,
        brief=_brief(collect),
    )


def _brief(collect: str) -> str:
    """Return the first way to collect something in a few words."""
    first = collect.partition(", or ")[0]
    return next((short for way, short in _BRIEF.items() if collect.startswith(way)), first)


_STACKS = "record with stacks (`with_stack=True`), or annotate the code with `record_function`"
_UNSEEN_IDLE = {
    "unexplained": (
        "idle time",
        "the trace records nothing that would explain it",
        "record CPU activities of every thread, with stacks (`with_stack=True`)",
    ),
    "ops_missing": (
        "idle time in which the host acts",
        "most operators were filtered out of the trace",
        "record all operators",
    ),
    "silent_host": (
        "idle time in which the host calls no operator",
        "what its own code does is not recorded",
        _STACKS,
    ),
    "inside_operator": (
        "idle time in which the host is inside one operator",
        "what the operator does there is not recorded",
        f"{_STACKS}; where it is done once, such as compiling, record a later step",
    ),
}
"""By cause of idle time: whose it is, what is missing, and what to collect."""


def _unexplained(timeline: Timeline | None) -> tuple[CouldNotLook, ...]:
    """Return idle time of which what the host did is not recorded, where it is worth a line."""
    if timeline is None or timeline.wall_ns <= 0:
        return ()
    idle = timeline.idle_by_cause()
    found = [
        CouldNotLook(
            what=what,
            reason=reason,
            launches=(),
            duration_ns=idle.get(cause, 0),
            pct=100 * idle.get(cause, 0) / timeline.wall_ns,
            sections=(),
            collect=collect,
            brief="record every thread with its stacks"
            if cause == "unexplained"
            else _brief(collect),
        )
        for cause, (what, reason, collect) in _UNSEEN_IDLE.items()
    ]
    found = [one for one in found if (one.pct or 0.0) >= SMALL_PCT]
    return tuple(sorted(found, key=lambda one: (-one.duration_ns, one.reason)))


def looked_at_in_trace(kernels: pl.DataFrame) -> tuple[str, ...]:
    """Return what was looked at in a trace, with the share of launch time that has figures."""
    total = int(kernels["duration_ns"].sum())
    if not total:
        return ()
    known = int(kernels.filter(pl.col("bound") != "unknown")["duration_ns"].sum())
    return (f"{_WORK_OF_TRACES} ({units.percent(100 * known / total)} of launch time)",)
