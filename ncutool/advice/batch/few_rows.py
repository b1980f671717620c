"""Products that read their weights for few rows: what more rows would cost, and how many fit."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

from ncutool.advice.batch.products import Call, Shape, calls, rates, reached_share
from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.advice.view.kinds import Kind, Shapes
from ncutool.advice.view.program import Program
from ncutool.base import units
from ncutool.base.pseudonyms import original
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.roofline.batching import USABLE_MEMORY, Rates, weight_crossover
from ncutool.work.kernel_facts import facts_of

WEIGHT_SHARE = Threshold(
    0.75, "share", "of a product's bytes that are weights: above it reading them holds it", JUDGED
)
UNKNOWN_ROWS = IntThreshold(
    64, "rows", "without peaks, only so few are sure to leave arithmetic idle", JUDGED
)
UNKNOWN_GROWTH = Threshold(2.0, "times", "the rows that are then taken for free", JUDGED)
MOST_GROWTH = IntThreshold(8, "times", "the rows at most, however late arithmetic limits", JUDGED)
LEAST_GROWTH = Threshold(1.5, "times", "the rows must fit to be worth a word", JUDGED)
NARROW_TILE = IntThreshold(
    32, "elements", "a tile this narrow is chosen for a product with few rows", JUDGED
)
ITEMSIZE = IntThreshold(2, "bytes", "of a weight, where only a kernel's name is known", JUDGED)
_CACHE_STORES = re.compile(r"(?i)store_cache|reshape_and_cache")

_VLLM = "https://docs.vllm.ai/en/latest/configuration/optimization.html"
_SGLANG = "https://docs.sglang.ai/advanced_features/server_arguments.html"


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Advise twice at most: by shape, and where no shapes are recorded by the kernels' names.

    Claims of others do not matter: the weights are read however the launches are fused.
    """
    about = context.program
    by_shape = None if about.trains else _by_shape(context, about)
    by_name = _by_name(context, about)
    return Drafts(tuple(draft for draft in (by_shape, by_name) if draft is not None))


def _by_shape(context: Context, about: Program) -> Draft | None:
    known = calls(context, lambda shape: shape.weight_share > WEIGHT_SHARE)
    share = reached_share(context, known)
    bytes_share = share or context.shares.bytes_share
    room = {shape: _room(context, shape, bytes_share) for shape in _shapes(known)}
    chosen = [call for call in known if room[call.shape] >= LEAST_GROWTH]
    if not chosen:
        return None
    top = _largest(chosen)
    label = top.shape.label
    growth = min(
        next(room[call.shape] for call in chosen if call.shape.label == label), MOST_GROWTH
    )
    growth = math.floor(2 * growth) / 2
    kept = {shape: _kept_share(context, shape, growth, bytes_share) for shape in _shapes(chosen)}
    best = [round(ns * kept[call.shape]) for call in chosen for ns in call.durations]
    most_rows = max(call.shape.rows for call in chosen)
    return Draft(
        rule="batch-few-rows",
        title=f"Give the matrix products of at most {units.counted(most_rows, 'row')} more rows",
        grade="likely",
        launches=tuple(launch for call in chosen for launch in call.launches),
        best=tuple(best),
        worst=tuple(duration for call in chosen for duration in call.durations),
        evidence=_evidence(context, chosen, top, growth, share),
        why=f"{units.counted(len(chosen), 'product')} over at most "
        f"{units.counted(most_rows, 'row')} {'takes' if len(chosen) == 1 else 'take'} "
        f"{context.summed(sum(call.duration_ns for call in chosen))}, to read weights.",
        remedy=_remedy(about),
        code=_code(about),
        link=_link(about),
        lead=-1,
    )


def _shapes(products: Iterable[Call]) -> Iterable[Shape]:
    """Return each shape once, in order of its first call."""
    return dict.fromkeys(call.shape for call in products)


