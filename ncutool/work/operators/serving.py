"""Scaled products and mixtures of experts whose signatures need code; those that need none stand
in the table of :mod:`ncutool.work.operators.engines`.

Shapes are checked against each other, so that a schema of another version is unknown, not wrong.
"""

from __future__ import annotations

from msgspec.structs import replace

from ncutool.work.operators.call import (
    NO_DTYPES,
    Model,
    OpCall,
    UnmodelledError,
    Work,
    work_of,
)
from ncutool.work.operators.tensor import Tensor

FAMILY = "gemm"
NO_EXPERTS = "which experts are active is not recorded"
NO_WEIGHTS = "the experts' weights and how many a token takes are not recorded"
TOKENS_ALONE = "lower bound of the bytes: tokens and their results, without the experts' weights"
EXPERT_PARALLEL = "how many tokens go to this device's experts is not recorded"


def _mismatch(call: OpCall) -> UnmodelledError:
    return UnmodelledError(f"shapes of {call.name} do not fit together")


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
    if len(a.shape) != 2:
        raise _mismatch(call)
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
    if [len(each.shape) for each in (x, first, second, ids)] != [2, 3, 3, 2]:
        raise _mismatch(call)
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
    # products of whole-number weights are in their type or in that of x, which flags tell by place
    whole = first.dtype in ("int8", "uint8", "int32")
    dtype = first.dtype if first.dtype == "fp8" else None if whole else x.dtype
    known = dtype is not None or whole
    return Work(FAMILY, flop, None, None, dtype=dtype, reason=NO_EXPERTS if known else NO_DTYPES)


def _experts(call: OpCall) -> Work:
    """vLLM: `moe_forward(x[T,H], router_logits[T,E], layer)`: the weights are no argument, so the
    tokens are read and their results written at least, and the FLOPs are not known."""
    x, logits = call.tensor(0, 2), call.tensor(1, 2)
    if x.shape[0] != logits.shape[0]:
        raise _mismatch(call)
    out = Tensor(x.shape, x.dtype)
    bound = work_of(
        "other",
        None,
        (x, logits),
        (out,),
        remark=TOKENS_ALONE,
        reason=NO_WEIGHTS,
        bytes_exactness="lower_bound",
    )
    return replace(bound, divisible=False)


MODELS: dict[str, Model] = {
    "fbgemm::f8f8bf16_rowwise": _fbgemm_rowwise,
    "aten::_weight_int4pack_mm": _int4_mm,
    "vllm::inplace_fused_experts": _fused_experts,
    "vllm::outplace_fused_experts": _fused_experts,
    "sglang::inplace_fused_experts": _fused_experts,
    "sglang::outplace_fused_experts": _fused_experts,
    "vllm::moe_forward": _experts,
}

FAMILIES = {"vllm::moe_forward": "other"}
"""Families of the operators here that are no plain products, for calls whose work is unknown."""
