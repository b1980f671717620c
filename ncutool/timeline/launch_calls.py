"""The launches of a capture with the calls that made them, and the calls that made none."""

from __future__ import annotations

import numpy as np
import polars as pl

from ncutool.base.intervals import Ints, Union, union
from ncutool.base.looked_up import looked_up
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold
from ncutool.timeline import call_names, capturing, devices
from ncutool.work.kernel_facts import column
from ncutool_parsers.capture import Capture

INPUT_COPY_BYTES = IntThreshold(
    4096, "byte", "a smaller copy to the device is a scalar, not a batch of input", "judgement"
)
RETURN_NS = IntThreshold(
    200_000,
    "ns",
    "a host that waits for longer after the last recorded launch has ended waits for work that was "
    "not recorded",
    f"{WORKED_TRACES}: all such waits of a trace together take at most 160 µs",
)
COMMUNICATES = (
    pl.col("collective").is_not_null() | column(pl.col("kernel_full"), "communicates")
).fill_null(value=False)
"""Whether a launch communicates with other devices (an expression over launches)."""
_INPUT_OPS = ("aten::to", "aten::_to_copy", "aten::copy_")


def launch_points(capture: Capture) -> pl.DataFrame:
    """Return the launches with their calls, in their order.

    The columns beside those of a launch are ``thread``, ``call_start``, ``call_end``, ``launched``
    (all ns), ``blocking``, ``gpu``, ``ordinal``, ``owner`` and ``lane``; the thread is null where
    no call is recorded. A launch was made when its call returned. A blocking copy returns only
    after the copy, so that its launch is the start of its call. A call that launches several
    replays a graph: it has launched all of them once the first runs. A lane is one stream of one
    device; both are numbered from 0.
    """
    calls = capture.calls.select(
        "call_id",
        "thread",
        pl.col("start_ns").alias("call_start"),
        pl.col("end_ns").alias("call_end"),
    )
    blocking = (pl.col("category") == "memcpy") & (pl.col("call_end") > pl.col("start_ns"))
    launches = capture.launches
    points = launches.with_columns(
        *looked_up(launches["call_id"], calls, "call_id"), *_lanes(launches)
    ).with_columns(blocking=blocking.fill_null(False))
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
    """Return the launch calls that left no kernel in the trace: call_id, thread, start_ns, and
    whether the kernel was lost ``between`` others, or before the thread waited for the device.

    Calls while a graph is captured launch nothing, nor do those around or within a call that has
    its kernel. The kernels of a thread's first calls and of its last may have run outside the
    recording.
    """
    launching = _launching(capture).with_columns(
        known=pl.col("call_id").is_in(capture.launches["call_id"].drop_nulls().implode())
    )
    columns = ("call_id", "thread", "start_ns", "between")
    if launching["known"].all() or not launching["known"].any():
        return launching.with_columns(between=pl.lit(value=False)).select(columns).clear()
    found = [
        _lost(calls, capture.calls.filter(pl.col("thread") == calls["thread"][0]))
        for calls in launching.sort("start_ns", "call_id").partition_by("thread")
    ]
    return pl.concat([calls.select(columns) for calls in found])


def launching_calls(capture: Capture) -> int:
    """Return how many calls launch something, those aside that were made to capture a graph."""
    count = 0
    for calls in _launching(capture).partition_by("thread"):
        on = capture.calls.filter(pl.col("thread") == calls["thread"][0])
        count += int((~_captured(on).contains(calls["start_ns"].to_numpy())).sum())
    return count


def _launching(capture: Capture) -> pl.DataFrame:
    name = pl.col("name")
    names = capture.calls.select(name.unique()).filter(
        name.str.contains(call_names.LAUNCH) & ~name.str.contains(call_names.NO_KERNEL)
    )
    return capture.calls.filter(name.is_in(names["name"].implode()))


def _captured(calls: pl.DataFrame) -> Union:
    """Return when the thread of ``calls`` captured a graph."""
    spans = capturing.spans(calls.rename({"call_id": "row"}))
    return union(spans["start_ns"].to_numpy(), spans["end_ns"].to_numpy())


def _lost(calls: pl.DataFrame, of_thread: pl.DataFrame) -> pl.DataFrame:
    """Return the calls of one thread without a kernel; ``calls`` are those that launch."""
    with_kernel, rest = calls.filter("known"), calls.filter(~pl.col("known"))
    begin, end = with_kernel["start_ns"].to_numpy(), with_kernel["end_ns"].to_numpy()
    starts, ends = rest["start_ns"].to_numpy(), rest["end_ns"].to_numpy()
    nested = np.searchsorted(np.sort(end), starts, side="right") < np.searchsorted(begin, ends)
    apart = ~nested & ~_captured(of_thread).contains(starts)
    waits = of_thread.filter(pl.col("name").str.contains(call_names.WAITS_FOR_ALL))
    until = [*begin[-1:].tolist(), *waits["start_ns"].to_list()]  # by then the kernels had run
    between = np.zeros_like(apart)
    if begin.size:
        between = (starts > begin[0]) & (starts < max(until))
    return rest.with_columns(between=pl.Series(between)).filter(pl.Series(apart))


def lost_before(points: pl.DataFrame, lost: pl.DataFrame) -> Ints:
    """Return, per launch, the last call without a kernel between the thread's launch call before
    its own and its own; -1 where there is none."""
    result = np.full(points.height, -1, dtype=np.int64)
    if lost.is_empty():
        return result
    rows = points.with_row_index("at").filter(pl.col("thread").is_not_null())
    for on in lost.filter("between").partition_by("thread"):
        own = rows.filter(pl.col("thread") == on["thread"][0]).sort("call_start", "launch_id")
        begins, at = own["call_start"].to_numpy(), own["at"].to_numpy()
        lost_at = on["start_ns"].to_numpy()
        order = np.argsort(lost_at, kind="stable")
        counted = np.searchsorted(lost_at[order], begins)
        earlier = np.searchsorted(lost_at[order], np.concatenate([begins[:1], begins[:-1]]))
        hit = counted > earlier
        result[at[hit]] = on["call_id"].to_numpy()[order][counted[hit] - 1]
    return result
