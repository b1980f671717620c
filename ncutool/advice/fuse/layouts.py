"""Copies that only prepare a tensor for its reader: padding, another layout, another data type."""

from __future__ import annotations

import re

from ncutool.advice.fuse.pattern import Nodes, Pattern, Times, moving
from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import Node
from ncutool.devices.reachable import ACHIEVABLE_SHARE
from ncutool.work.operators.tensor import Tensor

_MIN_ELEMENTS = 4096
_FLOATS = ("fp16", "bf16", "fp32")
_CAST_KEPT = 0.35
"""Share of a cast that stays at worst: its neighbour then reads or writes the wider tensor."""


def _padded_copy(context: Context, nodes: Nodes) -> Times | None:
    """Read the source, write the padded result once."""
    fill, copy = nodes
    if not fill.full_bytes or not copy.full_bytes or copy.numel > fill.numel or copy.numel < 2:
        return None
    if copy.by_engine or fill.in_place is False:
        return None
    return moving(context, fill.full_bytes + copy.full_bytes)


def _ends(node: Node) -> tuple[Tensor, Tensor] | None:
    """What a copy writes and what it reads, of equal shape; None where that is not recorded."""
    if len(node.inputs) < 2 or node.by_engine or node.numel < _MIN_ELEMENTS:
        return None
    target, source = node.inputs[:2]
    if target.shape != source.shape or None in (target.dtype, source.dtype):
        return None
    return target, source


def _layout(context: Context, nodes: Nodes) -> Times | None:
    """Nothing where the reader takes the tensor as it lies; at worst a copy at a usual speed."""
    ends = _ends(nodes[0])
    size = nodes[0].moved
    if ends is None or size is None:
        return None
    target, source = ends
    if target.dtype != source.dtype or target.strides is None or source.strides is None:
        return None
    if _order(target) == _order(source):
        return None
    return 0, min(context.move_ns(size, ACHIEVABLE_SHARE), nodes[0].duration_ns)


def _order(tensor: Tensor) -> tuple[int, ...]:
    """Its dimensions of more than one element from the widest stride to the narrowest."""
    steps = tensor.strides or ()
    long = [index for index, size in enumerate(tensor.shape) if size > 1]
    return tuple(sorted(long, key=lambda index: -abs(steps[index])))


def _cast(context: Context, nodes: Nodes) -> Times | None:
    """Nothing of its own where a neighbour casts as it reads or writes."""
    ends = _ends(nodes[0])
    if ends is None or context.device is None:
        return None
    kinds = {tensor.dtype for tensor in ends}
    if len(kinds) < 2 or not kinds.issubset(_FLOATS):
        return None
    return 0, round(_CAST_KEPT * nodes[0].duration_ns)


PADDING = Pattern(
    "pad by fill and copy",
    re.compile(r"fc"),
    _padded_copy,
    "certain",
    "the source read, the padded result written once",
    "Allocate the padded buffer once and write the producer's result into it.",
    code="torch.mul(x, weight, out=padded[:, :width])",
    link="https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html",
    caveat="Where the padding is written over later, it must be cleared again.",
)
LAYOUT = Pattern(
    "copies to another layout",
    re.compile(r"c"),
    _layout,
    "likely",
    "nothing, where the next operator takes strides",
    "Leave out `.contiguous()` where the next operator takes strides, and let the producer write "
    "the layout its reader wants (attention in [batch, sequence, heads, head size]).",
    joins=True,
    verb="Avoid",
    code="x = x.transpose(1, 2)  # without .contiguous()",
    link="https://docs.pytorch.org/docs/stable/tensor_view.html",
    caveat="A reader that needs contiguous input copies again, or runs slower.",
)
CASTS = Pattern(
    "casts of activations into their neighbours",
    re.compile(r"c"),
    _cast,
    "certain",
    "nothing of its own: the neighbour casts as it reads or writes",
    "Keep activations in one 16-bit type (run the norms in it, or cast the model once), or "
    "`torch.compile` the model so that casts join their neighbours.",
    joins=True,
    alternative=True,
    repeats=8,
    code="model = model.to(torch.bfloat16)",
    link="https://docs.pytorch.org/docs/stable/amp.html",
    caveat="A norm or a sum in 16 bits is less exact; compiled, the result stays the same.",
)
