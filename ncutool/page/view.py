"""One capture's part of a page: its document, and what only the page draws of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from msgspec import Struct

from ncutool.analysis.document import Document
from ncutool.base.untrusted import json_for_html
from ncutool.page.cards import Card, understood, where_time_goes
from ncutool.page.drawing import Drawing, drawings
from ncutool.page.explained import explanations
from ncutool.page.findings import MOST, Findings, finding_groups, findings
from ncutool.page.kernels import KernelTable, kernel_table
from ncutool.page.method import method
from ncutool.page.timeline import Strip, strip
from ncutool.page.within import within

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis


class View(Struct, frozen=True):
    """What the templates draw."""

    id: str
    document: Document
    cards: tuple[Card, ...]
    findings: Findings
    strip: Strip
    drawings: tuple[Drawing, ...]
    table: KernelTable
    method: str
    """How the figures come about."""
    private: tuple[tuple[str, str], ...]
    """Host names, user paths and the like; none unless they were asked for."""
    data: dict[str, Any]
    """What the script reads."""

    @property
    def json(self) -> Markup:
        """The data as JSON that is safe in its element, and not to be escaped again."""
        return Markup(json_for_html(self.data))


def view(analysis: Analysis, number: int, *, show_private: bool) -> View:
    """Return the view of one analysis, the ``number``-th of its page.

    Args:
        show_private: host names, user paths and the like were asked for.
    """
    document = Document(analysis)
    kernels = document.kernels
    timeline = strip(analysis, document)
    charts = drawings(analysis, kernels.groups)
    concerned = document.findings.lines[:MOST]
    table = kernel_table(analysis, kernels.groups, kernels.membership, concerned)
    return View(
        id=f"view-{number}",
        document=document,
        cards=(understood(document.coverage), where_time_goes(document.time)),
        findings=findings(analysis, document.findings),
        strip=timeline,
        drawings=charts,
        table=table,
        method=method(analysis.capture.format),
        private=tuple(sorted(analysis.capture.private.items())) if show_private else (),
        data={
            **table.data,
            "findings": finding_groups(document, kernels.membership),
            "explained": explanations(analysis, kernels.membership),
            "within": within(analysis, kernels.membership),
            "timeline": timeline.data,
        },
    )
