"""What the figures of one analysis were made from, found again launch by launch."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from ncutool.base.records import replace
from ncutool.roofline import place
from ncutool.work import calls, shapes

if TYPE_CHECKING:
    from collections.abc import Collection

    from ncutool.analysis.analyse import Analysis
    from ncutool.work.operators import OpCall
    from ncutool_parsers.capture import Capture

_CALLERS = 3
"""Operators above one that its model may ask about: its caller, and where they nest that one's."""


class Evidence:
    """The captures behind one analysis; what takes a while is done once, when it is needed.

    Args:
        only: the launches that will be asked for, so that large tables are searched once.
    """

    def __init__(self, analysis: Analysis, only: Collection[int] | None = None) -> None:
        self.analysis = analysis
        self._only = only
        self._calls: dict[int, dict[int, OpCall]] = {}
        self._launched_by: dict[int, dict[int, int | None]] = {}
        """Of each capture's launches, the operator of each."""
        self._of_operator: dict[int, dict[tuple[object, ...], pl.DataFrame]] = {}
        """Of each capture's launches, the rows of the kernels table by operator."""

    @cached_property
    def capture(self) -> Capture:
        """The capture, as far as the launches asked for need it."""
        return self._narrowed(self.analysis.capture)

    @cached_property
    def kernels(self) -> pl.DataFrame:
        """Rows of the kernels table: of the launches and of all those of their operators, with
        the shares that :mod:`ncutool.roofline.place` computes beside it."""
        return place.with_rates(self._needed_kernels())

    def _needed_kernels(self) -> pl.DataFrame:
        if self._only is None:
            return self.analysis.kernels
        needed = [self.capture.launches["launch_id"]]
        if self._stand_in is not None:
            needed.append(self._stand_in.launches["launch_id"])
        return self.analysis.rows(pl.concat(needed).unique().sort())

    @cached_property
    def _stand_in(self) -> Capture | None:
        """The paired graph replays with their operators; None without a capture run."""
        run = self.analysis.companions.capture_trace
        if run is None:
            return None
        from ncutool.companions import graph_pairing

        return self._narrowed(graph_pairing.stand_in(self.analysis.capture, run))

    @cached_property
    def _paired(self) -> frozenset[int]:
        return (
            frozenset()
            if self._stand_in is None
            else frozenset(self._stand_in.launches["launch_id"])
        )

    @cached_property
    def measured(self) -> dict[int, tuple[int, ...]]:
        """Launches of the joined report that gave each launch of the trace its counters."""
        trace, report = self.analysis.capture, self.analysis.companions.ncu
        if report is None:
            return {}
        from ncutool.companions import graph_pairing, join, match
        from ncutool.work import counters

        work = shapes.work(trace)
        if self.analysis.companions.capture_trace is not None:
            work, _, _ = graph_pairing.pair(trace, work, self.analysis.companions.capture_trace)
        matching = match.match(
            *join.launches(trace, work, report, counters.measured(counters.work(report)))
        )
        by_traced: dict[int, tuple[int, ...]] = {}
        for group in matching.groups:
            if group.one_to_one:
                pairs = zip(group.traced, group.measured, strict=True)
                by_traced |= {traced: (counted,) for traced, counted in pairs}
            else:
                by_traced |= dict.fromkeys(group.traced, group.measured)
        return by_traced

    def operator(self, launch_id: int) -> tuple[int, OpCall] | None:
        """Return number and call of the operator that launched a kernel; None without one."""
        capture = self.operators_of(launch_id)
        op_id = self._op_id(launch_id)
        if op_id is None:
            return None
        known = self._calls.setdefault(id(capture), {})
        if op_id not in known:
            mine = pl.col("op_id") == op_id if self._only is None else pl.col("op_id").is_not_null()
            known |= calls.calls_of(capture.launches.filter(mine), capture)
        return op_id, known[op_id]

    def _op_id(self, launch_id: int) -> int | None:
        """Return the operator that launched a kernel, by number; None without one."""
        launches = self.operators_of(launch_id).launches
        if self._only is None:
            found = launches.filter(pl.col("launch_id") == launch_id)["op_id"]
            return None if found.is_empty() else found[0]
        known = self._launched_by.get(id(launches))
        if known is None:
            known = dict(launches.select("launch_id", "op_id").iter_rows())
            self._launched_by[id(launches)] = known
        return known.get(launch_id)

    def launched_with(self, launch_id: int) -> pl.DataFrame:
        """Return the rows of the kernels table of a launch's operator: its own among them."""
        launches, op_id = self.operators_of(launch_id).launches, self._op_id(launch_id)
        if self._only is None:
            ids = launches.filter(pl.col("op_id") == op_id)["launch_id"]
            return self.kernels.filter(pl.col("launch_id").is_in(ids.implode()))
        known = self._of_operator.get(id(launches))
        if known is None:
            callers = launches.select("launch_id", operator="op_id")
            rows = self.kernels.join(callers, on="launch_id", maintain_order="left")
            known = rows.partition_by("operator", as_dict=True, include_key=False)
            self._of_operator[id(launches)] = known
        return known[op_id,]

    def operators_of(self, launch_id: int) -> Capture:
        """Return the capture that records the launch's operator."""
        paired = self._stand_in
        return self.capture if paired is None or launch_id not in self._paired else paired

    def _narrowed(self, capture: Capture) -> Capture:
        if self._only is None:
            return capture
        asked = pl.col("launch_id").is_in(list(self._only))
        operators = capture.launches.filter(asked)["op_id"].drop_nulls().unique()
        same = pl.col("op_id").is_in(operators.implode())
        return replace(
            capture,
            launches=capture.launches.filter(asked | same.fill_null(False)),
            metrics=capture.metrics.filter(asked),
            instructions=capture.instructions.filter(asked),
            ops=_with_callers(capture.ops, operators),
        )


def _with_callers(ops: pl.DataFrame, wanted: pl.Series) -> pl.DataFrame:
    """Return some operators and those that called them, as far up as a model looks."""
    level, levels = wanted, [wanted]
    for _ in range(_CALLERS):
        above = ops.select("op_id", "parent_id").filter(pl.col("op_id").is_in(level.implode()))
        level = above["parent_id"].drop_nulls().unique()
        levels.append(level)
    return ops.filter(pl.col("op_id").is_in(pl.concat(levels).implode()))
