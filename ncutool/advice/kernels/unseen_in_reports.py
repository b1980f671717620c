"""What could be looked at in a report, and what could not: it answers what it was collected for.

Silence must not read as health: everything else is listed with the time that is in it and with
what to collect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from ncutool.advice.kernels.unseen import launches_of
from ncutool.advice.price.rank import SMALL_PCT
from ncutool.advice.view.finding import CouldNotLook
from ncutool.base import ncu_command, units
from ncutool.work import counter_notices
from ncutool.work.inside import Inside
from ncutool_parsers.kernel_names import function_name

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
    return launches_of([row["kernel"] for row in rows])
