"""Activations as patterns: gated, written out, and after a matrix product."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ncutool.advice.fuse.pattern import Nodes, Pattern, Times, moving
from ncutool.advice.view.context import Context


def _gated(context: Context, nodes: Nodes) -> Times | None:
    """Read gate and up, write their product."""
    gate, product = nodes[0], nodes[-1]
    if gate.numel != product.numel or not gate.full_bytes:
        return None
    if not gate.outputs or gate.outputs[0].shape not in [item.shape for item in product.inputs]:
        return None
    if len([item for item in product.inputs if item.numel == product.numel]) < 2:
        return None
    return moving(context, 3 * gate.full_bytes)


def _written_out(context: Context, nodes: Nodes) -> Times | None:
    """Read x and write y, all steps over tensors of one size."""
    size, width = nodes[0].numel, nodes[0].full_bytes
    if not width or any(node.numel != size for node in nodes):
        return None
    return moving(context, 2 * width)


def _epilogue(context: Context, nodes: Nodes) -> Times | None:
    """Nothing of its own at best; at worst the whole of it as now (:func:`_as_now`)."""
    before, after = nodes[0], nodes[-1]
    if not after.inputs or not before.outputs or before.outputs[0].numel != after.numel:
        return None
    if any(node.numel != after.numel for node in nodes[1:]):
        return None
    return 0, 0


def _as_now(times: Times, _: str, durations: Sequence[int]) -> Times:
    return times[0], sum(durations[1:])


SWIGLU = Pattern(
    "fuse-swiglu",
    "SwiGLU",
    re.compile(r"(?<![amd])[SG](?P<keep>g?)m"),
    _gated,
    "certain",
    "gate and up projection read, their product written",
)
GELU_WRITTEN_OUT = Pattern(
    "fuse-gelu",
    "GELU written out",
    re.compile(r"m?[mpa]{3,5}t[am]{2,3}|[md]{1,2}Ea[md]{1,2}"),
    _written_out,
    "certain",
    "the input read, the result written",
)
EPILOGUE = Pattern(
    "fuse-product-epilogue",
    "activation after a matrix product",
    re.compile(r"(?P<keep>g)[GRStx]"),
    _epilogue,
    "likely",
    "nothing beyond what the product writes anyway",
    joins=True,
    at_place=_as_now,
)
AFTER_CONVOLUTION = Pattern(
    "fuse-convolution-epilogue",
    "activation after a convolution",
    re.compile(r"(?P<keep>C)[GRStx]"),
    _epilogue,
    "possible",
    "nothing beyond what the convolution writes anyway",
    joins=True,
    at_place=_as_now,
)
