"""Convolutions, by direct count: 2·N·K·(C/groups)·R·S·P·Q operations in one to three dimensions.

A transposed convolution swaps the roles: its input positions take the place of P·Q. Winograd
and FFT kernels do fewer operations than this count; their rates are then effective rates.
"""

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
from ncutool.work.operators.tensor import Tensor

FAMILY = "convolution"
NO_PADDING = "padding and stride of the convolution not recorded"


def output_shape(
    x: Tensor,
    weight: Tensor,
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    *,
    transposed: bool = False,
    output_padding: tuple[int, ...] = (0,),
    groups: int = 1,
) -> tuple[int, ...]:
    """Shape of the result for `x[N,C,*]` and `weight[K,C/g,*]` (`[C,K/g,*]` when transposed).

    Raises:
        UnmodelledError: the shapes or settings do not make a convolution.
    """
    rank = len(x.shape) - 2
    settings = [_stretch(item, rank) for item in (stride, padding, dilation, output_padding)]
    if rank < 1 or len(weight.shape) != rank + 2 or any(item is None for item in settings):
        raise UnmodelledError("shapes of the convolution do not fit together")
    steps, pads, gaps, extra = (item or () for item in settings)
    if min(steps) < 1:
        raise UnmodelledError("shapes of the convolution do not fit together")
    sizes: list[int] = []
    for i, (size, kernel) in enumerate(zip(x.shape[2:], weight.shape[2:], strict=True)):
        reach = gaps[i] * (kernel - 1) + 1
        if transposed:
            sizes.append((size - 1) * steps[i] - 2 * pads[i] + reach + extra[i])
        else:
            sizes.append((size + 2 * pads[i] - reach) // steps[i] + 1)
    if min(sizes) < 0:
        raise UnmodelledError("shapes of the convolution do not fit together")
    channels = weight.shape[1] * groups if transposed else weight.shape[0]
    return (x.shape[0], channels, *sizes)


def _stretch(values: tuple[int, ...], rank: int) -> tuple[int, ...] | None:
    if len(values) == 1:
        return values * rank
    return values if len(values) == rank and rank > 0 else None


def _positions(x: Tensor, y: tuple[int, ...], *, transposed: bool) -> int:
    """Places the filter is applied at, all samples together."""
    shape = x.shape if transposed else y
    return shape[0] * prod(shape[2:])


def forward(
    call: OpCall,
    positions: tuple[int, int, int, int],
    *,
    bias: Tensor | None = None,
    transposed: bool = False,
    output_padding: tuple[int, ...] = (0,),
) -> Work:
    """Model a forward convolution with stride, padding, dilation and groups at ``positions``."""
    x, weight = call.tensor(0, 3), call.tensor(1, 3)
    stride, padding, dilation = (call.integers(index) for index in positions[:3])
    groups = call.integer(positions[3]) or _groups(x, weight)
    if stride is not None and padding is not None and dilation is not None:
        shape = output_shape(
            x,
            weight,
            stride,
            padding,
            dilation,
            transposed=transposed,
            output_padding=output_padding,
            groups=groups,
        )
    elif call.output_shape is not None and not transposed:
        shape = call.output_shape
        if len(shape) != len(x.shape) or shape[:2] != (x.shape[0], weight.shape[0]):
            raise UnmodelledError(NO_PADDING)
    elif transposed:
        shape = None
    else:
        raise UnmodelledError(NO_PADDING)
    flop = multiply_add(x.dtype) * weight.numel * _positions(x, shape or x.shape, transposed=transposed)
    remark = _remark(x, weight)
    if shape is None:
        known = total(x.read_bytes, weight.read_bytes)
        return Work(FAMILY, flop, known, None, dtype=x.dtype, reason=NO_PADDING, remark=remark)
    out = Tensor(shape, x.dtype)
    return work_of(FAMILY, flop, (x, weight, bias), (out,), dtype=x.dtype, remark=remark)


def _groups(x: Tensor, weight: Tensor) -> int:
    """Tell the groups from the shapes alone: input channels over the filter's."""
    return max(1, x.shape[1] // weight.shape[1]) if weight.shape[1] else 1


def _remark(x: Tensor, weight: Tensor) -> str | None:
    depthwise = weight.shape[1] == 1 and x.shape[1] > 1
    return "depthwise" if depthwise else None


def _library(call: OpCall) -> Work:
    """`cudnn_convolution(x, w, padding, stride, dilation, groups, ...)`."""
    return forward(call, (3, 2, 4, 5))


def _library_bias(call: OpCall) -> Work:
    """`miopen_convolution(x, w, bias, padding, stride, dilation, groups, ...)` and mkldnn."""
    return forward(call, (4, 3, 5, 6), bias=call.optional(2))


def _relu(call: OpCall) -> Work:
    """`cudnn_convolution_relu(x, w, bias, stride, padding, dilation, groups)`."""
    return forward(call, (3, 4, 5, 6), bias=call.optional(2))


def _depthwise(call: OpCall) -> Work:
    """`_conv_depthwise2d(x, w, kernel_size, bias, stride, padding, dilation)`."""
    return forward(call, (4, 5, 6, -1), bias=call.optional(3))


def _slow(call: OpCall) -> Work:
    """`slow_conv2d_forward(x, w, kernel_size, bias, stride, padding)`; dilation is 1."""
    x, weight = call.tensor(0, 3), call.tensor(1, 3)
    stride, padding = call.integers(4), call.integers(5)
    if stride is None or padding is None:
        raise UnmodelledError(NO_PADDING)
    out = Tensor(output_shape(x, weight, stride, padding, (1,)), x.dtype)
    flop = multiply_add(x.dtype) * weight.numel * _positions(x, out.shape, transposed=False)
    return work_of(FAMILY, flop, (x, weight, call.optional(3)), (out,), dtype=x.dtype)


def _general(call: OpCall) -> Work:
    """`convolution(x, w, bias, stride, padding, dilation, transposed, output_padding, groups)`."""
    transposed = call.flag(6)
    if transposed is None and call.output_shape is None:
        raise UnmodelledError(NO_PADDING)
    return forward(
        call,
        (3, 4, 5, 8),
        bias=call.optional(2),
        transposed=bool(transposed),
        output_padding=call.integers(7) or (0,),
    )


def _conv(call: OpCall) -> Work:
    """`conv1d/2d/3d(x, w, bias, stride, padding, dilation, groups)`."""
    return forward(call, (3, 4, 5, 6), bias=call.optional(2))


def _conv_transpose(call: OpCall) -> Work:
    """`conv_transpose2d(x, w, bias, stride, padding, output_padding, groups, dilation)`."""
    return forward(
        call,
        (3, 4, 7, 6),
        bias=call.optional(2),
        transposed=True,
        output_padding=call.integers(5) or (0,),
    )


def _library_transpose(call: OpCall) -> Work:
    """`cudnn_convolution_transpose(x, w, padding, output_padding, stride, dilation, groups)`."""
    return forward(call, (4, 2, 5, 6), transposed=True, output_padding=call.integers(3) or (0,))


def _library_transpose_bias(call: OpCall) -> Work:
    """`miopen_convolution_transpose`: the same with a bias as the third argument."""
    return forward(
        call,
        (5, 3, 6, 7),
        bias=call.optional(2),
        transposed=True,
        output_padding=call.integers(4) or (0,),
    )


def backward(
    grad: Tensor,
    x: Tensor | None,
    weight: Tensor,
    *,
    mask: tuple[bool, bool, bool],
    transposed: bool = False,
    remark: str | None = None,
) -> Work:
    """Gradients of the input, the weight and the bias as ``mask`` asks for.

    The gradients of input and weight cost what the forward pass does, grouped or not.
    Bytes: the gradient once, the weight for the input's gradient, the input for the weight's.
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
    reads = (grad, weight if mask[0] else None, x if mask[1] else None)
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
    return backward(grad, x, weight, mask=wanted, transposed=transposed, remark=_remark(x, weight))


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
    "aten::cudnn_convolution": _library,
    "aten::miopen_convolution": _library_bias,
    "aten::miopen_depthwise_convolution": _library_bias,
    "aten::mkldnn_convolution": _library_bias,
    "aten::cudnn_convolution_relu": _relu,
    "aten::miopen_convolution_relu": _relu,
    "aten::_conv_depthwise2d": _depthwise,
    "aten::conv_depthwise3d": _depthwise,
    "aten::_slow_conv2d_forward": _slow,
    "aten::thnn_conv2d_forward": _slow,
    "aten::convolution": _general,
    "aten::_convolution": _general,
    "aten::convolution_overrideable": _general,
    "aten::conv1d": _conv,
    "aten::conv2d": _conv,
    "aten::conv3d": _conv,
    "aten::conv_transpose1d": _conv_transpose,
    "aten::conv_transpose2d": _conv_transpose,
    "aten::conv_transpose3d": _conv_transpose,
    "aten::cudnn_convolution_transpose": _library_transpose,
    "aten::miopen_convolution_transpose": _library_transpose_bias,
    "aten::convolution_backward": _convolution_backward,
    "aten::cudnn_convolution_backward_input": _backward_input,
    "aten::miopen_convolution_backward_input": _backward_input,
    "aten::cudnn_convolution_backward_weight": _backward_weight,
    "aten::miopen_convolution_backward_weight": _backward_weight,
}
