"""A report as plain data: what ``--format json`` prints."""

from __future__ import annotations

from typing import Any

from ncutool.base.records import as_dict
from ncutool.planning.signals.classify import Report
from ncutool.planning.signals.thresholds import BY_NAME
from ncutool.planning.signals.verdict import REGIMES

SCHEMA = "ncutool/signals/1"


def record(report: Report) -> dict[str, Any]:
    """Return every figure by its name, percentages and base units; unknowns are None."""
    device = report.device
    return {
        "schema": SCHEMA,
        "headline": report.headline,
        "device": None
        if device is None
        else {
            "name": device.name,
            "how": report.device_how,
            "peak_bytes_per_s": device.peak_bytes_per_s,
            "source": device.source or None,
        },
        "verdicts": [
            {
                **as_dict(verdict),
                "thresholds": [_threshold(name) for name in verdict.thresholds],
                "regime_means": REGIMES[verdict.regime],
                "remedy": verdict.remedy,
            }
            for verdict in report.verdicts
        ],
        "notes": list(report.notes),
    }


def _threshold(name: str) -> dict[str, Any]:
    boundary = BY_NAME[name]
    return {
        "name": name,
        "value": boundary,
        "unit": boundary.unit,
        "meaning": boundary.meaning,
        "source": boundary.source,
    }
