"""Launches as a sequence of operator calls per stream: what patterns of operators match on.

One operator call with several kernels is one node, so an operator never feeds itself. Each node
has a one-letter symbol, so that a pattern of operators is a regular expression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.advice.view.kinds import NOBODY, Kind, Launches
from ncutool.advice.view.node import Columns, Node, NodeList
from ncutool.advice.view.operations import (
    BARRIER,
    NOTHING,
    UNKNOWN,
    Operation,
    Recorded,
    recorded_of,
    several,
    single,
)
from ncutool.base.intervals import Bools, Ints
from ncutool_parsers.capture import Capture

__all__ = ["BARRIER", "UNKNOWN", "Node", "NodeList", "Operation", "Stream", "streams"]


class Stream(Struct, frozen=True, eq=False):
    """The launches of one stream in order of start, and the operator calls they belong to."""

    launch_ids: list[int]
    durations: list[int]
    keys: memoryview[int]
    """Equal for launches of the same kernel with the same grid."""
    linked: memoryview[int]
    nodes: NodeList
    operations: list[Operation]
    """Of each node."""
    symbols: str
    """One letter per node."""
    distinct: list[Operation]
    """Each operation once: what holds for all calls like it is asked once."""
    numbers: Ints
    """Per node, the place of its operation in ``distinct``."""
    firsts: Ints
    """Of each node, as ``lasts`` and ``times`` (ns)."""
    lasts: Ints
    times: Ints

    def where(self, fits: Callable[[Operation], object]) -> Bools:
        """Return which nodes are of an operation that ``fits``."""
        wanted = np.fromiter((bool(fits(one)) for one in self.distinct), bool, len(self.distinct))
        return np.asarray(wanted[self.numbers])


def streams(kernels: pl.DataFrame, launches: Launches, capture: Capture) -> tuple[Stream, ...]:
    """Return every stream of ``launches``, which are the rows of ``kernels``."""
    used = {kind.signature_id for kind in launches.kinds if kind.signature_id is not None}
    operations = _Operations(launches.kinds, recorded_of(capture, used))
    return tuple(_stream(launches, rows, operations) for rows in _parts(kernels))


def _parts(kernels: pl.DataFrame) -> list[Ints]:
    """Return the rows of each stream, in order of their first."""
    devices, streams_of = (
        np.unique(kernels[name].fill_null(NOBODY).to_numpy(), return_inverse=True)[1]
        for name in ("device", "stream")
    )
    both = devices * (streams_of.max(initial=0) + 1) + streams_of
    _, firsts, part = np.unique(both, return_index=True, return_inverse=True)
    return [np.flatnonzero(part == index) for index in np.argsort(firsts)]


class _Operations:
    """Each operation once."""

    def __init__(self, kinds: list[Kind], recorded: dict[int, Recorded]) -> None:
        self.kinds = kinds
        self.recorded = recorded
        self.keys = _keys(kinds)
        self.blocks = [NOBODY if kind.blocks is None else kind.blocks for kind in kinds]
        self.single: dict[int, Operation] = {}
        self.several: dict[tuple[object, ...], Operation] = {}

    def alone(self, number: int) -> Operation:
        """Return the operation of a call with one launch."""
        operation = self.single.get(number)
        if operation is None:
            kind = self.kinds[number]
            operation = self.single[number] = single(self._recorded(kind), kind)
        return operation

    def joined(self, numbers: list[int], durations: Sequence[int], ids: Sequence[int]) -> Operation:
        """Return the operation of a call with several launches."""
        # A memset before the product must not make a copy of it.
        _, _, longest = max(zip(durations, ids, range(len(numbers)), strict=True))
        _, blocks = max(zip(durations, [self.blocks[number] for number in numbers], strict=True))
        key = (tuple(numbers), longest, blocks)
        operation = self.several.get(key)
        if operation is None:
            kinds = [self.kinds[number] for number in numbers]
            recorded, known = self._recorded(kinds[0]), None if blocks == NOBODY else blocks
            operation = self.several[key] = several(recorded, kinds, kinds[longest], known)
        return operation

    def _recorded(self, kind: Kind) -> Recorded:
        signature = kind.signature_id
        return NOTHING if signature is None else self.recorded.get(signature, NOTHING)


def _stream(launches: Launches, rows: Ints, operations: _Operations) -> Stream:
    op_ids, kind_of = launches.op_ids[rows], launches.kind_of[rows]
    every = len(rows) == len(launches.ids)
    ids, durations = (
        own if every else [own[row] for row in rows.tolist()]
        for own in (launches.ids, launches.durations)
    )
    new = np.ones(len(rows), bool)
    new[1:] = (op_ids[1:] == NOBODY) | (op_ids[1:] != op_ids[:-1])
    firsts = np.flatnonzero(new)
    lasts = np.append(firsts[1:], len(rows))
    distinct, numbers = _numbered(operations, kind_of, ids, durations, firsts, lasts)
    times = np.add.reduceat(np.array(durations, np.int64), firsts)
    of_nodes = [distinct[number] for number in numbers.tolist()]
    columns = Columns(of_nodes, firsts, lasts, times, launches.parents[rows[firsts]])
    letters = [operation.symbol for operation in distinct]
    return Stream(
        launch_ids=ids,
        durations=durations,
        keys=operations.keys[kind_of].data,
        linked=(op_ids != NOBODY).data,
        nodes=NodeList.of(columns),
        operations=of_nodes,
        symbols="".join([letters[number] for number in numbers.tolist()]),
        distinct=distinct,
        numbers=numbers,
        firsts=firsts,
        lasts=lasts,
        times=times,
    )


def _numbered(
    operations: _Operations,
    kind_of: Ints,
    ids: Sequence[int],
    durations: Sequence[int],
    firsts: Ints,
    lasts: Ints,
) -> tuple[list[Operation], Ints]:
    """Return the operations of calls, each once, and the place of each call's among them."""
    single = lasts - firsts == 1
    kinds, places = np.unique(kind_of[firsts[single]], return_inverse=True)
    distinct = [operations.alone(number) for number in kinds.tolist()]
    numbers = np.zeros(len(firsts), np.int64)
    numbers[single] = places
    known: dict[Operation, int] = {}
    joined = np.flatnonzero(~single)
    edges = zip(joined.tolist(), firsts[joined].tolist(), lasts[joined].tolist(), strict=True)
    for node, first, last in edges:
        part = slice(first, last)
        operation = operations.joined(kind_of[part].tolist(), durations[part], ids[part])
        numbers[node] = known.setdefault(operation, len(distinct))
        if numbers[node] == len(distinct):
            distinct.append(operation)
    return distinct, numbers


def _keys(kinds: list[Kind]) -> Ints:
    """Return numbers that are equal for kinds of the same kernel with the same grid."""
    numbers: dict[tuple[object, ...], int] = {}
    keys = [
        numbers.setdefault((kind.kernel_full, kind.grid_x, kind.grid_y, kind.grid_z), len(numbers))
        for kind in kinds
    ]
    return np.array(keys, np.int64)
