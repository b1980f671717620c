"""From one analysis to the rows of a dataset's tables; nothing is read or written here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.analysis.dataframes import findings_frame
from ncutool.archive.collectives import collectives
from ncutool.archive.dataset import TOLD
from ncutool.archive.naming import shown_metadata, shown_name, shown_path
from ncutool.archive.tables import (
    CAPTURES,
    FINDING_ROWS,
    GAPS,
    INSIDE_ROWS,
    LAUNCHES,
    SCHEMA_VERSION,
)
from ncutool.base.intervals import union
from ncutool.timeline import steps, window
from ncutool.timeline.launch_calls import launch_points

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.archive.inputs import Input
    from ncutool.devices.resolve import Resolution
    from ncutool.timeline.window import Timeline
    from ncutool_parsers.capture import Capture
    from ncutool_parsers.schema import Table

Rows = Mapping[str, pl.DataFrame]
"""Tables by the names of their folders in a dataset."""

_FIRST_CLOCK = datetime(2015, 1, 1, tzinfo=timezone.utc)
_LAST_CLOCK = datetime(2100, 1, 1, tzinfo=timezone.utc)
"""A clock between these counts from 1970; one that counts from the start of a machine does not
reach them."""


def rows_of(
    analysis: Analysis, source: Input, capture_id: str, analysis_version: str
) -> dict[str, pl.DataFrame]:
    """Return the rows that a dataset keeps of one capture, by table.

    Args:
        analysis: of the capture.
        source: where it was found, with the metadata that the user gave to it.
        capture_id: the hash of its content.
        analysis_version: of ncutool and of the options that it was analysed with.
    """
    findings = findings_frame(analysis.findings)
    redact = analysis.request.redact is not None
    said = shown_metadata(source.metadata, redact=redact)
    about = {
        "capture_id": capture_id,
        "schema_version": SCHEMA_VERSION,
        "analysis_version": analysis_version,
        "path": shown_path(source.path, redact=redact),
        "name": shown_name(source.name, redact=redact),
        "bytes": source.bytes,
        "companions": [shown_path(one.path, redact=redact) for _, one in source.companions],
        **_of_capture(analysis.capture),
        **_of_job(analysis.capture, said),
        **_of_device(analysis),
        **_of_window(analysis),
        **_of_launches(analysis),
        **_verdict(analysis),
        "findings": findings.height,
    }
    captures = CAPTURES.conform(
        pl.from_dicts([about], schema=_known(CAPTURES, about), infer_schema_length=None)
    )
    return {
        "captures": _with_metadata(captures, said),
        "launches": _identified(LAUNCHES, analysis.kernels, capture_id),
        "inside": _identified(INSIDE_ROWS, analysis.inside, capture_id),
        "findings": _identified(FINDING_ROWS, findings, capture_id),
        "gaps": _identified(GAPS, _gaps(analysis.timeline), capture_id),
        "collectives": collectives(analysis, capture_id),
    }


def _known(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the types of the columns that a row has."""
    return {name: dtype for name, dtype in table.polars_schema().items() if name in row}


def _with_metadata(captures: pl.DataFrame, metadata: Mapping[str, str]) -> pl.DataFrame:
    """Return the captures with a column of text for each key of the metadata."""
    return captures.with_columns(
        pl.lit(value, dtype=pl.String).alias(key)
        for key, value in sorted(metadata.items())
        if key not in TOLD
    )


def _identified(table: Table, rows: pl.DataFrame, capture_id: str) -> pl.DataFrame:
    """Return the rows of a table as those of one capture."""
    return table.conform(rows.with_columns(pl.lit(capture_id).alias("capture_id")))


def _of_capture(capture: Capture) -> dict[str, Any]:
    """Return what the file says of itself."""
    return {
        "source": capture.source,
        "tool_version": capture.tool_version,
        "complete": capture.complete,
        "synthetic": capture.synthetic,
        "started_ns": started_ns(capture),
    }


def _of_job(capture: Capture, metadata: Mapping[str, str]) -> dict[str, Any]:
    """Return the capture's place in a job: what it records, else what its path told."""
    told = metadata.get("rank", "")
    rank = int(told) if capture.rank is None and told.isdecimal() else capture.rank
    return {"job": metadata.get("job"), "rank": rank, "world_size": capture.world_size}


def started_ns(capture: Capture) -> int | None:
    """Return when a capture began, from 1970; None where its clock counts from something else."""
    if capture.origin_ns is None or not capture.traits.has_timeline:
        return None
    seconds = capture.origin_ns / 1e9
    plausible = _FIRST_CLOCK.timestamp() <= seconds < _LAST_CLOCK.timestamp()
    return capture.origin_ns if plausible else None


