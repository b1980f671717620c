"""JSON Schemas of the outputs that are not tables of a capture, made from what they are made of."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

Schema = dict[str, Any]
ANY: Schema = {}
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
BOOLEAN: Schema = {"type": "boolean"}
RECORD: Schema = {"type": "object"}
RECORD_OR_NULL: Schema = {"type": ["object", "null"]}
_PLAIN: dict[Any, Schema] = {
    str: TEXT,
    int: INTEGER,
    float: {"type": "number"},
    bool: BOOLEAN,
    type(None): {"type": "null"},
}


def listed(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def record(properties: Mapping[str, Schema], optional: Iterable[str] = ()) -> Schema:
    """Return the schema of an object that may get further fields within a version."""
    left = set(optional)
    required = [name for name in properties if name not in left]
    return {"type": "object", "required": required, "properties": dict(properties)}


def of_type(kind: Any) -> Schema:
    """Return the schema of what `asdict` and JSON make of a type; of an unknown one any value."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [of_type(one) for one in inner]}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (tuple, list) and len(inner) == 2 and inner[1] is Ellipsis:
        return listed(of_type(inner[0]))
    if origin is list:
        return listed(of_type(inner[0]))
    if origin is tuple:
        return {"type": "array", "minItems": len(inner), "maxItems": len(inner)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": of_type(inner[1])}
    if is_dataclass(kind) and isinstance(kind, type):
        return of_dataclass(kind)
    if isinstance(kind, type) and issubclass(kind, int | float):
        return of_type(int if issubclass(kind, int) else float)
    return ANY


def of_dataclass(kind: type) -> Schema:
    """Return the schema of what `asdict` makes of a record."""
    return record({name: of_type(found) for name, found in _hints(kind).items()})


def _hints(kind: type) -> dict[str, Any]:
    """Return the types of a record's fields; a name that is imported for types alone is any."""
    unknown: dict[str, Any] = {}
    while True:
        try:
            return get_type_hints(kind, localns=unknown)
        except NameError as error:
            if error.name is None or error.name in unknown:
                raise
            unknown[error.name] = Any


def _facts(table: str) -> dict[str, Schema]:
    """Return what the output of one capture opens with."""
    from ncutool.analysis import json_schema

    whole: dict[str, Schema] = json_schema.of_output("kernels")["properties"]
    return {key: one for key, one in whole.items() if key not in ("schema", "kernels", table)}


def _next_capture() -> Schema:
    from ncutool.analysis.next_capture import NextCapture

    return record({**_facts("next_capture"), "next_capture": of_dataclass(NextCapture)})


def _explanation() -> Schema:
    from ncutool.explain.explanation import Explanation

    return of_dataclass(Explanation)


def _device_explanation() -> Schema:
    against = record({"name": TEXT, "against": listed(TEXT)})
    recorded = record({"ordinal": INTEGER, "candidates": listed(against)})
    texts = {"capture": TEXT, "device": TEXT_OR_NULL, "how": TEXT, "peaks": TEXT}
    return record({**texts, "recorded": listed(recorded)})


_COLUMN: dict[str, Schema] = {
    "String": TEXT_OR_NULL,
    "Int64": {"type": ["integer", "null"]},
    "Float64": NUMBER_OR_NULL,
    "Boolean": {"type": ["boolean", "null"]},
}


def _diff_facts() -> dict[str, Schema]:
    from ncutool.diff.compare import Idle, Rate
    from ncutool.diff.facts import Fact, State
    from ncutool.diff.findings import Became

    runs = listed(record({"name": TEXT, "device": TEXT_OR_NULL, "launches": INTEGER}))
    return {
        "headline": TEXT,
        "judged": BOOLEAN,
        "refused": BOOLEAN,
        "before": runs,
        "after": runs,
        "order": {"type": ["array", "null"], "items": INTEGER},
        "order_how": TEXT,
        "same_work": record({"state": of_type(State), "facts": listed(of_dataclass(Fact))}),
        "totals": listed(
            record({"what": TEXT, "change_pct": NUMBER_OR_NULL, "verdict": TEXT_OR_NULL})
        ),
        "same_recording": BOOLEAN,
        "judged_together": INTEGER,
        "matches": {"type": "object", "additionalProperties": INTEGER},
        "idle": listed(of_dataclass(Idle)),
        "rates": listed(of_dataclass(Rate)),
        "findings": listed(of_dataclass(Became)),
        "notes": listed(TEXT),
        "gate": RECORD_OR_NULL,
    }


def _diff() -> Schema:
    from ncutool.diff.record import COLUMNS

    row = {name: _COLUMN.get(str(kind), {"type": "array"}) for name, kind in COLUMNS.items()}
    return record({**_diff_facts(), "diff": listed(record(row))})


def _diff_ranks() -> Schema:
    names = ("world_size_before", "world_size_after", "slowest_rank_before", "slowest_rank_after")
    return record(
        {
            "headline": TEXT,
            "verdict": TEXT_OR_NULL,
            **dict.fromkeys(names, ANY),
            "ranks_only_before": listed(INTEGER),
            "ranks_only_after": listed(INTEGER),
            "ranks": listed(record({"rank": INTEGER, **_diff_facts()})),
        }
    )


def _whatif() -> Schema:
    whole = {
        "asked": RECORD,
        "device": ANY,
        "kernel_time": RECORD,
        "end_to_end": RECORD_OR_NULL,
        "end_to_end_reason": TEXT,
        "findings_carried_out": listed(RECORD),
        "unchanged": listed(RECORD),
        "memory": RECORD,
        "notes": listed(TEXT),
        "whatif": listed(RECORD),
    }
    return record({**_facts("whatif"), **whole})


def _gemm() -> Schema:
    from ncutool.planning.planner.products import GemmPlan

    return of_dataclass(GemmPlan)


def _attention() -> Schema:
    from ncutool.planning.planner.attending import AttentionPlan

    return of_dataclass(AttentionPlan)


def _llm() -> Schema:
    from ncutool.planning.llm.shares import Shares
    from ncutool.planning.llm.usual.step import Usual
    from ncutool.planning.llm.ways import Found

    ways = get_type_hints(Found)
    records = ("model", "device", "types", "memory", "decode", "rule_of_thumb", "prefill")
    return record(
        {
            **dict.fromkeys(records, RECORD),
            "tensor_parallel": INTEGER,
            "batch": INTEGER,
            "context_tokens": INTEGER,
            "crossover": RECORD,
            "cache_limit": RECORD_OR_NULL,
            "batches": listed(RECORD),
            "contexts": listed(RECORD),
            "curve": record({"points": listed(RECORD), "at_speeds": listed(RECORD)}),
            "shares": of_dataclass(Shares),
            **{name: of_type(ways[name]) for name in ("prefix", "chunked", "speculation")},
            "divided": of_type(ways["pools"]),
            "usual": of_type(Usual | None),
            "notes": listed(TEXT),
        }
    )


def _llm_against() -> Schema:
    return record(
        {
            "plan": RECORD,
            "capture": RECORD,
            "match": record({"verdict": TEXT, "problems": listed(TEXT)}),
            "compared": BOOLEAN,
            "phase": ANY,
            "floor": RECORD_OR_NULL,
            "floor_ns": NUMBER_OR_NULL,
            "expected_floor_ns": NUMBER_OR_NULL,
            "worst_floor_ns": NUMBER_OR_NULL,
            "link_ns": NUMBER_OR_NULL,
            "contradiction": RECORD_OR_NULL,
            "untested": listed(record({"what": TEXT, "why": TEXT})),
            "reached_pct": NUMBER_OR_NULL,
            "parts": listed(RECORD),
            "products": listed(RECORD),
            "notes": listed(TEXT),
        }
    )


def _llm_presets() -> Schema:
    preset = {"name": TEXT, "parameters": INTEGER, "active_parameters": INTEGER}
    return record({"presets": listed(record(preset))})


def _device_comparison() -> Schema:
    kinds = {"enum": ["intensity", "capture", "model"]}
    return record({"workload": kinds, "devices": listed(RECORD), "notes": listed(TEXT)})


def _signals() -> Schema:
    verdict = record({"regime": TEXT, "regime_means": TEXT, "thresholds": listed(RECORD)})
    return record(
        {
            "headline": TEXT,
            "device": RECORD_OR_NULL,
            "verdicts": listed(verdict),
            "notes": listed(TEXT),
        }
    )


def _job() -> Schema:
    one = {"job": TEXT, "headline": TEXT, "refused": TEXT_OR_NULL, "ranks": listed(RECORD)}
    return record({"jobs": listed(record(one))})


def _trends() -> Schema:
    return record(
        {
            "by": TEXT,
            "order": ANY,
            "headline": TEXT,
            "needed_points": INTEGER,
            "works": listed(record({"points": {"type": "array"}, "events": listed(RECORD)})),
            "notes": listed(TEXT),
        }
    )


def _rows(key: str) -> Callable[[], Schema]:
    return lambda: record({key: listed(RECORD)})


OUTPUTS: dict[str, tuple[int, Callable[[], Schema]]] = {
    "next-capture": (1, _next_capture),
    "explanation": (1, _explanation),
    "device-explanation": (1, _device_explanation),
    "diff": (1, _diff),
    "diff-ranks": (1, _diff_ranks),
    "whatif": (1, _whatif),
    "gemm-plan": (2, _gemm),
    "attention-plan": (2, _attention),
    "llm-plan": (2, _llm),
    "llm-against": (2, _llm_against),
    "llm-presets": (1, _llm_presets),
    "device-comparison": (1, _device_comparison),
    "signals": (1, _signals),
    "job": (1, _job),
    "trends": (1, _trends),
    "query": (1, _rows("rows")),
    "devices": (1, _rows("devices")),
}
"""Version and maker of the schema of each output."""


def of_output(name: str) -> Schema:
    """Return the JSON Schema of an output of :data:`OUTPUTS`."""
    version, make = OUTPUTS[name]
    made = make()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"ncutool {name}",
        "type": "object",
        "required": ["schema", *made["required"]],
        "properties": {"schema": {"const": f"ncutool/{name}/{version}"}, **made["properties"]},
    }
