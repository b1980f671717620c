"""A stream's operator calls as patterns see them: without what may lie between any two of them.

A counter on one element and the cast of a parameter stand between two calls of a layer without
belonging to it; a pattern that minded them would miss the layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from ncutool.advice.view.casts import WeightCast
from ncutool.advice.view.nodes import BARRIER, UNKNOWN, Node, Operation, Stream


@dataclass(frozen=True, eq=False)
class Line:
    """One stream's calls, in order of start."""

    stream: Stream
    nodes: list[Node]
    operations: list[Operation]
    """Of each node."""
    symbols: str
    """One letter per node."""

    @cached_property
    def pairs(self) -> dict[tuple[Operation, Operation], list[int]]:
        """Where each two operations follow one another."""
        found: dict[tuple[Operation, Operation], list[int]] = {}
        for place, pair in enumerate(pairwise(self.operations)):
            found.setdefault(pair, []).append(place)
        return found

    @cached_property
    def rows_before(self) -> list[int]:
        """How many launches the calls before each place have; those of all calls at the end."""
        counts = [node.last - node.first for node in self.nodes]
        return list(accumulate(counts, initial=0))

    def ids(self, node: Node) -> list[int]:
        """Return the launches of one call."""
        return self.stream.launch_ids[node.first : node.last]

    def free(self, node: Node, taken: frozenset[int]) -> bool:
        """Whether none of its launches is in ``taken``."""
        return taken.isdisjoint(self.ids(node))


def whole(stream: Stream) -> Line:
    """Return a line with all calls of a stream."""
    return Line(stream, stream.nodes, stream.operations, stream.symbols)


def line(stream: Stream, casts: Iterable[WeightCast]) -> Line:
    """Return a line without the casts of parameters and without calls on single elements."""
    barred = {cast.node.first for cast in casts}
    slight = {operation for operation in set(stream.operations) if _slight(operation)}
    nodes = [
        node for node in stream.nodes if node.operation not in slight and node.first not in barred
    ]
    operations = [node.operation for node in nodes]
    return Line(stream, nodes, operations, "".join([operation.symbol for operation in operations]))


def _slight(operation: Operation) -> bool:
    """Whether it works on single elements only."""
    return (
        bool(operation.inputs)
        and operation.symbol not in (BARRIER, UNKNOWN)
        and operation.numel <= 1
    )
