"""Where the regime changes: the batch that binds on compute, that memory allows, and the context.

All of it is read off the terms of steps (:mod:`ncutool.planning.llm.terms`), so that it agrees
with every row of a sweep. Per device, unless named otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.experts import Routing
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.step import limit as limit_of
from ncutool.planning.llm.terms import Work, decode_pass, work

_SEARCHED = 2.0**40
"""A batch beyond this is none: no crossover is looked for past it, and None is said."""
_MOST_DEVICES = 4096
"""That share a layer; more are not tried, however many heads a configuration claims."""


class Memory(Struct, frozen=True):
    """What must be kept, against what there is. Bytes of one device unless named otherwise."""

    weight_bytes_all_devices: float
    """The model's weights, each once."""
    weight_bytes: float
    kv_bytes_per_token_all_devices: float | None
    """Of one sequence, each value once, as the cache grows: windows are not yet full."""
    kv_bytes_per_token: float | None
    state_bytes_per_sequence_all_devices: float
    """What layers without a cache keep of a sequence, each value once."""
    kv_bytes_per_sequence_all_devices: float | None
    kv_bytes_per_sequence: float | None
    """At the plan's context, windows applied."""
    kv_bytes: float | None
    """Of the plan's batch."""
    total_bytes: float
    total_bytes_all_devices: float
    """What all devices hold together, copies counted."""
    devices: int
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
    own = setup.deployment.sequences(batch)
    total = weights + own * (each or 0.0)
    alone = replace(setup, deployment=Deployment())
    states = sum(alone.state_bytes(one) for one in setup.model.states)
    devices = setup.deployment.devices
    return Memory(
        weight_bytes_all_devices=setup.all_weight_bytes(),
        weight_bytes=weights,
        kv_bytes_per_token_all_devices=_token_bytes(alone),
        kv_bytes_per_token=_token_bytes(setup),
        state_bytes_per_sequence_all_devices=states,
        kv_bytes_per_sequence_all_devices=alone.kv_bytes(context_tokens),
        kv_bytes_per_sequence=each,
        kv_bytes=None if each is None else own * each,
        total_bytes=total,
        total_bytes_all_devices=devices * total,
        devices=devices,
        device_bytes=setup.device.memory_bytes,
        usable_bytes=usable,
        fits=total <= usable,
        smallest_tensor_parallel=_smallest(setup, batch, context_tokens, usable),
        most_sequences=most_sequences(setup, weights, context_tokens, usable),
    )


def _token_bytes(setup: Setup) -> float | None:
    """Return the cache of one token; None where it is not known."""
    if not setup.sequence_is_known:
        return None
    whole = sum(one.layers * setup.cache_token_bytes(one) for one in setup.model.caches)
    return whole / setup.deployment.pipeline_parallel


