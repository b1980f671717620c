"""The facts that go with a table: what was captured, what is known, what to be wary of."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

SCHEMA_VERSION = 1


def facts(analysis: Analysis, *, show_private: bool = False) -> dict[str, Any]:
    """What every JSON opens with: capture, coverage, timeline, notices, ceilings; plain data."""
    capture = analysis.capture
    device = analysis.resolution.device
    about: dict[str, Any] = {
        "name": capture.name,
        "source": capture.source,
        "complete": capture.complete,
        "tool_version": capture.tool_version,
        "rank": capture.rank,
        "world_size": capture.world_size,
        "device": device.name if device else None,
        "device_how": analysis.resolution.how,
        "devices_recorded": [asdict(record) for record in capture.devices],
        "window_ns": analysis.window_ns,
        "headline": analysis.headline,
    }
    if show_private:
        about["private"] = capture.private
        about["path"] = str(capture.path)
    return {
        "capture": about,
        "coverage": asdict(analysis.coverage),
        "timeline": _timeline(analysis),
        "join": asdict(analysis.join) if analysis.join is not None else None,
        "graph_pairing": asdict(analysis.pairing) if analysis.pairing is not None else None,
        "notices": [asdict(notice) for notice in analysis.notices],
        "ceilings": [asdict(ceiling) for ceiling in analysis.ceilings],
        "advice": _advice(analysis),
    }


def wrap(analysis: Analysis, table: str, rows_json: str, *, show_private: bool = False) -> str:
    """One JSON object: the facts, then the rows (already JSON text) under ``table``."""
    about = facts(analysis, show_private=show_private)
    version = f"ncutool/{table}/{SCHEMA_VERSION}"
    head = json.dumps({"schema": version, **about}, allow_nan=False, ensure_ascii=False)
    return f"{head[:-1]}, {json.dumps(table)}: {rows_json}}}"


def _advice(analysis: Analysis) -> dict[str, Any]:
    """What goes with the findings as a whole."""
    advice = analysis.advice
    return {
        "all_low_ns": advice.all_low_ns,
        "all_high_ns": advice.all_high_ns,
        "small": advice.small,
        "small_high_ns": advice.small_high_ns,
        "declined": [asdict(one) for one in advice.declined],
    }


def _timeline(analysis: Analysis) -> dict[str, Any] | None:
    window = analysis.timeline
    if window is None:
        return None
    return {
        "start_ns": window.start_ns,
        "end_ns": window.end_ns,
        "wall_ns": window.wall_ns,
        "busy_ns": window.busy_ns,
        "idle_ns": window.idle_ns,
        "idle_by_cause_ns": window.idle_by_cause(),
        "trimmed": list(window.trimmed),
        "steps": window.steps,
        "steps_reason": window.steps_reason,
        "trustworthy": window.trustworthy,
    }
