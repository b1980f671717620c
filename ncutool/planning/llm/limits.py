"""Where the regime changes: the batch that binds on compute, that memory allows, and the context.

All are per device, as :class:`ncutool.planning.llm.setup.Setup` gives bytes and FLOPs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ncutool.planning.llm import experts as routing
from ncutool.planning.llm.setup import Setup
from ncutool.roofline.batching import Decode

_SEARCHED = 2.0**40
"""Batches beyond this are none; the search for a crossover ends here."""
_MOST_DEVICES = 4096


@dataclass(frozen=True)
class Memory:
    """What a device must keep, against what it has. Bytes of one device unless named otherwise."""

    weight_bytes_all_devices: float
    weight_bytes: float
    kv_bytes_per_token_all_devices: float | None
    """Of one sequence, as the cache grows: windows are not yet full."""
    kv_bytes_per_token: float | None
    kv_bytes_per_sequence: float | None
    """At the plan's context, windows applied."""
    kv_bytes: float | None
    """Of the plan's batch."""
    total_bytes: float
    device_bytes: int
    usable_bytes: float
    """The share of the device's memory that weights and caches may take."""
    fits: bool
    smallest_tensor_parallel: int | None
    """The least number of devices whose share fits; None where none does."""
    most_sequences: int | None
    """Sequences of the plan's context that fit beside the weights; 0 where not even the weights
    do, None where the cache is not known."""


def memory(setup: Setup, batch: int, context_tokens: int, memory_share: float) -> Memory:
    """Return the plan's footprint, and the smallest tensor parallelism that holds it."""
    usable = memory_share * setup.device.memory_bytes
    weights = setup.resident_weight_bytes()
    each = setup.kv_bytes(context_tokens)
    total = weights + batch * (each or 0.0)
    alone = _with(setup, 1)
    return Memory(
        weight_bytes_all_devices=setup.all_weight_bytes(),
        weight_bytes=weights,
        kv_bytes_per_token_all_devices=alone.kv_bytes(1),
        kv_bytes_per_token=setup.kv_bytes(1),
        kv_bytes_per_sequence=each,
        kv_bytes=None if each is None else batch * each,
        total_bytes=total,
        device_bytes=setup.device.memory_bytes,
        usable_bytes=usable,
        fits=total <= usable,
        smallest_tensor_parallel=_smallest(setup, batch, context_tokens, usable),
        most_sequences=_most_sequences(setup, weights, each, memory_share),
    )


def _most_sequences(
    setup: Setup, weights: float, each: float | None, memory_share: float
) -> int | None:
    if not each:
        return None
    kept = Decode(setup.model.parameters, weights, context=1, cache_bytes=each)
    return int(kept.largest_batch(setup.device.memory_bytes, memory_share))


def divides(setup: Setup, devices: int) -> bool:
    """Return whether the heads divide among so many devices (key-value heads may be held twice)."""
    heads, kv_heads = setup.model.heads, setup.model.kv_heads
    if heads is not None and heads % devices:
        return False
    return kv_heads is None or kv_heads % devices == 0 or devices % kv_heads == 0


def _with(setup: Setup, devices: int) -> Setup:
    return Setup(setup.model, setup.device, setup.weights, setup.kv, setup.activations, devices)


def _smallest(setup: Setup, batch: int, context_tokens: int, usable: float) -> int | None:
    most = setup.model.heads or _MOST_DEVICES
    for devices in range(1, most + 1):
        if not divides(setup, devices):
            continue
        tried = _with(setup, devices)
        kv = batch * (tried.kv_bytes(context_tokens) or 0.0)
        if tried.resident_weight_bytes() + kv <= usable:
            return devices
    return None


