"""Reductions, pooling and losses: n − (results) additions, mean one division a result more.

The reduced dimensions stand in `Concrete Inputs` as text. Where a trace does not record them the
result's size is unknown: the bytes are then a lower bound and the FLOPs an upper one.
"""

from __future__ import annotations

from math import prod

from msgspec.structs import replace

from ncutool.work.operators import elementwise, windows
from ncutool.work.operators.arithmetic import addition, multiplication
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.overloads import NO_SIGNATURE
from ncutool.work.operators.tensor import REAL, SCALAR_TYPES, Scalar, Tensor, is_floating

FAMILY = "reduction"
_EVERYTHING: tuple[tuple[int, ...], bool] = ((), True)
"""Shape of a result that is one element, and that it is known."""
NO_DIMS = "reduced dimensions not recorded: bytes at least, FLOPs at most"


def reduced_shape(
    shape: tuple[int, ...], dims: tuple[int, ...] | None, *, keep: bool
) -> tuple[int, ...]:
    """Shape after reducing ``dims`` (negative from the end; None or empty reduces all)."""
    rank = len(shape)
    every = dims is None or not dims
    if not rank and set(dims or ()) <= {-1, 0}:
        return ()
    if not every and any(not -rank <= dim < rank for dim in dims or ()):
        raise UnmodelledError("reduced dimensions lie outside the shape")
    gone = set(range(rank)) if every else {dim % rank for dim in dims or ()}
    if keep:
        return tuple(1 if i in gone else size for i, size in enumerate(shape))
    return tuple(size for i, size in enumerate(shape) if i not in gone)


def _result(
    call: OpCall, x: Tensor, dim_index: int, keep_index: int, out_index: int
) -> tuple[tuple[int, ...], bool]:
    """Shape of the result, and whether it is known."""
    given = call.optional(out_index)
    if given is not None and given.numel > 0:
        return given.shape, True
    dims = call.integers(dim_index)
    if dims is None and not _reduces_all(call):
        return (), False
    return reduced_shape(x.shape, dims, keep=call.flag(keep_index) is True), True


def _reduces_all(call: OpCall) -> bool:
    """Whether an absent `dim` was recorded as absent: other values are there, or it was None."""
    return any(isinstance(item, Scalar) and item.value is not None for item in call.inputs)


def _sum(call: OpCall) -> Work:
    """`sum(x, dtype)` reduces all; `sum(x, dim, keepdim, dtype, out)` some. mean, prod alike."""
    x = call.tensor(0)
    _expect(call, 5)
    code = call.integer(1) if len(call.inputs) <= 2 else call.integer(3)
    if len(call.inputs) <= 2:
        shape, known = _EVERYTHING
    else:
        shape, known = _result(call, x, 1, 2, 4)
    dtype = x.dtype
    given = call.optional(4)
    if given is not None:
        return _reduce(call, x, Tensor(shape, given.dtype), known)
    if code is not None and dtype is not None:
        dtype = SCALAR_TYPES.get(code, dtype)
    elif dtype is not None and not is_floating(dtype):
        dtype = "int64"
    return _reduce(call, x, Tensor(shape, dtype), known)


def _expect(call: OpCall, most: int) -> None:
    """Refuse a call of more arguments than the operator has, with one for its result."""
    if len(call.inputs) > most:
        raise UnmodelledError(f"{call.name} with {len(call.inputs)} arguments {NO_SIGNATURE}")


def _reduce(call: OpCall, x: Tensor, out: Tensor, known: bool) -> Work:
    """Return the work of adding up, or multiplying where it is a product."""
    step = multiplication(x.dtype) if call.base == "prod" else addition(x.dtype)
    divisions = out.numel * addition(x.dtype) if call.base == "mean" else 0
    flop = step * max(0, x.numel - out.numel) + divisions
    if not known:
        flop = step * x.numel
    if not is_floating(x.dtype):
        flop = 0
    writes = (out,) if known else ()
    work = work_of(FAMILY, flop, (x,), writes, dtype=x.dtype)
    return (
        work
        if known
        else replace(_unknown_dims(work), flop_exactness="upper_bound" if flop else "exact")
    )


def _unknown_dims(work: Work) -> Work:
    """Mark work whose result's size is unknown: what it writes is not counted."""
    return replace(work, remark=NO_DIMS, bytes_exactness="lower_bound")


def _amax(call: OpCall) -> Work:
    """`amax(x, dim, keepdim, out)`, amin and logsumexp alike; logsumexp of integers is fp32."""
    x = call.tensor(0)
    _expect(call, 4)
    shape, known = _result(call, x, 1, 2, 3)
    widened = call.base == "logsumexp" and not is_floating(x.dtype)
    return _reduce(call, x, Tensor(shape, "fp32" if widened else x.dtype), known)


