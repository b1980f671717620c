"""Options that describe a language model and how it is served, for the commands that plan one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from ncutool.base.amounts import NUMBER, SHARE, WHOLE
from ncutool.commands.options import option
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.planning.llm import Model

_MOST_NUMBERS = 1000

PresetOption = Annotated[
    str | None,
    option(
        "--preset", words="A named model; `ncutool plan llm --presets` lists them.", metavar="NAME"
    ),
]
ConfigOption = Annotated[
    Path | None, option("--config", words="A Hugging Face config.json.", metavar="FILE.json")
]
PlannedDevice = Annotated[
    str | None,
    option("--device", words="The device; `ncutool devices` lists them.", metavar="NAME"),
]
WeightsOption = Annotated[
    str,
    option(
        "--weights",
        words="Type of the layers' weights: native (as published), bf16, fp16, fp8, int8, int4, "
        "mxfp4, nvfp4.",
        metavar="TYPE",
        show_default=True,
    ),
]
KvOption = Annotated[
    str | None,
    option("--kv", words="Type of the KV cache: bf16, fp16, fp8, int8, int4.", metavar="TYPE"),
]
TensorParallelOption = Annotated[
    int,
    option(
        "--tensor-parallel",
        "--tp",
        words="Devices that share a layer.",
        metavar="N",
        show_default=True,
    ),
    WHOLE,
]
BatchOption = Annotated[
    int,
    option("--batch", words="Sequences processed together.", metavar="N", show_default=True),
    WHOLE,
]
ContextOption = Annotated[
    int,
    option(
        "--context",
        words="Tokens each sequence attends to.",
        metavar="TOKENS",
        show_default=True,
    ),
    WHOLE,
]


def _size(words: str, flag: str | None = None) -> Any:
    return option(*([flag] if flag else []), words=words, metavar="N")


class ModelOptions(Struct, frozen=True):
    """A language model: a preset, a configuration, a parameter count or sizes."""

    preset: PresetOption = None
    config: ConfigOption = None
    params: Annotated[
        float | None, _size("Parameter count alone, e.g. 8B, in place of sizes."), NUMBER
    ] = None
    layers: Annotated[int | None, _size("Layers."), WHOLE] = None
    hidden: Annotated[int | None, _size("Hidden size."), WHOLE] = None
    heads: Annotated[int | None, _size("Query heads."), WHOLE] = None
    kv_heads: Annotated[int | None, _size("Key-value heads."), WHOLE] = None
    head_dim: Annotated[int | None, _size("Size of a head."), WHOLE] = None
    mla: Annotated[
        str | None,
        option(
            words="Latent attention: sizes of the cached vector, the rotary key, a head without "
            "it, a value head, and the compressed query if any, e.g. 512,64,128,128,1536.",
            metavar="N,N,N,N[,N]",
        ),
    ] = None
    intermediate: Annotated[int | None, _size("Inner size of a feed-forward block."), WHOLE] = None
    vocab: Annotated[int | None, _size("Size of the vocabulary."), WHOLE] = None
    tied: Annotated[
        bool,
        typer.Option("--tied", help="The head is the input table (where sizes describe it)."),
    ] = False
    window: Annotated[
        int | None, _size("Tokens a layer with a sliding window attends to."), WHOLE
    ] = None
    experts: Annotated[int | None, _size("Experts in a layer."), WHOLE] = None
    experts_per_token: Annotated[int | None, _size("Experts a token is sent to."), WHOLE] = None
    shared_experts: Annotated[int | None, _size("Experts every token passes besides."), WHOLE] = (
        None
    )
    expert_intermediate: Annotated[int | None, _size("Inner size of an expert."), WHOLE] = None
    dense_layers: Annotated[
        int | None, _size("First layers without experts, in a mixture."), WHOLE
    ] = None

    def ways(self) -> list[str]:
        """Return which of the three options that give a whole model were given."""
        given = {"--preset": self.preset, "--config": self.config, "--params": self.params}
        return [flag for flag, value in given.items() if value is not None]

    def describe(self) -> Model | None:
        """Return the model that the options describe; None where there are none.

        Raises:
            UsageError: the options describe two models, or half of one.
        """
        from ncutool.planning import llm
        from ncutool.planning.llm.described import OPTIONS, counted, described

        # The option of a size is called like the field that holds it.
        sizes = {
            name: size
            for name, flag in OPTIONS.items()
            if (size := getattr(self, flag[2:].replace("-", "_"))) is not None
        }
        ways = self.ways()
        if len(ways) > 1:
            raise UsageError(f"{' and '.join(ways)} describe the model twice: give one of them")
        for flag, given in (("--mla", self.mla), ("--tied", self.tied)):
            if given and ways:
                raise UsageError(f"{flag} describes a model by its sizes: leave out {ways[0]}")
        if self.preset is not None:
            return llm.preset(self.preset, sizes)
        if self.config is not None:
            return llm.read_config(self.config, sizes)
        if self.params is not None:
            return counted(self.params, sizes)
        if not sizes and self.mla is None:
            return None
        return described(sizes | self._latent(), tied=self.tied)

    def _latent(self) -> dict[str, int]:
        """Return the sizes of ``--mla`` by their names in a configuration."""
        from ncutool.planning.llm.described import LATENT

        if self.mla is None:
            return {}
        numbers = parse_numbers("--mla", self.mla)
        if not len(LATENT) - 1 <= len(numbers) <= len(LATENT):
            raise UsageError(f"--mla takes 4 or 5 numbers, not {len(numbers)}")
        return dict(zip(LATENT, numbers, strict=False))


class ServingOptions(Struct, frozen=True):
    """How a model is served: its number types, its division and the lengths of a step."""

    weights: WeightsOption = "native"
    kv: KvOption = None
    activations: Annotated[
        str | None,
        option(
            words="Type of the layers' inputs; with narrow weights, of the math.", metavar="TYPE"
        ),
    ] = None
    tensor_parallel: TensorParallelOption = 1
    expert_parallel: Annotated[
        int,
        option(
            "--expert-parallel",
            "--ep",
            words="Devices among which whole experts are placed.",
            metavar="N",
            show_default=True,
        ),
        WHOLE,
    ] = 1
    data_parallel_attention: Annotated[
        int,
        option(
            "--data-parallel-attention",
            words="Groups that each attend for sequences of their own, and share all else.",
            metavar="N",
            show_default=True,
        ),
        WHOLE,
    ] = 1
    pipeline_parallel: Annotated[
        int,
        option(
            "--pipeline-parallel",
            "--pp",
            words="Stages of layers, each on devices of its own.",
            metavar="N",
            show_default=True,
        ),
        WHOLE,
    ] = 1
    batch: BatchOption = 1
    context: ContextOption = 4096
    prompt: Annotated[
        int | None,
        option(words="Length of the prompt; --context where not given.", metavar="TOKENS"),
        WHOLE,
    ] = None
    memory_share: Annotated[
        float,
        option(
            words="Share of a device's memory for weights and caches.",
            metavar="SHARE",
            show_default=True,
        ),
        SHARE,
    ] = 0.9

    def given(self) -> dict[str, Any]:
        """Return the options by the parameters of :func:`ncutool.planning.llm.plan`."""
        return {
            "weights": self.weights,
            "kv": self.kv,
            "activations": self.activations,
            "tensor_parallel": self.tensor_parallel,
            "expert_parallel": self.expert_parallel,
            "data_parallel_attention": self.data_parallel_attention,
            "pipeline_parallel": self.pipeline_parallel,
            "batch": self.batch,
            "context_tokens": self.context,
            "prompt_tokens": self.prompt,
            "usable_share": self.memory_share,
        }


def parse_numbers(flag: str, text: str) -> tuple[int, ...]:
    """Return the whole numbers of a text like `1,8,64` or `1k,8k`.

    Raises:
        UsageError: there are none, too many, or others.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = f"{flag} takes whole numbers with commas between, as 1,8,1k, not {text[:60]!r}"
    if not parts:
        raise UsageError(wrong)
    if len(parts) > _MOST_NUMBERS:
        raise UsageError(f"{flag} takes at most {_MOST_NUMBERS:,} numbers, not {len(parts):,}")
    try:
        return tuple(int(WHOLE.read(flag, part)) for part in parts)
    except UsageError:
        raise UsageError(wrong) from None
