"""Sequences of operators that are known to run as one kernel, and the least each must move."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ncutool.advice.context import ACHIEVABLE_SHARE, Context
from ncutool.advice.finding import Grade
from ncutool.advice.nodes import Node

Times = tuple[int, int]
"""Duration of the replacement in nanoseconds, at best and at worst."""


@dataclass(frozen=True)
class Pattern:
    """One way to fuse."""

    name: str
    sequence: re.Pattern[str]
    """Over the symbols of :mod:`ncutool.advice.nodes`; group `keep` stays as it is."""
    times: Callable[[Context, Sequence[Node]], Times | None]
    """None where the shapes do not bear the pattern out."""
    grade: Grade
    why: str
    """Which traffic the replacement still needs, in words."""
    remedy: str
    joins: bool = False
    """The kernel before takes everything over, so that all of its own launches go."""
    by_shape: bool = False
    """One finding for each shape rather than one in all."""

    def members(self, found: re.Match[str], nodes: Sequence[Node]) -> list[Node]:
        """The nodes of a match that the replacement takes over.

        Not the kept product of `keep`; of attention only what touches the scores.
        """
        chosen = list(nodes[found.start() : found.end()])
        if "keep" in self.sequence.groupindex and found.group("keep"):
            start, end = (edge - found.start() for edge in found.span("keep"))
            chosen = chosen[:start] + chosen[end:]
        if self.times is _attention:
            scores = next(node.numel for node in chosen if node.symbol == "s")
            chosen = [
                node
                for node in chosen
                if node.symbol in "bs" or (node.symbol in "mdaFcDu" and node.numel == scores)
            ]
        return chosen


def _moving(context: Context, size: float) -> Times:
    return context.move_ns(size), context.move_ns(size, ACHIEVABLE_SHARE)


def _rms_norm(context: Context, nodes: Sequence[Node]) -> Times | None:
    """Read x and write y; with the residual also read it and write the sum."""
    square = next(node for node in nodes if node.symbol == "p")
    if not square.numel or nodes[-1].numel != square.numel:
        return None
    residual = nodes[0].symbol == "a"
    if residual and nodes[0].numel != square.numel:
        return None
    sizes = [size for node in (nodes[0], nodes[-1]) if (size := node.full_bytes)]
    return _moving(context, (4 if residual else 2) * min(sizes)) if sizes else None


def _rotary(context: Context, nodes: Sequence[Node]) -> Times | None:
    """Read and write each rotated tensor once; at worst one copy of another tensor stays."""
    heads = [node for node in nodes if node.symbol == "k"]
    size = 0
    for node in nodes:
        if node.symbol == "m" and nodes[nodes.index(node) + 1].symbol == "n":
            if node.full_bytes is None:
                return None
            size += 2 * node.full_bytes
    if not size:
        return None
    copies = [node.duration_ns for node in nodes if node.symbol == "c"]
    extra = sum(copies[len(heads) :])
    best, worst = _moving(context, size)
    return best, worst + extra


def _gated(context: Context, nodes: Sequence[Node]) -> Times | None:
    """Read gate and up, write their product."""
    gate, product = nodes[0], nodes[-1]
    if gate.numel != product.numel or not gate.full_bytes:
        return None
    if not gate.outputs or gate.outputs[0].shape not in [item.shape for item in product.inputs]:
        return None
    return _moving(context, 3 * gate.full_bytes)


def _add_norm(context: Context, nodes: Sequence[Node]) -> Times | None:
    """Read both summands, write the sum and the normalised sum."""
    total, norm = nodes[0], nodes[-1]
    if not total.full_bytes or not norm.inputs or norm.inputs[0].numel != total.numel:
        return None
    return _moving(context, 4 * total.full_bytes)


def _epilogue(context: Context, nodes: Sequence[Node]) -> Times | None:
    """Nothing of its own at best but a residual's read; at worst the whole of it as now."""
    before, after = nodes[0], nodes[-1]
    if not after.inputs or not before.outputs or before.outputs[0].numel != after.numel:
        return None
    if any(node.numel != after.numel for node in nodes[1:]):
        return None
    added = [node.full_bytes for node in nodes[1:-1]]
    if None in added:
        return None
    best = context.move_ns(sum(size or 0 for size in added)) if added else 0
    return best, sum(node.duration_ns for node in nodes[1:])


