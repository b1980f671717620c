"""What a notebook shows of a result."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING

from ncutool.analysis.analyse import Analysis, Findings
from ncutool.analysis.document import Document
from ncutool.base import units
from ncutool.base.untrusted import printable
from ncutool.charts.palette import LIGHT
from ncutool.page import card
from ncutool.page.card_layout import Part, safe
from ncutool.page.notebook_answers import answer_html, plan_html
from ncutool.page.notebook_frame import columns, framed, image, said, sentence, stacked, title
from ncutool.page.roofline_picture import fitting
from ncutool.planning.llm.planned import Plan
from ncutool.whatif.answer import Answer

if TYPE_CHECKING:
    from ncutool.analysis.sections import FindingLine
    from ncutool.page.drawing import Standalone

_TOP_FINDINGS, _ALL_FINDINGS = 3, 40


@singledispatch
def html(result: object) -> str:
    """Return what a notebook shows of a result."""
    raise TypeError(f"nothing is drawn for a {type(result).__name__}")


html.register(Plan, plan_html)
html.register(Answer, answer_html)


@html.register
def _(analysis: Analysis) -> str:
    document = Document(analysis)
    verdict, notices = document.verdict, document.notices
    about = (verdict.capture, document.device.name, verdict.about, verdict.time)
    roofline = fitting(analysis, LIGHT, 440, 320)
    left = [_bars(document), *_findings(document, _TOP_FINDINGS)]
    warning = next((one.text for one in notices if one.severity != "info"), "")
    right = [_drawn(roofline)] if roofline is not None else []
    return framed(
        title(verdict.headline),
        said(" · ".join(filter(None, about))),
        columns(left, right),
        said(warning) if warning else "",
    )


@html.register
def _(findings: Findings) -> str:
    document = Document(findings.analysis)
    heading = f"{units.counted(len(findings), 'finding')} of {findings.analysis.capture.name}"
    return framed(title(heading), *_findings(document, _ALL_FINDINGS, whole=True))


def _drawn(roofline: Standalone) -> str:
    heading = f"{roofline.title} · {roofline.share}" if roofline.share else roofline.title
    return said(heading) + image(roofline.svg, roofline.title)


def _bars(document: Document) -> str:
    shares = [
        Part(part.kind, part.pct, part.name, units.percent(part.pct))
        for part in card.time_parts(document.time)
    ]
    known = card.coverage_parts(document.coverage)
    bars = [
        (card.coverage_title(document.coverage), known),
        (card.time_title(document.time), shares),
    ]
    words = "; ".join(
        f"{heading}: {', '.join(f'{part.name} {part.amount}' for part in parts)}"
        for heading, parts in bars
    )
    return stacked(bars, printable(words, 600))


def _findings(document: Document, most: int, *, whole: bool = False) -> list[str]:
    """Return findings, saving first; what to say where there are none.

    Args:
        whole: with their evidence and what to do.
    """
    section = document.findings
    if not section.lines:
        return [said(section.nothing)]
    rows = []
    if section.together is not None:
        rows.append(_row(section.together.amount, "All of them together", section.together.share))
    for line in section.lines[:most]:
        rows.append(_row(line.saving.amount, line.action, line.saving.share))
        rows += _evidence(line) if whole else []
    hidden = len(section.lines) - most
    return [*rows, said(f"{units.counted(hidden, 'more finding')}: analysis.findings")][
        : None if hidden > 0 else -1
    ]


def _row(amount: str, action: str, share: str) -> str:
    return (
        '<div style="display:flex;gap:10px;align-items:baseline;margin:3px 0;">'
        f'<b style="flex:0 0 110px;font-weight:700;">{safe(amount)}</b>'
        f'<span style="flex:1;overflow-wrap:anywhere;">{safe(action[:1].upper() + action[1:])}'
        f'</span><span style="color:{LIGHT.soft};font-size:12px;">{safe(share)}</span></div>'
    )


def _evidence(line: FindingLine) -> list[str]:
    style = f"margin:0 0 2px 120px;color:{LIGHT.soft};font-size:12px;overflow-wrap:anywhere;"
    return [
        f'<div style="{style}">{sentence(words)}</div>' for words in (line.why, line.todo) if words
    ]
