"""Graphs: the host launches too slowly for the device, and only that part of the idle time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl

from ncutool.advice.catalogue import JUDGED, rules
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Declined, Draft, Drafts
from ncutool.advice.view.idle import Idle
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold
from ncutool.timeline import call_names
from ncutool.timeline.window import DISPATCH_CAUSES

_BLOCKERS = ("synchronize", "allocator", "long_launch")
_WARM_UP = ("allocator", "long_launch", "graph_capture", "compilation", "initialise")
MIN_LAUNCHES = IntThreshold(8, "launches", "fewer make no graph", JUDGED)
REMAINDER_PCT = IntThreshold(
    5, "%", "of the window that the eager rest must cost where graphs are replayed already", JUDGED
)
DECLINED_PCT = IntThreshold(
    2, "%", "of the window: idle time that makes one ask for a graph", JUDGED
)
MOSTLY_OTHER = IntThreshold(
    10, "times", "so much more idle time of other causes leaves little dispatch no matter", JUDGED
)
GRAPH_GAP_NS = IntThreshold(
    1_500, "ns", "between launches that a graph leaves, at the low end", JUDGED
)

_COMPILE, _GRAPHS, _VLLM, _SGLANG = range(4)
"""The references of the rule, in their order."""


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once at most to launch the eager parts of the window from graphs, or decline it.

    Pays only for gaps that dispatch or launch latency caused. The first launch after the host
    waited begins a graph, and copies from and to the host stay outside, so the gaps before those
    go only at best; launches that a graph replays already stay as they are. Nothing is said of a
    window that is mostly warm-up. Claims do not matter: the time is the host's.
    """
    starved = _starved(context)
    if starved is None:
        return Drafts(declined=_declined(context))
    eager, late, replays = starved
    blocked = context.idle.of(*_BLOCKERS, "input_pipeline").following
    outside = np.isin(eager["launch_id"].to_numpy(), blocked) | eager["host_copy"].to_numpy()
    what, launches = context.program, context.launches
    rows = eager["row"].to_numpy()
    durations = launches.durations_of(rows)
    draft = Draft(
        rule="launch-graph",
        title=_title(what, eager.height, replays=replays),
        grade="likely",
        launches=launches.ids_of(rows),
        best=durations,
        worst=durations,
        evidence=_evidence(context, late, eager),
        why=f"The device waits {context.share(late.total)} for its next launch, in "
        f"{units.counted(late.by_launch()[1].size, 'gap')}.",
        action="graph what is launched outside"
        if replays
        else f"launch from {'HIP' if what.amd else 'CUDA'} graphs",
        todo=_brief(what, replays=replays),
        remedy=_remedy(what, replays=replays),
        replayed=launches.ids_of(rows[~outside]),
        idle_used=launches.ids_of(rows[outside]),
        gap_rest_ns=GRAPH_GAP_NS,
        code="" if replays else _code(what),
        link=rules()["launch-graph"].references[_reference(what)],
        lead=1,
    )
    return Drafts((draft,))


def _title(what: Program, launches: int, *, replays: bool) -> str:
    """Return what to do: where graphs are replayed already, with what is left outside them."""
    if replays:
        return f"Capture the {launches:,} launches left outside the graph"
    return f"Launch from {'HIP' if what.amd else 'CUDA'} graphs instead of call by call"


def _declined(context: Context) -> tuple[Declined, ...]:
    """Return the idle time that looks like a graph's and is not."""
    idle = context.timeline.idle_ns
    if 100 * idle < DECLINED_PCT * context.wall_ns:
        return ()
    named = {"copy_call", "launch_call"}  # told apart in the timeline, one thing here
    parts: dict[str, int] = {}
    for cause, ns in context.idle.by_cause().items():
        cause = "dispatch" if cause in named else cause
        parts[cause] = parts.get(cause, 0) + ns
    listed = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    refusal = Declined(
        what="Launch from graphs",
        why=f"The device idles {context.share(idle)}: "
        + ", ".join(f"{units.time(ns)} {cause.replace('_', ' ')}" for cause, ns in listed if ns)
        + ". Only dispatch and latency are what a graph removes.",
        launches=(),
        duration_ns=idle,
    )
    return (refusal,)


def _starved(context: Context) -> tuple[pl.DataFrame, Idle, bool] | None:
    """Return the launches with a call of their own, the idle time by which they were late, and
    whether graphs are replayed beside them; None where no graph is worth a word."""
    eager = _eager(context)
    late = context.idle.of(*DISPATCH_CAUSES)
    late = late.where(np.isin(late.following, eager["launch_id"].to_numpy()))
    replays = bool(context.kernels["graph_replay"].fill_null(False).any())
    enough = REMAINDER_PCT * context.wall_ns if replays else 0
    idle = late.total
    warm_up = context.idle.of(*_WARM_UP).total  # then what a warm step looks like is not known
    if eager.height < MIN_LAUNCHES or not idle or 100 * idle < enough or warm_up > idle:
        return None
    little = 100 * idle < DECLINED_PCT * context.wall_ns
    if little and context.idle.total > MOSTLY_OTHER * idle:
        return None
    return eager, late, replays


def _eager(context: Context) -> pl.DataFrame:
    """Return the launches with a call of their own: launch_id, op_id, bound, ``host_copy`` for
    copies from or to the host, and their ``row`` in the window."""
    launches = context.capture.launches.select("launch_id", "call_id", "copy_kind")
    return (
        context.kernels.select("launch_id", "op_id", "bound", "graph_replay")
        .with_columns(row=pl.int_range(pl.len()))
        .filter(~pl.col("graph_replay").fill_null(False))
        .join(launches.filter(pl.col("call_id").is_not_null()), on="launch_id")
        .with_columns(host_copy=pl.col("copy_kind").is_in(["HtoD", "DtoH"]).fill_null(False))
        .sort("launch_id")
    )


