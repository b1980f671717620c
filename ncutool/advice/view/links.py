"""Which call reads what an earlier one wrote, told by shapes, data types and order.

Traces record no addresses. A tensor of the shape and type that a call wrote, read within the next
few calls, is taken for that call's result; how sure that is stands with each link.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.lines import Line
from ncutool.advice.view.nodes import BARRIER, UNKNOWN, Node, Operation
from ncutool.advice.view.operations import Key
from ncutool.base.thresholds import IntThreshold
from ncutool.work.operators.tensor import Tensor

WINDOW = IntThreshold(8, "calls", "before its reader among which a result is looked for", JUDGED)
ASIDE = IntThreshold(2, "calls", "on other tensors that may run between two of a chain", JUDGED)
MAX_CALLS = IntThreshold(
    24, "calls", "a longer chain would need more registers than a kernel has", JUDGED
)
MIN_ELEMENTS = IntThreshold(1024, "elements", "smaller tensors match one another by chance", JUDGED)
_POINTWISE = frozenset(("elementwise", "copy"))
_BY_ROWS = frozenset(("normalization", "softmax"))
_UPDATES = frozenset(("add", "mul", "addcmul", "addcdiv", "sqrt", "div", "lerp", "sub"))
_TWINS = {"cos", "sin"}
_RANDOM = frozenset(
    ("normal_", "uniform_", "random_", "bernoulli_", "exponential_", "rand", "randn")
)
"""Their numbers come from a state that other kernels advance too."""
_OVERWRITES = frozenset(("fill_", "zero_", *_RANDOM))


class Link(NamedTuple):
    """``consumer`` reads what ``producer`` wrote; both are places on the line."""

    producer: int
    consumer: int
    read: Tensor
    sure: bool
    """No other call of the window wrote a tensor like it, and what each wrote is known."""


class Chain(Struct, frozen=True, eq=False, dict=True):
    """Calls that one kernel could do."""

    line: Line
    places: list[int]
    links: list[Link]

    @cached_property
    def nodes(self) -> list[Node]:
        """Its calls, in order."""
        return [self.line.nodes[place] for place in self.places]

    @cached_property
    def operations(self) -> list[Operation]:
        """The operation of each of its calls, in order."""
        return [self.line.operations[place] for place in self.places]

    @cached_property
    def duration_ns(self) -> int:
        """The time of all its calls together."""
        return sum(node.duration_ns for node in self.nodes)

    @cached_property
    def name(self) -> str:
        """The names of its operators, as a title shows them."""
        return " → ".join([operation.op for operation in self.operations])

    @cached_property
    def launches(self) -> list[int]:
        """The time of all its calls together."""
        return [launch for node in self.nodes for launch in self.line.ids(node)]

    @property
    def close(self) -> bool:
        """Whether nothing else runs between its calls."""
        return self.places[-1] - self.places[0] + 1 == len(self.places)

    @property
    def sure(self) -> bool:
        """Whether every link is."""
        return all(link.sure for link in self.links)

    @property
    def one_caller(self) -> bool:
        """Whether one operator called all of them."""
        parents = {node.parent for node in self.nodes}
        return len(parents) == 1 and None not in parents


def updates_in_place(operation: Operation) -> bool:
    """Whether it is a step of the kind that optimizers take on each parameter."""
    base = operation.op.rstrip("_")
    return base in _UPDATES and (operation.in_place or base == "sqrt")


def chains(line: Line, taken: frozenset[int]) -> list[Chain]:
    """Return all chains of two or more calls on a line, none of their launches in ``taken``."""
    return _Finder(line, taken).run()


def row_reduction(operation: Operation) -> bool:
    """Whether it reduces the innermost axis, so that a kernel can hold each row on the chip."""
    if operation.family in _BY_ROWS:
        return (
            "batch_norm" not in operation.op
            and "group" not in operation.op
            and bool(operation.outputs)
        )
    if operation.family != "reduction" or not operation.outputs or not operation.inputs:
        return False
    result, source = operation.outputs[0].shape, operation.inputs[0].shape
    return len(source) > 1 and result in (source[:-1], (*source[:-1], 1))


class _Read(NamedTuple):
    """A tensor large enough to be known again."""

    tensor: Tensor
    key: Key
    size: tuple[int, str | None]
    """Elements and data type."""
    first: bool
    """Whether it is what the call works on, not what an update in place takes besides."""


class _Role(NamedTuple):
    """What an operation may be in a chain."""

    breaks: bool
    """Nothing is known across it."""
    usable: bool
    """A kernel of a compiler could do it."""
    begins: bool
    """That kernel could go on with the next call."""
    pointwise: bool
    updates: bool
    name: tuple[str, str | None]
    """Operator and shapes."""
    reads: tuple[_Read, ...]
    keys_read: frozenset[Key]
    sizes_touched: frozenset[tuple[int, str | None]]
    """Of large tensors that it reads or writes in place."""


def _is_large(size: tuple[int, str | None]) -> bool:
    return size[0] >= MIN_ELEMENTS and size[1] is not None


def _role(operation: Operation) -> _Role:
    pointwise = operation.family in _POINTWISE
    fusable = pointwise or operation.family in _BY_ROWS or operation.family == "reduction"
    read = _read(operation)
    sizes = [
        (numel, dtype) for numel, (_, dtype) in zip(operation.numels, operation.read, strict=True)
    ]
    skipped = len(operation.inputs) - len(read)  # what is only overwritten stands first
    return _Role(
        breaks=operation.symbol in (BARRIER, UNKNOWN),
        usable=fusable
        and operation.native
        and operation.symbol != BARRIER
        and not operation.by_engine
        and operation.op not in _RANDOM,
        begins=pointwise or row_reduction(operation),
        pointwise=pointwise,
        updates=updates_in_place(operation),
        name=(operation.op, operation.signature),
        reads=tuple(
            _Read(
                tensor, operation.read[skipped + index], size, index == 0 or not operation.in_place
            )
            for index, (tensor, size) in enumerate(zip(read, sizes[skipped:], strict=True))
            if _is_large(size)
        ),
        keys_read=frozenset(operation.read[skipped:]),
        sizes_touched=frozenset(filter(_is_large, sizes)),
    )


class _Growing(Struct):
    """A chain while it is looked for."""

    places: list[int]
    links: list[Link]
    reductions: int


class _Finder:
    """One pass over a line, from the front."""

    def __init__(self, line: Line, taken: frozenset[int]) -> None:
        self.line = line
        role_of = {operation: _role(operation) for operation in line.distinct}
        self.roles = [role_of[operation] for operation in line.operations]
        may = line.where(lambda operation: operation in role_of and role_of[operation].usable)
        self.usable = (may & line.free(taken)).tolist()
        self.chain_of: dict[int, _Growing] = {}
        self.consumed: set[int] = set()
        self.start = 0
        read = {one.key for role in role_of.values() for one in role.reads}
        self.writers: dict[Key, list[int]] = {key: [] for key in read}
        """Places so far that wrote such a tensor, of those that are read."""
        self.open_to: dict[Key, list[int]] = {key: [] for key in read}
        """Those of them that nobody has read, as far as looked at."""
        self.written = {
            operation: [
                of_key[key]
                for key in operation.written
                if key in read
                for of_key in (self.writers, self.open_to)
            ]
            for operation in line.distinct
        }
        """Where the place of each operation is to be noted."""
        self.unknown = -1
        """The last place of which it is not known what it wrote."""

    def run(self) -> list[Chain]:
        """Return every chain in order of its first call."""
        for place, operation in enumerate(self.line.operations):
            if self.roles[place].breaks:
                self.start = place + 1
            elif self.usable[place]:
                first = max(self.start, place - WINDOW)
                for read in self.roles[place].reads:
                    link = self._link(place, read, first)
                    if link is not None and self._join(link):
                        self.consumed.add(link.producer)
            for places in self.written[operation]:
                places.append(place)
            if not operation.written:
                self.unknown = place
        found = {id(chain): chain for chain in self.chain_of.values() if chain.links}
        grown = sorted(found.values(), key=lambda chain: chain.places)
        return [Chain(self.line, chain.places, chain.links) for chain in grown]

    def _link(self, place: int, read: _Read, first: int) -> Link | None:
        """Return a link to the nearest call from ``first`` on that wrote such a tensor, if nobody
        has read it."""
        open_to = self.open_to[read.key]
        while open_to and open_to[-1] in self.consumed:
            open_to.pop()
        if not open_to or open_to[-1] < first:
            return None
        producer = open_to[-1]
        if not self.usable[producer]:
            self.consumed.add(producer)  # of its results, this call reads that one
            return None
        if not self._may(producer, place) or not self._reaches(producer, place, read):
            return None
        only = [other for other in self.writers[read.key][-2:] if other >= first] == [producer]
        sure = only and self.unknown < first and read.first
        return Link(producer, place, read.tensor, sure)

    def _reaches(self, producer: int, place: int, read: _Read) -> bool:
        """Whether what runs between leaves the tensor alone, and has a reason to be there: the
        consumer reads what it wrote, or it is a step or two aside on other tensors."""
        chain = self.chain_of.get(producer)
        between = [
            other
            for other in range(producer + 1, place)
            if chain is None or self.chain_of.get(other) is not chain
        ]
        if not between:
            return True
        if any(read.size in self.roles[other].sizes_touched for other in between):
            return False
        if len(between) <= ASIDE and all(self.roles[other].pointwise for other in between):
            return True
        keys = self.roles[place].keys_read
        return any(not keys.isdisjoint(self.line.operations[other].written) for other in between)

    def _may(self, producer: int, consumer: int) -> bool:
        """Whether both could be one kernel.

        Two in-place updates in a row belong to two tensors, sine and cosine to one input, and
        the same operator on the same shapes works on several tensors side by side.
        """
        one, other = self.roles[producer], self.roles[consumer]
        if not one.begins or (one.updates and other.updates) or one.name == other.name:
            return False
        return {one.name[0], other.name[0]} != _TWINS

    def _join(self, link: Link) -> bool:
        """Join the chains of the two calls, unless that needs two reductions; return whether they
        are joined."""
        left, right = (
            self.chain_of.get(place) or self._alone(place)
            for place in (link.producer, link.consumer)
        )
        if left is not right:
            if left.reductions + right.reductions > 1:
                return False
            if len(left.places) + len(right.places) > MAX_CALLS:
                return False
            left.places = sorted({*left.places, *right.places})
            left.links += right.links
            left.reductions += right.reductions
        left.links.append(link)
        for place in left.places:
            self.chain_of[place] = left
        return True

    def _alone(self, place: int) -> _Growing:
        return _Growing([place], [], int(not self.roles[place].pointwise))


def _read(operation: Operation) -> tuple[Tensor, ...]:
    """Return the tensors that it reads, without one that it only overwrites."""
    if operation.op in _OVERWRITES:
        return ()
    return (
        operation.inputs[1:]
        if operation.op == "copy_" and len(operation.inputs) > 1
        else operation.inputs
    )
