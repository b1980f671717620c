"""JSON Schema of what ``--format json`` writes, made from the table definitions."""

from __future__ import annotations

from typing import Any

from ncutool.analysis.facts_schema import facts
from ncutool.base import tables
from ncutool.base.inside_table import INSIDE
from ncutool.base.json_types import INTEGER, NUMBER, listed, meant, or_null, record, with_units
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


_TEXT = {"type": "string"}
_GROUP = record(
    {
        "name": _TEXT,
        "detail": meant(_TEXT, "shapes, or grid and block"),
        "kernel": _TEXT,
        "op": or_null(_TEXT),
        "launches": INTEGER,
        "duration_ns": INTEGER,
        "share_pct": or_null(NUMBER, "of the launch time"),
        "flop": or_null(NUMBER),
        "dram_bytes": or_null(NUMBER),
        "intensity_flop_per_byte": or_null(NUMBER),
        "roofline_pct": or_null(NUMBER),
        "bound": {"enum": list(tables.BOUNDS)},
        "flop_source": or_null(_TEXT),
        "bytes_source": or_null(_TEXT),
        "missing_reason": or_null(_TEXT, "of the first launch that lacks a figure: why"),
        "flag": or_null(
            _TEXT,
            "of the first launch whose figures are implausible: the likely cause",
        ),
    }
)


def of_report() -> dict[str, Any]:
    """Return the schema of what ``report -o x.json`` writes: an object for each capture."""
    one = of_output("findings")
    row = one["properties"]["findings"]["items"]
    lines = {
        "action": {"type": "string", "description": "what to do in a few words"},
        "why": {"type": "string", "description": "one line of evidence"},
        "todo": {"type": "string", "description": "what to do on one line"},
    }
    findings = record({**row["properties"], **lines})
    report = {name: value for name, value in one["properties"].items() if name != "schema"}
    report |= {
        "findings": listed(findings),
        "groups": meant(INTEGER, "how many groups of launches there are"),
        "kernels": listed(_GROUP, "groups, most time first"),
    }
    whole = {"schema": {"const": "ncutool/report/1"}, "reports": listed(record(report))}
    return _titled("report", "what a report says of each capture", record(whole))


def of_output(table: str) -> dict[str, Any]:
    """Return the schema of the JSON object that holds ``table`` (``kernels``, ``findings`` or
    ``inside``)."""
    rows = {
        "kernels": tables.KERNELS,
        "findings": tables.FINDINGS,
        "inside": INSIDE,
    }[table]
    whole = {
        "schema": {"const": f"ncutool/{table}/1"},
        **facts(),
        table: listed(_of_row(rows)),
    }
    return _titled(table, rows.meaning, record(whole))


def _titled(name: str, meaning: str, schema: dict[str, Any]) -> dict[str, Any]:
    made = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"ncutool {name}",
        "description": meaning,
        **schema,
    }
    return dict(with_units(made))


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
