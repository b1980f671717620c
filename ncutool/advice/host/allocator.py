"""The device waits for memory to be allocated or for code to be loaded: once, or in every step."""

from __future__ import annotations

import polars as pl

from ncutool.advice.catalogue import JUDGED, rules
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.idle import Idle
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.timeline import call_names, host_activity

ALLOCATOR = "allocator"
LOADING = "long_launch"
KEPT_SHARE = Threshold(
    0.2, "share", "of the wait that stays: a warm caching allocator asks the driver too", JUDGED
)
HALF_SHARE = Threshold(
    0.2, "share", "of it that each half of the window has where allocation goes on", JUDGED
)
FREED_SHARE = Threshold(
    0.25,
    "frees an allocation",
    "so many tell of memory freed again and again, where a first step only allocates",
    JUDGED,
)

_FREE = r"Free|HostUnregister|MemUnmap|MemRelease"


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise to stop allocation that goes on, else to skip a first step.

    What a first step does once costs the program nothing later: its low end is 0. Claims do not
    matter: the time is the host's.
    """
    what = context.program
    if _goes_on(context, what):
        both = [_recurring(context, what), _warm_up(context, (LOADING,))]
    else:
        both = [_warm_up(context, (ALLOCATOR, LOADING))]
    return Drafts(tuple(draft for draft in both if draft is not None))


def _calls(context: Context) -> pl.DataFrame:
    """Return the allocation calls of the window with ``free``: whether they give memory back."""
    begin, end = context.timeline.start_ns, context.timeline.end_ns
    return (
        context.capture.calls.select("call_id", "name", "start_ns", "end_ns")
        .filter(
            pl.col("name").str.contains(call_names.ALLOCATE)
            & (pl.col("end_ns") > begin)
            & (pl.col("start_ns") < end)
        )
        .with_columns(free=pl.col("name").str.contains(_FREE))
        .sort("start_ns", "call_id")
    )


def _goes_on(context: Context, what: Program) -> bool:
    """Whether the window allocates beyond a first step: in several annotated steps, or frees and
    allocates again in both of its halves."""
    idle = context.idle.of(ALLOCATOR)
    total = idle.total
    if not total:
        return False
    later = [_between(idle, begin, end) for begin, end in what.steps[1:]]
    if len(later) > 1:
        return 2 * sum(ns >= HALF_SHARE * total / len(later) for ns in later) > len(later)
    middle = (context.timeline.start_ns + context.timeline.end_ns) // 2
    halves = (
        _between(idle, context.timeline.start_ns, middle),
        _between(idle, middle, context.timeline.end_ns),
    )
    calls = _calls(context)
    frees, allocations = int(calls["free"].sum()), int((~calls["free"]).sum())
    return min(halves) >= HALF_SHARE * total and frees >= max(FREED_SHARE * allocations, 2)


def _between(idle: Idle, begin: int, end: int) -> int:
    return idle.where((idle.start >= begin) & (idle.start < end)).total


def _recurring(context: Context, what: Program) -> Draft:
    idle = context.idle.of(ALLOCATOR)
    waits, durations = _waiting(context, idle)
    api = "hip" if what.amd else "cuda"
    variable = "PYTORCH_HIP_ALLOC_CONF" if what.amd else "PYTORCH_CUDA_ALLOC_CONF"
    return Draft(
        rule="allocator-every-step",
        grade="certain",
        launches=waits,
        best=durations,
        worst=durations,
        why=f"The device waits {context.share(idle.total)} while memory is allocated or freed.",
        evidence=(
            f"The device waits {context.share(idle.total)} while the host "
            f"allocates or frees device memory: {_listed(context)}.",
            "They go on through the window: the caching allocator gives memory back to the driver "
            "and asks for it again, and a free waits for the whole device.",
        ),
        remedy=f"Set `{variable}=expandable_segments:True` (or `max_split_size_mb` where that is "
        "not supported) against fragmentation, call no `torch.cuda.empty_cache()` within the loop, "
        "lower the peak (batch size, activation checkpointing) where memory is nearly full, and "
        f"look for libraries that call `{api}Malloc` themselves.",
        waits=waits,
        wait_causes=(ALLOCATOR,),
        wait_kept_share=KEPT_SHARE,
        code=f"{variable}=expandable_segments:True",
        link=rules()["allocator-every-step"].references[what.amd],
    )


def _warm_up(context: Context, causes: tuple[str, ...]) -> Draft | None:
    idle = context.idle.of(*causes)
    if not idle.length.size:
        return None
    waits, durations = _waiting(context, idle)
    parts = [
        f"{units.time(ns)} {words}"
        for cause, words in (
            (ALLOCATOR, f"for allocation ({_listed(context)})"),
            (LOADING, f"for {_long_calls(context)}"),
        )
        if cause in causes and (ns := context.idle.of(cause).total)
    ]
    return Draft(
        rule="allocator-warm-up",
        title="Profile a warm step: this window loads code and allocates memory"
        if len(parts) > 1
        else "Profile a warm step: this window allocates its memory"
        if ALLOCATOR in causes and not idle.due_to(LOADING).any()
        else "Profile a warm step: this window loads its code",
        grade="certain",
        launches=waits,
        best=durations,
        worst=durations,
        why=f"The device waits {context.share(idle.total)} for what only a first step does.",
        evidence=(
            f"The device waits {context.share(idle.total)}: " + ", ".join(parts) + ".",
            "A first step does this once. A warm one does not, so for the program as a whole the "
            "low end is 0, and no graph and no fusion is needed against it.",
        ),
        remedy="Run the steps a few times before recording, and record later ones: the profiler's "
        "schedule skips and warms up. Where cold starts matter themselves, load modules eagerly "
        "(`CUDA_MODULE_LOADING=EAGER`) while the program starts.",
        waits=waits,
        wait_causes=causes,
        wait_kept_share=1.0,
    )


def _waiting(context: Context, idle: Idle) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the launches behind the idle pieces, and their durations (ns)."""
    rows = (
        context.kernels.select("launch_id", "duration_ns")
        .filter(pl.col("launch_id").is_in(idle.following.tolist()))
        .sort("launch_id")
    )
    return tuple(rows["launch_id"].to_list()), tuple(rows["duration_ns"].to_list())


def _listed(context: Context) -> str:
    """Return the allocation calls by name, most time first: `168 × cudaMalloc 36.6 ms`."""
    times = (
        _calls(context)
        .group_by("name")
        .agg(count=pl.len(), ns=(pl.col("end_ns") - pl.col("start_ns")).sum())
        .sort(["ns", "name"], descending=[True, False])
        .head(3)
    )
    return ", ".join(
        f"{count:,} × {name} {units.time(ns)}" for name, count, ns in times.iter_rows()
    )


def _long_calls(context: Context) -> str:
    """Return the launch calls long enough to have loaded a module while the device had nothing to
    do, in words."""
    _, waited = context.idle.of(LOADING).by_launch()
    if not waited.size:
        return ""
    return (
        f"{units.counted(waited.size, 'launch call')} over "
        f"{units.time(host_activity.LONG_CALL_NS)}, "
        f"the longest wait {units.time(int(waited.max()))}: modules are loaded at the first "
        "launch of a kernel"
    )
