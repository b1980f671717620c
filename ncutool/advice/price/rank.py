"""Drafts become findings: priced by one ledger, sorted by what they surely save."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.price.ledger import Claim, Ledger
from ncutool.advice.price.outliers import without_outliers
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Advice, Covered, Declined, Draft, Finding
from ncutool.base import units
from ncutool.base.thresholds import Threshold
from ncutool.timeline.replay import Changes, prepare

SMALL_PCT = Threshold(
    0.5, "%", "of the window: a finding that saves less is not worth a line", JUDGED
)
ALTERNATIVE_PCT = Threshold(
    2.0,
    "%",
    "of the window: one whose time others have claimed is named where alone it saves as much",
    JUDGED,
)
ALIKE_PCT = Threshold(
    1.0,
    "%",
    "of the window: low ends this close rank alike and what a finding may save decides, so that a "
    "sure per cent hides no likely half of the window",
    JUDGED,
)
HOST_WORTH = Threshold(
    1.5,
    "times",
    "the launches and the gaps before them: where the launches and their host time are worth as "
    "much, a replay tells how much of it shortens gaps elsewhere",
    "judgement: it saves replays where one could change little",
)
_GRADES = {"certain": 0, "likely": 1, "possible": 2}


class _Priced(Struct, frozen=True):
    claim: Claim
    alone_low: int
    alone_high: int
    low: int = 0
    high: int = 0


def ranked(context: Context, drafts: Sequence[Draft], declined: Sequence[Declined] = ()) -> Advice:
    """Return findings over ``drafts``, surest saving first.

    They are ordered by what each saves alone (:func:`_ordered`): at least, which is a replay of
    its worst case (0 for a merely possible one), and at most. They are applied in that order:
    ``saving_low_ns`` is the replay of the worst case on top of the findings before it,
    ``saving_high_ns`` what the best case takes of the launches and gaps that those have left.
    """
    wall = context.wall_ns
    asked = tuple(
        sorted(declined, key=lambda refusal: (-refusal.duration_ns, refusal.what, refusal.launches))
    )
    if not drafts or wall <= 0:
        return Advice(declined=asked)
    ledger = Ledger(context, prepare(context.capture, context.timeline, context.points))
    small = [0, 0]
    candidates = []
    unchanged = ledger.replay.unchanged()
    for draft in without_outliers(context.launches, drafts):
        claim = ledger.claim(draft)
        high = ledger.at_most(claim, 0)
        bound = ledger.bound(claim)
        if bound > HOST_WORTH * high and 100 * bound >= SMALL_PCT * wall:
            high = ledger.at_most(claim, _best_gain(ledger, claim, unchanged, wall))
        if 100 * high < SMALL_PCT * wall:
            if draft.per == "window":
                small[0] += 1
                small[1] += high
        else:
            candidates.append(
                _Priced(claim, _alone_low(ledger, claim, unchanged, wall, high), high)
            )
    done = _in_turn(ledger, _ordered(candidates, round(wall * ALIKE_PCT / 100)), wall)
    kept = [priced for priced in done if _worth(priced, wall)]
    of_window = [priced for priced in done if priced.claim.draft.per == "window"]
    left_out = [priced for priced in of_window if not _worth(priced, wall)]
    findings = _findings(context, kept)
    return Advice(
        findings=findings,
        covered=tuple(_covered(priced, kept, findings) for priced in left_out),
        declined=asked,
        small=small[0],
        small_high_ns=small[1],
        all_low_ns=sum(priced.low for priced in of_window),
        all_high_ns=sum(priced.high for priced in of_window),
        drafts=tuple(priced.claim.draft for priced in kept),
    )


def _alone_low(ledger: Ledger, claim: Claim, state: Changes, wall: int, high: int) -> int:
    cap = min(ledger.low_cap(claim), high)
    changed = ledger.apply(claim, state)
    if claim.draft.grade == "possible" or not cap or changed is state:
        return 0
    return ledger.gain(claim, wall, ledger.wall_ns(changed), cap)


def _best_gain(ledger: Ledger, claim: Claim, state: Changes, wall: int) -> int:
    """Return what the best case saves end to end, ns; only removed launches save more than their
    own time."""
    if not claim.removed.size:
        return 0
    return ledger.gain(claim, wall, ledger.wall_ns(ledger.apply(claim, state, best=True)))


def _in_turn(ledger: Ledger, candidates: list[_Priced], wall: int) -> list[_Priced]:
    """Price every claim on what the ones before it have left.

    A saving of a row or a sample leaves everything to those after it: the window is as long as
    before.
    """
    done = []
    state, before = ledger.replay.unchanged(), wall
    for priced in candidates:
        claim = priced.claim
        best = _best_gain(ledger, claim, state, before)
        possible = claim.draft.grade == "possible"
        cap = ledger.low_cap(claim)
        of_window = claim.draft.per == "window"
        amount = ledger.take(claim, best) if of_window else ledger.at_most(claim, best)
        high = min(amount, priced.alone_high)
        low = 0
        if not possible:
            changed = ledger.apply(claim, state)
            after = before if changed is state else ledger.wall_ns(changed)
            low = ledger.gain(claim, before, after, min(cap, high))
            if of_window:
                state, before = changed, after
        done.append(_Priced(claim, priced.alone_low, priced.alone_high, low, high))
    return done


def _ordered(candidates: Sequence[_Priced], alike_ns: int) -> list[_Priced]:
    """Return the candidates, surest saving first; of low ends alike, the highest high end first.

    Low ends are alike where they differ by at most ``alike_ns``, which does not carry over from
    one pair to the next. So the next is the one that saves most for sure, or the one alike to it
    that may save most, and so on: no candidate stands before one alike to it that may save more.
    """
    left = sorted(candidates, key=lambda priced: (-priced.alone_low, *_turn(priced)))
    ordered = []
    while left:
        chosen, best = None, left[0]
        while best is not chosen:
            chosen = best
            near = [one for one in left if abs(one.alone_low - best.alone_low) <= alike_ns]
            best = min(near, key=_turn)
        left.remove(best)
        ordered.append(best)
    return ordered


def _turn(priced: _Priced) -> tuple[object, ...]:
    draft = priced.claim.draft
    grade = _GRADES[draft.grade]
    return (-priced.alone_high, -priced.alone_low, grade, draft.lead, *_name(priced))


def _name(priced: _Priced) -> tuple[str, str, tuple[int, ...]]:
    draft = priced.claim.draft
    return draft.kind, draft.title, draft.launches


def _worth(priced: _Priced, wall: int) -> bool:
    return (
        100 * priced.high >= SMALL_PCT * wall or 100 * priced.alone_high >= ALTERNATIVE_PCT * wall
    )


def _covered(priced: _Priced, kept: Sequence[_Priced], findings: Sequence[Finding]) -> Covered:
    """Return advice that the findings before it leave nothing of, and which of them do."""
    by = tuple(
        finding.id
        for other, finding in zip(kept, findings, strict=True)
        if other.claim.overlaps(priced.claim)
    )
    return Covered(priced.claim.draft.title, priced.alone_high, by)


def _findings(context: Context, kept: list[_Priced]) -> tuple[Finding, ...]:
    numbers: Counter[str] = Counter()
    ids = []
    for priced in kept:
        numbers[priced.claim.draft.kind] += 1
        ids.append(f"{priced.claim.draft.kind}-{numbers[priced.claim.draft.kind]}")
    named = pl.col("kernel").cast(pl.Categorical)  # a finding has many launches of few kernels
    kernels = context.kernels.select("launch_id", named).sort("launch_id")
    return tuple(
        _finding(context, priced, ids[position], _others(kept, ids, position), kernels)
        for position, priced in enumerate(kept)
    )


def _others(
    kept: list[_Priced], ids: list[str], position: int
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the findings that claim some of the same: those listed before, those after, and of
    those before the ones that were paid for it, which shorten the window."""
    claim = kept[position].claim
    shared = [
        index
        for index, other in enumerate(kept)
        if index != position and claim.overlaps(other.claim)
    ]
    before = [index for index in shared if index < position]
    return (
        tuple(ids[index] for index in before),
        tuple(ids[index] for index in shared if index > position),
        tuple(ids[index] for index in before if kept[index].claim.draft.per == "window"),
    )


