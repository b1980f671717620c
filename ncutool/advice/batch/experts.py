"""Experts of a mixture that all work on all tokens, though a gate picks a few for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.nodes import Node, Stream
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold
from ncutool.work.calls import recorded_calls

_EXPERTS = re.compile(r"g(?:[GSR.mt]{0,2}g){3,}")
"""Products with little between them."""
GATE = IntThreshold(4, "calls", "of a gate that may stand right before the experts", JUDGED)
AFTER = IntThreshold(
    4, "calls", "behind the experts among which their results are put together", JUDGED
)
BEFORE = IntThreshold(14, "calls", "before the experts among which the gate chose", JUDGED)


class Layer(Struct, frozen=True):
    """One layer's experts, each of them over all tokens."""

    stream: Stream
    nodes: tuple[Node, ...]
    """Products and what lies between the two of an expert."""
    experts: int
    tokens: int
    gated: bool
    """A `topk` came shortly before."""

    def rows(self, claimed: frozenset[int]) -> list[int]:
        """Return rows of the stream: all of the products, and what is unclaimed between them."""
        return [
            row
            for node in self.nodes
            for row in range(node.first, node.last)
            if node.symbol == "g" or self.stream.launch_ids[row] not in claimed
        ]

    @property
    def products(self) -> list[int]:
        """Launches of the products."""
        rows = [node for node in self.nodes if node.symbol == "g"]
        return [one for node in rows for one in self.stream.launch_ids[node.first : node.last]]


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise once at most: compute each expert for the tokens routed to it.

    The work left is k of E experts, k from the recorded argument of `topk`. At worst nothing is
    saved: gathering and scattering tokens costs as well, and routing may be uneven.
    """
    barred = claimed | context.backward
    layers = [
        layer
        for stream in context.streams
        for layer in _layers(stream)
        if barred.isdisjoint(layer.products)
    ]
    if not layers:
        return Drafts()
    chosen = _chosen(context)
    gated = chosen is not None and all(layer.gated for layer in layers)
    count = chosen or 1
    layers = [layer for layer in layers if layer.experts > count]
    if not layers:
        return Drafts()
    launches, best, worst = [], [], []
    for layer in layers:
        for row in layer.rows(claimed):
            duration = layer.stream.durations[row]
            launches.append(layer.stream.launch_ids[row])
            worst.append(duration)
            best.append(duration * count // layer.experts)
    draft = Draft(
        rule="batch-experts",
        grade="likely" if gated and not context.program.trains else "possible",
        launches=tuple(launches),
        best=tuple(best),
        worst=tuple(worst),
        evidence=_evidence(context, layers, count, gated=gated, total=sum(worst)),
        why=f"{layers[0].experts} experts each work on all "
        f"{units.counted(layers[0].tokens, 'token')}: {context.summed(sum(worst))}.",
    )
    return Drafts((draft,))


def _evidence(
    context: Context, layers: list[Layer], count: int, *, gated: bool, total: int
) -> tuple[str, ...]:
    first = layers[0]
    products = sum(1 for layer in layers for node in layer.nodes if node.symbol == "g")
    shapes = " then ".join(
        dict.fromkeys(
            f"[{size[0]},{size[1]}] × [{size[1]},{size[2]}]"
            for node in first.nodes
            if (size := node.operation.sizes) is not None
        )
    )
    sentences = [
        f"In {units.counted(len(layers), 'place')} {first.experts} experts of one shape each work "
        f"on all {units.counted(first.tokens, 'token')} "
        f"({products:,} products, {shapes}), and their results are "
        f"put together as {first.experts} tensors: {context.summed(total)}.",
    ]
    if gated:
        sentences.append(
            f"A `topk` with k = {count} chooses before them, so {count} of {first.experts} results "
            f"counts for a token: at best {count}/{first.experts} of this time is left."
        )
    else:
        sentences.append(
            f"How many experts count for a token is not recorded; the high end takes {count} of "
            f"{first.experts}."
        )
    sentences.append("The low end is 0: routing tokens costs as well, and experts fill unevenly.")
    return tuple(sentences)


def _layers(stream: Stream) -> Iterator[Layer]:
    for match in _EXPERTS.finditer(stream.symbols):
        lengths = _list_lengths(stream.nodes[match.end() : match.end() + AFTER])
        if not lengths:
            continue
        nodes, experts = _repeated(stream.nodes[match.start() : match.end()])
        if experts < 2 or experts not in lengths:
            continue
        size = nodes[0].operation.sizes
        before = stream.nodes[max(match.start() - BEFORE, 0) : match.start()]
        gated = any(node.op == "topk" for node in before)
        if size is not None:
            yield Layer(stream, tuple(nodes), experts, size[0], gated)


def _repeated(nodes: Sequence[Node]) -> tuple[Sequence[Node], int]:
    """Return the calls that repeat equally, without a gate's product in front of them, and how
    often they repeat; 0 where they do not."""
    for first in range(min(GATE, len(nodes))):
        if nodes[first].symbol == "g" and (count := _units(nodes[first:])):
            return nodes[first:], count
    return nodes, 0


def _units(nodes: Sequence[Node]) -> int:
    """Return how many equal parts the calls repeat; 0 where they do not, or where a part is not a
    product out of the hidden size and one back."""
    signs = [
        (node.op, node.operation.sizes if node.symbol == "g" else node.symbol) for node in nodes
    ]
    for length in range(2, len(signs) // 2 + 1):
        if len(signs) % length == 0 and signs == signs[:length] * (len(signs) // length):
            first, last = nodes[0].operation.sizes, nodes[length - 1].operation.sizes
            back = first is not None and last is not None and first[1] == last[2]
            same = first is not None and last is not None and first[0] == last[0]
            return len(signs) // length if back and same else 0
    return 0


def _list_lengths(nodes: Sequence[Node]) -> set[int]:
    return {node.operation.listed for node in nodes if node.symbol == "k" and node.operation.listed}


def _chosen(context: Context) -> int | None:
    """Return k, the experts that each token is routed to, from the recorded calls of `topk`: the
    largest where they differ, None where none is recorded."""
    counts = (call.integer(1) for call in recorded_calls(context.capture, ["aten::topk"]))
    return max((count for count in counts if count is not None and count > 0), default=None)
