"""Attention of engines: FlashAttention's own operators, dense, packed and over pages, and latent
attention.

Roles: q, k, v and the result `out`; `causal`, `left` and `right` of the mask, aligned with the last
key; `cu_q` and `cu_k`, where packed sequences end, with the longest of them, `max_q` and `max_k`.
"""

from __future__ import annotations

from math import prod

from msgspec import Struct

from ncutool.work.exactness import Exactness
from ncutool.work.operators.attention import (
    ALL_LONGEST,
    NO_CAUSAL,
    NO_LENGTHS,
    NO_WINDOW,
    attended_pairs,
)
from ncutool.work.operators.call import UnmodelledError, Work
from ncutool.work.operators.engines.bound import Bound
from ncutool.work.operators.engines.figures import work
from ncutool.work.operators.paged_attention import WITHOUT_CACHE
from ncutool.work.operators.tensor import Tensor

PICKED = "upper bound of the FLOPs: places without a key count; bytes without keys and values"
NO_PAGES = "whether keys and values lie in pages is not recorded"
NO_CHUNK = "which pairs the attention chunks admit is not known"
HIDING = ("seqused_q", "seqused_k", "leftpad_k", "kv_batch_idx", "k_new", "seqlens_k")
"""Arguments that, where given, make the lengths a matter of device memory."""
PAGES = ("page_table", "block_table")


class _Sizes(Struct, frozen=True):
    """Sizes of one attention, by [B,S,H,D] or, packed, [T,H,D]."""

    batch: int
    heads: int
    queries: int
    keys: int
    qk_width: int
    v_width: int


def forward(bound: Bound) -> Work:
    """Model `(q, k, v, ...)`: dense, packed or over pages, by which arguments were given."""
    q, k, v = bound.tensor("q", 3), bound.tensor("k", 3), bound.tensor("v", 3)
    out = _result(bound, q, v)
    if any(bound.optional(name) is not None for name in PAGES):
        return _over_pages(bound, q, out, NO_LENGTHS)
    if any(bound.has(name) and not bound.recorded(name) for name in PAGES) and len(k.shape) > 3:
        return _over_pages(bound, q, out, NO_PAGES)
    sizes = _sizes(bound, q, k, v)
    pairs, unknown, remark = _pairs(bound, sizes)
    flop = None
    if pairs is not None:
        flop = 2 * sizes.heads * pairs * (sizes.qk_width + sizes.v_width)
    reads = (q, k, v, *_beside(bound))
    return work(
        bound,
        flop,
        reads=reads,
        writes=(out,),
        dtype=q.dtype,
        reason=unknown,
        remark=remark,
        size=_moved(bound),
    )


def _moved(bound: Bound) -> Exactness | None:
    """Return how sure the bytes are: lengths on the device leave part of keys and values out."""
    if any(bound.optional(name) is not None for name in HIDING):
        return "upper_bound"
    asked = (name for name in HIDING if bound.has(name))
    return None if all(map(bound.recorded, asked)) else "estimate"


def _beside(bound: Bound) -> tuple[Tensor | None, ...]:
    """Return the other tensors that are read whole."""
    return tuple(bound.optional(name) for name in ("bias", "q_descale", "k_descale", "v_descale"))


def _result(bound: Bound, q: Tensor, v: Tensor) -> Tensor:
    """Return the result: the argument, or that of the queries with the width of the values."""
    given = bound.optional("out")
    if given is not None:
        return given
    dtype = "bf16" if q.dtype == "fp8" else q.dtype
    return Tensor((*q.shape[:-1], v.shape[-1]), dtype)


def _over_pages(bound: Bound, q: Tensor, out: Tensor, reason: str) -> Work:
    """Return queries and result alone: how many pages are read lies in device memory."""
    return work(
        bound,
        None,
        reads=(q,),
        writes=(out,),
        dtype=q.dtype,
        remark=WITHOUT_CACHE,
        reason=reason,
        size="lower_bound",
    )


def _sizes(bound: Bound, q: Tensor, k: Tensor, v: Tensor) -> _Sizes:
    packed = bound.optional("cu_q") is not None
    rank = 3 if packed else 4
    if not len(q.shape) == len(k.shape) == len(v.shape) == rank:
        raise bound.mismatch()
    head, row = -2, -3
    same = k.shape[row] == v.shape[row] and k.shape[head] == v.shape[head]
    kv_heads = k.shape[head]
    if not same or q.shape[-1] != k.shape[-1] or not kv_heads or q.shape[head] % kv_heads:
        raise bound.mismatch()
    if not packed and not q.shape[0] == k.shape[0] == v.shape[0]:
        raise bound.mismatch()
    batch = 1 if packed else q.shape[0]
    return _Sizes(batch, q.shape[head], q.shape[row], k.shape[row], q.shape[-1], v.shape[-1])


