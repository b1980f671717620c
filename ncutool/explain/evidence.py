"""What the figures of one analysis were made from, found again launch by launch."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool import graph_pairing, join, join_match
from ncutool.work import counters, shapes

if TYPE_CHECKING:
    from ncutool.analysis import Analysis
    from ncutool_parsers.capture import Capture


class Evidence:
    """The captures behind one analysis; what takes a while is done once, when it is needed."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.capture = analysis.capture

    @cached_property
    def stand_in(self) -> Capture | None:
        """The paired graph replays with their operators; None without a capture run."""
        run = self.analysis.capture_run
        return None if run is None else graph_pairing.stand_in(self.capture, run)

    @cached_property
    def measured(self) -> dict[int, tuple[int, ...]]:
        """Launches of the joined report that gave each launch of the trace its counters."""
        report = self.analysis.report
        if report is None or self.capture.source == "ncu":
            return {}
        work = shapes.work(self.capture)
        if self.analysis.capture_run is not None:
            work, _, _ = graph_pairing.pair(self.capture, work, self.analysis.capture_run)
        matching = join_match.match(
            *join.launches(self.capture, work, report, counters.measured(counters.work(report)))
        )
        found: dict[int, tuple[int, ...]] = {}
        for group in matching.groups:
            if group.one_to_one:
                pairs = zip(group.traced, group.measured, strict=True)
                found |= {traced: (one,) for traced, one in pairs}
            else:
                found |= dict.fromkeys(group.traced, group.measured)
        return found

    def operators_of(self, launch_id: int) -> Capture:
        """The capture that records the launch's operator."""
        paired = self.stand_in
        if paired is not None and launch_id in set(paired.launches["launch_id"]):
            return paired
        return self.capture

    def row(self, launch_id: int) -> dict[str, Any]:
        """The launch's row of the kernels table."""
        return self.analysis.kernels.row(by_predicate=pl.col("launch_id") == launch_id, named=True)
