"""Attention whose scores go through memory: two products with a softmax between, both ways."""

from __future__ import annotations

import math
import re

from ncutool.advice.fuse.pattern import Nodes, Pattern, Times
from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import Node
from ncutool.devices.reachable import ACHIEVABLE_SHARE, FUSED_ATTENTION

_RECOMPUTED = 1.25
"""The backward pass computes the scores again: five products for the four recorded."""
_TILE = 64
_HEAD = 32
"""Fused kernels pad heads to this many elements at least."""
_POINTWISE = "mdaFcDuf"
_ROOFS = {"bf16": "bf16_tensor", "fp16": "fp16_tensor", "fp32": "fp32", "fp64": "fp64"}


def _softmax_of(nodes: Nodes) -> Node:
    return next(node for node in nodes if node.symbol in "sZ")


def _members(_: re.Match[str], nodes: Nodes) -> Nodes:
    """The products around the softmax, the softmax and what else works on all of the scores.

    Copies of keys and values, which lie between them, are not part of it.
    """
    place = next(index for index, node in enumerate(nodes) if node.symbol in "sZ")
    size = nodes[place].numel
    products = [index for index, node in enumerate(nodes) if node.symbol == "b"]
    return [
        node
        for index, node in enumerate(nodes)
        if index == place
        or index in products
        or (node.symbol in _POINTWISE and node.numel == size)
        or (node.symbol == "M" and node.inputs and node.inputs[0].numel == size)
    ]


def _forward(context: Context, nodes: Nodes) -> Times | None:
    """Queries, keys and values in, result out; scores never leave the chip."""
    softmax = _softmax_of(nodes)
    first, last = (node for node in nodes if node.symbol == "b")
    if len(first.inputs) < 2 or len(last.inputs) < 2 or not first.outputs or not last.outputs:
        return None
    scores = first.outputs[0]
    if len(scores.shape) < 2 or softmax.numel != scores.numel:
        return None
    if scores.numel not in [item.numel for item in last.inputs]:
        return None
    peak = _matrix_peak(context, first)
    sizes = [item.write_bytes for item in (*first.inputs[-2:], last.inputs[-1], last.outputs[0])]
    if peak is None or first.flop is None or last.flop is None or None in sizes:
        return None
    padding = _padding(scores.shape[-2:])
    flop = (first.flop + last.flop) * padding * _head_padding(first.inputs[-2].shape[-1])
    moved = sum(size for size in sizes if size is not None)
    chosen = _members(_NO_MATCH, nodes)
    return _times(
        context, chosen, flop / peak, (moved, padding * moved), FUSED_ATTENTION["forward"]
    )


def _backward(context: Context, nodes: Nodes) -> Times | None:
    """Four products around the gradient of the softmax, over scores of one size."""
    size = _softmax_of(nodes).numel
    products = [node for node in nodes if node.symbol == "b"]
    peak = _matrix_peak(context, products[0])
    flops = [node.flop for node in products]
    if not size or peak is None or None in flops:
        return None
    if any(size not in _numels(node) for node in products):
        return None
    others = [
        tensor.write_bytes
        for node in products
        for tensor in (*node.inputs[-2:], *node.outputs[:1])
        if tensor.numel != size
    ]
    flop = _RECOMPUTED * sum(one or 0.0 for one in flops)
    moved = sum(one or 0 for one in others)
    return _times(
        context,
        _members(_NO_MATCH, nodes),
        flop / peak,
        (moved, moved),
        FUSED_ATTENTION["backward"],
    )


def _numels(node: Node) -> list[int]:
    return [tensor.numel for tensor in (*node.inputs, *node.outputs)]


def _times(
    context: Context,
    nodes: Nodes,
    at_peak_s: float,
    moved: tuple[float, float],
    shares: tuple[float, float],
) -> Times:
    """Fused attention is no slower than the products alone, at worst than they and a quarter of
    the rest; it moves at least and at most ``moved`` bytes."""
    matrices = sum(node.duration_ns for node in nodes if node.symbol == "b")
    rest = sum(node.duration_ns for node in nodes) - matrices
    best = min(round(at_peak_s / shares[0] * 1e9), matrices)
    worst = min(round(at_peak_s / shares[1] * 1e9), matrices + rest // 4)
    return (
        max(best, context.move_ns(moved[0])),
        max(worst, context.move_ns(moved[1], ACHIEVABLE_SHARE), 2 * context.latency_ns),
    )


def _padding(lengths: tuple[int, ...]) -> float:
    """How much more is computed than asked for: sequences shorter than a tile are padded."""
    padding = 1.0
    for length in lengths:
        padding *= -(-length // _TILE) * _TILE / length if 0 < length < _TILE else 1.0
    # One of the two products pads rows, the other columns.
    return math.sqrt(padding)


def _head_padding(head: int) -> float:
    return _HEAD / head if 0 < head < _HEAD else 1.0


def _matrix_peak(context: Context, node: Node) -> float | None:
    if context.device is None or not node.inputs:
        return None
    return context.device.peak_flop_per_s.get(_ROOFS.get(node.inputs[-1].dtype or "", ""))


_NO_MATCH: re.Match[str] = re.match("", "")  # type: ignore[assignment]  # always matches
_SDPA = (
    "https://docs.pytorch.org/docs/stable/generated/"
    "torch.nn.functional.scaled_dot_product_attention.html"
)

ATTENTION = Pattern(
    "attention",
    re.compile(r"[amcFduf]{0,5}b[^bgsZl|?]{0,8}s[^bgsZl|?]{0,3}b(?:[^bsZ|?]{0,5}M)?"),
    _forward,
    "certain",
    "queries, keys, values and the result, each once: the scores never reach memory",
    "Call `torch.nn.functional.scaled_dot_product_attention` (FlashAttention) instead of "
    "computing the scores; ask for no attention weights (`need_weights=False`).",
    by_shape=True,
    pace="at 35 % of the matrix peak or the bandwidth peak, no slower than the products now",
    members=_members,
    code="torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)",
    link=_SDPA,
    caveat="Whoever reads the attention weights afterwards keeps them from being fused away.",
)
ATTENTION_BACKWARD = Pattern(
    "backward pass of attention",
    re.compile(r"bb[^bgsl|?]{0,4}Z[^bgsl|?]{0,6}bb"),
    _backward,
    "certain",
    "queries, keys, values, the result and their gradients, each once",
    "Call `torch.nn.functional.scaled_dot_product_attention` in the forward pass: its backward "
    "pass is fused too.",
    by_shape=True,
    pace="at 30 % of the matrix peak or the bandwidth peak, no slower than the products now",
    members=_members,
    code="torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)",
    link=_SDPA,
    caveat="A mask that needs a gradient, or a head too wide, leaves only slower kernels.",
)
