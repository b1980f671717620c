"""A what-if as a sheet: end to end, kernel time, each group of launches, and what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.analysis import display_names
from ncutool.analysis.groups import label
from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.text.sheet import Grid, Sheet

if TYPE_CHECKING:
    from ncutool.whatif import Answer, Bounds
    from ncutool.whatif.answer import Carried

WORDS = frozenset(("what", "bound", "by", "why", "finding", "title", "stays"))
_NAME, _FIGURES, _STAYS = 30, 48, 52
"""Columns for names, for figures beside names and reasons, and beside the reasons of what stays."""


def whatif_sheet(answer: Answer, rows: list[dict[str, Any]], width: int | None = None) -> Sheet:
    """Return an answer with the rows to show of :attr:`ncutool.whatif.Answer.rows`.

    Args:
        width: columns that names and reasons are cut to; whole where None.
    """
    grids = [_kernels(answer, rows, width)]
    if answer.findings:
        grids.insert(0, _findings(answer))
    if answer.unchanged:
        grids.append(_unchanged(answer, width))
    return Sheet(
        headline=f"what if {asked(answer)}",
        facts=tuple(_facts(answer)),
        grids=tuple(grids),
        notes=(answer.end_to_end_reason, answer.memory.said, *answer.notes),
    )


def asked(answer: Answer) -> str:
    """Return the question in words: `on H200 SXM 141GB, batch × 8`."""
    question = answer.question
    parts = [f"on {answer.device}"] if question.on is not None else []
    parts += [f"batch × {question.batch_scale:g}"] if question.batch_scale is not None else []
    parts += [f"length × {question.length_scale:g}"] if question.length_scale is not None else []
    parts += [f"weights in {question.weights}"] if question.weights is not None else []
    parts += [f"activations in {question.activations}"] if question.activations is not None else []
    parts += [f"carried out: {', '.join(one.id for one in answer.findings)}"] * bool(
        answer.findings
    )
    return ", ".join(parts)


def _facts(answer: Answer) -> list[tuple[str, str, str]]:
    whole, kernels = answer.end_to_end, answer.kernel_time
    lines = []
    if whole is not None:
        lines.append(("end to end", _range(whole.low_ns, whole.high_ns), _against(whole)))
    else:
        lines.append(("end to end", units.UNKNOWN, "not known without a timeline"))
    lines.append(("kernel time", _range(kernels.low_ns, kernels.high_ns), _against(kernels)))
    return lines


def _range(low_ns: int, high_ns: int) -> str:
    """Return two times as a range; one with all its digits where they are the same."""
    return units.time(low_ns) if low_ns == high_ns else units.time_range(low_ns, high_ns)


def _against(bounds: Bounds) -> str:
    return f"now {units.time(bounds.now_ns)}: {_times(bounds)}"


def _times(bounds: Bounds) -> str:
    low, high = bounds.speedup_low, bounds.speedup_high
    if low is None or high is None:
        return units.UNKNOWN
    if bounds.low_ns == bounds.high_ns == bounds.now_ns:
        return "the same"
    slower = high < 1
    ends = sorted((1 / low, 1 / high)) if slower else [low, high]
    texts = [units.significant(each) for each in ends]
    figure = texts[0] if texts[0] == texts[1] else f"{texts[0]}–{texts[1]}"
    return f"{figure} × {'the time' if slower else 'as fast'}"


def _kernels(answer: Answer, rows: list[dict[str, Any]], width: int | None) -> Grid:
    total = answer.rows.height
    title = "Kernels" if len(rows) == total else f"Kernels, {len(rows)} of {total}"
    cells = tuple(
        (
            _cut(_name(row), width, width and _NAME),
            units.count(row["launches"]),
            display_names.SHORT_BOUNDS.get(row["bound"], row["bound"]),
            units.time(row["now_ns"]),
            _range(row["low_ns"], row["high_ns"]),
            _cut(row["why"], width, width and width - _NAME - _FIGURES),
        )
        for row in rows
    )
    return Grid(title, ("what", "launches", "bound", "now", "then", "why"), cells, WORDS)


def _name(row: dict[str, Any]) -> str:
    name = label(row["op"], row["kernel"])
    return f"{name} {row['signature']}" if row["signature"] else name


def _cut(text: str, width: int | None, room: int | None) -> str:
    """Return ``text`` in at most ``room`` columns, never under 20; whole without a ``width``."""
    return text if width is None or room is None else shorten(text, max(room, 20))


def _findings(answer: Answer) -> Grid:
    cells = tuple(
        (one.id, units.time_range(one.saving_low_ns, one.saving_high_ns), _of(one), one.grade,
         one.title)
        for one in answer.findings
    )  # fmt: skip
    return Grid(
        "Carried out, each after those before it",
        ("finding", "saves", "of", "grade", "title"),
        cells,
        WORDS | {"grade", "of"},
    )


def _of(carried: Carried) -> str:
    """Return what its saving is of."""
    return "window" if carried.per == "window" else f"as many {carried.per}s"


def _unchanged(answer: Answer, width: int | None) -> Grid:
    cells = tuple(
        (one.what, units.count(one.launches), units.time(one.duration_ns),
         units.percent(one.pct), _cut(one.why, width, width and width - _STAYS))
        for one in answer.unchanged
    )  # fmt: skip
    return Grid(
        "What would not change, or is only bounded",
        ("stays", "launches", "now", "of kernel time", "why"),
        cells,
        WORDS,
    )
