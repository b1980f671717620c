"""The JSON Schema of a diagnosis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import msgspec

from ncutool.advice.view.finding import ANSWERS
from ncutool.base import tables
from ncutool.base.json_types import Schema, fields, listed, or_null, record, with_units
from ncutool.diagnose.budget import LEAST_BYTES, LISTS, MOST_BYTES
from ncutool.diagnose.ceiling import CEILINGS
from ncutool.diagnose.findings import LENGTHS, WHERE_KNOWN
from ncutool.diagnose.quoted import COMMAND_CHARACTERS, NAME_CHARACTERS
from ncutool.diagnose.record import SCHEMA
from ncutool.diagnose.states import STATES
from ncutool.diagnose.work import Work
from ncutool.diff.facts import State
from ncutool.diff.verdict import Verdict

_NAME: Schema = {"type": "string", "maxLength": NAME_CHARACTERS, "description": "of the capture"}
_TEXT: Schema = {"type": "string", "maxLength": COMMAND_CHARACTERS}
_INT: Schema = {"type": "integer"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER: Schema = {"type": "number"}
_BOOL: Schema = {"type": "boolean"}


_VALUE = {
    "metric": or_null(_TEXT, "a column of `inside` or `kernels`, or what was counted"),
    "value": or_null(_NUMBER),
    "unit": or_null(_TEXT),
    "compare": or_null({"enum": [">=", ">", "<"]}, "how the value lies to the threshold"),
    "threshold": or_null(_NUMBER, "what it was held against; null where against nothing"),
    "launch_id": or_null(_INT, "the launch that it is of"),
    "offset": or_null(_INT, "the instruction that it is of, in bytes from the kernel's first"),
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
    "kernel": or_null(_NAME, "that of its kernels with most time"),
}
_MORE_OF_FINDING: Schema = {
    "saving_low_ns": {**_COUNT, "description": "at least, after the findings before it"},
    "saving_high_ns": {**_COUNT, "description": "at most, after the findings before it"},
    "saving_low_pct": _NUMBER,
    "saving_high_pct": _NUMBER,
    "duration_ns": {**_COUNT, "description": "the time of its launches now"},
    "launches": {**_COUNT, "description": "how many it concerns"},
    "kernels": listed(_NAME),
    "why": or_null(_TEXT, "its evidence on one line"),
    "cap": or_null(_TEXT, "why it saves no more"),
    "evidence": listed(record(_VALUE, WHERE_KNOWN)),
    "remedy": or_null({"type": "string"}),
    "title": _TEXT,
    "sentences": listed(_TEXT),
    "caveat": or_null(_TEXT, "what would make it wrong"),
    "code": or_null({"type": "string"}),
    "link": or_null({"type": "string"}),
    "launch_ids": {**listed(_INT), "description": "the first of its launches"},
    "overlaps": listed(_TEXT),
    "also": listed(record({"rule": _TEXT, "alone_high_ns": _COUNT, "why": or_null(_TEXT)})),
    "excluded": listed(
        record({"rule": or_null(_TEXT), "what": or_null(_TEXT), "why": or_null(_TEXT), **_VALUE})
    ),
}
_OF_SHORT = (
    *("saving_low_ns", "saving_high_ns", "saving_low_pct", "saving_high_pct", "duration_ns"),
    *("launches", "kernels", "why", "cap", "evidence", "remedy"),
)


def _finding(length: str, more: Iterable[str]) -> Schema:
    """Return the schema of a finding of one length, each with fields of its own."""
    detail = {"const": length, "description": "how much of it there was room for"}
    own = {name: _MORE_OF_FINDING[name] for name in more}
    return record({**_LEAST_FINDING, **own, "detail": detail})


_FIELDS_OF: dict[str, Iterable[str]] = {"full": _MORE_OF_FINDING, "short": _OF_SHORT, "least": ()}
_FINDING: Schema = {"anyOf": [_finding(length, _FIELDS_OF[length]) for length in LENGTHS]}
_STATE: Schema = {"enum": list(STATES)}
_KERNEL = record(
    {
        "kernel": _NAME,
        "op": or_null(_NAME, "the operator of its longest launch"),
        "launches": _COUNT,
        "duration_ns": _COUNT,
        "share_pct": {**_NUMBER, "description": "of the launch time"},
        "longest_launch": {**_INT, "description": "launch_id; figures below are its own"},
        "state": _STATE,
        "cause": or_null(_TEXT, "rule of its first finding; `at_limit` where a limit is reached"),
        "findings": listed(_TEXT),
        "bound": {"enum": list(tables.BOUNDS)},
        "roof": or_null(_TEXT),
        "roof_side": or_null({"enum": ["memory", "compute"]}),
        "roofline_pct": or_null(_NUMBER),
        "bandwidth_pct": or_null(_NUMBER, "its DRAM bytes over time, of the DRAM peak"),
        "bytes_ratio": or_null(_NUMBER, "counted over compulsory bytes, where both are known"),
        "device": or_null(_INT),
        "limiting": or_null(_TEXT, "the memory level or pipe that holds it"),
        "done": or_null(
            _BOOL,
            "it has reached a ceiling and no finding concerns it; null where that is not known",
        ),
        "done_pct": {**_NUMBER, "description": "share of its time in launches at a ceiling"},
        "ceiling": or_null({"enum": list(CEILINGS)}),
        "ceiling_pct": or_null(_NUMBER, "how much of the ceiling the longest such launch reaches"),
        "reason": or_null(_TEXT, "why nobody could look"),
        "next_capture": or_null(_TEXT),
        "command": or_null(_TEXT, "the ncu command that would tell"),
    }
)
_QUESTION = record(
    {"state": _STATE, "reason": or_null(_TEXT), "next_capture": or_null(_TEXT)},
    optional=("reason", "next_capture"),
)
_SHARES: Schema = {"type": "object", "additionalProperties": _NUMBER}
_PARTS: dict[str, Schema] = {
    "questions": record(dict.fromkeys(tables.FINDING_KINDS, _QUESTION)),
    "coverage": record(
        {
            "launches": _COUNT,
            "launch_ns": _COUNT,
            "understood_pct": or_null(_NUMBER),
            "flop_pct": or_null(_NUMBER),
            "bytes_pct": or_null(_NUMBER),
            "untimed": _COUNT,
            "parts": {**_SHARES, "propertyNames": {"enum": list(tables.PARTS)}},
            "missing": listed(record({"reason": or_null(_TEXT), "pct": _NUMBER})),
        }
    ),
    "window": record(
        {
            "of": {"enum": ["wall", "launches"]},
            "ns": _COUNT,
            "busy_ns": or_null(_COUNT),
            "idle_ns": or_null(_COUNT),
            "idle_cause": or_null(_TEXT, "with most of the idle time"),
            "trustworthy": or_null(_BOOL),
            "steps": or_null(_NUMBER),
            "trimmed": {**_COUNT, "description": "cuts made before any percentage"},
            "bound_pct": {**_SHARES, "propertyNames": {"enum": [*tables.BOUNDS, "idle"]}},
        }
    ),
    "next_capture": record(
        {
            "answer": {"enum": ["capture", "nothing_unknown", "cannot"]},
            "what": or_null(_TEXT),
            "command": or_null(_TEXT, "PROGRAM stands for the program's own command"),
            "settles_pct": or_null(_NUMBER),
            "replays": or_null(_COUNT),
        }
    ),
}
_ITEMS: dict[str, Schema] = {
    "findings": _FINDING,
    "kernels": _KERNEL,
    "could_not_look": record(
        {
            "reason": or_null(_TEXT),
            "launches": _COUNT,
            "duration_ns": _COUNT,
            "pct": or_null(_NUMBER),
            "sections": listed(_TEXT),
            "next_capture": or_null(_TEXT),
            "command": or_null(_TEXT),
        }
    ),
    "notices": record({"code": _TEXT, "severity": _TEXT, "text": or_null(_TEXT)}),
    "declined": record(
        {
            "what": or_null(_TEXT),
            "why": or_null(_TEXT),
            "duration_ns": _COUNT,
            "launches": _COUNT,
        }
    ),
}
_STOP = record(
    {
        "done": or_null(_BOOL, "true only with positive evidence; null is not known"),
        "why": {"enum": ["findings", "ceilings_reached", "below_ceilings", "not_known"]},
        "done_pct": or_null(_NUMBER, "share of the launch time in launches at a ceiling"),
    }
)
_RULE = record({"rule": _TEXT, "before_ns": or_null(_COUNT), "after_ns": or_null(_COUNT)})
_SINCE = record(
    {
        "same_work": {"enum": list(get_args(State))},
        "differs": listed(
            record({"what": _TEXT, "before": or_null(_TEXT), "after": or_null(_TEXT)})
        ),
        "before_ns": or_null(_COUNT),
        "after_ns": or_null(_COUNT),
        "change_pct": or_null(_NUMBER, "negative is faster; null where times do not compare"),
        "verdict": or_null({"enum": list(get_args(Verdict))}),
        "verdict_why": or_null(_TEXT),
        "gone": listed(_RULE),
        "new": listed(_RULE),
        "still": listed(_RULE),
        "not_known": {**listed(_RULE), "description": "gone or new, but nobody could look"},
        "left_out": _COUNT,
    }
)


def _work() -> Schema:
    """Return the schema of what is compared with a later diagnosis."""
    optional = [one.name for one in msgspec.structs.fields(Work) if not one.required]
    return or_null(record(fields(Work), optional))


def schema() -> Schema:
    """Return the JSON Schema of what ``ncutool diagnose --format json`` writes."""
    left_out = {
        **dict.fromkeys(LISTS, _COUNT),
        "shortened": {**_COUNT, "description": "given in fewer fields or words"},
    }
    capture = record(
        {
            "capture": record(
                {
                    "name": _NAME,
                    "source": _TEXT,
                    "device": or_null(_NAME),
                    "peaks_known": _BOOL,
                    "complete": _BOOL,
                }
            ),
            "answer": {"enum": list(ANSWERS)},
            "headline": _TEXT,
            "stop": _STOP,
            **{name: listed(items) for name, items in _ITEMS.items()},
            **{name: or_null(part) for name, part in _PARTS.items()},
            "work": _work(),
            "left_out": record(left_out),
        }
    )
    whole = record(
        {
            "schema": {"const": SCHEMA},
            "budget_bytes": {"type": "integer", "minimum": LEAST_BYTES, "maximum": MOST_BYTES},
            "captures": listed(capture),
            "since": _SINCE,
            "left_out": record({"captures": _COUNT}),
        },
        optional=("since",),
    )
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "ncutool diagnosis",
        "description": "what a careful colleague would say of captures; null is not known, and a "
        "field for which there was no room is null",
        **whole,
    }
    return dict(with_units(made))
