"""Engine operators that move rows: into a cache, and with a rotation by their positions."""

from __future__ import annotations

from math import prod

from msgspec.structs import replace

from ncutool.work.operators.call import UnmodelledError, Work
from ncutool.work.operators.engines.bound import Bound
from ncutool.work.operators.engines.figures import math_dtype, operations, work
from ncutool.work.operators.tensor import Tensor

NO_HEAD = "the size of a head is not recorded"
PARTLY = "upper bound: where the result is the input, the part that is not rotated stays"
_ROTATION = 3
"""Two multiplications and an addition for each rotated element."""


def cached(bound: Bound) -> Work:
    """Write one row a slot into a cache, in the data type of the cache; the row's `pairs` name
    what is written and where, `slots` holds where each row goes."""
    bound.need_whole()
    slots, rows = bound.tensor("slots", 1), bound.tensor("slots", 1).numel
    reads: list[Tensor] = [slots]
    writes: list[Tensor] = []
    for pair in bound.row.pairs:
        source, cache = (bound.tensor(name, 1) for name in pair.split())
        if source.shape[0] < rows:
            raise bound.mismatch()
        row = prod(source.shape[1:])
        reads.append(Tensor((rows, row), source.dtype))
        writes.append(Tensor((rows, row), cache.dtype))
    flop = operations(bound)
    made = work(bound, flop, reads=tuple(reads), writes=tuple(writes), dtype=reads[1].dtype)
    return replace(made, outputs=())  # the rows of a cache are no tensor that another call takes


def rotary(bound: Bound) -> Work:
    """Rotate `q` and `k` in place by their `positions`: `head_size` values a head, of which the
    width of `cache` are rotated."""
    positions, q, cache = bound.tensor("positions"), bound.tensor("q"), bound.tensor("cache", 2)
    head, rotated = bound.integer("head_size"), cache.shape[-1]
    if not head:
        raise UnmodelledError(NO_HEAD)
    if rotated > head or cache.itemsize is None:
        raise bound.mismatch()
    turned = tuple(
        Tensor((each.numel // head * rotated,), each.dtype)
        for each in (q, bound.optional("k"))
        if each is not None
    )
    rows = Tensor((min(positions.numel, cache.shape[0]), rotated), cache.dtype)
    flop = _ROTATION * sum(each.numel for each in turned)
    made = work(bound, flop, reads=(positions, *turned, rows), writes=turned, dtype=q.dtype)
    heads = (q, bound.optional("k"))
    whole = tuple(Tensor(each.shape, each.dtype) for each in heads if each is not None)
    return replace(made, outputs=whole)


def rotary_out(bound: Bound) -> Work:
    """Rotate `q` and `k` into `q_out` and `k_out`, which may be the same tensors: by `rotary_dim`,
    or by the width of `cache`."""
    q, k = bound.tensor("q", 2), bound.tensor("k", 2)
    q_out, k_out = bound.tensor("q_out", 2), bound.tensor("k_out", 2)
    cache, positions = bound.optional("cache"), bound.optional("positions")
    if cache is not None and len(cache.shape) != 2:
        raise bound.mismatch()
    head = q.shape[-1]
    rotated = bound.integer("rotary_dim") if cache is None else cache.shape[-1]
    if (q_out.shape, k_out.shape) != (q.shape, k.shape) or not rotated or rotated > head:
        raise bound.mismatch()
    tables: list[Tensor | None] = [positions, bound.optional("indptr"), bound.optional("offsets")]
    if cache is not None and positions is not None:
        tables.append(Tensor((min(positions.numel, cache.shape[0]), rotated), cache.dtype))
    whole = rotated == head
    return work(
        bound,
        _ROTATION * (q.numel + k.numel) // head * rotated,
        reads=(q, k, *tables),
        writes=(q_out, k_out),
        dtype=q.dtype,
        size=None if whole else "upper_bound",
        remark=None if whole else PARTLY,
    )


def normed_rotary(bound: Bound) -> Work:
    """Normalise and rotate the heads of q and k within `qkv`, in place; those of v stay."""
    qkv, cache = bound.tensor("qkv", 2), bound.tensor("cache", 2)
    heads = [bound.integer(name) for name in ("heads_q", "heads_k", "heads_v")]
    head = bound.integer("head_size")
    known = [each for each in heads if each is not None]
    if len(known) < len(heads) or not head or sum(known) * head != qkv.shape[-1]:
        raise bound.mismatch()
    rows = qkv.numel // qkv.shape[-1]
    touched = Tensor((rows, (known[0] + known[1]) * head), qkv.dtype)
    rotated = min(cache.shape[-1], head)
    flop = 5 * touched.numel + _ROTATION * touched.numel // head * rotated
    table = Tensor((min(rows, cache.shape[0]), cache.shape[-1]), cache.dtype)
    weights = (bound.optional("q_weight"), bound.optional("k_weight"))
    reads = (touched, *weights, bound.optional("positions"), table)
    made = work(bound, flop, reads=reads, writes=(touched,), dtype=math_dtype(bound))
    return replace(made, outputs=(Tensor(qkv.shape, qkv.dtype),))
