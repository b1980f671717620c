"""What a reader of a plan must know besides its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.planning.llm.planned import Plan

_WANTED = {
    "fp8": "fp8_tensor",
    "int8": "int8_tensor",
    "mxfp4": "fp4_tensor",
    "nvfp4": "fp4_tensor",
    "bf16": "bf16_tensor",
}


def notes_of(plan: Plan) -> tuple[str, ...]:
    """Return what to know of the plan in sentences, most important first."""
    sentences = [
        _does_not_fit(plan),
        _confidence(plan),
        _sparse(plan),
        _roof(plan),
        _input_table(plan),
        _experts(plan),
        _parallel(plan),
        _latent(plan),
        _limit(plan),
        _published(plan),
    ]
    return (*(each for each in sentences if each), *plan.model.notes)


def _does_not_fit(plan: Plan) -> str:
    if plan.memory.fits:
        return ""
    need, usable = units.data(plan.memory.total_bytes), units.data(plan.memory.usable_bytes)
    smallest = plan.memory.smallest_tensor_parallel
    remedy = (
        f"tensor parallelism {smallest} or more"
        if smallest is not None
        else "no tensor parallelism that divides its heads makes it fit"
    )
    return (
        f"does not fit: {remedy}. A device would hold {need} of weights and caches and has "
        f"{usable} for them; times are bandwidth arithmetic only"
    )


def _sparse(plan: Plan) -> str:
    sparse = plan.device.sparse_peak_flop_per_s.get(plan.types.roof)
    if sparse is None:
        return ""
    ridge = sparse / plan.peak_bytes_per_s
    return (
        f"peaks are dense: {_rate(plan, sparse)} and a ridge point of {ridge:.0f} FLOP/byte, "
        "which are often quoted for this device, are with 2:4 structured sparsity; dense weights "
        f"reach {_rate(plan, plan.peak_flop_per_s)} and {plan.ridge_point_flop_per_byte:.1f}"
    )


def _rate(plan: Plan, value: float) -> str:
    """Format a rate: integer operations are none in floating point."""
    return units.scaled(value, "OP/s" if plan.types.roof.startswith("int") else "FLOP/s")


def _confidence(plan: Plan) -> str:
    """Return what the device table says of a row that rests on no source."""
    device = plan.device
    return f"peaks of {device.name}: {device.confidence}" if device.is_unverified else ""


def _roof(plan: Plan) -> str:
    wanted = _WANTED.get(plan.types.activations)
    if wanted is None or plan.types.roof == wanted or wanted in plan.device.peak_flop_per_s:
        return ""
    return (
        f"{plan.device.name} has no {plan.types.activations} arithmetic: it is held against "
        f"{plan.types.roof.replace('_', ' ')}"
    )


def _input_table(plan: Plan) -> str:
    if not plan.model.embedding_parameters:
        return ""
    return (
        "a step reads one row of the input table for each sequence, not the table: "
        f"{units.count(plan.model.embedding_parameters)} parameters are kept and not read, so the "
        "floor lies below all weights / bandwidth"
    )


def _experts(plan: Plan) -> str:
    experts = plan.model.experts
    if experts is None:
        return ""
    return (
        "distinct experts are those expected where each token chooses "
        f"{experts.per_token} of {experts.count} uniformly and on its own; real routing is less "
        "even and reads fewer, and the bounds are all tokens alike and no two alike"
    )


def _parallel(plan: Plan) -> str:
    if plan.tensor_parallel == 1:
        return ""
    size = f" ({units.data(plan.all_reduce_bytes)} a step)" if plan.all_reduce_bytes else ""
    return (
        f"bytes, FLOPs and times are those of one of {plan.tensor_parallel} devices; the "
        f"all-reduce after each attention and feed-forward block{size} is not in the times"
    )


def _latent(plan: Plan) -> str:
    shared = [c for c in plan.model.caches if c.shares < plan.tensor_parallel]
    if not shared:
        return ""
    return "the cache has fewer heads than there are devices: each share is held more than once"


def _limit(plan: Plan) -> str:
    limit = plan.model.max_context_tokens
    if limit is None or plan.context_tokens <= limit:
        return ""
    return (
        f"a context of {units.count(plan.context_tokens)} tokens is past the "
        f"{units.count(limit)} the model was configured for"
    )


def _published(plan: Plan) -> str:
    published = plan.model.published_parameters
    if published is None or published == plan.model.parameters:
        return ""
    return (
        f"its publisher states {units.count(published)} parameters; the layers counted here hold "
        f"{units.count(plan.model.parameters)}"
    )
