"""Requests of one length of prompt and answer, served without end: the most tokens a second.

Devices that never run out of requests mix prompts and decode steps as they like. For each request
they must do the arithmetic of its prompt and of a step for each further token, move its caches, and
read the weights in as many steps as its answer has tokens, shared with the other requests that
memory holds at a time. Each resource works on its part without pause, and all overlap: no program
gives more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ncutool.base.checks import check_size
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import Resource, Work, decode_pass, prompt_pass, work
from ncutool_parsers.errors import UsageError

_HOUR_S = 3600
_LONGEST = 16_384
_LENGTHS = 256
"""Lengths of context that a sum over an answer looks at: each one up to here, ends of as many equal
parts beyond. Where attention starts afresh at chunks, each is looked at."""


@dataclass(frozen=True)
class Serving:
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


def serve(
    setup: Setup,
    prompt_tokens: int,
    output_tokens: int,
    usable_bytes: float,
    price_per_hour: float | None = None,
) -> Serving | None:
    """Return the most that the setup gives; None where the cache is not known, or
    memory does not hold a sequence for each group and stage.

    Args:
        usable_bytes: memory of a device that weights and caches may take.
        price_per_hour: of one device, in any currency.
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
    left = usable_bytes - setup.resident_weight_bytes()
    kept = [setup.kv_bytes(one) or 0.0 for one in lengths(setup, prompt_tokens, output_tokens)]
    groups = setup.deployment.data_parallel_attention
    if kept[-1] * setup.deployment.pipeline_parallel > left:
        return None
    mean = summed(kept, output_tokens) / output_tokens
    sequences = groups * left / mean if mean else math.inf
    prompt = work(setup, prompt_pass(prompt_tokens))
    weights_ns = sum(one.memory_ns for one in prompt.terms if one.weights)
    # The prompt itself makes the first token.
    later = output_tokens - 1
    steps = [work(setup, decode_pass(1, one)) for one in lengths(setup, prompt_tokens + 1, later)]
    busy: dict[Resource, float] = {
        "compute": prompt.compute_ns + summed([one.compute_ns for one in steps], later),
        "memory": output_tokens * weights_ns / sequences
        + _cache_ns(prompt)
        + summed([_cache_ns(one) for one in steps], later),
        "link": prompt.link_ns + summed([one.link_ns for one in steps], later),
    }
    first = max(busy, key=lambda one: busy[one])
    rate = 1e9 * output_tokens / busy[first]
    devices = setup.deployment.devices
    cost = None if price_per_hour is None else 1e6 * devices * price_per_hour / _HOUR_S / rate
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
    )


def why_not(setup: Setup) -> str:
    """Return why :func:`serve` gives nothing."""
    if not setup.sequence_is_known or not setup.heads_known:
        return "the shape of the attention was not given"
    return "memory does not hold the weights and a whole request for each group and stage"


def _cache_ns(done: Work) -> float:
    return sum(one.memory_ns for one in done.terms if not one.weights)


def lengths(setup: Setup, first: int, count: int) -> list[float]:
    """Return lengths of context that stand for ``count`` ones from the first on."""
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
