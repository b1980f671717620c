"""Copies and memsets that no kernel hides, each kind with its own remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.advice.catalogue import JUDGED, rules
from ncutool.advice.view.context import Context, exposed_ns
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

STORM = IntThreshold(
    50, "launches", "so many small copies or memsets in a window are a loop over tensors", JUDGED
)
SMALL_BYTES = IntThreshold(65_536, "bytes", "a copy of fewer is small", JUDGED)
RATE_BYTES = IntThreshold(
    1_000_000, "bytes", "copies of fewer say nothing of a link's rate", JUDGED
)
_GO = ("copy-buckets", "copy-symmetric", "copy-static", "copy-loop", "copy-single")
"""Rules whose remedy does away with the copy, and so with the wait before it at best."""
_FEEDS = ("aten::copy_", "aten::_foreach_copy_")
"""Operators by which a program fills the input buffers of a graph."""
_UNSAID = "Whether the host memory is pinned, this trace does not record. "
_REDUCER = r"(?i)ddp\.reducer|copy_bucket|DistributedDataParallel"


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once at most on each kind: from and to the host, within the device, memsets.

    A copy counts with the time in which no kernel runs. The low end is 0 unless the capture's own
    pinned copies show a faster rate: how much of a copy can be hidden, a trace does not say.
    Claims do not matter: the ledger pays what fusions and copies share once.
    """
    rows, what = _copies(context), context.program
    advised = []
    for kind in ("HtoD", "DtoH", "DtoD", "PtoP"):
        part = rows.filter((pl.col("category") == "memcpy") & (pl.col("copy_kind") == kind))
        fed = _feeding(context, part) if kind == "DtoD" and not _symmetric(context) else None
        if fed is not None:
            inputs = part.filter(pl.col("launch_id").is_in(fed))
            part = part.filter(~pl.col("launch_id").is_in(fed))
            advised.append(_of_graph(context, inputs))
        advised.append(_of_kind(context, part, kind))
    advised.append(_memsets(context, what, rows.filter(pl.col("category") == "memset")))
    return Drafts(tuple(draft for draft in advised if draft is not None))


def _copies(context: Context) -> pl.DataFrame:
    """Return the copies and memsets that no graph replays; ``within`` is the operator around
    theirs, else the annotation of data-parallel training."""
    capture = context.capture
    rows = context.kernels.select(
        "launch_id", "category", "duration_ns", "bound", "op", "op_id", "graph_replay"
    ).filter(
        (pl.col("bound") == "copy")
        & (pl.col("duration_ns") > 0)
        & ~pl.col("graph_replay").fill_null(False)
    )
    columns = ("launch_id", "copy_kind", "copy_pageable", "copy_bytes", "nvtx")
    return (
        rows.with_columns(parent=_parents(capture, rows["op_id"]))
        .join(capture.launches.select(columns), on="launch_id", how="left")
        .with_columns(
            within=pl.coalesce(
                "parent", pl.when(pl.col("nvtx").str.contains(_REDUCER)).then("nvtx")
            )
        )
        .sort("launch_id")
    )


def _parents(capture: Capture, op_ids: pl.Series) -> pl.Series:
    """Return the name of the operator around each; null where there is none."""
    ops = capture.ops.select("op_id", "parent_id", "signature_id").sort("op_id")
    names = capture.signatures.select("signature_id", "op").sort("signature_id")["op"]
    return names.gather(ops["signature_id"].gather(ops["parent_id"].gather(op_ids)))


def _of_kind(context: Context, rows: pl.DataFrame, kind: str) -> Draft | None:
    if not rows.height or (exposed := exposed_ns(context, rows)) <= 0:
        return None
    if kind in ("HtoD", "DtoH"):
        return _host(context, rows, kind, exposed)
    if kind == "PtoP":
        return _draft(context, rows, "copy-peer", exposed)
    small = rows.filter(pl.col("copy_bytes").fill_null(0) < SMALL_BYTES)
    reducer = rows.filter(pl.col("within").str.contains(_REDUCER))
    storm = small.height >= STORM and 2 * small.height > rows.height
    if storm and reducer.height >= STORM:
        return _draft(context, rows, "copy-buckets", exposed, gone=reducer)
    return _draft(context, rows, _device(context, rows), exposed)


def _host(context: Context, rows: pl.DataFrame, kind: str, exposed: int) -> Draft | None:
    """Advise on pageable copies where there are any; pinned ones go at the link's speed."""
    pageable_rule = "copy-from-host" if kind == "HtoD" else "copy-to-host"
    if _unsaid(context, rows):
        return _draft(context, rows, pageable_rule, exposed, before=_UNSAID)
    pageable = rows.filter(pl.col("copy_pageable").fill_null(False))
    if 2 * int(pageable["duration_ns"].sum()) < int(rows["duration_ns"].sum()):
        rule = "copy-from-pinned" if kind == "HtoD" else "copy-to-pinned"
        return _draft(context, rows, rule, exposed)
    pinned = _rate(rows.filter(~pl.col("copy_pageable").fill_null(True)))
    worst = [
        min(ns, round(size / pinned * 1e9)) if pinned and size else ns
        for ns, size in pageable.select("duration_ns", "copy_bytes").iter_rows()
    ]
    if pageable.height < rows.height:
        exposed = exposed_ns(context, pageable)
    rates = _rate(pageable), pinned
    return _draft(context, pageable, pageable_rule, exposed, worst=worst, rates=rates)


def _unsaid(context: Context, rows: pl.DataFrame) -> bool:
    """Whether the trace does not tell pinned memory from pageable: AMD's never do."""
    amd = any(record.vendor == "amd" for record in context.capture.devices)
    return amd or bool(rows["copy_pageable"].is_null().all())


