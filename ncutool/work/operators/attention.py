"""Scaled dot-product attention, fused: 2·B·Hq·pairs·(Dqk + Dv) forward, 2·B·Hq·pairs·(3·Dqk + 2·Dv)
backward (the scores are recomputed).

`pairs` counts exactly the (query, key) pairs that the mask admits. Query heads count in the
FLOPs, key-value heads in the bytes, so grouped-query attention is right. Softmax is not counted.
The `_scaled_dot_product_*` operators take [B,H,S,D]; `_flash_attention_*` and
`_efficient_attention_*` take [B,S,H,D], or [T,H,D] when sequences are packed.
"""

from __future__ import annotations

from msgspec import Struct

from ncutool.work.operators.call import (
    Model,
    OpCall,
    UnmodelledError,
    Work,
    work_of,
)
from ncutool.work.operators.overloads import Arguments, read
from ncutool.work.operators.tensor import Tensor

FAMILY = "attention"
NO_LENGTHS = "sequence lengths are not recorded"
NO_WINDOW = "which pairs the window of this operator admits is not known"
NO_CAUSAL = "causal flag not recorded"
BOTTOM_RIGHT = 2
"""`custom_mask_type` of a causal mask that ends at the last pair."""
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


class Shape(Struct, frozen=True):
    """Sizes of one attention, whatever the layout."""

    batch: int
    query_heads: int
    queries: int
    keys: int
    qk_width: int
    v_width: int


def shape_of(q: Tensor, k: Tensor, v: Tensor, *, heads_first: bool) -> Shape:
    """Return the sizes of `q`, `k` and `v`: [B,H,S,D] where ``heads_first``, else [B,S,H,D]."""
    if not len(q.shape) == len(k.shape) == len(v.shape) == 4:
        raise UnmodelledError("shapes of the attention do not fit together")
    head, row = (1, 2) if heads_first else (2, 1)
    same_batch = q.shape[0] == k.shape[0] == v.shape[0]
    same_keys = k.shape[row] == v.shape[row] and q.shape[3] == k.shape[3]
    heads = k.shape[head]
    if not same_batch or not same_keys or heads == 0 or q.shape[head] % heads:
        raise UnmodelledError("shapes of the attention do not fit together")
    return Shape(q.shape[0], q.shape[head], q.shape[row], k.shape[row], q.shape[3], v.shape[3])


