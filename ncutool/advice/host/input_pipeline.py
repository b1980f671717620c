"""The device waits for its input: the data loader is on the path of every step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft
from ncutool.base import units
from ncutool.timeline import host_activity

if TYPE_CHECKING:
    from ncutool.base.intervals import Ints

CAUSE = "input_pipeline"
KEPT_SHARE = 0.15
"""Handing over a batch that a worker has ready still costs the loop some of its time."""
KEPT_WITH_WORKERS = 0.5
"""Where workers load already: twice as many, on the same machine."""
KEPT_UNNAMED = 0.25
"""Where only silence before a copy from the host tells of the wait."""
KEPT_INFLATED = 0.5
"""Where Python stacks were recorded, which slows loading in the training process down."""
MAX_WORKERS = 8
"""Workers counted on at the low end."""

_SINGLE = "_SingleProcessDataLoaderIter"
_MULTI = "_MultiProcessingDataLoaderIter"
_LINK = "https://docs.pytorch.org/docs/stable/data.html#single-and-multi-process-data-loading"


def drafts(context: Context) -> list[Draft]:
    """At most one: load batches beside the steps that use them."""
    idle = context.idle.of(CAUSE)
    if not idle.length.size:
        return []
    loads = _loads(context)
    kind = _kind(loads)
    launches, each = idle.by_launch()
    rows = (
        context.kernels.select("launch_id", "duration_ns")
        .filter(pl.col("launch_id").is_in(launches.tolist()))
        .sort("launch_id")
    )
    waits = tuple(rows["launch_id"].to_list())  # without one that the window cuts
    durations = tuple(rows["duration_ns"].to_list())
    load = _median(loads["end_ns"] - loads["start_ns"]) if loads.height else None
    workers = _workers(context, each, load) if kind == _SINGLE and load else None
    return [
        Draft(
            kind="input",
            title="Load input in worker processes beside the steps"
            if kind != _MULTI
            else "Load input faster: the workers do not keep up",
            grade="certain" if kind else "likely",
            launches=waits,
            best=durations,
            worst=durations,
            evidence=_evidence(context, each, loads, kind, workers),
            remedy=_remedy(kind, workers),
            waits=waits,
            wait_causes=(CAUSE,),
            wait_kept_share=_kept(context, kind, workers),
            code=f"DataLoader(dataset, num_workers={min(max(workers or 4, 4), MAX_WORKERS)}, "
            "pin_memory=True, persistent_workers=True, prefetch_factor=4)",
            link=_LINK,
            caveat="Workers help only where processor cores and storage are free for them; a "
            "dataset held back by one file or one lock loads no faster.",
        )
    ]


def _loads(context: Context) -> pl.DataFrame:
    """What the host recorded of loading: name, start_ns, end_ns, within the window."""
    capture, timeline = context.capture, context.timeline
    notes = capture.annotations.filter(~pl.col("on_device"))
    named = capture.signatures.select("signature_id", name="op").filter(
        pl.col("name").str.contains(host_activity.INPUT)
    )
    ops = capture.ops.select("signature_id", "start_ns", "end_ns")
    ops = ops.filter(pl.col("signature_id").is_in(named["signature_id"].implode()))
    ops = ops.join(named, on="signature_id")
    return (
        pl.concat([frame.select("name", "start_ns", "end_ns") for frame in (notes, ops)])
        .filter(
            pl.col("name").str.contains(host_activity.INPUT)
            & (pl.col("end_ns") > timeline.start_ns)
            & (pl.col("start_ns") < timeline.end_ns)
        )
        .unique()
        .sort("start_ns", "end_ns", "name")
    )


def _kind(loads: pl.DataFrame) -> str | None:
    """How input is loaded, told by the longest record's name; None where none is recorded."""
    if not loads.height:
        return None
    longest = loads.sort(pl.col("end_ns") - pl.col("start_ns"), "name", descending=True)
    name = str(longest["name"][0])
    return next((kind for kind in (_MULTI, _SINGLE) if kind in name), name)


def _median(times: pl.Series) -> int:
    return int(str(times.sort()[times.len() // 2]))


def _workers(context: Context, each: Ints, load: int) -> int:
    """Workers that keep pace: what a batch takes to load over what a step takes without it."""
    steps = each.size + 1  # the window begins and ends with one
    rest = max((context.wall_ns - int(each.sum())) // steps, 1)
    return max(1, -(-load // rest))


def _kept(context: Context, kind: str | None, workers: int | None) -> float:
    """Share of the waits that stays at worst."""
    if kind == _MULTI:
        return KEPT_WITH_WORKERS
    beyond = 1 - MAX_WORKERS / workers if workers else 0.0
    kept = max(KEPT_SHARE if kind else KEPT_UNNAMED, beyond)
    return max(kept, KEPT_INFLATED) if context.host_inflated else kept


def _evidence(
    context: Context,
    each: Ints,
    loads: pl.DataFrame,
    kind: str | None,
    workers: int | None,
) -> tuple[str, ...]:
    total, low, high = int(each.sum()), int(each.min()), int(each.max())
    span = units.time(low) if low == high else f"{units.time(low)} to {units.time(high)}"
    sentences = [
        f"The device waits {context.share(total)} for input, in "
        f"{units.counted(each.size, 'wait')} of {span}."
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
        if lengths.len() > 2 and int(str(lengths[0])) > 3 * _median(lengths[1:]):
            sentences.append(
                "The first wait is the longest, as the workers start with it: "
                "`persistent_workers=True` starts them once for all epochs."
            )
    return tuple(sentences)


def _short(name: str) -> str:
    return re.sub(r"[^\x20-\x7e]|`", "", name)[:80]


def _remedy(kind: str | None, workers: int | None) -> str:
    if kind == _MULTI:
        return (
            "Raise `num_workers` and `prefetch_factor`, then make loading itself cheaper: decode "
            "and resize beforehand, move augmentation to the device, read larger files in order."
        )
    count = f"`num_workers={workers}` or more" if workers else "`num_workers` of 4 or more"
    return (
        f"Load with {count}, `persistent_workers=True` and `prefetch_factor`, so that the next "
        "batch is ready when the step ends; `pin_memory=True` and `.to(device, non_blocking=True)` "
        "let its copy run beside the step too."
    )
