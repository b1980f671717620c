"""The verdict: one sentence short enough for a title, in one unit of one time.

It says how much can go, what to do first and of how much; where nothing is worth leading, it says
what holds the longest kernel; and where nothing can be said, why, and what to collect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.advice.catalogue import rules
from ncutool.analysis import answers, display_names, short_names
from ncutool.base import units
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.finding import CouldNotLook, Finding
    from ncutool.analysis.judged import Judged
    from ncutool.analysis.most_time import MostTime

LIMIT = IntThreshold(
    90, "characters", "the longest verdict", "a line of a title, a comment and a picture"
)
LEAST_PCT = Threshold(
    5.0,
    "% of the time",
    "a finding that is merely possible and saves less does not lead: the longest kernel does",
    "judgement: a guess at so little is not what a capture has to say",
)
MOSTLY_IDLE = Threshold(
    50.0,
    "% of the window",
    "from this share of waiting on, the wait is the verdict where nothing else is",
    "judgement: more than half of the time",
)
BESIDE = Threshold(
    0.4,
    "of the first finding's saving",
    "the second is named beside the first where it saves as much",
    "judgement: less would not change what is worth starting with",
)
_SHORTEST_NAME = 16
"""A kernel's name that has less room than this is left out."""
_PLAUSIBLE_PCT = 100
"""A kernel above its roof has a doubtful figure, which is no verdict."""


def write(analysis: Judged) -> str:
    """Return the verdict in at most :data:`LIMIT` characters."""
    chosen = _fitting(_failed(analysis) or _of_what_is_known(analysis))
    return printable(chosen)


def _fitting(candidates: Sequence[str]) -> str:
    """Return the first sentence that is short enough; the last is, whatever the capture holds."""
    return next((text for text in candidates if len(printable(text)) <= LIMIT), candidates[-1])


def _failed(analysis: Judged) -> list[str]:
    """Return what to say where launches failed to collect, which are not fast but unknown."""
    failed = [one for one in analysis.advice.could_not_look if one.failed]
    if not failed:
        return []
    count = sum(len(one.launches) for one in failed)
    launches = units.counted(analysis.coverage.launches, "launch")
    said = f"{units.count(count)} of {launches} failed to collect"
    plain = [f"{said}: neither their time nor their figures are known", said]
    if not analysis.coverage.duration_ns:
        return plain
    lead = _lead(analysis)
    rest = [] if lead is None else _to_do(analysis, lead, "the rest")
    return [*(f"{said}; {_lower(text)}" for text in rest), *plain]


def _of_what_is_known(analysis: Judged) -> list[str]:
    """Return sentences on what was collected, the longest first."""
    if analysis.capture.processes > 1:
        count = units.count(analysis.capture.processes)
        return [
            f"{count} processes in one capture, with clocks of their own: look at each by itself"
        ]
    if analysis.window_ns <= 0 or analysis.coverage.duration_ns == 0:
        launches = units.counted(analysis.coverage.launches, "launch")
        said = f"{launches}, none with a duration"
        collect = next((_plain(one) for one in analysis.advice.could_not_look if one.brief), "")
        return [f"{said}: {collect}" if collect else f"{said}: nothing can be ranked", said]
    lead = _lead(analysis)
    if lead is not None:
        whole = "this window" if analysis.timeline is not None else "the launch time"
        return _to_do(analysis, lead, whole)
    if analysis.advice.answer == "could_not_look":
        return _unseen(analysis)
    return [*_waiting(analysis), *_longest(analysis)]


def _lead(analysis: Judged) -> Finding | None:
    """Return the first finding that is worth leading with: of a report, whose launches are not on
    a timeline, one of the kernel that takes most time."""
    findings = analysis.advice.findings
    if analysis.timeline is None and analysis.most_time is not None:
        mine = frozenset(analysis.most_time.launches)
        findings = tuple(one for one in findings if not mine.isdisjoint(one.launches))
    return next((one for one in findings if _leads(one, analysis.window_ns)), None)


def _leads(one: Finding, window_ns: int) -> bool:
    """Return whether a finding saves something, and is more than the chance of a little."""
    guess = one.grade == "possible" or one.alone_low_ns == 0
    little = 100 * one.alone_high_ns < LEAST_PCT * window_ns
    return max(one.saving_high_ns, one.alone_high_ns) > 0 and not (guess and little)


