"""Findings of the capture carried out: through the ledger and the replay that priced them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.advice.price import rank
from ncutool.advice.price.ledger import Ledger
from ncutool.base import units
from ncutool.timeline.replay import Changes
from ncutool.whatif.answer import Carried
from ncutool_parsers.errors import UnfitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.context import Context
    from ncutool.advice.view.finding import Advice, Draft, Finding
    from ncutool.whatif.question import Question


class Applied(Struct, frozen=True):
    """Findings on the timeline."""

    best: Changes
    worst: Changes
    """Merely possible findings left out."""
    low_ns: int
    """What all of them save of the window at least."""
    high_ns: int
    findings: tuple[Carried, ...]
    drafts: tuple[Draft, ...]
    notes: tuple[str, ...]
    """What findings do that shorten no window."""


def chosen(advice: Advice, question: Question) -> list[tuple[Finding, Draft]]:
    """Return the findings that a question names, in the order of their rank.

    Raises:
        UsageError: one is not there; those that are, are listed.
        UnfitError: there is none at all, or none of the kind.
    """
    if not advice.findings:
        raise UnfitError("this capture has no findings to carry out")
    known = [one.id for one in advice.findings]
    missing = [name for name in question.fuse if name not in known]
    if missing:
        raise UsageError(f"no finding {', '.join(missing)} here; there are {', '.join(known)}")
    wanted = set(question.fuse)
    if question.graph:
        graphs = {one.id for one in advice.findings if one.kind == "graph"}
        if not graphs:
            raise UnfitError(f"no finding of kind graph here; there are {', '.join(known)}")
        wanted |= graphs
    return [
        (one, draft)
        for one, draft in zip(advice.findings, advice.drafts, strict=True)
        if one.id in wanted
    ]


def carry_out(context: Context, ledger: Ledger, picked: Sequence[tuple[Finding, Draft]]) -> Applied:
    """Apply findings one on top of the other, priced on these alone by
    :func:`ncutool.advice.price.rank.ranked`.

    One that saves per row or per sample changes no launch: what it does instead stands in the
    notes.
    """
    drafts = [draft for _, draft in picked]
    priced = rank.ranked(context, drafts)
    saved = {
        (draft.kind, draft.title, draft.launches): one
        for one, draft in zip(priced.findings, priced.drafts, strict=True)
    }
    best = worst = ledger.replay.unchanged()
    carried = []
    for finding, draft in picked:
        if draft.per == "window":
            claim = ledger.claim(draft)
            best = ledger.apply(claim, best, best=True)
            if draft.grade != "possible":
                worst = ledger.apply(claim, worst)
        one = saved.get((draft.kind, draft.title, draft.launches))
        low, high = (one.saving_low_ns, one.saving_high_ns) if one is not None else (0, 0)
        carried.append(Carried(finding.id, finding.title, finding.per, finding.grade, low, high))
    return Applied(
        best=best,
        worst=worst,
        low_ns=priced.all_low_ns,
        high_ns=priced.all_high_ns,
        findings=tuple(carried),
        drafts=tuple(drafts),
        notes=tuple(
            _more_in_the_same_time(finding, context.wall_ns)
            for finding, draft in picked
            if draft.per != "window"
        ),
    )


def _more_in_the_same_time(finding: Finding, wall_ns: int) -> str:
    """Return what a finding does that saves per row or per sample, in a sentence."""
    note = f"{finding.id} saves time per {finding.per} and does not shorten this window: "
    left = wall_ns - finding.alone_high_ns
    times = f"up to {units.significant(wall_ns / left)} times the" if left > 0 else "more"
    note += f"{times} {finding.per}s in the same time"
    return note + (" (--batch-scale answers for a size)." if finding.per == "sample" else ".")


def durations(ledger: Ledger, applied: Applied) -> pl.DataFrame:
    """launch_id, best_ns, worst_ns, ids: launches that the findings shorten or remove."""
    run = ledger.replay
    now = dict(zip(run.launch_id.tolist(), run.duration.tolist(), strict=True))
    touched: dict[int, list[str]] = {}
    for carried, draft in zip(applied.findings, applied.drafts, strict=True):
        shortened = zip(draft.launches, draft.best, strict=True) if draft.per == "window" else ()
        for launch, new in shortened:
            if draft.removed or new < now[launch]:
                touched.setdefault(launch, []).append(carried.id)
    frame = pl.DataFrame(
        {
            "launch_id": run.launch_id,
            "best_ns": applied.best.duration,
            "worst_ns": applied.worst.duration,
        }
    )
    ids = pl.DataFrame(
        {"launch_id": list(touched), "ids": [", ".join(names) for names in touched.values()]},
        schema={"launch_id": pl.Int64, "ids": pl.String},
    )
    return frame.join(ids, on="launch_id", how="inner", maintain_order="left")
