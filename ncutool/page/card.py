"""The picture of one analysis that people paste: verdict, coverage, time, savings, roofline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.analysis import display_names
from ncutool.analysis.document import Document
from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.charts.palette import LIGHT
from ncutool.page import card_layout as layout
from ncutool.page import text_width
from ncutool.page.card_layout import Part
from ncutool.page.code import with_code
from ncutool.page.html import this_version
from ncutool.page.roofline_picture import fitting, placed

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.sections import CoverageSection, FindingLine, Saving, TimeSection
    from ncutool.charts.palette import Palette

WIDTH, HEIGHT = 1200, 630
"""What sites that preview links show whole."""
_LEFT, _RIGHT = 48.0, 1152.0
_COLUMN = 584.0
"""Width of the left column."""
_PANEL, _BOTTOM = 668.0, 574.0
"""Where the right column begins, and where it ends."""
_SIZES = (42.0, 38.0, 34.0, 30.0, 27.0, 24.0)
_HEAD, _SMALL, _BODY = 17.0, 15.0, 18.0
_ENLARGED = 1.25
"""How many times the roofline's letters are enlarged, to be read in a small preview."""
_MOST = 3
"""Findings shown."""
_ROW = 38.0
_PARTS = {
    "on_roofline": "saving",
    "helper": "saving",
    "bytes_only": "saving_reach",
    "flops_only": "saving_reach",
    "copy": "copy",
    "communication": "communication",
    "no_figures": "unknown",
}
"""How each part of the launch time looks."""


def card(analysis: Analysis, *, palette: Palette = LIGHT, both: bool = True) -> str:
    """Return the picture as SVG, 1200 x 630, that needs nothing beside it.

    Args:
        palette: its colours.
        both: a reader who prefers dark sees it dark; only on the light palette.
    """
    document = Document(analysis)
    verdict = document.verdict
    known, time = coverage_parts(document.coverage), time_parts(document.time)
    head = layout.headline(_LEFT, 114, _RIGHT - _LEFT, plain(verdict.headline), palette, _SIZES)
    about = (document.device.name, verdict.about)
    content = [
        layout.line_of(_LEFT, 52, _RIGHT - _LEFT, verdict.capture, about, _BODY, palette),
        head,
        _coverage(document.coverage, known, palette),
        _time(document.time, time, palette),
        _findings(document, palette),
        _panel(analysis, document, palette),
        _corner(document, palette),
    ]
    kinds = {part.kind for part in (*known, *time)} | {"saving", "saving_reach"}
    return layout.picture(
        WIDTH,
        HEIGHT,
        content,
        kinds | set(document.kernels.groups["bound"].head(_MOST * 3)),
        palette,
        title=plain(verdict.headline),
        description=described(document),
        both=both,
    )


def plain(sentence: str) -> str:
    """Return a sentence without the marks of code, which a picture has no letters for."""
    return "".join(piece.text for piece in with_code(sentence))


def coverage_parts(section: CoverageSection) -> list[Part]:
    """Return the launch time by what is known of it."""
    if section.shares.understood_pct is None or section.shares.duration_ns == 0:
        return []
    return [
        Part(
            _PARTS[part.part],
            part.pct,
            display_names.PARTS[part.part],
            units.percent(part.pct),
        )
        for part in section.shares.partition
        if part.duration_ns
    ]


def time_parts(section: TimeSection) -> list[Part]:
    """Return the window by what holds it."""
    return [
        Part(
            part.kind,
            part.pct,
            display_names.SHORT_BOUNDS[part.kind],
            f"{units.time(part.ns)}",
        )
        for part in section.shares.parts
    ]


def coverage_title(section: CoverageSection) -> str:
    """Return how much is understood, of what total."""
    shares = section.shares
    if shares.understood_pct is None or shares.duration_ns == 0:
        return "No launch carries a duration, so no share is known"
    total = units.time(shares.duration_ns)
    return f"Understood: {units.percent(shares.understood_pct)} of {total} of launch time"