def _to_do(analysis: Judged, lead: Finding, whole: str) -> list[str]:
    """Return how much of ``whole`` can go, what to do first, and of how much; longest first."""
    window = analysis.window_ns
    if lead.rule == "allocator-warm-up":
        return _cold(analysis, lead)
    actions = _actions(analysis, lead)
    if lead.per != "window":
        share = _share(lead.alone_low_ns, lead.alone_high_ns, window)
        less = f"{share} less time per {lead.per}"
        of = f"of a window of {units.time(window)}"
        return [*(f"{less}: {action} ({of})" for action in actions),
                *(f"{less}: {action}" for action in actions), less]  # fmt: skip
    shorten = [one for one in analysis.advice.findings if one.per == "window"]
    low, high, first = lead.alone_low_ns, lead.alone_high_ns, ""
    if len(shorten) > 1 and analysis.advice.all_high_ns > 0:
        low, high, first = analysis.advice.all_low_ns, analysis.advice.all_high_ns, " first"
    low, high = min(low, window), min(high, window)
    goes = "can go" if low > 0 else "may go"
    share = f"{_share(low, high, window)} of {whole} {goes}"
    amount = _amount(low, high, window)
    return [*(f"{share}: {action}{first} ({amount})" for action in actions),
            *(f"{share}: {action}{first}" for action in actions), share]  # fmt: skip


def _cold(analysis: Judged, lead: Finding) -> list[str]:
    """Return that a window is no warm step: what it waits for is saved by no change."""
    window = analysis.window_ns
    share = _share(lead.alone_high_ns, lead.alone_high_ns, window)
    amount = _amount(lead.alone_high_ns, lead.alone_high_ns, window)
    return [
        f"Not a warm step: {share} of this window is first use; profile a later one ({amount})",
        f"Not a warm step: {share} of this window is first use; profile a later one",
    ]


def _actions(analysis: Judged, lead: Finding) -> list[str]:
    """Return what to do first, the longest first: two things, one in a named kernel, one."""
    action = short_names.action(lead)
    found = []
    second = next(
        (
            one
            for one in analysis.advice.findings
            if one is not lead
            and one.per == lead.per == "window"
            and one.rule not in (lead.rule, "allocator-warm-up")
            and (one.grade != "possible" or lead.grade == "possible")
            and one.saving_high_ns >= BESIDE * lead.alone_high_ns
        ),
        None,
    )
    if second is not None:
        verb, _, rest = short_names.action(second).partition(" ")
        same = rest if verb == action.partition(" ")[0] else short_names.action(second)
        found.append(f"{action} and {same}")
    if _of_a_kernel(lead):
        found.append(f"{action} in {lead.kernels[0]}")
    return [*found, action]


def _of_a_kernel(one: Finding) -> bool:
    """Return whether a finding changes the code of one kernel, which its title names."""
    changes = one.rule.startswith(("tune-", "precision-"))
    return changes and len(one.kernels) == 1 and "{}" in rules()[one.rule].title


def _unseen(analysis: Judged) -> list[str]:
    """Return how much could not be looked at, and what to collect."""
    seen = f"What to change is unknown for {answers.share(analysis.advice)}"
    most = max(analysis.advice.could_not_look, key=lambda one: one.pct or 0.0)
    of = "of launch time" if most.launches else "of the window, which is idle"
    share = (
        "" if most.pct is None else f"What to change is unknown for {units.percent(most.pct)} {of}"
    )
    collect = f": {_plain(most)}" if most.brief else ""
    return [f"{seen}{collect}", *[f"{share}{collect}"] * bool(share), seen, share or seen]


def _plain(one: CouldNotLook) -> str:
    """Return what to collect without marks of code, which a title and a picture cannot show."""
    return one.brief.replace("`", "")


def _waiting(analysis: Judged) -> list[str]:
    """Return what the device waits for, where that is most of the window."""
    window = analysis.timeline
    if window is None or 100 * window.idle_ns < MOSTLY_IDLE * window.wall_ns:
        return []
    causes = window.idle_by_cause()
    cause = display_names.GAP_CAUSES[max(causes, key=lambda name: causes[name])]
    share = units.percent(100 * window.idle_ns / window.wall_ns)
    count = len(window.devices)
    who = f"{count} GPUs wait" if count > 1 else "The GPU waits"
    waits = f"{who} {share} of {units.time(window.wall_ns)}"
    return [f"{waits}, most of it: {cause}", waits]


