"""Matrix products: exactly 2·M·N·K operations; a bias is not counted (PyTorch's flop_counter).

Bytes are e·(M·K + K·N) + e_out·M·N, each operand by its distinct elements in memory.
"""

from __future__ import annotations

from math import prod

from ncutool.work.operators.call import (
    NO_DTYPES,
    Model,
    OpCall,
    UnmodelledError,
    Work,
    total,
    work_of,
)
from ncutool.work.operators.tensor import SCALAR_TYPES, Tensor, broadcast

FAMILY = "gemm"


def _mismatch(call: OpCall) -> UnmodelledError:
    return UnmodelledError(f"shapes of {call.name} do not fit together")


def _result(call: OpCall, shape: tuple[int, ...], dtype: str | None, out_index: int) -> Tensor:
    """Return the result, in the data type of an `out=` tensor where one was given."""
    given = call.optional(out_index)
    return Tensor(shape, given.dtype if given is not None and given.dtype else dtype)


def _mm(call: OpCall) -> Work:
    """`mm(a[M,K], b[K,N], out)`."""
    a, b = call.tensor(0, 2), call.tensor(1, 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    (m, k), n = a.shape, b.shape[1]
    out = _result(call, (m, n), a.dtype, 2)
    return work_of(FAMILY, 2 * m * n * k, (a, b), (out,), dtype=a.dtype)


def _addmm(call: OpCall) -> Work:
    """`addmm(bias, a[M,K], b[K,N], beta, alpha, out)`; the bias is read unless beta is 0."""
    bias, a, b = call.tensor(0), call.tensor(1, 2), call.tensor(2, 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    (m, k), n = a.shape, b.shape[1]
    read_bias = None if call.number(3) == 0 else bias
    out = _result(call, (m, n), a.dtype, 5)
    return work_of(FAMILY, 2 * m * n * k, (a, b, read_bias), (out,), dtype=a.dtype)


def _bmm(call: OpCall) -> Work:
    """`bmm(a[B,M,K], b[B,K,N], out)`; an expanded batch dimension is read once."""
    return _batched(call, call.tensor(0, 3), call.tensor(1, 3), None, 2)


def _baddbmm(call: OpCall) -> Work:
    """`baddbmm(addend, a[B,M,K], b[B,K,N], beta, alpha, out)`."""
    addend = call.tensor(0)
    read = None if call.number(3) == 0 else addend
    return _batched(call, call.tensor(1, 3), call.tensor(2, 3), read, 5)


def _batched(call: OpCall, a: Tensor, b: Tensor, addend: Tensor | None, out_index: int) -> Work:
    fits = len(a.shape) == len(b.shape) == 3 and a.shape[0] == b.shape[0]
    if not fits or a.shape[2] != b.shape[1]:
        raise _mismatch(call)
    (batch, m, k), n = a.shape, b.shape[2]
    out = _result(call, (batch, m, n), a.dtype, out_index)
    return work_of(FAMILY, 2 * batch * m * n * k, (a, b, addend), (out,), dtype=a.dtype)


def _linear(call: OpCall) -> Work:
    """`linear(x[...,K], w[N,K], bias)`; leading dimensions fold into M."""
    x, w, bias = call.tensor(0, 1), call.tensor(1, 1), call.optional(2)
    if x.shape[-1] != w.shape[-1] or len(w.shape) > 2:
        raise _mismatch(call)
    leading = x.shape[:-1]
    out = Tensor((*leading, *w.shape[:-1]), x.dtype)
    flop = 2 * prod(leading) * prod(w.shape[:-1]) * x.shape[-1]
    return work_of(FAMILY, flop, (x, w, bias), (out,), dtype=x.dtype)


def _matmul(call: OpCall) -> Work:
    """`matmul(a, b)` with broadcast batch dimensions; vectors gain a dimension and lose it."""
    a, b = call.tensor(0, 1), call.tensor(1, 1)
    left = a.shape if len(a.shape) > 1 else (1, *a.shape)
    right = b.shape if len(b.shape) > 1 else (*b.shape, 1)
    batch = broadcast(left[:-2], right[:-2])
    if batch is None or left[-1] != right[-2]:
        raise _mismatch(call)
    rows = (left[-2],) if len(a.shape) > 1 else ()
    columns = (right[-1],) if len(b.shape) > 1 else ()
    flop = 2 * prod(batch) * left[-2] * left[-1] * right[-1]
    out = Tensor((*batch, *rows, *columns), a.dtype)
    return work_of(FAMILY, flop, (a, b), (out,), dtype=a.dtype)


def _mv(call: OpCall) -> Work:
    """`mv(a[M,K], x[K], out)`."""
    return _matrix_vector(call, call.tensor(0, 2), call.tensor(1, 1), None, 2)


def _addmv(call: OpCall) -> Work:
    """`addmv(bias, a[M,K], x[K], beta, alpha, out)`."""
    read = None if call.number(3) == 0 else call.tensor(0)
    return _matrix_vector(call, call.tensor(1, 2), call.tensor(2, 1), read, 5)


def _matrix_vector(call: OpCall, a: Tensor, x: Tensor, bias: Tensor | None, out: int) -> Work:
    if len(a.shape) != 2 or len(x.shape) != 1 or a.shape[1] != x.shape[0]:
        raise _mismatch(call)
    result = _result(call, a.shape[:1], a.dtype, out)
    return work_of(FAMILY, 2 * a.numel, (a, x, bias), (result,), dtype=a.dtype)


def _dot(call: OpCall) -> Work:
    """`dot(x[K], y[K])`."""
    x, y = call.tensor(0, 1), call.tensor(1, 1)
    if len(x.shape) != 1 or x.shape != y.shape:
        raise _mismatch(call)
    return work_of(FAMILY, 2 * x.numel, (x, y), (Tensor((), x.dtype),), dtype=x.dtype)


def _int_mm(call: OpCall) -> Work:
    """`_int_mm(a int8[M,K], b int8[K,N])` with a 32-bit result."""
    a, b = call.tensor(0, 2), call.tensor(1, 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    out = Tensor((a.shape[0], b.shape[1]), "int32" if a.dtype else None)
    return work_of(FAMILY, 2 * a.numel * b.shape[1], (a, b), (out,), dtype=a.dtype)


def _scaled_mm(call: OpCall) -> Work:
    """`_scaled_mm(a[M,K], b[K,N], scale_a, scale_b, bias, scale_result, out_dtype, fast, out)`.

    FP4 operands pack two values in an element, so their K counts twice. An absent `out_dtype`
    gives a result of the first operand's type; where its value was merely not recorded, the
    bytes are unknown: 8-bit operands give 8-, 16- or 32-bit results.
    """
    a, b = call.tensor(0, 2), call.tensor(1, 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    (m, k), n = a.shape, b.shape[1]
    packed = 2 if a.dtype == "fp4" else 1
    code = call.integer(6)
    given = call.optional(8)
    absent = a.dtype if call.is_absent(6) else None
    dtype = given.dtype if given is not None else SCALAR_TYPES.get(code) if code else absent
    out = Tensor((m, n), dtype)
    scales = tuple(call.optional(index) for index in (2, 3, 4))
    return work_of(
        FAMILY,
        2 * m * n * k * packed,
        (a, b, *scales),
        (out,),
        dtype=a.dtype,
        reason=None if dtype else "result data type of _scaled_mm not recorded",
    )


def _outer(call: OpCall) -> Work:
    """`addr(base[M,N], x[M], y[N])` and `ger(x, y)`: a product of rank 1."""
    x, y = call.tensors[-2:] if len(call.tensors) >= 2 else (call.tensor(0, 1), call.tensor(1, 1))
    if len(x.shape) != 1 or len(y.shape) != 1:
        raise _mismatch(call)
    base = call.optional(0) if len(call.tensors) > 2 else None
    out = Tensor((x.shape[0], y.shape[0]), x.dtype)
    flop = 2 * out.numel if base is not None else out.numel
    return work_of(FAMILY, flop, (x, y, base), (out,), dtype=x.dtype)


def _grouped_mm(call: OpCall) -> Work:
    """`_grouped_mm(a[T,K], b[G,K,N], offsets)`: 2·T·N·K however the rows fall into groups.

    Which groups are empty is not recorded, so the weights read are not known.
    """
    a, b = call.tensor(0, 2), call.tensor(1, 3)
    if len(a.shape) != 2 or len(b.shape) != 3 or a.shape[1] != b.shape[1]:
        raise _mismatch(call)
    (rows, k), n = a.shape, b.shape[2]
    out = Tensor((rows, n), a.dtype)
    return Work(
        FAMILY,
        2 * rows * n * k,
        None,
        total(out.write_bytes),
        dtype=a.dtype,
        outputs=(out,),
        reason="which groups are empty is not recorded" if a.dtype else NO_DTYPES,
    )


def _aiter_gemm(call: OpCall) -> Work:
    """AITER and hipBLASLt 16-bit products `(a[M,K], b[N,K] or b[K,N], ...)`."""
    a, b = call.tensor(0, 2), call.tensor(1, 2)
    if len(a.shape) != 2 or len(b.shape) != 2:
        raise _mismatch(call)
    (m, k) = a.shape
    if b.shape[1] == k:
        n = b.shape[0]
    elif b.shape[0] == k:
        n = b.shape[1]
    else:
        raise _mismatch(call)
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
    "aten::_int_mm": _int_mm,
    "aten::_scaled_mm": _scaled_mm,
    "aten::addr": _outer,
    "aten::ger": _outer,
    "aten::_grouped_mm": _grouped_mm,
    "aiter::gemm_a16w16": _aiter_gemm,
    "aiter::hipb_mm": _aiter_gemm,
}
