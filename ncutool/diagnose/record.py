"""Everything there is to say of one capture, in the order of what matters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
from msgspec import Struct, field

from ncutool.analysis.next_capture import next_capture
from ncutool.diagnose import ceiling, findings, kernels, quoted, states
from ncutool.diagnose.prose import prose, ready
from ncutool.diagnose.work import work_of

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis

SCHEMA = "ncutool/diagnosis/1"
_SHORT_NAME = 48
_SHOWN_FIRST = 3
"""Findings and kernels that come before what else is known."""
_LEAST_FINDING, _LEAST_KERNEL = 250, 300
"""Bytes that no record of one goes below, so that no more are made than can be given."""


_OF_HOST = "nothing of single launches; a trace by torch.profiler would tell of host and idle time"


class Piece(Struct, frozen=True):
    """A part that is given where there is room: one of a list, or the value of a field."""

    key: str
    forms: tuple[Any, ...]
    """The same, the longest first."""
    listed: bool = False
    begin: int = 0
    """The form that is tried first; longer ones only once everything else is given."""


class Parts(Struct, frozen=True):
    """What is said of one capture: what always stands, and what may follow, by its weight."""

    always: dict[str, Any]
    pieces: tuple[tuple[int, Piece], ...]
    totals: dict[str, int] = field(default_factory=dict)
    """How long each list would be."""


def parts(analysis: Analysis, budget: int) -> Parts:
    """Return everything there is to say of a capture within any budget up to this one."""
    _ = analysis.kernels  # the figures that advice needs are then taken from it
    found = findings.records(analysis, budget // _LEAST_FINDING + 1)
    rows, kernels_total = kernels.records(analysis, budget // _LEAST_KERNEL + 1)
    for row in rows:
        row["reason"] = prose(row["reason"])
    asked = states.questions(analysis)
    whole: dict[str, Any] = {
        "capture": _capture(analysis),
        "answer": analysis.advice.answer,
        "headline": prose(analysis.headline) or "",
        "stop": _stop(analysis),
        "found": found,
        "kernels": rows,
        "states": {kind: one.state for kind, one in asked.items()},
        "questions": {kind: _asked(one) for kind, one in asked.items()},
        "coverage": _coverage(analysis),
        "window": _window(analysis),
        "next_capture": _next(analysis),
        "work": msgspec.to_builtins(work_of(analysis)),
        "could_not_look": [_lack(one) for one in analysis.advice.could_not_look],
        "notices": [
            {"code": one.code, "severity": one.severity, "text": prose(one.text)}
            for one in analysis.notices
        ],
        "declined": [
            {"what": prose(one.what), "why": prose(one.why), "duration_ns": one.duration_ns,
             "launches": len(one.launches)}
            for one in analysis.advice.declined
        ],
    }  # fmt: skip
    whole = ready(whole, quoted.names(analysis))
    totals = {
        "findings": sum(one.alone_high_ns > 0 for one in analysis.findings),
        "kernels": kernels_total,
        **{name: len(whole[name]) for name in ("could_not_look", "notices", "declined")},
    }
    always = {name: whole[name] for name in ("capture", "answer", "headline", "stop")}
    return Parts(always, tuple(_pieces(whole)), totals)


def _pieces(whole: dict[str, Any]) -> Iterator[tuple[int, Piece]]:
    """Yield the pieces with their rank; of equal ones the earlier first."""
    found, rows = whole["found"], whole["kernels"]
    for place, forms in enumerate(found):
        yield _rank(place, 0, 5), Piece("findings", tuple(forms), True, 1)
    for place, row in enumerate(rows):
        yield _rank(place, 1, 6), Piece("kernels", (row,), listed=True)
    brief = {kind: {"state": state} for kind, state in whole["states"].items()}
    yield 2, Piece("questions", (whole["questions"], brief), begin=1)
    for rank, key in ((2, "next_capture"), (3, "coverage"), (3, "window"), (3, "work")):
        yield rank, Piece(key, (whole[key],))
    for rank, key in ((3, "could_not_look"), (7, "notices"), (9, "declined")):
        for place, one in enumerate(whole[key]):
            yield (rank if place < _SHOWN_FIRST else 8), Piece(key, (one,), listed=True)


def _rank(place: int, first: int, soon: int) -> int:
    return first if place == 0 else soon if place < _SHOWN_FIRST else 8


def _asked(one: states.Asked) -> dict[str, Any]:
    if one.reason is None:
        return {"state": one.state}
    lack = {"reason": prose(one.reason), "next_capture": prose(one.next_capture)}
    return {"state": one.state, **lack}


def _capture(analysis: Analysis) -> dict[str, Any]:
    capture, device = analysis.capture, analysis.resolution.device
    recorded = analysis.resolution.record
    named = device.name if device else recorded.name if recorded else None
    return {
        "name": quoted.quoted(capture.name, _SHORT_NAME),
        "source": capture.source,
        "device": None if named is None else quoted.quoted(named, _SHORT_NAME),
        "peaks_known": bool(device) or capture.traits.peaks_recorded,
        "complete": capture.complete,
    }


def _stop(analysis: Analysis) -> dict[str, Any]:
    """Return whether an optimisation may stop: nothing to do, and the time at its ceilings."""
    rows = ceiling.with_ceilings(analysis.kernels)
    total = int(rows["duration_ns"].sum())
    reached = int(rows.filter(pl.col("reached"))["duration_ns"].sum())
    missed = int(rows.filter(~pl.col("reached"))["duration_ns"].sum())
    at_ceiling = ceiling.done(reached, missed, total)
    timeline = analysis.timeline
    idle = 0.0 if timeline is None or not timeline.wall_ns else timeline.idle_ns / timeline.wall_ns
    answer = analysis.advice.answer
    if answer == "something_to_do":
        done: bool | None = False
        why = "findings"
    elif at_ceiling and 100 * idle <= 100 - ceiling.MOSTLY_PCT and answer == "nothing_worth_doing":
        done, why = True, "ceilings_reached"
    elif at_ceiling is False:
        done, why = False, "below_ceilings"
    else:
        done, why = None, "not_known"
    return {"done": done, "why": why, "done_pct": 100 * reached / total if total else None}


def _coverage(analysis: Analysis) -> dict[str, Any]:
    shares = analysis.coverage
    return {
        "launches": shares.launches,
        "launch_ns": shares.duration_ns,
        "understood_pct": shares.understood_pct,
        "flop_pct": shares.flop_pct,
        "bytes_pct": shares.bytes_pct,
        "untimed": shares.untimed,
        "parts": {one.part: one.pct for one in shares.partition},
        "missing": [
            {"reason": prose(one.reason), "pct": one.pct} for one in shares.missing[:_SHOWN_FIRST]
        ],
    }


def _window(analysis: Analysis) -> dict[str, Any]:
    timeline = analysis.timeline
    bound = {part.kind: part.pct for part in analysis.shares.parts}
    if timeline is None:
        return {
            "of": "launches", "ns": analysis.window_ns, "busy_ns": None, "idle_ns": None,
            "idle_cause": None, "trustworthy": None, "steps": None, "trimmed": 0,
            "bound_pct": bound,
        }  # fmt: skip
    causes = timeline.idle_by_cause()
    return {
        "of": "wall",
        "ns": timeline.wall_ns,
        "busy_ns": timeline.busy_ns,
        "idle_ns": timeline.idle_ns,
        "idle_cause": max(causes, key=lambda name: causes[name]) if any(causes.values()) else None,
        "trustworthy": timeline.trustworthy,
        "steps": timeline.steps,
        "trimmed": len(timeline.trimmed),
        "bound_pct": bound,
    }


def _lack(one: Any) -> dict[str, Any]:
    return {
        "reason": prose(one.reason),
        "launches": len(one.launches),
        "duration_ns": one.duration_ns,
        "pct": one.pct,
        "sections": list(one.sections),
        "next_capture": prose(one.brief or one.collect),
        "command": quoted.command(one.command),
    }


def _next(analysis: Analysis) -> dict[str, Any]:
    """Return what to record or collect next."""
    lacking = analysis.advice.could_not_look
    first = next((one for one in lacking), None)
    if analysis.capture.traits.figures_counted:
        given = next((one.command for one in lacking if one.command), None)
        return {
            "answer": "capture" if lacking else "nothing_unknown",
            "what": prose(first.brief or first.collect) if first else _OF_HOST,
            "command": quoted.command(given),
            "settles_pct": None,
            "replays": None,
        }
    found = next_capture(analysis)
    return {
        "answer": found.answer,
        "what": prose(first.brief or first.collect) if first else prose(found.said),
        "command": quoted.command(found.command),
        "settles_pct": found.settles_pct if found.answer == "capture" else None,
        "replays": found.replays,
    }
