"""Requests of one length of prompt and answer, served without end: the most tokens a second.

Devices that never run out of requests mix prompts and decode steps as they like. For each request
they must do the arithmetic of its prompt and of a step for each further token, move its caches, and
read the weights in as many steps as its answer has tokens, shared with the other requests that
memory holds at a time. Each resource works on its part without pause, and all overlap: no program
gives more.
"""

from __future__ import annotations

import math

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base.checks import check_size
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import Pass, Resource, Work, decode_pass, prompt_pass, work
from ncutool_parsers.errors import UsageError

_HOUR_S = 3600
_LONGEST = 16_384
_LENGTHS = 256
"""Lengths of context that a sum over an answer looks at: each one up to here, ends of as many equal
parts beyond. Where attention starts afresh at chunks, each is looked at."""


class Serving(Struct, frozen=True):
    """The most that a deployment gives for requests of one kind, of all devices together."""

    prompt_tokens: int
    output_tokens: int
    sequences: float
    """Served at a time at most: what memory holds, caches as large as they are on average."""
    resource: Resource
    """The busiest."""
    request_ns: float
    """Of the busiest resource for each request, the others' work going on beside."""
    output_tokens_per_s: float
    all_tokens_per_s: float
    """Of prompts and answers."""
    devices: int
    output_tokens_per_s_per_device: float
    price_per_hour: float | None
    """Of one device; None where none was given, as the costs are then."""
    cost_per_million_output_tokens: float | None
    """At least, prompts included."""
    cost_per_million_tokens: float | None
    """The same for tokens of prompts and answers alike."""
    cached_tokens: int
    """Of each prompt, in the cache already; one prefix that all requests share, held and read once
    for all of them."""
    own_prefix_output_tokens_per_s: float | None
    """``output_tokens_per_s`` where each request has a cached prefix of its own; None without one,
    or where memory does not hold a request then."""
    input_cost_per_million_tokens: float | None
    """At least, of prompts, by devices that do nothing else."""
    decode_cost_per_million_tokens: float | None
    """At least, of tokens after the first, by devices that do nothing else; None without any.
    Both apart are no less than the whole, where one's memory works beside the other's math."""


class Request(Struct, frozen=True):
    """What each request brings and takes."""

    prompt_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    is_common: bool = True
    """Whether the cached tokens are the same ones for all requests."""


Busy = dict[Resource, float]
"""Nanoseconds of each resource for one request."""


def serve(
    setup: Setup,
    prompt_tokens: int,
    output_tokens: int,
    usable_bytes: float,
    price_per_hour: float | None = None,
    cached_tokens: int = 0,
) -> Serving | None:
    """Return the most that the setup gives; None where the cache is not known, or
    memory does not hold a sequence for each group and stage.

    Args:
        usable_bytes: memory of a device that weights and caches may take.
        price_per_hour: of one device, in any currency.
        cached_tokens: of each prompt, that are in the cache already.
    """
    check_size("the answer", output_tokens)
    chunked = any(one.chunk is not None for one in setup.model.caches)
    if chunked and output_tokens > _LONGEST:
        raise UsageError(
            f"{setup.model.name}: answers of more than {_LONGEST:,} tokens are not planned where "
            "attention starts afresh at chunks"
        )
    if not setup.sequence_is_known or not setup.heads_known:
        return None
    request = Request(prompt_tokens, output_tokens, cached_tokens)
    sequences = held_sequences(setup, request, usable_bytes)
    if sequences is None:
        return None
    read, made = prompt_busy(setup, request, sequences), answer_busy(setup, request, sequences)
    busy = _sum(read, made)
    first = max(busy, key=lambda one: busy[one])
    rate = 1e9 * output_tokens / busy[first]
    devices = setup.deployment.devices
    cost = _cost(price_per_hour, devices, busy, output_tokens)
    everything = (prompt_tokens + output_tokens) / output_tokens
    return Serving(
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        sequences=sequences,
        resource=first,
        request_ns=busy[first],
        output_tokens_per_s=rate,
        all_tokens_per_s=everything * rate,
        devices=devices,
        output_tokens_per_s_per_device=rate / devices,
        price_per_hour=price_per_hour,
        cost_per_million_output_tokens=cost,
        cost_per_million_tokens=None if cost is None else cost / everything,
        cached_tokens=cached_tokens,
        own_prefix_output_tokens_per_s=_own_prefix(setup, request, usable_bytes),
        input_cost_per_million_tokens=_cost(price_per_hour, devices, read, prompt_tokens),
        decode_cost_per_million_tokens=_cost(price_per_hour, devices, made, output_tokens - 1),
    )


def _own_prefix(setup: Setup, request: Request, usable_bytes: float) -> float | None:
    """Return the rate where each request has a cached prefix of its own; None without a prefix."""
    if not request.cached_tokens:
        return None
    own = replace(request, is_common=False)
    sequences = held_sequences(setup, own, usable_bytes)
    if sequences is None:
        return None
    busy = _sum(prompt_busy(setup, own, sequences), answer_busy(setup, own, sequences))
    return 1e9 * request.output_tokens / max(busy.values())


def _sum(first: Busy, second: Busy) -> Busy:
    return {name: first[name] + second[name] for name in first}


