"""What changed since an earlier diagnosis, so that a loop that optimises can stop by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ncutool.advice.catalogue import rules
from ncutool.base import user_files
from ncutool.diagnose import states
from ncutool.diagnose.prose import ready
from ncutool.diagnose.quoted import Names, quoted
from ncutool.diagnose.record import SCHEMA
from ncutool.diagnose.states import State
from ncutool.diagnose.work import Count, Work, compared, state_of, work_of
from ncutool.diff.noise import Runs
from ncutool.diff.same_work import other_passes
from ncutool.diff.verdict import judge
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.diff.facts import Fact

LEAST_BYTES = 2000
"""Bytes below which a comparison and a first finding have no room beside each other."""
_MOST_RULES, _MOST_FACTS = 20, 6


class _Found(msgspec.Struct, frozen=True):
    rule: str
    kind: str
    alone_high_ns: Count


class _State(msgspec.Struct, frozen=True):
    state: State


class _LeftOut(msgspec.Struct, frozen=True):
    findings: Count


class Earlier(msgspec.Struct, frozen=True):
    """What of a capture's earlier diagnosis is compared."""

    findings: list[_Found]
    left_out: _LeftOut
    questions: dict[str, _State] | None = None
    work: Work | None = None


class _Whole(msgspec.Struct, frozen=True):
    schema: str
    captures: list[Earlier]


def load(path: Path) -> Earlier:
    """Return the capture of an earlier diagnosis.

    Raises:
        UsageError: the file is none, or of several captures, or of none.
    """
    called = f"--against {path}"
    data = user_files.read_json(path, called)
    version = data.get("schema") if isinstance(data, dict) else None
    if version != SCHEMA:
        raise UsageError(
            f"{called}: is no diagnosis of this version ({SCHEMA}); write one with `ncutool "
            "diagnose CAPTURE --format json`"
        )
    try:
        whole = msgspec.convert(data, _Whole)
    except msgspec.ValidationError as error:
        raise UsageError(f"{called}: is no whole diagnosis ({quoted(str(error))})") from error
    if len(whole.captures) != 1:
        raise UsageError(
            f"{called}: holds {len(whole.captures)} captures; give the diagnosis of one"
        )
    return whole.captures[0]


def since(earlier: Earlier, analysis: Analysis) -> dict[str, Any]:
    """Return whether both did the same work, how much faster it is, and which problems are gone."""
    now = work_of(analysis)
    work = _work(earlier.work, now)
    made = {**work, **_problems(earlier, analysis, same=work["same_work"] == "same")}
    return dict(ready(made, Names.none()))


def _work(before: Work | None, after: Work) -> dict[str, Any]:
    if before is None:
        nothing = dict.fromkeys(("before_ns", "change_pct", "verdict"))
        return {
            "same_work": "not_known", "differs": [{"what": "work", "before": None,
            "after": "the earlier diagnosis holds none: give it a larger --budget"}],
            **nothing, "after_ns": after.time_ns, "verdict_why": None,
        }  # fmt: skip
    facts = compared(before, after)
    state = state_of(facts, before, after)
    refused = any(one.refuses or other_passes(one) for one in facts)
    comparable = not refused and before.time_ns > 0
    judged = None
    if comparable and (state == "same" or before.grids == after.grids):
        times = Runs((float(before.time_ns),), (float(after.time_ns),))
        cycles = None
        if before.cycles is not None and after.cycles is not None:
            cycles = Runs((before.cycles,), (after.cycles,))
        alike = before.recording == after.recording
        judged = judge(times, locked=before.locked, cycles=cycles, alike=alike)
    change = 100 * (after.time_ns / before.time_ns - 1) if comparable else None
    return {
        "same_work": state,
        "differs": _differences(facts),
        "before_ns": before.time_ns,
        "after_ns": after.time_ns,
        "change_pct": change,
        "verdict": None if judged is None else judged.verdict,
        "verdict_why": None if judged is None else judged.why,
    }


def _differences(facts: list[Fact]) -> list[dict[str, Any]]:
    told = [one for one in facts if one.state not in ("same", "not_known") or other_passes(one)]
    return [
        {"what": one.what, "before": quoted(one.before), "after": quoted(one.after)}
        for one in told[:_MOST_FACTS]
    ]


def _problems(earlier: Earlier, analysis: Analysis, *, same: bool) -> dict[str, Any]:
    """Return what became of each rule; gone is only what was looked for again in the same work."""
    before = _by_rule((one.rule, one.alone_high_ns) for one in earlier.findings)
    now = [one for one in analysis.findings if one.alone_high_ns > 0]
    after = _by_rule((one.rule, one.alone_high_ns) for one in now)
    found: dict[str, list[dict[str, Any]]] = {
        word: [] for word in ("gone", "new", "still", "not_known")
    }
    for rule in dict.fromkeys((*before, *after)):
        entry = {"rule": quoted(rule), "before_ns": before.get(rule), "after_ns": after.get(rule)}
        became = _became(rule, rule in before, rule in after, earlier, analysis)
        found[became if same or became == "still" else "not_known"].append(entry)
    left = {word: max(0, len(listed) - _MOST_RULES) for word, listed in found.items()}
    kept = {word: listed[:_MOST_RULES] for word, listed in found.items()}
    return {**kept, "left_out": sum(left.values())}


def _became(rule: str, was: bool, is_: bool, earlier: Earlier, analysis: Analysis) -> str:
    if was and is_:
        return "still"
    known = rules().get(rule)
    if known is None:
        return "not_known"
    if was:
        return "gone" if states.lacks(analysis, known.kind) is None else "not_known"
    asked = (earlier.questions or {}).get(known.kind)
    if asked is None or asked.state == "could_not_look":
        return "not_known"
    # where no problem of its kind was found, none was left out for want of room either
    return "new" if asked.state == "none" or not earlier.left_out.findings else "not_known"


def _by_rule(pairs: Any) -> dict[str, int]:
    sums: dict[str, int] = {}
    for rule, time in pairs:
        sums[rule] = sums.get(rule, 0) + time
    return sums
