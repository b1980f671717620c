"""The launches of a capture with the calls that made them, and the calls that made none."""

from __future__ import annotations

import numpy as np
import polars as pl

from ncutool.base.intervals import Ints, union
from ncutool.base.thresholds import IntThreshold
from ncutool.timeline import call_names, capturing, devices
from ncutool.work.kernel_facts import column
from ncutool_parsers.capture import Capture

INPUT_COPY_BYTES = IntThreshold(
    4096, "byte", "a smaller copy to the device is a scalar, not a batch of input", "judgement"
)
COMMUNICATES = (
    pl.col("collective").is_not_null() | column(pl.col("kernel_full"), "communicates")
).fill_null(value=False)
"""Whether a launch communicates with other devices (an expression over launches)."""
_INPUT_OPS = ("aten::to", "aten::_to_copy", "aten::copy_")


def launch_points(capture: Capture) -> pl.DataFrame:
    """Return the launches with their calls, in their order.

    The columns beside those of a launch are ``thread``, ``call_start``, ``call_end``, ``launched``
    (all ns), ``blocking``, ``gpu`` and ``lane``; the thread is null where no call is recorded. A launch was
    made when its call returned. A blocking copy returns only after the copy, so that its launch is
    the start of its call. A call that launches several replays a graph: it has launched all of
    them once the first runs. A lane is one stream of one device, each numbered from 0.
    """
    calls = capture.calls.select(
        "call_id",
        "thread",
        pl.col("start_ns").alias("call_start"),
        pl.col("end_ns").alias("call_end"),
    )
    blocking = (pl.col("category") == "memcpy") & (pl.col("call_end") > pl.col("start_ns"))
    points = capture.launches.join(
        calls, on="call_id", how="left", maintain_order="left"
    ).with_columns(_lanes(capture.launches), blocking=blocking.fill_null(False))
    points = points.with_columns(
        launched=pl.when("blocking").then("call_start").otherwise(pl.col("call_end"))
    )
    known = points["call_id"].drop_nulls()
    if known.n_unique() == known.len():
        return points
    first = pl.col("start_ns").min().over("call_id")
    several = first < pl.col("start_ns")
    return points.with_columns(
        launched=pl.when(several).then(pl.min_horizontal("launched", first)).otherwise("launched")
    )


def _lanes(launches: pl.DataFrame) -> pl.DataFrame:
    """Return the ``gpu`` of each launch with that device's ``ordinal`` and ``owner``, and as
    ``lane`` a number for its stream that no other stream has.

    Stream numbers repeat on every device and in every process.
    """
    numbered = devices.numbered(launches)
    rows = numbered.select("gpu").with_columns(stream=launches["stream"])
    distinct = rows.unique(maintain_order=True).with_row_index("lane")
    lanes = rows.join(
        distinct.with_columns(pl.col("lane").cast(pl.Int64)),
        on=("gpu", "stream"),
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return numbered.with_columns(lanes["lane"])


def input_copies(capture: Capture) -> pl.Expr:
    """Return whether a launch copies input-like data from the host: an expression over launches."""
    names = capture.signatures.filter(pl.col("op").is_in(_INPUT_OPS))["signature_id"]
    ops = capture.ops.filter(pl.col("signature_id").is_in(names.implode()))["op_id"]
    large = pl.col("copy_bytes").is_null() | (pl.col("copy_bytes") >= INPUT_COPY_BYTES)
    by_tensor = pl.col("op_id").is_in(ops.implode())
    return ((pl.col("copy_kind") == "HtoD") & large & by_tensor).fill_null(False)


def without_kernel(capture: Capture) -> pl.DataFrame:
    """Return the launch calls that left no kernel in the trace: call_id, thread, start_ns.

    Calls while a graph is captured launch nothing, nor do those around or within a call that has
    its kernel. Those after a thread's last one with a kernel, or before its first, may have run
    outside the recording, and are left out.
    """
    name = pl.col("name")
    known = capture.launches["call_id"].drop_nulls().unique()
    launching = capture.calls.filter(
        name.str.contains(call_names.LAUNCH) & ~name.str.contains(call_names.NO_KERNEL)
    ).with_columns(known=pl.col("call_id").is_in(known.implode()))
    columns = ("call_id", "thread", "start_ns")
    if launching["known"].all():
        return launching.select(columns).clear()
    found = [
        _lost(calls, capture.calls.filter(pl.col("thread") == calls["thread"][0]))
        for calls in launching.sort("start_ns", "call_id").partition_by("thread")
    ]
    return pl.concat([calls.select(columns) for calls in found])


def _lost(calls: pl.DataFrame, of_thread: pl.DataFrame) -> pl.DataFrame:
    """Return the calls of one thread without a kernel; ``calls`` are those that launch."""
    with_kernel = calls.filter("known")
    if with_kernel.is_empty():
        return calls.clear()
    begin, end = with_kernel["start_ns"], with_kernel["end_ns"]
    captured = capturing.spans(of_thread.rename({"call_id": "row"}))
    spans = [frame.select("start_ns", "end_ns") for frame in (with_kernel, captured)]
    beside = union(*(pl.concat(spans)[name].to_numpy() for name in ("start_ns", "end_ns")))
    rest = calls.filter(~pl.col("known") & pl.col("start_ns").is_between(begin.min(), begin.max()))
    starts, ends = rest["start_ns"].to_numpy(), rest["end_ns"].to_numpy()
    apart = (beside.covered(starts, ends) == 0) & ~beside.contains(starts)
    around = np.searchsorted(end.to_numpy(), starts) < np.searchsorted(begin.to_numpy(), ends)
    return rest.filter(pl.Series(apart & ~around))


def lost_before(points: pl.DataFrame, lost: pl.DataFrame) -> Ints:
    """Return, per launch, the last call without a kernel between the thread's launch call before
    its own and its own; -1 where there is none."""
    result = np.full(points.height, -1, dtype=np.int64)
    if lost.is_empty():
        return result
    rows = points.with_row_index("at").filter(pl.col("thread").is_not_null())
    for on in lost.partition_by("thread"):
        own = rows.filter(pl.col("thread") == on["thread"][0]).sort("call_start", "launch_id")
        begins, at = own["call_start"].to_numpy(), own["at"].to_numpy()
        lost_at = on["start_ns"].to_numpy()
        order = np.argsort(lost_at, kind="stable")
        counted = np.searchsorted(lost_at[order], begins)
        earlier = np.searchsorted(lost_at[order], np.concatenate([begins[:1], begins[:-1]]))
        hit = counted > earlier
        result[at[hit]] = on["call_id"].to_numpy()[order][counted[hit] - 1]
    return result
