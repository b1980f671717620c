"""One decode step and one prompt, held against the device's two roofs."""

from __future__ import annotations

from dataclasses import dataclass

from ncutool.base.limits import overlapped
from ncutool.planning.llm import experts as routing
from ncutool.planning.llm.setup import Setup


@dataclass(frozen=True)
class Step:
    """One decode step: a token for each sequence. Bytes and FLOPs are those of one device.

    ``floor_ns`` is the longer of all bytes at peak bandwidth and all FLOPs at their peaks: no
    step is shorter. ``serial_ns`` takes matrix products and attention one after the other, each
    at its own roof.
    """

    batch: int
    context_tokens: int
    matrix_flop: float
    weight_bytes: float
    """Weights read: no input table; of a mixture the expected share of the experts."""
    activation_bytes: float | None
    matrix_intensity_flop_per_byte: float
    """Of the matrix products, weights alone: grows with the batch."""
    matrix_intensity_with_activations_flop_per_byte: float | None
    matrix_bound: str
    """``memory`` or ``compute``: the matrix products alone."""
    attention_flop: float | None
    kv_bytes: float | None
    """Cache read, for all sequences."""
    attention_intensity_flop_per_byte: float | None
    """Does not move with the batch: each sequence reads a cache of its own."""
    memory_ns: float
    compute_ns: float
    floor_ns: float
    serial_ns: float
    bound: str
    """``memory`` or ``compute``: the whole step."""
    largest: str
    """What takes most of the bound's time: ``weights``, ``kv_cache`` or ``math``."""
    tokens_per_s_per_sequence: float
    tokens_per_s: float
    experts_touched: float | None
    """Expected distinct experts of a layer, routing uniform; None for a dense model."""
    fewest_floor_ns: float | None
    """The floor where all tokens choose the same experts."""
    most_floor_ns: float | None
    """The floor where no two tokens share an expert while there are others."""
    resident_bytes: float
    """Weights and caches that the device keeps."""
    fits: bool


def decode_step(setup: Setup, batch: int, context_tokens: int, usable_bytes: float) -> Step:
    """Return the step of ``batch`` sequences of ``context_tokens`` each.

    Args:
        usable_bytes: memory of a device that weights and caches may take.
    """
    touched, few, many = _touched(setup, batch)
    weights = setup.read_weight_bytes(touched)
    flop = setup.matrix_flop(batch)
    moved = setup.activation_bytes(batch)
    kv = _times(batch, setup.kv_bytes(context_tokens))
    attended = _times(batch, setup.attention_flop(context_tokens))
    matrix_ns = 1e9 * setup.matrix_seconds(batch)
    attention_ns = 0.0
    if attended is not None:
        attention_ns = 1e9 * attended / setup.peak(setup.attention_roof())
    weights_ns = 1e9 * weights / setup.bandwidth
    kv_ns = 1e9 * (kv or 0.0) / setup.bandwidth
    memory_ns, compute_ns = weights_ns + kv_ns, matrix_ns + attention_ns
    floor_ns = overlapped(compute_ns, memory_ns)
    resident = setup.resident_weight_bytes() + (_resident_kv(setup, batch, context_tokens) or 0.0)
    return Step(
        batch=batch,
        context_tokens=context_tokens,
        matrix_flop=flop,
        weight_bytes=weights,
        activation_bytes=moved,
        matrix_intensity_flop_per_byte=flop / weights,
        matrix_intensity_with_activations_flop_per_byte=(
            None if moved is None else flop / (weights + moved)
        ),
        matrix_bound="compute" if matrix_ns > weights_ns else "memory",
        attention_flop=attended,
        kv_bytes=kv,
        attention_intensity_flop_per_byte=attended / kv if attended and kv else None,
        memory_ns=memory_ns,
        compute_ns=compute_ns,
        floor_ns=floor_ns,
        serial_ns=overlapped(matrix_ns, weights_ns) + overlapped(attention_ns, kv_ns),
        bound="compute" if compute_ns > memory_ns else "memory",
        largest=_largest(compute_ns > memory_ns, weights_ns, kv_ns),
        tokens_per_s_per_sequence=1e9 / floor_ns,
        tokens_per_s=batch * 1e9 / floor_ns,
        experts_touched=touched,
        fewest_floor_ns=_floor_with(setup, few, kv_ns, compute_ns),
        most_floor_ns=_floor_with(setup, many, kv_ns, compute_ns),
        resident_bytes=resident,
        fits=resident <= usable_bytes,
    )


