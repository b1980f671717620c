"""Prefill and decode of the decoder: eager, compiled, and replayed from a CUDA graph.

Compiled means each layer by itself (one compilation serves all of them); the embedding, the last
norm and the head stay eager. Decode repeats the token at one position against a full cache, so that
every step does the same and a graph can replay it. Run on a CPU with ``--tiny``; the CUDA graphs
were never run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from workloads.decoder import Decoder, sizes
from workloads.workload import Report, Setting, Step, Workload

BATCHES = (1, 8, 64)
MODES = ("eager", "compiled", "graph", "compiled-graph")
PROMPT, CONTEXT = 512, 1024
TINY_PROMPT, TINY_CONTEXT = 8, 32
SHORT = 4
"""Layers of the steps that are captured both ways: a report of 24 would be too large."""
_PARTS = ("aten::embedding", "aten::mm", "aten::scaled_dot_product_attention", "aten::silu")


class Replayed:
    """A call recorded into a CUDA graph. Never run: written without a GPU."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.call = call  # it holds the memory that the graph reads
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                call()
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.output = call()

    def __call__(self) -> None:
        self.graph.replay()


def _model(setting: Setting, layers: int | None, mode: str) -> Decoder:
    with torch.device(setting.device):
        model = Decoder(sizes(setting, layers)).to(torch.bfloat16).eval()
    if mode.startswith("compiled"):
        for layer in model.layers:
            layer.compile(dynamic=False)
    return model


def _step(model: Decoder, mode: str, *args: object) -> Step:
    def call() -> object:
        with torch.no_grad():
            return model(*args).argmax(-1)

    return Step(Replayed(call) if mode.endswith("graph") else call)


def prefill(setting: Setting, batch: int, mode: str, layers: int | None = None) -> Step:
    """A prompt of 512 tokens each, and the first token after it."""
    model = _model(setting, layers, mode)
    shape = (min(batch, 2) if setting.tiny else batch, setting.pick(PROMPT, TINY_PROMPT))
    ids = torch.randint(model.size.vocabulary, shape, device=setting.device)
    return _step(model, mode, ids)


def decode(setting: Setting, batch: int, mode: str, layers: int | None = None) -> Step:
    """One token each against a cache of 1024."""
    model = _model(setting, layers, mode)
    size = model.size
    batch = min(batch, 2) if setting.tiny else batch
    ids = torch.randint(size.vocabulary, (batch, 1), device=setting.device)
    shape = (2, batch, size.kv_heads, size.positions, size.head_dim)
    caches = [
        torch.randn(shape, device=setting.device, dtype=torch.bfloat16) for _ in range(size.layers)
    ]
    return _step(model, mode, ids, caches, setting.pick(CONTEXT, TINY_CONTEXT))


def _workloads() -> list[Workload]:
    found = []
    for phase, build in (("prefill", prefill), ("decode", decode)):
        for batch in BATCHES:
            for mode in MODES:
                if phase == "prefill" and mode == "compiled-graph":
                    continue  # its launches keep the device busy without
                found.append(
                    Workload(
                        f"{phase}-b{batch:02d}-{mode}",
                        f"{phase} of the 0.3 B decoder, batch {batch}, bf16, {mode}",
                        partial(build, batch=batch, mode=mode),
                        _PARTS,
                        needs_cuda=mode.endswith("graph"),
                        steps=2,
                    )
                )
        found.append(
            Workload(
                f"{phase}-short",
                f"{phase} of {SHORT} layers of the decoder, batch 8, bf16, eager: one step, as a "
                "trace and as reports of every launch",
                partial(build, batch=8, mode="eager", layers=SHORT),
                _PARTS,
                steps=1,
                reports=(Report("roofline"), Report("basic")),
            )
        )
    return found


WORKLOADS = _workloads()
