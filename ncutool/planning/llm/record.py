"""A plan as plain data: what ``--format json`` prints and what the page's script reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ncutool.base.records import as_dict
from ncutool.planning.llm.curve import at_speeds, curve
from ncutool.planning.llm.planned import Plan
from ncutool.planning.llm.step import Prefill, Step

SCHEMA = "ncutool/llm-plan/2"


def record(plan: Plan) -> dict[str, Any]:
    """Return every figure of the plan by its name, in base units; unknowns are None."""
    model, device = plan.model, plan.device
    return {
        "schema": SCHEMA,
        "model": {
            "name": model.name,
            "architecture": model.architecture or None,
            "source": model.source or None,
            "parameters": model.parameters,
            "active_parameters": model.active_parameters,
            "published_parameters": model.published_parameters,
            "layers": model.layers,
            "hidden_size": model.hidden_size,
            "heads": model.heads,
            "kv_heads": model.kv_heads,
            "attention": model.attention,
            "windows": [
                {"layers": cache.layers, "window_tokens": cache.window} for cache in model.caches
            ],
            "experts": as_dict(model.experts) if model.experts else None,
            "max_context_tokens": model.max_context_tokens,
        },
        "device": {
            "name": device.name,
            "memory_bytes": device.memory_bytes,
            "link_bytes_per_s": device.link_peak_bytes_per_s,
            "link_source": device.link_source or None,
            "peak_bytes_per_s": plan.peak_bytes_per_s,
            "peak_flop_per_s": plan.peak_flop_per_s,
            "roof": plan.types.roof,
            "ridge_point_flop_per_byte": plan.ridge_point_flop_per_byte,
            "source": device.source or None,
            "confidence": device.confidence or None,
        },
        "types": {
            "weights": plan.types.weights,
            "kv": plan.types.kv,
            "activations": plan.types.activations,
            "activations_from": plan.types.activations_from,
            "other_activations": [as_dict(one) for one in plan.other_activations],
            "attention_roof": plan.types.attention_roof,
            "stored": [
                {"part": part, "type": name, "bytes_per_value": size}
                for part, name, size in plan.types.stored
            ],
            "storage": dict(plan.types.storage),
        },
        "tensor_parallel": plan.tensor_parallel,
        "expert_parallel": plan.setup.deployment.expert_parallel,
        "data_parallel_attention": plan.setup.deployment.data_parallel_attention,
        "pipeline_parallel": plan.setup.deployment.pipeline_parallel,
        "devices": plan.setup.deployment.devices,
        "batch": plan.batch,
        "context_tokens": plan.context_tokens,
        "memory": as_dict(plan.memory),
        "decode": flat(plan.decode),
        "rule_of_thumb": as_dict(plan.rule_of_thumb),
        "prefill": flat(plan.prefill),
        "crossover": as_dict(plan.crossover),
        "cache_limit": as_dict(plan.cache_limit) if plan.cache_limit else None,
        "equal_context_tokens": plan.equal_context_tokens,
        "all_reduce_bytes": plan.all_reduce_bytes,
        "batches": rows(plan.batches),
        "contexts": rows(plan.contexts),
        "curve": curve_record(plan),
        "answers": as_dict(plan.answers) if plan.answers else None,
        "serving": as_dict(plan.serving) if plan.serving else None,
        "serving_reason": plan.serving_reason,
        "shares": as_dict(plan.shares),
        "prefix": as_dict(plan.ways.prefix) if plan.ways.prefix else None,
        "chunked": as_dict(plan.ways.chunked) if plan.ways.chunked else None,
        "speculation": as_dict(plan.ways.speculation) if plan.ways.speculation else None,
        "divided": as_dict(plan.ways.pools) if plan.ways.pools else None,
        "usual": as_dict(plan.usual) if plan.usual else None,
        "notes": list(plan.notes),
    }


def curve_record(plan: Plan) -> dict[str, Any]:
    """Return throughput against the speed of each user: points, and the best at round speeds."""
    points = curve(plan)
    return {
        "points": [as_dict(point) for point in points],
        "at_speeds": [as_dict(row) for row in at_speeds(plan, points)],
    }


def rows(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return a row for each step of a sweep."""
    return [flat(step) for step in steps]


def flat(step: Step | Prefill) -> dict[str, Any]:
    """Return a step's figures by name; those of other routings of experts under a prefix."""
    figures = as_dict(step)
    routed = {way: figures.pop(way) for way in ("expected", "worst")}
    for way, values in routed.items():
        figures |= {f"{way}_{name}": value for name, value in values.items()}
    return figures
