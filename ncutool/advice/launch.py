"""Graphs: the host launches too slowly for the device, and only that part of the idle time."""

from __future__ import annotations

import polars as pl

from ncutool import units
from ncutool.advice.context import Context, Draft
from ncutool.timeline import DISPATCH_CAUSES

_BLOCKERS = ("synchronize", "allocator", "long_launch")
_WARM_UP = ("allocator", "long_launch")
MIN_LAUNCHES = 8
REMAINDER_PCT = 5
"""Where graphs are replayed already, the eager rest must cost this much of the window."""
GRAPH_GAP_NS = 1_500
"""Time between launches that a graph leaves, at the low end."""


def drafts(context: Context) -> list[Draft]:
    """At most one: launch the eager parts of the window from graphs.

    Pays only for gaps that dispatch or launch latency caused. The first launch after the host
    waited begins a graph, so the gap before it goes only at best; launches that a graph replays
    already stay as they are. Nothing is said of a window that is mostly warm-up.
    """
    gaps = context.timeline.gaps
    dispatch = gaps.filter(pl.col("cause").is_in(DISPATCH_CAUSES))
    blocked = gaps.filter(pl.col("cause").is_in((*_BLOCKERS, "input_pipeline")))["next_launch_id"]
    eager = context.kernels.join(
        context.capture.launches.select("launch_id", "call_id", "copy_kind"), on="launch_id"
    ).filter(
        pl.col("call_id").is_not_null()
        & ~pl.col("graph_replay").fill_null(False)
        & ~pl.col("copy_kind").is_in(["HtoD", "DtoH"]).fill_null(False)
    )
    late = dispatch.filter(pl.col("next_launch_id").is_in(eager["launch_id"].implode()))
    replays = bool(context.kernels["graph_replay"].fill_null(False).any())
    enough = REMAINDER_PCT * context.wall_ns if replays else 0
    idle = int(late["duration_ns"].sum())
    warm_up = _sum(gaps, _WARM_UP)  # then what a warm step looks like is not known
    if eager.height < MIN_LAUNCHES or not idle or 100 * idle < enough or warm_up > idle:
        return []
    first = eager.filter(pl.col("launch_id").is_in(blocked.implode()))["launch_id"]
    inside = eager.filter(~pl.col("launch_id").is_in(first.implode()))["launch_id"]
    durations = tuple(eager["duration_ns"].to_list())
    return [
        Draft(
            kind="graph",
            title="Launch from CUDA graphs instead of call by call"
            if _nvidia(context)
            else "Launch from HIP graphs instead of call by call",
            grade="likely",
            launches=tuple(eager["launch_id"].to_list()),
            best=durations,
            worst=durations,
            evidence=_evidence(context, late, eager.height),
            remedy=_remedy(context),
            replayed=tuple(inside.to_list()),
            idle_used=tuple(first.to_list()),
            gap_rest_ns=GRAPH_GAP_NS,
            lead=1,
        )
    ]


def _nvidia(context: Context) -> bool:
    return not any(record.vendor == "amd" for record in context.capture.devices)


def _sum(gaps: pl.DataFrame, causes: tuple[str, ...]) -> int:
    return int(gaps.filter(pl.col("cause").is_in(causes))["duration_ns"].sum())


def _evidence(context: Context, late: pl.DataFrame, count: int) -> tuple[str, ...]:
    idle = late.group_by("next_launch_id").agg(pl.col("duration_ns").sum())
    total = int(idle["duration_ns"].sum())
    by_cause = context.timeline.idle_by_cause()
    parts = ", ".join(
        f"{units.time(by_cause[cause])} {words}"
        for cause, words in (
            ("dispatch", "in the framework"),
            ("launch_call", "inside launch calls"),
            ("copy_call", "inside copy calls"),
            ("latency", "from the call to the start"),
        )
        if by_cause.get(cause)
    )
    median = idle["duration_ns"].median()
    sentences = [
        f"The device waits {context.share(total)} for its next launch in {idle.height:,} gaps, "
        f"median {units.time(float(str(median)))}, over {count:,} launches: {parts}.",
    ]
    others = {
        cause: ns
        for cause, ns in by_cause.items()
        if cause in (*_BLOCKERS, "input_pipeline", "unexplained", "unlinked") and ns
    }
    if others:
        listed = ", ".join(
            f"{units.time(ns)} {cause.replace('_', ' ')}" for cause, ns in others.items()
        )
        sentences.append(
            f"Idle time of other causes is not counted, no graph removes it: {listed}."
        )
    if context.host_inflated:
        sentences.append(
            f"{context.capture.python_events:,} Python stack events were recorded, which slows the "
            "host: half of the gaps is taken for the profiler's own at the low end."
        )
    return tuple(sentences)


def _remedy(context: Context) -> str:
    calls = context.capture.calls
    begin, end = context.timeline.start_ns, context.timeline.end_ns
    waits = calls.filter(
        pl.col("name").str.contains("(Stream|Event)Synchronize")
        & (pl.col("start_ns") >= begin)
        & (pl.col("end_ns") <= end)
    ).height
    return (
        '`torch.compile(mode="reduce-overhead")` or `torch.cuda.graph`. It needs static shapes and '
        "addresses, and inside a graph no synchronisation, no `.item()`, no copy to the host and "
        "no allocation outside its pool"
        + (f". Stream or event synchronisations in the window: {waits:,}." if waits else ".")
    )