def time_title(section: TimeSection) -> str:
    """Return what total is divided by what holds it."""
    if not section.shares.parts:
        return "Where the time goes is not known"
    base = "wall time" if section.shares.of_wall else "launch time"
    return f"Where {units.time(section.shares.base_ns)} of {base} goes"


def described(document: Document) -> str:
    """Return in words what the picture shows, for those who cannot see it."""
    divided = ", ".join(f"{part.name} {part.amount}" for part in time_parts(document.time))
    said = [
        f"{document.verdict.capture} on {document.device.name}.",
        f"{document.coverage.line.rstrip('.')}.",
        f"{time_title(document.time)}{f': {divided}' if divided else ''}.",
    ]
    said += [f"{one.action}: {one.saving.line}." for one in document.findings.lines[:_MOST]]
    return printable(" ".join(said), 2000)


def _coverage(section: CoverageSection, parts: list[Part], palette: Palette) -> str:
    title = layout.text(_LEFT, 194, coverage_title(section), _HEAD, palette, bold=True)
    drawn = layout.bar(_LEFT, 203, _COLUMN, 24, parts, palette)
    return title + drawn + layout.legend(_LEFT, 247, _COLUMN, parts, _SMALL, palette)


def _time(section: TimeSection, parts: list[Part], palette: Palette) -> str:
    title = layout.text(_LEFT, 282, time_title(section), _HEAD, palette, bold=True)
    drawn = layout.bar(_LEFT, 291, _COLUMN, 36, parts, palette, _SMALL)
    shares = [Part(part.kind, part.pct, part.name, units.percent(part.pct)) for part in parts]
    return title + drawn + layout.legend(_LEFT, 347, _COLUMN, shares, _SMALL, palette, rows=2)


def _findings(document: Document, palette: Palette) -> str:
    """Return what can go, with bars against the window; where there is nothing, why."""
    section = document.findings
    y = 406.0
    if not section.lines:
        return _nothing(section.nothing, y, palette)
    window = document.analysis.window_ns
    shown = section.lines[:_MOST]
    more = f": {len(shown)} of {len(section.lines)}" if len(section.lines) > len(shown) else ""
    base = "wall time" if document.analysis.timeline is not None else "launch time"
    heading = f"What can go, of {units.time(window)} {base}{more}"
    drawn = [layout.text(_LEFT, y, heading, _HEAD, palette, bold=True)]
    rows: list[tuple[Saving, str, int, int, bool]] = []
    if section.together is not None:
        low, high = section.advice.all_low_ns, min(section.advice.all_high_ns, window)
        rows.append((section.together, "All of them together", low, high, True))
    rows += [_row_of(line) for line in shown]
    for number, row in enumerate(rows):
        drawn.append(_saving(row, y + 28 + number * _ROW, window, palette))
    return "".join(drawn)


def _row_of(line: FindingLine) -> tuple[Saving, str, int, int, bool]:
    finding = line.finding
    of_window = finding.per == "window"
    action = line.action[:1].upper() + line.action[1:]
    return line.saving, action, finding.alone_low_ns, finding.alone_high_ns, of_window


def _saving(
    row: tuple[Saving, str, int, int, bool], y: float, window: int, palette: Palette
) -> str:
    """Return one saving: how much, by what, and its bar; no bar where the window stays."""
    saving, action, low, high, of_window = row
    amount = saving.amount if of_window else f"{saving.amount} per {saving.per}"
    amount = text_width.shortened(amount, 200, 19, bold=True)
    drawn = layout.text(_LEFT, y, amount, 19, palette, bold=True)
    start = _LEFT + max(text_width.width(amount, 19, bold=True) + 14, 138)
    share = saving.share
    room = _LEFT + _COLUMN - start - text_width.width(share, _SMALL) - 14
    action = printable(action)
    size = _BODY if text_width.width(action, _BODY) <= room else _SMALL
    drawn += layout.text(start, y, text_width.shortened(action, room, size), size, palette)
    drawn += layout.text(_LEFT + _COLUMN, y, share, _SMALL, palette, soft=True, end=True)
    if not of_window or window <= 0:
        return drawn
    track = layout.box(_LEFT, y + 7, _COLUMN, 8, f'fill="{palette.line}"')
    left, right = (min(100.0, 100 * each / window) for each in (low, high))
    parts = [Part("saving", left, "", ""), Part("saving_reach", right - left, "", "")]
    return (
        drawn
        + track
        + layout.bar(_LEFT, y + 7, _COLUMN, 8, [part for part in parts if part.pct > 0], palette)
    )