def _pairs(bound: Bound, sizes: _Sizes) -> tuple[int | None, str | None, str | None]:
    """Return pairs of all sequences and no reason, or a reason alone; and a remark."""
    if any(bound.optional(name) is not None for name in HIDING) or bound.optional("qv") is not None:
        return None, NO_LENGTHS, None
    causal = bound.flag("causal")
    if causal is None:
        return None, NO_CAUSAL, None
    windows = [bound.integer(name) for name in ("left", "right") if bound.has(name)]
    if any(window is None for window in windows):
        return None, NO_WINDOW, None
    if bound.integer("chunk"):
        return None, NO_CHUNK, None
    left, right = (window for window in (windows or [-1, -1]) if window is not None)
    if bound.optional("cu_q") is not None:
        return _packed_pairs(bound, sizes, causal, left, right)
    pairs = sizes.batch * attended_pairs(
        sizes.queries, sizes.keys, causal=causal, left=left, right=right
    )
    return pairs, None, _mask_remark(causal, left, right)


def _mask_remark(causal: bool, left: int, right: int) -> str | None:
    if left >= 0 or (right >= 0 and not causal):
        return "sliding window"
    return "causal" if causal else None


def _packed_pairs(
    bound: Bound, sizes: _Sizes, causal: bool, left: int, right: int
) -> tuple[int | None, str | None, str | None]:
    """Packed sequences are known only where all of them provably have the longest length."""
    ends, longest_q, longest_k = bound.tensor("cu_q", 1), bound.integer("max_q"), None
    longest_k = bound.integer("max_k")
    count = ends.shape[0] - 1
    if longest_q is None or longest_k is None:
        return None, NO_LENGTHS, None
    if sizes.queries != count * longest_q or sizes.keys != count * longest_k:
        return None, NO_LENGTHS, None
    pairs = count * attended_pairs(longest_q, longest_k, causal=causal, left=left, right=right)
    remarks = (_mask_remark(causal, left, right), ALL_LONGEST)
    return pairs, None, ", ".join(remark for remark in remarks if remark)


def backward(bound: Bound) -> Work:
    """Model `(dout, q, k, v, out, lse, ...)`: gradients of q, k and v; the scores are computed
    again."""
    q, k, v = bound.tensor("q", 3), bound.tensor("k", 3), bound.tensor("v", 3)
    sizes = _sizes(bound, q, k, v)
    saved = tuple(bound.optional(name) for name in ("dout", "saved", "lse"))
    pairs, unknown, remark = _pairs(bound, sizes)
    flop = None
    if pairs is not None:
        flop = 2 * sizes.heads * pairs * (3 * sizes.qk_width + 2 * sizes.v_width)
    given = (bound.optional(name) for name in ("dq", "dk", "dv"))
    gradients = tuple(
        Tensor(like.shape, like.dtype) if tensor is None else tensor
        for tensor, like in zip(given, (q, k, v), strict=True)
    )
    return work(
        bound,
        flop,
        reads=(q, k, v, *saved),
        writes=gradients,
        dtype=q.dtype,
        reason=unknown,
        remark=remark,
        size=_moved(bound),
    )


def sparse(bound: Bound) -> Work:
    """Attention of `q` to the keys that `indices[...,k]` pick: at most k a query and head."""
    q, picked, width = bound.tensor("q", 3), bound.tensor("indices", 3), bound.integer("v_width")
    if width is None:
        raise UnmodelledError(f"the width of the values of {bound.call.name} is not recorded")
    if picked.shape[: len(q.shape) - 2] != q.shape[:-2] or width > q.shape[-1]:
        raise bound.mismatch()
    out = bound.optional("out") or Tensor((*q.shape[:-1], width), q.dtype)
    flop = 2 * prod(q.shape[:-1]) * picked.shape[-1] * (q.shape[-1] + width)
    return work(
        bound,
        flop,
        reads=(q, picked),
        writes=(out,),
        dtype=q.dtype,
        remark=PICKED,
        flops="upper_bound",
        size="lower_bound",
    )


def paged(bound: Bound) -> Work:
    """Attention of one step over a cache: its lengths lie in device memory."""
    q = bound.tensor("q", 2)
    width, out = bound.integer("v_width"), bound.optional("out")
    if out is None and width is not None:
        out = Tensor((*q.shape[:-1], width), q.dtype)
    beside = tuple(bound.optional(name) for name in ("q_pe", "k_c", "k_pe"))
    rows = {each.shape[0] for each in (q, out, *beside) if each is not None and each.shape}
    if out is None or rows != {q.shape[0]}:
        raise bound.mismatch()
    reads = (q, *beside)
    return work(
        bound,
        None,
        reads=reads,
        writes=(out,),
        dtype=q.dtype,
        remark=WITHOUT_CACHE,
        reason=NO_LENGTHS,
        size="lower_bound",
    )
