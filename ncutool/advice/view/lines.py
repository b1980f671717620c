"""A stream's operator calls as patterns see them: without what may lie between any two of them.

A counter on one element and the cast of a parameter stand between two calls of a layer without
belonging to it; a pattern that minded them would miss the layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import compress

import numpy as np
from msgspec import Struct

from ncutool.advice.view.casts import WeightCast
from ncutool.advice.view.nodes import BARRIER, UNKNOWN, Node, NodeList, Operation, Stream
from ncutool.base.intervals import Bools, Ints


class Line(Struct, frozen=True, eq=False, dict=True):
    """One stream's calls, in order of start."""

    stream: Stream
    nodes: NodeList
    operations: list[Operation]
    """Of each node."""
    symbols: str
    """One letter per node."""

    places: Ints
    """Of each node, among those of the stream."""

    @cached_property
    def numbers(self) -> Ints:
        """Per node, the place of its operation in ``Stream.distinct``."""
        return self.stream.numbers[self.places]

    @cached_property
    def codes(self) -> bytes:
        """The same as text of :attr:`code_bytes` bytes each, whose parts are quick to look up."""
        return self.numbers.tobytes()

    @property
    def code_bytes(self) -> int:
        """How many bytes of ``codes`` stand for one call."""
        return self.numbers.itemsize

    @cached_property
    def distinct(self) -> list[Operation]:
        """Each operation of the line once."""
        return [self.stream.distinct[number] for number in np.unique(self.numbers).tolist()]

    @cached_property
    def times(self) -> Ints:
        """The duration (ns) of each node."""
        return self.stream.times[self.places]

    @cached_property
    def rows_before(self) -> memoryview[int]:
        """How many launches the calls before each place have; those of all calls at the end."""
        counts = self.stream.lasts[self.places] - self.stream.firsts[self.places]
        return np.concatenate([[0], np.cumsum(counts)]).data

    def where(self, fits: Callable[[Operation], object]) -> Bools:
        """Return which nodes are of an operation that ``fits``."""
        return np.asarray(self.stream.where(fits)[self.places])

    def ids(self, node: Node) -> list[int]:
        """Return the launches of one call."""
        return self.stream.launch_ids[node.first : node.last]

    def free(self, taken: frozenset[int]) -> Bools:
        """Return which nodes have no launch in ``taken``."""
        ids = self.stream.launch_ids
        lost = np.fromiter(map(taken.__contains__, ids), bool, len(ids))
        before = np.concatenate([[0], np.cumsum(lost)])
        firsts, lasts = self.stream.firsts[self.places], self.stream.lasts[self.places]
        return np.asarray(before[lasts] == before[firsts])

    def launches(self, which: Bools) -> list[int]:
        """Return the launches of the chosen nodes, in order."""
        chosen, stream = self.places[which], self.stream
        firsts, lasts = stream.firsts[chosen], stream.lasts[chosen]
        marks = np.zeros(len(stream.launch_ids) + 1, np.int64)
        marks[firsts] += 1
        marks[lasts] -= 1
        return list(compress(stream.launch_ids, np.cumsum(marks)[:-1].tolist()))


def whole(stream: Stream) -> Line:
    """Return a line with all calls of a stream."""
    every = np.arange(len(stream.nodes))
    return Line(stream, stream.nodes, stream.operations, stream.symbols, every)


def line(stream: Stream, casts: Iterable[WeightCast]) -> Line:
    """Return a line without the casts of parameters and without calls on single elements."""
    left_out = stream.where(_slight)
    barred = [cast.node.first for cast in casts]
    left_out[np.searchsorted(stream.firsts, np.array(barred, np.int64))] = True
    if not left_out.any():
        return whole(stream)
    kept = (~left_out).tolist()
    nodes = stream.nodes.only(~left_out)
    return Line(
        stream,
        nodes,
        nodes.operations,
        "".join(compress(stream.symbols, kept)),
        np.flatnonzero(~left_out),
    )


def _slight(operation: Operation) -> bool:
    """Whether it works on single elements only."""
    return (
        bool(operation.inputs)
        and operation.symbol not in (BARRIER, UNKNOWN)
        and operation.numel <= 1
    )