def _rate(rows: pl.DataFrame) -> float | None:
    """Return bytes per second over the copies large enough to tell; None without any."""
    large = rows.filter(pl.col("copy_bytes") >= RATE_BYTES)
    time = int(large["duration_ns"].sum())
    return int(large["copy_bytes"].sum()) / time * 1e9 if time else None


def _draft(
    context: Context,
    rows: pl.DataFrame,
    rule: str,
    exposed: int,
    *,
    before: str = "",
    worst: list[int] | None = None,
    gone: pl.DataFrame | None = None,
    rates: tuple[float | None, float | None] = (None, None),
) -> Draft:
    launches = tuple(rows["launch_id"].to_list())
    return Draft(
        rule=rule,
        grade="likely",
        launches=launches,
        best=(0,) * rows.height,
        worst=tuple(rows["duration_ns"].to_list() if worst is None else worst),
        evidence=_evidence(rows, context.share(exposed), *rates),
        why=_why(rows, context.share(exposed)),
        remedy=before + rules()[rule].remedy,
        idle_used=tuple((rows if gone is None else gone)["launch_id"].to_list())
        if rule in _GO
        else (),
    )


def _many(rows: pl.DataFrame) -> str:
    noun = "memset" if rows["category"][0] == "memset" else "copy"
    return units.counted(rows.height, noun, "memsets" if noun == "memset" else "copies")


def _why(rows: pl.DataFrame, exposed: str) -> str:
    """Return one line on how many copies take how long, and how much of it nothing hides."""
    sizes = rows["copy_bytes"].drop_nulls()
    moved = f" of {units.data(int(sizes.sum()))}" if sizes.len() else ""
    takes = "takes" if rows.height == 1 else "take"
    time = units.time(int(rows["duration_ns"].sum()))
    return f"{_many(rows)}{moved} {takes} {time}; {exposed} of that with nothing beside."


def _evidence(
    rows: pl.DataFrame, exposed: str, rate: float | None, pinned: float | None
) -> tuple[str, ...]:
    sizes = rows["copy_bytes"].drop_nulls()
    many = _many(rows)
    moved = (
        f" of {units.data(int(sizes.sum()))}, median {units.data(_middle(sizes))}"
        if sizes.len()
        else ""
    )
    sentences = [
        f"{many}{moved} take {units.time(int(rows['duration_ns'].sum()))}; "
        f"{exposed} of that run while no other launch does."
    ]
    sentences += _by_operator(rows)
    if rate is not None:
        text = f"Those of {units.data(RATE_BYTES)} and more move {units.data_rate(rate)}"
        sentences.append(
            text + f"; pinned copies of the same capture {units.data_rate(pinned)}."
            if pinned is not None
            else text + ", through a buffer of the driver, as the memory is pageable."
        )
    return tuple(sentences)


def _by_operator(rows: pl.DataFrame) -> list[str]:
    """Return a sentence on where the copies come from, most time first; none where no operator is
    recorded."""
    groups = (
        rows.group_by("op", "within")
        .agg(count=pl.len(), ns=pl.col("duration_ns").sum())
        .filter(pl.col("op").is_not_null())
        .sort(["ns", "op", "within"], descending=[True, False, False])
    )
    listed = [
        f"{count:,} in {op}" + (f" within {within}" if within else "")
        for op, within, count, _ in groups.head(3).iter_rows()
    ]
    return [f"By operator: {', '.join(listed)}."] if listed else []


def _middle(sizes: pl.Series) -> int:
    return int(str(sizes.sort()[sizes.len() // 2]))


def _device(context: Context, rows: pl.DataFrame) -> str:
    """Return the rule for copies within the device that feed no graph: round a symmetric buffer, or
    not."""
    if _symmetric(context):
        return "copy-symmetric"
    return "copy-loop" if rows.height >= STORM else "copy-single"


def _symmetric(context: Context) -> bool:
    kernels = {kind.kernel for kind in context.launches.kinds}
    names = pl.concat(
        [context.capture.signatures["op"], pl.Series(sorted(kernels), dtype=pl.String)]
    )
    return bool(names.str.contains(r"symm_mem|multimem").any())


def _feeding(context: Context, rows: pl.DataFrame) -> list[int]:
    """Return the copies that fill a graph's inputs: the program's own, and the next launch of their
    stream that is no copy replays a graph.

    A copy that an operator makes within itself, such as a sort, belongs to that operator.
    """
    own = rows.filter(pl.col("op").is_in(_FEEDS) & pl.col("parent").is_null())["launch_id"]
    if own.is_empty():
        return []
    replays = pl.col("graph_replay").fill_null(value=False)
    following = pl.when(pl.col("category") == "kernel").then(replays).backward_fill().over("lane")
    points = (
        context.points.select("launch_id", "start_ns", "category", "graph_replay", "lane")
        .sort("start_ns", "launch_id")
        .select("launch_id", feeds=following)
    )
    feeding = points.filter(pl.col("feeds").fill_null(value=False))["launch_id"]
    return [int(launch) for launch in own.filter(own.is_in(feeding.implode()))]


def _of_graph(context: Context, rows: pl.DataFrame) -> Draft | None:
    if not rows.height or (exposed := exposed_ns(context, rows)) <= 0:
        return None
    return _draft(context, rows, "copy-static", exposed)


def _memsets(context: Context, what: Program, rows: pl.DataFrame) -> Draft | None:
    if rows.height < STORM or (exposed := exposed_ns(context, rows)) <= 0:
        return None
    return _draft(context, rows, "copy-clear" if what.trains else "copy-memsets", exposed)
