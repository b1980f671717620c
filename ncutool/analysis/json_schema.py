"""JSON Schema of what ``--format json`` writes, made from the table definitions."""

from __future__ import annotations

from typing import Any

from ncutool.base import tables
from ncutool.base.inside_table import INSIDE
from ncutool_parsers import sources_where
from ncutool_parsers.schema import Column, Table

_TYPES: dict[str, dict[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "list[int]": {"type": "array", "items": {"type": "integer"}},
    "list[float]": {"type": "array", "items": {"type": "number"}},
    "list[str]": {"type": "array", "items": {"type": "string"}},
    "list[record]": {"type": "array"},
    "list[list[int]]": {
        "type": "array",
        "items": {"type": "array", "items": {"type": "integer"}},
    },
}
_ALLOWED = {
    "flop_source": tables.FLOP_SOURCES,
    "bytes_source": tables.BYTES_SOURCES,
    "bound": tables.BOUNDS,
    "peak_source": tables.PEAK_SOURCES,
    "grade": tables.GRADES,
    "kind": tables.FINDING_KINDS,
    "per": tables.SAVINGS_PER,
}


_CEILING: dict[str, Any] = {
    "type": "object",
    "description": "how far a peak is reached: information beside the peaks of the launches",
    "required": [
        *("roof", "peak_per_s", "ceiling_per_s", "share_pct", "source", "launches", "how"),
    ],
    "properties": {
        "roof": {"enum": ["dram", *tables.ROOFS]},
        "peak_per_s": {"type": "number"},
        "ceiling_per_s": {"type": "number"},
        "share_pct": {"type": "number"},
        "source": {"enum": ["capture", "default", "measured"]},
        "launches": {"type": "integer"},
        "how": {"type": "string"},
    },
}


_TIME: dict[str, Any] = {
    "type": "object",
    "description": "the window by what holds it; overlapping launches count once",
    "required": ["base_ns", "of_wall", "parts", "overlap_ns"],
    "properties": {
        "base_ns": {"type": "integer", "description": "what the parts sum to"},
        "of_wall": {"type": "boolean", "description": "of wall time, else of launch time"},
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind", "ns", "pct"],
                "properties": {
                    "kind": {"enum": [*tables.BOUNDS, "idle"]},
                    "ns": {"type": "integer"},
                    "pct": {"type": "number"},
                },
            },
        },
        "overlap_ns": {"type": "integer", "description": "launch time beside other launches"},
    },
}