def _nothing(why: str, y: float, palette: Palette) -> str:
    lines = text_width.wrapped(printable(plain(why)), _COLUMN, _BODY)
    if len(lines) > 6:
        lines = [*lines[:5], text_width.shortened(f"{lines[5]}…", _COLUMN, _BODY)]
    heading = layout.text(_LEFT, y, "What to do", _HEAD, palette, bold=True)
    return heading + "".join(
        layout.text(_LEFT, y + 27 + 24 * number, line, _BODY, palette)
        for number, line in enumerate(lines)
    )


def _panel(analysis: Analysis, document: Document, palette: Palette) -> str:
    """Return the roofline; where there is none, the kernels with the most time and why."""
    wide, top = _RIGHT - _PANEL, 206.0
    drawn = fitting(analysis, palette, wide, _BOTTOM - top, _ENLARGED)
    if drawn is None:
        return _most_time(document, wide, palette)
    shares = drawn.share.split(", ")
    title = layout.line_of(_PANEL, 194, wide, drawn.title, shares, _HEAD, palette)
    return title + placed(drawn.svg, _PANEL, top, wide, _BOTTOM - top)


def _most_time(document: Document, wide: float, palette: Palette) -> str:
    why = "No launch has FLOPs, bytes and a known peak, so there is no roofline."
    groups = document.kernels.groups.filter(pl.col("duration_ns") > 0).head(6)
    heading = "Most time in" if groups.height else "Roofline"
    drawn = [layout.text(_PANEL, 194, heading, _HEAD, palette, bold=True)]
    y = 222.0
    for row in groups.iter_rows(named=True):
        amount = f"{units.time(row['duration_ns'])}, {units.percent(row['share_pct'])}"
        room = wide - text_width.width(amount, _SMALL) - 14
        name = printable(" ".join(filter(None, (row["name"], row["detail"]))))
        name = text_width.shortened(name, room, _SMALL, bold=True, middle=True)
        part = Part(row["bound"], min(100.0, row["share_pct"]), "", "")
        drawn += [
            layout.text(_PANEL, y, name, _SMALL, palette, bold=True),
            layout.text(_RIGHT, y, amount, _SMALL, palette, soft=True, end=True),
            layout.box(_PANEL, y + 8, wide, 14, f'fill="{palette.line}" fill-opacity="0.5"'),
            layout.bar(_PANEL, y + 8, wide, 14, [part], palette),
        ]
        y += 50
    lines = text_width.wrapped(why, wide, _SMALL)
    drawn += [
        layout.text(_PANEL, y + 12 + 21 * number, line, _SMALL, palette, soft=True)
        for number, line in enumerate(lines)
    ]
    return "".join(drawn)


def _corner(document: Document, palette: Palette) -> str:
    """Return the last line: what to know of the figures, or the peaks, and the version."""
    rule = layout.box(_LEFT, 586, _RIGHT - _LEFT, 1, f'fill="{palette.line}"')
    version = f"ncutool {this_version()}"
    mark = layout.text(_RIGHT, 611, version, _SMALL, palette, bold=True, end=True)
    room = _RIGHT - _LEFT - text_width.width(version, _SMALL, bold=True) - 24
    grave = [notice for notice in document.notices if notice.severity != "info"]
    words = plain(grave[0].text) if grave else document.device.peaks
    if len(grave) > 1:
        more = f" (and {units.counted(len(grave) - 1, 'more notice')})"
        words = (
            text_width.shortened(printable(words), room - text_width.width(more, _SMALL), _SMALL)
            + more
        )
    words = text_width.shortened(printable(words), room, _SMALL)
    return rule + layout.text(_LEFT, 611, words, _SMALL, palette, soft=True) + mark
