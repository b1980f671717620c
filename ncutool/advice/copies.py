"""Copies and memsets that no kernel hides, each kind with its own remedy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from ncutool import units
from ncutool.advice.context import Context, Draft
from ncutool.advice.program import Program, exposed_ns, program

STORM = 50
"""So many small copies or memsets in a window are a loop over tensors."""
SMALL_BYTES = 65_536
RATE_BYTES = 1_000_000
"""Copies of fewer bytes say nothing of a link's rate."""
_REDUCER = r"(?i)ddp\.reducer|copy_bucket|DistributedDataParallel"
_PINNED = "https://docs.pytorch.org/docs/stable/notes/cuda.html#use-pinned-memory-buffers"
_DDP = (
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html"
)
_ZERO = "https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html"
_GRAPH = "https://docs.pytorch.org/docs/stable/generated/torch.cuda.graph.html"
_COPY = "https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html"


@dataclass(frozen=True)
class _Advice:
    """What is said of one kind of copy."""

    title: str
    remedy: str
    link: str
    caveat: str
    code: str | None = None
    goes: bool = False
    """The remedy does away with the copy, and so with the wait before it at best."""


def drafts(context: Context) -> list[Draft]:
    """At most one for each kind: from and to the host, within the device, memsets.

    A copy counts with the time in which no kernel runs. The low end is 0 unless the capture's own
    pinned copies show a faster rate: how much of a copy can be hidden, a trace does not say.
    """
    rows, what = _copies(context), program(context)
    found = []
    for kind in ("HtoD", "DtoH", "DtoD", "PtoP"):
        part = rows.filter((pl.col("category") == "memcpy") & (pl.col("copy_kind") == kind))
        found.append(_of_kind(context, part, kind))
    found.append(_memsets(context, what, rows.filter(pl.col("category") == "memset")))
    return [draft for draft in found if draft is not None]


def _copies(context: Context) -> pl.DataFrame:
    """Copies and memsets that no graph replays; ``within``: the operator around theirs, else the
    annotation of data-parallel training."""
    capture = context.capture
    parents = capture.ops.select("op_id", "parent_id").join(
        capture.ops.join(capture.signatures.select("signature_id", "op"), on="signature_id").select(
            parent_id="op_id", parent="op"
        ),
        on="parent_id",
    )
    columns = ("launch_id", "copy_kind", "copy_pageable", "copy_bytes", "nvtx")
    return (
        context.kernels.filter((pl.col("bound") == "copy") & (pl.col("duration_ns") > 0))
        .filter(~pl.col("graph_replay").fill_null(False))
        .join(capture.launches.select(columns), on="launch_id", how="left")
        .join(parents.select("op_id", "parent"), on="op_id", how="left")
        .with_columns(
            within=pl.coalesce(
                "parent", pl.when(pl.col("nvtx").str.contains(_REDUCER)).then("nvtx")
            )
        )
        .sort("launch_id")
    )


def _of_kind(context: Context, rows: pl.DataFrame, kind: str) -> Draft | None:
    if not rows.height or exposed_ns(context, rows) <= 0:
        return None
    if kind in ("HtoD", "DtoH"):
        return _host(context, rows, kind)
    if kind == "PtoP":
        return _draft(context, rows, _PEER)
    small = rows.filter(pl.col("copy_bytes").fill_null(0) < SMALL_BYTES)
    reducer = rows.filter(pl.col("within").str.contains(_REDUCER))
    storm = small.height >= STORM and 2 * small.height > rows.height
    if storm and reducer.height >= STORM:
        return _draft(context, rows, _BUCKETS, gone=reducer)
    return _draft(context, rows, _device(context, rows))


