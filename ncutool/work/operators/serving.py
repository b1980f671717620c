"""Operators of serving engines and kernel libraries beside PyTorch: scaled products, mixtures of
experts, FlashAttention's own operators.

Shapes are checked against each other, so that a schema of another version is unknown, not wrong.
"""

from __future__ import annotations

from ncutool.work.operators.attention import NO_CAUSAL, attended_pairs
from ncutool.work.operators.call import (
    NO_DTYPES,
    Model,
    OpCall,
    UnmodelledError,
    Work,
    work_of,
)
from ncutool.work.operators.tensor import SCALAR_TYPES, Tensor

FAMILY = "gemm"
ATTENTION = "attention"
NO_EXPERTS = "which experts are active is not recorded"
NO_WEIGHTS = "the experts' weights and how many a token takes are not recorded"
TOKENS_ALONE = "lower bound of the bytes: tokens and their results, without the experts' weights"
EXPERT_PARALLEL = "how many tokens go to this device's experts is not recorded"


def _mismatch(call: OpCall) -> UnmodelledError:
    return UnmodelledError(f"shapes of {call.name} do not fit together")


def _cutlass_scaled_mm(call: OpCall) -> Work:
    """vLLM: `cutlass_scaled_mm(out[M,N], a[M,K], b[K,N], a_scales, b_scales, bias)`."""
    out, a, b = call.tensor(0, 2), call.tensor(1, 2), call.tensor(2, 2)
    if (a.shape[0], b.shape[1]) != out.shape or a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    scales = tuple(call.optional(index) for index in (3, 4, 5))
    flop = 2 * out.numel * a.shape[1]
    return work_of(FAMILY, flop, (a, b, *scales), (out,), dtype=a.dtype)


def _sgl_scaled_mm(call: OpCall) -> Work:
    """SGLang: `fp8_scaled_mm(a[M,K], b[K,N], scales_a, scales_b, out_dtype, bias)`."""
    a, b, code = call.tensor(0, 2), call.tensor(1, 2), call.integer(4)
    if a.shape[1] != b.shape[0]:
        raise _mismatch(call)
    out = Tensor((a.shape[0], b.shape[1]), SCALAR_TYPES.get(-1 if code is None else code))
    scales = tuple(call.optional(index) for index in (2, 3, 5))
    return work_of(
        FAMILY,
        2 * out.numel * a.shape[1],
        (a, b, *scales),
        (out,),
        dtype=a.dtype,
        reason=None if out.dtype else f"result data type of {call.base} not recorded",
    )


def _fbgemm_rowwise(call: OpCall) -> Work:
    """FBGEMM: `f8f8bf16_rowwise(x[M,K], w[N,K], x_scale, w_scale, bias, ...)`, a BF16 result."""
    x, w = call.tensor(0, 2), call.tensor(1, 2)
    if len(x.shape) != 2 or x.shape[1] != w.shape[1]:
        raise _mismatch(call)
    out = Tensor((x.shape[0], w.shape[0]), "bf16" if x.dtype else None)
    reads = (x, w, call.optional(2), call.optional(3), call.optional(4))
    return work_of(FAMILY, 2 * out.numel * x.shape[1], reads, (out,), dtype=x.dtype)


def _int4_mm(call: OpCall) -> Work:
    """`_weight_int4pack_mm(a[M,K], packed, group_size, scales_and_zeros[K/group,N,2])`.

    Weights are packed in 32-bit words and read as they lie; the arithmetic is in a's data type.
    """
    a, packed, group = call.tensor(0, 2), call.tensor(1), call.integer(2)
    scales = call.tensor(3, 3)
    (m, k), n = a.shape, scales.shape[1]
    if group is None or scales.shape[0] * group != k or packed.numel * 8 != n * k:
        raise _mismatch(call)
    return work_of(
        FAMILY, 2 * m * n * k, (a, packed, scales), (Tensor((m, n), a.dtype),), dtype=a.dtype
    )


