"""Where a known pattern occurs: by the operators, and where none are recorded by the kernels.

A trace repeats its layers, so whether the shapes bear a pattern out is asked once for each
sequence of operations, not once for each place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.fuse.pattern import Pattern, Times, without_kept
from ncutool.advice.view.context import Context
from ncutool.advice.view.lines import Line
from ncutool.advice.view.nodes import Node, NodeList, Operation, Stream
from ncutool.base.thresholds import IntThreshold

SHORT = IntThreshold(
    8,
    "times the shortest launch",
    "calls that take less together are held by launching, not by what they move",
    JUDGED,
)


class Place(NamedTuple):
    """One place where a pattern occurs."""

    stream: Stream
    rows: Sequence[int]
    """Rows of its stream that the replacement takes over."""
    launches: Sequence[int]
    """The same, by launch_id."""
    durations: Sequence[int]
    """The time (ns) of each."""
    best_ns: int
    worst_ns: int
    nodes: Sequence[Node]
    """Its calls; of a place that only kernels tell, those of the place it is like."""
    recorded: bool = True
    """False where only the sequence of kernels tells, no operator."""

    @property
    def operations(self) -> list[Operation]:
        """The operation of each of its calls."""
        if isinstance(self.nodes, NodeList):
            return self.nodes.operations
        return [node.operation for node in self.nodes]

    @property
    def duration_ns(self) -> int:
        """The time of all its launches together."""
        return sum(self.durations)


class Marks:
    """Which launches are taken, stream by stream."""

    def __init__(self, marks: dict[int, bytearray]) -> None:
        self._marks = marks

    @classmethod
    def of(cls, streams: Iterable[Stream], taken: frozenset[int] = frozenset()) -> Marks:
        """Return marks on the launches in ``taken``."""
        return cls(
            {
                id(stream): bytearray(map(taken.__contains__, stream.launch_ids))
                if taken
                else bytearray(len(stream.launch_ids))
                for stream in streams
            }
        )

    def copy(self) -> Marks:
        """Return marks on the same launches."""
        return Marks({stream: bytearray(rows) for stream, rows in self._marks.items()})

    def without(self, other: Marks) -> Marks:
        """Return marks on those that have none in ``other``."""
        return Marks(
            {
                stream: bytearray(
                    mark and not elsewhere
                    for mark, elsewhere in zip(rows, other._marks[stream], strict=True)
                )
                for stream, rows in self._marks.items()
            }
        )

    def free(self, stream: Stream, rows: Sequence[int]) -> bool:
        """Whether none of ``rows`` has a mark."""
        marks = self._marks[id(stream)]
        if isinstance(rows, range):
            return marks.find(1, rows.start, rows.stop) < 0
        return not any(marks[row] for row in rows)

    def add(self, stream: Stream, rows: Sequence[int]) -> None:
        """Put a mark on each of ``rows``."""
        marks = self._marks[id(stream)]
        if isinstance(rows, range):
            marks[rows.start : rows.stop] = b"\x01" * len(rows)
        else:
            for row in rows:
                marks[row] = 1

    def launches(self, streams: Iterable[Stream]) -> Iterator[int]:
        """Yield the launches with a mark, by launch_id."""
        for stream in streams:
            yield from compress(stream.launch_ids, self._marks[id(stream)])


def places(context: Context, pattern: Pattern, barred: Marks) -> dict[str, list[Place]]:
    """Return where a pattern occurs, by the shape that tells its findings apart.

    No two places share a launch, and none has one that is ``barred``.
    """
    by_shape: dict[str, list[Place]] = {}
    taken, known = barred.copy(), _Known(context, pattern)
    short_ns = SHORT * context.latency_ns
    for line in context.lines:
        for place in _by_operators(line, pattern, taken, known, short_ns):
            shape = (_product(place.nodes).signature or "") if pattern.by_shape else ""
            by_shape.setdefault(shape, []).append(place)
    for found in by_shape.values():
        found += _by_kernels(context, found, taken)
    return by_shape


def _product(nodes: Sequence[Node]) -> Node:
    """Return the first matrix product, whose shapes name the place; the first call where there is
    none."""
    return next((node for node in nodes if node.symbol in "bg"), nodes[0])


class _Known:
    """What a pattern's replacement takes, asked once for each sequence of operations."""

    def __init__(self, context: Context, pattern: Pattern) -> None:
        self._context, self._pattern = context, pattern
        self._refuted: set[bytes] = set()
        self._times: dict[bytes, Times] = {}

    def times(self, operations: bytes, nodes: Sequence[Node]) -> Times | None:
        """Return what it takes, ns; None where the shapes do not bear the pattern out.

        Args:
            operations: of the calls, as :attr:`ncutool.advice.view.lines.Line.codes` has them.
            nodes: the calls.
        """
        if operations in self._refuted:
            return None
        times = self._times.get(operations)
        if times is None:
            times = self._pattern.times(self._context, nodes)
            if times is None:
                self._refuted.add(operations)
                return None
            if not self._pattern.by_duration:
                self._times[operations] = times
        at_place = self._pattern.at_place
        return times if at_place is None else at_place(times, nodes)


