"""Figures that popular texts give otherwise: each with the command whose JSON holds ncutool's.

docs/make_planner_tables.py writes them as a table, and a test holds both to each other.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from ncutool.base import units
from ncutool.commands import main


@dataclass(frozen=True)
class Popular:
    """One figure, said otherwise elsewhere."""

    said: str
    """What is often read."""
    what: str
    """What ncutool says, with `{}` where its figure stands."""
    command: str
    """Whose JSON holds the figure."""
    place: tuple[str | int, ...]
    """Where in it."""
    shown: Callable[[Any], str]
    why: str


def _significant(digits: int, scale: float = 1.0) -> Callable[[Any], str]:
    return lambda value: units.significant(value / scale, digits)


_LLAMA = "plan llm --preset llama-3-8b --device"
ROWS: tuple[Popular, ...] = (
    Popular(
        "a decode step of batch B does B/2 FLOP/byte",
        "{} at batch 8: B",
        f"{_LLAMA} h100-sxm --batch 8",
        ("decode", "matrix_intensity_flop_per_byte"),
        _significant(3),
        "a multiplication and an addition for each weight of 2 bytes and each sequence; B/2 counts "
        "a multiply-add as one FLOP",
    ),
    Popular(
        "a matrix by a vector does 2 FLOP/byte, or 0.5",
        "{} in bf16",
        "plan gemm 1 4096 4096",
        ("intensity_flop_per_byte",),
        _significant(3),
        "2 FLOPs a weight of 2 bytes; 2 is that of one-byte weights, 0.5 of fp32",
    ),
    Popular(
        "one token's attention does 2 FLOP/byte, or 0.5",
        "{} with as many key-value heads, in bf16",
        "plan attention --heads 32 --head-dim 128 --seq 1 --context 4096",
        ("intensity_flop_per_byte",),
        _significant(3),
        "2 FLOPs for each value of 2 bytes of keys and of values; grouped queries share them: 8 "
        "FLOP/byte for eight a head",
    ),
    Popular(
        "H100: the ridge of bf16 is 591",
        "{}",
        f"{_LLAMA} h100-sxm",
        ("device", "ridge_point_flop_per_byte"),
        _significant(4),
        "1,979 TFLOP/s is with 2:4 structured sparsity, which dense weights never reach; 591 is "
        "right for dense fp8",
    ),
    Popular(
        "H100: the ridge of fp8 is 1,182",
        "{}",
        f"{_LLAMA} h100-sxm --weights fp8",
        ("device", "ridge_point_flop_per_byte"),
        _significant(4),
        "3,958 TFLOP/s is the sparse fp8 rate; dense is 1,979",
    ),
    Popular(
        "H200: the ridge of bf16 is 412",
        "{}",
        f"{_LLAMA} h200-sxm",
        ("device", "ridge_point_flop_per_byte"),
        _significant(4),
        "the same sparse rate over 4.8 TB/s; 412 is right for dense fp8",
    ),
    Popular(
        "B200: 4,500 TFLOP/s of fp8 are with sparsity, or 9,000 are dense",
        "{} TFLOP/s, dense",
        "plan gemm 4096 4096 4096 --dtype fp8 --device b200",
        ("devices", 0, "place", "peak_flop_per_s"),
        _significant(4, 1e12),
        "4,500 is dense fp8, and sparse bf16 besides; 9,000 is sparse fp8, and dense fp4 besides",
    ),
    Popular(
        "the cache of an 8B model weighs as much as the weights at S* = 244,140 tokens",
        "{} tokens",
        "plan llm --params 8e9 --layers 32 --kv-heads 8 --head-dim 128 --device h100-sxm",
        ("equal_context_tokens",),
        units.count,
        "a token has keys and values: 131,072 bytes; half of that gives twice the length",
    ),
    Popular(
        "70B on H100s at 2 an hour: 85,900 tokens for 1, at batch 1",
        "{} tokens",
        "plan devices h100-sxm h200-sxm --preset llama-3-70b --tp 2 --price h100-sxm=2 --price "
        "h200-sxm=3",
        ("devices", 0, "tokens_per_price"),
        units.count,
        "141 GB of weights take two cards of 80 GB, and both are paid; the price of one is a "
        "factor of two",
    ),
    Popular(
        "the batch doubles and so does the throughput: compute-bound",
        "{}",
        "plan signals --throughput 8:1200 --throughput 16:2400",
        ("verdicts", 0, "regime"),
        lambda regime: str(regime).replace("_", " "),
        "the step took as long with twice the work: what fills it does not grow with the batch, "
        "such as reading the weights; arithmetic would take twice as long",
    ),
)


def answer(command: str) -> Any:
    """Return the JSON that a command prints."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        code = main([*command.split(), "--format", "json"])
    if code:
        raise SystemExit(f"ncutool {command}: exit code {code}")
    out.flush()
    return json.loads(out.buffer.getvalue())


def figure(row: Popular) -> str:
    """Return ncutool's figure of a row, as the table shows it."""
    found = answer(row.command)
    for step in row.place:
        found = found[step]
    return row.shown(found)


if __name__ == "__main__":
    for each in ROWS:
        print(each.said, "->", each.what.format(figure(each)), file=sys.stderr)
