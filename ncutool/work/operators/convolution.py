"""Convolutions, by direct count: 2·N·K·(C/groups)·R·S·P·Q operations in one to three dimensions.

A transposed convolution swaps the roles: its input positions take the place of P·Q. Winograd
and FFT kernels do fewer operations than this count; their rates are then effective rates.
"""

from __future__ import annotations

from math import prod

from ncutool.work.operators import windows
from ncutool.work.operators.arithmetic import multiply_add
from ncutool.work.operators.call import (
    Model,
    OpCall,
    UnmodelledError,
    Work,
    total,
    work_of,
)
from ncutool.work.operators.overloads import Arguments, read
from ncutool.work.operators.tensor import Tensor

FAMILY = "convolution"
STEPS_OVER = "a part of the input alone is read: the stride steps over the rest"
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
    settings = [stretch(item, rank) for item in (stride, padding, dilation, output_padding)]
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


def stretch(values: tuple[int, ...], rank: int) -> tuple[int, ...] | None:
    """Return a setting for each dimension; None where it has neither one value nor ``rank``."""
    if len(values) == 1:
        return values * rank
    return values if len(values) == rank and rank > 0 else None


def _positions(x: Tensor, y: tuple[int, ...], *, transposed: bool) -> int:
    """Places the filter is applied at, all samples together."""
    shape = x.shape if transposed else y
    return shape[0] * prod(shape[2:])


def forward(call: OpCall, arguments: Arguments, *, transposed: bool = False) -> Work:
    """Model a forward convolution with stride, padding, dilation and groups by their names."""
    x, weight = arguments.tensor("self", 3), arguments.tensor("weight", 3)
    settings = tuple(arguments.integers(name) for name in ("stride", "padding", "dilation"))
    stride, padding, dilation = settings
    if "dilation" not in arguments:
        dilation = (1,)
    groups = arguments.integer("groups") or _groups(x, weight)
    shape, met = None, x
    if stride is not None and padding is not None and dilation is not None:
        extra = arguments.integers("output_padding") or (0,)
        shape = output_shape(
            x,
            weight,
            stride,
            padding,
            dilation,
            transposed=transposed,
            output_padding=extra,
            groups=groups,
        )
        met = x if transposed else visited(x, weight, shape, (stride, padding, dilation))
    elif call.output_shape is not None and not transposed:
        shape = call.output_shape
        if len(shape) != len(x.shape) or shape[:2] != (x.shape[0], weight.shape[0]):
            raise UnmodelledError(NO_PADDING)
    elif not transposed:
        raise UnmodelledError(NO_PADDING)
    count = weight.numel * _positions(x, shape or x.shape, transposed=transposed)
    flop, remark = multiply_add(x.dtype) * count, remark_of(x, weight, met)
    if shape is None:
        known = total(x.read_bytes, weight.read_bytes)
        return Work(FAMILY, flop, known, None, dtype=x.dtype, reason=NO_PADDING, remark=remark)
    out, added = Tensor(shape, x.dtype), arguments.optional("z")
    reads = (met, weight, arguments.optional("bias"), added)
    return work_of(FAMILY, flop, reads, (out,), dtype=x.dtype, remark=remark)


def visited(
    x: Tensor, weight: Tensor, shape: tuple[int, ...], settings: tuple[tuple[int, ...], ...]
) -> Tensor:
    """Return the part of the input that the filter meets: a stride may step over the rest.

    Args:
        x: the input, `[N,C,*]`.
        weight: the filter.
        shape: shape of the result.
        settings: stride, padding and dilation.
    """
    rank = len(x.shape) - 2
    steps, pads, gaps = (stretch(item, rank) or (1,) * rank for item in settings)
    return windows.met(x, weight.shape[2:], shape[2:], (steps, pads, gaps))