@dataclass(frozen=True)
class Crossover:
    """The batch where a decode step turns from memory- to compute-bound. None is never."""

    weights_only: float | None
    """Matrix products, counting weights alone: the usual B*."""
    with_activations: float | None
    """Matrix products, counting inputs and outputs too; None also where shapes are not known."""
    whole_step: float | None
    """Cache reads and attention counted: None where each further sequence adds more time of
    memory than of math."""
    fewest_experts: float | None
    """``weights_only`` where all tokens choose the same experts; None for a dense model."""
    most_experts: float | None
    """``weights_only`` where no two tokens share an expert while there are others."""
    memory_batch: int | None
    """Sequences that fit in memory."""
    first: str
    """What comes first as the batch grows: ``memory`` or ``compute``; ``unknown`` without a
    cache size."""


def crossover(setup: Setup, context_tokens: int, memory_batch: int | None) -> Crossover:
    """Return the crossover batches at the plan's context."""
    experts = setup.model.experts

    def touched(batch: float) -> float | None:
        return None if experts is None else routing.expected(experts, batch)

    def weights(batch: float) -> float:
        return _matrix_bytes(setup, touched(batch))

    def with_activations(batch: float) -> float:
        return weights(batch) + (setup.activation_bytes(batch) or 0.0)

    def whole(batch: float) -> float:
        return setup.read_weight_bytes(touched(batch)) + batch * (
            setup.kv_bytes(context_tokens) or 0.0
        )

    attended = setup.attention_flop(context_tokens) or 0.0
    attention_seconds = attended / setup.peak(setup.attention_roof())
    alone = _crossing(setup, weights, setup.matrix_seconds)
    few = most = None
    if experts is not None:
        few = _crossing(setup, lambda _: _matrix_bytes(setup, routing.fewest(experts)), None)
        most = _crossing(
            setup, lambda batch: _matrix_bytes(setup, routing.most(experts, batch)), None
        )
    return Crossover(
        weights_only=alone,
        with_activations=(
            _crossing(setup, with_activations, None) if setup.model.shapes_known else None
        ),
        whole_step=_crossing(
            setup, whole, lambda batch: setup.matrix_seconds(batch) + batch * attention_seconds
        ),
        fewest_experts=few,
        most_experts=most,
        memory_batch=memory_batch,
        first=_first(alone, memory_batch),
    )


def _first(crossing: float | None, memory_batch: int | None) -> str:
    if memory_batch is None:
        return "unknown"
    return "compute" if crossing is not None and crossing <= memory_batch else "memory"


def _matrix_bytes(setup: Setup, touched: float | None) -> float:
    """Return the bytes of the weights of matrix products, without norms."""
    trained = setup.read_weight_bytes(touched)
    return trained - setup.model.other_parameters * _trained_bytes(setup)


def _trained_bytes(setup: Setup) -> float:
    return setup.activation("head").bytes_per_value


def _crossing(
    setup: Setup,
    moved: Callable[[float], float],
    seconds: Callable[[float], float] | None,
) -> float | None:
    """Return the batch where math takes as long as ``moved`` bytes; None where it never does.

    Math grows in proportion to the batch, and bytes ever more slowly from a positive start, so
    there is one crossing at most.
    """
    math_seconds = seconds or setup.matrix_seconds

    def ahead(batch: float) -> bool:
        return math_seconds(batch) >= moved(batch) / setup.bandwidth

    low, high = 0.0, 1.0
    while not ahead(high):
        low, high = high, 2 * high
        if high > _SEARCHED:
            return None
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        if ahead(middle):
            high = middle
        else:
            low = middle
    return high


def equal_context(setup: Setup) -> int | None:
    """Return the context (tokens) at which one sequence's caches weigh as much as all weights; None
    if none does.

    Both are those of the whole model. Layers with a window stop growing at it.
    """
    whole = _with(setup, 1)
    weights = whole.all_weight_bytes()
    if not whole.model.caches:
        return None
    growing = max((cache.window or 0 for cache in whole.model.caches), default=0)
    slope = whole.kv_bytes(growing + 1.0)
    base = whole.kv_bytes(float(growing))
    assert slope is not None
    assert base is not None
    per_token = slope - base
    if base < weights:
        if per_token <= 0:
            return None
        return math.floor(growing + (weights - base) / per_token)
    low, high = 0, growing
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if (whole.kv_bytes(middle) or 0.0) < weights else (low, middle)
    return low
