"""A plan: what a model needs of a device, and what the device allows at best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from ncutool.base.checks import check_size, is_positive
from ncutool.devices.resolve import Device, resolve
from ncutool.planning.llm.deployment import Deployment
from ncutool.planning.llm.layouts import check_deployment, rows_of
from ncutool.planning.llm.limits import (
    cache_limit,
    crossover,
    divides,
    equal_context,
    memory,
)
from ncutool.planning.llm.model import Model
from ncutool.planning.llm.notes import notes_of
from ncutool.planning.llm.number_types import (
    ACTIVATION_TYPES,
    CACHE_TYPES,
    NUMBER_TYPES,
    number_type,
)
from ncutool.planning.llm.planned import Plan, RuleOfThumb
from ncutool.planning.llm.presets import preset
from ncutool.planning.llm.setup import Setup
from ncutool.planning.llm.shares import shares
from ncutool.planning.llm.step import decode_step, prefill
from ncutool.planning.llm.types_in_use import other_activations, types_of
from ncutool.planning.llm.ways import Sizes, Ways
from ncutool.roofline.batching import USABLE_MEMORY
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.planning.llm.questions import Wanted
    from ncutool.planning.llm.usual.reading import Measured

USUAL_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
USUAL_CONTEXTS = (512, 2048, 4096, 8192, 16384, 32768, 65536, 131072)


def plan(
    model: Model | str,
    device: Device | str,
    *,
    weights: str = "native",
    kv: str | None = None,
    activations: str | None = None,
    tensor_parallel: int = 1,
    expert_parallel: int = 1,
    data_parallel_attention: int = 1,
    pipeline_parallel: int = 1,
    batch: int = 1,
    context_tokens: int = 4096,
    prompt_tokens: int | None = None,
    output_tokens: int | None = None,
    price_per_hour: float | None = None,
    wanted: Wanted | None = None,
    batches: tuple[int, ...] = USUAL_BATCHES,
    contexts: tuple[int, ...] | None = None,
    usable_share: float = USABLE_MEMORY,
    known: tuple[Device, ...] | None = None,
    ways: Ways | None = None,
    measured: Measured | None = None,
) -> Plan:
    """Return what the model needs of the device, and the best the device allows.

    >>> from ncutool.planning import llm
    >>> found = llm.plan("llama-3-8b", "H100 SXM", context_tokens=8192)
    >>> round(found.ridge_point_flop_per_byte, 1)
    295.3

    Args:
        model: a :class:`Model` or a preset's name.
        device: a row of the device table or a name, as ``--device`` takes it.
        weights: a type for the layers' matrices, or ``native``: as the publisher ships them.
        kv: type of the cache; what the checkpoint says, or that of the unquantised weights, where
            None.
        activations: type of the layers' inputs; what the checkpoint says, or that of the weights
            where the device has arithmetic for it, where None.
        tensor_parallel: devices that share each layer; with data-parallel attention, each
            attention.
        expert_parallel: devices among which whole experts are placed; with 1 each expert is
            divided like other layers.
        data_parallel_attention: groups that each hold all of the attention, for sequences of
            their own.
        pipeline_parallel: stages of layers that follow each other.
        batch: sequences decoded together.
        context_tokens: tokens each of them attends to.
        prompt_tokens: length of the prompt; ``context_tokens`` where None.
        output_tokens: length of an answer; with it the plan says what requests without end get.
        price_per_hour: of one device, for the least cost of a million tokens.
        wanted: times and rates to find a batch or a deployment for.
        batches: rows of the batch sweep.
        contexts: rows of the context sweep; the usual ones up to the model's own limit where None.
        usable_share: share of a device's memory for weights and caches.
        known: devices to choose from by name, ncutool's own where None.
        ways: further ways to serve the model: cached prefixes, chunks, speculation, pools.
        measured: rows of measured times, for what is usual beside the floors.

    Raises:
        UsageError: a name is not known, a size is out of range, or heads do not divide.
    """
    known_model = preset(model) if isinstance(model, str) else model
    prompt = context_tokens if prompt_tokens is None else prompt_tokens
    lengths = _usual_contexts(known_model, context_tokens) if contexts is None else contexts
    _check_sizes(tensor_parallel, batch, context_tokens, prompt, (*batches, *lengths))
    _check_numbers(usable_share, price_per_hour)
    deployment = Deployment(
        tensor_parallel, expert_parallel, data_parallel_attention, pipeline_parallel
    )
    check_deployment(known_model, deployment)
    batches = rows_of(deployment, batch, batches, usual=batches == USUAL_BATCHES)
    setup = _setup(known_model, _resolved(device, known), weights, kv, activations, deployment)
    found = _planned(setup, batch, context_tokens, prompt, batches, lengths, usable_share)
    sizes = Sizes(batch, context_tokens, prompt, output_tokens, usable_share, batches)
    return _asked(found, sizes, ways, wanted, price_per_hour, measured, known)


def _resolved(device: Device | str, known: tuple[Device, ...] | None) -> Device:
    if isinstance(device, Device):
        return device
    resolved = resolve(None, device, known).device
    assert resolved is not None
    return resolved


def _asked(
    found: Plan,
    sizes: Sizes,
    ways: Ways | None,
    wanted: Wanted | None,
    price_per_hour: float | None,
    measured: Measured | None,
    known: tuple[Device, ...] | None,
) -> Plan:
    """Return the plan with what was asked for besides; what was not is not even imported."""
    setup, prompt = found.setup, sizes.prompt_tokens
    if wanted is not None:
        from ncutool.planning.llm.questions import answers

        usable = found.memory.usable_bytes
        told = answers(setup, wanted, sizes.context_tokens, prompt, usable)
        found = replace(found, answers=told)
    if ways is not None:
        from ncutool.planning.llm.serving_ways import found_of

        found = replace(found, ways=found_of(setup, ways, sizes, wanted, known))
    if measured is not None:
        from ncutool.planning.llm.usual.step import usual

        likely = usual(setup, measured, sizes.batch, sizes.context_tokens, prompt)
        found = replace(found, usual=likely)
    if sizes.output_tokens is None:
        return found
    return _served(found, sizes, sizes.output_tokens, ways, price_per_hour)


def _served(
    found: Plan, sizes: Sizes, output_tokens: int, ways: Ways | None, price_per_hour: float | None
) -> Plan:
    """Return the plan with what requests without end get."""
    from ncutool.planning.llm.prefixes import cached_of
    from ncutool.planning.llm.serving import serve, why_not

    cached = cached_of(None if ways is None else ways.prefix_share, sizes.prompt_tokens)
    usable = found.memory.usable_bytes
    serving = serve(found.setup, sizes.prompt_tokens, output_tokens, usable, price_per_hour, cached)
    reason = None if serving is not None else why_not(found.setup)
    return replace(found, serving=serving, serving_reason=reason)


def _setup(
    model: Model,
    device: Device,
    weights: str,
    kv: str | None,
    activations: str | None,
    deployment: Deployment,
) -> Setup:
    if weights == "native" and model.unknown_storage:
        raise UsageError(f"{model.name}: {model.unknown_storage}; say --weights, e.g. bf16 or int4")
    if weights != "native":
        number_type(weights, "weight", ("native", *NUMBER_TYPES))
    setup = Setup(
        model,
        device,
        weights,
        number_type(kv or _own_cache(model, weights), "cache", CACHE_TYPES),
        None if activations is None else number_type(activations, "activation", ACTIVATION_TYPES),
        deployment,
    )
    if not divides(setup, deployment.tensor_parallel):
        raise UsageError(
            f"{model.name}: {model.heads} query heads and {model.kv_heads} key-value heads do not "
            f"divide among {deployment.tensor_parallel} devices"
        )
    return setup


def _own_cache(model: Model, weights: str) -> str:
    """Return the type of the cache that the checkpoint as published says, else of its weights."""
    return (model.cache_type if weights == "native" else None) or model.trained_type


def _planned(
    setup: Setup,
    batch: int,
    context_tokens: int,
    prompt_tokens: int,
    batches: tuple[int, ...],
    contexts: tuple[int, ...],
    usable_share: float,
) -> Plan:
    kept = memory(setup, batch, context_tokens, usable_share)
    usable = kept.usable_bytes
    roof = setup.roof(setup.main_matrix())
    model = setup.model
    reduced = None
    if model.layers is not None and model.hidden_size is not None and setup.tensor_parallel > 1:
        size = setup.trained_bytes  # what is summed is what layers hand on, not what they multiply
        own = setup.deployment.own(batch)  # each stage has its part of the layers
        reduced = round(2 * model.layers * own * model.hidden_size * size)
    weights_ns = 1e9 * kept.weight_bytes / setup.bandwidth
    planned = Plan(
        setup=setup,
        model=model,
        device=setup.device,
        types=types_of(setup, roof),
        other_activations=other_activations(
            setup, batch, context_tokens, prompt_tokens, kept.most_sequences
        ),
        tensor_parallel=setup.tensor_parallel,
        batch=batch,
        context_tokens=context_tokens,
        peak_flop_per_s=setup.peak(roof),
        peak_bytes_per_s=setup.bandwidth,
        ridge_point_flop_per_byte=setup.peak(roof) / setup.bandwidth,
        memory=kept,
        decode=decode_step(setup, batch, context_tokens, usable),
        rule_of_thumb=RuleOfThumb(weights_ns, 1e9 / weights_ns),
        prefill=prefill(setup, prompt_tokens),
        crossover=crossover(setup, context_tokens, kept.most_sequences),
        cache_limit=cache_limit(setup, context_tokens),
        equal_context_tokens=equal_context(setup),
        all_reduce_bytes=reduced,
        batches=tuple(decode_step(setup, each, context_tokens, usable) for each in batches),
        contexts=tuple(decode_step(setup, batch, each, usable) for each in contexts)
        if setup.sequence_is_known
        else (),
        notes=(),
        shares=shares(setup, batch, context_tokens, prompt_tokens),
    )
    return replace(planned, notes=notes_of(planned))


def _usual_contexts(model: Model, context_tokens: int) -> tuple[int, ...]:
    limit = model.max_context_tokens or USUAL_CONTEXTS[-1]
    return tuple(sorted({context_tokens, *(each for each in USUAL_CONTEXTS if each <= limit)}))


def _check_numbers(usable_share: float, price_per_hour: float | None) -> None:
    if not 0 < usable_share <= 1:
        raise UsageError(
            f"the usable share of memory must be above 0 and at most 1, not {usable_share}"
        )
    if price_per_hour is not None and not is_positive(price_per_hour):
        raise UsageError(f"a price of {price_per_hour}: it must be above 0")


def _check_sizes(
    tensor_parallel: int, batch: int, context: int, prompt: int, swept: tuple[int, ...]
) -> None:
    named = {
        "tensor parallelism": tensor_parallel,
        "the batch": batch,
        "the context": context,
        "the prompt": prompt,
    }
    for what, value in [*named.items(), *(("each length and batch of a sweep", v) for v in swept)]:
        check_size(what, value)
