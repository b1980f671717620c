"""Where a known pattern occurs: by the operators, and where none are recorded by the kernels.

A trace repeats its layers, so whether the shapes bear a pattern out is asked once for each
sequence of operations, not once for each place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from re import Match

import numpy as np
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.fuse.pattern import Nodes, Pattern, Times
from ncutool.advice.view.context import Context
from ncutool.advice.view.lines import Line
from ncutool.advice.view.nodes import NodeList, Operation, Stream
from ncutool.base.thresholds import IntThreshold

SHORT = IntThreshold(
    8,
    "times the shortest launch",
    "calls that take less together are held by launching, not by what they move",
    JUDGED,
)


class Kind(Struct, frozen=True, eq=False):
    """What all places with the same operations have in common; there is one of each."""

    operations: tuple[Operation, ...]
    """Of each call that the replacement takes over."""
    symbols: str
    """Of each call of the match."""
    times: Times | None
    """What the replacement takes (ns); None where every place is asked by itself."""
    chosen: Sequence[int] | None
    """Which calls of the match the replacement takes over; None for all."""

    @property
    def product(self) -> Operation:
        """The first matrix product, whose shapes name a place; without one the first call."""
        return next((one for one in self.operations if one.symbol in "bg"), self.operations[0])


class Place(Struct, frozen=True, eq=False):
    """One place where a pattern occurs."""

    stream: Stream
    rows: Sequence[int]
    """Rows of its stream that the replacement takes over."""
    best_ns: int
    worst_ns: int
    kind: Kind
    """That of its calls; of a place that only kernels tell, that of the place it is like."""
    recorded: bool = True
    """False where only the sequence of kernels tells, no operator."""

    @property
    def launches(self) -> list[int]:
        """Its launches, by launch_id."""
        return _at(self.stream.launch_ids, self.rows)

    @property
    def durations(self) -> list[int]:
        """The time (ns) of each."""
        return _at(self.stream.durations, self.rows)

    @property
    def duration_ns(self) -> int:
        """The time of all its launches together."""
        return sum(self.durations)


def _at(column: list[int], rows: Sequence[int]) -> list[int]:
    if isinstance(rows, range):
        return column[rows.start : rows.stop]
    return [column[row] for row in rows]


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
                stream: bytearray(np.greater(rows, other._marks[stream]))
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
            shape = (place.kind.product.signature or "") if pattern.by_shape else ""
            by_shape.setdefault(shape, []).append(place)
    for found in by_shape.values():
        found += _by_kernels(context, found, taken)
    return by_shape


class _Known:
    """The kinds of places of a pattern: the pattern is asked once for each."""

    def __init__(self, context: Context, pattern: Pattern) -> None:
        self._context, self._pattern = context, pattern
        self._kinds: dict[bytes, Kind | None] = {}

    def kind(self, operations: bytes, match: Match[str], nodes: NodeList) -> Kind | None:
        """Return the kind of a match; None where the shapes do not bear the pattern out.

        Args:
            operations: of the calls, as :attr:`ncutool.advice.view.lines.Line.codes` has them.
            match: among the symbols of a line.
            nodes: of that line.
        """
        try:
            return self._kinds[operations]
        except KeyError:
            kind = self._kinds[operations] = self.asked(match, nodes[slice(*match.span())])
            return kind

    def asked(self, match: Match[str], nodes: Nodes) -> Kind | None:
        """Return what the pattern says of the calls of a match."""
        times = self._pattern.times(self._context, nodes)
        if times is None:
            return None
        chosen = self._pattern.members(match, nodes)
        return Kind(
            operations=tuple(nodes[place].operation for place in chosen),
            symbols=match[0],
            times=None if self._pattern.by_duration else times,
            chosen=None if isinstance(chosen, range) else chosen,
        )

    def times(self, kind: Kind, nodes: NodeList, first: int, last: int) -> Times | None:
        """Return what the replacement takes at one place of its kind, ns."""
        if kind.times is None:
            return self._pattern.times(self._context, nodes[first:last])
        at_place = self._pattern.at_place
        if at_place is None:
            return kind.times
        return at_place(kind.times, kind.symbols, nodes.times_of(first, last))


def _by_operators(
    line: Line, pattern: Pattern, taken: Marks, known: _Known, short_ns: float
) -> Iterable[Place]:
    """Yield places that do not overlap, and put marks on their launches; one that its shapes refute
    hides none that begins later."""
    stream, place, search = line.stream, 0, pattern.sequence.search
    nodes, codes, size, before = line.nodes, line.codes, line.code_bytes, line.rows_before
    while (match := search(line.symbols, place)) is not None:
        first, last = match.span()
        place = first + 1
        kind = known.kind(codes[size * first : size * last], match, nodes)
        if kind is None:
            continue
        rows: Sequence[int] = nodes.rows(first, last)
        after = last
        if kind.chosen is not None:
            after = place + kind.chosen[-1]
            rows = _rows(nodes, [first + one for one in kind.chosen])
        elif len(rows) != before[last] - before[first]:  # what lies between is no part of it
            rows = _rows(nodes, range(first, last))
        if not taken.free(stream, rows):
            continue
        durations = nodes.times_of(first, last)
        if kind.chosen is not None:
            durations = [durations[one] for one in kind.chosen]
        if not any(durations):
            continue
        times = known.times(kind, nodes, first, last)
        if times is None:
            continue
        place = after
        taken.add(stream, rows)
        worst = max(*times, _held_by_launching(short_ns, durations))
        yield Place(stream, rows, times[0], worst, kind)


def _rows(nodes: NodeList, places: Sequence[int]) -> Sequence[int]:
    """Return the rows of calls; where none lies between them that is not theirs, as a range."""
    rows = [row for place in places for row in nodes.rows(place, place + 1)]
    every = range(rows[0], rows[-1] + 1)
    return every if len(every) == len(rows) else tuple(rows)


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
                more.append(
                    Place(stream, rows, like.best_ns, like.worst_ns, like.kind, recorded=False)
                )
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
