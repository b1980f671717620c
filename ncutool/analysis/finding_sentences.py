"""What outputs say of findings, in words: the saving alone, all of them together, the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from ncutool.advice.catalogue import rules
from ncutool.advice.price.rank import SMALL_PCT
from ncutool.advice.view.finding import LINE
from ncutool.analysis import answers, short_names
from ncutool.analysis.sections import FindingLine, Saving
from ncutool.base import units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ncutool.advice.view.finding import Advice, CouldNotLook, Covered, Declined, Finding
    from ncutool.analysis.analyse import Analysis

LONGEST_TODO = 80
"""Characters of a line that says what to do."""
_MAX_NAMED = 3
"""How many suggestions that others cover are named in a sentence."""
_APART = 0.02
"""Ranges that differ by less of their high end read alike."""


def saving(row: Mapping[str, Any], window_ns: int) -> Saving:
    """Return what a finding saves alone, and what the findings above it leave of that.

    Args:
        row: of :data:`ncutool.base.tables.FINDINGS`.
    """
    low, high = row["alone_low_ns"], row["alone_high_ns"]
    after = None
    if row["saving_high_ns"] <= 0 < high:
        after = "counted above"
    elif high - row["saving_high_ns"] > _APART * high:
        left = units.time_range(row["saving_low_ns"], row["saving_high_ns"])
        after = f"after those above {left}"
    window = max(window_ns, 1)
    share = units.percent_range(100 * low / window, 100 * high / window)
    if row["per"] != "window":
        share = f"{share} per {row['per']}"
    return Saving(units.time_range(low, high), share, after, row["per"])


def line(rank: int, finding: Finding, window_ns: int) -> FindingLine:
    """Return a finding with what outputs say of it on one line each."""
    why, more = _evidence(finding, window_ns)
    todo = _todo(finding)
    more = (*more, *beside(vars(finding)))
    if todo != finding.remedy:
        more = (*more, finding.remedy)
    return FindingLine(
        rank=rank,
        finding=finding,
        saving=saving(vars(finding), window_ns),
        action=short_names.action(finding),
        why=why,
        todo=todo,
        more=more,
    )


def beside(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return why a finding saves no more, what else applies, and what was ruled out, one sentence
    each.

    Args:
        row: of :data:`ncutool.base.tables.FINDINGS`, its records as objects or as mappings.
    """
    also = [_fields(one) for one in row["also"] or ()]
    ruled = [_fields(one) for one in row["excluded"] or ()]
    told = [row["cap"]] if row["cap"] else []
    told += [
        f"Also: {one['what']}, at most {units.time(one['alone_high_ns'])} instead. {one['why']}"
        for one in also
    ]
    told += [f"Ruled out: {one['what']}. {one['why']}" for one in ruled]
    return tuple(told)


def _fields(record: Any) -> Mapping[str, Any]:
    return record if isinstance(record, dict) else structs.asdict(record)


def _todo(finding: Finding) -> str:
    """Return what to do on one line."""
    brief = finding.todo or rules()[finding.rule].brief
    return brief if brief and len(finding.remedy) > LONGEST_TODO else finding.remedy


def _evidence(finding: Finding, window_ns: int) -> tuple[str, tuple[str, ...]]:
    """Return one line of evidence, and the evidence that it does not give whole."""
    if finding.why:
        return finding.why, finding.evidence
    if finding.evidence and len(finding.evidence[0]) <= LINE:
        return finding.evidence[0], finding.evidence[1:]
    count = units.counted(len(finding.launches), "launch")
    share = units.percent(100 * finding.duration_ns / max(window_ns, 1))
    plain = f"{count} take {units.time(finding.duration_ns)}, {share} of the time."
    return plain, finding.evidence


def together(analysis: Analysis) -> Saving | None:
    """Return what all findings that shorten the window save together; None for fewer than two."""
    advice, window = analysis.advice, analysis.window_ns
    shorten = [finding for finding in advice.findings if finding.per == "window"]
    if len(shorten) < 2 or advice.all_high_ns <= 0 or window <= 0:
        return None
    low, high = advice.all_low_ns, min(advice.all_high_ns, window)
    share = units.percent_range(100 * low / window, 100 * high / window)
    return Saving(units.time_range(low, high), share, None, "window")


