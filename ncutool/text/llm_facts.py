"""What a plan says, in lines: a name, a value and a remark each, in groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.planning.llm import Plan

LARGEST = {"weights": "weights", "kv_cache": "KV cache", "math": "math"}
"""What takes most of a step's bound, in words."""
NEVER = "never"


@dataclass(frozen=True)
class Fact:
    """One line: what it is, its value, and what else there is to say."""

    name: str
    value: str
    remark: str = ""


def _per_device(plan: Plan) -> str:
    return f" a device, of {plan.tensor_parallel}" if plan.tensor_parallel > 1 else ""


def milliseconds(ns: float) -> str:
    """Return a time (ns) to four digits, as the arithmetic is compared by hand: `4.776 ms`."""
    if ns >= 1e9:
        return f"{units.significant(ns / 1e9, 4)} s"
    if ns >= 1e6:
        return f"{units.significant(ns / 1e6, 4)} ms"
    return f"{units.significant(ns / 1e3, 4)} µs"


def rate(value: float) -> str:
    """Return tokens per second to four digits: `209.4 tok/s`."""
    return f"{units.significant(value, max(4, len(str(int(value)))))} tok/s"


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
    devices = f"{plan.tensor_parallel} × " if plan.tensor_parallel > 1 else ""
    return f"{plan.model.name} in {stored_types(plan)} on {devices}{plan.device.name}"


def stored_types(plan: Plan) -> str:
    """Return the types of the weights, that of most weights first: `mxfp4 and bf16`."""
    held: dict[str, float] = {}
    sizes = {part: (name, value_bytes) for part, name, value_bytes in plan.types.stored}
    for matrix in plan.model.matrices:
        name, value_bytes = sizes[matrix.part]
        held[name] = held.get(name, 0.0) + matrix.copies * matrix.values * value_bytes
    return " and ".join(sorted(held, key=lambda name: -held[name]))


def facts(plan: Plan) -> list[tuple[str, list[Fact]]]:
    """Return titled groups of facts, in the order they are read."""
    return [
        ("Memory", _memory(plan)),
        ("Decode", _decode(plan)),
        ("Prefill", _prefill(plan)),
        ("Where the regime changes", _limits(plan)),
    ]


def _memory(plan: Plan) -> list[Fact]:
    kept = plan.memory
    of = _per_device(plan)
    lines = [
        Fact(
            "weights",
            size(kept.weight_bytes_all_devices),
            f"{units.count(plan.model.parameters)} parameters"
            + (f"; {size(kept.weight_bytes)}{of}" if of else ""),
        )
    ]
    if kept.kv_bytes is None:
        lines.append(Fact("KV cache", units.UNKNOWN, "its shape was not given"))
    else:
        lines.append(
            Fact(
                "KV cache",
                f"{units.count(kept.kv_bytes_per_token_all_devices)} B/token",
                f"{plan.model.attention}, {plan.types.kv}{_windows(plan)}",
            )
        )
        sequences = units.counted(plan.batch, "sequence")
        lines.append(
            Fact(
                "",
                f"{size(kept.kv_bytes_per_sequence)}/sequence",
                f"at {units.count(plan.context_tokens)} tokens{of}; {size(kept.kv_bytes)} for "
                f"{sequences}",
            )
        )
    share = 100 * kept.total_bytes / kept.device_bytes
    lines.append(
        Fact(
            "in all",
            f"{size(kept.total_bytes)} of {size(kept.device_bytes)}",
            f"{units.percent(share)}; usable {size(kept.usable_bytes)}: "
            + ("fits" if kept.fits else fit_words(plan)),
        )
    )
    return lines


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
            f"batch {units.count(plan.batch)}, {cache}; {step.bound}-bound "
            f"({LARGEST[step.largest]})",
        ),
        Fact(
            "all weights once",
            f"{milliseconds(thumb.ns)}/token",
            f"{rate(thumb.tokens_per_s)}: {rule}, no cache, batch 1",
        ),
        *_intensities(plan),
        *_experts(plan),
    ]


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
    low, high = step.fewest_floor_ns or step.floor_ns, step.most_floor_ns or step.floor_ns
    return [
        Fact(
            "experts touched",
            f"{units.significant(step.experts_touched)} of {experts.count}",
            f"expected at batch {units.count(plan.batch)}; step {milliseconds(low)} to "
            f"{milliseconds(high)}; {units.significant(plan.model.active_parameters / 1e9)} B "
            "parameters a token",
        )
    ]


def _prefill(plan: Plan) -> list[Fact]:
    prompt = plan.prefill
    return [
        Fact(
            "prompt",
            milliseconds(prompt.floor_ns),
            f"{units.count(prompt.prompt_tokens)} tokens, {rate(prompt.tokens_per_s)}; "
            f"{prompt.bound}-bound at {units.intensity(prompt.intensity_flop_per_byte)}",
        )
    ]


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
    equal, limit = plan.equal_context_tokens, plan.cache_limit
    return [
        Fact(
            "whole step",
            whole(plan.crossover.whole_step),
            "with its cache reads, at this context",
        ),
        Fact(
            "memory allows",
            units.count(plan.memory.most_sequences),
            f"sequences of {units.count(plan.context_tokens)} tokens: "
            + first.get(plan.crossover.first, ""),
        ),
        Fact(
            "cache limit",
            rate(limit.tokens_per_s),
            "however large the batch; half of the cache's at batch "
            + units.significant(limit.half_batch),
        ),
        Fact(
            "KV = weights",
            NEVER if equal is None else f"{units.count(equal)} tokens",
            "context of one sequence whose cache weighs as much as the weights",
        ),
    ]
