"""The document in JSON: what every JSON output opens with, before the rows of its own table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ncutool.analysis.dataframes import findings_frame
from ncutool.analysis.document import Document
from ncutool.base.records import fields_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis import sections
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.most_time import MostTime

SCHEMA_VERSION = 1
_GROUPS = 20
"""Groups of launches in a report, most time first; `kernels` has every launch."""
_OF_GROUP = (
    *("name", "detail", "kernel", "op", "launches", "duration_ns", "share_pct", "flop"),
    *("dram_bytes", "intensity_flop_per_byte", "roofline_pct", "bound", "flop_source"),
    *("bytes_source", "missing_reason", "flag"),
)


def facts(analysis: Analysis, *, show_private: bool = False) -> dict[str, Any]:
    """Return everything but the launches and the findings, as plain data.

    Args:
        show_private: also give host names, user paths and the capture's own path.
    """
    document = Document(analysis)
    pairing = analysis.pairing
    return {
        "capture": _capture(analysis, show_private),
        "coverage": fields_of(document.coverage.shares),
        "verdict": {"headline": document.verdict.headline, "state": document.verdict.state},
        "timeline": _timeline(document.time),
        "time": fields_of(document.time.shares),
        "join": fields_of(analysis.join) if analysis.join is not None else None,
        "graph_pairing": fields_of(pairing) if pairing is not None else None,
        "notices": [fields_of(notice) for notice in document.notices],
        "ceilings": [fields_of(ceiling) for ceiling in document.device.ceilings],
        "advice": _advice(document.findings, analysis.most_time),
        "sections": {section.key: _simple(section) for section in document.simple},
    }


def wrap(analysis: Analysis, table: str, rows_json: str, *, show_private: bool = False) -> str:
    """Return one JSON object: the facts, then the rows (already JSON text) under ``table``."""
    about = facts(analysis, show_private=show_private)
    version = f"ncutool/{table}/{SCHEMA_VERSION}"
    head = json.dumps({"schema": version, **about}, allow_nan=False, ensure_ascii=False)
    return f"{head[:-1]}, {json.dumps(table)}: {rows_json}}}"


def report(analyses: Sequence[Analysis], *, show_private: bool = False) -> str:
    """Return what a report says of its captures: the facts, the findings, the longest kernels."""
    about = {
        "schema": f"ncutool/report/{SCHEMA_VERSION}",
        "reports": [_report(analysis, show_private) for analysis in analyses],
    }
    return json.dumps(about, allow_nan=False, ensure_ascii=False)


def _report(analysis: Analysis, show_private: bool) -> dict[str, Any]:
    document = Document(analysis)
    groups = document.kernels.groups
    rows = findings_frame(analysis.findings).to_dicts()
    return {
        **facts(analysis, show_private=show_private),
        "findings": [
            {**row, "action": line.action, "why": line.why, "todo": line.todo}
            for line, row in zip(document.findings.lines, rows, strict=True)
        ],
        "groups": groups.height,
        "kernels": groups.select(_OF_GROUP).head(_GROUPS).to_dicts(),
    }


def _capture(analysis: Analysis, show_private: bool) -> dict[str, Any]:
    capture, device = analysis.capture, analysis.resolution.device
    about = {
        "name": capture.name,
        "source": capture.source,
        "complete": capture.complete,
        "tool_version": capture.tool_version,
        "rank": capture.rank,
        "world_size": capture.world_size,
        "device": device.name if device else None,
        "device_how": analysis.resolution.how,
        "devices": [
            {
                "ordinal": ordinal,
                "name": one.record.name if one.record else None,
                "device": one.device.name if one.device else None,
                "how": one.how,
            }
            for ordinal, one in sorted(analysis.resolutions.items())
        ],
        "held_against": analysis.resolution.held_against,
        "devices_recorded": [fields_of(record) for record in capture.devices],
        "window_ns": analysis.window_ns,
        "headline": analysis.headline,
    }
    if show_private:
        about |= {"private": capture.private, "path": str(capture.path)}
    return about


def _advice(section: sections.FindingsSection, most_time: MostTime | None) -> dict[str, Any]:
    """Return what goes with the findings as a whole."""
    advice = section.advice
    low_ns, high_ns = advice.all_savings_ns
    return {
        "answer": advice.answer,
        "most_time": None if most_time is None else fields_of(most_time),
        "looked": list(advice.looked),
        "could_not_look": [fields_of(one) for one in advice.could_not_look],
        "covered": [fields_of(one) for one in advice.covered],
        "all_low_ns": low_ns,
        "all_high_ns": high_ns,
        "small": advice.small,
        "small_high_ns": advice.small_high_ns,
        "declined": [fields_of(declined) for declined in advice.declined],
    }


def _timeline(section: sections.TimeSection) -> dict[str, Any] | None:
    window = section.timeline
    if window is None:
        return None
    return {
        "start_ns": window.start_ns,
        "end_ns": window.end_ns,
        "wall_ns": window.wall_ns,
        "busy_ns": window.busy_ns,
        "idle_ns": window.idle_ns,
        "idle_by_cause_ns": window.idle_by_cause(),
        "devices": [
            {
                "name": part.name,
                "ordinal": part.ordinal,
                "process": part.process,
                "busy_ns": part.busy_ns,
                "idle_ns": part.idle_ns,
                "idle_by_cause_ns": part.idle_by_cause,
            }
            for part in window.devices
        ],
        "trimmed": list(window.trimmed),
        "steps": window.steps,
        "steps_reason": window.steps_reason,
        "trustworthy": window.trustworthy,
    }


def _simple(section: sections.SimpleSection) -> dict[str, Any]:
    tables = [
        {
            "title": table.title or section.title,
            "rows": [
                {"name": row.name, "detail": row.detail}
                | {name: value for (name, _), value in zip(table.columns, row.values, strict=True)}
                for row in table.rows
            ],
        }
        for table in section.tables
    ]
    return {"title": section.title, "note": section.note, "tables": tables}
