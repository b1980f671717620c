"""Attention over caches in pages, of serving engines: the context lengths lie in device memory."""

from __future__ import annotations

from ncutool.work.operators.attention import (
    ALL_LONGEST,
    FAMILY,
    NO_LENGTHS,
    attended_pairs,
)
from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.steps import step_of
from ncutool.work.operators.tensor import Tensor

WITHOUT_WINDOWS = "upper bound of the FLOPs: the annotated pairs, without windows"
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
    the fourth argument. The context lengths lie in device memory.

    The bytes are at least those of the queries and the result: nothing of the cache is counted.
    Where the engine's annotation of the step says how many tokens there are, the rows behind them
    are padding and not counted either. Where it has the sums over the step's sequences, the FLOPs
    are at most those of causal attention without windows.
    """
    q, given = call.tensor(0, 2), call.optional(3)
    out = Tensor(q.shape, q.dtype) if given is None else Tensor(given.shape, given.dtype)
    if out.numel != q.numel:
        raise UnmodelledError("shapes of the attention do not fit together")
    step, rows = step_of(call.step), q.shape[0]
    fits = step.tokens is not None and 0 < step.tokens <= rows
    pairs = step.pairs if fits else None
    width = (q.numel + out.numel) // rows if rows else 0
    used = tuple(
        Tensor((step.tokens if fits and step.tokens else rows, each.numel // rows), each.dtype)
        for each in (q, out)
        if rows
    )
    return work_of(
        FAMILY,
        None if pairs is None else 2 * pairs * width,
        used[:1],
        used[1:],
        dtype=q.dtype,
        outputs=(out,),
        remark=WITHOUT_CACHE if pairs is None else f"{WITHOUT_CACHE}; {WITHOUT_WINDOWS}",
        reason=NO_LENGTHS if pairs is None else None,
        flop_exactness="exact" if pairs is None else "upper_bound",
        bytes_exactness="lower_bound",
    )


MODELS: dict[str, Model] = {
    "aiter::mha_batch_prefill": _aiter_paged,
    "vllm::unified_attention_with_output": _paged,
    "vllm::unified_attention": _paged,
}
