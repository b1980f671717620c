"""Softmax and normalisations. They move memory; their FLOPs are a convention per element.

Forward: softmax 5 (max, subtract, exp, add, divide), layer, batch and group norm 8, RMS norm 5.
Backward: softmax 4, RMS norm 10, the others 14. Bytes are compulsory traffic: a batch norm that
reads its input twice (large planes) moves up to half as much again.
"""

from __future__ import annotations

from ncutool.base.thresholds import ThresholdTable
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.tensor import SCALAR_TYPES, Tensor

FAMILY = "normalization"
SOFTMAX = "softmax"
_FLOP = ThresholdTable(
    {
        "forward": 8,
        "backward": 14,
        "rms_forward": 5,
        "rms_backward": 10,
        "softmax_forward": 5,
        "softmax_backward": 4,
        "batch_norm_inference": 4,
    },
    "FLOP per element",
    "softmax and normalisations, a square root or a division as one",
    "convention: the operations of their formulas, counted",
)
_TAKEN_FOR_TRAINING = "taken for training: flag not recorded"


def _statistics(x: Tensor, *shape: int) -> Tensor:
    """Means or inverse deviations: fp32, or fp64 for an fp64 input."""
    return Tensor(shape, "fp64" if x.dtype == "fp64" else "fp32" if x.dtype else None)


