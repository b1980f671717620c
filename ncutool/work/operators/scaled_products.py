"""Products of narrow operands with scales, and products in groups, as mixtures of experts take.

FP4 operands pack two values in an element, so that their inner dimension counts twice.
"""

from __future__ import annotations

from ncutool.work.operators.arithmetic import multiply_add, packed
from ncutool.work.operators.call import (
    NO_DTYPES,
    Model,
    OpCall,
    UnmodelledError,
    Work,
    total,
    work_of,
)
from ncutool.work.operators.product_arguments import (
    arguments_of,
    mismatch,
    no_type,
    result_of,
)
from ncutool.work.operators.tensor import Tensor

FAMILY = "gemm"


def _int_mm(call: OpCall) -> Work:
    """`_int_mm(a int8[M,K], b int8[K,N])` with a 32-bit result."""
    arguments = arguments_of(call)
    a, b = arguments.tensor("self", 2), arguments.tensor("mat2", 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise mismatch(call)
    out = Tensor((a.shape[0], b.shape[1]), "int32" if a.dtype else None)
    return work_of(FAMILY, 2 * a.numel * b.shape[1], (a, b), (out,), dtype=a.dtype)


def _scaled_mm(call: OpCall) -> Work:
    """`_scaled_mm(a[M,K], b[K,N], scale_a, scale_b, bias, scale_result, out_dtype, fast)`.

    FP4 operands pack two values in an element, so their K counts twice. An absent `out_dtype`
    gives a result of the first operand's type; where its value was merely not recorded, the
    bytes are unknown: 8-bit operands give 8-, 16- or 32-bit results.
    """
    arguments = arguments_of(call)
    a, b = arguments.tensor("self", 2), arguments.tensor("mat2", 2)
    if len(a.shape) != 2 or len(b.shape) != 2 or a.shape[1] != b.shape[0]:
        raise mismatch(call)
    (m, k), n = a.shape, b.shape[1]
    out = result_of(arguments, (m, n), a.dtype if "out_dtype" in arguments else None)
    scales = tuple(arguments.optional(name) for name in ("scale_a", "scale_b", "bias"))
    flop = 2 * m * n * k * packed(a.dtype)
    reason = None if out.dtype else no_type(call)
    return work_of(FAMILY, flop, (a, b, *scales), (out,), dtype=a.dtype, reason=reason)


def _grouped_mm(call: OpCall) -> Work:
    """`_grouped_mm(a, b, offsets, ...)` and its scaled form, by the ranks of a and b.

    `[T,K]·[G,K,N]` gives [T,N], `[G,M,K]·[K,T]` gives [M,T]: the rows, or columns, fall into
    groups, and which groups are empty, so that their matrix is not read, is not recorded.
    `[M,T]·[T,N]` gives [G,M,N], the inner dimension in groups, and `[G,M,K]·[G,K,N]` is batched:
    both operands are read whole. All of them do 2 operations for each row, column and inner place.
    """
    arguments = arguments_of(call)
    a, b = arguments.tensor("self", 2), arguments.tensor("mat2", 2)
    ends = arguments.optional("offs")
    ranks = len(a.shape), len(b.shape)
    batched = ranks == (3, 3) and a.shape[0] == b.shape[0]
    if max(ranks) > 3 or a.shape[-1] != b.shape[-2] or (ranks == (3, 3) and not batched):
        raise mismatch(call)
    (m, k), n = a.shape[-2:], b.shape[-1]
    count = m * n * k * (a.shape[0] if batched else 1) * packed(a.dtype)
    shape: tuple[int, ...] | None = (a.shape[0], m, n) if batched else (m, n)
    if ranks == (2, 2):
        shape = None if ends is None or len(ends.shape) != 1 else (ends.shape[0], m, n)
    if shape is None:
        raise UnmodelledError(f"groups of {call.base} not recorded")
    narrow = call.base == "_scaled_grouped_mm"
    out = result_of(arguments, shape, ("bf16" if a.dtype else None) if narrow else a.dtype)
    if "out_dtype" not in arguments and narrow:
        out = Tensor(shape)
    flop = multiply_add(a.dtype) * count
    if ranks not in ((2, 2), (3, 3)):
        return _groups_unknown(call, a, flop, out)
    names = ("scale_a", "scale_b", "offs", "bias")
    reads = (a, b, *(arguments.optional(name) for name in names))
    reason = no_type(call) if out.dtype is None and a.dtype is not None else None
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


MODELS: dict[str, Model] = {
    "aten::_int_mm": _int_mm,
    "aten::_scaled_mm": _scaled_mm,
    "aten::_grouped_mm": _grouped_mm,
    "aten::_scaled_grouped_mm": _grouped_mm,
}