def nothing(analysis: Analysis) -> str:
    """Return what stands where there is no finding: nothing worth doing, or could not look."""
    advice, window = analysis.advice, analysis.window_ns
    if window <= 0:
        collect = (
            f" To collect: {advice.could_not_look[0].collect}." if advice.could_not_look else ""
        )
        return f"Nothing can be ranked: no launch carries a duration.{collect}"
    if advice.answer == "something_to_do":
        others = units.counted(len(advice.findings), "finding")
        return f"None of {others} is among those that were asked for."
    if advice.answer == "could_not_look":
        share = answers.share(advice)
        most = advice.could_not_look[0]
        return (
            f"Could not look at {share}: {most.reason} ({most.what}). To collect: {most.collect}."
        )
    looked = f" Looked at: {'; '.join(advice.looked)}." if advice.looked else ""
    covered = f" ({units.time(window)}, savings above {SMALL_PCT:g} %)"
    return f"Nothing worth doing was found{covered}.{looked}"


def could_not_look(one: CouldNotLook) -> str:
    """Return what could not be looked at, how much time is in it, why, and what to collect."""
    share = "" if one.pct is None else f", {units.percent(one.pct)}"
    time = "time unknown" if one.pct is None else units.time(one.duration_ns)
    return f"{one.what} ({time}{share}): {one.reason}. To collect: {one.collect}."


def closing(analysis: Analysis) -> tuple[str, ...]:
    """Return the sentences below the list of findings.

    What shortens the window together, what does not, and the small findings that are left out.
    """
    advice, window = analysis.advice, analysis.window_ns
    if window <= 0:
        return ()
    sentences = []
    apart = [finding for finding in advice.findings if finding.per != "window"]
    if len(advice.findings) - len(apart) > 1 and advice.all_high_ns > 0:
        which = "All that shorten the window" if apart else "All of them"
        sentences.append(f"{which} together: {_range(advice, window)}.")
    if apart:
        ids = ", ".join(f"{finding.id} (per {finding.per})" for finding in apart)
        sentences.append(f"No shorter window, but more done in the same time: {ids}.")
    if advice.covered:
        sentences.append(_covered(advice.covered))
    if advice.small:
        more = units.counted(advice.small, "more suggestion")
        share = units.percent(100 * advice.small_high_ns / window)
        together = " together" if advice.small > 1 else ""
        sentences.append(
            f"Small things: {more} below {SMALL_PCT:g} % each, "
            f"at most {units.time(advice.small_high_ns)} ({share}){together}."
        )
    return tuple(sentences)


def _covered(covered: Sequence[Covered]) -> str:
    """Return what is not listed because findings that are claim the same time."""
    named = [
        f"{one.title} (alone up to {units.time(one.alone_high_ns)}, covered by "
        f"{', '.join(one.by) or 'those above'})"
        for one in sorted(covered, key=lambda one: -one.alone_high_ns)[:_MAX_NAMED]
    ]
    more = len(covered) - len(named)
    rest = f", and {units.counted(more, 'more suggestion')}" if more else ""
    return f"Not listed, since findings above save the same time: {'; '.join(named)}{rest}."


def _range(advice: Advice, window: int) -> str:
    low, high = advice.all_low_ns, min(advice.all_high_ns, window)
    share = units.percent_range(100 * low / window, 100 * high / window)
    return f"{units.time_range(low, high)} of {units.time(window)} ({share})"


def declined(refused: Declined, window_ns: int) -> str:
    """Return what is not advised, how much time is in it, and why."""
    share = ""
    if 0 <= refused.duration_ns <= window_ns and window_ns:  # a sum over streams may exceed it
        share = f", {units.percent(100 * refused.duration_ns / window_ns)}"
    return f"{refused.what} ({units.time(refused.duration_ns)}{share}): {refused.why}"
