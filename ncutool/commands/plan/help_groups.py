"""The groups in which the helps of ``ncutool plan`` show options, each with an example."""

from __future__ import annotations

from ncutool.commands.help_groups import HelpGroup

_SIZES = (
    "--layers", "--hidden", "--heads", "--kv-heads", "--head-dim", "--mla", "--intermediate",
    "--vocab", "--tied", "--window", "--experts", "--experts-per-token", "--shared-experts",
    "--expert-intermediate", "--dense-layers",
)  # fmt: skip
_FILES = ("--format", "--output", "--force", "--no-color", "--debug", "--help")
_TYPES = ("--weights", "--kv", "--activations")
_LAYOUT = (
    "--tensor-parallel", "--expert-parallel", "--data-parallel-attention", "--pipeline-parallel",
)  # fmt: skip
_LENGTHS = ("--batch", "--context", "--prompt", "--memory-share")


_DRAWN = "A page (.html), a picture (.svg, .png), or text and data by the ending or --format."


def _output(command: str, example: str, words: str = _DRAWN) -> HelpGroup:
    return HelpGroup("Output", _FILES, f"ncutool plan {command} {example}", words)


LLM = (
    HelpGroup(
        "The model, by name, file, parameter count or sizes",
        ("--preset", "--config", "--params", "--presets"),
        "ncutool plan llm --preset llama-3-8b --device h100-sxm",
    ),
    HelpGroup(
        "Its sizes, instead of those or to change them",
        _SIZES,
        "ncutool plan llm --preset llama-3-70b --kv-heads 64 --device h200-sxm",
    ),
    HelpGroup(
        "The device",
        ("--device", "--device-file"),
        "ncutool plan llm --preset qwen3-8b --device mi300x",
    ),
    HelpGroup(
        "Types of numbers",
        _TYPES,
        "ncutool plan llm --preset llama-3-8b --device h100-sxm --weights fp8 --kv fp8",
    ),
    HelpGroup(
        "Several devices",
        _LAYOUT,
        "ncutool plan llm --preset deepseek-v3 --device h200-sxm --data-parallel-attention 16 "
        "--ep 16 --batch 256",
    ),
    HelpGroup(
        "Batch and lengths",
        (*_LENGTHS, "--batches", "--contexts"),
        "ncutool plan llm --preset llama-3-8b --device h100-sxm --batch 64 --context 8Ki",
        "8k is 8,000 and 8Ki is 8,192; what was understood is said.",
    ),
    HelpGroup(
        "Requests without end, and their cost",
        ("--output-tokens", "--price"),
        "ncutool plan llm --preset llama-3-8b --device h100-sxm --prompt 1024 --output-tokens 256 "
        "--price 2.5",
    ),
    HelpGroup(
        "Questions backwards, what holds a time or reaches a rate",
        ("--time-per-token", "--time-to-first-token", "--tokens-per-second"),
        "ncutool plan llm --preset llama-3-8b --device h100-sxm --time-per-token 20ms",
    ),
    HelpGroup(
        "Further ways to serve it",
        ("--prefix-share", "--chunk", "--propose", "--acceptance", "--draft", "--mtp", "--divide",
         "--prefill-unit", "--transfer-link"),
        "ncutool plan llm --preset llama-3-8b --device h100-sxm --batch 32 --prompt 4096 --chunk "
        "512",
    ),
    HelpGroup(
        "What is usual, from measured times",
        ("--efficiency",),
        "ncutool plan llm --preset llama-3-8b --device h20 --efficiency measured.csv",
        needs_file=True,
    ),
    HelpGroup(
        "Held against a trace of a step",
        ("--against", "--capture-trace", "--phase"),
        "ncutool plan llm --preset qwen3-8b --against decode.json.gz",
        needs_file=True,
    ),
    HelpGroup(
        "How much of a trace is read",
        ("--max-bytes", "--max-events", "--max-name", "--max-values", "--max-nesting",
         "--max-memory"),
        "ncutool plan llm --preset qwen3-8b --against decode.json.gz --max-events 1000000",
        needs_file=True,
    ),
    _output("llm", "--preset llama-3-8b --device h100-sxm -o plan.html"),
)  # fmt: skip
GEMM = (
    HelpGroup(
        "The product",
        ("--products", "--dtype", "--out-dtype", "--bias"),
        "ncutool plan gemm 256 4Ki 4Ki --dtype fp8",
    ),
    HelpGroup(
        "The devices, and a time measured on one",
        ("--device", "--device-file", "--tile", "--time-us"),
        "ncutool plan gemm 4096 4096 4096 --device h100-sxm --time-us 210",
    ),
    _output("gemm", "256 4096 4096 -o gemm.svg"),
)
ATTENTION = (
    HelpGroup(
        "The attention",
        ("--heads", "--kv-heads", "--head-dim", "--v-head-dim", "--batch", "--seq", "--context",
         "--causal", "--align", "--window", "--latent", "--backward"),
        "ncutool plan attention --heads 32 --kv-heads 8 --head-dim 128 --seq 1 --context 8Ki",
    ),
    HelpGroup(
        "Types of numbers",
        ("--dtype", "--kv-dtype"),
        "ncutool plan attention --heads 32 --head-dim 128 --seq 4096 --causal --dtype bf16 "
        "--kv-dtype fp8",
    ),
    HelpGroup(
        "The devices, and a time measured on one",
        ("--device", "--device-file", "--time-us"),
        "ncutool plan attention --heads 32 --head-dim 128 --seq 4096 --causal --device h100-sxm "
        "--time-us 400",
    ),
    _output("attention", "--heads 32 --head-dim 128 --seq 4096 --causal -o attention.html"),
)  # fmt: skip
DEVICES = (
    HelpGroup(
        "A workload of one intensity",
        ("--intensity", "--dtype"),
        "ncutool plan devices h100-sxm h200-sxm b200 --intensity 200",
    ),
    HelpGroup(
        "Or a model, by name, file, parameter count or sizes",
        ("--preset", "--config", "--params", *_SIZES),
        "ncutool plan devices 2xh100-sxm h200-sxm --preset llama-3-70b --weights fp8",
    ),
    HelpGroup(
        "How it is served, alike on each",
        (*_TYPES, *_LAYOUT, *_LENGTHS),
        "ncutool plan devices h100-sxm mi300x --preset llama-3-8b --batch 64 --context 8Ki",
    ),
    HelpGroup(
        "Prices and devices of your own",
        ("--price", "--device-file"),
        "ncutool plan devices h100-sxm h200-sxm --preset llama-3-8b --price h100-sxm=2.5 --price "
        "h200-sxm=3.5",
    ),
    _output("devices", "h100-sxm h200-sxm --preset llama-3-8b -o devices.html"),
)
SIGNALS = (
    HelpGroup(
        "Two batches and their throughput",
        ("--throughput",),
        "ncutool plan signals --throughput 8:1200 --throughput 16:2300",
    ),
    HelpGroup(
        "A token time, and what a step reads",
        ("--token-time-ms", "--model-bytes", "--preset", "--config", "--weights", "--kv",
         "--context", "--batch", "--tensor-parallel"),
        "ncutool plan signals --token-time-ms 8 --preset llama-3-8b --device h100-sxm",
    ),
    HelpGroup(
        "A benchmark's step",
        ("--flop", "--bytes", "--seconds", "--dtype"),
        "ncutool plan signals --flop 2T --bytes 16GB --seconds 8ms --device h100-sxm",
    ),
    HelpGroup(
        "The device",
        ("--device", "--device-file"),
        "nvidia-smi dmon -s pucm -c 60 | ncutool plan signals - --device h100-sxm",
        needs_file=True,
    ),
    _output(
        "signals",
        "--throughput 8:1200 --throughput 16:2300 --format json",
        "A table, JSON or Markdown, by the ending or --format.",
    ),
)  # fmt: skip
