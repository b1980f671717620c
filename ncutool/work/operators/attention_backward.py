"""Gradients of fused attention: 2·B·Hq·pairs·(3·Dqk + 2·Dv), since the scores are recomputed.

They read the gradient, q, k, v, the result and its logsumexp, and write three gradients.
"""

from __future__ import annotations

from msgspec import Struct

from ncutool.work.operators.attention import (
    BOTTOM_RIGHT,
    FAMILY,
    NO_CAUSAL,
    NO_LENGTHS,
    NO_WINDOW,
    mask_causal,
    pairs_of,
    shape_of,
)
from ncutool.work.operators.call import Model, OpCall, Work, work_of
from ncutool.work.operators.overloads import Arguments, read
from ncutool.work.operators.tensor import Tensor

_GRAD = "Tensor grad, Tensor query, Tensor key, Tensor value"
_SAVED = "Tensor out, Tensor logsumexp"
_PACKED = "Tensor? cum_seq_q, Tensor? cum_seq_k, int max_q, int max_k"
_FLASH = f"{_GRAD}, {_SAVED}, {_PACKED}, float dropout_p, bool is_causal"
_SIGNATURES: dict[str, tuple[str, ...]] = {
    "_scaled_dot_product_flash_attention_backward": (
        f"{_FLASH}, any seed, any offset, float? scale",
        f"{_FLASH}, Tensor? seed, Tensor? offset, float? scale",
        f"{_FLASH}, any seed, any offset",
    ),
    "_flash_attention_backward": (
        f"{_FLASH}, Tensor? seed, Tensor? offset, float? scale, int? window_left, "
        "int? window_right",
        f"{_FLASH}, Tensor? seed, Tensor? offset, float? scale",
        f"{_FLASH}, any seed, any offset",
    ),
    "_scaled_dot_product_efficient_attention_backward": (
        f"{_GRAD}, Tensor? attn_bias, {_SAVED}, Tensor? seed, Tensor? offset, float dropout_p, "
        "bool[] grad_mask, bool is_causal, float? scale",
        f"{_GRAD}, {_SAVED}, bool is_causal, bool chunk_grad_outputs, float? scale",
        f"{_GRAD}, {_SAVED}, bool is_causal, bool chunk_grad_outputs",
    ),
    "_cudnn_attention_backward": (
        f"{_GRAD}, {_SAVED}, Tensor? seed, Tensor? offset, Tensor? attn_bias, {_PACKED}, "
        "float dropout_p, bool is_causal, float? scale",
        f"{_GRAD}, {_SAVED}, Tensor? seed, Tensor? offset, {_PACKED}, float dropout_p, "
        "bool is_causal, float? scale",
        f"{_FLASH}, Tensor? seed, Tensor? offset, float? scale",
    ),
    "_efficient_attention_backward": (
        *(
            f"{_GRAD}, Tensor? attn_bias, Tensor out, {_PACKED}, Tensor logsumexp, "
            "float dropout_p, Tensor? seed, Tensor? offset, int custom_mask_type, "
            f"bool bias_requires_grad, float? scale, int? num_splits_key{end}"
            for end in (", int? window_size, bool shared_storage", ", int? window_size", "")
        ),
        f"{_GRAD}, {_SAVED}, bool is_causal, bool chunk_grad_outputs",
    ),
}
"""Base name -> signatures of PyTorch, the newest first."""


class _Mask(Struct, frozen=True):
    """Which pairs a backward operator admits, as far as it is recorded."""

    causal: bool | None
    bottom_right: bool
    left: int = -1
    right: int = -1
    unknown: str | None = None
    """Why the pairs cannot be known, where they cannot."""


def _backward(
    arguments: Arguments, mask: _Mask, *, heads_first: bool, bias_gradient: bool = False
) -> Work:
    """Return the gradients of q, k and v, and of the bias where ``bias_gradient``."""
    grad, q, k, v = (arguments.tensor(name, 3) for name in ("grad", "query", "key", "value"))
    out, logsumexp = arguments.optional("out"), arguments.optional("logsumexp")
    bias = arguments.optional("attn_bias")
    reads = (grad, q, k, v, out, logsumexp, bias)
    wanted = (q, k, v, bias if bias_gradient else None)
    writes = tuple(Tensor(item.shape, item.dtype) for item in wanted if item is not None)
    if mask.unknown is not None:
        return work_of(FAMILY, None, reads, writes, dtype=q.dtype, reason=mask.unknown)
    shape = shape_of(q, k, v, heads_first=heads_first)
    pairs, remark = pairs_of(
        shape, mask.causal, bottom_right=mask.bottom_right, left=mask.left, right=mask.right
    )
    if pairs is None:
        return work_of(FAMILY, None, reads, writes, dtype=q.dtype, reason=NO_CAUSAL)
    width = 3 * shape.qk_width + 2 * shape.v_width
    flop = 2 * shape.batch * shape.query_heads * pairs * width
    return work_of(FAMILY, flop, reads, writes, dtype=q.dtype, remark=remark)


def _sdpa(call: OpCall) -> Work:
    """Model a `_scaled_dot_product_*_backward`, or cuDNN's, whose tensors are [B,H,S,D]."""
    name = call.base.replace("_scaled_dot_product_cudnn", "_cudnn")
    arguments = read(call, *_SIGNATURES[name])
    wanted = arguments.flags("grad_mask") or ()
    unknown = _packed_lengths(arguments)
    mask = _Mask(arguments.flag("is_causal"), bottom_right=False, unknown=unknown)
    gradient = len(wanted) == 4 and wanted[3]
    return _backward(arguments, mask, heads_first=True, bias_gradient=gradient)


def _flash(call: OpCall) -> Work:
    """`_flash_attention_backward`, in [B,S,H,D]."""
    arguments = read(call, *_SIGNATURES[call.base])
    left, right = arguments.integer("window_left"), arguments.integer("window_right")
    mask = _Mask(
        arguments.flag("is_causal"),
        True,
        -1 if left is None else left,
        -1 if right is None else right,
        _packed_lengths(arguments),
    )
    return _backward(arguments, mask, heads_first=False)


def _efficient(call: OpCall) -> Work:
    """`_efficient_attention_backward`, in [B,S,H,D]."""
    arguments = read(call, *_SIGNATURES[call.base])
    kind, window = arguments.integer("custom_mask_type"), arguments.integer("window_size") or 0
    unknown = _packed_lengths(arguments) or (NO_WINDOW if window > 0 else None)
    causal = arguments.flag("is_causal") if "is_causal" in arguments else mask_causal(kind)
    mask = _Mask(causal, bottom_right=kind == BOTTOM_RIGHT, unknown=unknown)
    gradient = arguments.flag("bias_requires_grad") is True
    return _backward(arguments, mask, heads_first=False, bias_gradient=gradient)


def _packed_lengths(arguments: Arguments) -> str | None:
    """Return why packed sequences have no known pairs; None where they are not packed."""
    lengths = arguments.optional("cum_seq_q")
    return NO_LENGTHS if lengths is not None and lengths.numel > 0 else None


MODELS: dict[str, Model] = {
    "aten::_scaled_dot_product_flash_attention_backward": _sdpa,
    "aten::_scaled_dot_product_efficient_attention_backward": _sdpa,
    "aten::_scaled_dot_product_cudnn_attention_backward": _sdpa,
    "aten::_cudnn_attention_backward": _sdpa,
    "aten::_flash_attention_backward": _flash,
    "aten::_efficient_attention_backward": _efficient,
}