def _padded_copy(context: Context, nodes: Sequence[Node]) -> Times | None:
    """Read the source, write the padded result once."""
    fill, copy = nodes
    if not fill.full_bytes or not copy.full_bytes or copy.numel > fill.numel or copy.numel < 2:
        return None
    return _moving(context, fill.full_bytes + copy.full_bytes)


_FUSED_ATTENTION = (0.35, 0.20)
"""Shares of the matrix peak that fused attention is taken to reach, at best and at worst."""
_TILE = 64


def _attention(context: Context, nodes: Sequence[Node]) -> Times | None:
    """Queries, keys and values in, result out; scores never leave the chip."""
    first, last = nodes[0], nodes[-1]
    softmax = next(node for node in nodes if node.symbol == "s")
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
    padding = 1.0
    for length in scores.shape[-2:]:
        padding *= -(-length // _TILE) * _TILE / length if 0 < length < _TILE else 1.0
    padding = padding**0.5  # one of the two products pads rows, the other columns
    flop = (first.flop + last.flop) * padding
    moved = sum(size for size in sizes if size is not None)
    matrices = first.duration_ns + last.duration_ns
    rest = sum(node.duration_ns for node in nodes) - matrices
    best = max(min(round(flop / (_FUSED_ATTENTION[0] * peak) * 1e9), matrices), 0)
    worst = min(round(flop / (_FUSED_ATTENTION[1] * peak) * 1e9), matrices + rest // 4)
    return (
        max(best, context.move_ns(moved)),
        max(worst, context.move_ns(moved * padding, ACHIEVABLE_SHARE)),
    )


def _matrix_peak(context: Context, node: Node) -> float | None:
    if context.device is None or not node.inputs:
        return None
    roofs = {"bf16": "bf16_tensor", "fp16": "fp16_tensor", "fp32": "fp32", "fp64": "fp64"}
    return context.device.peak_flop_per_s.get(roofs.get(node.inputs[-1].dtype or "", ""))


PATTERNS = (
    Pattern(
        "attention",
        re.compile(r"b[^bgsl|?]{0,8}s[^bgsl|?]{0,3}b"),
        _attention,
        "certain",
        "queries, keys, values and the result, each once: the scores never reach memory",
        "Call `torch.nn.functional.scaled_dot_product_attention` (FlashAttention) instead of "
        "computing the scores; ask for no attention weights (`need_weights=False`).",
        by_shape=True,
    ),
    Pattern(
        "RMSNorm",
        re.compile(r"a?c?pMar(?:mc?m?|c?m)"),
        _rms_norm,
        "certain",
        "the input and the result, and with the residual its input and the sum",
        "Use a fused RMSNorm with residual add (`fused_add_rms_norm`, "
        "`torch.nn.functional.rms_norm`), or `torch.compile` the layer.",
    ),
    Pattern(
        "rotary embedding",
        re.compile(r"mnkma(?:mnkma)?c{0,3}"),
        _rotary,
        "certain",
        "queries and keys, each read and written once",
        "Use one rotary-embedding kernel that writes the layout attention wants, or "
        "`torch.compile` the attention block.",
    ),
    Pattern(
        "SwiGLU",
        re.compile(r"(?<![amd])S(?P<keep>g?)m"),
        _gated,
        "certain",
        "gate and up projection read, their product written",
        "Use `silu_and_mul` over the merged gate and up projection, or `torch.compile` the MLP.",
    ),
    Pattern(
        "residual add + LayerNorm",
        re.compile(r"al"),
        _add_norm,
        "likely",
        "both summands read, the sum and the normalised sum written",
        "`torch.compile` the block, or use a fused add + layer-norm kernel.",
    ),
    Pattern(
        "activation after a matrix product",
        re.compile(r"(?P<keep>g)[GRS]"),
        _epilogue,
        "likely",
        "nothing beyond what the product writes anyway",
        "Let the product's epilogue apply it (cuBLASLt GELU/ReLU epilogue, "
        "`torch.compile` with max-autotune).",
        joins=True,
    ),
    Pattern(
        "ReLU after batch norm",
        re.compile(r"(?P<keep>B)a?R"),
        _epilogue,
        "possible",
        "the residual, where one is added",
        "`torch.compile` the block; for inference fold the normalisation into the convolution.",
        joins=True,
    ),
    Pattern(
        "pad by fill and copy",
        re.compile(r"fc"),
        _padded_copy,
        "likely",
        "the source read, the padded result written once",
        "Allocate the padded buffer once and write the producer's result into it.",
    ),
)