def _norm(call: OpCall) -> Work:
    """`linalg_vector_norm(x, ord, dim, keepdim, dtype, out)`, `norm(x, p, dim, keepdim, dtype)` and
    `norm(x, p, dtype)`: two operations an element, four a complex one, whose norm is real."""
    x = call.tensor(0)
    _expect(call, 6)
    overall = len(call.inputs) == 3 and call.base == "norm"
    if len(call.inputs) <= 2 or overall:
        shape, known = _EVERYTHING
    else:
        shape, known = _result(call, x, 2, 3, 5)
    code = call.integer(2 if overall else 4)
    kept = SCALAR_TYPES.get(code) if code is not None and x.dtype else x.dtype
    reduced = _reduce(call, x, Tensor(shape, REAL.get(kept or "", kept)), known)
    flop = 2 * addition(x.dtype) * x.numel if is_floating(x.dtype) else 0
    return replace(reduced, flop=flop, flop_exactness="exact")


def _max(call: OpCall) -> Work:
    """`max(x)` reduces all, `max(x, dim, keepdim)` gives values and indices, `max(a, b)` is
    elementwise; min alike. Comparisons count as no FLOP."""
    x = call.tensor(0)
    if len(call.inputs) == 1:
        return work_of(FAMILY, 0, (x,), (Tensor((), x.dtype),), dtype=x.dtype)
    if call.optional(1) is not None:
        return elementwise.pointwise(call, elementwise.RULES["maximum"])
    return _with_indices(call, x, 1, 2)


def _with_indices(call: OpCall, x: Tensor, dim_index: int, keep_index: int) -> Work:
    shape, known = _result(call, x, dim_index, keep_index, len(call.inputs))
    writes = (Tensor(shape, x.dtype), Tensor(shape, "int64")) if known else ()
    work = work_of(FAMILY, 0, (x,), writes, dtype=x.dtype)
    return work if known else _unknown_dims(work)


def _argmax(call: OpCall) -> Work:
    """`argmax(x, dim, keepdim, out)`: indices only, no FLOP."""
    x = call.tensor(0)
    shape, known = _result(call, x, 1, 2, 3)
    writes = (Tensor(shape, "int64"),) if known else ()
    work = work_of(FAMILY, 0, (x,), writes, dtype=x.dtype)
    return work if known else _unknown_dims(work)


def _any(call: OpCall) -> Work:
    """`any(x)`, `any(x, dim, keepdim)`; all alike: one byte a result, no FLOP. uint8 stays it."""
    x = call.tensor(0)
    if len(call.inputs) == 1:
        shape, known = _EVERYTHING
    else:
        shape, known = _result(call, x, 1, 2, 3)
    writes = (Tensor(shape, "uint8" if x.dtype == "uint8" else "bool"),) if known else ()
    work = work_of(FAMILY, 0, (x,), writes, dtype=x.dtype)
    return work if known else _unknown_dims(work)


def _cumulative(call: OpCall) -> Work:
    """`cumsum(x, dim, dtype, out)`: as many results as elements."""
    x, given, code = call.tensor(0), call.optional(3), call.integer(2)
    dtype = x.dtype
    if given is not None:
        dtype = given.dtype
    elif code is not None and dtype is not None:
        dtype = SCALAR_TYPES.get(code, dtype)
    elif dtype is not None and not is_floating(dtype):
        dtype = "int64"
    step = multiplication(x.dtype) if call.base == "cumprod" else addition(x.dtype)
    flop = step * x.numel if is_floating(x.dtype) else 0
    return work_of(FAMILY, flop, (x,), (Tensor(x.shape, dtype),), dtype=x.dtype)


def _nll_loss(call: OpCall) -> Work:
    """`nll_loss_forward(x[N,C], target[N], weight, reduction, ignore)` reads one value a row."""
    x, target = call.tensor(0, 1), call.tensor(1)
    picked = Tensor((target.numel,), x.dtype)
    out = Tensor((), x.dtype)
    reads = (picked, target, call.optional(2))
    return work_of(FAMILY, 2 * target.numel, reads, (out, out), dtype=x.dtype)


def _nll_loss_backward(call: OpCall) -> Work:
    """`nll_loss_backward(grad, x[N,C], target[N], ...)` writes the whole gradient."""
    x, target = call.tensor(1, 1), call.tensor(2)
    out = Tensor(x.shape, x.dtype)
    return work_of(FAMILY, target.numel, (target, call.optional(3)), (out,), dtype=x.dtype)


def _rank(call: OpCall) -> int:
    """Return the dimensions that a pooling slides over, as its name says."""
    return int(call.base[call.base.index("pool") + 4])


