"""What could be looked at in a trace, and what could not: silence must not read as health.

A trace answers only what its launches' work is known of. Everything else is listed with the time
that is in it and with what to collect. Reports: :mod:`ncutool.advice.kernels.unseen_in_reports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ncutool.advice.price.rank import SMALL_PCT
from ncutool.advice.view.finding import CouldNotLook, Finding
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold

if TYPE_CHECKING:
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture

SHORT_NS = IntThreshold(
    20_000,
    "ns",
    "a latency-bound launch as short is short of work; of longer ones nobody can say",
    "judgement, tried on the reports of the corpus",
)
_WORK_OF_TRACES = (
    "what to fuse, batch or compute in narrower types, kernels far below their roof, and time in "
    "which the device waits"
)


def launches_of(kernels: Sequence[str]) -> str:
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
        what=launches_of(longest["kernel"].to_list()),
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
