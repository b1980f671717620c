"""The JSON Schema of a diagnosis."""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from ncutool.advice.view.finding import ANSWERS
from ncutool.base import tables
from ncutool.diagnose.budget import LEAST_BYTES, LISTS, MOST_BYTES
from ncutool.diagnose.ceiling import CEILINGS
from ncutool.diagnose.findings import LENGTHS, WHERE_KNOWN
from ncutool.diagnose.quoted import COMMAND_CHARACTERS, NAME_CHARACTERS
from ncutool.diagnose.record import SCHEMA
from ncutool.diagnose.states import STATES
from ncutool.diagnose.work import Work
from ncutool.diff.facts import State
from ncutool.diff.verdict import Verdict

Schema = dict[str, Any]
_NAME: Schema = {"type": "string", "maxLength": NAME_CHARACTERS, "description": "of the capture"}
_TEXT: Schema = {"type": "string", "maxLength": COMMAND_CHARACTERS}
_INT: Schema = {"type": "integer"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_BOOL: Schema = {"type": "boolean"}


def _or_null(schema: Schema, meaning: str = "") -> Schema:
    if "enum" in schema:
        made: Schema = {"enum": [*schema["enum"], None]}
    else:
        made = {**schema, "type": [schema["type"], "null"]}
    return {**made, "description": meaning} if meaning else made


def _object(properties: Schema, optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


_VALUE = {
    "metric": _or_null(_TEXT, "a column of `inside` or `kernels`, or what was counted"),
    "value": _or_null(_NUMBER),
    "unit": _or_null(_TEXT),
    "compare": _or_null({"enum": [">=", ">", "<"]}, "how the value lies to the threshold"),
    "threshold": _or_null(_NUMBER, "what it was held against; null where against nothing"),
    "launch_id": _or_null(_INT, "the launch that it is of"),
    "offset": _or_null(_INT, "the instruction that it is of, in bytes from the kernel's first"),
}
_LEAST_FINDING: Schema = {
    "id": _TEXT,
    "rule": {"type": "string", "description": "stable code: docs/rules"},
    "kind": {"enum": list(tables.FINDING_KINDS)},
    "action": {"type": "string", "description": "what to do in a few words"},
    "grade": {"enum": list(tables.GRADES)},
    "per": {"enum": list(tables.SAVINGS_PER)},
    "alone_low_ns": {**_COUNT, "description": "at least, done alone"},
    "alone_high_ns": {**_COUNT, "description": "the cap: at most, done alone"},
    "kernel": _or_null(_NAME, "that of its kernels with most time"),
    "detail": {"enum": list(LENGTHS), "description": "how much of it there was room for"},
}
_MORE_OF_FINDING: Schema = {
    "saving_low_ns": {**_COUNT, "description": "at least, after the findings before it"},
    "saving_high_ns": {**_COUNT, "description": "at most, after the findings before it"},
    "saving_low_pct": _NUMBER,
    "saving_high_pct": _NUMBER,
    "duration_ns": {**_COUNT, "description": "the time of its launches now"},
    "launches": {**_COUNT, "description": "how many it concerns"},
    "kernels": _list(_NAME),
    "why": _or_null(_TEXT, "its evidence on one line"),
    "cap": _or_null(_TEXT, "why it saves no more"),
    "evidence": _list(_object(_VALUE, WHERE_KNOWN)),
    "remedy": _or_null({"type": "string"}),
    "title": _TEXT,
    "sentences": _list(_TEXT),
    "caveat": _or_null(_TEXT, "what would make it wrong"),
    "code": _or_null({"type": "string"}),
    "link": _or_null({"type": "string"}),
    "launch_ids": {**_list(_INT), "description": "the first of its launches"},
    "overlaps": _list(_TEXT),
    "also": _list(_object({"rule": _TEXT, "alone_high_ns": _COUNT, "why": _or_null(_TEXT)})),
    "excluded": _list(
        _object(
            {"rule": _or_null(_TEXT), "what": _or_null(_TEXT), "why": _or_null(_TEXT), **_VALUE}
        )
    ),
}
_FINDING = _object({**_LEAST_FINDING, **_MORE_OF_FINDING}, tuple(_MORE_OF_FINDING))
_STATE: Schema = {"enum": list(STATES)}
_KERNEL = _object(
    {
        "kernel": _NAME,
        "op": _or_null(_NAME, "the operator of its longest launch"),
        "launches": _COUNT,
        "duration_ns": _COUNT,
        "share_pct": {**_NUMBER, "description": "of the launch time"},
        "longest_launch": {**_INT, "description": "launch_id; figures below are its own"},
        "state": _STATE,
        "cause": _or_null(_TEXT, "rule of its first finding; `at_limit` where a limit is reached"),
        "findings": _list(_TEXT),
        "bound": {"enum": list(tables.BOUNDS)},
        "roof": _or_null(_TEXT),
        "roof_side": _or_null({"enum": ["memory", "compute"]}),
        "roofline_pct": _or_null(_NUMBER),
        "bandwidth_pct": _or_null(_NUMBER, "its DRAM bytes over time, of the DRAM peak"),
        "bytes_ratio": _or_null(_NUMBER, "counted over compulsory bytes, where both are known"),
        "device": _or_null(_INT),
        "limiting": _or_null(_TEXT, "the memory level or pipe that holds it"),
        "done": _or_null(
            _BOOL,
            "it has reached a ceiling and no finding concerns it; null where that is not known",
        ),
        "done_pct": {**_NUMBER, "description": "share of its time in launches at a ceiling"},
        "ceiling": _or_null({"enum": list(CEILINGS)}),
        "ceiling_pct": _or_null(_NUMBER, "how much of the ceiling the longest such launch reaches"),
        "reason": _or_null(_TEXT, "why nobody could look"),
        "next_capture": _or_null(_TEXT),
        "command": _or_null(_TEXT, "the ncu command that would tell"),
    }
)
_QUESTION = _object(
    {"state": _STATE, "reason": _or_null(_TEXT), "next_capture": _or_null(_TEXT)},
    optional=("reason", "next_capture"),
)
_SHARES: Schema = {"type": "object", "additionalProperties": _NUMBER}
_PARTS: dict[str, Schema] = {
    "questions": _object(dict.fromkeys(tables.FINDING_KINDS, _QUESTION)),
    "coverage": _object(
        {
            "launches": _COUNT,
            "launch_ns": _COUNT,
            "understood_pct": _or_null(_NUMBER),
            "flop_pct": _or_null(_NUMBER),
            "bytes_pct": _or_null(_NUMBER),
            "untimed": _COUNT,
            "parts": {**_SHARES, "propertyNames": {"enum": list(tables.PARTS)}},
            "missing": _list(_object({"reason": _or_null(_TEXT), "pct": _NUMBER})),
        }
    ),
    "window": _object(
        {
            "of": {"enum": ["wall", "launches"]},
            "ns": _COUNT,
            "busy_ns": _or_null(_COUNT),
            "idle_ns": _or_null(_COUNT),
            "idle_cause": _or_null(_TEXT, "with most of the idle time"),
            "trustworthy": _or_null(_BOOL),
            "steps": _or_null(_NUMBER),
            "trimmed": {**_COUNT, "description": "cuts made before any percentage"},
            "bound_pct": {**_SHARES, "propertyNames": {"enum": [*tables.BOUNDS, "idle"]}},
        }
    ),
    "next_capture": _object(
        {
            "answer": {"enum": ["capture", "nothing_unknown", "cannot"]},
            "what": _or_null(_TEXT),
            "command": _or_null(_TEXT, "PROGRAM stands for the program's own command"),
            "settles_pct": _or_null(_NUMBER),
            "replays": _or_null(_COUNT),
        }
    ),
}
_ITEMS: dict[str, Schema] = {
    "findings": _FINDING,
    "kernels": _KERNEL,
    "could_not_look": _object(
        {
            "reason": _or_null(_TEXT),
            "launches": _COUNT,
            "duration_ns": _COUNT,
            "pct": _or_null(_NUMBER),
            "sections": _list(_TEXT),
            "next_capture": _or_null(_TEXT),
            "command": _or_null(_TEXT),
        }
    ),
    "notices": _object({"code": _TEXT, "severity": _TEXT, "text": _or_null(_TEXT)}),
    "declined": _object(
        {
            "what": _or_null(_TEXT),
            "why": _or_null(_TEXT),
            "duration_ns": _COUNT,
            "launches": _COUNT,
        }
    ),
}
_STOP = _object(
    {
        "done": _or_null(_BOOL, "true only with positive evidence; null is not known"),
        "why": {"enum": ["findings", "ceilings_reached", "below_ceilings", "not_known"]},
        "done_pct": _or_null(_NUMBER, "share of the launch time in launches at a ceiling"),
    }
)
_RULE = _object({"rule": _TEXT, "before_ns": _or_null(_COUNT), "after_ns": _or_null(_COUNT)})
_SINCE = _object(
    {
        "same_work": {"enum": list(get_args(State))},
        "differs": _list(
            _object({"what": _TEXT, "before": _or_null(_TEXT), "after": _or_null(_TEXT)})
        ),
        "before_ns": _or_null(_COUNT),
        "after_ns": _or_null(_COUNT),
        "change_pct": _or_null(_NUMBER, "negative is faster; null where times do not compare"),
        "verdict": _or_null({"enum": list(get_args(Verdict))}),
        "verdict_why": _or_null(_TEXT),
        "gone": _list(_RULE),
        "new": _list(_RULE),
        "still": _list(_RULE),
        "not_known": {**_list(_RULE), "description": "gone or new, but nobody could look"},
        "left_out": _COUNT,
    }
)


def _work() -> Schema:
    """Return the schema of what is compared with a later diagnosis."""
    schemas, parts = msgspec.json.schema_components([Work], ref_template="#/$defs/{name}")
    del schemas
    made = dict(parts["Work"])
    return {**made, "type": ["object", "null"]}


def schema() -> Schema:
    """Return the JSON Schema of what ``ncutool diagnose --format json`` writes."""
    left_out = {
        **dict.fromkeys(LISTS, _COUNT),
        "shortened": {**_COUNT, "description": "given in fewer fields or words"},
    }
    capture = _object(
        {
            "capture": _object(
                {
                    "name": _NAME,
                    "source": _TEXT,
                    "device": _or_null(_NAME),
                    "peaks_known": _BOOL,
                    "complete": _BOOL,
                }
            ),
            "answer": {"enum": list(ANSWERS)},
            "headline": _TEXT,
            "stop": _STOP,
            **{name: _list(items) for name, items in _ITEMS.items()},
            **{name: _or_null(part) for name, part in _PARTS.items()},
            "work": _work(),
            "left_out": _object(left_out),
        }
    )
    whole = _object(
        {
            "schema": {"const": SCHEMA},
            "budget_bytes": {"type": "integer", "minimum": LEAST_BYTES, "maximum": MOST_BYTES},
            "captures": _list(capture),
            "since": _SINCE,
            "left_out": _object({"captures": _COUNT}),
        },
        optional=("since",),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ncutool diagnosis",
        "description": "what a careful colleague would say of captures; null is not known, and a "
        "field for which there was no room is null",
        **whole,
    }