def _each(values: tuple[int, ...] | None, rank: int) -> tuple[int, ...] | None:
    """Return a setting for each dimension: one value holds for all; None where there is none."""
    if not values:
        return None
    if len(values) not in (1, rank):
        raise UnmodelledError("settings of the pooling do not fit its dimensions")
    return values * rank if len(values) == 1 else values


def _pooled(call: OpCall, x: Tensor, ceil_index: int) -> tuple[tuple[int, ...], Tensor]:
    """Return the result of `pool(x, kernel, stride, padding, dilation, ceil_mode)`, and the part of
    `x` that its windows meet."""
    rank = _rank(call)
    kernel, stride, padding = (_each(call.integers(index), rank) for index in (1, 2, 3))
    dilation = _each(call.integers(4) if ceil_index == 5 else (1,), rank)
    if kernel is None or padding is None or dilation is None:
        raise UnmodelledError("kernel size and stride of the pooling not recorded")
    steps, pads, gaps = stride or kernel, padding, dilation
    if len(x.shape) <= rank or min(steps) < 1:
        raise UnmodelledError(f"shapes of {call.name} do not fit together")
    ceil = call.flag(ceil_index) is True
    sizes: list[int] = []
    for i, size in enumerate(x.shape[-rank:]):
        free = size + 2 * pads[i] - gaps[i] * (kernel[i] - 1) - 1
        count = -(-free // steps[i]) + 1 if ceil else free // steps[i] + 1
        if ceil and (count - 1) * steps[i] >= size + pads[i]:
            count -= 1
        sizes.append(max(0, count))
    settings = (steps, pads, gaps)
    return (*x.shape[:-rank], *sizes), windows.met(x, kernel, tuple(sizes), settings)


def _max_pool(call: OpCall) -> Work:
    """`max_pool2d_with_indices(x, kernel, stride, padding, dilation, ceil_mode)`: no FLOP."""
    x = call.tensor(0, 2)
    shape, part = (call.output_shape, x) if call.output_shape else _pooled(call, x, 5)
    writes = (Tensor(shape, x.dtype), Tensor(shape, "int64" if x.dtype else None))
    return work_of(FAMILY, 0, (part,), writes, dtype=x.dtype)


def _max_pool_backward(call: OpCall) -> Work:
    """`max_pool2d_with_indices_backward(grad, x, ..., indices, grad_input)`; x is not read."""
    grad, x, indices = call.tensor(0), call.tensor(1), call.tensor(7)
    out = Tensor(x.shape, x.dtype)
    known = indices if indices.dtype is not None or grad.dtype is None else None
    flop = grad.numel if is_floating(grad.dtype) else 0
    return work_of(FAMILY, flop, (grad, known), (out,), dtype=grad.dtype)


def _avg_pool(call: OpCall) -> Work:
    """`avg_pool2d(x, kernel, stride, padding, ceil_mode)`: one operation an element and window."""
    x, kernel = call.tensor(0, 2), _each(call.integers(1), _rank(call))
    shape, part = _pooled(call, x, 4)
    out = Tensor(shape, x.dtype)
    return work_of(FAMILY, out.numel * prod(kernel or (1,)), (part,), (out,), dtype=x.dtype)


def _adaptive_pool(call: OpCall) -> Work:
    """`_adaptive_avg_pool2d(x, output_size)`."""
    x, sizes = call.tensor(0, 2), _each(call.integers(1), _rank(call))
    if sizes is None or len(sizes) >= len(x.shape):
        raise UnmodelledError("output size of the pooling not recorded")
    out = Tensor((*x.shape[: -len(sizes)], *sizes), x.dtype)
    return work_of(FAMILY, x.numel, (x,), (out,), dtype=x.dtype)


MODELS: dict[str, Model] = {
    "aten::sum": _sum,
    "aten::nansum": _sum,
    "aten::mean": _sum,
    "aten::prod": _sum,
    "aten::amax": _amax,
    "aten::amin": _amax,
    "aten::logsumexp": _amax,
    "aten::norm": _norm,
    "aten::linalg_vector_norm": _norm,
    "aten::max": _max,
    "aten::min": _max,
    "aten::argmax": _argmax,
    "aten::argmin": _argmax,
    "aten::any": _any,
    "aten::all": _any,
    "aten::cumsum": _cumulative,
    "aten::cumprod": _cumulative,
    "aten::nll_loss_forward": _nll_loss,
    "aten::nll_loss_backward": _nll_loss_backward,
    "aten::max_pool2d_with_indices": _max_pool,
    "aten::max_pool2d_with_indices_backward": _max_pool_backward,
    "aten::avg_pool2d": _avg_pool,
    "aten::_adaptive_avg_pool2d": _adaptive_pool,
}
