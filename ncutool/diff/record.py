"""A comparison as plain rows and facts, for JSON and for tables."""

from __future__ import annotations

from typing import Any

import polars as pl

from ncutool.base.records import fields_of
from ncutool.diff.changes import Row
from ncutool.diff.compare import Diff
from ncutool.diff.gate import Gate
from ncutool.diff.sides import Run
from ncutool.diff.verdict import Judgement
from ncutool.diff.wording import headline

SCHEMA = "ncutool/diff/1"
COLUMNS: dict[str, pl.DataType] = {
    "kind": pl.String(),
    "evidence": pl.String(),
    "name": pl.String(),
    "detail": pl.String(),
    "kernel_before": pl.String(),
    "kernel_after": pl.String(),
    "launches_before": pl.Int64(),
    "launches_after": pl.Int64(),
    "before_ns": pl.Float64(),
    "after_ns": pl.Float64(),
    "change_ns": pl.Float64(),
    "change_pct": pl.Float64(),
    "low_pct": pl.Float64(),
    "high_pct": pl.Float64(),
    "verdict": pl.String(),
    "why": pl.String(),
    "spread_pct": pl.Float64(),
    "single": pl.Boolean(),
    "cycles_change_pct": pl.Float64(),
    "flop_before": pl.Float64(),
    "flop_after": pl.Float64(),
    "dram_bytes_before": pl.Float64(),
    "dram_bytes_after": pl.Float64(),
    "measured_over_compulsory_before": pl.Float64(),
    "measured_over_compulsory_after": pl.Float64(),
    "roofline_pct_before": pl.Float64(),
    "roofline_pct_after": pl.Float64(),
    "bound_before": pl.String(),
    "bound_after": pl.String(),
    "launch_ids_before": pl.List(pl.Int64()),
    "launch_ids_after": pl.List(pl.Int64()),
}
"""Columns of :func:`frame`: a row a match, by how much time it lost, worst first."""


def frame(rows: tuple[Row, ...] | list[Row]) -> pl.DataFrame:
    """Return the matches as a table."""
    return pl.DataFrame([_row(row) for row in rows], schema=COLUMNS, orient="row")


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _row(row: Row) -> dict[str, Any]:
    both = {
        f"{name}_{when}": getattr(figures, name)
        for name in ("flop", "dram_bytes", "measured_over_compulsory", "roofline_pct", "bound")
        for when, figures in (("before", row.before), ("after", row.after))
    }
    return {
        "kind": row.match.kind,
        "evidence": row.match.evidence,
        "name": row.name,
        "detail": row.detail or None,
        "kernel_before": row.kernel_before,
        "kernel_after": row.kernel_after,
        "launches_before": len(row.match.before),
        "launches_after": len(row.match.after),
        "before_ns": row.before.time_ns,
        "after_ns": row.after.time_ns,
        "change_ns": row.delta_ns,
        "change_pct": _percent(row.delta_share),
        **_judged(row.judgement),
        "cycles_change_pct": _percent(row.moved("cycles")),
        **both,
        "launch_ids_before": list(row.match.before),
        "launch_ids_after": list(row.match.after),
    }


def facts(diff: Diff, gate: Gate | None = None) -> dict[str, Any]:
    """Return everything but the rows: plain values, percentages as numbers."""
    return {
        "schema": SCHEMA,
        "headline": headline(diff),
        "judged": diff.judged,
        "refused": diff.refused,
        "before": [_run(run) for run in diff.before.runs],
        "after": [_run(run) for run in diff.after.runs],
        "order": None if diff.order is None else list(diff.order),
        "order_how": diff.order_how,
        "same_work": {
            "state": diff.work.state,
            "facts": [fields_of(fact) for fact in diff.work.facts],
        },
        "totals": [
            {
                "what": whole.what,
                "before_ns": whole.before_ns,
                "after_ns": whole.after_ns,
                "change_pct": _percent(whole.share),
                **_judged(whole.judgement),
            }
            for whole in diff.wholes
        ],
        "same_recording": diff.changes.alike,
        "judged_together": diff.changes.among,
        "matches": dict(diff.kinds),
        "idle": [fields_of(one) for one in diff.idle],
        "rates": [fields_of(one) for one in diff.rates],
        "findings": [fields_of(one) for one in diff.findings],
        "notes": list(diff.notes),
        "gate": None if gate is None else _gate(gate),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "device": run.device.name or None,
        "format": run.settings.source,
        "tool_version": run.settings.tool_version,
        "launches": run.launches.height,
        "launch_ns": run.launch_ns,
        "wall_ns": run.window.wall_ns if run.window else None,
        "busy_ns": run.window.busy_ns if run.window else None,
        "batch": run.batch,
        "length": run.length,
    }


def _judged(judgement: Judgement | None) -> dict[str, Any]:
    """Return a verdict; single captures have no interval, their stated bound is none."""
    change = judgement.change if judgement is not None and not judgement.single else None
    return {
        "verdict": judgement.verdict if judgement else None,
        "why": judgement.why if judgement else None,
        "low_pct": _percent(change.low if change else None),
        "high_pct": _percent(change.high if change else None),
        "spread_pct": _percent(change.spread if change else None),
        "single": judgement.single if judgement else None,
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "outcome": gate.outcome,
        "exit_code": gate.exit_code,
        "checks": [fields_of(check) for check in gate.checks],
    }
