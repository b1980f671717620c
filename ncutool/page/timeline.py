"""The timeline: lanes of a trace drawn here, and the pieces that the script zooms into.

A report has no timeline; its launches stand in the same drawing one after another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from msgspec import Struct, field

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.page import idle
from ncutool.page.bands import Band, bands
from ncutool.page.detail import FEW, Detail, detail, first_window
from ncutool.page.findings import MOST
from ncutool.page.in_order import one_after_another
from ncutool.page.lanes import Lane, in_window, laned
from ncutool.page.pieces import MOST_SINGLE, concerned, grades, packed, pieces, stretches
from ncutool.page.strip_columns import Area, covered, shares, split, stacked
from ncutool.page.ticks import Tick, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.finding import Finding
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.document import Document
    from ncutool.timeline.window import Timeline

_HANDFUL = 12
"""So many launches of a trace are drawn one by one, without an overview."""
_LANES_HEIGHT = 136
"""Of all lanes of launches together, where they are few."""
_LEAST, _GAP, _BANDS = 15, 4, 21
_FINDINGS, _IDLE = 14, 22


class Row(Struct, frozen=True):
    """One lane of the overview, at its place in the drawing."""

    label: str
    title: str
    kind: str
    """`launches`, `findings` or `idle`."""
    top: int
    height: int
    areas: tuple[Area, ...]


class Strip(Struct, frozen=True):
    """The section: static parts for the template, ``data`` for the script."""

    title: str
    about: str
    empty: str = ""
    """Why nothing is drawn; else empty."""
    summary: str = ""
    ticks: tuple[Tick, ...] = ()
    bands: tuple[tuple[Band, ...], ...] = ()
    rows: tuple[Row, ...] = ()
    labels: tuple[str, ...] = ()
    """A few letters for each lane of the zoomed part."""
    detail: Detail | None = None
    zoomable: bool = True
    """Whether the zoomed part is less than the whole."""
    causes: tuple[idle.Cause, ...] = ()
    """Idle time by cause, rare causes together."""
    idle_ns: int = 0
    notes: tuple[str, ...] = ()
    data: dict[str, Any] | None = None

    @property
    def findings(self) -> bool:
        """Whether findings concern launches that are drawn."""
        return self.detail is not None and bool(self.data and any(self.data["pieces"]["sets"]))

    @property
    def height(self) -> int:
        """Height of the overview in units of its drawing."""
        return self.rows[-1].top + self.rows[-1].height if self.rows else 0


class _Axis(Struct, frozen=True):
    """What the launches are drawn along."""

    start_ns: int
    wall_ns: int
    lanes: list[Lane] = field(default_factory=list)


def strip(analysis: Analysis, document: Document) -> Strip:
    """Return the timeline of a trace, or the launches of a report in their order."""
    timeline = document.time.timeline
    if timeline is not None and timeline.wall_ns > 0:
        return _of_trace(analysis, document, timeline)
    if analysis.capture.traits.has_timeline:
        said = "No launch of this capture has both a start and a duration: there is no timeline."
        return Strip("Timeline", "", empty=said)
    return _of_report(analysis, document)


def _of_trace(analysis: Analysis, document: Document, timeline: Timeline) -> Strip:
    placed, lanes = laned(
        in_window(analysis, timeline, document.kernels.membership), timeline.devices
    )
    axis = _Axis(timeline.start_ns, timeline.wall_ns, lanes)
    findings = _findings(document)
    placed = concerned(placed, findings)
    marks = bands(analysis.capture, timeline)
    zoomable = placed.height > _HANDFUL
    rows = []
    if zoomable:
        height = _LANES_HEIGHT - _BANDS * max(len(marks) - 1, 0)
        rows = [*_launch_rows(placed, axis, height), *_finding_row(placed, axis, findings)]
    if timeline.idle_ns > 0:
        rows.append(_idle_row(timeline))
    found, data, note = _zoomed(placed, axis, findings, document)
    cut = ("Times count from the capture's first launch.",) if timeline.start_ns else ()
    left = analysis.launch_count - placed.height
    if left:
        cut = (*cut, f"Not drawn: {units.counted(left, 'launch')} without a time in the window.")
    return Strip(
        title="Timeline",
        about="each column split by bound",
        summary=_summary(timeline),
        ticks=ticks(timeline.start_ns, timeline.end_ns),
        bands=marks,
        rows=_topped(rows),
        labels=tuple(lane.label for lane in axis.lanes),
        detail=found,
        zoomable=zoomable,
        causes=idle.causes(timeline) if timeline.idle_ns > 0 else (),
        idle_ns=timeline.idle_ns,
        notes=(*cut, *note),
        data=data | {"gaps": idle.gaps(timeline)},
    )


def _of_report(analysis: Analysis, document: Document) -> Strip:
    placed = one_after_another(analysis, document.kernels.membership)
    count = analysis.launch_count
    untimed = count - placed.height
    missing = f"{units.counted(untimed, 'launch')} without a duration not drawn" if untimed else ""
    if not placed.height:
        said = f"None of {units.counted(count, 'launch')} has a duration: nothing can be drawn."
        return Strip("Launches in order", "", empty=said)
    axis = _Axis(0, int(placed["finish"][-1]), [Lane("launches", "in the capture's order")])
    findings = _findings(document)
    placed = concerned(placed, findings)
    found, data, note = _zoomed(placed, axis, findings, document)
    zoomable = placed.height > FEW
    rows = _launch_rows(placed, axis, _LANES_HEIGHT) if zoomable else []
    rows += _finding_row(placed, axis, findings) if zoomable else []
    alone = placed.height == 1
    return Strip(
        title="The launch" if alone else "Launches in order",
        about=", ".join(filter(None, ("width is duration", missing))),
        summary=f"{units.counted(placed.height, 'launch')} in {units.time(axis.wall_ns)}",
        ticks=ticks(0, axis.wall_ns),
        rows=_topped(rows),
        labels=tuple(lane.label for lane in axis.lanes),
        detail=found,
        zoomable=zoomable,
        notes=(
            ("Nsight Compute ran it alone." if alone else
             "Nsight Compute ran the launches one by one: the order is the capture's, and gaps "
             "between them are not recorded."),
            *note,
        ),
        data=data,
    )  # fmt: skip


def _findings(document: Document) -> Sequence[Finding]:
    return [line.finding for line in document.findings.lines[:MOST]]


class _Untopped(Struct, frozen=True):
    """A row before its place is known."""

    label: str
    title: str
    kind: str
    height: int
    areas: tuple[Area, ...]


def _topped(rows: Sequence[_Untopped]) -> tuple[Row, ...]:
    placed, top = [], 0
    for row in rows:
        placed.append(Row(row.label, row.title, row.kind, top, row.height, row.areas))
        top += row.height + _GAP
    return tuple(placed)


def overview(placed: pl.DataFrame, wall_ns: int, lane: int, height: int) -> tuple[Area, ...]:
    """Return one lane of launches, each column split by bound."""
    parts = split(placed.filter(pl.col("lane") == lane), wall_ns)
    return stacked([(kind, shares(ns, wall_ns)) for kind, ns in parts], height)


def _launch_rows(placed: pl.DataFrame, axis: _Axis, height: int) -> list[_Untopped]:
    height = max(_LEAST, height // max(len(axis.lanes), 1) - _GAP)
    return [
        _Untopped(
            lane.label,
            lane.title,
            "launches",
            height,
            overview(placed, axis.wall_ns, number, height),
        )
        for number, lane in enumerate(axis.lanes)
    ]


def _idle_row(timeline: Timeline) -> _Untopped:
    title = "What share of each column no launch runs in, by cause."
    if len(timeline.devices) > 1:
        title += " Of several devices it is the mean."
    return _Untopped("idle", title, "idle", _IDLE, idle.areas(timeline, _IDLE))


def _finding_row(placed: pl.DataFrame, axis: _Axis, findings: Sequence[Finding]) -> list[_Untopped]:
    """Return the lane of what findings concern; none where no finding concerns a launch here."""
    own = placed.filter(pl.col("mask") != 0)
    if not own.height:
        return []
    lengths = covered(own["begin"].to_numpy(), own["finish"].to_numpy(), axis.wall_ns)
    areas = stacked([("saving", shares(lengths, axis.wall_ns))], _FINDINGS)
    title = (
        "What share of each column a launch runs in that a finding concerns: "
        "part of it can go, as the finding says."
    )
    return [_Untopped("findings", title, "findings", _FINDINGS, areas)]


def _zoomed(
    placed: pl.DataFrame, axis: _Axis, findings: Sequence[Finding], document: Document
) -> tuple[Detail, dict[str, Any], tuple[str, ...]]:
    """Return the zoomed part, the script's data, and what to say of merged launches."""
    whole = axis.wall_ns
    window = first_window(placed, findings, whole)
    found = pieces(placed, window)
    shown = detail(
        found.rows,
        window,
        start_ns=axis.start_ns,
        wall_ns=whole,
        lanes=len(axis.lanes),
        names=document.kernels.groups["name"],
        actions=[line.action for line in document.findings.lines],
    )
    data = {
        "wall_ns": whole,
        "start_ns": axis.start_ns,
        "window": list(window),
        "row": shown.row,
        "lanes": [lane.title for lane in axis.lanes],
        "pieces": packed(found),
        "findings": [finding.id for finding in findings],
        "actions": [shorten(line.action, 60) for line in document.findings.lines[: len(findings)]],
        "grades": grades(placed, findings, whole),
        "stretches": stretches(placed, whole) if placed.height > MOST_SINGLE else None,
        "gaps": None,
    }
    note: tuple[str, ...] = ()
    if found.grain_ns:
        note = (
            f"Away from here launches within {units.time(found.grain_ns)} are drawn "
            "together, as high as their share of it.",
        )
    return shown, data, note


def _summary(timeline: Timeline) -> str:
    idle_share = units.percent(100 * timeline.idle_ns / timeline.wall_ns)
    gaps = units.counted(timeline.gaps.height, "gap")
    return f"{units.time(timeline.busy_ns)} busy, {idle_share} idle in {gaps}"
