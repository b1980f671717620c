"""Matrix products: exactly 2·M·N·K operations; a bias is not counted (PyTorch's flop_counter).

A complex multiply-add is four real multiplications and four additions: 8·M·N·K. Bytes are
e·(M·K + K·N) + e_out·M·N, each operand by its distinct elements in memory.
"""

from __future__ import annotations

from math import prod

from ncutool.work.operators.arithmetic import multiplication, multiply_add, packed
from ncutool.work.operators.call import (
    NO_DTYPES,
    Model,
    OpCall,
    UnmodelledError,
    Work,
    total,
    work_of,
)
from ncutool.work.operators.overloads import Arguments, read
from ncutool.work.operators.tensor import SCALAR_TYPES, Tensor, broadcast

FAMILY = "gemm"


_TYPED = "ScalarType out_dtype"
_SCALED = "Scalar beta, Scalar alpha"


def _with_results(operands: str, factors: str = "", *, typed: bool = False) -> tuple[str, ...]:
    """Return the signatures of a product: plain, with `out`, and with `out_dtype` where ``typed``.

    The data type of the result stands before the factors, and moves them by one.
    """
    ends = [factors, f"{factors}, Tensor out" if factors else "Tensor out"]
    plain = [f"{operands}, {end}" if end else operands for end in ends]
    moved = [f"{operands}, {_TYPED}, {end}" if end else f"{operands}, {_TYPED}" for end in ends]
    return (*plain, *moved) if typed else tuple(plain)


_SIGNATURES: dict[str, tuple[str, ...]] = {
    "mm": _with_results("Tensor self, Tensor mat2", typed=True),
    "bmm": _with_results("Tensor self, Tensor mat2", typed=True),
    "addmm": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED, typed=True),
    "_addmm_activation": _with_results(
        "Tensor self, Tensor mat1, Tensor mat2", f"{_SCALED}, bool use_gelu"
    ),
    "baddbmm": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED, typed=True),
    "linear": _with_results("Tensor self, Tensor mat2, Tensor? bias"),
    "matmul": _with_results("Tensor self, Tensor mat2"),
    "mv": _with_results("Tensor self, Tensor mat2"),
    "addmv": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED),
    "dot": _with_results("Tensor self, Tensor mat2"),
    "vdot": _with_results("Tensor self, Tensor mat2"),
    "_int_mm": _with_results("Tensor self, Tensor mat2"),
    "addr": _with_results("Tensor self, Tensor mat1, Tensor mat2", _SCALED),
    "ger": _with_results("Tensor self, Tensor mat2"),
    "_scaled_mm": (
        *_with_results(
            "Tensor self, Tensor mat2, Tensor scale_a, Tensor scale_b, Tensor? bias, "
            "Tensor? scale_result, ScalarType? out_dtype, bool use_fast_accum"
        ),
        # PyTorch 2.1 and 2.2, which give the largest element of the result too
        "Tensor self, Tensor mat2, Tensor? bias, ScalarType? out_dtype, Tensor? scale_a, "
        "Tensor? scale_b, Tensor? scale_result, bool use_fast_accum",
    ),
    "_grouped_mm": ("Tensor self, Tensor mat2, Tensor? offs, Tensor? bias, ScalarType? out_dtype",),
    "_scaled_grouped_mm": (
        "Tensor self, Tensor mat2, Tensor scale_a, Tensor scale_b, Tensor? offs, Tensor? bias, "
        "Tensor? scale_result, ScalarType? out_dtype, bool use_fast_accum",
    ),
}
"""Base name -> its signatures in PyTorch."""


def _read(call: OpCall) -> Arguments:
    return read(call, *_SIGNATURES[call.base])


def _mismatch(call: OpCall) -> UnmodelledError:
    return UnmodelledError(f"shapes of {call.name} do not fit together")


def _no_type(call: OpCall) -> str:
    return f"result data type of {call.base} not recorded"


def _result(read_call: Arguments, shape: tuple[int, ...], dtype: str | None) -> Tensor:
    """Return the result, in the data type of an `out` tensor or of `out_dtype` where given."""
    given = read_call.optional("out")
    if given is not None and given.dtype:
        return Tensor(shape, given.dtype)
    if "out_dtype" in read_call and not read_call.is_absent("out_dtype"):
        code = read_call.integer("out_dtype")
        return Tensor(shape, None if code is None else SCALAR_TYPES.get(code))
    return Tensor(shape, dtype)


def _product(
    operands: tuple[Tensor, Tensor], count: int, out: Tensor, read_too: Tensor | None, call: OpCall
) -> Work:
    """Return the work of ``count`` multiply-adds on two operands."""
    a, b = operands
    reason = _no_type(call) if out.dtype is None and a.dtype is not None else None
    flop = multiply_add(a.dtype) * count
    return work_of(FAMILY, flop, (a, b, read_too), (out,), dtype=a.dtype, reason=reason)


