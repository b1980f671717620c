"""Prompts read on some devices and answers made on others (disaggregated prefill and decode).

A unit is one copy of the model on its devices. All rates are the most that floors allow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from ncutool.base import units
from ncutool.base.checks import check_size, is_positive
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.limits import most_sequences
from ncutool.planning.llm.questions import most_prompts
from ncutool.planning.llm.serving import Request, Serving, answer_busy, held_sequences, serve
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.terms import prompt_pass, work
from ncutool_parsers.errors import UsageError

_MOST_DEVICES = 4096


class Split(Struct, frozen=True):
    """One way to divide the devices."""

    prefill_units: int
    decode_units: int
    requests_per_s: float
    """At most: what the slower of both, or the transfer, lets through."""
    limit: str
    """``prefill``, ``decode`` or ``transfer``."""
    idle_devices: int


class Pools(Struct, frozen=True):
    """What prefill and decode units give, and the best way to divide devices among them."""

    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    prefill_device: str
    prefill_layout: Deployment
    prefill_requests_per_s: float
    """Of one unit at most; of prompts alone, as many at once as fit and as the time to the first
    token allows."""
    prefill_prompts: int
    """At once."""
    prompt_ns: float
    """Of one prompt for each group and stage: the least time to a first token."""
    decode_device: str
    decode_layout: Deployment
    decode_requests_per_s: float | None
    """Of one unit at most; None where an answer is one token, which the prompt makes."""
    decode_sequences: float | None
    """Served at a time at most: what memory and the time per token allow."""
    decode_step_ns: float | None
    """Of that many."""
    transfer_bytes: float
    """Of each request: the cache of the tokens that the prompt adds, each value once."""
    link: str
    """Which way it takes."""
    link_bytes_per_s: float | None
    """Of each device, one way; None where it is not known."""
    transfer_ns: float | None
    """Of one request at least, by all devices of the unit that has fewer of them at once."""
    first_token_ns: float | None
    """Of one prompt and its transfer, overlapped: the least time until decoding may begin."""
    in_turn_ns: float | None
    """The same where the transfer begins when the prompt is read."""
    prefill_units_a_decode_unit: float | None
    """That keep it busy."""
    devices: int
    best: Split | None
    """None where the devices do not make one unit of each."""
    splits: tuple[Split, ...]
    """All ways, by number of prefill units: a few around the best."""
    mixed_requests_per_s: float | None
    """Of the same devices with the decode layout, each mixing prompts and steps as it likes: no
    division gives more by its floors. None where memory does not hold a request."""


class Asked(Struct, frozen=True):
    """What is asked of divided devices."""

    devices: int
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    link_bytes_per_s: float | None = None
    """Of each device one way between both sides; None takes that of the devices' own links."""
    time_per_token_ns: float | None = None
    time_to_first_token_ns: float | None = None


def divide(prefill: Setup, decode: Setup, asked: Asked, usable_share: float) -> Pools:
    """Return the best division of devices into units that read prompts and units that decode.

    Raises:
        UsageError: sizes are out of range, memory holds no request, or a time cannot be held.
    """
    _check(prefill, asked)
    request = Request(asked.prompt_tokens, asked.output_tokens, asked.cached_tokens, False)
    prompts, reading = _prefill(prefill, request, asked, usable_share)
    sequences, step_ns, making = _decode(decode, request, asked, usable_share)
    moved, rate, how = _transfer(prefill, decode, asked)
    unit_devices = (prefill.deployment.devices, decode.deployment.devices)
    through = None if rate is None else min(unit_devices) * rate
    transfer_ns = None if through is None else 1e9 * moved / through
    one = prompt_pass(
        asked.prompt_tokens - asked.cached_tokens, prefill.deployment.least_batch,
        asked.cached_tokens,
    )  # fmt: skip
    prompt_ns = work(prefill, one).floor_ns
    splits = tuple(_splits(asked.devices, unit_devices, (reading, making), moved, rate))
    best = max(splits, key=lambda each: (each.requests_per_s, each.idle_devices), default=None)
    mixed = serve(
        decode, asked.prompt_tokens, asked.output_tokens,
        usable_share * decode.device.memory_bytes, None, asked.cached_tokens,
    )  # fmt: skip
    copies = asked.devices // unit_devices[1]
    return Pools(
        prompt_tokens=asked.prompt_tokens,
        cached_tokens=asked.cached_tokens,
        output_tokens=asked.output_tokens,
        prefill_device=prefill.device.name,
        prefill_layout=prefill.deployment,
        prefill_requests_per_s=reading,
        prefill_prompts=prompts,
        prompt_ns=prompt_ns,
        decode_device=decode.device.name,
        decode_layout=decode.deployment,
        decode_requests_per_s=making,
        decode_sequences=sequences,
        decode_step_ns=step_ns,
        transfer_bytes=moved,
        link=how,
        link_bytes_per_s=rate,
        transfer_ns=transfer_ns,
        first_token_ns=None if transfer_ns is None else max(prompt_ns, transfer_ns),
        in_turn_ns=None if transfer_ns is None else prompt_ns + transfer_ns,
        prefill_units_a_decode_unit=None if making is None else making / reading,
        devices=asked.devices,
        best=best,
        splits=_around(splits, best),
        mixed_requests_per_s=(
            None
            if mixed is None
            or (prefill.device, prefill.deployment) != (decode.device, decode.deployment)
            else copies * _own(mixed) / asked.output_tokens
        ),
    )


def _own(mixed: Serving) -> float:
    """Return the rate where cached prefixes are each request's own, as they are on both sides."""
    if not mixed.cached_tokens:
        return mixed.output_tokens_per_s
    return mixed.own_prefix_output_tokens_per_s or 0.0