def _like(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else Tensor(tensor.shape, tensor.dtype)


def _wanted(call: OpCall, index: int, count: int) -> tuple[bool, ...]:
    """Return which gradients a mask asks for: all ``count`` of them where none was recorded."""
    mask = call.flags(index)
    if mask is None:
        return (True,) * count
    if len(mask) != count:
        raise UnmodelledError(f"which gradients {call.name} computed is not recorded")
    return mask


def _softmax(call: OpCall) -> Work:
    """`_softmax(x, dim, half_to_float, out)`, `_log_softmax` alike."""
    x, given = call.tensor(0), call.optional(3)
    widened = call.flag(2) is True and x.dtype is not None
    dtype = given.dtype if given is not None else "fp32" if widened else x.dtype
    out = Tensor(x.shape, dtype)
    return work_of(SOFTMAX, _FLOP["softmax_forward"] * x.numel, (x,), (out,), dtype=x.dtype)


def _softmax_composite(call: OpCall) -> Work:
    """`softmax(x, dim, dtype)`."""
    x, code = call.tensor(0), call.integer(2)
    dtype = SCALAR_TYPES.get(code) if code is not None and x.dtype else x.dtype
    out = Tensor(x.shape, dtype)
    return work_of(SOFTMAX, _FLOP["softmax_forward"] * x.numel, (x,), (out,), dtype=x.dtype)


def _softmax_backward(call: OpCall) -> Work:
    """`_softmax_backward_data(grad, y, dim, input_dtype, out)`; up to PyTorch 1.10 the fourth
    argument was the input itself, which is not read."""
    grad, y = call.tensor(0), call.tensor(1)
    given, code = call.optional(4) or call.optional(3), call.integer(3)
    dtype = grad.dtype
    if given is not None:
        dtype = given.dtype
    elif code is not None and dtype is not None:
        dtype = SCALAR_TYPES.get(code)
    out = Tensor(grad.shape, dtype)
    return work_of(
        SOFTMAX, _FLOP["softmax_backward"] * grad.numel, (grad, y), (out,), dtype=grad.dtype
    )


def _row_shape(
    call: OpCall, x: Tensor, normalized: Tensor | None, sizes_index: int
) -> tuple[int, ...]:
    """Shape of one value for each row that is normalised on its own: `x`'s, its end all 1."""
    width = call.integers(sizes_index)
    sizes = normalized.shape if normalized is not None else width
    if not sizes or 0 in sizes or x.shape[-len(sizes) :] != sizes:
        raise UnmodelledError(f"normalized shape of {call.name} not recorded")
    return (*x.shape[: -len(sizes)], *(1 for _ in sizes))


def _layer_norm(call: OpCall) -> Work:
    """`native_layer_norm(x, normalized_shape, weight, bias, eps)`: y, mean and rstd."""
    x, weight, bias = call.tensor(0), call.optional(2), call.optional(3)
    stats = _statistics(x, *_row_shape(call, x, weight or bias, 1))
    writes = (Tensor(x.shape, x.dtype), stats, stats)
    return work_of(FAMILY, _FLOP["forward"] * x.numel, (x, weight, bias), writes, dtype=x.dtype)


def _layer_norm_backward(call: OpCall) -> Work:
    """`native_layer_norm_backward(grad, x, normalized_shape, mean, rstd, weight, bias, mask)`."""
    grad, x = call.tensor(0), call.tensor(1)
    mean, rstd = call.optional(3), call.optional(4)
    weight, bias = call.optional(5), call.optional(6)
    mask = _wanted(call, 7, 3)
    writes = (
        _like(x) if mask[0] else None,
        _like(weight) if mask[1] else None,
        _like(bias) if mask[2] else None,
    )
    reads = (grad, x, mean, rstd, weight if mask[0] else None)
    return work_of(FAMILY, _FLOP["backward"] * x.numel, reads, writes, dtype=x.dtype)


def _rms_norm(call: OpCall) -> Work:
    """`rms_norm(x, normalized_shape, weight, eps)`."""
    x, weight = call.tensor(0), call.optional(2)
    out = Tensor(x.shape, x.dtype)
    return work_of(FAMILY, _FLOP["rms_forward"] * x.numel, (x, weight), (out,), dtype=x.dtype)


def _fused_rms_norm(call: OpCall) -> Work:
    """`_fused_rms_norm(x, normalized_shape, weight, eps)`: y and rstd."""
    x, weight = call.tensor(0), call.optional(2)
    writes = (Tensor(x.shape, x.dtype), _statistics(x, *_row_shape(call, x, weight, 1)))
    return work_of(FAMILY, _FLOP["rms_forward"] * x.numel, (x, weight), writes, dtype=x.dtype)


def _fused_rms_norm_backward(call: OpCall) -> Work:
    """`_fused_rms_norm_backward(grad, x, normalized_shape, rstd, weight, mask)`."""
    grad, x = call.tensor(0), call.tensor(1)
    rstd, weight = call.optional(3), call.optional(4)
    mask = _wanted(call, 5, 2)
    writes = (_like(x) if mask[0] else None, _like(weight) if mask[1] else None)
    reads = (grad, x, rstd, weight if mask[0] else None)
    return work_of(FAMILY, _FLOP["rms_backward"] * x.numel, reads, writes, dtype=x.dtype)


def _batch_norm(call: OpCall) -> Work:
    """`*_batch_norm(x, weight, bias, running_mean, running_var, training, momentum, eps)`."""
    x = call.tensor(0, 2)
    parameters = tuple(call.optional(index) for index in (1, 2, 3, 4))
    training = call.flag(5)
    out = Tensor(x.shape, x.dtype)
    if training is False:
        flop = _FLOP["batch_norm_inference"] * x.numel
        return work_of(FAMILY, flop, (x, *parameters), (out,), dtype=x.dtype)
    stats = _statistics(x, x.shape[1])
    running = tuple(_like(tensor) for tensor in parameters[2:])
    return work_of(
        FAMILY,
        _FLOP["forward"] * x.numel,
        (x, *parameters),
        (out, stats, stats, *running),
        dtype=x.dtype,
        outputs=(out, stats, stats),
        remark=_TAKEN_FOR_TRAINING if training is None else None,
        flop_exactness="estimate" if training is None else "exact",
        bytes_exactness="estimate" if training is None else "exact",
    )


def _batch_norm_backward(call: OpCall) -> Work:
    """`(grad or x, x or grad, weight, running_mean, running_var, save_mean, save_invstd, ...)`.

    cuDNN and MIOpen swap the first two arguments, which have one shape. The statistics of the
    batch are read, or the running ones where `train`, the next argument of the native operator,
    is false.
    """
    first, second = call.tensor(0, 2), call.tensor(1, 2)
    if first.shape != second.shape:
        raise UnmodelledError(f"shapes of {call.name} do not fit together")
    weight, trained = call.optional(2), call.flag(7) is not False
    mean, invstd = (call.optional(index) for index in ((5, 6) if trained else (3, 4)))
    mask = _wanted(call, 9, 3)
    channel = _like(weight) or _like(mean) or _statistics(first, first.shape[1])
    writes = (
        _like(second) if mask[0] else None,
        channel if mask[1] else None,
        channel if mask[2] else None,
    )
    reads = (first, second, weight if mask[0] else None, mean, invstd)
    return work_of(FAMILY, _FLOP["backward"] * first.numel, reads, writes, dtype=first.dtype)


def _group_norm(call: OpCall) -> Work:
    """`native_group_norm(x, weight, bias, N, C, HxW, groups, eps)`: y, mean and rstd."""
    x, weight, bias = call.tensor(0, 2), call.optional(1), call.optional(2)
    groups = call.integer(6)
    if groups is None:
        raise UnmodelledError(f"groups of {call.name} not recorded")
    stats = _statistics(x, x.shape[0], groups)
    writes = (Tensor(x.shape, x.dtype), stats, stats)
    return work_of(FAMILY, _FLOP["forward"] * x.numel, (x, weight, bias), writes, dtype=x.dtype)


def _group_norm_backward(call: OpCall) -> Work:
    """`native_group_norm_backward(grad, x, mean, rstd, weight, N, C, HxW, groups, mask)`."""
    grad, x = call.tensor(0), call.tensor(1)
    mean, rstd, weight = call.optional(2), call.optional(3), call.optional(4)
    mask = _wanted(call, 9, 3)
    per_channel = _like(weight)
    writes = (
        _like(x) if mask[0] else None,
        per_channel if mask[1] else None,
        per_channel if mask[2] else None,
    )
    reads = (grad, x, mean, rstd, weight if mask[0] else None)
    return work_of(FAMILY, _FLOP["backward"] * x.numel, reads, writes, dtype=x.dtype)


def _group_norm_inference(call: OpCall) -> Work:
    """AITER: `_groupnorm_run(x, groups, weight, bias, eps)`."""
    x, weight, bias = call.tensor(0), call.optional(2), call.optional(3)
    out = Tensor(x.shape, x.dtype)
    return work_of(FAMILY, _FLOP["forward"] * x.numel, (x, weight, bias), (out,), dtype=x.dtype)


MODELS: dict[str, Model] = {
    "aten::_softmax": _softmax,
    "aten::_log_softmax": _softmax,
    "aten::softmax": _softmax_composite,
    "aten::log_softmax": _softmax_composite,
    "aten::_softmax_backward_data": _softmax_backward,
    "aten::_log_softmax_backward_data": _softmax_backward,
    "aten::native_layer_norm": _layer_norm,
    "aten::native_layer_norm_backward": _layer_norm_backward,
    "aten::rms_norm": _rms_norm,
    "aten::_fused_rms_norm": _fused_rms_norm,
    "aten::_fused_rms_norm_backward": _fused_rms_norm_backward,
    "aten::native_batch_norm": _batch_norm,
    "aten::cudnn_batch_norm": _batch_norm,
    "aten::miopen_batch_norm": _batch_norm,
    "aten::native_batch_norm_backward": _batch_norm_backward,
    "aten::cudnn_batch_norm_backward": _batch_norm_backward,
    "aten::miopen_batch_norm_backward": _batch_norm_backward,
    "aten::native_group_norm": _group_norm,
    "aten::native_group_norm_backward": _group_norm_backward,
    "aiter::_groupnorm_run": _group_norm_inference,
}
