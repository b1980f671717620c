"""The tables of a comparison's comment: matches, figures, findings, how both sides were run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.diff import how_run, shown
from ncutool.text.github import code, inert

if TYPE_CHECKING:
    from ncutool.diff.changes import Row
    from ncutool.diff.compare import Diff

COMPARED = ("FLOP", "compulsory", "DRAM", "batch", "sequence", "launches", "largest product")
"""Facts of work; what else differs is a condition."""
_NAME = 60
_KERNEL = 48
_KEPT = "\N{NO-BREAK SPACE}"
"""Keeps a figure on one line; a table that is too wide scrolls."""
_FINDINGS = 30
_CONDITIONS = 60


def matches_table(diff: Diff, rows: Sequence[Row]) -> list[str]:
    """Return matches as a table; a column that nothing tells is left out."""
    over = any(
        value is not None
        for row in diff.rows
        for value in (row.before.measured_over_compulsory, row.after.measured_over_compulsory)
    )
    heads = ["kernel, worst first", "time", "change", "verdict", "FLOP", shown.bytes_words(diff),
             "% of roof", *(["measured / compulsory"] if over else [])]  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|:--|--:|--:|:--|{'--:|' * (len(heads) - 4)}"]
    return [*lines, *(_row(row, over) for row in rows)]


def _row(row: Row, over: bool) -> str:
    old, new = row.before, row.after
    name = code(shorten(shown.described(row), _KERNEL))
    if row.match.kind != "exact":
        name += f" {row.match.kind}"
    time, change, verdict = shown.time_cell(row), shown.change_cell(row), shown.row_verdict(row)
    if shown.regressed(row):
        name, time, change, verdict = (f"**{one}**" for one in (name, time, change, verdict))
    cells = [name, time, change, verdict, shown.figure_cell(old.flop, new.flop, "FLOP"),
             shown.figure_cell(old.dram_bytes, new.dram_bytes, "B"),
             shown.share_cell(old.roofline_pct, new.roofline_pct)]  # fmt: skip
    if over:
        cells.append(
            shown.share_cell(old.measured_over_compulsory, new.measured_over_compulsory, 2)
        )
    cells = [cells[0], *(cell.replace(" ", _KEPT) for cell in cells[1:])]
    return f"| {' | '.join(cells)} |"


def figures_table(diff: Diff) -> list[str]:
    """Return work and totals of both sides as a table."""
    before, after = (code(shorten(one, 40)) for one in shown.stems(diff))
    lines = [f"| | {before} | {after} | after / before |", "|:--|--:|--:|--:|"]
    for fact in diff.work.facts:
        if not fact.what.startswith(COMPARED):
            continue
        ratio = units.UNKNOWN if fact.ratio is None else units.significant(fact.ratio)
        cells = [inert(shorten(one, _NAME)) for one in (fact.what, fact.before, fact.after, ratio)]
        if fact.refuses:
            cells = [f"**{cell}**" for cell in cells]
        lines.append(f"| {' | '.join(cells)} |")
    for whole in diff.wholes:
        cells = [shown.WHOLES[whole.what], units.time(whole.before_ns), units.time(whole.after_ns)]
        lines.append(f"| {' | '.join(cells)} | not compared |")
    for rate in diff.rates:
        ratio = units.significant(rate.after / rate.before) if rate.before else units.UNKNOWN
        cells = [shown.RATES[rate.what], *map(units.flop_rate, (rate.before, rate.after)), ratio]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def findings_table(diff: Diff) -> str:
    """Return what became of each finding."""
    lines = ["| | finding | predicted | came true | |", "|:--|:--|--:|--:|:--|"]
    for one in diff.findings[:_FINDINGS]:
        cells = [shown.state_word(one), inert(shorten(one.title, 100)), shown.predicted(one),
                 shown.came_true(one), inert(shorten(one.said, 100))]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    left = len(diff.findings) - _FINDINGS
    if left > 0:
        lines += ["", units.counted(left, "more finding")]
    return "\n".join(lines)


def run_table(diff: Diff) -> str:
    """Return how both sides were run, what differs in bold, and what was not measured."""
    lines = ["| | before | after |", "|:--|:--|:--|"]
    for one in how_run.how_it_was_run(diff)[:_CONDITIONS]:
        cells = [inert(shorten(text, 120)) for text in (one.what, one.before, one.after)]
        if one.differs:
            cells[1:] = [f"**{cell}**" for cell in cells[1:]]
        lines.append(f"| {' | '.join(cells)} |")
    missing = " · ".join(f"{what.lower()} ({why})" for what, why in how_run.not_measured(diff))
    notes = [f"- {inert(note)}" for note in diff.notes]
    return "\n".join([*lines, "", f"Not measured: {inert(missing)}.", *notes])
