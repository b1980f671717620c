"""A comparison with a capture as plain data: what ``--format json`` prints."""

from __future__ import annotations

from typing import Any

from ncutool.base.records import as_dict
from ncutool.planning.llm.comparison import Comparison, Observed
from ncutool.planning.llm.planned import Plan

SCHEMA = "ncutool/llm-against/2"


def record(comparison: Comparison) -> dict[str, Any]:
    """Return every figure of the comparison by its name, in base units; unknowns are None."""
    return {
        "schema": SCHEMA,
        "plan": _plan(comparison.plan),
        "capture": _observed(comparison.observed),
        "match": {
            "verdict": comparison.match.verdict,
            "problems": list(comparison.problems),
            "presets_with_these_shapes": list(comparison.fitting),
            "missing": [list(one.names) for one in comparison.match.missing],
            "foreign": [as_dict(one) for one in comparison.match.foreign],
            "stage": None if comparison.match.stage is None else as_dict(comparison.match.stage),
        },
        "compared": comparison.floor_ns is not None,
        "phase": comparison.phase,
        "phase_reason": comparison.phase_reason,
        "lengths": None if comparison.lengths is None else as_dict(comparison.lengths),
        "rows": comparison.rows,
        "steps": comparison.steps,
        "step_ns": comparison.step_ns,
        "step_busy_ns": comparison.step_busy_ns,
        "seen_weight_bytes": comparison.seen_weight_bytes,
        "planned_weight_bytes": comparison.planned_weight_bytes,
        "kv_bytes": comparison.kv_bytes,
        "kv_reason": comparison.kv_reason,
        "floor": None if comparison.floor is None else as_dict(comparison.floor),
        "floor_ns": comparison.floor_ns,
        "expected_floor_ns": comparison.expected_floor_ns,
        "worst_floor_ns": comparison.worst_floor_ns,
        "link_ns": comparison.link_ns,
        "contradiction": (
            None if comparison.contradiction is None else as_dict(comparison.contradiction)
        ),
        "reached_pct": comparison.reached_pct,
        "busy_reached_pct": comparison.busy_reached_pct,
        "parts": rows(comparison),
        "products": [as_dict(one) for one in comparison.products],
        "untested": [as_dict(one) for one in comparison.untested],
        "notes": list(comparison.notes),
    }


def rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each part of the step."""
    return [as_dict(part) for part in comparison.parts]


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "model": plan.model.name,
        "device": plan.device.name,
        "tensor_parallel": plan.tensor_parallel,
        "expert_parallel": plan.setup.deployment.expert_parallel,
        "data_parallel_attention": plan.setup.deployment.data_parallel_attention,
        "pipeline_parallel": plan.setup.deployment.pipeline_parallel,
        "weights": plan.types.weights,
        "kv": plan.types.kv,
        "activations": plan.types.activations,
        "peak_bytes_per_s": plan.peak_bytes_per_s,
        "peak_flop_per_s": plan.peak_flop_per_s,
        "roof": plan.types.roof,
    }


def _observed(observed: Observed) -> dict[str, Any]:
    return {
        "name": observed.capture,
        "device": observed.device,
        "wall_ns": observed.wall_ns,
        "busy_ns": observed.busy_ns,
        "steps": observed.steps,
        "steps_reason": observed.steps_reason,
        "trimmed": list(observed.trimmed),
        "products": [{**as_dict(one), "label": one.label} for one in observed.products],
        "opaque_ns": observed.opaque_ns,
        "attention_launches": observed.attention_launches,
        "attention_dtype": observed.attention_dtype,
        "kv_bytes": observed.kv_bytes,
        "kv_reason": observed.kv_reason,
        "ranks": observed.ranks,
        "expert_weights": [one.label for one in observed.expert_weights],
    }