def _groups(x: Tensor, weight: Tensor) -> int:
    """Tell the groups from the shapes alone: input channels over the filter's."""
    return max(1, x.shape[1] // weight.shape[1]) if weight.shape[1] else 1


def remark_of(x: Tensor, weight: Tensor, met: Tensor) -> str | None:
    """Say what is special about a convolution whose filter meets the part ``met`` of `x`."""
    depthwise = "depthwise" if weight.shape[1] == 1 and x.shape[1] > 1 else None
    partly = STEPS_OVER if met.numel * 2 <= x.numel else None
    return "; ".join(part for part in (depthwise, partly) if part) or None


_PAIR = "Tensor self, Tensor weight"
_LIBRARY = "int[] padding, int[] stride, int[] dilation, int groups"
_CHOICES = "bool benchmark, bool deterministic"
_USUAL = "int[] stride, int[] padding, int[] dilation"
_SLOW = f"{_PAIR}, int[] kernel_size, Tensor? bias, int[] stride, int[] padding"
_GENERAL = f"{_PAIR}, Tensor? bias, {_USUAL}, bool transposed, int[] output_padding, int groups"
_TURNED = (
    f"int[] padding, int[] output_padding, int[] stride, int[] dilation, int groups, {_CHOICES}"
)


def _library_signatures(settings: str) -> tuple[str, ...]:
    """Return the signatures of cuDNN's operators: with TF32 allowed or not, plain or with a result,
    and the one of before 2020, which had a bias and as many arguments."""
    plain = f"{_PAIR}, {settings}"
    return (
        f"{plain}, bool allow_tf32",
        f"{plain}, bool allow_tf32, Tensor out",
        plain,
        f"{_PAIR}, Tensor? bias, {settings}",
    )


def _with_out(signature: str) -> tuple[str, ...]:
    return (signature, f"{signature}, Tensor out")


_SIGNATURES: dict[str, tuple[str, ...]] = {
    "cudnn_convolution": _library_signatures(f"{_LIBRARY}, {_CHOICES}"),
    "cudnn_convolution_transpose": _library_signatures(_TURNED),
    "miopen_convolution": _with_out(f"{_PAIR}, Tensor? bias, {_LIBRARY}, {_CHOICES}"),
    "miopen_depthwise_convolution": _with_out(f"{_PAIR}, Tensor? bias, {_LIBRARY}, {_CHOICES}"),
    "miopen_convolution_transpose": _with_out(f"{_PAIR}, Tensor? bias, {_TURNED}"),
    "mkldnn_convolution": _with_out(f"{_PAIR}, Tensor? bias, {_LIBRARY}"),
    "cudnn_convolution_relu": _with_out(f"{_PAIR}, Tensor? bias, {_USUAL}, int groups"),
    "miopen_convolution_relu": _with_out(f"{_PAIR}, Tensor? bias, {_USUAL}, int groups"),
    "cudnn_convolution_add_relu": _with_out(
        f"{_PAIR}, Tensor z, Scalar? alpha, Tensor? bias, {_USUAL}, int groups"
    ),
    "_conv_depthwise2d": _with_out(f"{_SLOW}, int[] dilation"),
    "conv_depthwise3d": _with_out(f"{_SLOW}, int[] dilation"),
    "_slow_conv2d_forward": _with_out(_SLOW),
    "thnn_conv2d_forward": (
        *_with_out(_SLOW),
        f"{_SLOW}, Tensor out, Tensor? finput, Tensor? fgrad_input",
    ),
    "convolution": _with_out(_GENERAL),
    "convolution_overrideable": _with_out(_GENERAL),
    "_convolution": (
        *_with_out(f"{_GENERAL}, {_CHOICES}, bool cudnn_enabled, bool allow_tf32"),
        f"{_GENERAL}, {_CHOICES}, bool cudnn_enabled",
    ),
    **{
        f"conv{rank}d": (
            f"{_PAIR}, Tensor? bias, {_USUAL}, int groups",
            f"{_PAIR}, Tensor? bias, int[] stride, str padding, int[] dilation, int groups",
        )
        for rank in (1, 2, 3)
    },
    **{
        f"conv_transpose{rank}d": (
            f"{_PAIR}, Tensor? bias, int[] stride, int[] padding, int[] output_padding, "
            "int groups, int[] dilation",
        )
        for rank in (1, 2, 3)
    },
}
"""Base name -> its signatures in PyTorch."""


def _read(call: OpCall) -> Arguments:
    return read(call, *_SIGNATURES[call.base])


def _plain(call: OpCall) -> Work:
    """Model any operator that is not transposed."""
    return forward(call, _read(call))


def _turned(call: OpCall) -> Work:
    """Model any operator that is transposed."""
    return forward(call, _read(call), transposed=True)


def _general(call: OpCall) -> Work:
    """`convolution(x, w, bias, stride, padding, dilation, transposed, output_padding, groups)`."""
    arguments = _read(call)
    transposed = arguments.flag("transposed")
    if transposed is None and call.output_shape is None:
        raise UnmodelledError(NO_PADDING)
    return forward(call, arguments, transposed=bool(transposed))


MODELS: dict[str, Model] = {
    **{f"aten::{name}": _plain for name in _SIGNATURES},
    **{f"aten::{name}": _turned for name in _SIGNATURES if "transpose" in name},
    **{
        f"aten::{name}": _general
        for name in ("convolution", "_convolution", "convolution_overrideable")
    },
}
