"""Scaled dot-product attention, fused: 2·B·Hq·pairs·(Dqk + Dv) forward, 2·B·Hq·pairs·(3·Dqk + 2·Dv)
backward (the scores are recomputed).

`pairs` counts exactly the (query, key) pairs that the mask admits. Query heads count in the
FLOPs, key-value heads in the bytes, so grouped-query attention is right. Softmax is not counted.
The `_scaled_dot_product_*` operators take [B,H,S,D]; `_flash_attention_*` and
`_efficient_attention_*` take [B,S,H,D], or [T,H,D] when sequences are packed.
"""

from __future__ import annotations

from dataclasses import dataclass

from ncutool.work.operators.call import (
    Model,
    OpCall,
    UnmodelledError,
    Work,
    work_of,
)
from ncutool.work.operators.tensor import Tensor

FAMILY = "attention"
NO_LENGTHS = "sequence lengths are not recorded"
NO_WINDOW = "which pairs the window of this operator admits is not known"
NO_CAUSAL = "causal flag not recorded"
WITHOUT_CACHE = "lower bound: queries and result, without keys and values of the cache"
ALL_LONGEST = "every sequence has the maximum length (tokens = sequences × longest)"
LENGTH_AT = {
    "_flash_attention_forward": 1,
    "_efficient_attention_forward": 1,
    "scaled_dot_product_attention": 2,
    "_scaled_dot_product_flash_attention": 2,
    "_scaled_dot_product_efficient_attention": 2,
    "_scaled_dot_product_cudnn_attention": 2,
    "_scaled_dot_product_fused_attention_overrideable": 2,
}
"""Attention operator -> the dimension of its first tensor, of four, that is the length."""


def attended_pairs(
    queries: int,
    keys: int,
    *,
    causal: bool = False,
    bottom_right: bool = True,
    left: int = -1,
    right: int = -1,
) -> int:
    """(query, key) pairs admitted by a causal mask or a window of ``left``/``right`` keys.

    ``bottom_right`` aligns the last query with the last key, as FlashAttention does; otherwise
    the first with the first, as PyTorch's `is_causal` does. -1 leaves a side open.
    """
    offset = keys - queries if bottom_right else 0
    if causal:
        right = 0 if right < 0 else min(right, 0)
    upper = keys * queries if right < 0 else _clamped(queries, keys, offset + right + 1)
    lower = 0 if left < 0 else _clamped(queries, keys, offset - left)
    return max(0, upper - lower)


def _clamped(queries: int, keys: int, offset: int) -> int:
    """Sum over i in [0, queries) of i + offset, held within [0, keys]."""
    first = min(max(0, -offset), queries)  # below it the sum is 0
    last = min(max(first, keys - offset), queries)  # from it on the sum is `keys`
    rising = (first + last - 1) * (last - first) // 2 + offset * (last - first)
    return rising + (queries - last) * keys


@dataclass(frozen=True, slots=True)
class _Shape:
    """Sizes of one attention, whatever the layout."""

    batch: int
    query_heads: int
    queries: int
    keys: int
    qk_width: int
    v_width: int


def _shape(q: Tensor, k: Tensor, v: Tensor, *, heads_first: bool) -> _Shape:
    if not len(q.shape) == len(k.shape) == len(v.shape) == 4:
        raise UnmodelledError("shapes of the attention do not fit together")
    head, row = (1, 2) if heads_first else (2, 1)
    same_batch = q.shape[0] == k.shape[0] == v.shape[0]
    same_keys = k.shape[row] == v.shape[row] and q.shape[3] == k.shape[3]
    heads = k.shape[head]
    if not same_batch or not same_keys or heads == 0 or q.shape[head] % heads:
        raise UnmodelledError("shapes of the attention do not fit together")
    return _Shape(q.shape[0], q.shape[head], q.shape[row], k.shape[row], q.shape[3], v.shape[3])


def _forward_work(
    call: OpCall,
    shape: _Shape,
    pairs: int | None,
    bias: Tensor | None,
    remark: str | None,
) -> Work:
    q, k, v = call.tensor(0), call.tensor(1), call.tensor(2)
    flop = None
    if pairs is not None:
        flop = 2 * shape.batch * shape.query_heads * pairs * (shape.qk_width + shape.v_width)
    out = Tensor((*q.shape[:-1], v.shape[-1]), q.dtype)
    return work_of(
        FAMILY,
        flop,
        (q, k, v, bias),
        (out,),
        dtype=q.dtype,
        remark=remark,
        reason=NO_CAUSAL if pairs is None else None,
    )