def _forward_work(
    call: OpCall,
    shape: Shape,
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


def pairs_of(
    shape: Shape, causal: bool | None, *, bottom_right: bool, left: int = -1, right: int = -1
) -> tuple[int | None, str | None]:
    """Return the pairs that a mask admits, and its name; None where ``causal`` is not known."""
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


_QKV = "Tensor query, Tensor key, Tensor value"
_SDPA: dict[str, tuple[str, ...]] = {
    "_scaled_dot_product_flash_attention": (
        f"{_QKV}, float dropout_p, bool is_causal, bool return_debug_mask, float? scale",
        f"{_QKV}, float dropout_p, bool is_causal, bool return_debug_mask",
    ),
    "_scaled_dot_product_efficient_attention": (
        f"{_QKV}, Tensor? attn_bias, bool compute_log_sumexp, float dropout_p, bool is_causal, "
        "float? scale",
        f"{_QKV}, bool compute_log_sumexp, bool is_causal, float? scale",
        f"{_QKV}, bool compute_log_sumexp, bool is_causal",
    ),
    "_scaled_dot_product_cudnn_attention": (
        f"{_QKV}, Tensor? attn_bias, bool compute_log_sumexp, float dropout_p, bool is_causal, "
        "bool return_debug_mask, float? scale",
        f"{_QKV}, float dropout_p, bool is_causal, bool return_debug_mask, float? scale",
    ),
    "_scaled_dot_product_fused_attention_overrideable": (
        f"{_QKV}, Tensor? attn_bias, float dropout_p, bool is_causal, bool return_debug_mask, "
        "float? scale",
    ),
}
"""Base name -> signatures of PyTorch, the newest first; those of 2.0 know no scale and no bias."""
_CUDNN_FORWARD = (
    f"{_QKV}, Tensor? attn_bias, Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k, "
    "bool compute_log_sumexp, float dropout_p, bool is_causal, bool return_debug_mask, "
    "float? scale"
)
_CUDNN = (f"{_CUDNN_FORWARD}, Tensor? seqused_k, Tensor? block_table", _CUDNN_FORWARD)
_FLASH_FORWARD = (
    f"{_QKV}, Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k, float dropout_p, "
    "bool is_causal, bool return_debug_mask"
)
_FLASH_WINDOW = (
    f"{_FLASH_FORWARD}, float? scale, int? window_left, int? window_right, Tensor? seqused_k, "
    "Tensor? alibi_slopes"
)
_FLASH = (
    f"{_FLASH_WINDOW}, Tensor? block_table, int? num_splits",
    _FLASH_WINDOW,
    f"{_FLASH_FORWARD}, float? scale",
    _FLASH_FORWARD,
)
_EFFICIENT_FORWARD = f"{_QKV}, Tensor? bias, Tensor? cu_seqlens_q, Tensor? cu_seqlens_k"
_EFFICIENT_END = "float dropout_p, int custom_mask_type, bool compute_log_sumexp, float? scale"
_EFFICIENT = (
    f"{_EFFICIENT_FORWARD}, int? max_q, int? max_k, {_EFFICIENT_END}, Tensor? seqlen_k, "
    "int? window_size",
    f"{_EFFICIENT_FORWARD}, int? max_q, int? max_k, {_EFFICIENT_END}, Tensor? causal_diagonal, "
    "Tensor? seqlen_k",
    f"{_EFFICIENT_FORWARD}, int? max_q, {_EFFICIENT_END}, Tensor? causal_diagonal, "
    "Tensor? seqlen_k",
    f"{_QKV}, Tensor? cu_seqlens_q, Tensor? cu_seqlens_k, int? max_q, bool compute_log_sumexp, "
    "bool is_causal",
)
"""Signatures of PyTorch 2.4, 2.3, 2.1 and 2.0. The first two have one length; where they cannot be
told apart a tensor in the place that moved leaves the pairs unknown by either."""


def _sdpa(call: OpCall) -> Work:
    """Model a `_scaled_dot_product_*` operator, whose tensors are [B,H,S,D]."""
    arguments = read(call, *_SDPA[call.base])
    return _dense(call, arguments, arguments.flag("is_causal"), heads_first=True)


def _dense(call: OpCall, arguments: Arguments, causal: bool | None, *, heads_first: bool) -> Work:
    """Return the work of sequences of one length, causal from the first pair."""
    q, k, v = (arguments.tensor(name, 4) for name in ("query", "key", "value"))
    shape = shape_of(q, k, v, heads_first=heads_first)
    pairs, remark = pairs_of(shape, causal, bottom_right=False)
    return _forward_work(call, shape, pairs, arguments.optional("attn_bias"), remark)


def _cudnn(call: OpCall) -> Work:
    """`_cudnn_attention_forward`, which `_scaled_dot_product_cudnn_attention` calls: [B,H,S,D]."""
    arguments = read(call, *_CUDNN)
    inside = ("cum_seq_q", "cum_seq_k", "seqused_k", "block_table")
    if any(arguments.optional(name) is not None for name in inside):
        raise UnmodelledError(NO_LENGTHS)
    return _dense(call, arguments, arguments.flag("is_causal"), heads_first=True)


def _window(arguments: Arguments) -> tuple[int, int]:
    left, right = arguments.integer("window_left"), arguments.integer("window_right")
    return (-1 if left is None else left), (-1 if right is None else right)


def _flash(call: OpCall) -> Work:
    """`_flash_attention_forward`, in [B,S,H,D], or [T,H,D] where sequences are packed."""
    arguments = read(call, *_FLASH)
    causal = arguments.flag("is_causal")
    left, right = _window(arguments)
    if any(arguments.optional(name) is not None for name in ("seqused_k", "block_table")):
        raise UnmodelledError(NO_LENGTHS)
    if arguments.optional("cum_seq_q") is not None:
        return _packed(call, arguments, causal, left, right)
    q, k, v = call.tensor(0, 4), call.tensor(1, 4), call.tensor(2, 4)
    shape = shape_of(q, k, v, heads_first=False)
    pairs, remark = pairs_of(shape, causal, bottom_right=True, left=left, right=right)
    return _forward_work(call, shape, pairs, None, remark)


def _packed(
    call: OpCall,
    arguments: Arguments,
    causal: bool | None,
    left: int,
    right: int,
) -> Work:
    """Packed sequences [T,H,D]: exact only where all of them provably have the maximum length."""
    q, k, v = call.tensor(0, 3), call.tensor(1, 3), call.tensor(2, 3)
    if not len(q.shape) == len(k.shape) == len(v.shape) == 3:
        raise UnmodelledError("shapes of the attention do not fit together")
    ends = arguments.tensor("cum_seq_q", 1)
    longest_q, longest_k = arguments.integer("max_q"), arguments.integer("max_k")
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
    """`_efficient_attention_forward` in [B,S,H,D]: mask type 1 is causal from the first pair, 2
    from the last. Its bias is read, a broadcast one by its distinct elements."""
    arguments = read(call, *_EFFICIENT)
    q, k, v = call.tensor(0, 4), call.tensor(1, 4), call.tensor(2, 4)
    shape = shape_of(q, k, v, heads_first=False)
    kind, bias = arguments.integer("custom_mask_type"), arguments.optional("bias")
    causal = arguments.flag("is_causal") if "is_causal" in arguments else mask_causal(kind)
    inside = ("cu_seqlens_q", "cu_seqlens_k", "seqlen_k", "causal_diagonal")
    lengths = any(arguments.optional(name) is not None for name in inside)
    window = arguments.integer("window_size") or 0
    if lengths or causal is None or window > 0:
        reason = NO_CAUSAL if causal is None else NO_LENGTHS if lengths else NO_WINDOW
        out = Tensor((*q.shape[:-1], v.shape[-1]), q.dtype)
        return work_of(FAMILY, None, (q, k, v, bias), (out,), dtype=q.dtype, reason=reason)
    pairs, remark = pairs_of(shape, causal, bottom_right=kind == BOTTOM_RIGHT)
    return _forward_work(call, shape, pairs, bias, remark)


def mask_causal(kind: int | None) -> bool | None:
    """Tell from a `custom_mask_type` whether the mask is causal; None where it does not say."""
    return {0: False, 1: True, BOTTOM_RIGHT: True}.get(-1 if kind is None else kind)


MODELS: dict[str, Model] = {
    **{f"aten::{name}": _sdpa for name in _SDPA},
    "aten::_cudnn_attention_forward": _cudnn,
    "aten::_flash_attention_forward": _flash,
    "aten::_efficient_attention_forward": _efficient,
}