def _longest(analysis: Judged) -> list[str]:
    """Return what the kernel with most time takes, and what holds it."""
    most = analysis.most_time
    good = analysis.advice.answer == "nothing_worth_doing" and not analysis.advice.findings
    if most is None:
        return ["Nothing worth doing seen: no kernel takes any time"]
    whole = units.time(analysis.coverage.duration_ns)
    share = _share(most.duration_ns, most.duration_ns, analysis.coverage.duration_ns)
    held = _held(analysis, most)
    opening = "Nothing worth doing seen: " if good else ""
    rooms = (LIMIT, 48, 36, 24, _SHORTEST_NAME)
    names = [short_names.kernel(most.kernel, room) for room in rooms]
    sentences = [f"{opening}{share} of {whole} is {name}{end}" for end in held for name in names]
    return [*sentences, f"{opening}{share} of {whole} is one kernel"]


def _held(analysis: Judged, most: MostTime) -> list[str]:
    """Return what holds a kernel and how near its roof it is, the longest first."""
    mine = analysis.figures.filter(pl.col("launch_id").is_in(most.launches))
    bounds = mine.group_by("bound").agg(pl.col("duration_ns").sum())
    bound = bounds.sort("duration_ns", "bound", descending=[True, False])["bound"][0]
    if bound == "unknown":
        return ["; what holds it is not known", ""]
    word = display_names.BOUNDS[bound]
    known = mine.filter(pl.col("roofline_pct").is_not_null() & (pl.col("duration_ns") > 0))
    weight = known["duration_ns"]
    roof = float((known["roofline_pct"] * weight).sum()) / max(float(weight.sum()), 1.0)
    if known.is_empty() or roof > _PLAUSIBLE_PCT:
        return [f": {word}", ""]
    if bound in ("below_memory_roof", "below_compute_roof"):
        return [f": {_end(roof, 0)} % of its {bound.split('_')[1]} roof", ""]
    return [f": {word}, {_end(roof, 0)} % of its roof", f": {word}", ""]


def _share(low: int, high: int, whole: int) -> str:
    """Return two ends of a share in few digits, as a sentence begins with it.

    `45–61 %`, `Up to 34 %`; `Nearly all`, where it rounds to the whole without being it.
    """
    ends = [100 * end / whole for end in (low, high)]
    digits = 0 if ends[1] >= 9.95 else 1
    first, last = (_end(end, digits) for end in ends)
    if last.startswith(">"):
        return "Nearly all" if low == 0 or first == last else f"{first}–100 %"
    if first == last:
        return f"{last} %"
    return f"Up to {last} %" if low == 0 else f"{first}–{last} %"


def _end(share: float, digits: int) -> str:
    smallest = 10.0**-digits
    if 0 < share < smallest / 2:
        return f"<{smallest:.{digits}f}"
    if 100 - smallest / 2 <= share < 100:
        return f">{100 - smallest:.{digits}f}"
    return f"{share * (1 + 4e-16):.{digits}f}"


def _amount(low: int, high: int, whole: int) -> str:
    """Return two ends of a time and the whole in the unit of the whole: `22.2–30.5 of 49.7 ms`.

    A time too small for that unit keeps its own.
    """
    written = units.time(whole)
    figure, _, unit = written.partition(" ")
    scale = whole / max(float(figure.replace(",", "")), 1e-9)
    digits = max(len(figure.partition(".")[2]), sum(high < bound * scale for bound in (10, 1)))
    ends = [f"{end / scale:,.{digits}f}" for end in dict.fromkeys((low, high)) if end > 0]
    if any(float(end.replace(",", "")) == 0 for end in ends):
        ends = [units.time_range(low, high) if low else units.time(high)]
    return f"{'–'.join(dict.fromkeys(ends))} of {figure} {unit}"


def _lower(text: str) -> str:
    """Return a sentence to stand after another; what is not a word keeps its letters."""
    return text[:1].lower() + text[1:] if text.startswith(("Up ", "Nearly ", "Not ")) else text