def _pairs(
    shape: _Shape, causal: bool | None, *, bottom_right: bool, left: int = -1, right: int = -1
) -> tuple[int | None, str | None]:
    if causal is None:
        return None, None
    pairs = attended_pairs(
        shape.queries,
        shape.keys,
        causal=causal,
        bottom_right=bottom_right,
        left=left,
        right=right,
    )
    if left >= 0 or (right >= 0 and not causal):
        return pairs, "sliding window"
    return pairs, "causal" if causal else None


def _sdpa(call: OpCall, causal_index: int, bias_index: int | None) -> Work:
    """Model a `_scaled_dot_product_*` operator in [B,H,S,D]."""
    q, k, v = call.tensor(0, 4), call.tensor(1, 4), call.tensor(2, 4)
    shape = _shape(q, k, v, heads_first=True)
    pairs, remark = _pairs(shape, call.flag(causal_index), bottom_right=False)
    bias = None if bias_index is None else call.optional(bias_index)
    return _forward_work(call, shape, pairs, bias, remark)


def _sdpa_flash(call: OpCall) -> Work:
    """`(q, k, v, dropout_p, is_causal, return_debug_mask)`."""
    return _sdpa(call, 4, None)


def _sdpa_bias(call: OpCall) -> Work:
    """Efficient and cuDNN: `(q, k, v, attn_bias, compute_log_sumexp, dropout_p, is_causal)`."""
    return _sdpa(call, 6, 3)


def _window(call: OpCall, left_index: int, right_index: int) -> tuple[int, int]:
    left, right = call.integer(left_index), call.integer(right_index)
    return (-1 if left is None else left), (-1 if right is None else right)


def _flash(call: OpCall) -> Work:
    """`_flash_attention_forward(q, k, v, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal,
    return_debug_mask, scale, window_left, window_right, seqused_k, ...)`."""
    causal = call.flag(8)
    left, right = _window(call, 11, 12)
    if call.optional(13) is not None:  # seqused_k
        raise UnmodelledError(NO_LENGTHS)
    if call.optional(3) is not None:
        return _packed(call, (3, 4, 5, 6), causal, left, right)
    q, k, v = call.tensor(0, 4), call.tensor(1, 4), call.tensor(2, 4)
    shape = _shape(q, k, v, heads_first=False)
    pairs, remark = _pairs(shape, causal, bottom_right=True, left=left, right=right)
    return _forward_work(call, shape, pairs, None, remark)


def _packed(
    call: OpCall,
    at: tuple[int, int, int, int],
    causal: bool | None,
    left: int,
    right: int,
) -> Work:
    """Packed sequences [T,H,D]: exact only where all of them provably have the maximum length."""
    q, k, v = call.tensor(0, 3), call.tensor(1, 3), call.tensor(2, 3)
    if not len(q.shape) == len(k.shape) == len(v.shape) == 3:
        raise UnmodelledError("shapes of the attention do not fit together")
    ends = call.tensor(at[0], 1)
    longest_q, longest_k = call.integer(at[2]), call.integer(at[3])
    count = ends.shape[0] - 1
    out = Tensor((*q.shape[:-1], v.shape[-1]), q.dtype)
    full = (
        longest_q is not None
        and longest_k is not None
        and q.shape[0] == count * longest_q
        and k.shape[0] == count * longest_k
    )
    if not full or causal is None or longest_q is None or longest_k is None:
        reason = NO_CAUSAL if full else NO_LENGTHS
        return work_of(FAMILY, None, (q, k, v), (out,), dtype=q.dtype, reason=reason)
    pairs = count * attended_pairs(longest_q, longest_k, causal=causal, left=left, right=right)
    flop = 2 * q.shape[1] * pairs * (q.shape[2] + v.shape[2])
    remark = f"causal, {ALL_LONGEST}" if causal else ALL_LONGEST
    return work_of(FAMILY, flop, (q, k, v), (out,), dtype=q.dtype, remark=remark)


