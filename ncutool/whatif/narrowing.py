"""Weights in a narrower type: products that read fewer bytes, their arithmetic as it was.

The memory part of a product shrinks with the bytes of its weights; activations, results and the
arithmetic stay, since weights are widened to the activations' type again. What that widening
costs is up to 15 % in the worst case, which is not verified.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.base import units
from ncutool.base.limits import overlapped
from ncutool.base.thresholds import Threshold
from ncutool.planning.llm.number_types import NUMBER_TYPES, NumberType
from ncutool.whatif.times import Times
from ncutool.work.calls import calls_of
from ncutool.work.operators import OpCall, Work, model
from ncutool_parsers.errors import CaptureError

if TYPE_CHECKING:
    from ncutool.advice.view.context import Context
    from ncutool.analysis.analyse import Analysis

WIDENING = Threshold(
    0.15,
    "share of the time",
    "what converting weights back may add to a product",
    "judgement, not verified",
)
WEIGHT_AT = {"mm": 1, "addmm": 2, "linear": 1}
"""Product -> position of its weight, as torch.nn.Linear calls it."""
_WHOLE = ("fp32", "fp16", "bf16", "tf32", "fp64")
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "op_id": pl.Int64, "weight_share": pl.Float64, "narrowed": pl.Float64,
}  # fmt: skip


def narrow(analysis: Analysis, times: Times, context: Context, name: str) -> Times:
    """Return ``times`` with the weights of products kept as ``name``.

    Raises:
        CaptureError: the capture trains, or no product's shapes show weights that are wider.
    """
    capture = analysis.capture
    if context.program.trains:
        raise CaptureError(
            capture.name,
            "a backward pass was recorded",
            "weights that are trained cannot be kept in a narrower type: ask this of inference",
        )
    kind = NUMBER_TYPES[name]
    products = times.kernels.filter(
        (pl.col("category") == "kernel")
        & (pl.col("family") == "gemm")
        & pl.col("op_id").is_not_null()
        & ~pl.col("graph_replay").fill_null(False)
    )
    linked = capture.launches.filter(pl.col("op_id").is_in(products["op_id"].unique().implode()))
    shares = [
        {"op_id": op_id, **weight}
        for op_id, call in calls_of(linked, capture).items()
        if (weight := _weight(call, kind)) is not None
    ]
    rows = products.join(pl.DataFrame(shares, schema=_SCHEMA), on="op_id", how="inner")
    rows = rows.filter(pl.col("dram_bytes").is_not_null())
    if rows.is_empty():
        raise CaptureError(
            capture.name,
            f"no product's shapes show weights wider than {name}",
            "nothing can be said of narrower ones: record with record_shapes=True",
        )
    return _narrowed(times, rows, kind)


def _weight(call: OpCall, kind: NumberType) -> dict[str, float] | None:
    """Return the weight's share of the product's bytes, and the part of these that is left."""
    at = WEIGHT_AT.get(call.base)
    weight = None if at is None else call.optional(at)
    work = model(call)
    if weight is None or len(weight.shape) != 2 or weight.dtype not in _WHOLE:
        return None
    if not isinstance(work, Work) or not work.bytes or not weight.read_bytes or not weight.itemsize:
        return None
    if kind.bytes_per_value >= weight.itemsize:
        return None
    share = min(weight.read_bytes / work.bytes, 1.0)
    return {
        "weight_share": share,
        "narrowed": 1 - share * (1 - kind.bytes_per_value / weight.itemsize),
    }


def _narrowed(times: Times, rows: pl.DataFrame, kind: NumberType) -> Times:
    bytes_s = pl.col("dram_bytes") / pl.col("peak_bytes_per_s")
    compute_s = (pl.col("flop") / pl.col("peak_flop_per_s")).fill_null(0.0)
    held = overlapped(compute_s, bytes_s)
    then = overlapped(compute_s, bytes_s * pl.col("narrowed"))
    factor = pl.when(held > 0).then(then / held).otherwise(1.0).fill_null(1.0)
    # What the roofline explains of the time shrinks surely; a launch that it does not hold may
    # not become faster at all.
    sure = pl.when(pl.col("bound").is_in(["memory", "balanced"])).then(1e9 * (held - then))
    frame = rows.join(times.frame, on="launch_id", how="left", maintain_order="left")
    touched = frame.select(
        "launch_id",
        (pl.col("low_ns") * factor).alias("low_ns"),
        (
            pl.max_horizontal(pl.col("high_ns") - sure.fill_null(0.0), pl.col("high_ns") * factor)
            * (1 + WIDENING)
        ).alias("high_ns"),
        pl.lit("weights").alias("by"),
        pl.format(
            "{} % of bytes weights: at best × {}",
            (100 * pl.col("weight_share")).round(1),
            factor.round(3),
        ).alias("why"),
    )
    left = rows.select("launch_id", "narrowed")
    kernels = times.kernels.join(left, on="launch_id", how="left", maintain_order="left")
    kernels = kernels.with_columns(pl.col("dram_bytes") * pl.col("narrowed").fill_null(1.0)).drop(
        "narrowed"
    )
    changed = Times(kernels, times.frame, times.agreement, times.notes, times.unchanged)
    changed = changed.with_rows(touched)
    rest = times.frame.join(rows, on="launch_id", how="anti")
    return changed.leaving(
        times.group("no weights", f"no weights wider than {kind.name} in their shapes", rest)
    ).saying(*_notes(rows, kind))


def _notes(rows: pl.DataFrame, kind: NumberType) -> list[str]:
    calls: Any = rows["op_id"].n_unique()
    return [
        f"{kind.name} weights: {kind.storage}. {units.counted(calls, 'product')} of mm, addmm and "
        "linear, whose operand is taken for the weight as torch.nn.Linear passes it; arithmetic "
        "stays in the activations' type.",
        f"Widening the weights again costs 0 to {100 * WIDENING:.0f} %: unverified.",
    ]
