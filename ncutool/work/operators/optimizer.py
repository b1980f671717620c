"""Optimizer steps over lists of parameters.

A trace records the shapes of tensor lists but not their data type; an element size told by the
kernel's name holds for all of them: these kernels take parameters, gradients and state of one
data type.
"""

from __future__ import annotations

from ncutool.base.thresholds import IntThreshold
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.movement import NO_LIST_DTYPE
from ncutool.work.operators.tensor import Tensor, TensorList

FAMILY = "optimizer"
_CONVENTION = "convention: the operations of its formula, counted"
_ADAM_FLOP = IntThreshold(14, "FLOP per parameter", "a step of Adam", _CONVENTION)
_SGD_FLOP = IntThreshold(4, "FLOP per parameter", "a step of SGD with momentum", _CONVENTION)
_ADAGRAD_FLOP = IntThreshold(7, "FLOP per parameter", "a step of Adagrad", _CONVENTION)


def _foreach(flop_per_element: int) -> Model:
    """`_foreach_add_(xs, ys or scalar, ...)`: every list read, the first written back when in
    place, a new one otherwise. Lists of 0-dim scalars cost nothing."""

    def model(call: OpCall) -> Work:
        lists = _lists(call)
        lists = lists[:-1] if _gives_result(call) else lists
        if not lists:
            raise UnmodelledError(f"no shapes recorded for {call.name}")
        first = lists[0]
        elements = sum(tensor.numel for tensor in first)
        reads = tuple(tensor for group in lists for tensor in group)
        return _listed(flop_per_element * elements, reads, _written(first))

    return model


_OF_THREE = ("_foreach_addcmul", "_foreach_addcdiv", "_foreach_lerp")
_ALONE = ("sqrt", "rsqrt", "neg", "abs", "reciprocal", "exp", "log")
_OF_ONE = tuple(f"_foreach_{name}" for name in _ALONE)


def _gives_result(call: OpCall) -> bool:
    """Whether the last list is the result that was given, behind as many arguments as there are."""
    if call.in_place or not isinstance(call.inputs[-1], TensorList):
        return False
    most = 3 if call.base in _OF_THREE else 1 if call.base in _OF_ONE else 2
    return len(call.inputs) > most


def _fused_adam(call: OpCall) -> Work:
    """`_fused_adam(w)_(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, ...)`: read
    four lists, write back three (five and four with amsgrad), about 14 operations a parameter."""
    params = call.tensor_list(0)
    states = tuple(
        call.tensor_list(index)
        for index in (1, 2, 3, 4)
        if index < len(call.inputs) and _has_list(call, index)
    )
    if len(states) < 3:
        raise UnmodelledError(NO_LIST_DTYPE)
    reads = tuple(tensor for group in (params, *states) for tensor in group)
    written = tuple(tensor for group in (params, *states[1:]) for tensor in _written(group))
    elements = sum(tensor.numel for tensor in params)
    return _listed(_ADAM_FLOP * elements, reads, written)


def _fused_sgd(call: OpCall) -> Work:
    """`_fused_sgd_(params, grads, momentum_buffers, ...)`: read them, write back all but the
    gradients."""
    params, grads = call.tensor_list(0), call.tensor_list(1)
    momenta = call.tensor_list(2) if _has_list(call, 2) else ()
    elements = sum(tensor.numel for tensor in params)
    return _listed(
        _SGD_FLOP * elements,
        (*params, *grads, *momenta),
        (*_written(params), *_written(momenta)),
    )


def _fused_adagrad(call: OpCall) -> Work:
    """`_fused_adagrad_(params, grads, state_sums, steps, ...)`: read three lists, write back
    parameters and sums; square, add, root, add and divide, scale, subtract."""
    params, grads, sums = (call.tensor_list(index) for index in (0, 1, 2))
    elements = sum(tensor.numel for tensor in params)
    return _listed(
        _ADAGRAD_FLOP * elements, (*params, *grads, *sums), (*_written(params), *_written(sums))
    )


def _foreach_norm(call: OpCall) -> Work:
    """`_foreach_norm(xs, ord, dtype)`: every list read, one number a tensor; two operations an
    element."""
    tensors = call.tensor_list(0)
    results = tuple(
        Tensor((1,), tensor.dtype, element_bytes=tensor.element_bytes) for tensor in tensors
    )
    return _listed(2 * sum(tensor.numel for tensor in tensors), tensors, results)


def _foreach_zero(call: OpCall) -> Work:
    """`_foreach_zero_(xs)`: written, not read."""
    return _listed(0, (), _written(call.tensor_list(0)))


def _unscale(call: OpCall) -> Work:
    """`_amp_foreach_non_finite_check_and_unscale_(grads, found_inf, inv_scale)`: read, scaled and
    written back."""
    grads = call.tensor_list(0)
    return _listed(sum(tensor.numel for tensor in grads), grads, _written(grads))


def _has_list(call: OpCall, index: int) -> bool:
    item = call.inputs[index] if index < len(call.inputs) else None
    return isinstance(item, TensorList) and item.tensors is not None


def _lists(call: OpCall) -> tuple[tuple[Tensor, ...], ...]:
    count = sum(isinstance(item, TensorList) for item in call.inputs)
    lists = tuple(
        call.tensor_list(index)
        for index, item in enumerate(call.inputs)
        if isinstance(item, TensorList)
    )
    if not count:
        raise UnmodelledError(f"no shapes recorded for {call.name}")
    return lists


def _written(group: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(tensor.shape, tensor.dtype, element_bytes=tensor.element_bytes) for tensor in group
    )


def _listed(flop: int, reads: tuple[Tensor, ...], writes: tuple[Tensor, ...]) -> Work:
    known = all(tensor.itemsize is not None for tensor in (*reads, *writes))
    return work_of(FAMILY, flop, reads, writes, reason=None if known else NO_LIST_DTYPE)


_ONE = (
    "add sub mul div sqrt rsqrt neg abs reciprocal exp log maximum minimum clamp_min clamp_max pow"
)

MODELS: dict[str, Model] = {
    **{f"aten::_foreach_{name}{form}": _foreach(1) for name in _ONE.split() for form in ("", "_")},
    **{
        f"aten::_foreach_{name}{form}": _foreach(3)
        for name in ("addcmul", "addcdiv", "lerp")
        for form in ("", "_")
    },
    "aten::_foreach_norm": _foreach_norm,
    "aten::_foreach_zero_": _foreach_zero,
    "aten::_amp_foreach_non_finite_check_and_unscale_": _unscale,
    "aten::_fused_adagrad_": _fused_adagrad,
    "aten::_fused_adam_": _fused_adam,
    "aten::_fused_adamw_": _fused_adam,
    "aten::_fused_sgd_": _fused_sgd,
}
