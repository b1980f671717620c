"""What the host's threads were doing at any moment, from their recorded calls and operators."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Ints, Union, union
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold
from ncutool.timeline import call_names, capturing, polling
from ncutool.timeline.covers import Cover, cover
from ncutool_parsers.capture import Capture

LONG_CALL_NS = IntThreshold(
    1_000_000, "ns", "a longer launch call loads a module or waits for a full queue", WORKED_TRACES
)
INITIALISES_NS = IntThreshold(
    100_000,
    "ns",
    "a longer call that asks for the device's properties initialises something",
    "judgement: such a call ordinarily takes less than 10 µs",
)
HOST_IDLE_NS = IntThreshold(
    1_000_000,
    "ns",
    "a launching thread that records nothing for longer is in code that calls no operator, or waits"
    " for its input where a copy to the device follows",
    WORKED_TRACES,
)
OWN_TIME_NS = IntThreshold(
    1_000_000,
    "ns",
    "an operator that for longer calls nothing and launches nothing is not dispatching launches",
    WORKED_TRACES,
)
QUIET_NS = IntThreshold(
    100_000, "ns", "a launching thread silent for longer waits for another thread", "judgement"
)

HOST_CAUSES = (
    "profiler",
    "input_pipeline",
    "graph_capture",
    "compilation",
    "allocator",
    "long_launch",
    "initialise",
    "synchronize",
    "copy_call",
    "launch_call",
    "inside_operator",
)
"""Where records overlap, the earlier of these is charged."""
_FOREVER = 2**61
_SPAN = ("row", "start_ns", "end_ns")


class Host(Struct, frozen=True, dict=True):
    """What one thread, or several taken together, were doing."""

    doing: tuple[Cover, ...]
    """When it did each of :data:`HOST_CAUSES`, in their order."""
    recorded: Cover
    """When any operator or call of it ran."""

    @cached_property
    def silent(self) -> Union:
        """Stretches over ``HOST_IDLE_NS`` between operators and calls."""
        return _silence(self.recorded.union, HOST_IDLE_NS)

    @cached_property
    def quiet(self) -> Union:
        """Stretches over ``QUIET_NS``, and all time before the first and after the last."""
        return _silence(self.recorded.union, QUIET_NS, edges=True)

    @cached_property
    def absent(self) -> Union:
        """All time further than ``HOST_IDLE_NS`` before the first record and after the last."""
        busy = self.recorded.union
        if not busy.starts.size:
            return Union(np.array([-_FOREVER]), np.array([_FOREVER]))
        begins = np.array([-_FOREVER, int(busy.ends[-1]) + HOST_IDLE_NS], np.int64)
        return union(begins, np.array([int(busy.starts[0]) - HOST_IDLE_NS, _FOREVER], np.int64))


class Hosts:
    """What the threads of a capture were doing, worked out once for each that is asked for."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._known: dict[tuple[int, ...], Host] = {}

    def thread(self, thread: int) -> Host:
        """Return what ``thread`` did."""
        return self._of((thread,))

    def others(self, thread: int) -> Host | None:
        """Return what all other threads of its process that launch did, taken together; None where
        there are none."""
        process = self._launching.get(thread)
        others = (
            other
            for other, owner in self._launching.items()
            if other != thread and owner == process
        )
        threads = tuple(others)
        return self._of(threads) if threads else None

    def _of(self, threads: tuple[int, ...]) -> Host:
        if threads not in self._known:
            self._known[threads] = self._make(threads)
        return self._known[threads]

    @cached_property
    def _launching(self) -> dict[int, int | None]:
        """The threads with a call that launched something, each with its process where known."""
        made = self._capture.launches.select(row="call_id", process="process").drop_nulls("row")
        threads = (
            self._calls.select("row", "thread")
            .join(made, on="row", how="inner")
            .group_by("thread")
            .agg(pl.col("process").min())
            .sort("thread")
        )
        return dict(threads.iter_rows())

    @cached_property
    def _calls(self) -> pl.DataFrame:
        """Calls with the ``cause`` (of :data:`HOST_CAUSES`) that each is."""
        calls = self._capture.calls.rename({"call_id": "row"})
        named = calls.select(pl.col("name").unique()).with_columns(cause=call_names.cause_of_call())
        length = pl.col("end_ns") - pl.col("start_ns")
        launches, queries = (
            pl.when(length > limit).then(pl.lit(long)).otherwise(pl.lit("launch_call"))
            for limit, long in ((LONG_CALL_NS, "long_launch"), (INITIALISES_NS, "initialise"))
        )
        return calls.join(named, on="name", how="left", maintain_order="left").with_columns(
            cause=pl.when(pl.col("cause") == call_names.LAUNCHES)
            .then(launches)
            .when(pl.col("cause") == call_names.QUERIES)
            .then(queries)
            .otherwise("cause")
        )

    @cached_property
    def _ops(self) -> pl.DataFrame:
        """Operators; ``input`` and ``compiles`` say whether their names tell of either.

        Traces of 2020-21 record annotations as operators.
        """
        names = self._capture.signatures.select("signature_id", name="op")
        reads_input, compiles = (
            pl.col("signature_id")
            .is_in(names.filter(told)["signature_id"].implode())
            .fill_null(value=False)
            for told in (pl.col("name").str.contains(call_names.INPUT), call_names.compiles())
        )
        return self._capture.ops.select(
            "thread", "start_ns", "end_ns", row="op_id", input=reads_input, compiles=compiles
        )

    @cached_property
    def _annotations(self) -> pl.DataFrame:
        """The host's annotations; ``input`` and ``compiles`` as of operators."""
        timed = pl.col("name").str.contains("dynamo_timed", literal=True)
        return (
            self._capture.annotations.with_row_index("row")
            .with_columns(
                pl.col("row").cast(pl.Int64),
                input=pl.col("name").str.contains(call_names.INPUT),
                compiles=timed & call_names.compiles(),
            )
            .filter(~pl.col("on_device"))
        )

    @cached_property
    def _overheads(self) -> pl.DataFrame:
        """The profiler's own records; ``loads`` where the driver loaded code in them."""
        return self._capture.overheads.with_row_index("row").with_columns(
            pl.col("row").cast(pl.Int64),
            loads=pl.col("name").str.contains(call_names.LOADING_OVERHEAD),
        )

    def _make(self, threads: tuple[int, ...]) -> Host:
        mine = pl.col("thread").is_in(threads)
        calls, ops = self._calls.filter(mine), self._ops.filter(mine)
        noted = self._annotations.filter(mine)
        own = self._overheads.filter(mine | pl.col("thread").is_null())
        loads = own.filter("loads")
        long = pl.col("end_ns") - pl.col("start_ns") >= OWN_TIME_NS
        spans: dict[str, list[tuple[str, pl.DataFrame]]] = {
            cause: [("call", calls.filter(pl.col("cause") == cause))] for cause in HOST_CAUSES
        }
        spans["profiler"].append(("overhead", own.filter(~pl.col("loads"))))
        spans["initialise"].append(("overhead", loads))
        for cause, column, which in (
            ("input_pipeline", "input", pl.lit(value=True)),
            ("compilation", "compiles", long),
        ):
            spans[cause].append(("annotation", noted.filter(pl.col(column) & which)))
            spans[cause].append(("op", ops.filter(pl.col(column) & which)))
        for thread in threads:
            on = calls.filter(pl.col("thread") == thread)
            spans["graph_capture"].append(("call", capturing.spans(on)))
            spans["synchronize"].append(("call", polling.spans(on)))
            of = ops.filter(pl.col("thread") == thread)
            spans["inside_operator"].append(("op", _own_time(of, on)))
        return Host(
            tuple(cover(spans[cause]) for cause in HOST_CAUSES),
            cover([("call", calls), ("op", ops)]),
        )


