"""What is not understood, by reason, and how the rest was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis import labels
from ncutool.base import units
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

_MOST = 30


@dataclass(frozen=True)
class Gap:
    """Launches that share a reason or a source."""

    text: str
    launches: str
    time: str
    pct: str


@dataclass(frozen=True)
class Understanding:
    """The section: reasons for what is missing, sources of what is known."""

    gaps: tuple[Gap, ...]
    more: str
    flop_sources: tuple[Gap, ...]
    bytes_sources: tuple[Gap, ...]


def understanding(analysis: Analysis) -> Understanding:
    """Coverage in full."""
    missing = analysis.coverage.missing
    gaps = tuple(
        Gap(
            printable(gap.reason),
            units.count(gap.launches),
            units.time(gap.duration_ns),
            units.percent(gap.pct),
        )
        for gap in missing[:_MOST]
    )
    hidden = len(missing) - len(gaps)
    return Understanding(
        gaps=gaps,
        more=f"{units.counted(hidden, 'smaller reason')} not shown" if hidden else "",
        flop_sources=_sources(analysis, "flop_source"),
        bytes_sources=_sources(analysis, "bytes_source"),
    )


def _sources(analysis: Analysis, column: str) -> tuple[Gap, ...]:
    total = analysis.coverage.duration_ns
    rows = (
        analysis.kernels.group_by(column)
        .agg(pl.len().alias("launches"), pl.col("duration_ns").sum())
        .sort("duration_ns", column, descending=[True, False])
    )
    return tuple(
        Gap(
            labels.source(source),
            units.count(launches),
            units.time(duration),
            units.percent(100 * duration / total if total else None),
        )
        for source, launches, duration in rows.iter_rows()
    )
