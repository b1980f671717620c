"""Every figure of one launch with its formula filled in: a pure function of an Analysis."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.analysis import inside_path
from ncutool.base.records import replace
from ncutool.explain import placing, steps
from ncutool.explain.choosing import choose
from ncutool.explain.evidence import Evidence
from ncutool.explain.explanation import Explanation, Input, Step, recorded
from ncutool.roofline import bound
from ncutool.roofline.bound import Check

if TYPE_CHECKING:
    from collections.abc import Collection

    from ncutool.analysis.analyse import Analysis

__all__ = ["Check", "Explainer", "Explanation", "Input", "Step", "choose", "explain"]


_Known = tuple[dict[str, Any], str, tuple[Check, ...]]
"""Of a launch: its row of the kernels table, its bound, and the comparisons that led to it."""


def explain(analysis: Analysis, launch: int | str) -> Explanation:
    """Return all figures of one launch, traced to what was recorded.

    Args:
        launch: its ``launch_id``; or text: an id, `longest`, or the name of a kernel or operator
            (a regular expression), of which the longest launch is taken.

    Raises:
        UsageError: no launch is meant by it; the message lists near candidates.
    """
    launch_id, how = choose(analysis, launch)
    return replace(Explainer(analysis).explain(launch_id), chosen=how)


class Explainer:
    """Explains launches of one analysis; what they share is found once.

    Args:
        only: the launches that will be asked for; any where None.
    """

    def __init__(self, analysis: Analysis, only: Collection[int] | None = None) -> None:
        self._analysis = analysis
        self._evidence = Evidence(analysis, only)
        self._only = only

    def explain(self, launch_id: int) -> Explanation:
        """Return the explanation of a launch, by its launch_id, which must exist."""
        row, name, checks = self._known(launch_id)
        device = self._analysis.device_of(row["device"])
        form = self._analysis.capture.format
        figures: dict[str, Any] = {}
        if form.traits.figures_counted:
            work, figures = steps.of_report(self._evidence, row)
        else:
            work = steps.of_trace(self._evidence, row)
        return Explanation(
            capture=row["capture"],
            launch_id=launch_id,
            kernel=row["kernel"],
            kernel_full=row["kernel_full"],
            op=row["op"],
            signature=row["signature"],
            chosen=None,
            steps=tuple(
                steps.faithful(step, row)
                for step in (
                    _duration(row, form.duration_source),
                    *work,
                    *placing.peaks(row, None if form.traits.peaks_recorded else device, figures),
                    *placing.rates(row),
                )
            ),
            checks=checks,
            bound=name,
            bound_reason=row["bound_reason"],
            flag=row["flag"],
            missing_reason=row["missing_reason"],
            remark=row["remark"],
            path=inside_path.of(self._analysis, launch_id),
            messages=inside_path.messages(self._analysis, launch_id),
        )

    def _known(self, launch_id: int) -> _Known:
        """Return what is known of one launch by its row of the kernels table."""
        if self._only is not None:
            return self._of_all[launch_id]
        return self._of_rows(self._evidence.kernels.filter(pl.col("launch_id") == launch_id))[
            launch_id
        ]

    @cached_property
    def _of_all(self) -> dict[int, _Known]:
        """The same of all launches that will be asked for."""
        kernels = self._evidence.kernels
        return self._of_rows(kernels.filter(pl.col("launch_id").is_in(list(self._only or ()))))

    def _of_rows(self, kernels: pl.DataFrame) -> dict[int, _Known]:
        found: dict[int, _Known] = {}
        for rows in kernels.partition_by("device"):
            device = self._analysis.device_of(rows["device"][0])
            told = zip(rows.iter_rows(named=True), bound.checks(rows, device), strict=True)
            found |= {row["launch_id"]: (row, *checks) for row, checks in told}
        return found


def _duration(row: dict[str, Any], source: str) -> Step:
    note = "not recorded" if row["duration_ns"] is None else None
    return recorded("duration_ns", row["duration_ns"], "ns", source, note=note)
