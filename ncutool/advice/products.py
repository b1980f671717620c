"""Matrix products of a trace, as batching sees them: how many rows meet which weights.

A product is taken from its operator's recorded shapes, or, in a replayed graph whose capture run
told the operators, from the signature that the kernels table carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import polars as pl

from ncutool import batching
from ncutool.advice.context import Context
from ncutool.advice.nodes import Node
from ncutool.batching import Product, Rates
from ncutool.work.operators.tensor import Tensor

_FACTORS = {"addmm": 1, "mm": 0, "linear": 0, "_addmm_activation": 1}
"""Operators that multiply by a matrix, and which input is multiplied."""
_SIGNATURE = re.compile(r"^\[(\d+(?:,\d+)*)\] × \[(\d+),(\d+)\]$")
_ITEMSIZES = {"fp64": 8, "fp32": 4, "fp16": 2, "bf16": 2, "fp8": 1, "int8": 1}
_BACKWARD = r"^autograd::|Backward\d*$"
ENOUGH = 3
"""Launches of one shape whose median counts as what the device reaches."""
_LOWEST_SHARE = 0.1
"""Below this share of the bandwidth it is not the bandwidth that holds a product."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a product with its launches."""

    rows: int
    model: Product
    launches: tuple[int, ...]
    durations: tuple[int, ...]
    label: str
    """Both shapes, e.g. `[32,4096] × [4096,24576]`."""
    roof: str | None

    @property
    def duration_ns(self) -> int:
        return sum(self.durations)

    @property
    def moved(self) -> float:
        """Bytes, everything once."""
        return self.model.moved(self.rows)

    @property
    def weight_share(self) -> float:
        """Part of them that are weights."""
        return self.model.weight_bytes / self.moved if self.moved else 0.0


def factors(node: Node) -> tuple[Tensor, Tensor] | None:
    """Activation and weight of a product with a two-dimensional weight."""
    index = _FACTORS.get(node.op)
    if index is None or len(node.inputs) < index + 2:
        return None
    activation, weight = node.inputs[index], node.inputs[index + 1]
    if len(weight.shape) != 2 or not activation.shape or not weight.numel:
        return None
    return activation, weight


def sizes(node: Node) -> tuple[int, int, int] | None:
    """Rows, inner size and columns of such a product; None where its shapes do not fit."""
    pair = factors(node)
    if pair is None:
        return None
    activation, weight = pair
    inner, columns = weight.shape if node.op != "linear" else weight.shape[::-1]
    if activation.shape[-1] != inner or not activation.numel:
        return None
    return activation.numel // inner, inner, columns


def calls(context: Context) -> list[Call]:
    """Every product with known shapes and a duration above 0, outside backward passes."""
    roofs = dict(
        context.kernels.filter(pl.col("roof").is_not_null() & pl.col("flop").is_not_null())
        .select("launch_id", "roof")
        .iter_rows()
    )
    backward = backward_launches(context)
    found = [*_of_operators(context, roofs), *_of_graphs(context)]
    return [call for call in found if call.duration_ns > 0 and backward.isdisjoint(call.launches)]


def _of_operators(context: Context, roofs: dict[int, str]) -> Iterator[Call]:
    for stream in context.streams:
        for node in stream.nodes:
            pair, size = factors(node), sizes(node)
            if pair is None or size is None:
                continue
            activation, weight = pair
            if not activation.itemsize or not weight.itemsize:
                continue
            rows, inner, columns = size
            ids = stream.launch_ids[node.first : node.last]
            yield Call(
                rows=rows,
                model=Product(inner, columns, weight.itemsize, activation.itemsize),
                launches=tuple(ids),
                durations=tuple(stream.durations[node.first : node.last]),
                label=f"[{rows},{inner}] × [{inner},{columns}]",
                roof=next((roofs[one] for one in ids if one in roofs), None),
            )


def _of_graphs(context: Context) -> Iterator[Call]:
    """Replayed launches have no call of their own: their signature says what they multiplied."""
    told = context.kernels.filter(
        pl.col("op_id").is_null()
        & pl.col("graph_replay").fill_null(value=False)
        & pl.col("op").is_in([f"aten::{name}" for name in _FACTORS if name != "linear"])
        & pl.col("flop").is_not_null()
        & pl.col("duration_ns").is_not_null()
    )
    columns = ("launch_id", "duration_ns", "signature", "dtype", "roof")
    for launch_id, duration, signature, dtype, roof in told.select(columns).iter_rows():
        match = _SIGNATURE.match(signature or "")
        itemsize = _ITEMSIZES.get(dtype or "")
        if match is None or itemsize is None:
            continue
        *leading, last = (int(size) for size in match[1].split(","))
        inner, width = int(match[2]), int(match[3])
        rows = 1
        for size in leading:
            rows *= size
        if last != inner or not rows * inner * width:
            continue
        model = Product(inner, width, itemsize, itemsize)
        yield Call(rows, model, (launch_id,), (duration,), signature, roof)


def backward_launches(context: Context) -> set[int]:
    """Launches of threads that ran a backward pass: what they multiply by need not be weights."""
    capture = context.capture
    names = capture.signatures.filter(pl.col("op").str.contains(_BACKWARD))["signature_id"]
    ops = capture.ops.select("op_id", "signature_id", "thread", "start_ns", "end_ns")
    marks = ops.filter(pl.col("signature_id").is_in(names.implode()))
    if not marks.height:
        return set()
    spans = marks.group_by("thread").agg(
        pl.col("start_ns").min().alias("from"), pl.col("end_ns").max().alias("to")
    )
    within = ops.join(spans, on="thread").filter(
        (pl.col("start_ns") >= pl.col("from")) & (pl.col("start_ns") <= pl.col("to"))
    )
    launches = context.kernels.filter(pl.col("op_id").is_in(within["op_id"].implode()))
    return set(launches["launch_id"].to_list())


def reached_share(context: Context, found: list[Call]) -> float | None:
    """The best share of the bandwidth peak that products of one shape reach in this capture; None
    where no shape has launches enough, or all are held by something else."""
    peak = context.device.peak_bytes_per_s if context.device else 0.0
    by_label: dict[str, list[float]] = {}
    for call in found:
        if peak:
            rate = call.moved / call.duration_ns * 1e9 / peak
            by_label.setdefault(call.label, []).append(rate)
    medians = [median(some) for some in by_label.values() if len(some) >= ENOUGH]
    return max((each for each in medians if _LOWEST_SHARE <= each <= 1), default=None)


def rates(context: Context, roof: str | None, bytes_share: float) -> Rates | None:
    """What the device reaches in this capture, and what a launch costs at least."""
    if context.device is None or roof is None:
        return None
    return batching.rates(
        context.device,
        roof,
        flop_share=context.shares.flop_share(roof),
        bytes_share=bytes_share,
        launch_s=context.latency_ns / 1e9,
    )
