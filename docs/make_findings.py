"""Writes the tables of docs/findings.md: ncutool's findings beside those worked out by hand.

python docs/make_findings.py FOLDER_OF_TRACES

The prose between the tables is written by hand and kept. A test holds the tables to the code.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ncutool.analysis.analyse import read_and_analyse

if TYPE_CHECKING:
    from ncutool.advice.view.finding import Finding
    from ncutool.analysis.analyse import Analysis

PAGE = Path(__file__).parent / "findings.md"
TOLERANCE = 0.02
"""Ranges that miss each other by less of the hand's high end are said to meet."""


@dataclass(frozen=True)
class ByHand:
    """What an engineer concluded, in order of rank."""

    what: str
    low_us: int
    high_us: int
    title: str | None
    """Words of ncutool's title for the same cause; None where it claims none."""


HAND: dict[str, tuple[ByHand, ...]] = {
    "h100-qwen1.5-0.5b-prefill": (
        ByHand("fuse rotary embedding and its copies", 10_595, 12_680, "rotary embedding"),
        ByHand("fuse residual and RMSNorm", 9_098, 10_865, "RMSNorm"),
        ByHand("fuse SwiGLU", 507, 1_560, "SwiGLU"),
        ByHand("graph, without the mask check", 1_494, 1_545, "CUDA graphs"),
        ByHand("attention of this generation", 0, 2_985, "attention written for this GPU"),
        ByHand("no copy of attention's output", 0, 930, "copies to another layout"),
        ByHand("merge query, key and value", 0, 302, "read the same input"),
    ),
    "h100-vit-inference": (
        ByHand("graph", 6_104, 6_326, "CUDA graphs"),
        ByHand("batch of about 6 times", 0, 6_350, "Grow the batch"),
        ByHand("merge query, key and value", 1_160, 1_160, "read the same input"),
        ByHand("fuse add and LayerNorm", 921, 1_003, "residual add + LayerNorm"),
        ByHand("GELU as epilogue", 580, 580, "activation after a matrix product"),
        ByHand("patch embedding as a product", 0, 110, "patch embedding"),
    ),
    "b200-vllm-moe-prefill-8rank": (
        ByHand("graph", 36_000, 72_753, "CUDA graphs"),
        ByHand("no copies round the all-reduces", 782, 13_300, "symmetric buffer"),
        ByHand("pad in one kernel", 367, 6_500, None),
        ByHand("skew of the all-reduces", 0, 221, "exposed communication"),
    ),
    "a100-switch-transformer": (
        ByHand("TF32 or bf16 instead of FP32", 474_000, 524_700, "tensor cores (TF32)"),
        ByHand("experts on their own tokens", 0, 277_700, "only on the tokens routed"),
        ByHand("warm-up in the window", 0, 119_106, "Profile a warm step"),
        ByHand("fused attention", 12_800, 16_900, "attention ["),
        ByHand("no checks by `.item()`", 1_600, 4_000, None),
    ),
    "a100-recommender-train": (
        ByHand("exposed NCCL", 0, 86_554, "exposed communication"),
        ByHand("graph or compile the dense part", 53_000, 61_400, "CUDA graphs"),
        ByHand("embedding backward", 0, 29_485, "backward pass of embeddings"),
        ByHand("fuse small elementwise kernels", 4_194, 49_900, "sigmoid_backward"),
        ByHand("pad odd matrix products", 0, 5_300, "odd sizes"),
        ByHand("copies and `.item()`", 0, 6_472, None),
    ),
    "mi300x-resnet-ddp-train": (
        ByHand("all-reduces at 3.6 GB/s", 0, 55_288, "transport of exposed communication"),
        ByHand("larger batch per GPU", 0, 55_288, "larger batch"),
        ByHand("fuse batch norm and ReLU", 0, 6_238, "ReLU after batch norm"),
        ByHand("small copies of DDP", 0, 2_456, "small copies of data-parallel"),
    ),
    "a100-particle-transformer-b004": (
        ByHand("batch, up to 32 times as measured", 0, 31_000, "Grow the batch"),
        ByHand("graph", 25_855, 26_696, "CUDA graphs"),
        ByHand("convert weights once", 977, 5_950, "Convert the weights"),
    ),
    "a100-particle-transformer-b128": (
        ByHand("graph", 3_259, 3_399, "CUDA graphs"),
        ByHand("convert weights once", 0, 999, "Convert the weights"),
        ByHand("activation casts", 0, 4_669, "casts of activations"),
        ByHand("fused attention", 0, 6_000, "attention [1024,128"),
    ),
    "mi300x-timesformer-inference": (
        ByHand("fused spatial attention", 65_800, 70_600, "attention [96,"),
        ByHand("temporal attention", 14_700, 16_700, "attention [37632,"),
        ByHand("transposing copies", 1_900, 3_500, "copies to another layout"),
        ByHand("GELU as epilogue", 0, 1_210, "activation after a matrix product"),
    ),
    "mi300x-sglang-qwen3-8b-decode-graph": (
        ByHand("larger batch shares the weights", 2_856, 5_782, "narrow tiles"),
        ByHand("weight-bound products to 80 %", 0, 2_200, None),
        ByHand("one kernel for norms, rotary and copies", 600, 870, None),
        ByHand("8-bit weights", 0, 2_900, "8 bits"),
    ),
    "v100-dlrm-8rank-rank0": (
        ByHand("graph or compile", 5_334, 6_355, "CUDA graphs"),
        ByHand("latency and skew of small collectives", 0, 5_537, "exposed communication"),
        ByHand("multi-tensor Adagrad", 1_000, 1_600, "multi-tensor"),
        ByHand("stream synchronisation", 770, 770, "Do not wait"),
    ),
    "v100-resnet50-2021": (
        ByHand("load input beside the steps", 240_000, 296_700, "Load input in worker"),
        ByHand("multi-tensor SGD", 45_000, 149_000, "multi-tensor"),
        ByHand("FP16 convolutions", 34_193, 250_000, "tensor cores (FP16"),
        ByHand("graph for the rest", 50_000, 98_000, "CUDA graphs"),
        ByHand("fuse batch norm and ReLU", 0, 60_000, "ReLU after batch norm"),
    ),
}


