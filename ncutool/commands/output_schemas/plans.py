"""Schemas of what needs no capture: plans, comparisons of devices, signals."""

from __future__ import annotations

from collections.abc import Iterable

from ncutool.base.json_types import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    Schema,
    fields,
    keyed,
    listed,
    meant,
    of_record,
    or_null,
    picked,
    record,
)

_TEXT = or_null(TEXT)


def gemm() -> Schema:
    """Return the schema of `ncutool plan gemm`."""
    from ncutool.planning.planner.products import GemmPlan

    return of_record(GemmPlan)


def attention() -> Schema:
    """Return the schema of `ncutool plan attention`."""
    from ncutool.planning.planner.attending import AttentionPlan

    return of_record(AttentionPlan)


def llm() -> Schema:
    """Return the schema of `ncutool plan llm`."""
    from ncutool.planning.llm.planned import Plan, RuleOfThumb
    from ncutool.planning.llm.step import Prefill, Step
    from ncutool.planning.llm.ways import Found

    step, prefill = record(_flat(Step)), record(_flat(Prefill))
    deployment = ("expert_parallel", "data_parallel_attention", "pipeline_parallel", "devices")
    return record(
        {
            "model": _model(),
            "device": _device(),
            "types": _types(),
            **picked(Plan, ("tensor_parallel",)),
            **_of_deployment(deployment),
            **picked(Plan, ("batch", "context_tokens", "memory")),
            "decode": meant(step, "a step: a token for each sequence"),
            "rule_of_thumb": of_record(RuleOfThumb),
            "prefill": meant(prefill, "the prompts, read at once"),
            **picked(Plan, ("crossover", "cache_limit", "equal_context_tokens")),
            **picked(Plan, ("all_reduce_bytes",)),
            "batches": listed(step),
            "contexts": listed(step),
            "curve": _curve(),
            **picked(Plan, ("answers", "serving", "serving_reason", "shares")),
            **picked(Found, ("prefix", "chunked", "speculation")),
            "divided": fields(Found)["pools"],
            **picked(Plan, ("usual",)),
            "notes": listed(TEXT),
        }
    )


def _curve() -> Schema:
    from ncutool.planning.llm.curve import AtSpeed, CurvePoint

    return record(
        {
            "points": listed(of_record(CurvePoint)),
            "at_speeds": listed(of_record(AtSpeed), "the best at round speeds of a user"),
        },
        meaning="throughput against the speed of each user",
    )


def _of_deployment(names: Iterable[str]) -> dict[str, Schema]:
    from ncutool.planning.llm.deployment import Deployment

    return picked(Deployment, names)


def _flat(kind: type) -> dict[str, Schema]:
    """Return a step's fields; those of other routings of experts under a prefix."""
    from ncutool.planning.llm.step import Routed

    ways = ("expected", "worst")
    own = {name: one for name, one in fields(kind).items() if name not in ways}
    routed = {f"{way}_{name}": one for way in ways for name, one in fields(Routed).items()}
    return {**own, **routed}


def _model() -> Schema:
    from ncutool.planning.llm.model import Model

    window = record({"layers": INTEGER, "window_tokens": or_null(INTEGER, "null: all of them")})
    counts = ("parameters", "active_parameters", "published_parameters", "layers", "hidden_size")
    return record(
        {
            "name": TEXT,
            "architecture": _TEXT,
            "source": _TEXT,
            **picked(Model, (*counts, "heads", "kv_heads", "attention")),
            "windows": listed(window, "what layers attend to"),
            **picked(Model, ("experts", "max_context_tokens")),
        }
    )


def _device() -> Schema:
    rates = ("peak_bytes_per_s", "peak_flop_per_s", "ridge_point_flop_per_byte")
    return record(
        {
            "name": TEXT,
            "memory_bytes": INTEGER,
            "link_bytes_per_s": or_null(NUMBER, "one direction; null where it is not known"),
            "link_source": _TEXT,
            **dict.fromkeys(rates, NUMBER),
            "roof": meant(TEXT, "the compute roof of most of the matrix products"),
            "source": _TEXT,
            "confidence": _TEXT,
        }
    )


def _types() -> Schema:
    from ncutool.planning.llm.planned import Types, WithActivations

    stored = record({"part": TEXT, "type": TEXT, "bytes_per_value": meant(NUMBER, "[byte]")})
    return record(
        {
            **picked(Types, ("weights", "kv", "activations", "activations_from")),
            "other_activations": listed(of_record(WithActivations)),
            **picked(Types, ("attention_roof",)),
            "stored": listed(stored, "how each part of the model is stored, with scales"),
            "storage": keyed(TEXT, "of each type in use: what is counted"),
        }
    )


