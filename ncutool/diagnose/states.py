"""The state of each question: a problem, none, or that nobody could look; never a guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from msgspec import Struct

from ncutool.advice.view.finding import UNSEEN_PCT
from ncutool.base.tables import FINDING_KINDS, FindingKind
from ncutool.timeline.trust import operators_recorded

if TYPE_CHECKING:
    from ncutool.advice.view.finding import CouldNotLook
    from ncutool.analysis.analyse import Analysis

State = Literal["problem", "none", "could_not_look"]
STATES: tuple[State, ...] = ("problem", "none", "could_not_look")
_OF_LAUNCHES = ("fuse", "batch", "precision", "tune")
_OF_REPORTS = ("batch", "precision", "tune")
"""What counters of single launches answer."""
_RECORD_TRACE = "record a trace of the same program with torch.profiler"


class Asked(Struct, frozen=True):
    """One question and its state."""

    state: State
    findings: tuple[str, ...] = ()
    reason: str | None = None
    """Why nobody could look; None otherwise."""
    next_capture: str | None = None
    """What to record or collect, in a few words."""


def questions(analysis: Analysis) -> dict[FindingKind, Asked]:
    """Return the state of each kind of finding, in their published order."""
    return {kind: _asked(analysis, kind) for kind in FINDING_KINDS}


def _asked(analysis: Analysis, kind: FindingKind) -> Asked:
    found = tuple(
        one.id for one in analysis.advice.findings if one.kind == kind and one.alone_high_ns > 0
    )
    if found:
        return Asked("problem", found)
    missing = lacks(analysis, kind)
    return Asked("none") if missing is None else Asked("could_not_look", (), *missing)


def lacks(analysis: Analysis, kind: FindingKind) -> tuple[str, str] | None:
    """Return what is missing to answer a question and what would tell; None where nothing is."""
    capture = analysis.capture
    if not capture.traits.has_timeline:
        if kind not in _OF_REPORTS:
            return "a report holds counters of single launches, no timeline", _RECORD_TRACE
        return _unseen(analysis)
    if capture.processes > 1:
        return "the trace holds several processes", "record each process in a file of its own"
    if analysis.timeline is None:
        return "no launch has a start time", "record the trace again"
    if kind in _OF_LAUNCHES:
        return _unseen(analysis)
    if kind == "communication":
        return _communication(analysis)
    return _host(analysis)


def _unseen(analysis: Analysis) -> tuple[str, str] | None:
    """Return why too much of the launch time could not be looked at; None where little was."""
    lacking = [one for one in analysis.advice.could_not_look if one.launches]
    if not lacking:
        return None
    known = [one.pct for one in lacking if one.pct is not None]
    if len(known) == len(lacking) and sum(known) < UNSEEN_PCT:
        return None
    return _first(lacking[0])


def _first(one: CouldNotLook) -> tuple[str, str]:
    return one.reason, one.brief or one.collect


def _communication(analysis: Analysis) -> tuple[str, str] | None:
    if not operators_recorded(analysis.capture):
        return "most operators were filtered out of the trace", "record all operators"
    collectives = analysis.kernels.filter(pl.col("bound") == "communication")
    time = int(collectives["duration_ns"].sum())
    if 100 * time < UNSEEN_PCT * max(analysis.window_ns, 1):
        return None
    if analysis.companions.rank_trace:
        return None
    return "the time of a collective includes waiting for other ranks", (
        "pass traces of the other ranks (`--rank-trace`)"
    )


def _host(analysis: Analysis) -> tuple[str, str] | None:
    """Return why what the host did cannot be told; None where it can."""
    timeline = analysis.timeline
    if not operators_recorded(analysis.capture):
        return "most operators were filtered out of the trace", "record all operators"
    idle = [one for one in analysis.advice.could_not_look if not one.launches]
    if sum(one.pct or 0.0 for one in idle) >= UNSEEN_PCT:
        return _first(idle[0])
    if timeline is not None and timeline.wall_ns:
        unlinked = timeline.idle_by_cause().get("unlinked", 0)
        if 100 * unlinked >= UNSEEN_PCT * timeline.wall_ns:
            return "launches have no launch call in the trace", "record with a warm-up step"
        if not timeline.trustworthy:
            return "the window cannot be trusted: see its notices", "record the trace again"
    return None
