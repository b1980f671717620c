"""Attention over caches in pages, of serving engines: the context lengths lie in device memory."""

from __future__ import annotations

from ncutool.work.operators.attention import (
    ALL_LONGEST,
    FAMILY,
    NO_LENGTHS,
    attended_pairs,
)
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.tensor import Tensor

WITHOUT_CACHE = "lower bound: queries and result, without keys and values of the cache"


def _aiter_paged(call: OpCall) -> Work:
    """AITER's `mha_batch_prefill(q[T,H,D], k_pool, v_pool, cu_seqlens_q, kv_indptr, kv_indices,
    max_q, max_k, dropout_p, scale, softcap, zero_tensors, causal, window_left, window_right)`.

    The context lengths lie in device memory. Only where the queries fill every sequence to the
    maximum, and a causal key never exceeds its query, does each sequence have that length.
    """
    q, k, v = call.tensor(0, 3), call.tensor(1, 3), call.tensor(2, 3)
    ends, longest_q, longest_k = call.tensor(3, 1), call.integer(6), call.integer(7)
    count = ends.shape[0] - 1
    causal = call.flag(12)
    left, right = (-1 if side is None else side for side in (call.integer(13), call.integer(14)))
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
    "aiter::mha_batch_prefill": _aiter_paged,
    "vllm::unified_attention_with_output": _paged,
    "vllm::unified_attention": _paged,
}
