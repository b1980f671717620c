"""A comparison in Markdown for a pull request: under one screen, the rest folded away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.diff import how_run, shown, wording
from ncutool.diff.verdict import interval_words
from ncutool.text.diff_tables import (
    COMPARED,
    figures_table,
    findings_table,
    matches_table,
    run_table,
)
from ncutool.text.github import code, folded, inert, with_code

if TYPE_CHECKING:
    from ncutool.diff.changes import Row
    from ncutool.diff.compare import Diff
    from ncutool.diff.gate import Gate

LONGEST = 65_536
"""What GitHub takes, in characters; the same in bytes is on the safe side."""
_SPARE = 200
_SHOWN = 6
"""Rows that stand before what is folded away."""
_REGRESSIONS = 4
"""Of them at most so many that got slower, so that what got faster is seen too."""
_NAME = 60
_NOTE, _NOTES = 300, 10
_UNSAFE = re.compile(r"[^A-Za-z0-9._]+")


def marker(name: str) -> str:
    """Return the first line, by which a bot finds the comment that it wrote before."""
    safe = _UNSAFE.sub("-", name).strip("-.")[:80]
    return f"<!-- ncutool-diff: {safe or 'comparison'} -->"


def name_of(diff: Diff) -> str:
    """Return what both sides' names have in common; where that is nothing, both names."""
    before, after = shown.stems(diff)
    if before == after:
        return before
    at = next(
        (n for n, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), 0
    )
    common = re.sub(r"[^-_.]*$", "", before[:at]).strip("-_.")
    return common or f"{before}-{after}"