def _finding(
    context: Context,
    priced: _Priced,
    name: str,
    others: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
    kernels: pl.DataFrame,
) -> Finding:
    draft, wall = priced.claim.draft, context.wall_ns
    before, after, paid = others
    launches = sorted(draft.launches)
    rows = np.searchsorted(kernels["launch_id"].to_numpy(), np.array(launches, np.int64))
    own = priced.claim.duration_ns
    return Finding(
        id=name,
        rule=draft.rule,
        kind=draft.kind,
        per=draft.per,
        title=draft.title,
        launches=tuple(launches),
        kernels=tuple(kernels["kernel"].gather(rows).unique(maintain_order=True).cast(pl.String)),
        duration_ns=own,
        saving_low_ns=priced.low,
        saving_high_ns=priced.high,
        saving_low_pct=100 * priced.low / wall,
        saving_high_pct=100 * priced.high / wall,
        grade=draft.grade,
        evidence=(*draft.evidence, *_pricing(context, priced, paid, own)),
        remedy=draft.remedy,
        alone_low_ns=priced.alone_low,
        alone_high_ns=priced.alone_high,
        overlaps=(*before, *after),
        code=draft.code or None,
        link=draft.link or None,
        caveat=draft.caveat or None,
        action=draft.action,
        why=draft.why,
        todo=draft.todo,
        figures=draft.figures,
        cap=draft.cap,
        also=draft.also,
        excluded=draft.excluded,
    )


def _pricing(context: Context, priced: _Priced, paid: tuple[str, ...], own: int) -> tuple[str, ...]:
    """Return sentences on what the two ends of the range rest on, where they are not plain."""
    sentences = []
    removed = priced.claim.removed.size
    if removed and priced.alone_high > own:
        sentences.append(
            "It saves more than its kernels take: at the high end "
            f"{units.time(priced.alone_high - own)} or more is time the device waits for the "
            f"{units.counted(removed, 'launch')} that would go."
        )
    claimed = priced.alone_high - priced.high
    if 100 * claimed >= SMALL_PCT * context.wall_ns:
        sentences.append(
            f"Of what it saves alone, {units.time(claimed)} is already counted in "
            f"{', '.join(paid) or 'findings before it, by the host time they free'}."
        )
    draft = priced.claim.draft
    if (
        draft.grade != "possible"
        and draft.per == "window"
        and 2 * priced.alone_low < priced.alone_high
        and draft.best != draft.worst
    ):
        sentences.append(
            "The low end is the timeline run again with the host's times as recorded; the high end "
            "is reached only once the host no longer limits."
        )
    return tuple(sentences)
