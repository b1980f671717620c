"""How a step divides between weights and attention, and where the two are equal."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import (
    ATTENTION,
    Pass,
    cache_flop,
    decode_pass,
    matrix_flop,
    prompt_pass,
    work,
)

_LONGEST = 1 << 40
"""A context beyond this is none: no equality is looked for past it."""


class Shares(Struct, frozen=True):
    """Of one step of the plan, experts as expected; None where the attention is not known."""

    intensity_flop_per_byte: float
    """I(B, S): all FLOPs over all bytes of a decode step of B sequences of S tokens."""
    attention_flop_pct: float | None
    """Of the decode step's FLOPs; so are the next two of its bytes and of the time of its busiest
    resource."""
    attention_bytes_pct: float | None
    attention_time_pct: float | None
    prefill_attention_flop_pct: float | None
    equal_decode_context_tokens: int | None
    """The context from which a new token's attention does as many FLOPs as its matrix products;
    None where it never does, or is not known."""
    equal_prompt_tokens: int | None
    """The same of a whole prompt, whose tokens attend to half of it on average."""


def shares(setup: Setup, batch: int, context_tokens: int, prompt_tokens: int) -> Shares:
    """Return what is attention in the plan's decode step and prompt."""
    step = work(setup, decode_pass(batch, context_tokens), "expected")
    prompt = work(setup, prompt_pass(prompt_tokens, setup.deployment.least_batch), "expected")
    attention, read = step.of(ATTENTION), prompt.of(ATTENTION)
    known = setup.heads_known
    busiest = sum(one.ns(step.bound) for one in step.terms)
    return Shares(
        intensity_flop_per_byte=step.flop / (step.weight_bytes + step.cache_bytes),
        attention_flop_pct=100 * attention.flop / step.flop if known else None,
        attention_bytes_pct=(
            100 * attention.cache_bytes / (step.weight_bytes + step.cache_bytes)
            if setup.sequence_is_known
            else None
        ),
        attention_time_pct=(
            100 * sum(one.ns(step.bound) for one in attention.terms) / busiest if known else None
        ),
        prefill_attention_flop_pct=100 * read.flop / prompt.flop if known else None,
        equal_decode_context_tokens=_equal(setup, lambda length: decode_pass(1, length)),
        equal_prompt_tokens=_equal(setup, prompt_pass),
    )


def _equal(setup: Setup, given: Callable[[int], Pass]) -> int | None:
    """Return the least length of a pass whose attention does as many FLOPs as its products.

    Those of the model, however many devices share it.
    """
    setup = replace(setup, deployment=Deployment())
    chunked = any(one.chunk is not None for one in setup.model.caches)
    if not setup.heads_known or not setup.model.caches or chunked:
        return None

    def reached(length: int) -> bool:
        passed = given(length)
        each = setup.deployment.own(passed.sequences)
        attention = sum(each * cache_flop(setup, one, passed) for one in setup.model.caches)
        return attention >= sum(matrix_flop(setup, one, passed) for one in setup.model.matrices)

    low, high = 0, 1
    while not reached(high):
        low, high = high, 2 * high
        if high > _LONGEST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
