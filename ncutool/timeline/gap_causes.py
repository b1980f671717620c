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

from ncutool.base.intervals import Bools, Ints, Union
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold
from ncutool.timeline.host_activity import HOST_CAUSES, Host, Hosts
from ncutool.work.kernel_facts import column
from ncutool_parsers.capture import Capture

LATENCY_LIMIT_NS = IntThreshold(
    100_000, "ns", "a longer wait after the launch call is no launch latency", WORKED_TRACES
)
QUEUE_FLOOR_NS = IntThreshold(
    5_000, "ns", "gaps of a full queue up to this are ordinary on every device", WORKED_TRACES
)
QUEUE_MEDIANS = IntThreshold(
    4, "medians", "gaps of a full queue up to so many of its median gap are ordinary", WORKED_TRACES
)
QUEUE_LIMIT_NS = IntThreshold(
    50_000, "ns", "no longer gap of a full queue is ordinary, whatever their median", "judgement"
)
INPUT_COPY_BYTES = IntThreshold(
    4096, "byte", "a smaller copy to the device is a scalar, not a batch of input", "judgement"
)
COMMUNICATES = (
    pl.col("collective").is_not_null() | column(pl.col("kernel_full"), "communicates")
).fill_null(value=False)
"""Whether a launch communicates with other devices (an expression over launches)."""
_INPUT_OPS = ("aten::to", "aten::_to_copy", "aten::copy_")


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
    handover: Bools
    """One stream's collective ends it or ended before it, and another stream is next."""


def launch_points(capture: Capture) -> pl.DataFrame:
    """Return the launches with their calls, in their order.

    The columns beside those of a launch are ``thread``, ``call_start``, ``call_end``, ``launched``
    (all ns) and ``blocking``; the thread is null where no call is recorded. A launch was made when
    its call returned. A blocking copy returns only after the copy, so that its launch is the start
    of its call. A call that launches several replays a graph: it has launched all of them once the
    first runs.
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


def input_copies(capture: Capture) -> pl.Expr:
    """Return whether a launch copies input-like data from the host: an expression over launches."""
    names = capture.signatures.filter(pl.col("op").is_in(_INPUT_OPS))["signature_id"]
    ops = capture.ops.filter(pl.col("signature_id").is_in(names.implode()))["op_id"]
    large = pl.col("copy_bytes").is_null() | (pl.col("copy_bytes") >= INPUT_COPY_BYTES)
    by_tensor = pl.col("op_id").is_in(ops.implode())
    return ((pl.col("copy_kind") == "HtoD") & large & by_tensor).fill_null(False)


def split(idle: Idle, hosts: Hosts) -> pl.DataFrame:
    """Return the idle intervals in pieces, each with its cause.

    The columns are start_ns, duration_ns, cause, next_launch_id and previous_end_ns. Pieces do not
    overlap and sum to the idle time. The time taken is near-linear in launches and calls.
    """
    linked = idle.thread >= 0
    late = linked & (idle.launched > idle.starts)
    until = np.where(late, np.minimum(idle.ends, idle.launched), idle.starts)
    parts = [_host_pieces(idle, late, until, hosts)]
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


def queue_limit(lengths: Ints) -> float:
    """Return the longest ordinary gap (ns) of a full queue.

    Args:
        lengths: all gaps before launches that were queued, in ns.
    """
    median = float(np.median(lengths)) if lengths.size else 0.0
    return min(max(QUEUE_FLOOR_NS, QUEUE_MEDIANS * median), QUEUE_LIMIT_NS)


def _queue(idle: Idle, queued: Bools) -> npt.NDArray[np.str_]:
    """Return the cause of each interval whose launch was queued before it began.

    An ordinary gap of a full queue is `queue`. A larger one is `communication` where a collective
    hands over to another stream or takes over from it, else `unexplained`.

    Args:
        queued: the intervals that tell which gaps are ordinary.
    """
    length = idle.ends - idle.starts
    handover = idle.handover & (length <= LATENCY_LIMIT_NS)
    return np.select(
        [length <= queue_limit(length[queued]), handover],
        ["queue", "communication"],
        "unexplained",
    )


def _host_pieces(idle: Idle, late: Bools, until: Ints, hosts: Hosts) -> pl.DataFrame:
    """Return the parts in which the host had not launched yet, by what it was doing.

    Args:
        late: intervals whose launch was made after they began.
        until: when it was made, or when the interval ends (ns).
    """
    frames = [_frame(until[:0], until[:0], np.zeros(0, dtype=np.str_), until[:0])]
    for thread in np.unique(idle.thread[late]):
        which = np.flatnonzero(late & (idle.thread == thread))
        frames.append(_thread_pieces(idle, which, until, int(thread), hosts))
    return pl.concat(frames)


def _thread_pieces(idle: Idle, which: Ints, until: Ints, thread: int, hosts: Hosts) -> pl.DataFrame:
    """Return the host's parts of the intervals ``which``, all launched by ``thread``.

    Where the thread is quiet for long it waits for another thread that launches: what that one
    does then counts.
    """
    host = hosts.thread(thread)
    starts, ends = idle.starts[which], until[which]
    left, right, gap = _cut(starts, ends, (*host.doing, host.silent, host.quiet))
    waits = host.silent.contains(left) & idle.from_host[which][gap]
    cause = _cause(host, left, waits)
    quiet = (cause == "dispatch") & host.quiet.contains(left)
    if quiet.any() and hosts.several:
        others = hosts.others(thread)
        others_left, others_right, row = _cut(left[quiet], right[quiet], others.doing)
        no_waits = np.zeros(others_left.shape, dtype=np.bool_)
        others_cause = _cause(others, others_left, no_waits)
        left = np.concatenate([left[~quiet], others_left])
        right = np.concatenate([right[~quiet], others_right])
        gap = np.concatenate([gap[~quiet], gap[quiet][row]])
        cause = np.concatenate([cause[~quiet], others_cause])
        order = np.argsort(left, kind="stable")
        left, right, gap, cause = left[order], right[order], gap[order], cause[order]
    return _merge(left, right, cause, which[gap])


def _cut(starts: Ints, ends: Ints, unions: tuple[Union, ...]) -> tuple[Ints, Ints, Ints]:
    """Cut disjoint, ordered intervals at all edges of ``unions``.

    Returns:
        Start and end of each piece, and the index of the interval that it is of.
    """
    edges = [starts, ends]
    for busy in unions:
        edges += [busy.starts, busy.ends]
    bounds = np.sort(np.concatenate(edges))
    distinct = bounds[1:] > bounds[:-1]
    left, right = bounds[:-1][distinct], bounds[1:][distinct]
    row = np.searchsorted(starts, left, side="right") - 1
    inside = (row >= 0) & (left < ends[np.maximum(row, 0)])
    return left[inside], right[inside], row[inside]


def _cause(host: Host, moments: Ints, waits: Bools) -> npt.NDArray[np.str_]:
    """Return what the host did at each moment (ns).

    Args:
        waits: moments at which it waits for input, whatever it does.
    """
    doing = [busy.contains(moments) for busy in host.doing]
    doing[0] = doing[0] | waits
    return np.select(doing, list(HOST_CAUSES), "dispatch")


def _merge(left: Ints, right: Ints, cause: npt.NDArray[np.str_], gap: Ints) -> pl.DataFrame:
    """Return the pieces as a table, neighbours of one interval and one cause as one."""
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
