"""Products of engines: scaled 8- and 4-bit factors, weights packed in words, experts.

2·M·N·K whatever the packing; the factors, their scales and the result are moved as they lie.
"""

from __future__ import annotations

from math import prod

from ncutool.work.operators.call import UnmodelledError, Work
from ncutool.work.operators.engines.bound import Bound
from ncutool.work.operators.engines.figures import result_dtype, work
from ncutool.work.operators.tensor import Tensor

NO_RESULT = "data type of the result not recorded"
NO_SIZES = "sizes of the packed weights are not recorded"
NO_EXPERTS = "which experts are active is not recorded"
OTHER_DEVICES = "upper bound: rows of experts on other devices are not computed"
_WORD = 32
_WIDTHS = (2, 3, 4, 8)
"""Bits that a packed weight may have."""


def product(bound: Bound) -> Work:
    """`a[...,K] · b[N,K]` or `b[K,N]`, batched where b has three dimensions."""
    a, b = bound.tensor("a", 2), bound.tensor("b", 2)
    inner = a.shape[-1] * bound.row.packed[0]
    columns = _columns(bound, a, b, inner)
    return _worked(bound, (*a.shape[:-1], columns), inner)


def _columns(bound: Bound, a: Tensor, b: Tensor, inner: int) -> int:
    """Return N, by the layout of the row or by the result."""
    batched = len(b.shape) == len(a.shape) and a.shape[:-2] == b.shape[:-2]
    if len(b.shape) != 2 and not batched:
        raise bound.mismatch()
    out, layout = bound.optional("out"), bound.row.layout
    second = bound.row.packed[1]
    nk = b.shape[-2] if b.shape[-1] * second == inner and layout in ("nk", "any") else None
    kn = b.shape[-1] if b.shape[-2] * second == inner and layout in ("kn", "any") else None
    found = [each for each in (nk, kn) if each is not None]
    if out is not None and out.shape:
        found = [each for each in found if each == out.shape[-1]]
    if not found or (layout == "any" and out is None and len(set(found)) > 1):
        raise bound.mismatch()
    return found[0]


def sized(bound: Bound) -> Work:
    """`a[M,K]` by packed weights whose sizes are arguments `n` and, where the operator has them,
    `m` and `k`."""
    bound.need_whole()
    a, columns = bound.tensor("a", 2), bound.integer("n")
    rows, inner = bound.integer("m"), bound.integer("k")
    asked = [name for name in ("m", "k") if bound.has(name)]
    if columns is None or any(bound.integer(name) is None for name in asked):
        return _unsized(bound)
    rows = prod(a.shape[:-1]) if rows is None else rows
    inner = a.shape[-1] if inner is None else inner
    if rows * inner != a.numel or a.shape[-1] != inner:
        raise bound.mismatch()
    return _worked(bound, (rows, columns), inner)


def listed(bound: Bound) -> Work:
    """`a[...,K]` by weights packed flat, whose sizes [N,K] are the list `sizes`."""
    bound.need_whole()
    a, sizes = bound.tensor("a", 1), bound.integers("sizes")
    if sizes is None:
        return _unsized(bound)
    if len(sizes) != 2 or sizes[1] != a.shape[-1]:
        raise bound.mismatch()
    return _worked(bound, (*a.shape[:-1], sizes[0]), sizes[1])


def worded(bound: Bound) -> Work:
    """`a[M,K]` by weights packed in 32-bit words; the argument of `columns` has N in its last
    dimension, and the bits of a weight must come out as a width that there is."""
    a, b, wide = bound.tensor("a", 2), bound.tensor("b", 2), bound.tensor(bound.row.columns, 1)
    columns, inner = wide.shape[-1], a.shape[-1]
    bits, rest = divmod(b.numel * _WORD, columns * inner) if columns * inner else (0, 1)
    if rest or bits not in _WIDTHS or b.dtype not in ("int32", None):
        raise bound.mismatch()
    return _worked(bound, (*a.shape[:-1], columns), inner)


def flat(bound: Bound) -> Work:
    """`a[M,K]` by weights packed in any order, `packed` of them in an element."""
    bound.need_whole()
    a, b = bound.tensor("a", 2), bound.tensor("b", 1)
    columns, rest = divmod(b.numel * bound.row.packed[1], a.shape[-1] or 1)
    if rest or not columns:
        raise bound.mismatch()
    return _worked(bound, (*a.shape[:-1], columns), a.shape[-1])


def _unsized(bound: Bound) -> Work:
    return work(bound, None, (), reason=NO_SIZES, size="lower_bound")


def _worked(bound: Bound, shape: tuple[int, ...], inner: int) -> Work:
    """Return the work of a product with a result of ``shape``."""
    flop, out = 2 * prod(shape) * inner, bound.optional("out")
    if out is not None:
        if out.numel != prod(shape):
            raise bound.mismatch()
        return work(bound, flop)
    if bound.has("out") and not bound.row.result:
        return work(bound, flop)
    result = Tensor(shape, result_dtype(bound))
    return work(bound, flop, (result,), reason=None if result.dtype else NO_RESULT)


