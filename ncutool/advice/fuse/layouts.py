"""Copies that only prepare a tensor for its reader: padding, another layout, another data type."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.fuse.pattern import Nodes, Pattern, Times, moving
from ncutool.advice.view.context import Context
from ncutool.advice.view.nodes import Node
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.devices.reachable import ACHIEVABLE_SHARE
from ncutool.work.operators.tensor import Tensor

MIN_ELEMENTS = IntThreshold(4096, "elements", "smaller copies are held by launching", JUDGED)
CAST_KEPT = Threshold(
    0.35,
    "share",
    "of a cast that stays at worst: its neighbour then reads or writes the wider tensor",
    JUDGED,
)
SURE_PLACES = IntThreshold(8, "places", "in fewer, casts are no better than likely", JUDGED)
_FLOATS = ("fp16", "bf16", "fp32")


def _padded_copy(context: Context, nodes: Nodes) -> Times | None:
    """Read the source, write the padded result once."""
    fill, copy = nodes
    if not fill.full_bytes or not copy.full_bytes or copy.numel > fill.numel or copy.numel < 2:
        return None
    if copy.by_engine or fill.in_place is False:
        return None
    return moving(context, fill.full_bytes + copy.full_bytes)


def _ends(node: Node) -> tuple[Tensor, Tensor] | None:
    """Return what a copy writes and what it reads, of equal shape; None where that is not recorded,
    or the copy is small."""
    if len(node.inputs) < 2 or node.by_engine or node.numel < MIN_ELEMENTS:
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
    return 0, context.move_ns(size, ACHIEVABLE_SHARE)


def _no_longer(times: Times, _: str, durations: Sequence[int]) -> Times:
    return times[0], min(times[1], durations[0])


def _order(tensor: Tensor) -> tuple[int, ...]:
    """Return the dimensions of more than one element from the widest stride to the narrowest."""
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
    return 0, 0


def _kept(times: Times, _: str, durations: Sequence[int]) -> Times:
    return times[0], round(CAST_KEPT * durations[0])


PADDING = Pattern(
    "fuse-padding",
    "pad by fill and copy",
    re.compile(r"fc"),
    _padded_copy,
    "certain",
    "the source read, the padded result written once",
)
LAYOUT = Pattern(
    "fuse-layout",
    "copies to another layout",
    re.compile(r"c"),
    _layout,
    "likely",
    "nothing, where the next operator takes strides",
    joins=True,
    at_place=_no_longer,
    verb="Avoid",
)
CASTS = Pattern(
    "fuse-casts",
    "casts of activations into their neighbours",
    re.compile(r"c"),
    _cast,
    "certain",
    "nothing of its own: the neighbour casts as it reads or writes",
    joins=True,
    at_place=_kept,
    alternative=True,
    repeats=SURE_PLACES,
)