def _touched(setup: Setup, tokens: float) -> tuple[float | None, float | None, float | None]:
    """Return the distinct experts of a layer: expected, at least, at most."""
    experts = setup.model.experts
    if experts is None:
        return None, None, None
    return (
        routing.expected(experts, tokens),
        routing.fewest(experts),
        routing.most(experts, tokens),
    )


def _floor_with(
    setup: Setup, touched: float | None, kv_ns: float, compute_ns: float
) -> float | None:
    if touched is None:
        return None
    weights_ns = 1e9 * setup.read_weight_bytes(touched) / setup.bandwidth
    return overlapped(compute_ns, weights_ns + kv_ns)


def _resident_kv(setup: Setup, batch: int, context_tokens: int) -> float | None:
    return _times(batch, setup.kv_bytes(context_tokens))


def _times(batch: int, value: float | None) -> float | None:
    return None if value is None else batch * value


def _largest(is_compute: bool, weights_ns: float, kv_ns: float) -> str:
    if is_compute:
        return "math"
    return "weights" if weights_ns >= kv_ns else "kv_cache"


@dataclass(frozen=True)
class Prefill:
    """One prompt, read at once. Bytes and FLOPs are those of one device."""

    prompt_tokens: int
    matrix_flop: float
    attention_flop: float | None
    """Causal: each token attends to those before it and to itself."""
    weight_bytes: float
    kv_bytes: float | None
    """Cache written."""
    memory_ns: float
    compute_ns: float
    floor_ns: float
    bound: str
    intensity_flop_per_byte: float
    tokens_per_s: float


def prefill(setup: Setup, prompt_tokens: int) -> Prefill:
    """Return the floor of a prompt: all its FLOPs at their peaks, or weights and cache at
    bandwidth.

    Logits are needed for the last token only. Activations are not counted: how often they leave
    the chip depends on the kernels.
    """
    touched, _, _ = _touched(setup, prompt_tokens)
    weights = setup.read_weight_bytes(touched)
    head = sum(
        2 * matrix.values / setup.divided(matrix)
        for matrix in setup.model.matrices
        if matrix.part == "head"
    )
    flop = setup.matrix_flop(prompt_tokens) - (prompt_tokens - 1) * head
    seconds = setup.matrix_seconds(prompt_tokens, head_tokens=1)
    attended = causal_flop(setup, prompt_tokens)
    if attended is not None:
        seconds += attended / setup.peak(setup.attention_roof())
    kv = setup.kv_bytes(prompt_tokens)
    moved = weights + (kv or 0.0)
    memory_ns, compute_ns = 1e9 * moved / setup.bandwidth, 1e9 * seconds
    floor_ns = overlapped(compute_ns, memory_ns)
    return Prefill(
        prompt_tokens=prompt_tokens,
        matrix_flop=flop,
        attention_flop=attended,
        weight_bytes=weights,
        kv_bytes=kv,
        memory_ns=memory_ns,
        compute_ns=compute_ns,
        floor_ns=floor_ns,
        bound="compute" if compute_ns > memory_ns else "memory",
        intensity_flop_per_byte=(flop + (attended or 0.0)) / moved,
        tokens_per_s=prompt_tokens * 1e9 / floor_ns,
    )


def causal_flop(setup: Setup, tokens: int) -> float | None:
    """Return the FLOPs of causal attention over a prompt: ``2 heads pairs (score + value
    dimensions)``.

    A token attends to all tokens so far, or to the last ``window``.
    """
    if not setup.model.caches or any(cache.heads is None for cache in setup.model.caches):
        return None
    total = 0.0
    for cache in setup.model.caches:
        window = tokens if cache.window is None else min(cache.window, tokens)
        pairs = window * (window + 1) / 2 + (tokens - window) * window
        dims = cache.prefill_score_dim + cache.prefill_value_dim
        total += 2 * cache.layers * (cache.heads or 0) * dims * pairs / setup.tensor_parallel
    return total