def _addend(arguments: Arguments) -> Tensor | None:
    """Return what is added to the product; it is read unless its factor beta is 0."""
    return None if arguments.number("beta") == 0 else arguments.tensor("self")


def _mm(call: OpCall) -> Work:
    """`mm(a[M,K], b[K,N])`."""
    arguments = _read(call)
    return _matrices(call, arguments, ("self", "mat2"), None)


def _addmm(call: OpCall) -> Work:
    """`addmm(bias, a[M,K], b[K,N], beta, alpha)`; the bias is read unless beta is 0."""
    arguments = _read(call)
    return _matrices(call, arguments, ("mat1", "mat2"), _addend(arguments))


def _matrices(
    call: OpCall, arguments: Arguments, names: tuple[str, str], addend: Tensor | None
) -> Work:
    a, b = (arguments.tensor(name, 2) for name in names)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    (m, k), n = a.shape, b.shape[1]
    return _product((a, b), m * n * k, _result(arguments, (m, n), a.dtype), addend, call)


def _bmm(call: OpCall) -> Work:
    """`bmm(a[B,M,K], b[B,K,N])`; an expanded batch dimension is read once."""
    return _batched(call, _read(call), ("self", "mat2"), None)


def _baddbmm(call: OpCall) -> Work:
    """`baddbmm(addend, a[B,M,K], b[B,K,N], beta, alpha)`."""
    arguments = _read(call)
    return _batched(call, arguments, ("mat1", "mat2"), _addend(arguments))


def _batched(
    call: OpCall, arguments: Arguments, names: tuple[str, str], addend: Tensor | None
) -> Work:
    a, b = (arguments.tensor(name, 3) for name in names)
    fits = len(a.shape) == len(b.shape) == 3 and a.shape[0] == b.shape[0]
    if not fits or a.shape[2] != b.shape[1]:
        raise _mismatch(call)
    (batch, m, k), n = a.shape, b.shape[2]
    out = _result(arguments, (batch, m, n), a.dtype)
    return _product((a, b), batch * m * n * k, out, addend, call)


def _linear(call: OpCall) -> Work:
    """`linear(x[...,K], w[N,K], bias)`; leading dimensions fold into M."""
    arguments = _read(call)
    x, w = arguments.tensor("self", 1), arguments.tensor("mat2", 1)
    if x.shape[-1] != w.shape[-1] or len(w.shape) > 2:
        raise _mismatch(call)
    leading = x.shape[:-1]
    out = _result(arguments, (*leading, *w.shape[:-1]), x.dtype)
    count = prod(leading) * prod(w.shape[:-1]) * x.shape[-1]
    return _product((x, w), count, out, arguments.optional("bias"), call)


def _matmul(call: OpCall) -> Work:
    """`matmul(a, b)` with broadcast batch dimensions; vectors gain a dimension and lose it."""
    arguments = _read(call)
    a, b = arguments.tensor("self", 1), arguments.tensor("mat2", 1)
    left = a.shape if len(a.shape) > 1 else (1, *a.shape)
    right = b.shape if len(b.shape) > 1 else (*b.shape, 1)
    batch = broadcast(left[:-2], right[:-2])
    if batch is None or left[-1] != right[-2]:
        raise _mismatch(call)
    rows = (left[-2],) if len(a.shape) > 1 else ()
    columns = (right[-1],) if len(b.shape) > 1 else ()
    count = prod(batch) * left[-2] * left[-1] * right[-1]
    out = _result(arguments, (*batch, *rows, *columns), a.dtype)
    return _product((a, b), count, out, None, call)


def _mv(call: OpCall) -> Work:
    """`mv(a[M,K], x[K])`."""
    return _matrix_vector(call, _read(call), ("self", "mat2"), None)


def _addmv(call: OpCall) -> Work:
    """`addmv(bias, a[M,K], x[K], beta, alpha)`."""
    arguments = _read(call)
    return _matrix_vector(call, arguments, ("mat1", "mat2"), _addend(arguments))


def _matrix_vector(
    call: OpCall, arguments: Arguments, names: tuple[str, str], bias: Tensor | None
) -> Work:
    a, x = arguments.tensor(names[0], 2), arguments.tensor(names[1], 1)
    if len(a.shape) != 2 or len(x.shape) != 1 or a.shape[1] != x.shape[0]:
        raise _mismatch(call)
    return _product((a, x), a.numel, _result(arguments, a.shape[:1], a.dtype), bias, call)


def _dot(call: OpCall) -> Work:
    """`dot(x[K], y[K])`."""
    arguments = _read(call)
    x, y = arguments.tensor("self", 1), arguments.tensor("mat2", 1)
    if len(x.shape) != 1 or x.shape != y.shape:
        raise _mismatch(call)
    return _product((x, y), x.numel, _result(arguments, (), x.dtype), None, call)


