"""Weights in a narrower type: products that read fewer bytes, their arithmetic as it was.

The memory part of a product shrinks with the bytes of its weights; activations, results and the
arithmetic stay, since weights are widened to the activations' type again. What that widening
costs is up to 15 % in the worst case, which is not verified. Where the activations are narrow too
(W8A8, W4A4), the arithmetic is held against the roof of their type.
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
    "op_id": pl.Int64, "weight_share": pl.Float64, "narrowed": pl.Float64, "at_best": pl.Float64,
}  # fmt: skip


def narrow(
    analysis: Analysis, times: Times, context: Context, name: str, activations: str | None = None
) -> Times:
    """Return ``times`` with the weights of products kept as ``name``.

    Args:
        activations: type of the products' inputs and of their arithmetic; None is as recorded.

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
    inputs = None if activations is None else NUMBER_TYPES[activations]
    peak = None if inputs is None else _peak(analysis, inputs)
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
        if (weight := _weight(call, kind, inputs)) is not None
    ]
    rows = products.join(pl.DataFrame(shares, schema=_SCHEMA), on="op_id", how="inner")
    rows = rows.filter(pl.col("dram_bytes").is_not_null())
    if rows.is_empty():
        raise CaptureError(
            capture.name,
            f"no product's shapes show weights wider than {name}",
            "nothing can be said of narrower ones: record with record_shapes=True",
        )
    return _narrowed(times, rows, kind, inputs, peak)


def _peak(analysis: Analysis, inputs: NumberType) -> float:
    """Return the dense peak of arithmetic in a type on the capture's device.

    Raises:
        CaptureError: the device is not known, or has no such arithmetic.
    """
    device = analysis.resolution.device
    peak = None if device is None else device.peak_flop_per_s.get(inputs.roofs[0])
    if peak is None:
        name = "its device" if device is None else device.name
        raise CaptureError(
            analysis.capture.name,
            f"{name} is not known to have {inputs.name} arithmetic",
            "leave --activations out, or name another device with --assume-device",
        )
    return peak


def _weight(call: OpCall, kind: NumberType, inputs: NumberType | None) -> dict[str, float] | None:
    """Return the weight's share of the product's bytes, and the part of all bytes that is left.

    ``at_best`` has the product's other operand in the type of its inputs too.
    """
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
    narrowed = 1 - share * (1 - kind.bytes_per_value / weight.itemsize)
    best = narrowed
    other = call.optional(at - 1) if at else None
    if inputs is not None and other is not None and other.read_bytes and other.itemsize:
        saved = max(0.0, 1 - inputs.bytes_per_value / other.itemsize)
        best = max(0.0, narrowed - saved * other.read_bytes / work.bytes)
    return {"weight_share": share, "narrowed": narrowed, "at_best": best}


def _narrowed(
    times: Times,
    rows: pl.DataFrame,
    kind: NumberType,
    inputs: NumberType | None,
    peak: float | None,
) -> Times:
    bytes_s = pl.col("dram_bytes") / pl.col("peak_bytes_per_s")
    compute_s = (pl.col("flop") / pl.col("peak_flop_per_s")).fill_null(0.0)
    held = overlapped(compute_s, bytes_s)
    computed_s = compute_s
    if peak is not None:
        computed_s = (
            pl.col("flop") / pl.max_horizontal("peak_flop_per_s", pl.lit(peak))
        ).fill_null(0.0)
    then = overlapped(computed_s, bytes_s * pl.col("at_best"))
    factor = pl.when(held > 0).then(then / held).otherwise(1.0).fill_null(1.0)
    kept = overlapped(compute_s, bytes_s * pl.col("narrowed"))
    surely = pl.when(held > 0).then(kept / held).otherwise(1.0).fill_null(1.0)
    # What the roofline explains of the time shrinks surely; a launch that it does not hold may
    # not become faster at all.
    sure = pl.when(pl.col("bound").is_in(["memory", "balanced"])).then(1e9 * (held - kept))
    frame = rows.join(times.frame, on="launch_id", how="left", maintain_order="left")
    touched = frame.select(
        "launch_id",
        (pl.col("low_ns") * factor).alias("low_ns"),
        (
            pl.max_horizontal(pl.col("high_ns") - sure.fill_null(0.0), pl.col("high_ns") * surely)
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
    ).saying(*_notes(rows, kind, inputs))


def _notes(rows: pl.DataFrame, kind: NumberType, inputs: NumberType | None) -> list[str]:
    calls: Any = rows["op_id"].n_unique()
    arithmetic = (
        "arithmetic stays in the activations' type (--activations takes it narrower too)."
        if inputs is None
        else f"at best their inputs are read and multiplied in {inputs.name} too, at its dense "
        "peak; at worst the kernels take as long as before."
    )
    return [
        f"{kind.name} weights: {kind.storage}. {units.counted(calls, 'product')} of mm, addmm and "
        f"linear, whose operand is taken for the weight as torch.nn.Linear passes it; {arithmetic}",
        f"Widening the weights again, or narrowing the inputs, costs 0 to {100 * WIDENING:.0f} %: "
        "unverified.",
    ]