def llm_against() -> Schema:
    """Return the schema of `ncutool plan llm --against CAPTURE`."""
    from ncutool.planning.llm.comparison import Comparison, ProductRow, Row

    phase = ("phase", "phase_reason", "lengths", "rows", "steps", "step_ns", "step_busy_ns")
    weights = ("seen_weight_bytes", "planned_weight_bytes", "kv_bytes", "kv_reason", "floor")
    floors = ("floor_ns", "expected_floor_ns", "worst_floor_ns", "link_ns", "contradiction")
    reached = ("reached_pct", "busy_reached_pct", "untested")
    return record(
        {
            "plan": _plan(),
            "capture": _observed(),
            "match": _match(),
            "compared": meant(BOOLEAN, "false where plan and capture do not fit together"),
            **picked(Comparison, (*phase, *weights, *floors, *reached)),
            "parts": listed(of_record(Row), "of a step"),
            "products": listed(of_record(ProductRow)),
            "notes": listed(TEXT),
        }
    )


def _plan() -> Schema:
    texts = ("weights", "kv", "activations")
    layouts = ("expert_parallel", "data_parallel_attention", "pipeline_parallel")
    return record(
        {
            "model": TEXT,
            "device": TEXT,
            "tensor_parallel": INTEGER,
            **_of_deployment(layouts),
            **dict.fromkeys(texts, meant(TEXT, "their type")),
            "peak_bytes_per_s": NUMBER,
            "peak_flop_per_s": NUMBER,
            "roof": meant(TEXT, "the compute roof of most of the matrix products"),
        }
    )


def _observed() -> Schema:
    from ncutool.planning.llm.comparison import Observed
    from ncutool.planning.llm.matching import Seen

    product = record({**fields(Seen), **picked(Seen, ("label",))})
    times = ("device", "wall_ns", "busy_ns", "steps", "steps_reason", "trimmed")
    more = ("opaque_ns", "attention_launches", "attention_dtype", "kv_bytes", "kv_reason", "ranks")
    return record(
        {
            "name": TEXT,
            **picked(Observed, times),
            "products": listed(product),
            **picked(Observed, more),
            "expert_weights": listed(TEXT, "dimensions of all experts' weights on the device"),
        }
    )


def _match() -> Schema:
    from ncutool.planning.llm.comparison import Comparison
    from ncutool.planning.llm.matching import Match

    return record(
        {
            **picked(Match, ("verdict",)),
            **picked(Comparison, ("problems",)),
            "presets_with_these_shapes": picked(Comparison, ("fitting",))["fitting"],
            "missing": listed(listed(TEXT), "weights whose products were not seen"),
            **picked(Match, ("foreign", "stage")),
        }
    )


def llm_presets() -> Schema:
    """Return the schema of `ncutool plan llm --presets`."""
    from ncutool.planning.llm.model import Model

    names = ("name", "parameters", "active_parameters", "attention", "source")
    return record({"presets": listed(record(picked(Model, names)))})


def device_comparison() -> Schema:
    """Return the schema of `ncutool plan devices`: one of three kinds of workload."""
    from ncutool.planning.planner.comparing import IntensityComparison
    from ncutool.planning.planner.comparing_captures import CaptureComparison
    from ncutool.planning.planner.comparing_models import ModelComparison

    kinds = {
        "intensity": IntensityComparison, "capture": CaptureComparison, "model": ModelComparison,
    }  # fmt: skip
    made = [
        record({"schema": TEXT, "workload": {"const": name}, **fields(kind)})
        for name, kind in kinds.items()
    ]
    return {
        "type": "object",
        "required": ["workload", "devices", "notes"],
        "properties": {"workload": {"enum": list(kinds)}},
        "oneOf": made,
    }


def signals() -> Schema:
    """Return the schema of `ncutool plan signals`."""
    from ncutool.planning.signals.verdict import Verdict

    device = {
        "name": TEXT,
        "how": meant(TEXT, "what it was recognised by"),
        "peak_bytes_per_s": NUMBER,
        "source": _TEXT,
    }
    threshold = {
        "name": TEXT,
        "value": NUMBER,
        "unit": TEXT,
        "meaning": TEXT,
        "source": TEXT,
    }
    verdict = {
        **fields(Verdict),
        "thresholds": listed(record(threshold)),
        "regime_means": TEXT,
        "remedy": picked(Verdict, ("remedy",))["remedy"],
    }
    return record(
        {
            "headline": TEXT,
            "device": or_null(record(device)),
            "verdicts": listed(record(verdict)),
            "notes": listed(TEXT),
        }
    )
