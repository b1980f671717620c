"""Matrix products: exactly 2·M·N·K operations; a bias is not counted (PyTorch's flop_counter).

A complex multiply-add is four real multiplications and four additions: 8·M·N·K. Bytes are
e·(M·K + K·N) + e_out·M·N, each operand by its distinct elements in memory.
"""

from __future__ import annotations

from math import prod

from ncutool.work.operators.arithmetic import multiplication, multiply_add
from ncutool.work.operators.call import (
    Model,
    OpCall,
    UnmodelledError,
    Work,
    work_of,
)
from ncutool.work.operators.overloads import Arguments
from ncutool.work.operators.product_arguments import (
    arguments_of,
    mismatch,
    no_type,
    result_of,
)
from ncutool.work.operators.tensor import Tensor, broadcast

FAMILY = "gemm"


def _product(
    operands: tuple[Tensor, Tensor], count: int, out: Tensor, read_too: Tensor | None, call: OpCall
) -> Work:
    """Return the work of ``count`` multiply-adds on two operands."""
    a, b = operands
    reason = no_type(call) if out.dtype is None and a.dtype is not None else None
    flop = multiply_add(a.dtype) * count
    return work_of(FAMILY, flop, (a, b, read_too), (out,), dtype=a.dtype, reason=reason)


def _addend(arguments: Arguments) -> Tensor | None:
    """Return what is added to the product; it is read unless its factor beta is 0."""
    return None if arguments.number("beta") == 0 else arguments.tensor("self")


def _mm(call: OpCall) -> Work:
    """`mm(a[M,K], b[K,N])`."""
    arguments = arguments_of(call)
    return _matrices(call, arguments, ("self", "mat2"), None)


def _addmm(call: OpCall) -> Work:
    """`addmm(bias, a[M,K], b[K,N], beta, alpha)`; the bias is read unless beta is 0."""
    arguments = arguments_of(call)
    return _matrices(call, arguments, ("mat1", "mat2"), _addend(arguments))


def _matrices(
    call: OpCall, arguments: Arguments, names: tuple[str, str], addend: Tensor | None
) -> Work:
    a, b = (arguments.tensor(name, 2) for name in names)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise mismatch(call)
    (m, k), n = a.shape, b.shape[1]
    return _product((a, b), m * n * k, result_of(arguments, (m, n), a.dtype), addend, call)


def _bmm(call: OpCall) -> Work:
    """`bmm(a[B,M,K], b[B,K,N])`; an expanded batch dimension is read once."""
    return _batched(call, arguments_of(call), ("self", "mat2"), None)


def _baddbmm(call: OpCall) -> Work:
    """`baddbmm(addend, a[B,M,K], b[B,K,N], beta, alpha)`."""
    arguments = arguments_of(call)
    return _batched(call, arguments, ("mat1", "mat2"), _addend(arguments))


def _batched(
    call: OpCall, arguments: Arguments, names: tuple[str, str], addend: Tensor | None
) -> Work:
    a, b = (arguments.tensor(name, 3) for name in names)
    fits = len(a.shape) == len(b.shape) == 3 and a.shape[0] == b.shape[0]
    if not fits or a.shape[2] != b.shape[1]:
        raise mismatch(call)
    (batch, m, k), n = a.shape, b.shape[2]
    out = result_of(arguments, (batch, m, n), a.dtype)
    return _product((a, b), batch * m * n * k, out, addend, call)


def _linear(call: OpCall) -> Work:
    """`linear(x[...,K], w[N,K], bias)`; leading dimensions fold into M."""
    arguments = arguments_of(call)
    x, w = arguments.tensor("self", 1), arguments.tensor("mat2", 1)
    if x.shape[-1] != w.shape[-1] or len(w.shape) > 2:
        raise mismatch(call)
    leading = x.shape[:-1]
    out = result_of(arguments, (*leading, *w.shape[:-1]), x.dtype)
    count = prod(leading) * prod(w.shape[:-1]) * x.shape[-1]
    return _product((x, w), count, out, arguments.optional("bias"), call)


