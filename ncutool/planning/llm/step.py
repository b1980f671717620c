"""One decode step and one prompt, held against the device's roofs: read off their terms."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base.limits import overlapped
from ncutool.planning.llm import experts as experts_of
from ncutool.planning.llm.experts import Routing
from ncutool.planning.llm.links import link_is_known
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import (
    ATTENTION,
    STATE,
    Work,
    decode_pass,
    prompt_pass,
    work,
)


class Routed(Struct, frozen=True):
    """A step where the tokens of a batch are sent to this many experts of each layer.

    For a model without experts there is one of it, whatever the routing.
    """

    experts_touched: float | None
    weight_bytes: float
    memory_ns: float
    link_ns: float | None
    """What devices send each other, experts chosen so; None where it is not known."""
    ns: float
    bound: str
    """``memory``, ``compute`` or ``link``."""
    limit: str
    """What takes most of the busiest resource's time: a term of the step."""
    limit_resource: str
    """That resource: ``memory``, a roof like ``bf16_tensor``, or ``link``."""
    tokens_per_s: float


class Step(Struct, frozen=True):
    """One decode step: a token for each sequence. Bytes and FLOPs are those of one device, tokens
    a second those of all devices together.

    ``floor_ns`` is the longer of all bytes at peak bandwidth and all FLOPs at their peaks: no
    step is shorter. Of a mixture it reads the fewest experts that may be; ``expected`` and
    ``worst`` stand beside. ``serial_ns`` takes matrix products and attention one after the other,
    each at its own roof.
    """

    batch: int
    context_tokens: int
    matrix_flop: float
    weight_bytes: float
    """Weights read at least: no input table; of a mixture the fewest experts."""
    activation_bytes: float | None
    matrix_intensity_flop_per_byte: float
    """Of the matrix products, weights alone, experts as expected: grows with the batch."""
    matrix_intensity_with_activations_flop_per_byte: float | None
    matrix_bound: str
    """``memory`` or ``compute``: the matrix products alone, experts as expected."""
    attention_flop: float | None
    kv_bytes: float | None
    """Cache and states read and written, for all sequences."""
    attention_intensity_flop_per_byte: float | None
    """Does not move with the batch: each sequence reads a cache of its own."""
    memory_ns: float
    compute_ns: float
    link_bytes: float
    """What a device must receive from others at least, or send."""
    link_ns: float | None
    """None where there are several devices and the peak of their links is not known."""
    in_turn_ns: float | None
    """The floor if nothing is computed or read while devices send each other; None where that is
    not known."""
    floor_ns: float
    serial_ns: float
    floor_bound: str
    """The busiest resource of the floor."""
    bound: str
    """The busiest resource with experts as expected; the floor's where there are none."""
    largest: str
    """What takes most of that resource's time: ``weights``, ``kv_cache`` or ``math``."""
    limit: str
    """The term of the step that does, e.g. ``KV cache`` or ``feed-forward``."""
    limit_resource: str
    """That resource: ``memory``, a roof like ``bf16_tensor``, or ``link``."""
    tokens_per_s_per_sequence: float
    """At most, as the floor allows; so is ``tokens_per_s``."""
    tokens_per_s: float
    intensity_flop_per_byte: float
    """Of the whole step: all FLOPs over all bytes, experts as expected."""
    expected: Routed
    """Each token chooses its experts uniformly and on its own."""
    worst: Routed
    """No two tokens share an expert while there are others."""
    resident_bytes: float
    """Weights and caches that the device keeps."""
    fits: bool

    @property
    def experts_touched(self) -> float | None:
        """Expected distinct experts of a layer; None for a dense model."""
        return self.expected.experts_touched


def decode_step(setup: Setup, batch: int, context_tokens: int, usable_bytes: float) -> Step:
    """Return the step of ``batch`` sequences of ``context_tokens`` each.

    Args:
        usable_bytes: memory of a device that weights and caches may take.
    """
    given = decode_pass(batch, context_tokens)
    floor = work(setup, given)
    expected, worst = floor, floor
    if setup.model.experts is not None:
        expected, worst = work(setup, given, "expected"), work(setup, given, "most")
    moved = setup.activation_bytes(batch)
    attention, products = floor.of(ATTENTION, STATE), floor.products
    attended = attention.flop if setup.heads_known else None
    kv = attention.cache_bytes if setup.sequence_is_known else None
    floor_ns = floor.floor_ns
    kept = setup.kv_bytes(context_tokens) or 0.0
    usual = expected.products
    met = setup.deployment.staged(batch)
    resident = setup.resident_weight_bytes() + setup.deployment.sequences(batch) * kept
    weights = floor.without(ATTENTION, STATE)
    return Step(
        batch=batch,
        context_tokens=context_tokens,
        matrix_flop=products.flop,
        weight_bytes=floor.weight_bytes,
        activation_bytes=moved,
        matrix_intensity_flop_per_byte=usual.flop / expected.weight_bytes,
        matrix_intensity_with_activations_flop_per_byte=(
            None if moved is None else usual.flop / (expected.weight_bytes + moved)
        ),
        matrix_bound="compute" if usual.compute_ns > usual.memory_ns else "memory",
        attention_flop=attended,
        kv_bytes=kv,
        attention_intensity_flop_per_byte=attended / kv if attended and kv else None,
        memory_ns=floor.memory_ns,
        compute_ns=floor.compute_ns,
        link_bytes=floor.link_bytes,
        link_ns=floor.link_ns if link_is_known(setup) else None,
        in_turn_ns=floor.in_turn_ns if link_is_known(setup) else None,
        floor_ns=floor_ns,
        serial_ns=overlapped(weights.compute_ns, weights.memory_ns)
        + overlapped(attention.compute_ns, attention.memory_ns),
        floor_bound=floor.bound,
        bound=expected.bound,
        largest=largest(expected),
        limit=limit(expected)[0],
        limit_resource=limit(expected)[1],
        tokens_per_s_per_sequence=1e9 / floor_ns,
        tokens_per_s=batch * 1e9 / floor_ns,
        intensity_flop_per_byte=expected.flop / (expected.weight_bytes + expected.cache_bytes),
        expected=_routed(setup, expected, met, batch, "expected"),
        worst=_routed(setup, worst, met, batch, "most"),
        resident_bytes=resident,
        fits=resident <= usable_bytes,
    )