def _efficient(call: OpCall) -> Work:
    """`_efficient_attention_forward(q, k, v, bias, cu_seqlens_q, cu_seqlens_k, max_q, max_k,
    dropout_p, custom_mask_type, compute_log_sumexp, scale, seqlen_k, window_size)`; mask type 1 is
    causal from the first pair, 2 from the last."""
    q, k, v = call.tensor(0, 4), call.tensor(1, 4), call.tensor(2, 4)
    shape = _shape(q, k, v, heads_first=False)
    kind, window = call.integer(9), call.integer(13) or 0
    lengths = call.optional(4) is not None or call.optional(12) is not None
    if lengths or kind is None or window > 0:
        reason = NO_CAUSAL if kind is None else NO_LENGTHS if lengths else NO_WINDOW
        out = Tensor((*q.shape[:-1], v.shape[-1]), q.dtype)
        return work_of(FAMILY, None, (q, k, v), (out,), dtype=q.dtype, reason=reason)
    pairs, remark = _pairs(shape, kind != 0, bottom_right=kind == 2)
    return _forward_work(call, shape, pairs, call.optional(3), remark)


@dataclass(frozen=True, slots=True)
class _Mask:
    """Which pairs a backward operator admits, as far as it is recorded."""

    causal: bool | None
    bottom_right: bool
    left: int = -1
    right: int = -1
    unknown: str | None = None
    """Why the pairs cannot be known, where they cannot."""


def _backward(
    call: OpCall,
    mask: _Mask,
    saved: tuple[int, int],
    *,
    heads_first: bool,
    bias: tuple[Tensor | None, bool] = (None, False),
) -> Work:
    """Gradients of q, k and v from `(grad, q, k, v, ...)` and the saved output and logsumexp.

    ``bias`` is the attention bias and whether its gradient is written too.
    """
    grad, q, k, v = (call.tensor(index, 3) for index in range(4))
    out, logsumexp = call.optional(saved[0]), call.optional(saved[1])
    reads = (grad, q, k, v, out, logsumexp, bias[0])
    wanted = (q, k, v, bias[0] if bias[1] else None)
    writes = tuple(Tensor(item.shape, item.dtype) for item in wanted if item is not None)
    if mask.unknown is not None:
        return work_of(FAMILY, None, reads, writes, dtype=q.dtype, reason=mask.unknown)
    shape = _shape(q, k, v, heads_first=heads_first)
    pairs, remark = _pairs(
        shape, mask.causal, bottom_right=mask.bottom_right, left=mask.left, right=mask.right
    )
    if pairs is None:
        return work_of(FAMILY, None, reads, writes, dtype=q.dtype, reason=NO_CAUSAL)
    width = 3 * shape.qk_width + 2 * shape.v_width
    flop = 2 * shape.batch * shape.query_heads * pairs * width
    return work_of(FAMILY, flop, reads, writes, dtype=q.dtype, remark=remark)


def _sdpa_flash_backward(call: OpCall) -> Work:
    """`(grad, q, k, v, out, lse, cum_seq_q, cum_seq_k, max_q, max_k, dropout_p, is_causal)`."""
    mask = _Mask(call.flag(11), bottom_right=False, unknown=_packed_lengths(call, 6))
    return _backward(call, mask, (4, 5), heads_first=True)


def _flash_backward(call: OpCall) -> Work:
    """Take the same arguments in [B,S,H,D], then `(rng_state, unused, scale, window_left,
    window_right)`."""
    left, right = _window(call, 15, 16)
    mask = _Mask(call.flag(11), True, left, right, _packed_lengths(call, 6))
    return _backward(call, mask, (4, 5), heads_first=False)


def _sdpa_efficient_backward(call: OpCall) -> Work:
    """`(grad, q, k, v, bias, out, lse, seed, offset, dropout_p, grad_mask, is_causal)`."""
    wanted = call.flags(10) or ()
    bias = (call.optional(4), len(wanted) == 4 and wanted[3])
    mask = _Mask(call.flag(11), bottom_right=False)
    return _backward(call, mask, (5, 6), heads_first=True, bias=bias)


def _sdpa_cudnn_backward(call: OpCall) -> Work:
    """`(grad, q, k, v, out, lse, seed, offset, bias, cum_seq_q, cum_seq_k, max_q, max_k,
    dropout_p, is_causal)`."""
    mask = _Mask(call.flag(14), bottom_right=False, unknown=_packed_lengths(call, 9))
    return _backward(call, mask, (4, 5), heads_first=True, bias=(call.optional(8), False))