def _own_time(ops: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Return stretches over ``OWN_TIME_NS`` in which a thread is inside an operator and nothing
    begins or ends, each with the innermost operator around it (``row``, ``start_ns``,
    ``end_ns``)."""
    # An operator around such a stretch is at least as long; so few are left to be searched.
    nested = ops.filter(pl.col("end_ns") - pl.col("start_ns") >= OWN_TIME_NS)
    nothing = pl.DataFrame(schema=dict.fromkeys(_SPAN, pl.Int64))
    if nested.is_empty():
        return nothing
    parts = [frame[edge].to_numpy() for frame in (ops, calls) for edge in ("start_ns", "end_ns")]
    edges = np.sort(np.concatenate(parts))
    long = np.flatnonzero(np.diff(edges) >= OWN_TIME_NS)
    left, right = edges[long], edges[long + 1]
    if not left.size:
        return nothing
    nested = nested.sort("start_ns", pl.col("end_ns").neg(), "row")
    end = nested["end_ns"].to_numpy()
    around = np.searchsorted(nested["start_ns"].to_numpy(), left, side="right") - 1
    enclosing = _enclosing(end.tolist())
    while (gone := (around >= 0) & (end[around] < right)).any():
        around = np.where(gone, enclosing[around], around)
    found = around >= 0
    rows = nested["row"].to_numpy()[around[found]]
    return pl.DataFrame({"row": rows, "start_ns": left[found], "end_ns": right[found]})


def _enclosing(ends: list[int]) -> Ints:
    """Return, per operator of one thread in order of start, the place of the one before it that
    ends later; -1 where none does."""
    found, open_ones = [], list[int]()
    for place, end in enumerate(ends):
        while open_ones and ends[open_ones[-1]] <= end:
            open_ones.pop()
        found.append(open_ones[-1] if open_ones else -1)
        open_ones.append(place)
    return np.array(found, np.int64)


def records_within(host: Host, starts: Ints, ends: Ints) -> Ints:
    """Return how many operators and calls of ``host`` begin within each ``[start, end)`` (ns)."""
    begins = host.recorded.starts
    return np.asarray(np.searchsorted(begins, ends) - np.searchsorted(begins, starts))


def _silence(busy: Union, longest: int, *, edges: bool = False) -> Union:
    """Return the stretches over ``longest`` (ns) between the intervals of ``busy``; with ``edges``
    also all time before the first and after the last."""
    begins, ends = busy.ends, busy.starts
    if edges:
        begins = np.concatenate([[-_FOREVER], begins])
        ends = np.concatenate([ends, [_FOREVER]])
    else:
        begins, ends = begins[:-1], ends[1:]
    keep = ends - begins > longest
    return union(begins[keep], ends[keep])
