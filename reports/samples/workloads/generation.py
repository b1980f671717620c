"""The workload of the synthetic samples: two decoder layers in eager bfloat16.

One prefill of 4 × 1024 tokens, then four decode steps of 4 × 1 token against a growing KV cache, a
greedy token read back after each. Run on a CPU, never on CUDA.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.profiler import record_function

from workloads.workload import Setting, Step, Workload

Cache = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Sizes:
    """Sizes of the model and of what it generates."""

    batch: int = 4
    prompt: int = 1024
    steps: int = 4
    layers: int = 2
    hidden: int = 2048
    heads: int = 16
    intermediate: int = 5632
    vocabulary: int = 32000

    @property
    def head_dim(self) -> int:
        """Channels of one head."""
        return self.hidden // self.heads


TINY = Sizes(2, 8, 2, 2, 64, 2, 128, 256)


class RMSNorm(nn.Module):
    """Root-mean-square norm written out in eager operators, as many models have it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.float32)
        variance = wide.pow(2).mean(-1, keepdim=True)
        return self.weight * (wide * torch.rsqrt(variance + 1e-6)).to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of ``[batch, heads, tokens, head_dim]``."""
    middle = x.shape[-1] // 2
    low, high = x[..., :middle], x[..., middle:]
    return x * cos + torch.cat((-high, low), dim=-1) * sin


class Layer(nn.Module):
    """One decoder layer: attention and a SwiGLU MLP, each behind a norm and a residual."""

    def __init__(self, size: Sizes) -> None:
        super().__init__()
        self.size = size
        self.norm1, self.norm2 = RMSNorm(size.hidden), RMSNorm(size.hidden)
        self.qkv = nn.Linear(size.hidden, 3 * size.hidden, bias=True)
        self.out = nn.Linear(size.hidden, size.hidden, bias=False)
        self.gate = nn.Linear(size.hidden, size.intermediate, bias=False)
        self.up = nn.Linear(size.hidden, size.intermediate, bias=False)
        self.down = nn.Linear(size.intermediate, size.hidden, bias=False)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None
    ) -> tuple[Tensor, Cache]:
        batch, tokens, hidden = x.shape
        size = self.size
        heads = self.qkv(self.norm1(x)).view(batch, tokens, 3, size.heads, size.head_dim)
        query, key, value = (part.transpose(1, 2) for part in heads.unbind(2))
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        if cache is not None:
            key = torch.cat((cache[0], key), dim=2)
            value = torch.cat((cache[1], value), dim=2)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=cache is None)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, hidden))
        wide = self.norm2(x)
        x = x + self.down(functional.silu(self.gate(wide)) * self.up(wide))
        return x, (key, value)


class Decoder(nn.Module):
    """Embedding, layers, norm and head; the head sees the last token only."""

    def __init__(self, size: Sizes) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size.vocabulary, size.hidden)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.layers))
        self.norm = RMSNorm(size.hidden)
        self.head = nn.Linear(size.hidden, size.vocabulary, bias=False)

    def forward(
        self, ids: Tensor, cos: Tensor, sin: Tensor, caches: list[Cache | None]
    ) -> tuple[Tensor, list[Cache | None]]:
        x = self.embedding(ids)
        grown: list[Cache | None] = []
        for layer, cache in zip(self.layers, caches, strict=True):
            x, cache = layer(x, cos, sin, cache)
            grown.append(cache)
        return self.head(self.norm(x[:, -1:])).argmax(-1), grown


def generate(model: Decoder, prompt: Tensor, cos: Tensor, sin: Tensor, size: Sizes) -> list[int]:
    """Prefill, then greedy tokens; each is read back by the host."""
    tokens: list[int] = []
    caches: list[Cache | None] = [None] * size.layers
    with record_function("prefill"):
        ids, caches = model(prompt, cos[: size.prompt], sin[: size.prompt], caches)
        tokens.append(int(ids[0, 0].item()))
    for position in range(size.prompt, size.prompt + size.steps):
        with record_function("decode"):
            here = slice(position, position + 1)
            ids, caches = model(ids, cos[here], sin[here], caches)
            tokens.append(int(ids[0, 0].item()))
    return tokens


def tables(size: Sizes, device: str) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, ``[positions, head_dim]``, bfloat16."""
    rate = 10000.0 ** (-torch.arange(0, size.head_dim, 2, device=device) / size.head_dim)
    positions = torch.arange(size.prompt + size.steps, device=device)
    angle = torch.outer(positions, rate).repeat(1, 2)
    return angle.cos().to(torch.bfloat16), angle.sin().to(torch.bfloat16)


def build(setting: Setting) -> Step:
    """One whole generation is one step."""
    size = TINY if setting.tiny else Sizes()
    model = Decoder(size).to(setting.device, torch.bfloat16).eval()
    prompt = torch.randint(size.vocabulary, (size.batch, size.prompt), device=setting.device)
    cos, sin = tables(size, setting.device)

    def run() -> list[int]:
        with torch.inference_mode():
            return generate(model, prompt, cos, sin, size)

    return Step(run)


WORKLOADS = [
    Workload(
        "decoder-layer",
        "two decoder layers: a prefill of 4 × 1024 tokens and four decode steps, bf16, eager",
        build,
        ("aten::addmm", "aten::scaled_dot_product_attention", "aten::item"),
        steps=1,
    )
]
