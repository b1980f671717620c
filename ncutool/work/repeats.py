"""Launches that repeat one another, so that the work of each kind of them is found once.

A program runs its layers over and over: of a hundred thousand launches a few thousand differ in
what their work is told from. What is held for every launch is then a row of those few thousand.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base import tables
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


class WorkByKind(Struct, frozen=True, eq=False, dict=True):
    """The work of launches, held once for each kind of them and spread over all when asked for."""

    of_kinds: pl.DataFrame
    """A row for each kind, with the columns of :data:`ncutool.base.tables.WORK` that are known."""
    kinds: pl.Series
    """Which row of ``of_kinds`` each launch has."""
    launches: pl.Series
    """The launch_id of each launch, sorted."""

    @cached_property
    def table(self) -> pl.DataFrame:
        """:data:`ncutool.base.tables.WORK`: one row a launch."""
        return self.rows.collect()

    @property
    def rows(self) -> pl.LazyFrame:
        """The same, of which only those columns are spread over launches that are asked for."""
        known = self.of_kinds.lazy().select(pl.exclude("launch_id").gather(pl.lit(self.kinds)))
        launches = self.launches.to_frame("launch_id")
        spread = pl.concat([launches.lazy(), known], how="horizontal")
        # absent columns are literals, which take no memory
        return spread.select(
            pl.col(name) if name in self.of_kinds.columns else pl.lit(None, dtype).alias(name)
            for name, dtype in tables.WORK.polars_schema().items()
        )

    def some(self, launches: pl.Series) -> pl.DataFrame:
        """Return the rows of some of the launches, by their launch_id, sorted."""
        places = self.kinds.gather(self.launches.search_sorted(launches))
        return tables.WORK.conform(self.of_kinds[places].with_columns(launches))


class WorkOfEach(Struct, frozen=True, eq=False):
    """The work of launches that is known for each by itself."""

    table: pl.DataFrame
    """:data:`ncutool.base.tables.WORK`: one row a launch."""

    @property
    def rows(self) -> pl.LazyFrame:
        """The table as a lazy query, so that both ways to hold work are asked alike."""
        return self.table.lazy()

    def some(self, launches: pl.Series) -> pl.DataFrame:
        """Return the rows of some of the launches, by their launch_id."""
        return self.table.filter(pl.col("launch_id").is_in(launches.implode()))


Held = WorkByKind | WorkOfEach
"""The work of a capture's launches."""


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
    # what is the same of all tells none apart, and would be copied for every launch
    same = told.select(pl.exclude("launch_id").eq_missing(pl.exclude("launch_id").first()).all())
    varies = [name for name in same.columns if not same[name].item()]
    alike = pl.col("launch_id").min()
    alike = alike.over(varies) if varies else alike
    return told.select(
        "launch_id", pl.when("alone").then("launch_id").otherwise(alike).alias("first")
    ).sort("launch_id")["first"]


def _stands_for_itself() -> pl.Expr:
    several = pl.col("op_id").is_duplicated() & pl.col("op_id").is_not_null()
    of_step = pl.col("op").str.contains(calls.IN_STEPS).fill_null(False)
    return several | of_step | pl.any_horizontal(pl.col(*_SAID_OF_EACH).is_not_null())


def by_kind(found: pl.DataFrame, first: pl.Series, launches: pl.Series) -> WorkByKind:
    """Return what was found of the first launches as the work of all.

    Args:
        found: one row for each launch that is the first of its kind, by ``launch_id``.
        first: the launch_id of the first of its kind, for each of ``launches``.
        launches: launch_id of all launches, sorted.
    """
    own = tables.WORK.polars_schema()
    typed = found.cast({name: own[name] for name in found.columns})
    return WorkByKind(typed, typed["launch_id"].search_sorted(first), launches)