def _fused_experts(call: OpCall) -> Work:
    """vLLM: `inplace_fused_experts(x[T,H], w1[E,2·I,H], w2[E,H,I], weights[T,k], ids[T,k], ...)`.

    Every token passes k experts: 2·T·k·(2·I·H + H·I). A map of experts (an integer list among the
    other arguments) means that some are on other devices: then nothing is known.
    """
    x, first, second, ids = (
        call.tensor(index, rank) for index, rank in ((0, 2), (1, 3), (2, 3), (4, 2))
    )
    tokens, hidden = x.shape
    experts, gates, width = first.shape
    inner = second.shape[2]
    fits = width == hidden and second.shape[:2] == (experts, hidden) and ids.shape[0] == tokens
    if not fits or gates not in (inner, 2 * inner):
        raise _mismatch(call)
    others = (call.optional(index) for index in range(5, len(call.inputs)))
    if any(other is not None and other.dtype in ("int32", "int64") for other in others):
        raise UnmodelledError(EXPERT_PARALLEL)
    flop = 2 * tokens * ids.shape[1] * hidden * (gates + inner)
    dtype = first.dtype if first.dtype == "fp8" else x.dtype
    return Work(FAMILY, flop, None, None, dtype=dtype, reason=NO_EXPERTS if dtype else NO_DTYPES)


def _experts(call: OpCall) -> Work:
    """vLLM: `moe_forward(x[T,H], router_logits[T,E], layer)`: the weights are no argument, so the
    tokens are read and their results written at least, and the FLOPs are not known."""
    x, logits = call.tensor(0, 2), call.tensor(1, 2)
    if x.shape[0] != logits.shape[0]:
        raise _mismatch(call)
    out = Tensor(x.shape, x.dtype)
    return work_of(
        "other",
        None,
        (x, logits),
        (out,),
        dtype=x.dtype,
        remark=TOKENS_ALONE,
        reason=NO_WEIGHTS,
        bytes_exactness="lower_bound",
    )


def _flash_attention(call: OpCall) -> Work:
    """FlashAttention: `_flash_attn_forward(q[B,S,H,D], k, v, dropout_p, scale, causal,
    window_left, window_right, ...)`; the mask is aligned with the last key."""
    q, k, v = call.tensor(0, 4), call.tensor(1, 4), call.tensor(2, 4)
    fits = q.shape[0] == k.shape[0] == v.shape[0] and k.shape[1:3] == v.shape[1:3]
    if not fits or q.shape[3] != k.shape[3] or not k.shape[2] or q.shape[2] % k.shape[2]:
        raise _mismatch(call)
    causal, left, right = call.flag(5), call.integer(6), call.integer(7)
    out = Tensor((*q.shape[:3], v.shape[3]), q.dtype)
    if causal is None:
        return work_of(ATTENTION, None, (q, k, v), (out,), dtype=q.dtype, reason=NO_CAUSAL)
    pairs = attended_pairs(
        q.shape[1],
        k.shape[1],
        causal=causal,
        left=-1 if left is None else left,
        right=-1 if right is None else right,
    )
    flop = 2 * q.shape[0] * q.shape[2] * pairs * (q.shape[3] + v.shape[3])
    remark = "causal" if causal else None
    return work_of(ATTENTION, flop, (q, k, v), (out,), dtype=q.dtype, remark=remark)


MODELS: dict[str, Model] = {
    "_C::cutlass_scaled_mm": _cutlass_scaled_mm,
    "sgl_kernel::fp8_scaled_mm": _sgl_scaled_mm,
    "fbgemm::f8f8bf16_rowwise": _fbgemm_rowwise,
    "aten::_weight_int4pack_mm": _int4_mm,
    "vllm::inplace_fused_experts": _fused_experts,
    "vllm::outplace_fused_experts": _fused_experts,
    "vllm::moe_forward": _experts,
    "flash_attn::_flash_attn_forward": _flash_attention,
}

FAMILIES = {"vllm::moe_forward": "other", "flash_attn::_flash_attn_forward": ATTENTION}
"""Families of the operators here that are no plain products, for calls whose work is unknown."""
