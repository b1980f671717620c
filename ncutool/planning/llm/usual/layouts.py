"""Tables as published beside a simulator: what a row is lies in its headings and in its path.

InferSim has a folder a family and a folder a device, and the shape of heads in the file's name.
Each line is written anew as one of our own tables has it, so that there is one reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ncutool.base.thresholds import Threshold
from ncutool.devices.resolve import Device
from ncutool.planning.llm.usual.quantiles import quantile
from ncutool.planning.llm.usual.rows import Line

_BARE = ("dtype", "kv_dtype", "batch_size", "kv_len", "latency_us", "mfu")
"""Headings of attention tables, of which one is published without them."""
_PLAIN, _UP = ("latency_us", "mfu"), ("up_proj_us", "up_mfu")
"""Columns of a time and of its share of a peak."""
_TYPES = {"fp8": "fp8_tensor", "bf16": "bf16_tensor", "nvfp4": "fp4_tensor"}
_SAME_SHARE = Threshold(
    0.2, "share", "that a peak told by published shares may be off: two types differ by twice",
    "judgement; the shares of 828 lines of an H20 tell its peak within 4 %",
)  # fmt: skip


def headless(first: list[str]) -> tuple[str, ...] | None:
    """Return the headings of a table whose first line holds figures already; None of any other."""
    return _BARE if len(first) == len(_BARE) and first[0] in ("bf16", "fp16", "fp8") else None


def is_published(headings: set[str]) -> bool:
    """Return whether a table is of that layout."""
    return bool(headings & {"latency_us", "up_proj_us"}) and "family" not in headings


def told_type(lines: Sequence[Line], device: Device) -> str:
    """Return the type of a table's products where no column says it; empty where they are none.

    It is the one whose peak the published shares (mfu) are of. Shares of single lines are of
    rounded numbers of rows, so that all lines together are asked.

    Raises:
        UsageError: the shares are of no peak, or several types have that peak.
    """
    first = lines[0]
    columns = next((one for one in (_UP, _PLAIN) if one[0] in first.cells), _PLAIN)
    if first.cells.get("dtype") or not _is_product(first):
        return ""
    if not first.cells.get(columns[1]):
        raise first.fail("no dtype: add a column that says the type, e.g. bf16 or fp8")
    rates = sorted(_rate(line, *columns) / line.number(columns[1], most=2.0) for line in lines)
    peak = quantile(rates, 0.5)
    found = [
        name
        for name, roof in _TYPES.items()
        if (known := device.peak_flop_per_s.get(roof)) is not None
        and abs(peak / known - 1) <= _SAME_SHARE
    ]
    if len(found) != 1:
        raise first.fail(
            f"no dtype, and its {columns[1]} is that of no one peak of {device.name}: add a "
            "column dtype"
        )
    return found[0]


def _is_product(line: Line) -> bool:
    return {"m", "k", "n"} <= line.cells.keys() or "up_proj_us" in line.cells


def _rate(line: Line, time: str, _share: str) -> float:
    """Return the rate (FLOP/s) of a line's product, or of its experts' first."""
    if "m" in line.cells:
        flop = 2 * line.number("m") * line.number("k") * line.number("n")
    else:
        inner = 2 * line.number("intermediate_size")
        flop = 2 * _rows(line) * line.number("hidden_size") * inner
    return 1e9 * flop / line.time_ns(time)


def _rows(line: Line) -> float:
    """Return the rows that reach the experts of a device: as many go as come."""
    size = "batch_size_per_gpu" if "batch_size_per_gpu" in line.cells else "seq_len_per_gpu"
    return line.number(size) * line.number("topk")


def rewritten(line: Line, path: Path, told: str) -> Iterator[Line]:
    """Return a published line as lines of our own tables; nothing where it is of no family.

    Args:
        told: the type of the table's products, by :func:`told_type`.
    """
    cells = dict(line.cells)
    if "up_proj_us" in cells:
        yield from _experts(line, cells, told)
        return
    cells["time_us"] = cells.get("latency_us", "")
    if {"m", "k", "n"} <= cells.keys():
        yield Line(line.where, cells | {"family": "product", "dtype": cells.get("dtype") or told})
        return
    heads = path.stem.split("-")
    if len(heads) != 3 or not all(one.isascii() and one.isdigit() for one in heads):
        return
    latent = "mla" in path.parts
    names = ("heads", "values", "rotary") if latent else ("heads", "kv_heads", "head_dim")
    cells |= dict(zip(names, heads, strict=True))
    if "kv_len" in cells:
        cells |= {"sequences": cells.get("batch_size", ""), "context": cells["kv_len"]}
        cells["family"] = "latent_attention" if latent else "decode_attention"
        yield Line(line.where, cells)
    elif "seq_len" in cells and not latent:
        cells |= {"family": "prompt_attention", "tokens": cells["seq_len"]}
        yield Line(line.where, cells)


def _experts(line: Line, cells: dict[str, str], told: str) -> Iterator[Line]:
    hidden, inner = line.number("hidden_size"), line.number("intermediate_size")
    for name, k, n in (("up", hidden, 2 * inner), ("down", inner, hidden)):
        yield Line(
            line.where,
            {
                "family": "experts",
                "dtype": cells.get("dtype") or told,
                "rows": str(_rows(line)),
                "experts": cells.get("num_local_experts", ""),
                "per_token": cells["topk"],
                "k": str(k),
                "n": str(n),
                "time_us": cells.get(f"{name}_proj_us", ""),
            },
        )