def _cost(price: float | None, devices: int, busy: Busy, tokens: int) -> float | None:
    """Return the least cost of a million tokens, of which each request has so many."""
    if price is None or not tokens:
        return None
    return 1e6 * devices * price / _HOUR_S * max(busy.values()) / 1e9 / tokens


def held_sequences(setup: Setup, request: Request, usable_bytes: float) -> float | None:
    """Return how many requests memory holds on average; None where not one for each group and
    stage."""
    contexts = lengths(setup, request.prompt_tokens, request.output_tokens)
    stages = setup.deployment.pipeline_parallel
    kept = [setup.kv_bytes(one) or 0.0 for one in contexts]
    left = usable_bytes - setup.resident_weight_bytes()
    if kept[-1] * stages > left:
        return None
    shared = [_shared_bytes(setup, request, one) for one in contexts]
    own = [all_ - part for all_, part in zip(kept, shared, strict=True)]
    mean = summed(own, request.output_tokens) / request.output_tokens
    room = left - min(shared)
    return setup.deployment.data_parallel_attention * room / mean if mean > 0 else math.inf


def prompt_busy(setup: Setup, request: Request, sequences: float) -> Busy:
    """Return what one prompt keeps busy, its share of reading the weights among it."""
    cached = request.cached_tokens
    given = prompt_pass(request.prompt_tokens - cached, 1, cached)
    done = work(setup, given)
    return {
        "compute": done.compute_ns,
        "memory": _weights_ns(done) / sequences
        + _cache_ns(done)
        - _saved_ns(setup, request, given, sequences),
        "link": done.link_ns,
    }


def answer_busy(setup: Setup, request: Request, sequences: float) -> Busy:
    """Return what the tokens after the first keep busy: the prompt itself makes the first."""
    later = request.output_tokens - 1
    if not later:
        return {"compute": 0.0, "memory": 0.0, "link": 0.0}
    given = [decode_pass(1, one) for one in lengths(setup, request.prompt_tokens + 1, later)]
    steps = [work(setup, one) for one in given]
    moved = [
        _cache_ns(done) - _saved_ns(setup, request, one, sequences)
        for one, done in zip(given, steps, strict=True)
    ]
    return {
        "compute": summed([one.compute_ns for one in steps], later),
        "memory": later * _weights_ns(steps[0]) / sequences + summed(moved, later),
        "link": summed([one.link_ns for one in steps], later),
    }


def _shared_bytes(setup: Setup, request: Request, context_tokens: float) -> float:
    """Return what one device holds of a prefix that all requests share, of what is still in reach
    at this length."""
    if not request.is_common:
        return 0.0
    own = context_tokens - request.cached_tokens
    held = sum(
        one.layers
        * setup.cache_token_bytes(one)
        * max(0.0, one.kept(context_tokens) - min(own, one.kept(context_tokens)))
        for one in setup.model.caches
    )
    return held / setup.deployment.pipeline_parallel


def _saved_ns(setup: Setup, request: Request, given: Pass, sequences: float) -> float:
    """Return the time that is saved by reading a common prefix once for all that meet it."""
    if not request.is_common or not request.cached_tokens:
        return 0.0
    own = given.context_tokens - given.new_tokens - request.cached_tokens
    shared = 0.0
    for one in setup.model.caches:
        met = one.met(given.new_tokens, given.context_tokens)
        shared += one.layers * setup.cache_token_bytes(one) * (met - min(met, own))
    alike = max(1.0, sequences / setup.deployment.least_batch)
    read_ns = 1e9 * setup.deployment.own(1) * shared / setup.bandwidth
    return read_ns * (1 - 1 / alike)


def why_not(setup: Setup) -> str:
    """Return why :func:`serve` gives nothing."""
    if not setup.sequence_is_known or not setup.heads_known:
        return "the shape of the attention was not given"
    return "memory does not hold the weights and a whole request for each group and stage"


def _weights_ns(done: Work) -> float:
    return sum(one.memory_ns for one in done.terms if one.weights)


def _cache_ns(done: Work) -> float:
    return sum(one.memory_ns for one in done.terms if not one.weights)


def lengths(setup: Setup, first: int, count: int) -> list[float]:
    """Return lengths of context that stand for ``count`` ones from the first on.

    Without windows and choices all that a sequence adds grows by the same for each token: both ends
    are enough.
    """
    if count > 2 and all(
        one.window is one.chunk is one.selected is None for one in setup.model.caches
    ):
        return [float(first), float(first + count - 1)]
    if count <= _LENGTHS or any(one.chunk is not None for one in setup.model.caches):
        return [float(first + index) for index in range(count)]
    return [first + (count - 1) * index / _LENGTHS for index in range(_LENGTHS + 1)]


def summed(values: list[float], count: int) -> float:
    """Return the sum over ``count`` lengths, of which values at equal distances are given.

    What a sequence adds grows with its context, ever more slowly, so that straight lines between
    the given lengths lie below it: the sum is the least it may be, and exact where all are given.
    """
    if len(values) == count:
        return sum(values)
    ends = (values[0] + values[-1]) / 2
    return ends + (count - 1) * (sum(values) - ends) / (len(values) - 1)
