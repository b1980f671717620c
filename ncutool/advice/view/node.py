"""One operator call on one stream, and many of them, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np

from ncutool.advice.view.kinds import NOBODY
from ncutool.advice.view.operations import Operation
from ncutool.base.intervals import Bools, Ints
from ncutool.work.operators.tensor import Tensor


class Node(NamedTuple):
    """One operator call on one stream, or one launch of no known operator."""

    operation: Operation
    """What it has in common with all calls like it."""
    first: int
    """Rows ``first`` to ``last`` (exclusive) of its stream."""
    last: int
    duration_ns: int
    parent: int | None
    """The innermost enclosing operator that does more than hand on to this one (op_id)."""

    @property
    def symbol(self) -> str:
        return self.operation.symbol

    @property
    def op(self) -> str:
        return self.operation.op

    @property
    def in_place(self) -> bool:
        return self.operation.in_place

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return self.operation.inputs

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return self.operation.outputs

    @property
    def native(self) -> bool:
        return self.operation.native

    @property
    def numel(self) -> int:
        return self.operation.numel

    @property
    def full_bytes(self) -> int | None:
        return self.operation.full_bytes

    @property
    def family(self) -> str | None:
        return self.operation.family

    @property
    def signature(self) -> str | None:
        return self.operation.signature

    @property
    def flop(self) -> float | None:
        return self.operation.flop

    @property
    def moved(self) -> float | None:
        return self.operation.moved

    @property
    def blocks(self) -> int | None:
        return self.operation.blocks

    @property
    def by_engine(self) -> bool:
        return self.operation.by_engine


class Columns:
    """What calls are made from, each by its place."""

    __slots__ = ("firsts", "lasts", "operations", "parents", "times")

    def __init__(
        self, operations: list[Operation], firsts: Ints, lasts: Ints, times: Ints, parents: Ints
    ) -> None:
        self.operations = operations
        self.firsts, self.lasts = firsts.data, lasts.data
        self.times, self.parents = times.data, parents.data

    def at(self, place: int) -> Node:
        """Return the call at a place."""
        parent = self.parents[place]
        return Node(
            self.operations[place],
            self.firsts[place],
            self.lasts[place],
            self.times[place],
            None if parent == NOBODY else parent,
        )

    def between(self, first: int, last: int) -> Iterator[Node]:
        """Yield the calls from one place to before another."""
        parents = self.parents[first:last].tolist()
        columns = (
            self.operations[first:last],
            self.firsts[first:last],
            self.lasts[first:last],
            self.times[first:last],
            [None if parent == NOBODY else parent for parent in parents],
        )
        return map(Node._make, zip(*columns, strict=True))


class NodeList(Sequence[Node]):
    """Calls in their order: a call takes 200 bytes where it is held, and 40 where it is not."""

    __slots__ = ("_columns", "_first", "_last")

    def __init__(self, columns: Columns, first: int, last: int) -> None:
        self._columns, self._first, self._last = columns, first, last

    @classmethod
    def of(cls, columns: Columns) -> NodeList:
        """Return all calls that these columns hold."""
        return cls(columns, 0, len(columns.operations))

    def __len__(self) -> int:
        """Return how many calls there are."""
        return self._last - self._first

    @overload
    def __getitem__(self, place: int) -> Node: ...
    @overload
    def __getitem__(self, place: slice) -> NodeList: ...
    def __getitem__(self, place: int | slice) -> Node | NodeList:
        """Return one call, or those of a slice without steps."""
        places = range(self._first, self._last)[place]
        if isinstance(places, int):
            return self._columns.at(places)
        if places.step != 1:
            raise ValueError(f"calls follow one another: a step of {places.step} takes them apart")
        return NodeList(self._columns, places.start, max(places.start, places.stop))

    def __iter__(self) -> Iterator[Node]:
        """Yield each call."""
        return self._columns.between(self._first, self._last)

    @property
    def operations(self) -> list[Operation]:
        """What each call has in common with those like it."""
        return self._columns.operations[self._first : self._last]

    @property
    def times(self) -> list[int]:
        """The duration (ns) of each call."""
        return self.times_of(0, len(self))

    def times_of(self, first: int, last: int) -> list[int]:
        """Return the durations (ns) of the calls from one place to before another."""
        begin = self._first
        return self._columns.times[begin + first : begin + last].tolist()

    def rows(self, first: int, last: int) -> range:
        """Return the rows from the first launch of one call to the last before another."""
        begin = self._first
        return range(self._columns.firsts[begin + first], self._columns.lasts[begin + last - 1])

    def where(self, which: Bools) -> Iterator[Node]:
        """Yield the chosen calls."""
        return map(self.__getitem__, np.flatnonzero(which).tolist())

    def only(self, which: Bools) -> NodeList:
        """Return the chosen calls, held as these are."""
        own, part = self._columns, slice(self._first, self._last)
        chosen = np.flatnonzero(which)
        operations = own.operations[part]
        arrays = (
            np.asarray(one)[part][chosen] for one in (own.firsts, own.lasts, own.times, own.parents)
        )
        return NodeList.of(Columns([operations[place] for place in chosen.tolist()], *arrays))
