"""What the kernel table knows below its rows: the longest launches, and their steps and ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ncutool.base.untrusted import shorten
from ncutool.page.packing import numbers

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

LONGEST = 8
"""Launches of a group that the page lists singly."""
MOST_LAUNCHES = 800
MOST_PARTS = 4000
"""Parts of groups that a page carries for one way of dividing launches; with more it has none."""
_NAMES = 200
_NAME = 80
_NUMBERED = r"(?i)^(ProfilerStep#|step|iteration|iter)[ _#:]*\d+$"
"""What an annotation is called that numbers steps."""


def longest_launches(analysis: Analysis, membership: pl.Series, groups: int) -> dict[str, Any]:
    """Return the longest launches of the first groups, by group and longest first, as columns."""
    figures = analysis.figures
    timed = np.flatnonzero(figures["duration_ns"].is_not_null().to_numpy())
    group = membership.to_numpy()[timed]
    listed = np.minimum(np.bincount(group, minlength=1), LONGEST)
    enough = int(np.searchsorted(np.cumsum(listed), MOST_LAUNCHES)) + 1
    timed = timed[group < min(groups, enough)]
    group = membership.to_numpy()[timed]
    length = figures["duration_ns"].fill_null(0).to_numpy()[timed]
    ids = figures["launch_id"].to_numpy()[timed]
    order = np.lexsort((ids, -length, group))
    group = group[order]
    longest = np.arange(group.size) - np.searchsorted(group, group) < LONGEST
    rows = timed[order][longest][:MOST_LAUNCHES]
    columns_of = ["launch_id", "duration_ns", "start_ns", "stream", "roofline_pct", "bound"]
    frame = figures[columns_of][rows].with_columns(membership[rows].alias("group"))
    kinds = sorted(set(frame["bound"]))
    columns: dict[str, Any] = {
        "id": frame["launch_id"].to_list(),
        "duration_ns": frame["duration_ns"].to_list(),
    }
    if frame["start_ns"].null_count() < frame.height:
        columns["start_ns"] = frame["start_ns"].to_list()
    if frame["stream"].n_unique() > 1:
        columns["stream"] = numbers(frame["stream"])
    if frame["roofline_pct"].null_count() < frame.height:
        columns["roofline_pct"] = numbers(frame["roofline_pct"].round_sig_figs(3))
    if len(kinds) > 1:
        columns["bound"] = [kinds.index(kind) for kind in frame["bound"]]
    counts = np.bincount(frame["group"].to_numpy(), minlength=1) if frame.height else np.zeros(1)
    return {"kinds": kinds, "counts": counts.astype(int).tolist(), "columns": columns}


def parts(analysis: Analysis, membership: pl.Series, groups: int) -> dict[str, Any]:
    """Return how launches divide by their innermost annotation, where these were recorded.

    Returns:
        As ``step`` where the annotations number steps, else as ``range``: the ``names`` in order
        of their first launch, and the columns ``group`` (as differences), ``name`` (a place in
        ``names``), ``launches`` and ``duration_ns`` of every group's part in each. Nothing where
        a single annotation holds all, or where there are too many parts for a page.
    """
    names = analysis.figures["nvtx"]
    if names.n_unique() < 2:
        return {}
    way = "step" if names.drop_nulls().str.contains(_NUMBERED).all() else "range"
    divided = _divided(analysis, membership, groups, names.fill_null(f"in no {way}"))
    return {} if divided is None else {way: divided}


def _divided(
    analysis: Analysis, membership: pl.Series, groups: int, names: pl.Series
) -> dict[str, Any] | None:
    frame = (
        analysis.figures.select("launch_id", "duration_ns")
        .with_columns(membership.alias("group"), names.alias("name"))
        .filter(pl.col("group") < groups)
    )
    order = frame.group_by("name").agg(pl.col("launch_id").min()).sort("launch_id")["name"]
    divided = (
        frame.group_by("group", "name")
        .agg(pl.len().alias("launches"), pl.col("duration_ns").sum())
        .sort("group", "name")
    )
    if divided.height > MOST_PARTS or order.len() > _NAMES:
        return None
    places = {name: place for place, name in enumerate(order)}
    return {
        "names": [shorten(name, _NAME) for name in order],
        "group": np.diff(divided["group"].to_numpy(), prepend=0).tolist(),
        "name": [places[name] for name in divided["name"]],
        "launches": numbers(divided["launches"].cast(pl.Int64)),
        "duration_ns": divided["duration_ns"].to_list(),
    }


def geometry(analysis: Analysis, membership: pl.Series, groups: int) -> list[str | None]:
    """Return each group's grid and block, as `132×8 / 384`; None where its launches differ."""
    sides = [f"{what}_{axis}" for what in ("grid", "block") for axis in "xyz"]
    frame = (
        analysis.figures.select(pl.struct(sides).alias("sides"))
        .with_columns(membership.alias("group"))
        .group_by("group")
        .agg(pl.col("sides").first(), pl.col("sides").n_unique().alias("kinds"))
        .sort("group")
        .head(groups)
    )
    return [
        _geometry(sides) if kinds == 1 else None
        for _, sides, kinds in frame.select("group", "sides", "kinds").iter_rows()
    ]


def _geometry(sides: dict[str, int | None]) -> str | None:
    grid, block = ([sides[f"{what}_{axis}"] for axis in "xyz"] for what in ("grid", "block"))
    if grid[0] is None or block[0] is None:
        return None
    return " / ".join("×".join(_sizes(one)) for one in (grid, block))


def _sizes(axes: list[int | None]) -> list[str]:
    while len(axes) > 1 and axes[-1] in (1, None):
        axes = axes[:-1]
    return ["?" if size is None else f"{size:,}" for size in axes]