def diff_comment(
    diff: Diff,
    gate: Gate | None = None,
    *,
    name: str | None = None,
    accuracy: str | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Return the comment: the verdict first, at most :data:`LONGEST` characters.

    Args:
        gate: what came of the rules, where any are asked for.
        name: what a bot finds it by; told from the captures where None.
        accuracy: what was measured of the results, in the author's words.
        notes: what else a reader should know: driver, commit, command.
    """
    whole = (_judged if diff.judged else _unlike)(diff, gate, accuracy)
    said = [f"{with_code(shorten(note, _NOTE))}  " for note in notes[:_NOTES]]
    head = [marker(name or name_of(diff)), *whole, *said, *([""] if said else [])]
    count = len(diff.rows)
    while True:
        text = "\n".join([*head, *_folds(diff, count), _last(diff)]) + "\n"
        if len(text.encode("utf-8", "replace")) <= LONGEST - _SPARE or not count:
            return text
        # A row takes no more than its share of what is there: two or three tries do.
        count = min(count - 1, int(count * (LONGEST - _SPARE) / len(text.encode())))


def _judged(diff: Diff, gate: Gate | None, accuracy: str | None) -> list[str]:
    rows = _first(diff)
    lines = [f"### {inert(_heading(diff))}", "", f"**Same work?** {inert(_same(diff))}  ",
             f"**How sure?** {inert(_sure(diff))}", *_gate(gate), "",
             *matches_table(diff, rows)]  # fmt: skip
    return [*lines, "", *(f"{line}  " for line in _closing(diff, accuracy)), ""]


def _heading(diff: Diff) -> str:
    judgement = diff.whole.judgement
    said = _capital(wording.headline(diff))
    if judgement is None or judgement.change is None or diff.changes.alike:
        return said
    interval = interval_words(judgement.change)
    if judgement.single or interval in said:
        return said
    return f"{said} ({interval})"


def _capital(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}"


def _same(diff: Diff) -> str:
    said = wording.same_work_line(diff)
    forced = [fact.said for fact in diff.work.differences if fact.refuses]
    unlike = f" Compared by --force though unlike: {'; '.join(forced)}." if forced else ""
    return f"{said}; {wording.matched_line(diff)}; results were not compared.{unlike}"


def _sure(diff: Diff) -> str:
    counts = f"n = {len(diff.before.runs)} + {len(diff.after.runs)}"
    judgement = diff.whole.judgement
    if diff.changes.alike:
        return f"{counts}, one recording on both sides."
    if judgement is None:
        return counts
    lines = [
        _capital(line)
        for line in wording.sure_lines(diff)
        if not line.startswith("for an interval")
    ]
    unknown = judgement.single or judgement.change is None
    how = "no interval" if unknown else f"interval {_interval(diff)}"
    said = ". ".join([f"{counts}, {how}; verdict {judgement.verdict}", *lines])
    return f"{said}. Order of runs: {diff.order_how}."


def _interval(diff: Diff) -> str:
    judgement = diff.whole.judgement
    if judgement is None or judgement.change is None:
        return units.UNKNOWN
    spread = judgement.change.spread
    noise = "" if spread is None else f", {100 * spread:.1f} % from run to run"
    return f"{interval_words(judgement.change)}{noise}"


def _gate(gate: Gate | None) -> list[str]:
    if gate is None:
        return []
    checks = (
        f"**Gate** {code(one.rule)}: **{one.outcome}**, {inert(one.said)}  " for one in gate.checks
    )
    return ["", *checks]


def _first(diff: Diff) -> list[Row]:
    """Return the rows that stand before what is folded: what got slower, then what changed most."""
    slower = shown.regressions(diff)[:_REGRESSIONS]
    numbers = {row.number for row in slower}
    ranked = sorted(diff.rows, key=lambda row: (-abs(row.delta_ns), -(row.before.time_ns or 0.0)))
    for row in ranked:
        if len(numbers) >= _SHOWN:
            break
        numbers.add(row.number)
    return [row for row in diff.rows if row.number in numbers]


def _closing(diff: Diff, accuracy: str | None) -> list[str]:
    lines = []
    slower = shown.regressions(diff)
    worst = shown.worst(diff)
    if worst is not None:
        more = len(slower) - sum(row in slower for row in _first(diff))
        rest = f"; {units.counted(more, 'more regression')} below" if more else ""
        where = code(shorten(shown.described(worst), _NAME))
        of_all = shown.of_whole(diff, worst)
        lines.append(f"Worst shape: **{where} {shown.change_cell(worst)}**{of_all}{rest}.")
    elif not diff.changes.alike:
        timed = all(row.delta_share is not None for row in diff.rows if row.judgement)
        none = "none got slower by 1 % or more" if timed else "not known, not all is timed"
        lines.append(f"Worst shape: {none}.")
    small = wording.small_line(diff).removeprefix("! ")
    lines += [f"{inert(_capital(small))}."] if small else []
    given = with_code(shorten(accuracy, 500)) if accuracy else "_not given_"
    lines.append(f"End to end: {inert(how_run.end_to_end(diff))}. Accuracy: {given}.")
    return [*lines, inert(_device(diff))]


def _device(diff: Diff) -> str:
    """Return device, clocks and tool on one line; the clocks on both sides."""
    run = diff.before.first
    clock = next((fact for fact in diff.work.facts if fact.what == "SM clock"), None)
    known = clock is not None and clock.ratio is not None
    words = f"SM {clock.before} → {clock.after}" if clock is not None and known else ""
    words = words or "clocks not recorded"
    tool = f"{run.settings.tool} {run.settings.tool_version or ''}".strip()
    return " · ".join(filter(None, (run.device.name, words, tool, wording.warm_line(diff))))


def _unlike(diff: Diff, gate: Gate | None, accuracy: str | None) -> list[str]:
    heading = f"{_capital(wording.headline(diff)).replace('; no speed', '. No speed')}."
    lines = [f"### {inert(heading)}", *_gate(gate), "",
             "Times of the two are not compared: a difference between them is neither a regression "
             "nor a speed-up.", "", *figures_table(diff), ""]  # fmt: skip
    others = [fact.said for fact in diff.work.differences
              if not fact.what.startswith(COMPARED) and fact.said not in heading]  # fmt: skip
    lines += [f"Also: {inert('; '.join(others[:3]))}.", ""] if others else []
    way = "" if diff.forced else " `--force` compares all the same, other work by rates alone."
    lines.append(f"**To compare:** capture both sides alike, with the same work.{way}  ")
    given = with_code(shorten(accuracy, 500)) if accuracy else "_not given_"
    lines += [f"{inert(_device(diff))}  ", f"Accuracy: {given}.", ""]
    return lines


def _folds(diff: Diff, count: int) -> list[str]:
    """Return what is folded away; of the matches at most so many."""
    folds = []
    if diff.judged and len(diff.rows) > len(_first(diff)):
        folds.append(folded(_all_rows(diff, count), _rows_title(diff)))
    if diff.findings and diff.judged:
        folds.append(folded(findings_table(diff), f"Findings: {shown.findings_words(diff)}"))
    folds.append(folded(run_table(diff), "How it was run, and what was not measured"))
    return folds


def _rows_title(diff: Diff) -> str:
    slower = len(shown.regressions(diff))
    words = f": {units.count(slower)} slower" if slower else ""
    return f"All {units.counted(len(diff.rows), 'group')}, worst first{words}"


def _all_rows(diff: Diff, count: int) -> str:
    """Return the matches, worst first; what is left out is what changed least."""
    ranked = sorted(diff.rows, key=lambda row: (not shown.regressed(row), -abs(row.delta_ns)))
    kept = {row.number for row in ranked[:count]}
    lines = matches_table(diff, [row for row in diff.rows if row.number in kept])
    left = len(diff.rows) - len(kept)
    if left:
        lines += [
            "",
            f"{units.counted(left, 'group')} that changed less not shown, since a comment holds "
            "65,536 characters: `ncutool diff --format csv` lists them.",
        ]
    return "\n".join(lines)


def _last(diff: Diff) -> str:
    kinds = diff.kinds
    counts = " · ".join(
        f"{units.count(kinds.get(kind, 0))} {kind}" for kind in ("split", "merged", "new", "gone")
    )
    refused = "refused without --force · " if diff.refused else ""
    return f"\n<sub>{refused}{counts} · ncutool {_version()}</sub>"


def _version() -> str:
    try:
        return version("ncutool")
    except PackageNotFoundError:  # run from a folder that was never installed
        return ""
