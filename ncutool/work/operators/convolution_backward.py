"""Gradients of convolutions: of the input and of the weight each what the forward pass costs."""

from __future__ import annotations

from math import prod

from ncutool.work.operators.arithmetic import multiply_add
from ncutool.work.operators.call import (
    NO_DTYPES,
    Model,
    OpCall,
    UnmodelledError,
    Work,
    total,
    work_of,
)
from ncutool.work.operators.convolution import FAMILY, NO_PADDING, remark_of, stretch, visited
from ncutool.work.operators.tensor import Tensor


def backward(
    grad: Tensor,
    x: Tensor | None,
    weight: Tensor,
    *,
    mask: tuple[bool, bool, bool],
    transposed: bool = False,
    remark: str | None = None,
    met: Tensor | None = None,
) -> Work:
    """Gradients of the input, the weight and the bias as ``mask`` asks for.

    The gradients of input and weight cost what the forward pass does, grouped or not.
    Bytes: the gradient once, the weight for the input's gradient, the input for the weight's, or
    the part of it that ``met`` says.
    """
    if len(grad.shape) < 3 or len(weight.shape) != len(grad.shape):
        raise UnmodelledError("shapes of the convolution do not fit together")
    if transposed and x is None:
        raise UnmodelledError("shapes of the convolution do not fit together")
    source = x if transposed and x is not None else grad
    product = multiply_add(grad.dtype) * weight.numel * source.shape[0] * prod(source.shape[2:])
    flop = product * (int(mask[0]) + int(mask[1]))
    if mask[2]:
        flop += grad.numel if flop == 0 else 0  # a bias gradient beside the products is neglected
    dense = None if x is None else Tensor(x.shape, x.dtype, element_bytes=x.element_bytes)
    outputs = tuple(
        tensor
        for wanted, tensor in (
            (mask[0], dense),
            (mask[1], Tensor(weight.shape, weight.dtype)),
            (mask[2], Tensor((grad.shape[1],), grad.dtype)),
        )
        if wanted and tensor is not None
    )
    reads = (grad, weight if mask[0] else None, (met or x) if mask[1] else None)
    if mask[0] and x is None:
        known = total(*(item.read_bytes for item in reads if item is not None))
        reason = NO_PADDING if grad.dtype else NO_DTYPES
        return Work(FAMILY, flop, known, None, dtype=grad.dtype, remark=remark, reason=reason)
    return work_of(FAMILY, flop, reads, outputs, dtype=grad.dtype, remark=remark)


def _convolution_backward(call: OpCall) -> Work:
    """`convolution_backward(grad, x, w, bias_sizes, stride, padding, dilation, transposed,
    output_padding, groups, output_mask)`."""
    mask = call.flags(10)
    if mask is None or len(mask) != 3:
        raise UnmodelledError("which gradients were computed is not recorded")
    transposed = call.flag(7)
    if transposed is None:
        raise UnmodelledError(NO_PADDING)
    grad, x, weight = call.tensor(0, 3), call.tensor(1, 3), call.tensor(2, 3)
    wanted = (mask[0], mask[1], mask[2])
    settings = (call.integers(4), call.integers(5), call.integers(6))
    met = x if transposed else _visited_for(grad, x, weight, settings)
    remark = remark_of(x, weight, met)
    return backward(grad, x, weight, mask=wanted, transposed=transposed, remark=remark, met=met)


def _visited_for(
    grad: Tensor, x: Tensor, weight: Tensor, settings: tuple[tuple[int, ...] | None, ...]
) -> Tensor:
    """Return the part of the input that the gradient of the weight reads; all where settings are
    not recorded or do not fit."""
    rank = len(x.shape) - 2
    if len(grad.shape) != len(x.shape) or len(weight.shape) != len(x.shape):
        return x
    if any(item is None or stretch(item, rank) is None for item in settings):
        return x
    known = tuple(item for item in settings if item is not None)
    return visited(x, weight, grad.shape, known)


def _backward_input(call: OpCall) -> Work:
    """`cudnn_convolution_backward_input(input_size, grad, w, ...)`; the input's size comes from
    the operator that called it."""
    grad, weight = call.tensor(1, 3), call.tensor(2, 3)
    x = _of_parent(call, 0)
    if x is None and call.integers(0) is not None:
        x = Tensor(call.integers(0) or (), grad.dtype)
    return backward(grad, x, weight, mask=(True, False, False))


def _backward_weight(call: OpCall) -> Work:
    """`cudnn_convolution_backward_weight(weight_size, grad, x, ...)`; the weight's size comes
    from the operator that called it."""
    grad, x = call.tensor(1, 3), call.tensor(2, 3)
    weight = _of_parent(call, 2)
    if weight is None and call.integers(0) is not None:
        weight = Tensor(call.integers(0) or (), x.dtype)
    if weight is None:
        raise UnmodelledError("filter size of the convolution not recorded")
    return backward(grad, x, weight, mask=(False, True, False))


def _of_parent(call: OpCall, index: int) -> Tensor | None:
    """Return a tensor of the `*_convolution_backward(x, grad, w, ...)` that called ``call``."""
    parent = call.parent
    if parent is None or not parent.name.endswith("_convolution_backward"):
        return None
    return parent.optional(index)


MODELS: dict[str, Model] = {
    "aten::convolution_backward": _convolution_backward,
    "aten::cudnn_convolution_backward_input": _backward_input,
    "aten::miopen_convolution_backward_input": _backward_input,
    "aten::cudnn_convolution_backward_weight": _backward_weight,
    "aten::miopen_convolution_backward_weight": _backward_weight,
}
