"""Launches that repeat one another, so that the work of each kind of them is found once.

A program runs its layers over and over: of a hundred thousand launches a few thousand differ in
what their work is told from. What is held for every launch is then a row of those few thousand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.base.looked_up import looked_up
from ncutool.work import calls

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

_SAID_OF_EACH = (
    "collective",
    "collective_dtype",
    "collective_in_elements",
    "collective_out_elements",
    "collective_group_size",
)
"""Launches with one of these stand for themselves: their remarks tell what was reached in their
own time."""
_SAME = (
    "category",
    "name_of",
    "signature_id",
    "parent_signature",
    "device",
    "graph_replay",
    "unlinked",
    "copy_kind",
    "copy_bytes",
    "has_operator",
    "has_call",
)
"""What the work of a launch that shares its operator with no other is told from."""


def first_of_kind(rows: pl.DataFrame, capture: Capture) -> pl.Series:
    """Return, for each launch, the launch_id of the first with the same work: its own or an
    earlier one's.

    Launches of an operator that launched several share its work by their durations, and stand for
    themselves; so do calls of paged attention, whose work an annotation around each of them bounds.

    Args:
        rows: launches of a trace with their operators, as :func:`ncutool.work.shapes.work` has
            them.
    """
    above = calls.parents(rows.select("op_id", "signature_id"), capture)
    devices = capture.launches.select("launch_id", "device")
    device = looked_up(rows["launch_id"], devices, "launch_id")["device"]
    told = rows.with_columns(above["parent_signature"], device).select(
        "launch_id",
        # a number for a name: names are long, and all but this need them no more
        pl.col("launch_id").first().over("kernel_full").alias("name_of"),
        pl.col("op_id").is_not_null().alias("has_operator"),
        pl.col("call_id").is_not_null().alias("has_call"),
        _stands_for_itself().alias("alone"),
        *(name for name in _SAME if name not in ("name_of", "has_operator", "has_call")),
    )
    alike = pl.col("launch_id").min().over(*_SAME, "alone")
    return told.select(
        "launch_id", pl.when("alone").then("launch_id").otherwise(alike).alias("first")
    ).sort("launch_id")["first"]


def _stands_for_itself() -> pl.Expr:
    several = (pl.len().over("op_id") > 1) & pl.col("op_id").is_not_null()
    of_step = pl.col("op").str.contains(calls.IN_STEPS).fill_null(False)
    return several | of_step | pl.any_horizontal(pl.col(*_SAID_OF_EACH).is_not_null())


def spread(found: pl.DataFrame, first: pl.Series, launches: pl.Series) -> pl.DataFrame:
    """Return what was found of the first launches as rows of all.

    Args:
        found: one row for each launch that is the first of its kind, by ``launch_id``.
        first: the launch_id of the first of its kind, for each of ``launches``.
        launches: launch_id of all launches, sorted.
    """
    place = found["launch_id"].search_sorted(first)
    return found[place].with_columns(launches.alias("launch_id"))
