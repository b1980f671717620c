"""One capture's part of a page: every section as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ncutool.analysis.groups import grouped
from ncutool.page.cards import Card, understood, where_time_goes
from ncutool.page.drawing import Drawing, drawings
from ncutool.page.explained import explanations
from ncutool.page.findings import Findings, findings
from ncutool.page.gaps import Understanding, understanding
from ncutool.page.heading import Heading, heading
from ncutool.page.kernels import KernelTable, kernel_table
from ncutool.page.measured import Measured, measured
from ncutool.page.timeline import Strip, strip

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool_parsers.formats import Format


@dataclass(frozen=True)
class View:
    """What the templates draw."""

    id: str
    format: Format
    heading: Heading
    cards: tuple[Card, ...]
    findings: Findings
    strip: Strip | None
    drawings: tuple[Drawing, ...]
    table: KernelTable
    understanding: Understanding
    explained: dict[str, Any]
    measured: Measured | None

    @property
    def data(self) -> dict[str, Any]:
        """What the script reads."""
        return {
            **self.table.data,
            "explained": self.explained,
            "charts": {one.name: one.spec for one in self.drawings if one.spec is not None},
            "timeline": self.strip.data if self.strip is not None else None,
        }


def view(analysis: Analysis, number: int, *, show_private: bool) -> View:
    """The view of one analysis, the ``number``-th of its page."""
    groups, membership = grouped(analysis.kernels)
    return View(
        id=f"view-{number}",
        format=analysis.capture.format,
        heading=heading(analysis, show_private=show_private),
        cards=(understood(analysis), where_time_goes(analysis)),
        findings=findings(analysis),
        strip=strip(analysis, membership),
        drawings=drawings(analysis, groups),
        table=kernel_table(analysis, groups, membership),
        understanding=understanding(analysis),
        explained=explanations(analysis, membership),
        measured=measured(analysis),
    )
