"""Rotary position embedding in its spellings: half by half, interleaved, in sines, complex."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ncutool.advice.fuse.pattern import Nodes, Pattern, Times, moving
from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import Node


def _rotary(context: Context, nodes: Nodes) -> Times | None:
    """Read and write each rotated tensor once; at worst one copy of another tensor stays."""
    heads = [node for node in nodes if node.symbol == "k"]
    rotated = list(_rotated(nodes))
    if not rotated or None in [node.full_bytes for node in rotated]:
        return None
    pairs = zip(heads, rotated, strict=False)
    if any(head.numel and head.numel < node.numel for head, node in pairs):
        return None
    return moving(context, sum(2 * (node.full_bytes or 0) for node in rotated))


def _rotated(nodes: Nodes) -> Iterable[Node]:
    """Yield the products over whole tensors that are rotated: one for each negation."""
    products: list[Node] = []
    for node in nodes:
        if node.symbol == "m":
            products.append(node)
        elif node.symbol == "n" and products:
            yield max(products[-2:], key=lambda one: one.numel)
            products.clear()
        elif node.symbol == "n":
            yield node


def _by_halves(context: Context, nodes: Nodes) -> Times | None:
    """Two halves, each of two products and their sum, put together again."""
    heads = [node for node in nodes if node.symbol == "k"]
    sums = [node for node in nodes if node.symbol in "au"]
    sizes = [node.full_bytes for node in sums]
    if None in sizes or len({node.numel for node in sums}) > len(heads):
        return None
    return moving(context, sum(2 * (size or 0) for size in sizes))


def _complex(context: Context, nodes: Nodes) -> Times | None:
    """Price a product of complex numbers between a cast from the tensor's type and one to it."""
    product = [node for node in nodes if node.symbol == "m"]
    for node in product:
        kinds = [tensor.dtype or "" for tensor in node.outputs[:1]]
        if not kinds or not kinds[0].startswith("complex"):
            return None
    ends = [node for node in nodes if node.symbol == "c"] or product
    sizes = [
        tensor.write_bytes for node in ends for tensor in (*node.inputs[-1:], *node.outputs[:1])
    ]
    known = [size for size in sizes if size]
    if not known:
        return None
    return moving(context, 2 * min(known) * len(product))


def _with_copies(times: Times, symbols: str, durations: Sequence[int]) -> Times:
    """Of copies beyond one a head, or two a complex product, the last ones are of other tensors: at
    worst they stay."""
    heads = symbols.count("k") or 2 * symbols.count("m")
    copies = [one for one, symbol in zip(durations, symbols, strict=True) if symbol == "c"]
    best, worst = times
    return best, worst + sum(copies[heads:])


_WHY = "queries and keys, each read and written once"


def _pattern(sequence: str, times: Callable[[Context, Nodes], Times | None]) -> Pattern:
    return Pattern(
        "fuse-rotary", "rotary embedding", re.compile(sequence), times, "certain", _WHY,
        at_place=_with_copies,
    )  # fmt: skip


ROTARY = (
    _pattern(r"(?:mnkma|mmnka|nkmma)(?:mnkma|mmnka|nkmma)?c{0,3}", _rotary),
    _pattern(r"(?:mm[ua]mm[ua]k){1,2}c{0,3}", _by_halves),
    _pattern(r"c?mc(?:c?mc)?|ccmmcc", _complex),
)
