"""A decoder-only transformer of 0.3 billion parameters: GQA, SwiGLU, RMSNorm, RoPE.

Norm, rotation and gate are written in plain operators, as many models have them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from workloads.workload import Setting


@dataclass(frozen=True)
class Sizes:
    """24 layers: 24 × (2.6 + 8.7 million) + 33 million parameters, embedding and head tied."""

    layers: int = 24
    hidden: int = 1024
    heads: int = 16
    kv_heads: int = 4
    intermediate: int = 2816
    vocabulary: int = 32000
    positions: int = 1025

    @property
    def head_dim(self) -> int:
        """Channels of one head."""
        return self.hidden // self.heads


TINY = Sizes(2, 64, 4, 2, 128, 256, 33)


def sizes(setting: Setting, layers: int | None = None) -> Sizes:
    """The model's sizes in this setting, with so many layers if named."""
    if setting.tiny:
        return TINY
    return Sizes() if layers is None else Sizes(layers=layers)


class RMSNorm(nn.Module):
    """Root-mean-square norm over the last dimension, computed in float32."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.float32)
        scaled = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6)
        return self.weight * scaled.to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of ``[batch, heads, tokens, head_dim]``."""
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-high, low), dim=-1) * sin


class Layer(nn.Module):
    """One decoder layer: grouped-query attention and a SwiGLU MLP, each behind a norm."""

    def __init__(self, size: Sizes) -> None:
        super().__init__()
        self.size = size
        narrow = size.kv_heads * size.head_dim
        self.norm1, self.norm2 = RMSNorm(size.hidden), RMSNorm(size.hidden)
        self.query = nn.Linear(size.hidden, size.hidden, bias=False)
        self.key = nn.Linear(size.hidden, narrow, bias=False)
        self.value = nn.Linear(size.hidden, narrow, bias=False)
        self.out = nn.Linear(size.hidden, size.hidden, bias=False)
        self.gate = nn.Linear(size.hidden, size.intermediate, bias=False)
        self.up = nn.Linear(size.hidden, size.intermediate, bias=False)
        self.down = nn.Linear(size.intermediate, size.hidden, bias=False)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, cache: Tensor | None, start: int
    ) -> Tensor:
        """``x`` is ``[batch, tokens, hidden]``. ``cache``, ``[2, batch, kv_heads, positions,
        head_dim]``, takes its keys and values from position ``start`` on."""
        batch, tokens, _ = x.shape
        wide = self.norm1(x)
        split = (batch, tokens, -1, self.size.head_dim)
        query, key, value = (
            part(wide).view(split).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        if cache is not None:
            end = start + tokens
            cache[0, :, :, start:end] = key
            cache[1, :, :, start:end] = value
            key, value = cache[0, :, :, :end], cache[1, :, :, :end]
        mixed = functional.scaled_dot_product_attention(
            query, key, value, is_causal=start == 0, enable_gqa=True
        )
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, -1))
        wide = self.norm2(x)
        return x + self.down(functional.silu(self.gate(wide)) * self.up(wide))


class Decoder(nn.Module):
    """Embedding, layers, norm and a head tied to the embedding."""

    cos: Tensor
    sin: Tensor

    def __init__(self, size: Sizes) -> None:
        super().__init__()
        self.size = size
        self.embedding = nn.Embedding(size.vocabulary, size.hidden)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.layers))
        self.norm = RMSNorm(size.hidden)
        rate = 10000.0 ** (-torch.arange(0, size.head_dim, 2) / size.head_dim)
        angle = torch.outer(torch.arange(size.positions), rate).repeat(1, 2)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())

    def forward(
        self, ids: Tensor, caches: list[Tensor] | None = None, start: int = 0, last: bool = True
    ) -> Tensor:
        """Logits of ``[batch, tokens]`` ids that begin at position ``start``; of the last only if
        ``last``. ``caches`` holds one tensor a layer, see :meth:`Layer.forward`."""
        span = slice(start, start + ids.shape[1])
        cos, sin = self.cos[span], self.sin[span]
        x = self.embedding(ids)
        for index, layer in enumerate(self.layers):
            x = layer(x, cos, sin, None if caches is None else caches[index], start)
        x = self.norm(x[:, -1:] if last else x)
        return functional.linear(x, self.embedding.weight)
