"""JSON Schemas of the outputs that are not tables of a capture, made from what they are made of."""

from __future__ import annotations

from collections.abc import Callable

from ncutool.base.json_types import Schema, with_units
from ncutool.commands.output_schemas import archives, captures, diffs, known_devices, plans

OUTPUTS: dict[str, tuple[int, Callable[[], Schema]]] = {
    "next-capture": (1, captures.next_capture),
    "explanation": (1, captures.explanation),
    "device-explanation": (1, captures.device_explanation),
    "diff": (1, diffs.diff),
    "diff-ranks": (1, diffs.diff_ranks),
    "whatif": (1, captures.whatif),
    "gemm-plan": (2, plans.gemm),
    "attention-plan": (2, plans.attention),
    "llm-plan": (2, plans.llm),
    "llm-against": (2, plans.llm_against),
    "llm-presets": (1, plans.llm_presets),
    "device-comparison": (1, plans.device_comparison),
    "signals": (1, plans.signals),
    "job": (1, archives.job),
    "trends": (1, archives.trends),
    "query": (1, archives.query),
    "devices": (1, known_devices.devices),
}
"""Version and maker of the schema of each output."""


def of_output(name: str) -> Schema:
    """Return the JSON Schema of an output of :data:`OUTPUTS`."""
    version, make = OUTPUTS[name]
    made = make()
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"ncutool {name}",
        **made,
        "required": ["schema", *made["required"]],
        "properties": {"schema": {"const": f"ncutool/{name}/{version}"}, **made["properties"]},
    }
    return dict(with_units(whole))
