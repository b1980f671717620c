"""Kernels far below what this device reaches, sorted by what makes them slow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ncutool.advice import precision
from ncutool.advice.context import Context
from ncutool.advice.shapes import is_narrow, sides

LIMIT = 0.6
"""Below this share of its calibrated roof a kernel is slow (NVIDIA's threshold)."""
STREAM_LIMIT = 0.5
"""Kernels that only move data: a mixed pattern of access costs some."""
LONG = 4
"""Times the launch floor: shorter kernels are held by launching."""
COARSE_CLOCK_NS = 20_000
"""On a clock of whole microseconds rates of shorter launches are off by over 5 %."""
VERY_LONG_NS = 50_000
FA3_SHARE = 0.4
AMD_ATTENTION_SHARE = 0.35
BACKWARD_SHARE = 0.7
"""Share of the tensor peak that attention reaches where it is written for its GPU, causal or not
(FlashAttention 2 on A100, 3 on Hopper), what AMD's reaches, and what of it a backward pass does."""
TINY = 16
_OLD_ATTENTION = re.compile(r"flash_(fwd|bwd)_\w*kernel|fmha_cutlass[FB]|efficient_attention")
_NEW_ATTENTION = re.compile(r"(?i)sm90|sm100|wgmma|cudnn_generated|Fa3")
_OLD_PRODUCT = re.compile(r"cutlass_80|sm80_|^ampere_|s16816|s1688")
_MISALIGNED = re.compile(r"_align[12]\b|_align[12]>")
_LAYOUT = re.compile(r"(?i)nchwToNhwc|nhwcToNchw|NCHW2CNHW|CNHW2NCHW|batched_transpose")
_EMBEDDING = re.compile(r"(?i)embedding\w*backward|backward\w*embedding|SplitLookupFunction")
_ROWS = ("softmax", "normalization", "reduction")


@dataclass(frozen=True)
class Slow:
    """One slow launch."""

    row: Mapping[str, Any]
    """Of the context's kernels."""
    cause: str
    best_ns: int
    share_pct: float | None
    """Reachable over present time; None where its work is not modelled."""
    roof: str | None
    """The compute roof that ``best_ns`` rests on; None where it is the bandwidth or a guess."""


def slow_kernels(context: Context, taken: set[int]) -> list[Slow]:
    """Every launch that is long, modelled, below its calibrated roof and not ``taken``.

    Communication, copies and lower bounds are left out: a small share of a peak proves nothing
    there. Layout changes inside convolutions and the backward pass of embeddings are told by name.
    """
    if context.device is None:
        return []
    rows = _candidates(context, taken)
    known = [slow for row in rows.iter_rows(named=True) if (slow := _classed(context, row))]
    return [*known, *_unlinked_twins(context, known, taken)]


def near_their_roof(context: Context, family: str, taken: set[int]) -> pl.DataFrame:
    """Launches of ``family`` at :data:`LIMIT` of their calibrated roof or above (``floor_ns``)."""
    if context.device is None:
        return context.kernels.clear()
    named = list(taken | _waiting_for_tensor_cores(context))
    return _with_floors(context).filter(
        (pl.col("family") == family)
        & (pl.col("duration_ns") > 0)
        & (pl.col("flop") > 0)
        & (pl.col("floor_ns") >= LIMIT * pl.col("duration_ns"))
        & (pl.col("floor_ns") <= pl.col("duration_ns"))
        & ~pl.col("launch_id").is_in(named)
    )


def _with_floors(context: Context) -> pl.DataFrame:
    """The kernels with the times (ns) that their work takes at reachable rates."""
    assert context.device is not None
    shares = {
        roof: context.shares.flop_share(roof) for roof in context.device.peak_flop_per_s
    }  # a roof without a peak has no floor either
    share = pl.col("roof").replace_strict(shares, default=None, return_dtype=pl.Float64)
    compute = pl.col("flop") / (pl.col("peak_flop_per_s") * share)
    memory = pl.col("dram_bytes") / (pl.col("peak_bytes_per_s") * context.shares.bytes_share)
    return context.kernels.with_columns(
        compute_ns=1e9 * compute,
        memory_ns=1e9 * memory,
        floor_ns=1e9 * pl.max_horizontal(compute, memory),
        falls_back=_falls_back(context),
    )


def _candidates(context: Context, taken: set[int]) -> pl.DataFrame:
    coarse = COARSE_CLOCK_NS if context.capture.clock_step_ns > 1 else 0
    long = _with_floors(context).filter(
        (pl.col("category") == "kernel")
        & (pl.col("duration_ns") > max(LONG * context.latency_ns, coarse))
        & ~pl.col("bound").is_in(["communication", "copy"])
    )
    by_name = (pl.col("family") == "convolution") & pl.col("kernel_full").str.contains(
        _LAYOUT.pattern
    )
    embeds = pl.col("op").str.contains(_EMBEDDING.pattern)
    slow = (pl.col("floor_ns") < LIMIT * 4 / 3 * pl.col("duration_ns")) | by_name | embeds
    named = taken | _waiting_for_tensor_cores(context)
    return long.filter(slow.fill_null(False) & ~pl.col("launch_id").is_in(list(named)))


def _falls_back(context: Context) -> pl.Expr:
    """Whether a product runs on the CUDA cores although others of the capture run as TF32."""
    return (
        pl.lit(precision.allows_tf32(context, "gemm"))
        & (pl.col("family") == "gemm")
        & (pl.col("roof") == "fp32")
        & pl.col("kernel_full").str.contains(precision.SIMT.pattern)
    ).fill_null(False)


def _waiting_for_tensor_cores(context: Context) -> set[int]:
    """Launches that the finding about FP32 products names already."""
    found: set[int] = set()
    for family in ("gemm", "convolution"):
        goal = precision.target(context, family)
        falls_back = goal and goal.roof == "tf32_tensor" and precision.allows_tf32(context, family)
        if goal is not None and not falls_back:
            found.update(precision.fp32_simt(context, family)["launch_id"])
    return found


def _classed(context: Context, row: Mapping[str, Any]) -> Slow | None:
    """The first cause that fits; None where it is not slow."""
    for cause, fits in _CAUSES.get(row["family"] or "", (_EMBEDS,)):
        best = fits(context, row)
        if best is not None:
            now = row["duration_ns"]
            best_ns = min(max(round(best), 0), now)
            modelled = cause not in _BY_NAME
            compute = modelled and (row["compute_ns"] or 0.0) > (row["memory_ns"] or 0.0)
            roof = "tf32_tensor" if row["falls_back"] else row["roof"]
            share = 100 * best_ns / now if modelled else None
            return Slow(row, cause, best_ns, share, roof if compute else None)
    return None


def _lower_bound(row: Mapping[str, Any]) -> bool:
    return "lower bound" in (row["remark"] or "")


def _below(context: Context, row: Mapping[str, Any], limit: float) -> float | None:
    """The new time of a launch at its calibrated roof; None where it is near it or unknown."""
    floor, now = row["floor_ns"], row["duration_ns"]
    if floor is None or _lower_bound(row) or floor >= limit * now:
        return None
    complete = row["flop"] is not None and row["dram_bytes"] is not None
    return max(floor, context.latency_ns) if complete else None


def _hopper(context: Context) -> bool:
    device = context.device
    if device is None or device.vendor == "amd":
        return False
    major = device.compute_capability.partition(".")[0]
    return major.isdigit() and int(major) in (9, 10)


def _layout(_: Context, row: Mapping[str, Any]) -> float | None:
    return 0.0 if _LAYOUT.search(row["kernel_full"]) else None


def _old_attention(context: Context, row: Mapping[str, Any]) -> float | None:
    name = row["kernel_full"]
    if not _hopper(context) or not _OLD_ATTENTION.search(name) or _NEW_ATTENTION.search(name):
        return None
    return _attained(context, row, FA3_SHARE)


def _attained(context: Context, row: Mapping[str, Any], share: float) -> float | None:
    """New time of attention at ``share`` of its compute peak; None where it is near that."""
    if _below(context, row, 1.0) is None or not row["peak_flop_per_s"]:
        return None
    if "backward" in (row["op"] or "") or "bwd" in row["kernel_full"]:
        share *= BACKWARD_SHARE
    best = 1e9 * row["flop"] / (share * row["peak_flop_per_s"])
    floor = max(best, row["memory_ns"], context.latency_ns)
    return floor if floor < LIMIT * row["duration_ns"] else None


def _misaligned(context: Context, row: Mapping[str, Any]) -> float | None:
    """Products in a kernel for odd sizes, or on the CUDA cores where others run as TF32."""
    goal = precision.target(context, "gemm")
    if goal is not None and row["falls_back"]:
        if not row["flop"] or not row["dram_bytes"]:
            return None
        tensor = 1e9 * row["flop"] / (goal.peak * context.shares.flop_share(goal.roof))
        best = max(tensor, row["memory_ns"], context.latency_ns)
        return best if best < LIMIT * row["duration_ns"] else None
    if not _MISALIGNED.search(row["kernel_full"]):
        return None
    return _below(context, row, LIMIT)


def _tiny(context: Context, row: Mapping[str, Any]) -> float | None:
    """Batched products of matrices with a side so short that most of a tile is padding."""
    dims = sides(row["signature"])
    if dims is None or len(dims[0]) != 3:
        return None
    if min(*dims[0][1:], *dims[1][1:]) > TINY:
        return None
    return _below(context, row, LIMIT)


def _old_product(context: Context, row: Mapping[str, Any]) -> float | None:
    if not _hopper(context) or row["bound"] == "small_grid":
        return None
    if not _OLD_PRODUCT.search(row["kernel_full"]):
        return None
    return _below(context, row, LIMIT)


def _narrow(context: Context, row: Mapping[str, Any]) -> float | None:
    """Products of few rows: their weights must be read whatever the kernel."""
    dims = sides(row["signature"])
    if dims is None or not is_narrow(dims):
        return None
    if (row["memory_ns"] or 0.0) < (row["compute_ns"] or 0.0):
        return None
    return _below(context, row, LIMIT * 4 / 3)


def _product(context: Context, row: Mapping[str, Any]) -> float | None:
    if row["bound"] == "small_grid":
        return None
    return _below(context, row, LIMIT)


def _patch(context: Context, row: Mapping[str, Any]) -> float | None:
    """Convolutions that hardly use the device although their kernel is large."""
    dims = sides(row["signature"])
    if dims is None or "backward" in (row["op"] or ""):
        return None
    weight = dims[1]
    patches = len(weight) >= 4 and min(weight[2:]) >= 8
    return _below(context, row, LIMIT) if patches else None


def _convolution(context: Context, row: Mapping[str, Any]) -> float | None:
    return _below(context, row, LIMIT)


def _attention(context: Context, row: Mapping[str, Any]) -> float | None:
    amd = context.device is not None and context.device.vendor == "amd"
    return _attained(context, row, AMD_ATTENTION_SHARE if amd else FA3_SHARE)


def _stream(context: Context, row: Mapping[str, Any]) -> float | None:
    """Kernels that only move data; where that is less than a launch takes, a neighbour or the
    launch itself slowed them, unless they are very long."""
    little = (row["floor_ns"] or 0.0) < context.latency_ns
    if little and row["duration_ns"] < VERY_LONG_NS:
        return None
    return _below(context, row, STREAM_LIMIT)


def _embedding(_: Context, row: Mapping[str, Any]) -> float | None:
    """How many rows are updated is not recorded: half of the time, as a guess."""
    return row["duration_ns"] / 2 if _EMBEDDING.search(row["op"] or "") else None


_Test = Callable[[Context, Mapping[str, Any]], float | None]
_EMBEDS: tuple[str, _Test] = ("embedding", _embedding)
_CAUSES: dict[str, tuple[tuple[str, _Test], ...]] = {
    "gemm": (
        ("misaligned", _misaligned),
        ("tiny", _tiny),
        ("old_product", _old_product),
        ("narrow", _narrow),
        ("product", _product),
    ),
    "convolution": (("layout", _layout), ("patch", _patch), ("convolution", _convolution)),
    "attention": (("old_attention", _old_attention), ("attention", _attention)),
    "indexing": (_EMBEDS, ("indexing", _stream)),
    "copy": (_EMBEDS, ("copy", _stream)),
    "elementwise": (_EMBEDS, ("elementwise", _stream)),
    **dict.fromkeys(_ROWS, (_EMBEDS, ("rows", _stream))),
}
"""By family, most telling first."""
_BY_NAME = ("layout", "embedding")
"""Causes whose saving no model of the work bounds."""


def _unlinked_twins(context: Context, known: list[Slow], taken: set[int]) -> list[Slow]:
    """Attention launches without a launch record, of the same kernel and grid as known ones."""
    templates = {_identity(slow.row): slow for slow in known if slow.cause == "old_attention"}
    if not templates:
        return []
    rows = context.kernels.filter(
        pl.col("op_id").is_null()
        & (pl.col("duration_ns") > 0)
        & ~pl.col("launch_id").is_in(list(taken))
    )
    found = []
    for row in rows.iter_rows(named=True):
        same = templates.get(_identity(row))
        if same is not None:
            best = min(same.best_ns, row["duration_ns"])
            found.append(Slow(row, same.cause, best, same.share_pct, same.roof))
    return found


def _identity(row: Mapping[str, Any]) -> tuple[object, ...]:
    return (row["kernel_full"], row["grid_x"], row["grid_y"], row["grid_z"])