def _by_operators(
    line: Line, pattern: Pattern, taken: Marks, known: _Known, short_ns: float
) -> Iterable[Place]:
    """Yield places that do not overlap, and put marks on their launches; one that its shapes refute
    hides none that begins later."""
    stream, place, search = line.stream, 0, pattern.sequence.search
    nodes_of, codes, size, before = line.nodes, line.codes, line.code_bytes, line.rows_before
    keeps = pattern.members is not without_kept or "keep" in pattern.sequence.groupindex
    while (match := search(line.symbols, place)) is not None:
        first, last = match.span()
        place = first + 1
        members: Sequence[Node] = nodes_of[first:last]
        times = known.times(codes[size * first : size * last], members)
        if times is None:
            continue
        after = last
        if keeps and (chosen := pattern.members(match, members)) is not members:
            after = place + members.index(chosen[-1])
            members, rows = chosen, _rows(chosen)
        else:
            rows = range(members[0].first, members[-1].last)
            if len(rows) != before[last] - before[first]:  # what lies between is no part of it
                rows = _rows(members)
        durations = (
            members.times if isinstance(members, NodeList) else [one.duration_ns for one in members]
        )
        if not any(durations) or not taken.free(stream, rows):
            continue
        place = after
        taken.add(stream, rows)
        worst = max(*times, _held_by_launching(short_ns, durations))
        yield _place(stream, rows, (times[0], worst), members)


def _rows(nodes: Sequence[Node]) -> Sequence[int]:
    """Return the rows of calls; where none lies between them that is not theirs, as a range."""
    rows = range(nodes[0].first, nodes[-1].last)
    if len(rows) == sum(node.last - node.first for node in nodes):
        return rows
    return tuple(row for node in nodes for row in range(node.first, node.last))


def _place(
    stream: Stream,
    rows: Sequence[int],
    times: Times,
    nodes: Sequence[Node],
    *,
    recorded: bool = True,
) -> Place:
    if isinstance(rows, range):
        launches = stream.launch_ids[rows.start : rows.stop]
        durations = stream.durations[rows.start : rows.stop]
    else:
        launches = [stream.launch_ids[row] for row in rows]
        durations = [stream.durations[row] for row in rows]
    return Place(stream, rows, launches, durations, *times, nodes, recorded)


def _held_by_launching(short_ns: float, durations: Sequence[int]) -> int:
    """Return what calls that take little longer than launches leave at worst, ns: the longest of
    them, since what they move is not what holds them. Else 0."""
    short = len(durations) > 1 and sum(durations) < short_ns
    return max(durations) if short else 0


def _by_kernels(context: Context, found: Sequence[Place], taken: Marks) -> list[Place]:
    """Return where the same kernels follow in the same order, with the same grids, without a
    recorded operator: so those before the recording's first launch record are found."""
    more: list[Place] = []
    unlinked = [stream for stream in context.streams if not all(stream.linked)]
    if not unlinked:
        return more
    templates: dict[tuple[int, ...], Place] = {}
    for place in found:
        if len(place.rows) > 1:
            keys = tuple(place.stream.keys[place.rows[0] : place.rows[-1] + 1])
            templates.setdefault(keys, place)
    for stream in unlinked:
        starts = _unlinked_rows(stream)
        for keys in sorted(templates, key=len, reverse=True):
            like = templates[keys]
            for first in _occurrences(stream, keys, starts.get(keys[0], ()), taken):
                rows = tuple(first + row - like.rows[0] for row in like.rows)
                taken.add(stream, rows)
                times = like.best_ns, like.worst_ns
                more.append(_place(stream, rows, times, like.nodes, recorded=False))
    return more


def _unlinked_rows(stream: Stream) -> dict[int, list[int]]:
    """Return the rows without a launch record, by their key; few traces have any."""
    rows: dict[int, list[int]] = {}
    for row, linked in enumerate(stream.linked):
        if not linked:
            rows.setdefault(stream.keys[row], []).append(row)
    return rows


def _occurrences(
    stream: Stream, keys: tuple[int, ...], starts: Iterable[int], taken: Marks
) -> Iterable[int]:
    """Yield those of ``starts`` where all of ``keys`` follow, unlinked and not taken."""
    for first in starts:
        rows = range(first, first + len(keys))
        if tuple(stream.keys[first : rows.stop]) != keys:
            continue
        if not any(stream.linked[row] for row in rows) and taken.free(stream, rows):
            yield first
