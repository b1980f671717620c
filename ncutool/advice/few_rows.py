"""Products that read their weights for few rows: what more rows would cost, and how many fit."""

from __future__ import annotations

import math
import re
from collections import Counter

import polars as pl

from ncutool import units
from ncutool.advice.context import Context, Draft
from ncutool.advice.products import Call, calls, rates, reached_share
from ncutool.advice.program import Program
from ncutool.batching import USABLE_MEMORY, Rates, weight_crossover

WEIGHT_SHARE = 0.75
"""A product whose weights are this share of its bytes is read-bound by them."""
UNKNOWN_ROWS = 64
"""Without peaks, only so few rows are sure to leave arithmetic idle."""
MOST_GROWTH = 8
"""Rows are taken to grow at most so many times, however late arithmetic limits."""
_LEAST_GROWTH = 1.5
NARROW_TILE = 32
"""A tile this narrow is chosen for a product with few rows."""
_ITEMSIZE = 2
"""Bytes of a weight, where only a kernel's name is known."""
_TILE_NAMES = r"_MT(\d+)x(\d+)x\d+"  # macro tile in the kernel names of AMD's Tensile
_CACHE_STORES = r"(?i)store_cache|reshape_and_cache"
_SIZES = re.compile(r"\[([\d,]+)\]")

_VLLM = "https://docs.vllm.ai/en/latest/configuration/optimization.html"
_SGLANG = "https://docs.sglang.ai/advanced_features/server_arguments.html"
_LINEAR = "https://docs.nvidia.com/deeplearning/performance/dl-performance-fully-connected/"
_CAVEAT = (
    "It is time per row, not of this window: a single stream of requests, memory for caches, or "
    "response time may forbid more rows."
)


def drafts(context: Context, about: Program) -> list[Draft]:
    """At most two: by shape, and where no shapes are recorded by the kernels' names."""
    by_shape = None if about.trains else _by_shape(context, about)
    by_name = _by_name(context, about)
    return [draft for draft in (by_shape, by_name) if draft is not None]


def _by_shape(context: Context, about: Program) -> Draft | None:
    known = [call for call in calls(context) if call.weight_share > WEIGHT_SHARE]
    share = reached_share(context, known)
    chosen = [
        (call, most)
        for call in known
        if (most := _room(context, call, share or context.shares.bytes_share)) >= _LEAST_GROWTH
    ]
    if not chosen:
        return None
    top = _largest([call for call, _ in chosen])
    growth = min(next(most for call, most in chosen if call.label == top.label), MOST_GROWTH)
    growth = math.floor(2 * growth) / 2
    best = [
        duration
        for call, _ in chosen
        for duration in _grown(context, call, growth, share or context.shares.bytes_share)
    ]
    calls_of = [call for call, _ in chosen]
    most_rows = max(call.rows for call in calls_of)
    return Draft(
        kind="batch",
        title=f"Give the matrix products of at most {most_rows:,} rows more rows",
        grade="likely",
        launches=tuple(launch for call in calls_of for launch in call.launches),
        best=tuple(best),
        worst=tuple(duration for call in calls_of for duration in call.durations),
        evidence=_evidence(context, calls_of, top, growth, share),
        remedy=_remedy(about),
        code=_code(about),
        link=_link(about),
        caveat=_CAVEAT,
        lead=-1,
    )


