"""Copies, fills and concatenations: no FLOPs at all, only bytes."""

from __future__ import annotations

from math import ceil

from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.tensor import SCALAR_TYPES, Tensor

FAMILY = "copy"
NO_LIST_DTYPE = "data type of the tensor list not recorded"


def _copy(call: OpCall) -> Work:
    """`copy_(target, source, non_blocking)`, casting where the data types differ."""
    target, source = call.tensor(0), call.tensor(1)
    out = Tensor(target.shape, target.dtype)
    return work_of(FAMILY, 0, (source,), (out,), dtype=target.dtype)


def _clone(call: OpCall) -> Work:
    """`clone(x)`, `contiguous(x)`."""
    x = call.tensor(0)
    return work_of(FAMILY, 0, (x,), (Tensor(x.shape, x.dtype),), dtype=x.dtype)


def _to_copy(call: OpCall) -> Work:
    """`_to_copy(x, dtype, ...)`."""
    x, code = call.tensor(0), call.integer(1)
    dtype = SCALAR_TYPES.get(code) if code is not None else x.dtype
    return work_of(FAMILY, 0, (x,), (Tensor(x.shape, dtype),), dtype=dtype)


def _fill(call: OpCall) -> Work:
    """`fill_(x, value)`, `zero_(x)`: written, not read."""
    x = call.tensor(0)
    return work_of(FAMILY, 0, (), (Tensor(x.shape, x.dtype),), dtype=x.dtype)


def _random(call: OpCall) -> Work:
    """`normal_(x, ...)`, `uniform_(x, ...)` and others: written, not read; drawing the numbers
    is integer work."""
    return _fill(call)


def _bernoulli(call: OpCall) -> Work:
    """`bernoulli_(x, p)`: written; a tensor of probabilities is read."""
    x = call.tensor(0)
    out = Tensor(x.shape, x.dtype)
    return work_of(FAMILY, 0, (call.optional(1),), (out,), dtype=x.dtype)


def _arange(call: OpCall) -> Work:
    """`arange(start, end, step, out)`: length ⌈(end − start) / step⌉."""
    start, end, step, out = call.number(0), call.number(1), call.number(2), call.optional(3)
    if start is None or end is None or not step or out is None:
        raise UnmodelledError(f"length of {call.name} not recorded")
    length = max(0, ceil((end - start) / step))
    return work_of(FAMILY, 0, (), (Tensor((length,), out.dtype),), dtype=out.dtype)


def _cat(call: OpCall) -> Work:
    """`cat(tensors, dim)`. The list's element size comes from the kernel's name."""
    parts = tuple(part for part in call.tensor_list(0) if part.shape != (0,))
    if not parts:
        raise UnmodelledError(f"no shapes recorded for {call.name}")
    dim = call.integer(1)
    rank = len(parts[0].shape)
    outputs: tuple[Tensor, ...] = ()
    if dim is not None and all(len(part.shape) == rank for part in parts) and -rank <= dim < rank:
        axis = dim % rank
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        outputs = (Tensor(tuple(shape), None, element_bytes=call.list_element_bytes),)
    return _joined(parts, outputs)


def _stack(call: OpCall) -> Work:
    """`stack(tensors, dim)`: a new dimension as long as the list."""
    parts = call.tensor_list(0)
    shape, dim = parts[0].shape, call.integer(1)
    outputs: tuple[Tensor, ...] = ()
    rank = len(shape) + 1
    if dim is not None and -rank <= dim < rank and all(part.shape == shape for part in parts):
        sizes = (*shape[: dim % rank], len(parts), *shape[dim % rank :])
        outputs = (Tensor(sizes, None, element_bytes=call.list_element_bytes),)
    return _joined(parts, outputs)


def _joined(parts: tuple[Tensor, ...], outputs: tuple[Tensor, ...]) -> Work:
    written = tuple(Tensor(part.shape, None, element_bytes=part.element_bytes) for part in parts)
    known = all(part.itemsize is not None for part in parts)
    reason = None if known else NO_LIST_DTYPE
    return work_of(FAMILY, 0, parts, written, outputs=outputs, reason=reason)


def _foreach_copy(call: OpCall) -> Work:
    """`_foreach_copy_(targets, sources)`; both lists are taken to have one data type."""
    targets, sources = call.tensor_list(0), call.tensor_list(1)
    known = all(part.itemsize is not None for part in (*targets, *sources))
    reason = None if known else NO_LIST_DTYPE
    written = tuple(Tensor(part.shape, None, element_bytes=part.element_bytes) for part in targets)
    return work_of(FAMILY, 0, sources, written, reason=reason)


MODELS: dict[str, Model] = {
    "aten::copy_": _copy,
    "aten::clone": _clone,
    "aten::contiguous": _clone,
    "aten::_to_copy": _to_copy,
    "aten::fill_": _fill,
    "aten::zero_": _fill,
    "aten::normal_": _random,
    "aten::uniform_": _random,
    "aten::random_": _random,
    "aten::bernoulli_": _bernoulli,
    "aten::exponential_": _random,
    "aten::arange": _arange,
    "aten::cat": _cat,
    "aten::_cat": _cat,
    "aten::stack": _stack,
    "aten::_foreach_copy_": _foreach_copy,
}
