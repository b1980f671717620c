"""Comparisons as plain data: what ``--format json`` prints, and rows for the other forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.base.records import as_dict

if TYPE_CHECKING:
    from ncutool.planning.planner.comparing import IntensityComparison
    from ncutool.planning.planner.comparing_captures import CaptureComparison
    from ncutool.planning.planner.comparing_models import ModelComparison

    Comparison = IntensityComparison | CaptureComparison | ModelComparison

_WORKLOADS = {
    "IntensityComparison": "intensity",
    "CaptureComparison": "capture",
    "ModelComparison": "model",
}


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """Return every figure of a comparison by its name; ``workload`` says what was compared."""
    workload = _WORKLOADS[type(comparison).__name__]
    data = {"schema": "ncutool/device-comparison/1", "workload": workload, **as_dict(comparison)}
    data["notes"] = list(comparison.notes)
    return data


def comparison_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row for each device; shares and batches in columns of their own."""
    rows = []
    for each in comparison.devices:
        row = as_dict(each)
        for kind, share in row.pop("share_pct", {}).items():
            row[f"{kind}_pct"] = share
        if "ahead" in row:
            row["ahead"] = "; ".join(
                f"{low}-{'' if high is None else high}" for low, high in row["ahead"]
            )
        rows.append(row)
    names = dict.fromkeys(name for row in rows for name in row)
    return [{name: row.get(name) for name in names} for row in rows]
