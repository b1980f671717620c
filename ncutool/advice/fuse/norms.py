"""Normalisations as patterns: written out in elementary operators, after a sum, before an
activation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ncutool.advice.fuse.pattern import Nodes, Pattern, Times, moving
from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import Node


def _written_out(context: Context, nodes: Nodes) -> Times | None:
    """Read x and write y; with the residual also read it and write the sum."""
    square = next(node for node in nodes if node.symbol in "pMv")
    numel = square.numel
    last = _last_full(nodes, numel)
    if not numel or last is None or not _reduces(nodes, numel):
        return None
    residual = nodes[0].symbol == "a"
    if residual and nodes[0].numel != numel:
        return None
    sizes = [size for node in (nodes[0], last) if (size := node.full_bytes)]
    return moving(context, (4 if residual else 2) * min(sizes)) if sizes else None


def _last_full(nodes: Nodes, numel: int) -> Node | None:
    """Return the last call, where it works on whole rows; else None."""
    return nodes[-1] if nodes[-1].numel == numel else None


def _reduces(nodes: Nodes, numel: int) -> bool:
    """Whether a root is taken of one figure a row."""
    roots = [node.numel for node in nodes if node.symbol in "rq"]
    return bool(roots) and all(0 < size < numel and numel % size == 0 for size in roots)


def _add_norm(context: Context, nodes: Nodes) -> Times | None:
    """Read both summands, write the sum and the normalised sum."""
    total, norm = nodes[0], nodes[-1]
    if not total.full_bytes or not norm.inputs or norm.inputs[0].numel != total.numel:
        return None
    if any(node.numel != total.numel for node in nodes):
        return None
    wide = max((item.itemsize or 0 for item in norm.inputs[:1]), default=0)
    written = total.numel * wide if wide else total.full_bytes
    return moving(context, 3 * total.full_bytes + written)


def _norm_activation(context: Context, nodes: Nodes) -> Times | None:
    """Read x, write the activated result; at worst the normalised tensor is still written."""
    norm, last = nodes[0], nodes[-1]
    if not norm.inputs or not norm.full_bytes or last.numel != norm.inputs[0].numel:
        return None
    if any(node.numel != last.numel for node in nodes[1:]):
        return None
    return moving(context, 2 * norm.full_bytes)[0], moving(context, 4 * norm.full_bytes)[1]


def _after_batch_norm(context: Context, nodes: Nodes) -> Times | None:
    """Nothing of its own at best but a residual's read; at worst the whole of it as now."""
    norm, after = nodes[0], nodes[-1]
    if not norm.outputs or not after.inputs or norm.outputs[0].numel != after.numel:
        return None
    if any(node.numel != after.numel for node in nodes[1:]):
        return None
    added = [node.full_bytes for node in nodes[1:-1]]
    if None in added:
        return None
    best = context.move_ns(sum(size or 0 for size in added)) if added else 0
    return best, 0


def _as_now(times: Times, _: str, durations: Sequence[int]) -> Times:
    return times[0], sum(durations[1:])


RMS_NORM = Pattern(
    "fuse-rmsnorm",
    "RMSNorm",
    re.compile(r"a?c?[pm]Ma(?:r|qd?)(?:mc?a?m?|dc?m?|c?m)"),
    _written_out,
    "certain",
    "the input and the result, and with the residual its input and the sum",
)
LAYER_NORM = Pattern(
    "fuse-layernorm",
    "LayerNorm written out",
    re.compile(r"a?c?(?:Muu?[pm]M|M?vu?|M[uc]v)u?a?(?:r|q)u?[md]c?m?a?c?"),
    _written_out,
    "certain",
    "the input and the result, and with the residual its input and the sum",
)
ADD_NORM = Pattern(
    "fuse-add-norm",
    "residual add + LayerNorm",
    re.compile(r"ac?l"),
    _add_norm,
    "likely",
    "both summands read, the sum and the normalised sum written",
)
NORM_ACTIVATION = Pattern(
    "fuse-norm-activation",
    "normalisation and the activation after it",
    re.compile(r"l(?:[GRSt]|xm)"),
    _norm_activation,
    "likely",
    "the input read and the activated result written",
)
BATCH_NORM_RELU = Pattern(
    "fuse-batchnorm-relu",
    "ReLU after batch norm",
    re.compile(r"(?P<keep>B)a?R"),
    _after_batch_norm,
    "possible",
    "the residual, where one is added",
    joins=True,
    at_place=_as_now,
)