def _matmul(call: OpCall) -> Work:
    """`matmul(a, b)` with broadcast batch dimensions; vectors gain a dimension and lose it."""
    arguments = arguments_of(call)
    a, b = arguments.tensor("self", 1), arguments.tensor("mat2", 1)
    left = a.shape if len(a.shape) > 1 else (1, *a.shape)
    right = b.shape if len(b.shape) > 1 else (*b.shape, 1)
    batch = broadcast(left[:-2], right[:-2])
    if batch is None or left[-1] != right[-2]:
        raise mismatch(call)
    rows = (left[-2],) if len(a.shape) > 1 else ()
    columns = (right[-1],) if len(b.shape) > 1 else ()
    count = prod(batch) * left[-2] * left[-1] * right[-1]
    out = result_of(arguments, (*batch, *rows, *columns), a.dtype)
    return _product((a, b), count, out, None, call)


def _mv(call: OpCall) -> Work:
    """`mv(a[M,K], x[K])`."""
    return _matrix_vector(call, arguments_of(call), ("self", "mat2"), None)


def _addmv(call: OpCall) -> Work:
    """`addmv(bias, a[M,K], x[K], beta, alpha)`."""
    arguments = arguments_of(call)
    return _matrix_vector(call, arguments, ("mat1", "mat2"), _addend(arguments))


def _matrix_vector(
    call: OpCall, arguments: Arguments, names: tuple[str, str], bias: Tensor | None
) -> Work:
    a, x = arguments.tensor(names[0], 2), arguments.tensor(names[1], 1)
    if len(a.shape) != 2 or len(x.shape) != 1 or a.shape[1] != x.shape[0]:
        raise mismatch(call)
    return _product((a, x), a.numel, result_of(arguments, a.shape[:1], a.dtype), bias, call)


def _dot(call: OpCall) -> Work:
    """`dot(x[K], y[K])`."""
    arguments = arguments_of(call)
    x, y = arguments.tensor("self", 1), arguments.tensor("mat2", 1)
    if len(x.shape) != 1 or x.shape != y.shape:
        raise mismatch(call)
    return _product((x, y), x.numel, result_of(arguments, (), x.dtype), None, call)


def _outer(call: OpCall) -> Work:
    """`addr(base[M,N], x[M], y[N])` and `ger(x, y)`: a product of rank 1."""
    arguments = arguments_of(call)
    first = "mat1" if "mat1" in arguments else "self"
    x, y = arguments.tensor(first, 1), arguments.tensor("mat2", 1)
    if len(x.shape) != 1 or len(y.shape) != 1:
        raise mismatch(call)
    out = result_of(arguments, (x.shape[0], y.shape[0]), x.dtype)
    if first == "mat1":
        return _product((x, y), out.numel, out, _addend(arguments), call)
    flop = multiplication(x.dtype) * out.numel
    return work_of(FAMILY, flop, (x, y), (out,), dtype=x.dtype)


def _aiter_gemm(call: OpCall) -> Work:
    """AITER and hipBLASLt 16-bit products `(a[M,K], b[N,K] or b[K,N], ...)`."""
    a, b = call.tensor(0, 2), call.tensor(1, 2)
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise mismatch(call)
    (m, k) = a.shape
    if b.shape[1] == k:
        n = b.shape[0]
    elif b.shape[0] == k:
        n = b.shape[1]
    else:
        raise mismatch(call)
    if a.dtype not in ("bf16", "fp16") or b.dtype != a.dtype:
        raise UnmodelledError(f"no model for {call.name}")
    out = Tensor((m, n), a.dtype)
    return work_of(FAMILY, 2 * m * n * k, (a, b), (out,), dtype=a.dtype)


MODELS: dict[str, Model] = {
    "aten::mm": _mm,
    "aten::addmm": _addmm,
    "aten::addmm_": _addmm,
    "aten::_addmm_activation": _addmm,
    "aten::bmm": _bmm,
    "aten::baddbmm": _baddbmm,
    "aten::baddbmm_": _baddbmm,
    "aten::linear": _linear,
    "aten::matmul": _matmul,
    "aten::mv": _mv,
    "aten::addmv": _addmv,
    "aten::addmv_": _addmv,
    "aten::dot": _dot,
    "aten::vdot": _dot,
    "aten::addr": _outer,
    "aten::ger": _outer,
    "aiter::gemm_a16w16": _aiter_gemm,
    "aiter::hipb_mm": _aiter_gemm,
}
