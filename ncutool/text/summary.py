"""The verdict in thirty lines: what a performance engineer wants before opening the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from ncutool.analysis import capture_lines, finding_words, labels
from ncutool.analysis.groups import grouped
from ncutool.analysis.time_shares import Share, where_the_time_goes
from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.text.style import (
    BOUND_FILLS,
    BOUND_STYLES,
    SEVERITY_STYLES,
    render,
    terminal_width,
    text,
)
from ncutool.text.tables import findings_overview, group_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ncutool.analysis.analyse import Analysis

_FINDINGS = 5
_GROUPS = 8
_NOTICES = 3


def summary(analysis: Analysis, *, width: int = 100) -> RenderableType:
    """What a terminal shows of one analysis, drawn for so many columns."""
    groups, _ = grouped(analysis.kernels)
    return Group(
        *_heading(analysis),
        *_notices(analysis, width),
        Text(""),
        *_time_bar(analysis, width),
        Text(""),
        *_findings(analysis, width),
        Text(""),
        group_table(groups, top=_GROUPS, width=width),
        *_rest(groups.height),
    )


def summary_text(analysis: Analysis, *, color: bool, width: int | None = None) -> str:
    """:func:`summary` as text, with terminal colours where wanted and possible."""
    columns = terminal_width() if width is None else width
    return render(summary(analysis, width=columns), color=color, width=columns)


def _heading(analysis: Analysis) -> list[Text]:
    capture = text(analysis.capture.name, "bold", limit=60)
    capture.append(f"  {capture_lines.capture_line(analysis)}", style="bright_black")
    device = text(capture_lines.device_name(analysis), "bold")
    device.append(f"  {capture_lines.peaks_line(analysis)}", style="bright_black")
    how = text(analysis.resolution.how, "bright_black")
    found_by = "  found by " if analysis.resolution.device else "  "
    return [
        capture,
        text(analysis.headline, "bold"),
        device,
        Text(found_by, style="bright_black").append_text(how),
        *_reached(analysis),
        Text(capture_lines.time_line(analysis)),
        _coverage(analysis),
    ]


def _reached(analysis: Analysis) -> list[Text]:
    line = capture_lines.reached_line(analysis)
    return [] if line is None else [text(f"  {line}", "bright_black")]


def _coverage(analysis: Analysis) -> Text:
    coverage = analysis.coverage
    line = Text(units.percent(coverage.understood_pct), style="bold")
    line.append(" of launch time is understood")
    line.append(
        f" (FLOPs {units.percent(coverage.flop_pct)}, bytes {units.percent(coverage.bytes_pct)})",
        style="bright_black",
    )
    if coverage.missing:
        most = coverage.missing[0]
        line.append(f"; {units.percent(most.pct)} is not: ").append_text(text(most.reason))
    return line


def _notices(analysis: Analysis, width: int) -> list[Text]:
    order = {"error": 0, "warning": 1, "info": 2}
    notices = sorted(analysis.notices, key=lambda notice: order[notice.severity])
    lines = [
        text(printable(f"! {notice.text}", 2 * width - 10), SEVERITY_STYLES[notice.severity])
        for notice in notices[:_NOTICES]
    ]
    if len(notices) > _NOTICES:
        rest = units.counted(len(notices) - _NOTICES, "more notice")
        lines.append(Text(f"! {rest} on the page", style="bright_black"))
    return lines


def _time_bar(analysis: Analysis, width: int) -> list[Text]:
    shares = where_the_time_goes(analysis)
    if not shares.parts:
        return [Text("No launch carries a duration: nothing can be said about time.")]
    order = list(labels.BOUNDS)
    parts = sorted(shares.parts, key=lambda part: order.index(part.kind))
    bar, legend = Text(), Text()
    cells = _cells(parts, min(width, 100))
    for part in parts:
        fill, style = BOUND_FILLS[part.kind], BOUND_STYLES[part.kind]
        bar.append(fill * cells[part.kind], style=style)
        legend.append(f"{fill} ", style=style).append(units.percent(part.pct), style="bold")
        legend.append(f" {labels.BOUNDS[part.kind]}   ")
    of_what = "of wall time" if shares.of_wall else "of launch time"
    return [bar, legend.append(of_what, style="bright_black")]


def _cells(parts: list[Share], width: int) -> dict[str, int]:
    """Whole cells for each part by largest remainder: they sum to ``width``."""
    exact = {part.kind: part.pct * width / 100 for part in parts}
    cells = {kind: int(value) for kind, value in exact.items()}
    left = width - sum(cells.values())
    by_remainder = sorted(exact, key=lambda kind: cells[kind] - exact[kind])
    for kind in by_remainder[: max(0, left)]:
        cells[kind] += 1
    return cells


def _findings(analysis: Analysis, width: int) -> list[RenderableType]:
    if not analysis.findings:
        return [Text(finding_words.nothing(analysis))]
    rows = [vars(finding) for finding in analysis.findings[:_FINDINGS]]
    lines: list[RenderableType] = [findings_overview(rows, analysis.window_ns, width=width)]
    if len(analysis.findings) > _FINDINGS:
        more = units.counted(len(analysis.findings) - _FINDINGS, "more finding")
        lines.append(Text(f"   {more}: ncutool findings", style="bright_black"))
    return lines


def _rest(groups: int) -> list[Text]:
    if groups <= _GROUPS:
        return []
    more = units.counted(groups - _GROUPS, "more group")
    return [Text(f"{more}: on the page, or ncutool kernels", style="bright_black")]
