"""The collectives of one trace, as few columns as ranks need to be held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.archive.tables import COLLECTIVES
from ncutool.work.exchanges import collective_of

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool_parsers.capture import Capture

_STEP = "ProfilerStep#"
"""How the profiler names its own steps: the same number on every rank."""
_RECORDED = {
    "collective": "collective",
    "collective_group": "process_group",
    "collective_ranks": "group_ranks",
    "collective_group_size": "group_size",
    "collective_sequence": "sequence",
    "collective_source_rank": "source_rank",
    "collective_target_rank": "target_rank",
    "collective_dtype": "dtype",
    "collective_in_elements": "in_elements",
    "collective_out_elements": "out_elements",
}
"""Columns of a capture's launches, and what they are called here."""
_NAMES = ("collective", "process_group", "group_ranks", "dtype")


def collectives(analysis: Analysis, capture_id: str) -> pl.DataFrame:
    """Return :data:`ncutool.archive.tables.COLLECTIVES` of one capture; empty for a report."""
    capture = analysis.capture
    if not capture.traits.has_timeline:
        return COLLECTIVES.empty()
    rows = analysis.kernels.filter(
        (pl.col("bound") == "communication") & pl.col("duration_ns").is_not_null()
    ).select("launch_id", "kernel", "kernel_full", "stream", "start_ns", "duration_ns")
    if not rows.height:
        return COLLECTIVES.empty()
    told = rows.join(
        capture.launches.select("launch_id", "call_id", **{
            new: pl.col(old) for old, new in _RECORDED.items()
        }),
        on="launch_id",
        how="left",
        maintain_order="left",
    )  # fmt: skip
    return COLLECTIVES.conform(
        told.with_columns(
            pl.lit(capture_id).alias("capture_id"), kind=_kinds(told), step=_steps(told, capture)
        ).drop("kernel_full", "call_id")
    )


def _kinds(rows: pl.DataFrame) -> pl.Series:
    """Return what each row does: by its recorded name, else by its kernel's."""
    pairs = rows.select("collective", "kernel_full")
    known = {pair: kind_of(*pair) for pair in pairs.unique().iter_rows()}
    return pl.Series("kind", [known[pair] for pair in pairs.iter_rows()], dtype=pl.String)


def kind_of(collective: str | None, kernel_full: str) -> str | None:
    """Name a collective by its recorded name, else by its kernel's; None where neither says.

    A kernel that sends and receives may carry any collective that NCCL builds of such pairs.
    """
    found = collective_of(collective) if collective else None
    return found or collective_of(kernel_full)


def _steps(rows: pl.DataFrame, capture: Capture) -> pl.Series:
    """Return the name of the profiler's step in which each row was launched, by its call's time."""
    marks = (
        capture.annotations.filter(
            ~pl.col("on_device") & pl.col("name").str.starts_with(_STEP)
        )
        .sort("start_ns")
        .select("name", "start_ns", "end_ns")
    )  # fmt: skip
    if not marks.height:
        return pl.Series("step", [None] * rows.height, dtype=pl.String)
    called = rows.select("launch_id", "call_id").join(
        capture.calls.select("call_id", called_ns=pl.col("start_ns")),
        on="call_id",
        how="left",
        maintain_order="left",
    )
    starts = marks["start_ns"].to_numpy()
    times = called["called_ns"]
    place = starts.searchsorted(times.fill_null(-1).to_numpy(), side="right") - 1
    names, ends = marks["name"].to_list(), marks["end_ns"].to_list()
    found = [
        names[at] if time is not None and at >= 0 and time < ends[at] else None
        for at, time in zip(place.tolist(), times.to_list(), strict=True)
    ]
    return pl.Series("step", found, dtype=pl.String)