def _host(context: Context, rows: pl.DataFrame, kind: str) -> Draft | None:
    """Pageable copies where there are any; pinned ones already go at the link's speed."""
    if _unsaid(context, rows):
        return _draft(context, rows, _FROM_HOST if kind == "HtoD" else _TO_HOST)
    pageable = rows.filter(pl.col("copy_pageable").fill_null(False))
    if 2 * int(pageable["duration_ns"].sum()) < int(rows["duration_ns"].sum()):
        return _draft(context, rows, _FROM_PINNED if kind == "HtoD" else _TO_PINNED)
    pinned = _rate(rows.filter(~pl.col("copy_pageable").fill_null(True)))
    worst = [
        min(ns, round(size / pinned * 1e9)) if pinned and size else ns
        for ns, size in pageable.select("duration_ns", "copy_bytes").iter_rows()
    ]
    said = (_FROM_PAGEABLE if kind == "HtoD" else _TO_PAGEABLE, _rate(pageable), pinned)
    return _draft(context, pageable, said[0], worst=worst, rates=said[1:])


def _unsaid(context: Context, rows: pl.DataFrame) -> bool:
    """Whether the trace does not tell pinned memory from pageable: AMD's never do."""
    amd = any(record.vendor == "amd" for record in context.capture.devices)
    return amd or bool(rows["copy_pageable"].is_null().all())


def _rate(rows: pl.DataFrame) -> float | None:
    """Byte per second over copies large enough to tell; None without any."""
    large = rows.filter(pl.col("copy_bytes") >= RATE_BYTES)
    time = int(large["duration_ns"].sum())
    return int(large["copy_bytes"].sum()) / time * 1e9 if time else None


def _draft(
    context: Context,
    rows: pl.DataFrame,
    said: _Advice,
    *,
    worst: list[int] | None = None,
    gone: pl.DataFrame | None = None,
    rates: tuple[float | None, float | None] = (None, None),
) -> Draft:
    launches = tuple(rows["launch_id"].to_list())
    return Draft(
        kind="copy",
        title=said.title,
        grade="likely",
        launches=launches,
        best=(0,) * rows.height,
        worst=tuple(rows["duration_ns"].to_list() if worst is None else worst),
        evidence=_evidence(context, rows, *rates),
        remedy=said.remedy,
        idle_used=tuple((rows if gone is None else gone)["launch_id"].to_list())
        if said.goes
        else (),
        code=said.code,
        link=said.link,
        caveat=said.caveat,
    )


