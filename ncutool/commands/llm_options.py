"""Options of ``ncutool llm``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _option(*flags: str, words: str, metavar: str = "N", default: bool = False) -> Any:
    return typer.Option(*flags, help=words, metavar=metavar, show_default=default)


Preset = Annotated[
    str | None, _option("--preset", words="A named model; --presets lists them.", metavar="NAME")
]
Config = Annotated[
    Path | None, _option("--config", words="A Hugging Face config.json.", metavar="FILE.json")
]
Presets = Annotated[
    bool, typer.Option("--presets", help="List the named models with their sources.")
]
DeviceName = Annotated[
    str | None,
    _option("--device", words="The device; `ncutool devices` lists them.", metavar="NAME"),
]
Weights = Annotated[
    str,
    _option(
        "--weights",
        words="Type of the layers' weights: native (as published), bf16, fp16, fp8, int8, int4, "
        "mxfp4, nvfp4.",
        metavar="TYPE",
        default=True,
    ),
]
Kv = Annotated[
    str | None,
    _option("--kv", words="Type of the KV cache: bf16, fp16, fp8, int8, int4.", metavar="TYPE"),
]
Activations = Annotated[
    str | None,
    _option(
        "--activations",
        words="Type of the layers' inputs; with narrow weights, of the math.",
        metavar="TYPE",
    ),
]
TensorParallel = Annotated[
    int, _option("--tensor-parallel", "--tp", words="Devices that share a layer.", default=True)
]
Batch = Annotated[int, _option("--batch", words="Sequences decoded together.", default=True)]
Context = Annotated[
    int,
    _option("--context", words="Tokens each sequence attends to.", metavar="TOKENS", default=True),
]
Prompt = Annotated[
    int | None,
    _option("--prompt", words="Length of the prompt; --context where not given.", metavar="TOKENS"),
]
Batches = Annotated[
    str | None, _option("--batches", words="Rows of the batch sweep, e.g. 1,8,64.", metavar="N,...")
]
Contexts = Annotated[
    str | None, _option("--contexts", words="Rows of the context sweep.", metavar="N,...")
]
MemoryShare = Annotated[
    float,
    _option(
        "--memory-share",
        words="Share of a device's memory for weights and caches.",
        metavar="SHARE",
        default=True,
    ),
]
Params = Annotated[
    float | None,
    _option("--params", words="Parameter count alone, e.g. 8e9, in place of sizes."),
]
Layers = Annotated[int | None, _option("--layers", words="Layers.")]
Hidden = Annotated[int | None, _option("--hidden", words="Hidden size.")]
Heads = Annotated[int | None, _option("--heads", words="Query heads.")]
KvHeads = Annotated[int | None, _option("--kv-heads", words="Key-value heads.")]
HeadDim = Annotated[int | None, _option("--head-dim", words="Size of a head.")]
Intermediate = Annotated[
    int | None, _option("--intermediate", words="Inner size of a feed-forward block.")
]
Vocab = Annotated[int | None, _option("--vocab", words="Size of the vocabulary.")]
Tied = Annotated[
    bool, typer.Option("--tied", help="The head is the input table (where sizes describe it).")
]
Window = Annotated[
    int | None, _option("--window", words="Tokens a layer with a sliding window attends to.")
]
Experts = Annotated[int | None, _option("--experts", words="Experts in a layer.")]
ExpertsPerToken = Annotated[
    int | None, _option("--experts-per-token", words="Experts a token is sent to.")
]
SharedExperts = Annotated[
    int | None, _option("--shared-experts", words="Experts every token passes besides.")
]
ExpertIntermediate = Annotated[
    int | None, _option("--expert-intermediate", words="Inner size of an expert.")
]
Mla = Annotated[
    str | None,
    _option(
        "--mla",
        words="Latent attention: sizes of the cached vector, the rotary key, a head without it, a "
        "value head, and the compressed query if any, e.g. 512,64,128,128,1536.",
        metavar="N,N,N,N[,N]",
    ),
]
Against = Annotated[
    Path | None,
    _option(
        "--against",
        words="A trace of a decode step or a prefill to hold the plan against.",
        metavar="CAPTURE",
    ),
]
Phase = Annotated[
    str | None,
    _option(
        "--phase",
        words="What the trace of --against shows, where it does not tell: decode or prefill.",
        metavar="PHASE",
    ),
]