def _check(setup: Setup, asked: Asked) -> None:
    check_size("the number of devices to divide", asked.devices)
    check_size("the answer", asked.output_tokens)
    if asked.devices > _MOST_DEVICES:
        raise UsageError(f"at most {_MOST_DEVICES:,} devices are divided")
    if asked.link_bytes_per_s is not None and not is_positive(asked.link_bytes_per_s):
        raise UsageError("the bandwidth between both sides must be above 0")
    if not setup.sequence_is_known or not setup.heads_known:
        raise UsageError(
            f"{setup.model.name}: the shape of its attention is not known, so that no request can "
            "be divided: describe the model by --config or sizes"
        )


def _prefill(
    setup: Setup, request: Request, asked: Asked, usable_share: float
) -> tuple[int, float]:
    """Return how many prompts one unit reads at once, and the rate of them (1/s)."""
    usable = usable_share * setup.device.memory_bytes
    weights = setup.resident_weight_bytes()
    fitting = most_sequences(setup, weights, request.prompt_tokens, usable)
    least = setup.deployment.least_batch
    if weights > usable or (fitting is not None and fitting < least):
        raise UsageError(
            f"{setup.device.name}: memory of a prefill unit does not hold the weights and "
            f"{units.counted(least, 'prompt')} of {request.prompt_tokens:,} tokens"
        )
    new = request.prompt_tokens - request.cached_tokens
    prompts = fitting if fitting is not None else 1 << 20
    limit = asked.time_to_first_token_ns
    if limit is not None:
        held = most_prompts(setup, new, limit, request.cached_tokens)
        if held is None:
            least_ns = work(setup, prompt_pass(new, least, request.cached_tokens)).floor_ns
            raise UsageError(
                f"a first token after {limit / 1e6:g} ms: a prefill unit takes "
                f"{least_ns / 1e6:.4g} ms at best"
            )
        prompts = min(prompts, held)
    taken = work(setup, prompt_pass(new, prompts, request.cached_tokens)).floor_ns
    return prompts, 1e9 * prompts / taken


def _decode(
    setup: Setup, request: Request, asked: Asked, usable_share: float
) -> tuple[float | None, float | None, float | None]:
    """Return the sequences one unit serves at a time, the floor of their step, and the rate of
    whole answers (1/s); None where the prompt makes all of an answer."""
    later = request.output_tokens - 1
    if not later:
        return None, None, None
    sequences = held_sequences(setup, request, usable_share * setup.device.memory_bytes)
    least = setup.deployment.least_batch
    if sequences is None or sequences < least:
        raise UsageError(
            f"{setup.device.name}: memory of a decode unit does not hold the weights and a whole "
            "request for each group and stage"
        )
    alone, crowded = answer_busy(setup, request, 1.0), answer_busy(setup, request, math.inf)
    weights_ns = alone["memory"] - crowded["memory"]

    def step_ns(count: float) -> float:
        """Return the mean step of an answer, so many at a time."""
        each = {name: count * taken for name, taken in crowded.items()}
        return max(each["compute"], each["memory"] + weights_ns, each["link"]) / later

    limit = asked.time_per_token_ns
    if limit is not None and step_ns(sequences) > limit:
        if step_ns(least) > limit:
            raise UsageError(
                f"a token each {limit / 1e6:g} ms: a decode unit takes "
                f"{step_ns(least) / 1e6:.4g} ms at best"
            )
        room = dict.fromkeys(crowded, limit * later)
        room["memory"] -= weights_ns
        sequences = min(room[name] / taken for name, taken in crowded.items() if taken)
    taken = step_ns(sequences)
    return sequences, taken, 1e9 * sequences / (taken * later)


def _transfer(prefill: Setup, decode: Setup, asked: Asked) -> tuple[float, float | None, str]:
    """Return the bytes of a request's cache, the bandwidth of a device, and which link that is."""
    alone = replace(prefill, deployment=Deployment())
    new = asked.prompt_tokens - asked.cached_tokens
    moved = sum(
        one.layers * alone.cache_token_bytes(one) * min(new, one.kept(asked.prompt_tokens))
        for one in alone.model.caches
    )
    moved += sum(alone.state_bytes(one) for one in alone.model.states)
    if asked.link_bytes_per_s is not None:
        return moved, asked.link_bytes_per_s, "the bandwidth asked for"
    peaks = (prefill.device.link_peak_bytes_per_s, decode.device.link_peak_bytes_per_s)
    if None in peaks:
        return moved, None, "the bandwidth between the devices is not known"
    same = "the devices' own links, as within one machine"
    return moved, min(each for each in peaks if each is not None), same


def _splits(
    devices: int,
    unit_devices: tuple[int, int],
    rates: tuple[float, float | None],
    moved: float,
    link: float | None,
) -> Iterator[Split]:
    """Return each number of prefill units with as many decode units as are left for."""
    reading, making = rates
    for prefill in range(1, devices // unit_devices[0] + 1):
        left = devices - prefill * unit_devices[0]
        decode = left // unit_devices[1]
        if not decode:
            return
        limits = {"prefill": prefill * reading}
        if making is not None:
            limits["decode"] = decode * making
        if link is not None and moved:
            ways = min(prefill * unit_devices[0], decode * unit_devices[1])
            limits["transfer"] = ways * link / moved
        limit = min(limits, key=lambda name: limits[name])
        yield Split(prefill, decode, limits[limit], limit, left - decode * unit_devices[1])


def _around(splits: tuple[Split, ...], best: Split | None) -> tuple[Split, ...]:
    """Return the best way and the two on either side of it."""
    if best is None:
        return ()
    at = splits.index(best)
    return splits[max(0, at - 2) : at + 3]
