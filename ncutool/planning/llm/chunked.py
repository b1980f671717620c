"""Prompts read in chunks beside decode steps, so that decoding goes on meanwhile."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base.checks import check_size
from ncutool.planning.llm.mixed import mixed_work
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import Pass, Work, decode_pass, prompt_pass, work
from ncutool_parsers.errors import UsageError

_MOST_CHUNKS = 4096


class Chunked(Struct, frozen=True):
    """A prompt in chunks, one beside each decode step of a batch. Times are floors.

    On several groups or stages one prompt for each is read at once, as a plan's prefill is.
    """

    chunk_tokens: int
    steps: int
    """That the prompt takes."""
    prompt_tokens: int
    cached_tokens: int
    batch: int
    """Sequences decoded beside it."""
    context_tokens: int
    step_ns: float
    """Of the longest of these steps: what each decoded sequence waits for its token."""
    step_bound: str
    alone_ns: float
    """Of a decode step without a chunk."""
    first_token_ns: float
    """Of all steps together: the time to the prompt's first token."""
    prompt_alone_ns: float
    """Of the prompt at once with nothing beside: what decoding waits where it is not divided."""
    expected_step_ns: float
    """The longest step with experts of a mixture as expected; else that of ``step_ns``."""
    largest_chunk_tokens: int | None
    """That a step may hold within the time per token asked for; None where none was, or not even
    one token is."""
    asked_time_ns: float | None


class Beside(Struct, frozen=True):
    """What goes on beside the chunks, and from where on the prompt is read."""

    batch: int
    context_tokens: int
    prompt_tokens: int
    cached_tokens: int = 0


def chunked(
    setup: Setup, chunk_tokens: int, beside: Beside, time_per_token_ns: float | None = None
) -> Chunked:
    """Return the floors of a prompt that is read in chunks of so many tokens.

    Raises:
        UsageError: the chunk is no size, or there would be too many.
    """
    check_size("a chunk", chunk_tokens)
    new = beside.prompt_tokens - beside.cached_tokens
    chunk_tokens = min(chunk_tokens, new)  # no chunk is longer than what is left of the prompt
    passes = tuple(_chunks(setup, chunk_tokens, beside))
    steps = [_with(setup, one, beside) for one in passes]
    longest = max(steps, key=lambda one: one.floor_ns)
    mixture = setup.model.experts is not None
    expected = longest.floor_ns
    if mixture:
        decoded = decode_pass(beside.batch, beside.context_tokens)
        expected = max(mixed_work(setup, (decoded, one), "expected").floor_ns for one in passes)
    prompts = setup.deployment.least_batch
    return Chunked(
        chunk_tokens=chunk_tokens,
        steps=len(steps),
        prompt_tokens=beside.prompt_tokens,
        cached_tokens=beside.cached_tokens,
        batch=beside.batch,
        context_tokens=beside.context_tokens,
        step_ns=longest.floor_ns,
        step_bound=longest.bound,
        alone_ns=work(setup, decode_pass(beside.batch, beside.context_tokens)).floor_ns,
        first_token_ns=sum(one.floor_ns for one in steps),
        prompt_alone_ns=work(setup, prompt_pass(new, prompts, beside.cached_tokens)).floor_ns,
        expected_step_ns=expected,
        largest_chunk_tokens=(
            None if time_per_token_ns is None else _largest(setup, beside, time_per_token_ns)
        ),
        asked_time_ns=time_per_token_ns,
    )


def _chunks(setup: Setup, size: int, beside: Beside) -> list[Pass]:
    """Return the passes of a prompt's chunks; the last alone needs logits."""
    end, prompts = beside.prompt_tokens, setup.deployment.least_batch
    ends = range(beside.cached_tokens, end, size)
    if len(ends) > _MOST_CHUNKS:
        raise UsageError(
            f"a prompt of {end:,} tokens in chunks of {size:,} takes more than {_MOST_CHUNKS:,} "
            "steps: give a larger --chunk"
        )
    return [
        Pass(prompts, min(size, end - at), min(at + size, end), float(at + size >= end))
        for at in ends
    ]


def _with(setup: Setup, chunk: Pass, beside: Beside) -> Work:
    return mixed_work(setup, (decode_pass(beside.batch, beside.context_tokens), chunk))


def _largest(setup: Setup, beside: Beside, time_ns: float) -> int | None:
    """Return the largest last chunk of the prompt whose step may hold the time.

    The last attends to the most and needs logits: no other chunk of its size takes longer.
    """
    prompts, end = setup.deployment.least_batch, beside.prompt_tokens

    def holds(size: int) -> bool:
        return _with(setup, Pass(prompts, size, end, 1.0), beside).floor_ns <= time_ns

    if not holds(1):
        return None
    low, high = 1, end - beside.cached_tokens + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