def _int_mm(call: OpCall) -> Work:
    """`_int_mm(a int8[M,K], b int8[K,N])` with a 32-bit result."""
    arguments = _read(call)
    a, b = arguments.tensor("self", 2), arguments.tensor("mat2", 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    out = Tensor((a.shape[0], b.shape[1]), "int32" if a.dtype else None)
    return work_of(FAMILY, 2 * a.numel * b.shape[1], (a, b), (out,), dtype=a.dtype)


def _scaled_mm(call: OpCall) -> Work:
    """`_scaled_mm(a[M,K], b[K,N], scale_a, scale_b, bias, scale_result, out_dtype, fast)`.

    FP4 operands pack two values in an element, so their K counts twice. An absent `out_dtype`
    gives a result of the first operand's type; where its value was merely not recorded, the
    bytes are unknown: 8-bit operands give 8-, 16- or 32-bit results.
    """
    arguments = _read(call)
    a, b = arguments.tensor("self", 2), arguments.tensor("mat2", 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    (m, k), n = a.shape, b.shape[1]
    out = _result(arguments, (m, n), a.dtype if "out_dtype" in arguments else None)
    scales = tuple(arguments.optional(name) for name in ("scale_a", "scale_b", "bias"))
    flop = 2 * m * n * k * packed(a.dtype)
    reason = None if out.dtype else _no_type(call)
    return work_of(FAMILY, flop, (a, b, *scales), (out,), dtype=a.dtype, reason=reason)


def _outer(call: OpCall) -> Work:
    """`addr(base[M,N], x[M], y[N])` and `ger(x, y)`: a product of rank 1."""
    arguments = _read(call)
    first = "mat1" if "mat1" in arguments else "self"
    x, y = arguments.tensor(first, 1), arguments.tensor("mat2", 1)
    if len(x.shape) != 1 or len(y.shape) != 1:
        raise _mismatch(call)
    out = _result(arguments, (x.shape[0], y.shape[0]), x.dtype)
    if first == "mat1":
        return _product((x, y), out.numel, out, _addend(arguments), call)
    flop = multiplication(x.dtype) * out.numel
    return work_of(FAMILY, flop, (x, y), (out,), dtype=x.dtype)


def _grouped_mm(call: OpCall) -> Work:
    """`_grouped_mm(a, b, offsets, ...)` and its scaled form, by the ranks of a and b.

    `[T,K]·[G,K,N]` gives [T,N], `[G,M,K]·[K,T]` gives [M,T]: the rows, or columns, fall into
    groups, and which groups are empty, so that their matrix is not read, is not recorded.
    `[M,T]·[T,N]` gives [G,M,N], the inner dimension in groups, and `[G,M,K]·[G,K,N]` is batched:
    both operands are read whole. All of them do 2 operations for each row, column and inner place.
    """
    arguments = _read(call)
    a, b = arguments.tensor("self", 2), arguments.tensor("mat2", 2)
    ends = arguments.optional("offs")
    ranks = len(a.shape), len(b.shape)
    batched = ranks == (3, 3) and a.shape[0] == b.shape[0]
    if max(ranks) > 3 or a.shape[-1] != b.shape[-2] or (ranks == (3, 3) and not batched):
        raise _mismatch(call)
    (m, k), n = a.shape[-2:], b.shape[-1]
    count = m * n * k * (a.shape[0] if batched else 1) * packed(a.dtype)
    shape: tuple[int, ...] | None = (a.shape[0], m, n) if batched else (m, n)
    if ranks == (2, 2):
        shape = None if ends is None or len(ends.shape) != 1 else (ends.shape[0], m, n)
    if shape is None:
        raise UnmodelledError(f"groups of {call.base} not recorded")
    narrow = call.base == "_scaled_grouped_mm"
    out = _result(arguments, shape, ("bf16" if a.dtype else None) if narrow else a.dtype)
    if "out_dtype" not in arguments and narrow:
        out = Tensor(shape)
    flop = multiply_add(a.dtype) * count
    if ranks not in ((2, 2), (3, 3)):
        return _groups_unknown(call, a, flop, out)
    names = ("scale_a", "scale_b", "offs", "bias")
    reads = (a, b, *(arguments.optional(name) for name in names))
    reason = _no_type(call) if out.dtype is None and a.dtype is not None else None
    return work_of(FAMILY, flop, reads, (out,), dtype=a.dtype, reason=reason)


def _groups_unknown(call: OpCall, a: Tensor, flop: int, out: Tensor) -> Work:
    """Return the work where the matrices of empty groups are not read."""
    return Work(
        FAMILY,
        flop,
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
    "aten::_scaled_grouped_mm": _grouped_mm,
    "aiter::gemm_a16w16": _aiter_gemm,
    "aiter::hipb_mm": _aiter_gemm,
}