def rows(name: str, analysis: Analysis) -> str:
    """The table of one trace."""
    head = (
        "| by hand | saves, µs | ncutool | alone, µs | verdict |\n| --- | ---: | --- | ---: | --- |"
    )
    lines = [_row(one, analysis) for one in HAND[name]]
    return "\n".join([head, *lines])


def _row(one: ByHand, analysis: Analysis) -> str:
    hand = f"{one.what} | {_range(one.low_us, one.high_us)}"
    found = matching(one, analysis)
    if found is None:
        return f"| {hand} | | | not listed |"
    rank = analysis.findings.index(found) + 1
    own = _range(round(found.alone_low_ns / 1e3), round(found.alone_high_ns / 1e3))
    title = re.sub(r"[\[\]]", "", found.title)
    return f"| {hand} | {rank}. {title} ({found.grade}) | {own} | {verdict(one, found)} |"


def matching(one: ByHand, analysis: Analysis) -> Finding | None:
    """The first finding of the same cause."""
    return next((f for f in analysis.findings if one.title and one.title in f.title), None)


def verdict(one: ByHand, found: Finding) -> str:
    """How the two ranges lie."""
    margin = TOLERANCE * one.high_us
    if found.alone_low_ns / 1e3 > one.high_us + margin:
        return "above"
    if found.alone_high_ns / 1e3 < one.low_us - margin:
        return "below"
    return "meets"


def _range(low: int, high: int) -> str:
    return f"{low:,} to {high:,}" if low != high else f"{low:,}"


def page(text: str, folder: Path) -> str:
    """The document with every table written again."""
    for name in HAND:
        analysis = read_and_analyse(folder / f"{name}.json.gz")
        opening, closing = f"<!-- table: {name} -->\n", "<!-- end -->"
        if text.count(opening) != 1:
            raise SystemExit(f"{PAGE.name} has no place for the table of {name}")
        before, _, after = text.partition(opening)
        _, _, rest = after.partition(closing)
        text = f"{before}{opening}{rows(name, analysis)}\n{closing}{rest}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), Path(sys.argv[1])), encoding="utf-8")
