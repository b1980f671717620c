"""Capture the samples' workload for real, on your own GPU (needs PyTorch; imports nothing else).

The workload: two decoder layers in eager bfloat16, one prefill of 4 × 1024 tokens, then four
decode steps of 4 × 1 token against the KV cache, a greedy token read back after each.

A trace, with the shapes ncutool needs::

    python capture.py --trace decoder-layer.json.gz

A report of the same launches, made by Nsight Compute (``--profile-from-start off``: only the part
between cudaProfilerStart and cudaProfilerStop)::

    ncu --set full --profile-from-start off -o decoder-layer python capture.py --report

The samples shipped beside this file are synthetic and were NOT made by it.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile, record_function, schedule

BATCH, PROMPT, STEPS = 4, 1024, 4
LAYERS, HIDDEN, HEADS, HEAD_DIM, INTERMEDIATE, VOCABULARY = 2, 2048, 16, 128, 5632, 32000
Cache = tuple[Tensor, Tensor]


class RMSNorm(nn.Module):
    """Root-mean-square norm written out in eager operators, as many models have it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(HIDDEN))

    def forward(self, x: Tensor) -> Tensor:
        wide = x.to(torch.float32)
        variance = wide.pow(2).mean(-1, keepdim=True)
        return self.weight * (wide * torch.rsqrt(variance + 1e-6)).to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of ``[batch, heads, tokens, head_dim]``."""
    low, high = x[..., : HEAD_DIM // 2], x[..., HEAD_DIM // 2 :]
    return x * cos + torch.cat((-high, low), dim=-1) * sin


class Layer(nn.Module):
    """One decoder layer: attention and a SwiGLU MLP, each behind a norm and a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1, self.norm2 = RMSNorm(), RMSNorm()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN, bias=True)
        self.out = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.gate = nn.Linear(HIDDEN, INTERMEDIATE, bias=False)
        self.up = nn.Linear(HIDDEN, INTERMEDIATE, bias=False)
        self.down = nn.Linear(INTERMEDIATE, HIDDEN, bias=False)

    def forward(
        self, x: Tensor, cos: Tensor, sin: Tensor, cache: Cache | None
    ) -> tuple[Tensor, Cache]:
        batch, tokens, _ = x.shape
        heads = self.qkv(self.norm1(x)).view(batch, tokens, 3, HEADS, HEAD_DIM)
        query, key, value = (part.transpose(1, 2) for part in heads.unbind(2))
        query, key = rotate(query, cos, sin), rotate(key, cos, sin)
        if cache is not None:
            key = torch.cat((cache[0], key), dim=2)
            value = torch.cat((cache[1], value), dim=2)
        mixed = functional.scaled_dot_product_attention(query, key, value, is_causal=cache is None)
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, tokens, HIDDEN))
        wide = self.norm2(x)
        x = x + self.down(functional.silu(self.gate(wide)) * self.up(wide))
        return x, (key, value)


class Decoder(nn.Module):
    """Embedding, layers, norm and head; the head sees the last token only."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, HIDDEN)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = RMSNorm()
        self.head = nn.Linear(HIDDEN, VOCABULARY, bias=False)

    def forward(
        self, ids: Tensor, cos: Tensor, sin: Tensor, caches: list[Cache | None]
    ) -> tuple[Tensor, list[Cache | None]]:
        x = self.embedding(ids)
        grown: list[Cache | None] = []
        for layer, cache in zip(self.layers, caches, strict=True):
            x, cache = layer(x, cos, sin, cache)
            grown.append(cache)
        return self.head(self.norm(x[:, -1:])).argmax(-1), grown


def generate(model: Decoder, prompt: Tensor, cos: Tensor, sin: Tensor) -> list[int]:
    """Prefill, then :data:`STEPS` greedy tokens; each is read back by the host."""
    tokens: list[int] = []
    caches: list[Cache | None] = [None] * LAYERS
    with record_function("prefill"):
        ids, caches = model(prompt, cos[:PROMPT], sin[:PROMPT], caches)
        tokens.append(int(ids[0, 0].item()))
    for position in range(PROMPT, PROMPT + STEPS):
        with record_function("decode"):
            here = slice(position, position + 1)
            ids, caches = model(ids, cos[here], sin[here], caches)
            tokens.append(int(ids[0, 0].item()))
    return tokens


def tables(device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, ``[positions, head_dim]``, bfloat16."""
    rate = 10000.0 ** (-torch.arange(0, HEAD_DIM, 2, device=device) / HEAD_DIM)
    angle = torch.outer(torch.arange(PROMPT + STEPS, device=device), rate).repeat(1, 2)
    return angle.cos().to(torch.bfloat16), angle.sin().to(torch.bfloat16)


def main() -> None:
    """Warm up, then capture one generation as a trace or between the profiler marks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trace", metavar="FILE.json.gz", help="write a torch.profiler trace")
    parser.add_argument("--report", action="store_true", help="mark one generation for ncu")
    parser.add_argument("--device", default="cuda", help="default: cuda")
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.manual_seed(0)
    model = Decoder().to(device, torch.bfloat16).eval()
    prompt = torch.randint(VOCABULARY, (BATCH, PROMPT), device=device)
    cos, sin = tables(device)
    with torch.inference_mode():
        if options.trace:
            activities = [ProfilerActivity.CPU]
            if device.type == "cuda":
                activities.append(ProfilerActivity.CUDA)
            with profile(
                activities=activities,
                schedule=schedule(wait=0, warmup=2, active=1, repeat=1),
                record_shapes=True,
                on_trace_ready=lambda done: done.export_chrome_trace(options.trace),
            ) as profiler:
                for _ in range(3):
                    generate(model, prompt, cos, sin)
                    profiler.step()
        else:
            generate(model, prompt, cos, sin)  # warm-up: cuBLAS picks its kernels
            torch.cuda.synchronize()
            if options.report:
                torch.cuda.profiler.start()
            generate(model, prompt, cos, sin)
            torch.cuda.synchronize()
            if options.report:
                torch.cuda.profiler.stop()


if __name__ == "__main__":
    main()
