"""Products that read their weights for few rows: what more rows would cost, and how many fit."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from ncutool.advice.batch.products import Call, Shape, calls, rates, reached_share
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft
from ncutool.advice.view.kinds import Kind, Shapes
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.roofline.batching import USABLE_MEMORY, Rates, weight_crossover
from ncutool.work.kernel_facts import facts_of

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
_CACHE_STORES = re.compile(r"(?i)store_cache|reshape_and_cache")

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
    known = [call for call in calls(context) if call.shape.weight_share > WEIGHT_SHARE]
    share = reached_share(context, known)
    bytes_share = share or context.shares.bytes_share
    room = {shape: _room(context, shape, bytes_share) for shape in _shapes(known)}
    chosen = [call for call in known if room[call.shape] >= _LEAST_GROWTH]
    if not chosen:
        return None
    top = _largest(chosen)
    label = top.shape.label
    growth = min(next(room[one.shape] for one in chosen if one.shape.label == label), MOST_GROWTH)
    growth = math.floor(2 * growth) / 2
    kept = {shape: _kept_share(context, shape, growth, bytes_share) for shape in _shapes(chosen)}
    best = [round(ns * kept[call.shape]) for call in chosen for ns in call.durations]
    most_rows = max(call.shape.rows for call in chosen)
    return Draft(
        kind="batch",
        title=f"Give the matrix products of at most {most_rows:,} rows more rows",
        grade="likely",
        launches=tuple(launch for call in chosen for launch in call.launches),
        best=tuple(best),
        worst=tuple(duration for call in chosen for duration in call.durations),
        evidence=_evidence(context, chosen, top, growth, share),
        remedy=_remedy(about),
        code=_code(about),
        link=_link(about),
        caveat=_CAVEAT,
        lead=-1,
    )


def _shapes(found: Iterable[Call]) -> Iterable[Shape]:
    """Each once, in order of its first call."""
    return dict.fromkeys(call.shape for call in found)


def _largest(found: list[Call]) -> Call:
    """The shape that takes the most time together, by the call of median duration."""
    times: Counter[str] = Counter()
    for call in found:
        times[call.shape.label] += call.duration_ns
    label = min(times, key=lambda one: (-times[one], one))
    alike = [call for call in found if call.shape.label == label]
    alike.sort(key=lambda one: one.duration_ns)
    return alike[len(alike) // 2]


def _room(context: Context, shape: Shape, bytes_share: float) -> float:
    """How many times the rows fit before arithmetic limits."""
    at = rates(context, shape.roof, bytes_share)
    if at is None:
        return 2.0 if shape.rows <= UNKNOWN_ROWS else 0.0
    return shape.model.crossover(at) / shape.rows


def _kept_share(context: Context, shape: Shape, growth: float, bytes_share: float) -> float:
    """Part of its time that as many rows as now take, when ``growth`` times as many go through at
    once."""
    at = rates(context, shape.roof, bytes_share)
    longer = 1.0
    if at is not None:
        longer = shape.model.seconds(growth * shape.rows, at) / shape.model.seconds(shape.rows, at)
    return min(longer / growth, 1.0)


def _evidence(
    context: Context, found: list[Call], top: Call, growth: float, share: float | None
) -> tuple[str, ...]:
    most = max(call.shape.rows for call in found)
    moved = sum(call.shape.moved for call in found)
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
    shape = top.shape
    at = rates(context, shape.roof, share or context.shares.bytes_share)
    if at is None:
        return ["The device's peaks are unknown: a doubling of the rows is taken for free."]
    now = top.duration_ns / shape.model.seconds(shape.rows, at)
    steps = [shape.rows * 2**power for power in range(5) if 2**power <= 2 * growth]
    points = ", ".join(
        f"{rows:,} rows {units.time(now * shape.model.seconds(rows, at))}" for rows in steps
    )
    crossover = shape.model.crossover(at)
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
    flop = 100 * context.shares.flop_share(shape.roof or "")
    return [
        f"Time against rows of {shape.label}, starting from its time here: {points}; {limit} "
        f"({seen}, and {flop:.0f} % of the {shape.roof} peak taken as reachable)."
    ]


def _memory(context: Context) -> list[str]:
    """How many sequences fit, where an operator that fills the key-value cache shows its size."""
    stores = {kind.shapes for kind in context.launches.kinds if _CACHE_STORES.search(kind.op or "")}
    tokens = {room for shapes in stores if (room := _cache_tokens(shapes))}
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


def _cache_tokens(shapes: Shapes) -> int | None:
    """Tokens of a cache [slots, ...] or [blocks, size, ...], from `keys × values × cache`."""
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
    launches = context.launches
    rows = [row for row in launches.rows(_unknown_of_few_rows) if launches.durations[row] > 0]
    if not rows:
        return None
    rows.sort(key=lambda row: launches.ids[row])
    durations = [launches.durations[row] for row in rows]
    growth, why = _growth_of_tiles(context)
    return Draft(
        kind="batch",
        title="Batch more rows into the matrix products with narrow tiles",
        grade="possible",
        launches=tuple(launches.ids[row] for row in rows),
        best=tuple(round(duration / growth) for duration in durations),
        worst=tuple(durations),
        evidence=(
            f"{len(rows):,} launches of kernels whose names tell of tiles at most "
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


def _unknown_of_few_rows(kind: Kind) -> bool:
    """Whether only its name can tell that it is a product with a narrow tile."""
    nameless = kind.flop is None and kind.category == "kernel" and kind.op is None
    return nameless and _narrow_tile(kind.kernel_full)


def _narrow_tile(name: str) -> bool:
    facts = facts_of(name)
    tile = facts.tile if facts.library == "tensile" else None
    return tile is not None and min(tile) <= NARROW_TILE


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