def _evidence(context: Context, late: Idle, eager: pl.DataFrame) -> tuple[str, ...]:
    _, idle = late.by_launch()
    by_cause = late.by_cause()
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
    sentences = [
        f"The device waits {context.share(late.total)} for its next launch in {idle.size:,} gaps, "
        f"median {units.time(float(np.median(idle)))}, over {eager.height:,} launches: {parts}.",
    ]
    others = {
        cause: ns
        for cause, ns in context.idle.by_cause().items()
        if cause not in (*DISPATCH_CAUSES, "queue") and ns
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
    sentences += [_obstacles(context, eager), _repetition(context, eager)]
    return tuple(sentences)


def _obstacles(context: Context, eager: pl.DataFrame) -> str:
    """Return a sentence on what the window holds that a graph cannot hold, or only with care."""
    inside = [wait for wait in context.waits if wait.names]
    begin, end = context.timeline.start_ns, context.timeline.end_ns
    calls = context.capture.calls
    allocate = calls.select(name=pl.col("name").unique()).filter(
        pl.col("name").str.contains(call_names.ALLOCATE)
    )["name"]
    allocations = calls.select(
        (
            pl.col("name").is_in(allocate.implode())
            & (pl.col("start_ns") >= begin)
            & (pl.col("end_ns") <= end)
        ).sum()
    ).item()
    copies = int(eager["host_copy"].sum())
    collectives = eager.filter(pl.col("bound") == "communication").height
    counts = (
        (len(inside), "wait for the device", "waits for the device"),
        (copies, "copy from or to the host", "copies from or to the host"),
        (allocations, "allocation call", "allocation calls"),
        (collectives, "collective (NCCL can be captured)", "collectives (NCCL can be captured)"),
    )
    obstacles = [units.counted(count, one, many) for count, one, many in counts if count]
    if not obstacles:
        return (
            "Nothing in the window stands against it: no wait for the device inside an operator, "
            "no copy from or to the host, no allocation call."
        )
    return f"In the way, or to be left outside the graph: {', '.join(obstacles)}."


def _repetition(context: Context, eager: pl.DataFrame) -> str:
    """Whether the annotated steps launch the same operators with the same shapes."""
    steps = _sequences(context, eager)
    full = [step for step in steps if len(step) >= MIN_LAUNCHES]
    if len(full) < 2:
        return "Less than two whole steps are annotated: whether shapes repeat, it does not show."
    shapes = "operators with the same shapes"
    if not context.capture.shapes_recorded:
        shapes = "operators; their shapes are not recorded"
    same = max(Counter(full).values())
    if same == len(full):
        return f"All {same} annotated steps launch the same {shapes}."
    if same > 1:
        return f"{same} of {len(full)} annotated steps launch the same {shapes}."
    return (
        f"The {len(full)} annotated steps all differ in the operators or shapes they launch: a "
        "graph fits only the part that repeats."
    )


def _sequences(context: Context, eager: pl.DataFrame) -> list[tuple[int, ...]]:
    """Return, per annotated step, the signatures of the operators that launched something, in
    order."""
    steps = context.program.steps
    if not steps:
        return []
    ops = (
        context.capture.ops.select("op_id", "start_ns", "signature_id")
        .filter(pl.col("op_id").is_in(eager["op_id"].drop_nulls().implode()))
        .sort("start_ns", "op_id")
    )
    signatures, starts = ops["signature_id"].to_list(), ops["start_ns"].to_numpy()
    edges = np.searchsorted(starts, np.array(steps, dtype=np.int64)).tolist()
    return [tuple(signatures[first:last]) for first, last in edges]


def _brief(what: Program, *, replays: bool) -> str:
    """Return the first of it on one line; empty for the rule's."""
    if replays:
        return "Capture what is launched between the replays in the graph too."
    if what.server == "vllm":
        return "Serve with `enforce_eager=False`, so that vLLM replays graphs."
    if what.server == "sglang":
        return "Serve without `--disable-cuda-graph`."
    return ""


def _remedy(what: Program, *, replays: bool) -> str:
    needs = (
        " It needs static shapes and addresses, and inside a graph no synchronisation, no "
        "`.item()`, no copy to the host and no allocation outside its pool."
    )
    if replays:
        return (
            "Graphs are replayed already for part of the window: capture what is launched one by "
            "one between them too, or prepare the next step while a graph runs." + needs
        )
    if what.server == "vllm":
        return "Serve with `enforce_eager=False`, so that vLLM replays graphs." + needs
    if what.server == "sglang":
        return (
            "Serve without `--disable-cuda-graph`, and with a `--cuda-graph-max-bs` that covers "
            "the batch sizes in use." + needs
        )
    graph = "`torch.cuda.graph`" + (" (it captures HIP graphs)" if what.amd else "")
    first = (
        'The program is compiled already: pass `mode="reduce-overhead"` to `torch.compile`, or '
        f"capture by hand with {graph}."
        if what.compiled
        else f'`torch.compile(mode="reduce-overhead")` or {graph}.'
    )
    if what.optimizer:
        first += " An optimizer inside a graph needs `capturable=True`."
    return first + needs


def _code(what: Program) -> str:
    if what.server == "vllm":
        return "LLM(model, enforce_eager=False)"
    if what.server == "sglang":
        return "python -m sglang.launch_server --cuda-graph-max-bs 64"
    return 'model = torch.compile(model, mode="reduce-overhead")'


def _reference(what: Program) -> int:
    if what.server == "vllm":
        return _VLLM
    if what.server == "sglang":
        return _SGLANG
    return _COMPILE if not what.trains else _GRAPHS