def _routed(setup: Setup, done: Work, tokens: float, made: float, routing: Routing) -> Routed:
    mixture = setup.model.experts
    return Routed(
        experts_touched=None if mixture is None else experts_of.touched(mixture, tokens, routing),
        weight_bytes=done.weight_bytes,
        memory_ns=done.memory_ns,
        link_ns=done.link_ns if link_is_known(setup) else None,
        ns=done.floor_ns,
        bound=done.bound,
        limit=limit(done)[0],
        limit_resource=limit(done)[1],
        tokens_per_s=made * 1e9 / done.floor_ns,
    )


def largest(done: Work) -> str:
    """Return what takes most of the busiest resource's time: ``weights``, ``kv_cache``, ``math`` or
    ``link``."""
    if done.bound != "memory":
        return "math" if done.bound == "compute" else "link"
    cache = sum(one.memory_ns for one in done.terms if not one.weights)
    return "weights" if done.memory_ns - cache >= cache else "kv_cache"


def limit(done: Work) -> tuple[str, str]:
    """Return the term that takes most of the busiest resource's time, and that resource."""
    first = done.largest
    if done.bound == "compute":
        return first.what, first.roof or "compute"
    if done.bound == "link":
        return first.what, "link"
    return ("KV cache" if first.what == ATTENTION else first.what), "memory"


class Prefill(Struct, frozen=True):
    """Prompts of one length, read at once: one on a group of devices without data-parallel
    attention and stages. Bytes and FLOPs are those of one device."""

    prompt_tokens: int
    """Of each prompt."""
    prompts: int
    """Read at once: one for each data-parallel group and each stage."""
    matrix_flop: float
    attention_flop: float | None
    """Causal: each token attends to those before it and to itself."""
    weight_bytes: float
    kv_bytes: float | None
    """Cache and states written."""
    memory_ns: float
    compute_ns: float
    link_bytes: float
    """What a device must receive from others at least, or send."""
    link_ns: float | None
    """None where there are several devices and the peak of their links is not known."""
    in_turn_ns: float | None
    """The floor if nothing is computed or read while devices send each other; None where that is
    not known."""
    floor_ns: float
    floor_bound: str
    bound: str
    """With experts as expected; the floor's where there are none."""
    limit: str
    limit_resource: str
    intensity_flop_per_byte: float
    """Experts as expected."""
    tokens_per_s: float
    """At most, as the floor allows."""
    expected: Routed
    worst: Routed


def prefill(setup: Setup, prompt_tokens: int) -> Prefill:
    """Return the floor of a prompt: all its FLOPs at their peaks, or weights and cache at
    bandwidth.

    Logits are needed for the last token only. Activations are not counted: how often they leave
    the chip depends on the kernels.
    """
    prompts = setup.deployment.least_batch
    given = prompt_pass(prompt_tokens, prompts)
    floor = work(setup, given)
    expected, worst = floor, floor
    if setup.model.experts is not None:
        expected, worst = work(setup, given, "expected"), work(setup, given, "most")
    attention = floor.of(ATTENTION, STATE)
    attended = attention.flop if setup.heads_known else None
    made = prompts * prompt_tokens
    met = setup.deployment.staged(made)
    return Prefill(
        prompt_tokens=prompt_tokens,
        prompts=prompts,
        matrix_flop=floor.products.flop,
        attention_flop=attended,
        weight_bytes=floor.weight_bytes,
        kv_bytes=attention.cache_bytes if setup.sequence_is_known else None,
        memory_ns=floor.memory_ns,
        compute_ns=floor.compute_ns,
        link_bytes=floor.link_bytes,
        link_ns=floor.link_ns if link_is_known(setup) else None,
        in_turn_ns=floor.in_turn_ns if link_is_known(setup) else None,
        floor_ns=floor.floor_ns,
        floor_bound=floor.bound,
        bound=expected.bound,
        limit=limit(expected)[0],
        limit_resource=limit(expected)[1],
        intensity_flop_per_byte=expected.flop / (expected.weight_bytes + expected.cache_bytes),
        tokens_per_s=made * 1e9 / floor.floor_ns,
        expected=_routed(setup, expected, met, made, "expected"),
        worst=_routed(setup, worst, met, made, "most"),
    )