_ADVICE: dict[str, Any] = {
    "type": "object",
    "description": "what goes with the findings as a whole",
    "required": [
        *("answer", "most_time", "looked", "could_not_look", "covered"),
        *("all_low_ns", "all_high_ns", "small", "small_high_ns", "declined"),
    ],
    "properties": {
        "answer": {
            "enum": ["something_to_do", "nothing_worth_doing", "could_not_look"],
            "description": "what it comes to; the third means that what would tell is missing",
        },
        "most_time": {
            "type": ["object", "null"],
            "description": "what is known of the kernel that takes most of the launch time",
            "required": ["kernel", "launches", "duration_ns", "pct", "sentences", "findings"],
            "properties": {
                "kernel": {"type": "string"},
                "launches": {"type": "array", "items": {"type": "integer"}},
                "duration_ns": {"type": "integer"},
                "pct": {"type": "number"},
                "sentences": {"type": "array", "items": {"type": "string"}},
                "findings": {"type": "array", "items": {"type": "string"}},
                "cause": {
                    "type": ["string", "null"],
                    "description": "the rule of its first finding; `at_limit` where it has "
                    "reached a limit; null where no cause was found",
                },
                "command": {
                    "type": ["string", "null"],
                    "description": "the ncu command that would tell more of its longest launch",
                },
            },
        },
        "looked": {
            "type": "array",
            "description": "what was looked at, each with its share of the launch time",
            "items": {"type": "string"},
        },
        "could_not_look": {
            "type": "array",
            "description": "what could not be looked at, why, and what to collect",
            "items": {
                "type": "object",
                "required": [
                    *("what", "reason", "launches", "duration_ns", "pct", "sections", "collect"),
                ],
                "properties": {
                    "what": {"type": "string"},
                    "reason": {"type": "string"},
                    "launches": {"type": "array", "items": {"type": "integer"}},
                    "duration_ns": {"type": "integer"},
                    "pct": {"type": ["number", "null"]},
                    "sections": {"type": "array", "items": {"type": "string"}},
                    "collect": {"type": "string"},
                    "failed": {"type": "boolean"},
                    "brief": {"type": "string"},
                    "command": {
                        "type": ["string", "null"],
                        "description": "the ncu command for the longest of these launches alone",
                    },
                },
            },
        },
        "covered": {
            "type": "array",
            "description": "suggestions whose time the findings named by them claim already",
            "items": {
                "type": "object",
                "required": ["title", "alone_high_ns", "by"],
                "properties": {
                    "title": {"type": "string"},
                    "alone_high_ns": {"type": "integer"},
                    "by": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
        "all_low_ns": {"type": "integer", "description": "all findings of the window, by replay"},
        "all_high_ns": {"type": "integer", "description": "all findings of the window, at most"},
        "small": {"type": "integer", "description": "suggestions too small to list"},
        "small_high_ns": {"type": "integer", "description": "what those save at most"},
        "declined": {
            "type": "array",
            "description": "what is not advised, and why",
            "items": {
                "type": "object",
                "required": ["what", "why", "launches", "duration_ns"],
                "properties": {
                    "what": {"type": "string"},
                    "why": {"type": "string"},
                    "launches": {"type": "array", "items": {"type": "integer"}},
                    "duration_ns": {"type": "integer"},
                },
            },
        },
    },
}


_VERDICT: dict[str, Any] = {
    "type": "object",
    "description": "what there is to say of the capture in one sentence, and its state",
    "required": ["headline", "state"],
    "properties": {
        "headline": {
            "type": "string",
            "maxLength": 90,
            "description": "how much can go, the cause and the next step; or why that is not known",
        },
        "state": {"type": "string", "description": "what holds it, what is understood, and where"},
    },
}
_TEXT = {"type": "string"}
_GROUP: dict[str, Any] = {
    "type": "object",
    "required": ["name", "detail", "launches", "duration_ns", "bound"],
    "properties": {
        "name": _TEXT,
        "detail": {"type": "string", "description": "shapes, or grid and block"},
        "launches": {"type": "integer"},
        "duration_ns": {"type": "integer"},
        "share_pct": {"type": ["number", "null"]},
        "bound": {"enum": list(tables.BOUNDS)},
    },
}


def of_report() -> dict[str, Any]:
    """Return the schema of what ``report -o x.json`` writes: an object for each capture."""
    one = of_output("findings")
    row = one["properties"]["findings"]["items"]
    lines = {
        "action": {"type": "string", "description": "what to do in a few words"},
        "why": {"type": "string", "description": "one line of evidence"},
        "todo": {"type": "string", "description": "what to do on one line"},
    }
    findings = {**row, "properties": {**row["properties"], **lines}}
    report = {name: value for name, value in one["properties"].items() if name != "schema"}
    report |= {
        "findings": {"type": "array", "items": findings},
        "groups": {"type": "integer", "description": "how many groups of launches there are"},
        "kernels": {"type": "array", "description": "groups, most time first", "items": _GROUP},
    }
    required = [name for name in one["required"] if name != "schema"]
    return {
        "$schema": one["$schema"],
        "title": "ncutool report",
        "description": "what a report says of each capture",
        "type": "object",
        "required": ["schema", "reports"],
        "properties": {
            "schema": {"const": "ncutool/report/1"},
            "reports": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": [*required, "groups", "kernels"],
                    "properties": report,
                },
            },
        },
    }


def of_output(table: str) -> dict[str, Any]:
    """Return the schema of the JSON object that holds ``table`` (``kernels``, ``findings`` or
    ``inside``)."""
    rows = {
        "kernels": tables.KERNELS,
        "findings": tables.FINDINGS,
        "inside": INSIDE,
    }[table]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"ncutool {table}",
        "description": rows.meaning,
        "type": "object",
        "required": [
            "schema",
            "capture",
            "verdict",
            "coverage",
            "timeline",
            "notices",
            "ceilings",
            "advice",
            table,
        ],
        "properties": {
            "schema": {"const": f"ncutool/{table}/1"},
            "capture": {"type": "object"},
            "verdict": _VERDICT,
            "coverage": {"type": "object"},
            "timeline": {"type": ["object", "null"]},
            "time": _TIME,
            "join": {"type": ["object", "null"]},
            "graph_pairing": {"type": ["object", "null"]},
            "notices": {"type": "array", "items": {"type": "object"}},
            "ceilings": {"type": "array", "items": _CEILING},
            "advice": _ADVICE,
            "sections": {"type": "object", "description": "further tables, by their key"},
            table: {"type": "array", "items": _of_row(rows)},
        },
    }


def _of_row(table: Table) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [column.name for column in table.columns],
        "properties": {column.name: _of_column(column) for column in table.columns},
    }


def _of_column(column: Column) -> dict[str, Any]:
    entry = dict(_TYPES[column.dtype])
    if column.fields:
        names = [one.name for one in column.fields]
        properties = {one.name: _of_column(one) for one in column.fields}
        item = {"type": "object", "additionalProperties": False, "required": names}
        entry["items"] = {**item, "properties": properties}
    meaning = column.meaning if column.unit is None else f"{column.meaning} [{column.unit}]"
    entry["description"] = meaning
    if column.name == "source":
        entry["enum"] = sources_where(lambda _: True)
    elif column.name in _ALLOWED:
        entry["enum"] = list(_ALLOWED[column.name])
    if column.nullable:
        entry["type"] = [entry["type"], "null"]
    return entry
