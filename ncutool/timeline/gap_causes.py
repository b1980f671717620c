"""Why the device was idle: every idle interval cut into pieces, each with one cause.

Between the end of the last launch and the moment the next launch call returned, the host is to
blame: what it was doing is read from its recorded calls and operators. From there to the start
of the launch the device is: a short wait is launch latency, a long one is a dependency or work
that the trace does not hold, and is called unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from ncutool.base.intervals import Bools, Ints, Union, union
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold
from ncutool.work.kernel_facts import column
from ncutool_parsers.capture import Capture

LONG_CALL_NS = IntThreshold(
    1_000_000, "ns", "a longer launch call loads a module or waits for a full queue", WORKED_TRACES
)
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
HOST_IDLE_NS = IntThreshold(
    1_000_000,
    "ns",
    "a launching thread silent for longer, before a copy to the device, waits for its input",
    WORKED_TRACES,
)
INPUT_COPY_BYTES = IntThreshold(
    4096, "byte", "a smaller copy to the device is a scalar, not a batch of input", "judgement"
)
QUIET_NS = IntThreshold(
    100_000, "ns", "a launching thread silent for longer waits for another thread", "judgement"
)

INPUT = (
    r"(?i)data_?load|datapipe|dataset|(next|get|fetch)_?batch|input_?pipeline"
    r"|DALI\w*Iterator"
)
ALLOCATE = (
    r"Malloc|Free|HostAlloc|HostRegister|HostUnregister|MemAlloc|MemCreate|Mem(Un)?[Mm]ap"
    r"|MemRelease|MemSetAccess|MemAddressReserve|MemPoolTrim|MemGetInfo"
)
COMMUNICATES = (
    pl.col("collective").is_not_null() | column(pl.col("kernel_full"), "communicates")
).fill_null(value=False)
"""Whether a launch communicates with other devices (an expression over launches)."""
_LAUNCH = r"aunch|emset"
_LOAD = r"ModuleLoad|LibraryLoad|ModuleGetFunction|GetFunctionByName"
_INPUT_OPS = ("aten::to", "aten::_to_copy", "aten::copy_")

_FOREVER = 2**61

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
    handover: Bools
    """One stream's collective ends it or ended before it, and another stream is next."""


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
    """Whether a launch copies input-like data from the host (an expression over launches)."""
    names = capture.signatures.filter(pl.col("op").is_in(_INPUT_OPS))["signature_id"]
    ops = capture.ops.filter(pl.col("signature_id").is_in(names.implode()))["op_id"]
    large = pl.col("copy_bytes").is_null() | (pl.col("copy_bytes") >= INPUT_COPY_BYTES)
    by_tensor = pl.col("op_id").is_in(ops.implode())
    return ((pl.col("copy_kind") == "HtoD") & large & by_tensor).fill_null(False)


