"""Elementwise operators of PyTorch that do several steps at once on parts of a tensor."""

from __future__ import annotations

from ncutool.work.operators.call import Model, OpCall, UnmodelledError, Work, work_of
from ncutool.work.operators.elementwise import FAMILY
from ncutool.work.operators.tensor import Tensor


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


MODELS: dict[str, Model] = {"aten::_transform_bias_rescale_qkv": _bias_and_scale}
