"""A stream's operator calls as patterns see them: without what may lie between any two of them.

A counter on one element and the cast of a parameter stand between two calls of a layer without
belonging to it; a pattern that minded them would miss the layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ncutool.advice.casts import weight_casts
from ncutool.advice.nodes import BARRIER, UNKNOWN, Node, Stream


@dataclass(frozen=True, slots=True)
class Line:
    """One stream's calls, in order of start."""

    stream: Stream
    nodes: tuple[Node, ...]
    symbols: str
    """One letter per node."""

    def ids(self, node: Node) -> list[int]:
        """The launches of one call."""
        return self.stream.launch_ids[node.first : node.last]

    def free(self, node: Node, taken: set[int]) -> bool:
        """Whether none of its launches is in ``taken``."""
        return taken.isdisjoint(self.ids(node))


@lru_cache(maxsize=1)
def lines(streams: tuple[Stream, ...]) -> tuple[Line, ...]:
    """Every stream's line; kept for the next kind of advice that asks for the same streams."""
    return tuple(map(_line, streams))


def whole(stream: Stream) -> Line:
    """A line with all calls of a stream."""
    return Line(stream, tuple(stream.nodes), stream.symbols)


def _line(stream: Stream) -> Line:
    casts = {cast.node.first for cast in weight_casts(stream)}
    nodes = tuple(node for node in stream.nodes if node.first not in casts and not _slight(node))
    return Line(stream, nodes, "".join(node.symbol for node in nodes))


def _slight(node: Node) -> bool:
    """Whether it works on single elements only."""
    return bool(node.inputs) and node.symbol not in (BARRIER, UNKNOWN) and node.numel <= 1
