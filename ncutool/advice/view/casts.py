"""Casts of weights: under autocast a layer's fp32 parameters become 16 bits wide at every call."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.nodes import Node, Operation, Stream
from ncutool.base.thresholds import IntThreshold
from ncutool.work.operators.tensor import Tensor

REACH = IntThreshold(
    12, "calls", "before a product among which the casts of its parameters lie", JUDGED
)
HALF = ("fp16", "bf16")
_PRODUCTS = {"addmm": 1, "mm": 0, "linear": 0, "_addmm_activation": 1}
"""Product -> place of its activation among its tensors; its weight follows."""
_SCALED = "am"
"""Symbols of sums and elementwise products: a vector stretched over all samples is a parameter."""


class WeightCast(NamedTuple):
    """One cast of a parameter, and the call that reads the result."""

    stream: Stream
    node: Node
    consumer: Node


def weight_casts(stream: Stream) -> list[WeightCast]:
    """Return the casts from fp32 to 16 bits whose result has the shape of a parameter of the next
    product.

    A product claims each parameter once. Where its activation has the shape of a parameter, one
    cast of that shape more must precede it.
    """
    casts = {operation: cast for operation in stream.distinct if (cast := _cast(operation))}
    given_by = set(casts.values())
    consumers = {
        operation: layer
        for operation in stream.distinct
        if casts
        and (layer := _parameters(operation))[0]
        and any((shape, operation.inputs[-1].dtype) in given_by for shape in layer[0])
    }
    if not consumers:
        return []
    casting = np.flatnonzero(stream.where(casts.__contains__))
    reading = np.flatnonzero(stream.where(consumers.__contains__))
    lasts = np.searchsorted(casting, reading)
    firsts = np.searchsorted(casting, reading - REACH)
    near = firsts < lasts
    places = casting.tolist()
    claimed: set[int] = set()
    found: list[WeightCast] = []
    spans = (edges[near].tolist() for edges in (reading, firsts, lasts))
    for place, first, last in zip(*spans, strict=True):
        operation = stream.operations[place]
        wanted, activation = consumers[operation]
        dtype = operation.inputs[-1].dtype
        read = [(index, casts[stream.operations[index]]) for index in places[first:last]]
        left = [
            (index, shape)
            for index, (shape, given) in read
            if given == dtype and index not in claimed
        ]
        for shape in wanted:
            same = [index for index, one in left if one == shape]
            if len(same) > (shape == activation):
                # Arguments are cast from the last to the first: the activation's cast is nearest.
                index = same[-1 - (shape == activation)]
                claimed.add(index)
                left.remove((index, shape))
                found.append(WeightCast(stream, stream.nodes[index], stream.nodes[place]))
    return found


def _cast(operation: Operation) -> tuple[tuple[int, ...], str | None] | None:
    """Return the shape that a cast from fp32 to 16 bits reads and the data type that it gives; None
    for any other call."""
    source = cast_source(operation)
    shape = None if source is None else _squeezed(source.shape)
    return (shape, operation.outputs[0].dtype) if shape else None


def cast_source(operation: Operation) -> Tensor | None:
    """Return what a copy from fp32 to 16 bits of the same elements reads; None for any other
    call."""
    if (
        operation.symbol != "c"
        or len(operation.outputs) != 1
        or operation.outputs[0].dtype not in HALF
    ):
        return None
    result = operation.outputs[0]
    source = operation.inputs[-1] if operation.inputs else result
    fits = source.dtype == "fp32" and source.shape == result.shape and source.numel > 0
    return source if fits else None


def _parameters(operation: Operation) -> tuple[list[tuple[int, ...]], tuple[int, ...]]:
    """Return the shapes of a layer's weight and bias, or of its scale, as the module keeps them,
    and the shape of its activation."""
    tensors, first = operation.inputs, _PRODUCTS.get(operation.op)
    if operation.family == "convolution" and len(tensors) >= 2 and "backward" not in operation.op:
        activation, weight = tensors[:2]
        shapes = [weight.shape, weight.shape[:1]]
    elif first is not None and len(tensors) >= first + 2 and len(tensors[first + 1].shape) == 2:
        activation, weight = tensors[first : first + 2]
        kept = weight.shape if operation.op == "linear" else weight.shape[::-1]
        shapes = [kept, kept[:1]]
    elif operation.symbol in _SCALED and len(tensors) == 2 and _vector(tensors[1], tensors[0]):
        activation, weight = tensors
        shapes = [weight.shape]
    else:
        return [], ()
    if tensors[-1].dtype not in HALF or not prod(weight.shape):
        return [], ()
    return [_squeezed(shape) for shape in shapes], _squeezed(activation.shape)


def _vector(tensor: Tensor, other: Tensor) -> bool:
    """Whether one size along the innermost dimensions is stretched over all samples."""
    flat = _squeezed(tensor.shape)
    return len(flat) == 1 and tensor.numel == tensor.shape[-1] < other.numel


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape without sizes of 1, which views add and drop."""
    return tuple(size for size in shape if size != 1)
