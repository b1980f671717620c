"""What a reader of a plan must know besides its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.planning.llm.links import link_is_known

if TYPE_CHECKING:
    from ncutool.planning.llm.planned import Plan

_WANTED = {
    "fp8": "fp8_tensor",
    "int8": "int8_tensor",
    "mxfp4": "fp4_tensor",
    "nvfp4": "fp4_tensor",
    "bf16": "bf16_tensor",
}


_SAME = Threshold(
    0.02,
    "share",
    "of a rate that two data sheets round differently",
    "devices.toml: 1,979 and 1,978.9",
)


def notes_of(plan: Plan) -> tuple[str, ...]:
    """Return what to know of the plan in sentences, most important first."""
    sentences = [
        _does_not_fit(plan),
        _confidence(plan),
        _sparse(plan),
        _roof(plan),
        _activations(plan),
        _encoders(plan),
        _input_table(plan),
        _experts(plan),
        _parallel(plan),
        _layout(plan),
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
    if any(abs(sparse / peak - 1) < _SAME for peak in plan.device.peak_flop_per_s.values()):
        # That rate is what dense weights of a narrower type reach: it must not be called sparse.
        return (
            "peaks are dense: a figure twice as high is either with 2:4 structured sparsity, which "
            "dense weights never reach, or that of a narrower type"
        )
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


def _activations(plan: Plan) -> str:
    """Say which type the inputs are taken in, and what another would give."""
    types = plan.types
    held = f"products are held against {types.roof.replace('_', ' ')}"
    why = {
        "asked": f"inputs of the layers in {types.activations}, as asked",
        "checkpoint": f"inputs of the layers in {types.activations}, as the checkpoint says",
        "weights": f"inputs of the layers in {types.activations}, as their weights are",
        "trained": f"inputs of the layers in {types.activations}",
    }[types.activations_from]
    if not plan.other_activations:
        return f"{why}; {held}" if types.activations_from in ("weights", "checkpoint") else ""
    others = "; ".join(
        f"with --activations {one.activations} against {one.roof.replace('_', ' ')}: decode "
        f"{units.time(one.decode_ns)}, prompt {units.time(one.prefill_ns)}"
        for one in plan.other_activations
    )
    return f"{why}: {held}; {others}"


def _roof(plan: Plan) -> str:
    """Say where the device lacks the arithmetic of a type and another roof is taken."""
    stored = plan.setup.stored(plan.setup.main_matrix())
    for name in (plan.types.activations, stored.name):
        wanted = _WANTED.get(name)
        if wanted is None or wanted in plan.device.peak_flop_per_s or plan.types.roof == wanted:
            continue
        return (
            f"{plan.device.name} has no {name} arithmetic: it is held against "
            f"{plan.types.roof.replace('_', ' ')}"
        )
    return ""


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
        f"a floor reads the fewest experts that may be, all tokens sent to the same "
        f"{experts.per_token} of {experts.count}; expected is each token choosing uniformly and on "
        "its own, worst no two tokens alike. Bounds and batches are with experts as expected"
    )


def _parallel(plan: Plan) -> str:
    devices = plan.setup.deployment.devices
    if devices == 1:
        return ""
    size = f" (a step sums {units.data(plan.all_reduce_bytes)})" if plan.all_reduce_bytes else ""
    said = f"bytes, FLOPs and times are those of one of {devices} devices, on average"
    peak = plan.device.link_peak_bytes_per_s
    if not link_is_known(plan.setup):
        why = "its links' bandwidth is" if peak is None else "the shapes of its layers are"
        return (
            f"{said}; what they send each other{size}, e.g. in an all-reduce, is not in the times: "
            f"{why} not known"
        )
    return (
        f"{said}; of what they send each other in an all-reduce, all-to-all or hand-over{size} "
        f"the least is in the times: at {units.data_rate(peak)} one way, as within one machine, "
        "overlapped with all else and without latencies"
    )


def _layout(plan: Plan) -> str:
    """Say what is assumed of a layout that engines differ in."""
    deployment = plan.setup.deployment
    said = []
    if deployment.data_parallel_attention > 1:
        said.append(
            "with data-parallel attention, head, input table, feed-forward layers and shared "
            f"experts are counted as divided among all {deployment.stage_devices} devices of a "
            f"stage: an engine that keeps them whole in each group holds up to "
            f"{units.data(plan.setup.whole_in_groups_bytes())} more a device"
        )
    if plan.model.experts is not None and deployment.expert_parallel > 1:
        said.append("experts are taken as evenly used: the busiest device is slower")
    if deployment.pipeline_parallel > 1:
        said.append(
            f"a step gives each sequence a token, as {deployment.pipeline_parallel} parts of the "
            "batch follow each other through the stages; memory is the mean of the stages"
        )
        said += _uneven_stages(plan)
    if deployment.least_batch > 1:
        said.append(
            f"a prefill is that of {deployment.least_batch} prompts, one for each group and stage"
        )
    return "; ".join(said)


def _uneven_stages(plan: Plan) -> list[str]:
    """Say by how much a stage is above the mean where layers do not divide among the stages."""
    layers, stages = plan.model.layers, plan.setup.deployment.pipeline_parallel
    if layers is None or layers % stages == 0:
        return []
    most = -(-layers // stages)
    more = most * stages / layers
    said = (
        f"{layers} layers do not divide among {stages} stages: one of {most} holds "
        f"{100 * (more - 1):.3g} % more of them than the mean"
    )
    if plan.memory.fits and more * plan.memory.total_bytes > plan.memory.usable_bytes:
        said += ", with which it may not fit"
    return [said]


def _latent(plan: Plan) -> str:
    shared = [c for c in plan.model.caches if c.shares < plan.tensor_parallel]
    if not shared:
        return ""
    return "the cache has fewer heads than there are devices: each share is held more than once"


def _encoders(plan: Plan) -> str:
    """Say which weights are held and not read, and which are left out."""
    model = plan.model
    said = [
        f"{one.what} ({units.count(one.parameters)} parameters) is held in memory; its work is not "
        "planned"
        for one in model.held
    ]
    said += [
        f"{one.what} ({units.count(one.parameters)} parameters) of the checkpoint are left out"
        for one in model.left_out
    ]
    return "; ".join(said)


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