def split(idle: Idle, hosts: Hosts) -> pl.DataFrame:
    """Pieces of the idle intervals: start_ns, duration_ns, cause, next_launch_id, previous_end_ns.

    Pieces do not overlap and sum to the idle time. Near-linear in launches and calls.
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
    """The longest ordinary gap (ns) of a full queue, from all gaps before queued launches."""
    median = float(np.median(lengths)) if lengths.size else 0.0
    return min(max(QUEUE_FLOOR_NS, QUEUE_MEDIANS * median), QUEUE_LIMIT_NS)


def _queue(idle: Idle, queued: Bools) -> npt.NDArray[np.str_]:
    """`queue` for the ordinary gaps of a full queue; of larger ones `communication` where a
    collective hands over to another stream or takes over from it, else `unexplained`."""
    length = idle.ends - idle.starts
    handover = idle.handover & (length <= LATENCY_LIMIT_NS)
    return np.select(
        [length <= queue_limit(length[queued]), handover],
        ["queue", "communication"],
        "unexplained",
    )


def _host_pieces(idle: Idle, late: Bools, until: Ints, hosts: Hosts) -> pl.DataFrame:
    """The parts in which the host had not launched yet, by what it was doing."""
    frames = [_frame(until[:0], until[:0], np.zeros(0, dtype=np.str_), until[:0])]
    for thread in np.unique(idle.thread[late]):
        which = np.flatnonzero(late & (idle.thread == thread))
        frames.append(_thread_pieces(idle, which, until, int(thread), hosts))
    return pl.concat(frames)


def _thread_pieces(idle: Idle, which: Ints, until: Ints, thread: int, hosts: Hosts) -> pl.DataFrame:
    """The host parts of the intervals ``which``, all launched by ``thread``.

    Where it is silent for long it waits for another thread that launches: what those do counts.
    """
    host = hosts.one(thread)
    starts, ends = idle.starts[which], until[which]
    left, right, gap = _cut(starts, ends, (*host.doing, host.silent, host.quiet))
    waits = host.silent.contains(left) & idle.from_host[which][gap]
    cause = _cause(host, left, waits)
    asks = (cause == "dispatch") & host.quiet.contains(left)
    if asks.any() and hosts.several:
        others = hosts.others(thread)
        more_left, more_right, row = _cut(left[asks], right[asks], others.doing)
        more = _cause(others, more_left, np.zeros(more_left.shape, dtype=np.bool_))
        left = np.concatenate([left[~asks], more_left])
        right = np.concatenate([right[~asks], more_right])
        gap = np.concatenate([gap[~asks], gap[asks][row]])
        cause = np.concatenate([cause[~asks], more])
        order = np.argsort(left, kind="stable")
        left, right, gap, cause = left[order], right[order], gap[order], cause[order]
    return _merge(left, right, cause, which[gap])


def _cut(starts: Ints, ends: Ints, unions: tuple[Union, ...]) -> tuple[Ints, Ints, Ints]:
    """The disjoint, ordered intervals cut at all edges of ``unions``; and whose piece each is."""
    edges = [starts, ends]
    for busy in unions:
        edges += [busy.starts, busy.ends]
    bounds = np.sort(np.concatenate(edges))
    distinct = bounds[1:] > bounds[:-1]
    left, right = bounds[:-1][distinct], bounds[1:][distinct]
    row = np.searchsorted(starts, left, side="right") - 1
    inside = (row >= 0) & (left < ends[np.maximum(row, 0)])
    return left[inside], right[inside], row[inside]


def _cause(host: _Host, moments: Ints, waits: Bools) -> npt.NDArray[np.str_]:
    """What the host did at each moment; ``waits`` are waits for input whatever it did."""
    doing = [busy.contains(moments) for busy in host.doing]
    doing[0] = doing[0] | waits
    return np.select(doing, list(_HOST_CAUSES), "dispatch")


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
    """What one thread, or several taken together, were doing."""

    doing: tuple[Union, ...]
    """One union for each of `_HOST_CAUSES`."""
    spans: pl.DataFrame
    """All recorded operators and calls: start_ns, end_ns."""

    @cached_property
    def _busy(self) -> Union:
        return _union(self.spans)

    @cached_property
    def silent(self) -> Union:
        """Stretches over `HOST_IDLE_NS` between operators and calls."""
        return _silence(self._busy, HOST_IDLE_NS)

    @cached_property
    def quiet(self) -> Union:
        """Stretches over `QUIET_NS`, and all time before the first and after the last."""
        return _silence(self._busy, QUIET_NS, edges=True)


class Hosts:
    """What the threads of a capture were doing; each is worked out once."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._threads: dict[tuple[int, ...], _Host] = {}

    @property
    def several(self) -> bool:
        """Whether more than one thread launches."""
        return len(self._launching) > 1

    def one(self, thread: int) -> _Host:
        """What ``thread`` did."""
        return self._of((thread,))

    def others(self, thread: int) -> _Host:
        """What all other threads that launch did."""
        return self._of(tuple(one for one in self._launching if one != thread))

    def _of(self, threads: tuple[int, ...]) -> _Host:
        if threads not in self._threads:
            self._threads[threads] = self._make(threads)
        return self._threads[threads]

    @cached_property
    def _launching(self) -> tuple[int, ...]:
        calls = self._calls.filter(pl.col("call_id").is_in(self._launch_calls.implode()))
        return tuple(sorted(calls["thread"].unique().to_list()))

    @cached_property
    def _launch_calls(self) -> pl.Series:
        return self._capture.launches["call_id"].drop_nulls().unique()

    @cached_property
    def _calls(self) -> pl.DataFrame:
        """Calls with the cause that each is, as its place in `_HOST_CAUSES`."""
        calls = self._capture.calls
        named = calls.select(pl.col("name").unique()).with_columns(kind=_KIND)
        long = pl.col("end_ns") - pl.col("start_ns") > LONG_CALL_NS
        return calls.join(named, on="name", how="left", maintain_order="left").with_columns(
            kind=pl.when(pl.col("kind") >= 0)
            .then(pl.col("kind"))
            .when(long & (pl.col("kind") == _MAY_LOAD))
            .then(_HOST_CAUSES.index("long_launch"))
            .otherwise(_HOST_CAUSES.index("launch_call"))
        )

    @cached_property
    def _input_ops(self) -> pl.DataFrame:
        """Operators that load input: traces of 2020-21 record annotations as operators."""
        names = self._capture.signatures.filter(pl.col("op").str.contains(INPUT))["signature_id"]
        return self._capture.ops.filter(pl.col("signature_id").is_in(names.implode()))

    def _make(self, threads: tuple[int, ...]) -> _Host:
        mine = pl.col("thread").is_in(threads)
        calls, ops = self._calls.filter(mine), self._capture.ops.filter(mine)
        annotated = self._capture.annotations.filter(
            ~pl.col("on_device") & mine & pl.col("name").str.contains(INPUT)
        )
        inputs = pl.concat([_spans(annotated), _spans(self._input_ops.filter(mine))])
        kinds = (_union(calls.filter(pl.col("kind") == kind)) for kind in range(1, 6))
        return _Host((_union(inputs), *kinds), pl.concat([_spans(ops), _spans(calls)]))


_MAY_LOAD, _LAUNCHES = -1, -2
_KIND = (
    pl.when(pl.col("name").str.contains(ALLOCATE))
    .then(_HOST_CAUSES.index("allocator"))
    .when(pl.col("name").str.contains(_LOAD))
    .then(_HOST_CAUSES.index("long_launch"))
    .when(pl.col("name").str.contains(_LAUNCH))
    .then(_MAY_LOAD)
    .when(pl.col("name").str.contains("ynchronize"))
    .then(_HOST_CAUSES.index("synchronize"))
    .when(pl.col("name").str.contains("emcpy"))
    .then(_HOST_CAUSES.index("copy_call"))
    .otherwise(_LAUNCHES)
)
"""What a call is by its name alone; those that may load a module do where they take long."""


def _spans(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("start_ns", "end_ns")


def _union(spans: pl.DataFrame) -> Union:
    return union(spans["start_ns"].to_numpy(), spans["end_ns"].to_numpy())


def _silence(busy: Union, longest: int, *, edges: bool = False) -> Union:
    """The stretches over ``longest`` between the intervals of ``busy``; with ``edges`` also
    before the first and after the last."""
    begins, ends = busy.ends, busy.starts
    if edges:
        begins = np.concatenate([[-_FOREVER], begins])
        ends = np.concatenate([ends, [_FOREVER]])
    else:
        begins, ends = begins[:-1], ends[1:]
    keep = ends - begins > longest
    return union(begins[keep], ends[keep])
