"""Which call reads what an earlier one wrote, told by shapes, data types and order.

Traces record no addresses. A tensor of the shape and type that a call wrote, read within the next
few calls, is taken for that call's result; how sure that is stands with each link.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ncutool.advice.lines import Line
from ncutool.advice.nodes import BARRIER, UNKNOWN, Node
from ncutool.work.operators.tensor import Tensor

WINDOW = 8
"""A result is looked for among so many calls before its reader."""
_ASIDE = 2
MAX_CALLS = 24
"""A longer chain would need more registers than a kernel has."""
MIN_ELEMENTS = 1024
"""Smaller tensors match one another by chance."""
_POINTWISE = frozenset(("elementwise", "copy"))
_BY_ROWS = frozenset(("normalization", "softmax"))
_UPDATES = frozenset(("add", "mul", "addcmul", "addcdiv", "sqrt", "div", "lerp", "sub"))
_TWINS = {"cos", "sin"}
_RANDOM = frozenset(
    ("normal_", "uniform_", "random_", "bernoulli_", "exponential_", "rand", "randn")
)
"""Their numbers come from a state that other kernels advance too."""
_OVERWRITES = frozenset(("fill_", "zero_", *_RANDOM))

Key = tuple[tuple[int, ...], str | None]


@dataclass(frozen=True, slots=True)
class Link:
    """``consumer`` reads what ``producer`` wrote; both are places on the line."""

    producer: int
    consumer: int
    read: Tensor
    sure: bool
    """No other call of the window wrote a tensor like it, and what each wrote is known."""


@dataclass(slots=True)
class Chain:
    """Calls that one kernel could do."""

    line: Line
    places: list[int]
    links: list[Link] = field(default_factory=list)
    reductions: int = 0

    @property
    def nodes(self) -> list[Node]:
        """Its calls, in order."""
        return [self.line.nodes[place] for place in self.places]

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


def updates_in_place(node: Node) -> bool:
    """Whether it is a step of the kind that optimizers take on each parameter."""
    base = node.op.rstrip("_")
    return base in _UPDATES and (node.in_place or base == "sqrt")


def chains(line: Line, taken: set[int]) -> list[Chain]:
    """All chains of two or more calls on a line, none of their launches in ``taken``."""
    return _Finder(line, taken).run()


def row_reduction(node: Node) -> bool:
    """Whether it reduces the innermost axis, so that a kernel can hold each row on the chip."""
    if node.family in _BY_ROWS:
        return "batch_norm" not in node.op and "group" not in node.op and bool(node.outputs)
    if node.family != "reduction" or not node.outputs or not node.inputs:
        return False
    result, source = node.outputs[0].shape, node.inputs[0].shape
    return len(source) > 1 and result in (source[:-1], (*source[:-1], 1))


class _Finder:
    """One pass over a line, from the front."""

    def __init__(self, line: Line, taken: set[int]) -> None:
        self.line = line
        self.usable = [
            node.native
            and node.symbol != BARRIER
            and not node.by_engine
            and node.op not in _RANDOM
            and (node.family in _POINTWISE or node.family in _BY_ROWS or node.family == "reduction")
            and line.free(node, taken)
            for node in line.nodes
        ]
        known = {id(node.outputs): node for node in line.nodes}  # one tuple a signature
        written = {number: _written(node) for number, node in known.items()}
        self.wrote = [written[id(node.outputs)] for node in line.nodes]
        self.chain_of: dict[int, Chain] = {}
        self.consumed: set[int] = set()
        self.start = 0

    def run(self) -> list[Chain]:
        """Every chain in order of its first call."""
        for place, node in enumerate(self.line.nodes):
            if node.symbol in (BARRIER, UNKNOWN):
                self.start = place + 1
            elif self.usable[place]:
                self._place(place, node)
        found = {id(chain): chain for chain in self.chain_of.values() if chain.links}
        return sorted(found.values(), key=lambda chain: chain.places)

    def _place(self, place: int, node: Node) -> None:
        for index, tensor in enumerate(_read(node)):
            if tensor.numel < MIN_ELEMENTS or tensor.dtype is None:
                continue
            link = self._link(place, node, tensor, alone=index == 0 or not node.in_place)
            if link is not None and self._join(link):
                self.consumed.add(link.producer)

    def _link(self, place: int, node: Node, tensor: Tensor, *, alone: bool) -> Link | None:
        """To the nearest call that wrote such a tensor, if nobody has read it."""
        key: Key = (tensor.shape, tensor.dtype)
        first = max(self.start, place - WINDOW)
        writers = [other for other in range(first, place) if key in self.wrote[other]]
        open_to = [other for other in writers if other not in self.consumed]
        if not open_to:
            return None
        producer = open_to[-1]
        if not self.usable[producer]:
            self.consumed.add(producer)  # of its results, this call reads that one
            return None
        if not self._may(producer, node) or not self._reaches(producer, place, tensor):
            return None
        known = all(self.wrote[other] for other in range(first, place))
        return Link(producer, place, tensor, len(writers) == 1 and known and alone)

    def _reaches(self, producer: int, place: int, tensor: Tensor) -> bool:
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
        for other in between:
            inputs = self.line.nodes[other].inputs
            if any((item.numel, item.dtype) == (tensor.numel, tensor.dtype) for item in inputs):
                return False
        aside = all(self.line.nodes[other].family in _POINTWISE for other in between)
        if aside and len(between) <= _ASIDE:
            return True
        read = {(item.shape, item.dtype) for item in _read(self.line.nodes[place])}
        return any(read & self.wrote[other] for other in between)

    def _may(self, producer: int, consumer: Node) -> bool:
        """Whether both could be one kernel.

        Two in-place updates in a row belong to two tensors, sine and cosine to one input, and
        the same operator on the same shapes works on several tensors side by side.
        """
        node = self.line.nodes[producer]
        if not self.usable[producer] or (updates_in_place(node) and updates_in_place(consumer)):
            return False
        if (node.op, node.signature) == (consumer.op, consumer.signature):
            return False
        if {node.op, consumer.op} == _TWINS:
            return False
        return node.family in _POINTWISE or row_reduction(node)

    def _join(self, link: Link) -> bool:
        """The two calls' chains become one, unless that needs two reductions."""
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

    def _alone(self, place: int) -> Chain:
        reduces = self.line.nodes[place].family not in _POINTWISE
        return Chain(self.line, [place], reductions=int(reduces))


def _written(node: Node) -> frozenset[Key]:
    """What it wrote, as far as shape and type of all of it are known."""
    if any(tensor.dtype is None for tensor in node.outputs):
        return frozenset()
    return frozenset((tensor.shape, tensor.dtype) for tensor in node.outputs)


def _read(node: Node) -> tuple[Tensor, ...]:
    """Its tensors without one that it only overwrites."""
    if node.op in _OVERWRITES:
        return ()
    return node.inputs[1:] if node.op == "copy_" and len(node.inputs) > 1 else node.inputs
