"""A chain of elementwise operators and attention written out, each beside its fused form.

Run on a CPU with ``--tiny``, never on CUDA.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from workloads.workload import Report, Setting, Step, Workload


def activation(x: Tensor, bias: Tensor, skip: Tensor) -> Tensor:
    """A bias, GELU by its tanh formula and a residual: ten operators."""
    x = x + bias
    inner = 0.7978845608 * (x + 0.044715 * (x * x * x))
    return skip + 0.5 * x * (1.0 + torch.tanh(inner))


def chain(setting: Setting, compiled: bool) -> Step:
    """:func:`activation` over 16384 × 4096 bfloat16 values: 128 MiB a tensor."""
    shape = (setting.pick(16384, 16), setting.pick(4096, 32))
    x, skip = (torch.randn(shape, device=setting.device, dtype=torch.bfloat16) for _ in range(2))
    bias = torch.randn(shape[1], device=setting.device, dtype=torch.bfloat16)
    call = torch.compile(activation, dynamic=False) if compiled else activation
    return Step(partial(call, x, bias, skip))


def _heads(setting: Setting) -> list[Tensor]:
    """Query, key and value: 8 × 16 heads × 1024 tokens × 64 channels, bfloat16."""
    shape = (setting.pick(8, 2), setting.pick(16, 2), setting.pick(1024, 16), setting.pick(64, 8))
    return [torch.randn(shape, device=setting.device, dtype=torch.bfloat16) for _ in range(3)]


def written_out(setting: Setting) -> Step:
    """Causal attention in plain operators, its scores in memory."""
    query, key, value = _heads(setting)
    tokens = query.shape[2]
    future = torch.ones(tokens, tokens, device=setting.device, dtype=torch.bool).triu(1)

    def run() -> Tensor:
        scores = torch.matmul(query, key.transpose(-2, -1)) * query.shape[-1] ** -0.5
        scores = scores.masked_fill(future, float("-inf"))
        return torch.matmul(scores.softmax(-1, dtype=torch.float32).to(value.dtype), value)

    return Step(run)


def fused(setting: Setting) -> Step:
    """The same through ``scaled_dot_product_attention``."""
    heads = _heads(setting)
    return Step(partial(functional.scaled_dot_product_attention, *heads, is_causal=True))


FULL = (Report("full"),)

WORKLOADS = [
    Workload(
        "chain-eager",
        "bias, tanh GELU and residual, 16384 × 4096, bf16, ten operators",
        partial(chain, compiled=False),
        ("aten::add", "aten::mul", "aten::tanh"),
        reports=FULL,
    ),
    Workload(
        "chain-compiled", "the same compiled", partial(chain, compiled=True), (), reports=FULL
    ),
    Workload(
        "attention-written-out",
        "causal attention in plain operators, 8 × 16 heads × 1024 × 64, bf16",
        written_out,
        ("aten::bmm", "aten::masked_fill", "aten::_softmax"),
        reports=FULL,
    ),
    Workload(
        "attention-sdpa",
        "the same through scaled_dot_product_attention",
        fused,
        ("aten::scaled_dot_product_attention",),
        reports=FULL,
    ),
]
