"""Why the device was idle: every idle interval cut into pieces, each with one cause.

Between the end of the last launch and the moment the next launch call returned, the host is to
blame: what it was doing is read from its recorded calls and operators. From there to the start
of the launch the device is: a short wait is launch latency, a long one is a dependency or work
that the trace does not hold, and is called unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ncutool.intervals import Bools, Ints, Union, union
from ncutool_parsers.capture import Capture

LONG_CALL_NS = 1_000_000
"""A launch call longer than this loads a module or waits for a full queue."""
LATENCY_LIMIT_NS = 100_000
"""A wait longer than this after the launch call is no launch latency."""
QUEUE_FLOOR_NS = 5_000
"""Back-to-back gaps of a full queue up to this are ordinary on every device."""
QUEUE_MEDIANS = 4
HOST_IDLE_NS = 1_000_000
"""A launching thread silent for longer, before a copy to the device, waits for its input."""
INPUT_COPY_BYTES = 4096
"""A smaller copy to the device is a scalar, not a batch of input."""

INPUT = r"(?i)dataloader|data_loader|datapipe|dataset"
ALLOCATE = r"Malloc|Free|HostAlloc|HostRegister|HostUnregister|MemAlloc|MemCreate|Mem(Un)?[Mm]ap"
_LAUNCH = r"aunch|emset"
_LOAD = r"ModuleLoad|LibraryLoad|ModuleGetFunction|GetFunctionByName"
_INPUT_OPS = ("aten::to", "aten::_to_copy", "aten::copy_")

# The order decides where calls overlap: the earlier cause is charged.
_HOST_CAUSES = (
    "input_pipeline",
    "allocator",
    "long_launch",
    "synchronize",
    "copy_call",
    "launch_call",
)


@dataclass(frozen=True)
class Idle:
    """Idle intervals, in order of time, and how the launch that ends each was launched."""

    starts: Ints
    ends: Ints
    next_id: Ints
    """launch_id of the launch that ends the interval."""
    thread: Ints
    """Thread of its launch call, -1 where none is recorded."""
    launched: Ints
    """When it was launched: the end of its call; of a blocking copy, its start."""
    blocking: Bools
    """A copy whose call returns after the copy has begun."""
    from_host: Bools
    """A copy of input-like size from the host, made by a tensor conversion."""


def launch_points(capture: Capture) -> pl.DataFrame:
    """Per launch: thread, launched (ns) and blocking; null thread where no call is recorded.

    Blocking copies return after the copy, so their launch is the call's start; of all others
    it is the call's end. One call that launches several replays a graph: it has launched all of
    them once the first runs.
    """
    calls = capture.calls.select(
        "call_id",
        "thread",
        pl.col("start_ns").alias("call_start"),
        pl.col("end_ns").alias("call_end"),
    )
    blocking = (pl.col("category") == "memcpy") & (pl.col("call_end") > pl.col("start_ns"))
    return (
        capture.launches.join(calls, on="call_id", how="left", maintain_order="left")
        .with_columns(blocking=blocking.fill_null(False))
        .with_columns(
            launched=pl.when("blocking").then("call_start").otherwise(pl.col("call_end")),
            first=pl.col("start_ns").min().over("call_id"),
        )
        .with_columns(
            launched=pl.when(pl.col("first") < pl.col("start_ns"))
            .then(pl.min_horizontal("launched", "first"))
            .otherwise("launched")
        )
        .drop("first")
    )


def input_copies(capture: Capture) -> pl.Expr:
    """Whether a launch copies input-like data from the host (an expression over launches)."""
    names = capture.signatures.filter(pl.col("op").is_in(_INPUT_OPS))["signature_id"]
    ops = capture.ops.filter(pl.col("signature_id").is_in(names.implode()))["op_id"]
    large = pl.col("copy_bytes").is_null() | (pl.col("copy_bytes") >= INPUT_COPY_BYTES)
    by_tensor = pl.col("op_id").is_in(ops.implode())
    return ((pl.col("copy_kind") == "HtoD") & large & by_tensor).fill_null(False)


def split(idle: Idle, capture: Capture) -> pl.DataFrame:
    """Pieces of the idle intervals: start_ns, duration_ns, cause, next_launch_id, previous_end_ns.

    Pieces do not overlap and sum to the idle time. Near-linear in launches and calls.
    """
    linked = idle.thread >= 0
    late = linked & (idle.launched > idle.starts)
    until = np.where(late, np.minimum(idle.ends, idle.launched), idle.starts)
    parts = [_host_pieces(idle, late, until, capture)]
    rest = idle.ends > until
    cause = np.select(
        [~linked, ~late, idle.blocking, idle.ends - until <= LATENCY_LIMIT_NS],
        ["unlinked", _queue(idle, linked & ~late), "copy_call", "latency"],
        "unexplained",
    )
    parts.append(_frame(until[rest], idle.ends[rest], cause[rest], np.flatnonzero(rest)))
    pieces = pl.concat(parts).sort("start_ns")
    gap = pieces["gap"].to_numpy()
    return pieces.select("start_ns", "duration_ns", "cause").with_columns(
        next_launch_id=pl.Series(idle.next_id[gap]),
        previous_end_ns=pl.Series(idle.starts[gap]),
    )


def _queue(idle: Idle, queued: Bools) -> npt.NDArray[np.str_]:
    """`queue` for the ordinary gaps of a full queue, `unexplained` for larger ones."""
    length = idle.ends - idle.starts
    median = float(np.median(length[queued])) if queued.any() else 0.0
    limit = max(QUEUE_FLOOR_NS, QUEUE_MEDIANS * median)
    return np.where(length <= limit, "queue", "unexplained")


def _host_pieces(idle: Idle, late: Bools, until: Ints, capture: Capture) -> pl.DataFrame:
    """The parts in which the host had not launched yet, by what it was doing."""
    frames = [_frame(until[:0], until[:0], np.zeros(0, dtype=np.str_), until[:0])]
    for thread in np.unique(idle.thread[late]):
        which = np.flatnonzero(late & (idle.thread == thread))
        frames.append(_thread_pieces(idle, which, until, _Host.of(capture, int(thread))))
    return pl.concat(frames)


def _thread_pieces(idle: Idle, which: Ints, until: Ints, host: _Host) -> pl.DataFrame:
    """The host parts of the intervals ``which``, all launched by one thread."""
    starts, ends = idle.starts[which], until[which]
    edges = [starts, ends]
    for busy in (*host.doing, host.silent):
        edges += [busy.starts, busy.ends]
    bounds = np.unique(np.concatenate(edges))
    left, right = bounds[:-1], bounds[1:]
    gap = np.searchsorted(starts, left, side="right") - 1
    inside = (gap >= 0) & (left < ends[np.maximum(gap, 0)])
    left, right, gap = left[inside], right[inside], gap[inside]
    waits = host.silent.contains(left) & idle.from_host[which][gap]
    doing = [busy.contains(left) for busy in host.doing]
    doing[0] = doing[0] | waits
    cause = np.select(doing, list(_HOST_CAUSES), "dispatch")
    return _merge(left, right, cause, which[gap])


def _merge(left: Ints, right: Ints, cause: npt.NDArray[np.str_], gap: Ints) -> pl.DataFrame:
    """Neighbouring pieces of one interval and one cause become one."""
    if not left.size:
        return _frame(left, right, cause, gap)
    new = np.concatenate([[True], (gap[1:] != gap[:-1]) | (cause[1:] != cause[:-1])])
    last = np.concatenate([np.flatnonzero(new)[1:] - 1, [left.size - 1]])
    return _frame(left[new], right[last], cause[new], gap[new])


def _frame(left: Ints, right: Ints, cause: npt.NDArray[np.str_], gap: Ints) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "start_ns": left,
            "duration_ns": right - left,
            "cause": pl.Series(cause.tolist(), dtype=pl.String),
            "gap": gap,
        }
    )


@dataclass(frozen=True)
class _Host:
    """What one thread was doing."""

    doing: tuple[Union, ...]
    """One union for each of `_HOST_CAUSES`."""
    silent: Union
    """Stretches over `HOST_IDLE_NS` without any operator or call."""

    @classmethod
    def of(cls, capture: Capture, thread: int) -> _Host:
        calls = capture.calls.filter(pl.col("thread") == thread)
        ops = capture.ops.filter(pl.col("thread") == thread)
        name = pl.col("name")
        long = pl.col("end_ns") - pl.col("start_ns") > LONG_CALL_NS
        launch = name.str.contains(_LAUNCH)
        wanted = (
            name.str.contains(ALLOCATE),
            (launch & long) | name.str.contains(_LOAD),
            name.str.contains("ynchronize"),
            name.str.contains("emcpy"),
            pl.lit(value=True),  # every other call is part of launching
        )
        annotated = capture.annotations.filter(
            ~pl.col("on_device") & (pl.col("thread") == thread) & name.str.contains(INPUT)
        )
        inputs = pl.concat([_spans(annotated), _spans(_input_ops(capture, ops))])
        return cls(
            doing=(_union(inputs), *(_union(_spans(calls.filter(one))) for one in wanted)),
            silent=_silence(_union(pl.concat([_spans(ops), _spans(calls)]))),
        )


def _input_ops(capture: Capture, ops: pl.DataFrame) -> pl.DataFrame:
    """Operators that load input: traces of 2020-21 record annotations as operators."""
    names = capture.signatures.filter(pl.col("op").str.contains(INPUT))["signature_id"]
    return ops.filter(pl.col("signature_id").is_in(names.implode()))


def _spans(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("start_ns", "end_ns")


def _union(spans: pl.DataFrame) -> Union:
    return union(spans["start_ns"].to_numpy(), spans["end_ns"].to_numpy())


def _silence(busy: Union) -> Union:
    """The long stretches between the intervals of ``busy``."""
    return union(
        *(
            edge[busy.starts[1:] - busy.ends[:-1] > HOST_IDLE_NS]
            for edge in (busy.ends[:-1], busy.starts[1:])
        )
    )