def _largest(products: list[Call]) -> Call:
    """Return the call of median duration of the shape that takes the most time in all."""
    times: Counter[str] = Counter()
    for call in products:
        times[call.shape.label] += call.duration_ns
    label = min(times, key=lambda call: (-times[call], call))
    alike = [call for call in products if call.shape.label == label]
    alike.sort(key=lambda call: call.duration_ns)
    return alike[len(alike) // 2]


def _room(context: Context, shape: Shape, bytes_share: float) -> float:
    """Return how many times the rows of a shape fit before arithmetic limits; 0 where that is not
    known."""
    at = rates(context, shape.roof, bytes_share)
    if at is None:
        return UNKNOWN_GROWTH if shape.rows <= UNKNOWN_ROWS else 0.0
    return shape.model.crossover(at) / shape.rows


def _kept_share(context: Context, shape: Shape, growth: float, bytes_share: float) -> float:
    """Return the share of its present time that a row takes once ``growth`` times as many go
    through at once."""
    at = rates(context, shape.roof, bytes_share)
    longer = 1.0
    if at is not None:
        longer = shape.model.seconds(growth * shape.rows, at) / shape.model.seconds(shape.rows, at)
    return min(longer / growth, 1.0)


def _evidence(
    context: Context, products: list[Call], top: Call, growth: float, share: float | None
) -> tuple[str, ...]:
    most = max(call.shape.rows for call in products)
    moved = sum(call.shape.moved for call in products)
    total = sum(call.duration_ns for call in products)
    sentence = (
        f"{units.counted(len(products), 'matrix product')} over at most "
        f"{units.counted(most, 'row')} "
        f"{'takes' if len(products) == 1 else 'take'} {context.summed(total)} and "
        f"{'reads' if len(products) == 1 else 'read'} {units.data(moved)}, over "
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
    """Return a sentence with time against rows of the shape that takes the most time."""
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
    """Return a sentence on how many sequences fit, from an operator that fills the key-value cache,
    or from the device's memory."""
    stores = {
        kind.shapes
        for kind in context.launches.kinds
        if _CACHE_STORES.search(original(kind.op or ""))
    }
    tokens = {room for shapes in stores if (room := _cache_tokens(shapes))}
    if tokens:
        room = min(tokens)
        return [
            f"A layer's key-value cache has slots for {units.counted(room, 'token')}: "
            "that over the context of a "
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
    """Return the tokens that a key-value cache [slots, ...] or [blocks, size, ...] holds, from the
    shapes `keys × values × cache`; None for any others."""
    if len(shapes) < 3:
        return None
    keys, values, cache = shapes[:3]
    token = math.prod(keys[1:])
    if keys[0] <= 0 or token <= 0 or keys != values or math.prod(cache) % token:
        return None
    room = math.prod(cache) // token
    return room if room > keys[0] and cache[-1] == keys[-1] else None


def _by_name(context: Context, about: Program) -> Draft | None:
    """Return the draft on products without recorded shapes, whose kernels' names tell of narrow
    tiles."""
    launches = context.launches
    rows = [row for row in launches.rows(_unknown_of_few_rows) if launches.durations[row] > 0]
    if not rows:
        return None
    rows.sort(key=lambda row: launches.ids[row])
    durations = [launches.durations[row] for row in rows]
    growth, why = _growth_of_tiles(context)
    return Draft(
        rule="batch-narrow-tiles",
        grade="possible",
        launches=tuple(launches.ids[row] for row in rows),
        best=tuple(round(duration / growth) for duration in durations),
        worst=tuple(durations),
        why=f"{units.counted(len(rows), 'launch')} with tiles at most {NARROW_TILE} wide, a sign "
        f"of few rows, {'takes' if len(rows) == 1 else 'take'} {context.summed(sum(durations))}.",
        evidence=(
            f"{units.counted(len(rows), 'launch')} of kernels whose names tell of tiles at most "
            f"{NARROW_TILE} wide {'takes' if len(rows) == 1 else 'take'} "
            f"{context.summed(sum(durations))}; such tiles are chosen for products "
            "with few rows, which mostly read weights. No shapes are recorded, so this "
            "is a guess by name.",
            f"The high end is the time per row with {growth:g} times the rows, which read the same "
            f"weights once: {why}.",
        ),
        remedy=_remedy(about),
        code=_code(about),
        link=_link(about),
    )


def _growth_of_tiles(context: Context) -> tuple[float, str]:
    """Return how many times the rows of a narrow tile fit before arithmetic limits, and why."""
    peaks = context.device.peak_flop_per_s if context.device else {}
    flop_per_s = peaks.get("bf16_tensor") or peaks.get("fp16_tensor")
    if context.device is None or not flop_per_s:
        return (
            UNKNOWN_GROWTH,
            "the device's peaks are unknown, so no more than a doubling is taken for free",
        )
    at = Rates(flop_per_s, context.device.peak_bytes_per_s)
    crossover = weight_crossover(ITEMSIZE, at)
    growth = max(min(math.floor(2 * crossover / NARROW_TILE) / 2, MOST_GROWTH), 1.0)
    return growth, (
        f"with {8 * ITEMSIZE} bits a weight arithmetic limits from {crossover:,.0f} rows on, "
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


def _code(about: Program) -> str:
    if about.server == "vllm":
        return "vllm serve MODEL --max-num-seqs 256"
    if about.server == "sglang":
        return "python -m sglang.launch_server --max-running-requests 256 --cuda-graph-max-bs 256"
    return ""


def _link(about: Program) -> str | None:
    return {"vllm": _VLLM, "sglang": _SGLANG}.get(about.server or "")