def _evidence(
    context: Context, rows: pl.DataFrame, rate: float | None, pinned: float | None
) -> tuple[str, ...]:
    sizes = rows["copy_bytes"].drop_nulls()
    noun = "memset" if rows["category"][0] == "memset" else "copy"
    many = units.counted(rows.height, noun, "memsets" if noun == "memset" else "copies")
    moved = (
        f" of {units.data(int(sizes.sum()))}, median {units.data(_middle(sizes))}"
        if sizes.len()
        else ""
    )
    sentences = [
        f"{many}{moved} take {units.time(int(rows['duration_ns'].sum()))}; "
        f"{context.share(exposed_ns(context, rows))} of that run while no other launch does."
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
    """Where the copies come from, most time first; nothing where no operator is recorded."""
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


def _device(context: Context, rows: pl.DataFrame) -> _Advice:
    """Copies within the device: round a symmetric buffer, into a graph's inputs, or neither."""
    names = pl.concat([context.capture.signatures["op"], context.kernels["kernel"]])
    if names.str.contains(r"symm_mem|multimem").any():
        return _SYMMETRIC
    if context.kernels["graph_replay"].fill_null(False).any():
        return _STATIC
    return _LOOP if rows.height >= STORM else _SINGLE


def _memsets(context: Context, what: Program, rows: pl.DataFrame) -> Draft | None:
    if rows.height < STORM or exposed_ns(context, rows) <= 0:
        return None
    return _draft(context, rows, _CLEAR if what.trains else _SET)


_HOST_CAVEAT = (
    "Where the next kernel needs the data at once, a copy cannot hide behind others and only "
    "becomes as fast as the link."
)
_FROM_PAGEABLE = _Advice(
    "Copy input from pinned memory, beside the kernels",
    "Pin the host tensors (`pin_memory=True` of the DataLoader, or `.pin_memory()`) and copy with "
    "`non_blocking=True`, a batch ahead on a stream of its own, so that the copy runs beside "
    "kernels.",
    _PINNED,
    _HOST_CAVEAT,
    code='batch = batch.to("cuda", non_blocking=True)',
)
_TO_PAGEABLE = _Advice(
    "Copy results to pinned memory without waiting",
    "Copy into a pinned tensor with `non_blocking=True` and wait on an event later, or keep the "
    "values on the device until the end of the step.",
    _PINNED,
    _HOST_CAVEAT,
    code="pinned.copy_(result, non_blocking=True); event.record()",
)
_FROM_HOST = replace(
    _FROM_PAGEABLE,
    remedy="Whether the host memory is pinned, this trace does not record. "
    + _FROM_PAGEABLE.remedy,
)
_TO_HOST = replace(
    _TO_PAGEABLE,
    remedy="Whether the host memory is pinned, this trace does not record. " + _TO_PAGEABLE.remedy,
)
_FROM_PINNED = _Advice(
    "Copy input a batch ahead, beside the kernels",
    "The memory is pinned already: start the copy of the next batch on a stream of its own while "
    "the present one computes, and copy in fewer, larger pieces.",
    _PINNED,
    _HOST_CAVEAT,
)
_TO_PINNED = _Advice(
    "Copy results beside the kernels",
    "The memory is pinned already: copy on a stream of its own and wait on an event later.",
    _PINNED,
    _HOST_CAVEAT,
)
_PEER = _Advice(
    "Copy between devices beside the kernels",
    "Start the copies earlier on a stream of their own, or place both ends on one device.",
    _COPY,
    "Where the next kernel needs the data at once, nothing hides the copy.",
)
_BUCKETS = _Advice(
    "Avoid the many small copies of data-parallel training",
    "`gradient_as_bucket_view=True` lets gradients live in the buckets instead of being copied "
    "in and out; `broadcast_buffers=False` drops the broadcast of buffers in every step where "
    "batch-norm statistics need not agree between ranks.",
    _DDP,
    "Copies that the model itself makes between equal tensors stay.",
    code="DistributedDataParallel(model, gradient_as_bucket_view=True, broadcast_buffers=False)",
    goes=True,
)
_SYMMETRIC = _Advice(
    "Write into the symmetric buffer instead of copying in and out",
    "Let the kernel before the all-reduce write its output straight into the symmetric-memory "
    "buffer, and let the one behind it read from there.",
    "https://docs.pytorch.org/docs/stable/symmetric_memory.html",
    "If a buffer is used again before its reader is done, a copy is needed.",
    goes=True,
)
_STATIC = _Advice(
    "Write into the graph's input buffers instead of copying",
    "Let the producer write straight into the graph's static input tensors (`out=`), or capture "
    "it in the same graph; keep what does not change between replays in place.",
    _GRAPH,
    "Inputs that must outlive the replay still need a copy.",
    code="torch.add(a, b, out=static_input)",
    goes=True,
)
_LOOP = _Advice(
    "Avoid the many copies within the device",
    "Work in place or on views, copy many tensors with one `torch._foreach_copy_`, or write into "
    "the target with `out=`.",
    _COPY,
    "Copies that change layout or type do work that something has to do.",
    goes=True,
)
_SINGLE = _Advice(
    "Avoid copies within the device",
    "Write into the target with `out=` or use a view, where the source is not needed afterwards.",
    _COPY,
    "Copies that keep an earlier value for the backward pass have to stay.",
    goes=True,
)
_CLEAR = _Advice(
    "Avoid clearing many tensors one by one",
    "`optimizer.zero_grad(set_to_none=True)` frees gradients instead of clearing them; split "
    "reductions and products clear their own work space, which larger shapes avoid.",
    _ZERO,
    "Clearing inside a library's operators does not go with `set_to_none`.",
    code="optimizer.zero_grad(set_to_none=True)",
)
_SET = _Advice(
    "Avoid the many memsets",
    "Allocate with `torch.empty` where all is written anyway; clear one buffer for all instead of "
    "each.",
    "https://docs.pytorch.org/docs/stable/generated/torch.empty.html",
    "Operators that add into their output need it cleared.",
)
