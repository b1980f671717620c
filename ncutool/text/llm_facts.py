"""What a plan says, in lines: a name, a value and a remark each, in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.text.llm_answers import answer_facts, serving_facts
from ncutool.text.llm_usual import usual_facts
from ncutool.text.llm_ways import share_facts, way_facts
from ncutool.text.llm_words import Fact, milliseconds, rate

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan

NEVER = "never"


def scope(plan: Plan) -> str:
    """Return whose bytes and tokens a block shows, where there are several devices."""
    if plan.memory.devices == 1:
        return ""
    return f"; memory of each device, tokens of all {plan.memory.devices}"


def size(value: float | None) -> str:
    """Return bytes to four digits: `16.06 GB`."""
    if value is None:
        return units.UNKNOWN
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= scale:
            return f"{units.significant(value / scale, 4)} {unit}"
    return f"{units.significant(value, 4)} B"


def whole(value: float | None) -> str:
    """Return a batch: `295.3`, `1,024`, or `never`."""
    return NEVER if value is None else units.significant(value, 4)


def plain(value: float | None) -> str:
    """Return an intensity without its unit: `1.00`, `295`, `2,048`."""
    if value is not None and value >= 1000:
        return units.count(value)
    return units.significant(value)


def headline(plan: Plan) -> str:
    """Return what the plan is of: the model, its types, the devices."""
    deployment = plan.setup.deployment
    devices = f"{deployment.devices} × " if deployment.devices > 1 else ""
    # Tensor parallelism alone is what several devices are taken to mean.
    plain_layout = deployment.tensor_parallel == deployment.devices
    how = "" if plain_layout and deployment.expert_parallel == 1 else f" ({deployment.words})"
    return f"{plan.model.name} in {stored_types(plan)} on {devices}{plan.device.name}{how}"


def stored_types(plan: Plan) -> str:
    """Return the types of the weights, that of most weights first: `mxfp4 and bf16`."""
    held: dict[str, float] = {}
    for matrix in plan.model.matrices:
        kind = plan.setup.stored(matrix)
        size_bytes = matrix.copies * matrix.values * kind.bytes_per_value
        held[kind.name] = held.get(kind.name, 0.0) + size_bytes
    return " and ".join(sorted(held, key=lambda name: -held[name]))


def facts(plan: Plan) -> list[tuple[str, list[Fact]]]:
    """Return titled groups of facts, in the order they are read."""
    devices = plan.memory.devices
    each = "Memory" if devices == 1 else f"Memory of each of {devices} devices"
    blocks = [("Model", _model(plan)), (f"{each} (GB)", _memory(plan))]
    if devices > 1:
        blocks.append((f"Memory of all {devices} devices together (GB)", _all_memory(plan)))
    of = "" if devices == 1 else f", {devices} devices together"
    return [
        *blocks,
        (f"Decode{of}", _decode(plan)),
        (f"Prefill{of}", _prefill(plan)),
        (f"Where the regime changes{of}", _limits(plan)),
        *share_facts(plan, of),
        *way_facts(plan, of),
        *serving_facts(plan, of),
        *answer_facts(plan),
        *usual_facts(plan, of),
    ]


def gigabytes(value: float | None) -> str:
    """Return bytes in GB, the one unit of a block: `16.06`, `0.5369`."""
    return units.UNKNOWN if value is None else units.significant(value / 1e9, 4)


def _model(plan: Plan) -> list[Fact]:
    """Return what the model is, the same on however many devices."""
    model, kept = plan.model, plan.memory
    lines = [
        Fact(
            "parameters",
            units.count(model.parameters),
            f"{units.significant(model.active_parameters / 1e9)} B a token",
        )
    ]
    if kept.kv_bytes_per_token_all_devices is None:
        return [*lines, Fact("KV cache", units.UNKNOWN, "its shape was not given")]
    if model.caches:
        lines.append(
            Fact(
                "KV cache",
                f"{units.count(kept.kv_bytes_per_token_all_devices)} B/token",
                f"{model.attention}, {plan.types.kv}{_windows(plan)}",
            )
        )
    if model.states:
        lines.append(
            Fact(
                "recurrent state",
                f"{units.count(kept.state_bytes_per_sequence_all_devices)} B/sequence",
                f"{model.state_layers} of {model.layers} layers keep this however long a sequence "
                "is",
            )
        )
    return lines


def _memory(plan: Plan) -> list[Fact]:
    kept = plan.memory
    sequences = units.counted(plan.batch, "sequence")
    share = 100 * kept.total_bytes / kept.device_bytes
    return [
        Fact("weights", gigabytes(kept.weight_bytes)),
        Fact(
            "KV cache",
            gigabytes(kept.kv_bytes),
            f"{sequences} of {units.counted(plan.context_tokens, 'token')}, "
            f"{gigabytes(kept.kv_bytes_per_sequence)} each",
        ),
        Fact(
            "in all",
            gigabytes(kept.total_bytes),
            f"{units.percent(share)} of {gigabytes(kept.device_bytes)}, usable "
            f"{gigabytes(kept.usable_bytes)}: " + ("fits" if kept.fits else fit_words(plan)),
        ),
    ]


def _all_memory(plan: Plan) -> list[Fact]:
    kept = plan.memory
    held = kept.devices * kept.weight_bytes
    caches = None if kept.kv_bytes is None else kept.devices * kept.kv_bytes
    once = None
    if kept.kv_bytes_per_sequence_all_devices is not None:
        once = plan.batch * kept.kv_bytes_per_sequence_all_devices
    return [
        Fact("weights", gigabytes(held), f"{gigabytes(kept.weight_bytes_all_devices)} each once"),
        Fact("KV cache", gigabytes(caches), f"{gigabytes(once)} each once"),
        Fact(
            "in all",
            gigabytes(kept.total_bytes_all_devices),
            f"of {gigabytes(kept.devices * kept.device_bytes)}",
        ),
    ]


def _windows(plan: Plan) -> str:
    windowed = [cache for cache in plan.model.caches if cache.window is not None]
    if not windowed:
        return ""
    layers = sum(cache.layers for cache in windowed)
    window = units.count(max(cache.window or 0 for cache in windowed))
    return f"; {layers} of {plan.model.layers} layers keep {window} tokens at most"


def fit_words(plan: Plan) -> str:
    """Say that the model does not fit, and on how many devices it does."""
    smallest = plan.memory.smallest_tensor_parallel
    if smallest is None:
        return "does not fit at any tensor parallelism that divides its heads"
    return f"does not fit: tensor parallelism {smallest} or more"


def _decode(plan: Plan) -> list[Fact]:
    step, thumb = plan.decode, plan.rule_of_thumb
    cache = (
        "cache not counted"
        if step.kv_bytes is None
        else f"context {units.count(plan.context_tokens)}"
    )
    rule = "the usual rule of thumb" if plan.model.experts is None else "all experts read"
    return [
        Fact(
            "speed of light",
            f"{milliseconds(step.floor_ns)}/token",
            f"{rate(step.tokens_per_s_per_sequence)} a user, {rate(step.tokens_per_s)} in all; "
            f"batch {units.count(plan.batch)}, {cache}; {step.bound}-bound ({step.limit}"
            f"{_on(step.limit_resource)})",
        ),
        Fact(
            "all weights once",
            f"{milliseconds(thumb.ns)}/token",
            f"{rate(thumb.tokens_per_s)}: {rule}, no cache, batch 1",
        ),
        *_links(plan),
        *_intensities(plan),
        *_experts(plan),
    ]


def _links(plan: Plan) -> list[Fact]:
    """Return the time of what devices send each other in a step; nothing for one device."""
    step = plan.decode
    if plan.memory.devices == 1:
        return []
    if step.link_ns is None or step.in_turn_ns is None:
        return [Fact("between devices", units.UNKNOWN, "not in the times: see below")]
    return [
        Fact(
            "between devices",
            milliseconds(step.link_ns),
            f"at least, {size(step.link_bytes)} a device: {milliseconds(step.in_turn_ns)}/token "
            f"where nothing overlaps it{_sent(plan)}",
        )
    ]


def _sent(plan: Plan) -> str:
    """Return the time between devices with experts as expected, where it is more than the least."""
    usual = plan.decode.expected.link_ns
    if not usual or usual == plan.decode.link_ns:
        return ""
    return f"; {milliseconds(usual)} with experts as expected"


def _on(resource: str) -> str:
    """Return the roof that binds, where it is one; memory is said by the bound already."""
    return "" if resource in ("memory", "link") else f" on {resource.replace('_', ' ')}"


def _intensities(plan: Plan) -> list[Fact]:
    step = plan.decode
    return [
        Fact(
            "intensity, FC layers",
            units.intensity(step.matrix_intensity_flop_per_byte),
            "grows with the batch",
        ),
        Fact(
            "intensity, attention",
            units.intensity(step.attention_intensity_flop_per_byte),
            "does not move with the batch",
        ),
        Fact(
            "ridge point",
            f"{plan.ridge_point_flop_per_byte:.1f} FLOP/byte",
            f"{_peak(plan)} {plan.types.roof.replace('_', ' ')}, dense, "
            f"/ {units.data_rate(plan.peak_bytes_per_s)}",
        ),
    ]


def _peak(plan: Plan) -> str:
    """Return the peak with its unit: integer operations are no FLOPs."""
    unit = "OP/s" if plan.types.roof.startswith("int") else "FLOP/s"
    return units.scaled(plan.peak_flop_per_s, unit)


def _experts(plan: Plan) -> list[Fact]:
    experts, step = plan.model.experts, plan.decode
    if experts is None or step.experts_touched is None:
        return []
    usual, worst = step.expected, step.worst
    batch = units.count(plan.batch)
    return [
        Fact(
            "expected",
            f"{milliseconds(usual.ns)}/token",
            f"{rate(usual.tokens_per_s)} in all: {units.significant(usual.experts_touched)} of "
            f"{experts.count} experts read a layer if batch {batch} chooses uniformly",
        ),
        Fact(
            "worst",
            f"{milliseconds(worst.ns)}/token",
            f"{rate(worst.tokens_per_s)} in all: {units.significant(worst.experts_touched)} "
            "experts, no two tokens alike",
        ),
    ]


def _prefill(plan: Plan) -> list[Fact]:
    prompt = plan.prefill
    others = [
        Fact(
            "",
            milliseconds(one.prefill_ns),
            f"with {one.activations} inputs, {one.roof.replace('_', ' ')}; decode "
            f"{milliseconds(one.decode_ns)}/token",
        )
        for one in plan.other_activations
    ]
    expected = ""
    if plan.model.experts is not None and prompt.expected.ns > prompt.floor_ns:
        expected = f"; {milliseconds(prompt.expected.ns)} if experts are chosen uniformly"
    return [
        Fact(
            "prompt",
            milliseconds(prompt.floor_ns),
            f"{_prompts(prompt.prompts)}{units.counted(prompt.prompt_tokens, 'token')}, "
            f"{rate(prompt.tokens_per_s)}; "
            f"{prompt.bound}-bound ({prompt.limit}{_on(prompt.limit_resource)}) at "
            f"{units.intensity(prompt.intensity_flop_per_byte)}; {plan.types.activations} inputs"
            f"{expected}",
        ),
        *others,
    ]


def _prompts(count: int) -> str:
    """Return how many prompts are read at once, where it is more than one."""
    return "" if count == 1 else f"{units.count(count)} at once, one a group and stage, each "


def _limits(plan: Plan) -> list[Fact]:
    turning = plan.crossover
    mixed = ""
    if turning.fewest_experts is not None or turning.most_experts is not None:
        low, high = whole(turning.fewest_experts), whole(turning.most_experts)
        mixed = f", experts uniform ({low} to {high})"
    lines = [
        Fact(
            "B*",
            whole(turning.weights_only),
            f"FC layers turn compute-bound; weights alone{mixed}",
        )
    ]
    if plan.model.shapes_known:
        lines.append(
            Fact("", whole(turning.with_activations), "with inputs and outputs counted too")
        )
    return [*lines, *_cache_limits(plan)]


def _cache_limits(plan: Plan) -> list[Fact]:
    if plan.memory.kv_bytes is None or plan.cache_limit is None:
        return []
    first = {"memory": "memory runs out first", "compute": "compute binds first"}
    equal, limit, turning = plan.equal_context_tokens, plan.cache_limit, plan.crossover
    alike = ""
    if plan.model.experts is not None:
        alike = f"; {whole(turning.whole_step_fewest_experts)} if all tokens choose alike"
    what = (
        f"{limit.limit} on memory"
        if limit.resource == "memory"
        else f"{limit.limit}{_on(limit.limit_resource)}"
    )
    return [
        Fact(
            "whole step",
            whole(turning.whole_step),
            f"the step turns compute-bound, cache and attention counted, at this context{alike}",
        ),
        Fact(
            "memory allows",
            units.count(plan.memory.most_sequences),
            f"sequences of {units.counted(plan.context_tokens, 'token')}: "
            + first.get(turning.first, "")
            + ", of the whole step",
        ),
        Fact(
            "most tokens",
            rate(limit.tokens_per_s),
            f"however large the batch, limited by {what}; half of it at batch "
            + whole(limit.half_batch),
        ),
        Fact(
            "KV = weights",
            NEVER if equal is None else f"{units.count(equal)} tokens",
            "context of one sequence whose cache weighs as much as the weights",
        ),
    ]