def grouped(bound: Bound) -> Work:
    """`a[T,K] · b[G,N,K]` or `b[G,K,N]` into `out[T,N]`: each row with one of the groups."""
    a, b, out = bound.tensor("a", 2), bound.ranked("b", 3), bound.tensor("out", 2)
    inner = a.shape[-1] * bound.row.packed[0]
    second = bound.row.packed[1]
    sizes = {(b.shape[1], b.shape[2] * second), (b.shape[2], b.shape[1] * second)}
    if (out.shape[-1], inner) not in sizes or out.shape[:-1] != a.shape[:-1]:
        raise bound.mismatch()
    flop = 2 * out.numel * inner
    return _of_experts(bound, flop)


def routed(bound: Bound) -> Work:
    """`a[...,K]` by packed `b[E,N,·]` into `out[...,N]`: each row of the result with one expert."""
    bound.need_whole()
    a, b, out = bound.tensor("a", 2), bound.ranked("b", 3), bound.tensor("out", 2)
    if out.shape[-1] != b.shape[1] or a.shape[-1] < b.shape[2]:
        raise bound.mismatch()
    return _of_experts(bound, 2 * out.numel * a.shape[-1])


def fused_experts(bound: Bound) -> Work:
    """`x[T,H]` by `gate[E,G,H]`, then, after the activation, by `down[E,H,I]`: each token `top_k`
    times. One of the two alone is a stage."""
    bound.need_whole()
    x, top_k = bound.tensor("x", 2), bound.integer("top_k")
    gate, down = bound.optional("gate"), bound.optional("down")
    if any(each is not None and len(each.shape) != 3 for each in (gate, down)):
        raise bound.mismatch()
    if top_k is None:
        raise UnmodelledError("how many experts a token takes is not recorded")
    hidden = x.shape[-1]
    if gate is not None and gate.shape[2] != hidden:
        raise bound.mismatch()
    if gate is not None and down is not None and down.shape[:2] != (gate.shape[0], hidden):
        raise bound.mismatch()
    widths = (0 if gate is None else gate.shape[1]) + (0 if down is None else down.shape[2])
    return _of_experts(bound, 2 * x.shape[0] * top_k * hidden * widths)


def second_stage(bound: Bound) -> Work:
    """`x[T,k,I]`, what the first stage made, by `down[E,H,I]`."""
    bound.need_whole()
    x, down = bound.ranked("x", 3), bound.ranked("down", 3)
    if down.shape[2] != x.shape[-1]:
        raise bound.mismatch()
    return _of_experts(bound, 2 * x.numel * down.shape[1])


def marlin_experts(bound: Bound) -> Work:
    """`moe_wna16_marlin_gemm`: `m` tokens, each with `top_k` experts of [k,n]."""
    bound.need_whole()
    sizes = [bound.integer(name) for name in ("m", "top_k", "n", "k")]
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        return _of_experts(bound, None)
    a = bound.tensor("a", 2)
    if a.shape[-1] != known[3] or a.shape[0] != known[0]:
        raise bound.mismatch()
    return _of_experts(bound, 2 * prod(known))


def _of_experts(bound: Bound, flop: int | None) -> Work:
    """Return an upper bound of the operations; the weights read depend on the routing."""
    made = work(bound, flop)
    reason = NO_EXPERTS if flop is not None else NO_SIZES
    return Work(
        bound.row.family,
        flop,
        None,
        None,
        dtype=made.dtype,
        outputs=made.outputs,
        remark=OTHER_DEVICES if flop is not None else None,
        reason=reason,
        flop_exactness="upper_bound",
    )


def te_gemm(bound: Bound) -> Work:
    """Model Transformer Engine's `te_gemm_ts(A, .., transa, B, .., transb, D, ...)`.

    It is column-major: D[M,N] is B by A, where A is [N,K] if transposed, else [K,N], and B [M,K],
    or [K,M] if transposed. 8-bit factors are kept as bytes.
    """
    a, b, out = (bound.tensor(name, 2) for name in ("a", "b", "out"))
    turned, b_turned = bound.flag("transa"), bound.flag("transb")
    columns = {a.shape[0] if turned else a.shape[1]} if turned is not None else set(a.shape)
    rows = {b.shape[1] if b_turned else b.shape[0]} if b_turned is not None else set(b.shape)
    size = (prod(out.shape[:-1]), out.shape[-1])
    if size[0] not in rows or size[1] not in columns or not all(size):
        raise bound.mismatch()
    inner = a.numel // size[1]
    if a.numel != inner * size[1] or b.numel != inner * size[0]:
        raise bound.mismatch()
    dtype = "fp8" if a.dtype == "uint8" else a.dtype
    reads = (a, b, bound.optional("bias"), out if bound.flag("accumulate") else None)
    return work(
        bound,
        2 * out.numel * inner,
        reads=reads,
        writes=(out, bound.optional("pre_gelu")),
        dtype=dtype,
    )
