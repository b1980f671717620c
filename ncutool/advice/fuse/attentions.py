"""Attention whose scores go through memory: two products with a softmax between, both ways."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.fuse.pattern import Nodes, Pattern, Times
from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import Node
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import ACHIEVABLE_SHARE, FUSED_ATTENTION
from ncutool.work.operators import Tensor

REST_LEFT = Threshold(
    0.25, "share", "of the time outside the products that is left at worst", JUDGED
)
RECOMPUTED = Threshold(
    1.25,
    "times",
    "the FLOPs: the backward pass computes the scores again, five products for the four recorded",
    "counted: the backward pass of FlashAttention (Dao et al., 2022, algorithm 4)",
)
TILE = IntThreshold(
    64, "elements", "shorter sequences are padded to this by fused kernels",
    JUDGED,
)  # fmt: skip
HEAD = IntThreshold(
    32,
    "elements",
    "narrower heads are padded to this",
    "the smallest head size that FlashAttention-2 is built for",
)
_POINTWISE = "mdaFcDuf"
_ROOFS = {"bf16": "bf16_tensor", "fp16": "fp16_tensor", "fp32": "fp32", "fp64": "fp64"}


def _softmax_of(nodes: Nodes) -> Node:
    return next(node for node in nodes if node.symbol in "sZ")


def _members(_: re.Match[str], nodes: Nodes) -> Sequence[int]:
    """Return the places of the products around the softmax, of it and of what else works on all of
    the scores.

    Copies of keys and values, which lie between them, are not part of it.
    """
    place = next(index for index, node in enumerate(nodes) if node.symbol in "sZ")
    size = nodes[place].numel
    products = [index for index, node in enumerate(nodes) if node.symbol == "b"]
    return [
        index
        for index, node in enumerate(nodes)
        if index == place
        or index in products
        or (node.symbol in _POINTWISE and node.numel == size)
        or (node.symbol == "M" and node.inputs and node.inputs[0].numel == size)
    ]


def _chosen(nodes: Nodes) -> Nodes:
    return [nodes[index] for index in _members(_NO_MATCH, nodes)]


def _forward(context: Context, nodes: Nodes) -> Times | None:
    """Price one kernel that reads queries, keys and values, and keeps the scores on the chip."""
    softmax = _softmax_of(nodes)
    first, last = (node for node in nodes if node.symbol == "b")
    factors, others = _factors(first), _factors(last)
    if factors is None or others is None or not first.outputs or not last.outputs:
        return None
    scores = first.outputs[0]
    if len(scores.shape) < 2 or softmax.numel != scores.numel:
        return None
    if scores.numel not in [item.numel for item in last.inputs]:
        return None
    peak = _matrix_peak(context, first)
    sizes = [item.write_bytes for item in (*factors, others[1], last.outputs[0])]
    if peak is None or first.flop is None or last.flop is None or None in sizes:
        return None
    padding = _padding(scores.shape[-2:])
    flop = (first.flop + last.flop) * padding * _head_padding(factors[0].shape[-1])
    moved = sum(size for size in sizes if size is not None)
    shares = FUSED_ATTENTION["forward"]
    return _times(context, _chosen(nodes), flop / peak, (moved, padding * moved), shares)


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
        for tensor in (*(_factors(node) or ()), *node.outputs[:1])
        if tensor.numel != size
    ]
    flop = RECOMPUTED * sum(one or 0.0 for one in flops)
    moved = sum(one or 0 for one in others)
    shares = FUSED_ATTENTION["backward"]
    return _times(context, _chosen(nodes), flop / peak, (moved, moved), shares)


def _numels(node: Node) -> list[int]:
    return [tensor.numel for tensor in (*node.inputs, *node.outputs)]


def _times(
    context: Context,
    nodes: Nodes,
    at_peak_s: float,
    moved: tuple[float, float],
    shares: tuple[float, float],
) -> Times:
    """Return the duration (ns) of fused attention at best and at worst.

    It is no slower than the products alone, at worst than they and `REST_LEFT` of the rest, and
    moves at least and at most ``moved`` bytes.

    Args:
        at_peak_s: its arithmetic at the matrix peak.
        shares: of that peak, reached at best and at worst.
    """
    matrices = sum(node.duration_ns for node in nodes if node.symbol == "b")
    rest = sum(node.duration_ns for node in nodes) - matrices
    best = min(round(at_peak_s / shares[0] * 1e9), matrices)
    worst = min(round(at_peak_s / shares[1] * 1e9), matrices + int(rest * REST_LEFT))
    return (
        max(best, context.move_ns(moved[0])),
        max(worst, context.move_ns(moved[1], ACHIEVABLE_SHARE), 2 * context.latency_ns),
    )


def _padding(lengths: tuple[int, ...]) -> float:
    """Return how many times the FLOPs asked for are computed, as sequences shorter than a tile are
    padded."""
    padding = 1.0
    for length in lengths:
        padding *= -(-length // TILE) * TILE / length if 0 < length < TILE else 1.0
    # One of the two products pads rows, the other columns.
    return math.sqrt(padding)


def _head_padding(head: int) -> float:
    return HEAD / head if 0 < head < HEAD else 1.0


def _matrix_peak(context: Context, node: Node) -> float | None:
    factors = _factors(node)
    if context.device is None or factors is None:
        return None
    return context.device.peak_flop_per_s.get(_ROOFS.get(factors[1].dtype or "", ""))


def _factors(node: Node) -> tuple[Tensor, Tensor] | None:
    """Return the two tensors that a batched product multiplies: what is added stands before them,
    and numbers and a result may stand behind."""
    first = 1 if node.op.startswith("baddbmm") else 0
    given = node.inputs[first : first + 2]
    if len(given) < 2 or any(len(tensor.shape) < 2 for tensor in given):
        return None
    return given[0], given[1]


_NO_MATCH: re.Match[str] = re.match("", "")  # type: ignore[assignment]  # always matches

_PACE = "at {:.0f} % of the matrix peak or the bandwidth peak, no slower than the products now"

ATTENTION = Pattern(
    "fuse-attention",
    "attention",
    re.compile(r"[amcFduf]{0,5}b[^bgsZl|?]{0,8}s[^bgsZl|?]{0,3}b(?:[^bsZ|?]{0,5}M)?"),
    _forward,
    "certain",
    "queries, keys, values and the result, each once: the scores never reach memory",
    by_shape=True,
    pace=_PACE.format(100 * FUSED_ATTENTION["forward"][0]),
    members=_members,
    by_duration=True,
)
ATTENTION_BACKWARD = Pattern(
    "fuse-attention-backward",
    "backward pass of attention",
    re.compile(r"bb[^bgsl|?]{0,4}Z[^bgsl|?]{0,6}bb"),
    _backward,
    "certain",
    "queries, keys, values, the result and their gradients, each once",
    by_shape=True,
    pace=_PACE.format(100 * FUSED_ATTENTION["backward"][0]),
    members=_members,
    by_duration=True,
)
