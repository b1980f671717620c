"""Elementwise operators that do several steps at once, of serving engines and of PyTorch."""

from __future__ import annotations

from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.elementwise import FAMILY
from ncutool.work.operators.tensor import Tensor, category


def _split_activation(flop_per_element: int) -> Model:
    """`silu_and_mul(out[...,D], x[...,2·D])`: half of x is activated and scales the other half."""

    def model(call: OpCall) -> Work:
        out, x = call.tensor(0, 1), call.tensor(1, 1)
        if out.shape[:-1] != x.shape[:-1] or 2 * out.shape[-1] != x.shape[-1]:
            raise UnmodelledError(f"shapes of {call.name} do not fit together")
        return work_of(FAMILY, flop_per_element * out.numel, (x,), (out,), dtype=x.dtype)

    return model


def _to_fp8(call: OpCall) -> Work:
    """`static_scaled_fp8_quant(out, x, scale)`: one multiplication an element."""
    out, x = call.tensor(0), call.tensor(1)
    if out.shape != x.shape or (out.dtype and category(out.dtype) != "float"):
        raise UnmodelledError(f"shapes of {call.name} do not fit together")
    return work_of(FAMILY, x.numel, (x, call.optional(2)), (out,), dtype=x.dtype)


def _rotary(call: OpCall) -> Work:
    """`rotary_embedding(positions[T], q[T,·], k[T,·], head_size, cos_sin_cache[P,R])`, in place.

    Each of the R rotated elements of a head costs two multiplications and an addition.
    """
    positions, q, cache = call.tensor(0), call.tensor(1), call.tensor(4, 2)
    k = call.optional(2)
    head, rotated, tokens = call.integer(3), cache.shape[-1], positions.numel
    if not head or rotated > head or cache.itemsize is None:
        raise UnmodelledError(f"no model for {call.name}")
    touched = tuple(
        Tensor((tensor.numel // head * rotated,), tensor.dtype)
        for tensor in (q, k)
        if tensor is not None
    )
    rows = Tensor((min(tokens, cache.shape[0]), rotated), cache.dtype)
    flop = 3 * sum(tensor.numel for tensor in touched)
    outputs = tuple(Tensor(tensor.shape, tensor.dtype) for tensor in (q, k) if tensor is not None)
    return work_of(
        FAMILY, flop, (positions, *touched, rows), touched, dtype=q.dtype, outputs=outputs
    )


def _bias_and_scale(call: OpCall) -> Work:
    """`_transform_bias_rescale_qkv(qkv[B,T,3·D], bias[3·D], heads)`: adds the bias, scales the
    queries, and writes three tensors [B,H,T,D/H]."""
    qkv, bias, heads = call.tensor(0, 3), call.tensor(1, 1), call.integer(2)
    batch, tokens, width = qkv.shape[0], qkv.shape[1], qkv.shape[-1]
    fits = len(qkv.shape) == 3 and bias.shape == (width,) and width % 3 == 0
    if not fits or (heads is not None and (heads < 1 or width // 3 % heads)):
        raise UnmodelledError(f"shapes of {call.name} do not fit together")
    part = Tensor((batch, tokens, width // 3), qkv.dtype)
    flop = qkv.numel + part.numel
    return work_of(FAMILY, flop, (qkv, bias), (part, part, part), dtype=qkv.dtype)


MODELS: dict[str, Model] = {
    "_C::silu_and_mul": _split_activation(5),
    "sgl_kernel::silu_and_mul": _split_activation(5),
    "aiter::silu_and_mul": _split_activation(5),
    "_C::gelu_and_mul": _split_activation(6),
    "sgl_kernel::gelu_and_mul": _split_activation(6),
    "_C::static_scaled_fp8_quant": _to_fp8,
    "_C::rotary_embedding": _rotary,
    "sgl_kernel::rotary_embedding": _rotary,
    "aten::_transform_bias_rescale_qkv": _bias_and_scale,
}
