"""A comparison with a capture as plain data: what ``--format json`` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ncutool.planning.llm.comparison import Comparison, Observed
from ncutool.planning.llm.planned import Plan

SCHEMA = "ncutool/llm-against/1"


def record(found: Comparison) -> dict[str, Any]:
    """Return every figure of the comparison by its name, in base units; unknowns are None."""
    return {
        "schema": SCHEMA,
        "plan": _plan(found.plan),
        "capture": _observed(found.observed),
        "match": {
            "verdict": found.match.verdict,
            "problems": list(found.problems),
            "presets_with_these_shapes": list(found.fitting),
            "missing": [list(one.names) for one in found.match.missing],
            "foreign": [asdict(one) for one in found.match.foreign],
        },
        "compared": found.floor_ns is not None,
        "phase": found.phase,
        "phase_reason": found.phase_reason,
        "lengths": None if found.lengths is None else asdict(found.lengths),
        "rows": found.rows,
        "steps": found.steps,
        "step_ns": found.step_ns,
        "step_busy_ns": found.step_busy_ns,
        "seen_weight_bytes": found.seen_weight_bytes,
        "planned_weight_bytes": found.planned_weight_bytes,
        "kv_bytes": found.kv_bytes,
        "kv_reason": found.kv_reason,
        "floor": None if found.floor is None else asdict(found.floor),
        "floor_ns": found.floor_ns,
        "lowest_floor_ns": found.lowest_floor_ns,
        "highest_floor_ns": found.highest_floor_ns,
        "reached_pct": found.reached_pct,
        "busy_reached_pct": found.busy_reached_pct,
        "parts": rows(found),
        "products": [asdict(one) for one in found.products],
        "notes": list(found.notes),
    }


def rows(found: Comparison) -> list[dict[str, Any]]:
    """Return a row for each part of the step."""
    return [asdict(part) for part in found.parts]


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "model": plan.model.name,
        "device": plan.device.name,
        "tensor_parallel": plan.tensor_parallel,
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
        "products": [{**asdict(one), "label": one.label} for one in observed.products],
        "opaque_ns": observed.opaque_ns,
        "attention_launches": observed.attention_launches,
        "attention_dtype": observed.attention_dtype,
        "kv_bytes": observed.kv_bytes,
        "kv_reason": observed.kv_reason,
        "ranks": observed.ranks,
    }