def _efficient_backward(call: OpCall) -> Work:
    """`(grad, q, k, v, bias, out, cu_seqlens_q, cu_seqlens_k, max_q, max_k, lse, dropout_p, seed,
    offset, custom_mask_type, bias_requires_grad, scale, num_splits_key, window_size)`."""
    kind, window = call.integer(14), call.integer(18) or 0
    unknown = _packed_lengths(call, 6) or (NO_WINDOW if window > 0 else None)
    mask = _Mask(None if kind is None else kind != 0, bottom_right=kind == 2, unknown=unknown)
    bias = (call.optional(4), call.flag(15) is True)
    return _backward(call, mask, (5, 10), heads_first=False, bias=bias)


def _packed_lengths(call: OpCall, index: int) -> str | None:
    """Return why packed sequences have no known pairs; None where they are not packed."""
    return NO_LENGTHS if _is_packed(call, index) else None


def _is_packed(call: OpCall, index: int) -> bool:
    lengths = call.optional(index)
    return lengths is not None and lengths.numel > 0


def _aiter_paged(call: OpCall) -> Work:
    """AITER's `mha_batch_prefill(q[T,H,D], k_pool, v_pool, cu_seqlens_q, kv_indptr, kv_indices,
    max_q, max_k, dropout_p, scale, softcap, zero_tensors, causal, window_left, window_right)`.

    The context lengths lie in device memory. Only where the queries fill every sequence to the
    maximum, and a causal key never exceeds its query, does each sequence have that length.
    """
    q, k, v = call.tensor(0, 3), call.tensor(1, 3), call.tensor(2, 3)
    ends, longest_q, longest_k = call.tensor(3, 1), call.integer(6), call.integer(7)
    count = ends.shape[0] - 1
    causal, (left, right) = call.flag(12), _window(call, 13, 14)
    exact = longest_q is not None and longest_q == longest_k and count > 0
    if not exact or longest_q is None or q.shape[0] != count * longest_q or causal is not True:
        raise UnmodelledError(NO_LENGTHS)
    if not len(q.shape) == len(k.shape) == len(v.shape) == 3:
        raise UnmodelledError("shapes of the attention do not fit together")
    pairs = count * attended_pairs(longest_q, longest_q, causal=True, left=left, right=right)
    flop = 2 * q.shape[1] * pairs * (q.shape[2] + v.shape[2])
    used = tuple(Tensor((q.shape[0], *item.shape[1:]), item.dtype) for item in (k, v))
    out = Tensor((*q.shape[:-1], v.shape[-1]), q.dtype)
    remark = f"causal, {ALL_LONGEST}"
    return work_of(FAMILY, flop, (q, *used), (out,), dtype=q.dtype, remark=remark)


def _paged(call: OpCall) -> Work:
    """Paged attention of vLLM: `unified_attention(q[T,H,D], k, v, layer)`, or with the result as
    the fourth argument. The context lengths lie in device memory, so FLOPs are unknown and the
    bytes at least those of the queries and the result: nothing of the cache is counted."""
    q, given = call.tensor(0, 2), call.optional(3)
    out = Tensor(q.shape, q.dtype) if given is None else Tensor(given.shape, given.dtype)
    if out.numel != q.numel:
        raise UnmodelledError("shapes of the attention do not fit together")
    return work_of(
        FAMILY,
        None,
        (q,),
        (out,),
        dtype=q.dtype,
        remark=WITHOUT_CACHE,
        reason=NO_LENGTHS,
        bytes_exactness="lower_bound",
    )


MODELS: dict[str, Model] = {
    "aten::_scaled_dot_product_flash_attention": _sdpa_flash,
    "aten::_scaled_dot_product_efficient_attention": _sdpa_bias,
    "aten::_scaled_dot_product_cudnn_attention": _sdpa_bias,
    "aten::_flash_attention_forward": _flash,
    "aten::_efficient_attention_forward": _efficient,
    "aten::_scaled_dot_product_flash_attention_backward": _sdpa_flash_backward,
    "aten::_flash_attention_backward": _flash_backward,
    "aten::_scaled_dot_product_efficient_attention_backward": _sdpa_efficient_backward,
    "aten::_scaled_dot_product_cudnn_attention_backward": _sdpa_cudnn_backward,
    "aten::_efficient_attention_backward": _efficient_backward,
    "aiter::mha_batch_prefill": _aiter_paged,
    "vllm::unified_attention_with_output": _paged,
    "vllm::unified_attention": _paged,
}
