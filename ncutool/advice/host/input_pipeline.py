"""The device waits for its input: the data loader is on the path of every step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.timeline import call_names, host_activity

if TYPE_CHECKING:
    from ncutool.base.intervals import Ints

CAUSE = "input_pipeline"
KEPT_SHARE = Threshold(
    0.15, "share", "of the wait: handing over a batch that a worker has ready costs some", JUDGED
)
KEPT_WITH_WORKERS = Threshold(
    0.5, "share", "the same where workers load already: twice as many, on the same machine", JUDGED
)
KEPT_UNNAMED = Threshold(
    0.25, "share", "the same where only silence before a copy from the host tells of it", JUDGED
)
KEPT_INFLATED = Threshold(
    0.5, "share", "the same where Python stacks were recorded, which slow loading down", JUDGED
)
STARTS_WORKERS = IntThreshold(
    3, "times the median wait", "a longer first one is that in which the workers start", JUDGED
)
MAX_WORKERS = IntThreshold(8, "workers", "counted on at the low end", JUDGED)

_SINGLE = "_SingleProcessDataLoaderIter"
_MULTI = "_MultiProcessingDataLoaderIter"


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once at most to load batches beside the steps that use them.

    Claims do not matter: the time is the host's.
    """
    idle = context.idle.of(CAUSE)
    if not idle.length.size:
        return Drafts()
    loads = _loads(context)
    kind = _kind(loads)
    launches, waited = idle.by_launch()
    rows = (
        context.kernels.select("launch_id", "duration_ns")
        .filter(pl.col("launch_id").is_in(launches.tolist()))
        .sort("launch_id")
    )
    waits = tuple(rows["launch_id"].to_list())  # without one that the window cuts
    durations = tuple(rows["duration_ns"].to_list())
    load = _median(loads["end_ns"] - loads["start_ns"]) if loads.height else None
    workers = _workers(context, waited, load) if kind == _SINGLE and load else None
    draft = Draft(
        rule="input-slow-workers" if kind == _MULTI else "input-workers",
        grade="certain" if kind else "likely",
        launches=waits,
        best=durations,
        worst=durations,
        evidence=_evidence(context, waited, loads, kind, workers),
        remedy="" if kind == _MULTI else _remedy(workers),
        waits=waits,
        wait_causes=(CAUSE,),
        wait_kept_share=_kept(context, kind, workers),
        code=f"DataLoader(dataset, num_workers={min(max(workers or 4, 4), MAX_WORKERS)}, "
        "pin_memory=True, persistent_workers=True, prefetch_factor=4)",
    )
    return Drafts((draft,))


def _loads(context: Context) -> pl.DataFrame:
    """Return what the host recorded of loading within the window: name, start_ns, end_ns."""
    capture, timeline = context.capture, context.timeline
    notes = capture.annotations.filter(~pl.col("on_device"))
    named = capture.signatures.select("signature_id", name="op").filter(
        pl.col("name").str.contains(call_names.INPUT)
    )
    ops = capture.ops.select("signature_id", "start_ns", "end_ns")
    ops = ops.filter(pl.col("signature_id").is_in(named["signature_id"].implode()))
    ops = ops.join(named, on="signature_id")
    return (
        pl.concat([frame.select("name", "start_ns", "end_ns") for frame in (notes, ops)])
        .filter(
            pl.col("name").str.contains(call_names.INPUT)
            & (pl.col("end_ns") > timeline.start_ns)
            & (pl.col("start_ns") < timeline.end_ns)
        )
        .unique()
        .sort("start_ns", "end_ns", "name")
    )


def _kind(loads: pl.DataFrame) -> str | None:
    """Return how input is loaded, told by the longest record's name; None where none is
    recorded."""
    if not loads.height:
        return None
    longest = loads.sort(pl.col("end_ns") - pl.col("start_ns"), "name", descending=True)
    name = str(longest["name"][0])
    return next((kind for kind in (_MULTI, _SINGLE) if kind in name), name)


def _median(times: pl.Series) -> int:
    return int(str(times.sort()[times.len() // 2]))


def _workers(context: Context, waited: Ints, load: int) -> int:
    """Return how many workers keep pace: what a batch takes to load over what a step takes without
    it."""
    steps = waited.size + 1  # the window begins and ends with one
    rest = max((context.wall_ns - int(waited.sum())) // steps, 1)
    return max(1, -(-load // rest))


def _kept(context: Context, kind: str | None, workers: int | None) -> float:
    """Return the share of the waits that stays at worst, 0 to 1."""
    if kind == _MULTI:
        return KEPT_WITH_WORKERS
    beyond = 1 - MAX_WORKERS / workers if workers else 0.0
    kept = max(KEPT_SHARE if kind else KEPT_UNNAMED, beyond)
    return max(kept, KEPT_INFLATED) if context.host_inflated else kept


def _evidence(
    context: Context,
    waited: Ints,
    loads: pl.DataFrame,
    kind: str | None,
    workers: int | None,
) -> tuple[str, ...]:
    total, low, high = int(waited.sum()), int(waited.min()), int(waited.max())
    span = units.time(low) if low == high else f"{units.time(low)} to {units.time(high)}"
    sentences = [
        f"The device waits {context.share(total)} for input, in "
        f"{units.counted(waited.size, 'wait')} of {span}."
    ]
    if context.host_inflated and kind != _MULTI:
        sentences.append(
            f"{context.capture.python_events:,} Python stack events were recorded, which slows "
            "loading in this process: half of the wait is taken for the profiler's own at the low "
            "end."
        )
    if kind is None:
        sentences.append(
            "No data loader is annotated: the launching thread records nothing for over "
            f"{units.time(host_activity.HOST_IDLE_NS)} and then copies a batch from the host."
        )
        return tuple(sentences)
    lengths = loads["end_ns"] - loads["start_ns"]
    sentences.append(
        f"`{_short(str(loads['name'][0]))}` was recorded {loads.height:,} times, median "
        f"{units.time(_median(lengths))}, on the thread that launches."
    )
    if kind == _SINGLE:
        sentences.append(
            f"`{_SINGLE}`: batches load in the training process itself, between the steps"
            + (
                f"; {units.counted(workers, 'worker')} would keep pace with the rest of the step."
                if workers
                else "."
            )
        )
    elif kind == _MULTI:
        sentences.append(
            f"`{_MULTI}`: worker processes load already; what is recorded is waiting for them."
        )
        if lengths.len() > 2 and int(str(lengths[0])) > STARTS_WORKERS * _median(lengths[1:]):
            sentences.append(
                "The first wait is the longest, as the workers start with it: "
                "`persistent_workers=True` starts them once for all epochs."
            )
    return tuple(sentences)


def _short(name: str) -> str:
    return re.sub(r"[^\x20-\x7e]|`", "", name)[:80]


def _remedy(workers: int | None) -> str:
    count = f"`num_workers={workers}` or more" if workers else "`num_workers` of 4 or more"
    return (
        f"Load with {count}, `persistent_workers=True` and `prefetch_factor`, so that the next "
        "batch is ready when the step ends; `pin_memory=True` and `.to(device, non_blocking=True)` "
        "let its copy run beside the step too."
    )