def _of_device(analysis: Analysis) -> dict[str, Any]:
    """Return what the launches ran on; where they are unlike devices, each name once."""
    kernels, kinds = analysis.kernels, analysis.device_kinds
    found = [kind.resolution for kind in kinds] or [analysis.resolution]
    names = sorted({name for one in found if (name := _device_name(one)) is not None})
    count = sum(len(kind.ordinals) for kind in kinds) or kernels["device"].drop_nulls().n_unique()
    capabilities = kernels["compute_capability"].drop_nulls().unique().sort().to_list()
    return {
        "device": ", ".join(names) or None,
        "device_count": count or None,
        "compute_capability": ", ".join(capabilities) or None,
    }


def _device_name(resolution: Resolution) -> str | None:
    """Return the name that the capture records, else that of the device table."""
    record, device = resolution.record, resolution.device
    if record is not None and record.name:
        return record.name
    return None if device is None else device.name


def _of_window(analysis: Analysis) -> dict[str, Any]:
    """Return the times of the window; nothing of a capture without a timeline."""
    timeline, kernels = analysis.timeline, analysis.kernels
    if timeline is None:
        return {}
    talks = pl.col("bound") == "communication"
    talking = kernels.filter(talks & timeline.within()).drop_nulls(["start_ns", "duration_ns"])
    start = talking["start_ns"].to_numpy()
    return {
        "wall_ns": timeline.wall_ns,
        "busy_ns": timeline.busy_ns,
        "idle_ns": timeline.idle_ns,
        "communication_ns": union(start, start + talking["duration_ns"].to_numpy()).total,
        "exposed_communication_ns": window.exposed_ns(kernels, timeline, talks),
        "step_ns": step_ns(analysis.capture),
    }


def step_ns(capture: Capture) -> int | None:
    """Return the median length of the whole annotated steps, on the device; None without any."""
    if capture.annotations.is_empty():
        return None
    points = launch_points(capture).drop_nulls(["start_ns", "duration_ns"])
    if points.is_empty():
        return None
    found = steps.find(points.sort("start_ns", "launch_id"), capture)
    lengths = [step.end_ns - step.start_ns for step in found.whole]
    return round(median(lengths)) if lengths else None


def _of_launches(analysis: Analysis) -> dict[str, Any]:
    """Return sums over the launches, and how well they use their roofs."""
    kernels, coverage = analysis.kernels, analysis.coverage
    placed = kernels.filter(pl.col("part") == "on_roofline").drop_nulls(
        ["roofline_pct", "duration_ns"]
    )
    weight = float(placed["duration_ns"].sum())
    weighted = float((placed["roofline_pct"] * placed["duration_ns"]).sum())
    most = analysis.most_time
    return {
        "launches": kernels.height,
        "launch_ns": coverage.duration_ns if kernels["duration_ns"].count() else None,
        "flop": _sum(kernels["flop"]),
        "dram_bytes": _sum(kernels["dram_bytes"]),
        "understood_pct": coverage.understood_pct,
        "roofline_pct": weighted / weight if weight else None,
        "top_kernel": None if most is None else most.kernel,
        "top_kernel_pct": None if most is None else most.pct,
    }


def _sum(figures: pl.Series) -> float | None:
    """Return the sum of what is known; None where nothing is."""
    known = figures.drop_nulls()
    return float(known.sum()) if known.len() else None


def _verdict(analysis: Analysis) -> dict[str, Any]:
    """Return what an analysis comes to."""
    low_ns, high_ns = analysis.advice.all_savings_ns
    return {
        "answer": analysis.advice.answer,
        "headline": analysis.headline,
        "saving_low_ns": low_ns,
        "saving_high_ns": high_ns,
        "notices": [notice.code for notice in analysis.notices],
    }


def _gaps(timeline: Timeline | None) -> pl.DataFrame:
    """Return the idle intervals of a trace in the order of their starts."""
    if timeline is None:
        return GAPS.empty().drop("capture_id")
    ordinals = {part.number: part.ordinal for part in timeline.devices}
    ordered = timeline.gaps.sort("start_ns", "device", maintain_order=True)
    return ordered.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("gap_id"),
        pl.col("device").replace_strict(ordinals, default=None, return_dtype=pl.Int64),
        "start_ns",
        "duration_ns",
        pl.col("cause").cast(pl.String),
        pl.col("next_launch_id").alias("before_launch_id"),
    )
