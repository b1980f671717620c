"""What a notebook shows of a plan, and of the answer to a what-if."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.page import llm
from ncutool.page import notebook_frame as frame
from ncutool.page.card_layout import Part
from ncutool.text import llm_facts
from ncutool.text.whatif import whatif_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ncutool.planning.llm.planned import Plan
    from ncutool.whatif.answer import Answer, Bounds

_ROWS, _NAME = 8, 48
"""Kernels shown, and letters of their names."""


def plan_html(plan: Plan) -> str:
    """Return what a notebook shows of a plan."""
    memory = [Part(piece.kind, piece.pct, piece.text, "") for piece in llm.memory_pieces(plan)]
    held = units.data(plan.memory.device_bytes)
    bars = frame.stacked([(f"Memory: {held} a device", memory)], _listed("Memory", memory))
    groups = [
        frame.titled(name, ((fact.name, fact.value, fact.remark) for fact in facts))
        for name, facts in llm_facts.facts(plan)
    ]
    right = [frame.image(llm.roofline_svg(plan), "Roofline of the plan at each batch")]
    return frame.framed(
        frame.title(llm.headline(plan)),
        frame.said(llm_facts.stored_types(plan)),
        frame.columns([bars, *groups[:2]], [*right, *groups[2:]]),
        *(frame.said(note) for note in plan.notes),
    )


def answer_html(answer: Answer) -> str:
    """Return what a notebook shows of the answer to a what-if."""
    rows = answer.rows.head(_ROWS).to_dicts()
    sheet = whatif_sheet(answer, rows)
    bounds = {"End to end": answer.end_to_end, "Kernel time": answer.kernel_time}
    bars = [
        (f"{name} {when}: {words}", parts)
        for name, times in bounds.items()
        if times is not None and times.now_ns > 0
        for when, words, parts in _now_and_then(times)
    ]
    alternative = "; ".join(words for words, _ in bars)
    facts = [frame.titled("Against now", told) for _, told in sheet.titled_facts]
    kernels = sheet.grids[1 if answer.findings else 0]
    return frame.framed(
        frame.title(f"{sheet.headline[:1].upper()}{sheet.headline[1:]}: {_then(answer)}"),
        frame.columns(
            [frame.stacked(bars, alternative, legends=False)] if bars else facts,
            facts if bars else [],
        ),
        frame.titled(
            kernels.title,
            ((shorten(row[0], _NAME), row[4], f"now {row[3]}; {row[5]}") for row in kernels.rows),
        ),
        *(frame.said(note) for note in sheet.notes),
    )


def _then(answer: Answer) -> str:
    bounds = answer.end_to_end or answer.kernel_time
    what = "kernel time" if answer.end_to_end is None else "end to end"
    then = units.time_range(bounds.low_ns, bounds.high_ns)
    return f"{then} {what}, now {units.time(bounds.now_ns)}"


def _now_and_then(bounds: Bounds) -> list[tuple[str, str, list[Part]]]:
    """Return a bar of the time now and one of what it would be, against the longer of both."""
    whole = max(bounds.now_ns, bounds.high_ns)
    low = 100 * bounds.low_ns / whole
    reach = 100 * (bounds.high_ns - bounds.low_ns) / whole
    then = [Part("saving", low, "at least", units.time(bounds.low_ns))]
    if reach > 0:
        then.append(Part("saving_reach", reach, "at most", units.time(bounds.high_ns)))
    now = units.time(bounds.now_ns)
    return [
        ("now", now, [Part("unknown", 100 * bounds.now_ns / whole, "now", now)]),
        ("then", units.time_range(bounds.low_ns, bounds.high_ns), then),
    ]


def _listed(name: str, parts: Iterable[Part]) -> str:
    return f"{name}: {', '.join(part.name for part in parts)}"