def _largest(found: list[Call]) -> Call:
    """The shape that takes the most time together, by the call of median duration."""
    times: Counter[str] = Counter()
    for call in found:
        times[call.label] += call.duration_ns
    label = min(times, key=lambda one: (-times[one], one))
    alike = sorted((call for call in found if call.label == label), key=lambda one: one.duration_ns)
    return alike[len(alike) // 2]


def _room(context: Context, call: Call, bytes_share: float) -> float:
    """How many times the rows fit before arithmetic limits."""
    at = rates(context, call.roof, bytes_share)
    if at is None:
        return 2.0 if call.rows <= UNKNOWN_ROWS else 0.0
    return call.model.crossover(at) / call.rows


def _grown(context: Context, call: Call, growth: float, bytes_share: float) -> list[int]:
    """Time of as many rows as now, when ``growth`` times as many go through at once."""
    at = rates(context, call.roof, bytes_share)
    longer = 1.0
    if at is not None:
        longer = call.model.seconds(growth * call.rows, at) / call.model.seconds(call.rows, at)
    return [round(duration * min(longer / growth, 1.0)) for duration in call.durations]


def _evidence(
    context: Context, found: list[Call], top: Call, growth: float, share: float | None
) -> tuple[str, ...]:
    most = max(call.rows for call in found)
    moved = sum(call.moved for call in found)
    total = sum(call.duration_ns for call in found)
    sentence = (
        f"{units.counted(len(found), 'matrix product', 'matrix products')} over at most {most:,} "
        f"rows {'takes' if len(found) == 1 else 'take'} {context.share(total)} and "
        f"{'reads' if len(found) == 1 else 'read'} {units.data(moved)}, over "
        f"{100 * WEIGHT_SHARE:.0f} % of it weights"
    )
    if context.device is not None:
        sentence += f", which takes {units.time(context.move_ns(moved))} at the bandwidth peak"
    sentences = [sentence + "."]
    sentences += _curve(context, top, growth, share)
    sentences.append(
        f"The high end is the time per row with {growth:g} times the rows: the weights are read "
        "once for all of them. The low end is 0: it saves nothing while no more rows are at hand."
    )
    sentences += _memory(context)
    return tuple(sentences)


def _curve(context: Context, top: Call, growth: float, share: float | None) -> list[str]:
    """Time against rows of the shape that takes the most time."""
    at = rates(context, top.roof, share or context.shares.bytes_share)
    if at is None:
        return ["The device's peaks are unknown: a doubling of the rows is taken for free."]
    now = top.duration_ns / top.model.seconds(top.rows, at)
    steps = [top.rows * 2**power for power in range(5) if 2**power <= 2 * growth]
    points = ", ".join(
        f"{rows:,} rows {units.time(now * top.model.seconds(rows, at))}" for rows in steps
    )
    crossover = top.model.crossover(at)
    limit = (
        f"from {crossover:,.0f} rows on arithmetic limits"
        if math.isfinite(crossover)
        else "arithmetic never limits"
    )
    seen = (
        f"the best of these shapes reaches {100 * share:.0f} % of the bandwidth peak"
        if share is not None
        else f"{100 * context.shares.bytes_share:.0f} % of the bandwidth peak assumed"
    )
    flop = 100 * context.shares.flop_share(top.roof or "")
    return [
        f"Time against rows of {top.label}, starting from its time here: {points}; {limit} "
        f"({seen}, and {flop:.0f} % of the {top.roof} peak taken as reachable)."
    ]


def _memory(context: Context) -> list[str]:
    """How many sequences fit, where an operator that fills the key-value cache shows its size."""
    stores = context.kernels.filter(
        pl.col("op").str.contains(_CACHE_STORES) & pl.col("signature").is_not_null()
    )
    tokens = {
        room for text in stores["signature"].unique().to_list() if (room := _cache_tokens(text))
    }
    if tokens:
        room = min(tokens)
        return [
            f"A layer's key-value cache has slots for {room:,} tokens: that over the context of a "
            "sequence bounds the batch; the context itself is not recorded."
        ]
    if context.device is None:
        return []
    usable = USABLE_MEMORY * context.device.memory_bytes
    return [
        f"What fits is ({units.data(usable)} - weights) / cache of a sequence, if it keeps one; "
        "the trace records neither all weights nor the context."
    ]


def _cache_tokens(signature: str) -> int | None:
    """Tokens of a cache [slots, ...] or [blocks, size, ...], from `keys × values × cache`."""
    shapes = [[int(size) for size in text.split(",")] for text in _SIZES.findall(signature)]
    if len(shapes) < 3:
        return None
    keys, values, cache = shapes[:3]
    token = math.prod(keys[1:])
    if keys[0] <= 0 or token <= 0 or keys != values or math.prod(cache) % token:
        return None
    room = math.prod(cache) // token
    return room if room > keys[0] and cache[-1] == keys[-1] else None


def _by_name(context: Context, about: Program) -> Draft | None:
    """The same where no shapes are recorded: the kernel's name tells its tile."""
    unknown = context.kernels.filter(
        pl.col("flop").is_null()
        & (pl.col("category") == "kernel")
        & pl.col("op").is_null()
        & (pl.col("duration_ns") > 0)
    )
    names = [name for name in unknown["kernel_full"].unique() if _narrow_tile(name)]
    chosen = unknown.filter(pl.col("kernel_full").is_in(names)).sort("launch_id")
    if not chosen.height:
        return None
    durations = chosen["duration_ns"].to_list()
    growth, why = _growth_of_tiles(context)
    return Draft(
        kind="batch",
        title="Batch more rows into the matrix products with narrow tiles",
        grade="possible",
        launches=tuple(chosen["launch_id"].to_list()),
        best=tuple(round(duration / growth) for duration in durations),
        worst=tuple(durations),
        evidence=(
            f"{chosen.height:,} launches of kernels whose names tell of tiles at most "
            f"{NARROW_TILE} wide take {context.share(sum(durations))}; such tiles are chosen for "
            "products with few rows, which mostly read weights. No shapes are recorded, so this "
            "is a guess by name.",
            f"The high end is the time per row with {growth:g} times the rows, which read the same "
            f"weights once: {why}.",
        ),
        remedy=_remedy(about),
        code=_code(about),
        link=_link(about),
        caveat=_CAVEAT,
    )


def _growth_of_tiles(context: Context) -> tuple[float, str]:
    """How many times the rows of a narrow tile fit before arithmetic limits, and why."""
    peaks = context.device.peak_flop_per_s if context.device else {}
    flop_per_s = peaks.get("bf16_tensor") or peaks.get("fp16_tensor")
    if context.device is None or not flop_per_s:
        return 2.0, "the device's peaks are unknown, so no more than a doubling is taken for free"
    at = Rates(flop_per_s, context.device.peak_bytes_per_s)
    crossover = weight_crossover(_ITEMSIZE, at)
    growth = max(min(math.floor(2 * crossover / NARROW_TILE) / 2, MOST_GROWTH), 1.0)
    return growth, (
        f"with {8 * _ITEMSIZE} bits a weight arithmetic limits from {crossover:,.0f} rows on, "
        f"{NARROW_TILE} taken as the rows of such a tile"
    )


def _narrow_tile(name: str) -> bool:
    tile = re.search(_TILE_NAMES, name)
    return tile is not None and min(int(side) for side in tile.groups()) <= NARROW_TILE


def _remedy(about: Program) -> str:
    if about.server is not None:
        return (
            "Let the server run more sequences per step (continuous batching), or verify several "
            "tokens at once (speculative decoding)."
        )
    return (
        "Send more rows through at once: a larger batch, several requests together (continuous "
        "batching), or several tokens verified at once (speculative decoding)."
    )


def _code(about: Program) -> str | None:
    if about.server == "vllm":
        return "vllm serve MODEL --max-num-seqs 256"
    if about.server == "sglang":
        return "python -m sglang.launch_server --max-running-requests 256 --cuda-graph-max-bs 256"
    return None


def _link(about: Program) -> str:
    return {"vllm": _VLLM, "sglang": _SGLANG}.get(about.server or "", _LINEAR)