def most_sequences(setup: Setup, weights: float, context_tokens: int, usable: float) -> int | None:
    """Return how many sequences fit beside the weights; None where the cache is not known.

    Args:
        weights: bytes of weights that a device keeps.
        usable: bytes of its memory that weights and caches may take.
    """
    each = setup.kv_bytes(context_tokens)
    if not each:
        return None
    left = usable - weights
    own = int(left // each) if left >= 0 else 0
    # `own` may be one too many by rounding: what is said to fit must fit.
    while own and weights + own * each > usable:
        own -= 1
    return own * setup.deployment.data_parallel_attention


def divides(setup: Setup, devices: int) -> bool:
    """Return whether the heads divide among so many devices (key-value heads may be held twice)."""
    heads, kv_heads = setup.model.heads, setup.model.kv_heads
    if heads is not None and heads % devices:
        return False
    return kv_heads is None or kv_heads % devices == 0 or devices % kv_heads == 0


def _with(setup: Setup, devices: int) -> Setup:
    return replace(setup, deployment=replace(setup.deployment, tensor_parallel=devices))


def _smallest(setup: Setup, batch: int, context_tokens: int, usable: float) -> int | None:
    most = min(setup.model.heads or _MOST_DEVICES, _MOST_DEVICES)
    for devices in range(1, most + 1):
        if not divides(setup, devices):
            continue
        tried = _with(setup, devices)
        kv = setup.deployment.sequences(batch) * (tried.kv_bytes(context_tokens) or 0.0)
        if tried.resident_weight_bytes() + kv <= usable:
            return devices
    return None


class Crossover(Struct, frozen=True):
    """The batch where a decode step turns from memory- to compute-bound. None is never."""

    weights_only: float | None
    """Matrix products, counting weights alone, experts as expected: the usual B*."""
    with_activations: float | None
    """Matrix products, counting inputs and outputs too; None also where shapes are not known."""
    whole_step: float | None
    """Cache reads and attention counted, experts as expected: None where each further sequence
    adds more time of memory than of math."""
    fewest_experts: float | None
    """``weights_only`` where all tokens choose the same experts; None for a dense model."""
    most_experts: float | None
    """``weights_only`` where no two tokens share an expert while there are others."""
    whole_step_fewest_experts: float | None
    """``whole_step`` so; None for a dense model, or never."""
    whole_step_most_experts: float | None
    memory_batch: int | None
    """Sequences that fit in memory."""
    first: str
    """What comes first as the batch grows, of the whole step with experts as expected: ``memory``
    runs out or ``compute`` binds; ``unknown`` without a cache size."""
    first_with_fewest_experts: str
    """The same where all tokens choose the same experts."""


def crossover(setup: Setup, context_tokens: int, memory_batch: int | None) -> Crossover:
    """Return the crossover batches at the plan's context."""
    mixture = setup.model.experts is not None

    def step(batch: float, routing: Routing) -> Work:
        return work(setup, decode_pass(batch, context_tokens), routing)

    def products(routing: Routing) -> float | None:
        linear = not mixture or routing == "fewest"
        return _crossing(lambda batch: _times(step(batch, routing).products), linear=linear)

    def whole(routing: Routing) -> float | None:
        linear = not mixture or routing == "fewest"
        return _crossing(lambda batch: _times(step(batch, routing)), linear=linear)

    def with_activations(batch: float) -> tuple[float, float]:
        compute, moved = _times(step(batch, "expected").products)
        return compute, moved + 1e9 * (setup.activation_bytes(batch) or 0.0) / setup.bandwidth

    turning = whole("expected")
    alike = whole("fewest") if mixture else None
    return Crossover(
        weights_only=products("expected"),
        with_activations=(
            _crossing(with_activations, linear=not mixture) if setup.model.shapes_known else None
        ),
        whole_step=turning,
        fewest_experts=products("fewest") if mixture else None,
        most_experts=products("most") if mixture else None,
        whole_step_fewest_experts=alike,
        whole_step_most_experts=whole("most") if mixture else None,
        memory_batch=memory_batch,
        first=_first(step(memory_batch, "expected") if memory_batch else None, memory_batch),
        first_with_fewest_experts=_first(
            step(memory_batch, "fewest") if memory_batch else None, memory_batch
        ),
    )


def _times(done: Work) -> tuple[float, float]:
    return done.compute_ns, done.memory_ns


def _first(largest: Work | None, memory_batch: int | None) -> str:
    """Return what comes first: compute does where the largest batch that fits is bound by it.

    A step that is bound by compute stays so as the batch grows, as :func:`_crossing` says.
    """
    if memory_batch is None:
        return "unknown"
    return "compute" if largest is not None and largest.bound == "compute" else "memory"


def _crossing(times: Callable[[float], tuple[float, float]], *, linear: bool) -> float | None:
    """Return the batch where arithmetic takes as long as memory; None where it never does.

    Arithmetic grows in proportion to the batch, and bytes ever more slowly from a positive start,
    so there is one crossing at most.

    Args:
        linear: whether bytes grow by the same for each sequence, as without experts.
    """
    if linear:
        (compute, first), (_, second) = times(1.0), times(2.0)
        added = second - first
        # Each sequence must add more arithmetic than bytes, by more than rounding.
        return (first - added) / (compute - added) if compute > added * (1 + 1e-12) else None

    def ahead(batch: float) -> bool:
        compute, moved = times(batch)
        return compute >= moved

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


class CacheLimit(Struct, frozen=True):
    """What a step allows however large the batch: each further sequence adds the same time."""

    tokens_per_s: float
    """Of all sequences together."""
    resource: str
    """``memory`` or ``compute``: what each further sequence keeps busy for longer."""
    limit: str
    """The term of a step that keeps it busy for longest."""
    limit_resource: str
    """``memory``, a roof, or ``link``."""
    half_batch: float | None
    """The batch that reaches half of it, experts as expected; None where none does, as what is
    sent to experts takes longer."""
    half_batch_fewest_experts: float | None
    """The same where all tokens choose the same experts; None for a dense model."""


def cache_limit(setup: Setup, context_tokens: int) -> CacheLimit | None:
    """Return what the throughput tends to as the batch grows, from the terms of the whole step.

    None where it is not known what a sequence adds. Weights are read once however many sequences
    there are, so that they do not count in the limit; they do in the batch that reaches half.
    """
    if not setup.sequence_is_known:
        return None
    step = work(setup, decode_pass(1, context_tokens))
    added = Work(
        tuple(replace(one, bytes=0.0, memory_ns=0.0) if one.weights else one for one in step.terms)
    )
    each_ns = added.floor_ns
    if not each_ns:
        return None
    goal = 2 * each_ns

    weights_ns = step.memory_ns - added.memory_ns

    def half(routing: Routing) -> float | None:
        if setup.model.experts is None or routing == "fewest":
            return weights_ns / (goal - added.memory_ns)

        def reached(batch: float) -> bool:
            return work(setup, decode_pass(batch, context_tokens), routing).floor_ns <= goal * batch

        low, high = 0.0, 1.0
        while not reached(high):
            low, high = high, 2 * high
            if high > _SEARCHED:
                return None
        while high - low > 1e-9 * high:
            middle = (low + high) / 2
            low, high = (low, middle) if reached(middle) else (middle, high)
        return high

    return CacheLimit(
        tokens_per_s=1e9 / each_ns,
        resource=added.bound,
        limit=limit_of(added)[0],
        limit_resource=limit_of(added)[1],
        half_batch=half("expected"),
        half_batch_fewest_experts=half("fewest") if setup.model.experts is not None else None,
    )


def equal_context(setup: Setup) -> int | None:
    """Return the context (tokens) at which one sequence's caches weigh as much as all weights; None
    if none does.

    Both are those of the whole model. Layers with a window stop growing at it.
    """
    whole = replace(setup, deployment=Deployment())
    weights = whole.all_weight_bytes()
    if not whole.model.caches:
        return None
    growing = max(max(one.window or 0, one.chunk or 0) for one in whole.model.caches)
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
