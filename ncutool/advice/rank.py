"""Drafts become findings: priced by one ledger, sorted by what they surely save."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ncutool import units
from ncutool.advice.context import Context, Draft
from ncutool.advice.finding import Finding
from ncutool.advice.ledger import Claim, Ledger
from ncutool.replay import Changes, prepare

SMALL_PCT = 0.5
"""A finding that saves less of the window than this is not worth a line."""
ALTERNATIVE_PCT = 2.0
"""One whose time others have claimed is still named where alone it would save this much."""
_GRADES = {"certain": 0, "likely": 1, "possible": 2}


@dataclass(frozen=True)
class _Priced:
    claim: Claim
    alone_low: int
    alone_high: int
    low: int = 0
    high: int = 0


def ranked(context: Context, drafts: list[Draft]) -> tuple[Finding, ...]:
    """Findings over ``drafts``, surest saving first.

    Order of claims: certain before likely before possible, then by what a draft saves alone.
    ``saving_low_ns`` is the smaller of the end-to-end replay of the worst case alone and after
    the findings before it (0 for a merely possible one); ``saving_high_ns`` what its best case
    takes of the launches and gaps that are left.
    """
    wall = context.wall_ns
    if not drafts or wall <= 0:
        return ()
    ledger = Ledger(context, prepare(context.capture, context.timeline))
    small = [0, 0]
    priced = []
    unchanged = ledger.replay.unchanged()
    for draft in drafts:
        claim = ledger.claim(draft)
        high = ledger.at_most(claim, 0)
        if 100 * high < SMALL_PCT * wall <= 100 * ledger.bound(claim):
            high = ledger.at_most(claim, _best_gain(ledger, claim, unchanged, wall))
        if 100 * high < SMALL_PCT * wall:
            small[0] += 1
            small[1] += high
        else:
            worst = ledger.wall_ns(ledger.apply(claim, unchanged))
            priced.append(_Priced(claim, ledger.gain(claim, wall, worst), high))
    priced.sort(key=_turn)
    done = _in_turn(ledger, priced, wall)
    kept = [one for one in done if _worth(one, wall)]
    small[0] += len(done) - len(kept)
    small[1] += sum(one.high for one in done if not _worth(one, wall))
    kept.sort(key=lambda one: (-one.low, -one.high, *_name(one)))
    return _findings(context, kept, small)


def _best_gain(ledger: Ledger, claim: Claim, state: Changes, wall: int) -> int:
    """What the best case saves end to end; only removed launches save more than their own time."""
    if not claim.removed.size:
        return 0
    return ledger.gain(claim, wall, ledger.wall_ns(ledger.apply(claim, state, best=True)))


def _in_turn(ledger: Ledger, priced: list[_Priced], wall: int) -> list[_Priced]:
    """Every claim priced on what the ones before it have left."""
    done = []
    state, before = ledger.replay.unchanged(), wall
    for one in priced:
        claim = one.claim
        best = _best_gain(ledger, claim, state, before)
        state = ledger.apply(claim, state)
        after = ledger.wall_ns(state)
        cap = ledger.low_cap(claim)
        high = ledger.take(claim, best)
        low = min(one.alone_low, ledger.gain(claim, before, after), cap, high)
        if claim.draft.grade == "possible":
            low = 0
        done.append(_Priced(claim, one.alone_low, one.alone_high, low, high))
        before = after
    return done


def _turn(one: _Priced) -> tuple[object, ...]:
    draft = one.claim.draft
    return (_GRADES[draft.grade], -one.alone_low, -one.alone_high, draft.lead, *_name(one))


def _name(one: _Priced) -> tuple[str, str, tuple[int, ...]]:
    draft = one.claim.draft
    return draft.kind, draft.title, draft.launches


def _worth(one: _Priced, wall: int) -> bool:
    return 100 * one.high >= SMALL_PCT * wall or 100 * one.alone_high >= ALTERNATIVE_PCT * wall


def _findings(context: Context, kept: list[_Priced], small: list[int]) -> tuple[Finding, ...]:
    numbers: Counter[str] = Counter()
    ids = []
    for one in kept:
        numbers[one.claim.draft.kind] += 1
        ids.append(f"{one.claim.draft.kind}-{numbers[one.claim.draft.kind]}")
    names = dict(context.kernels.select("launch_id", "kernel").iter_rows())
    durations = dict(context.kernels.select("launch_id", "duration_ns").iter_rows())
    wall = context.wall_ns
    findings = []
    for position, one in enumerate(kept):
        draft = one.claim.draft
        others = tuple(
            ids[index]
            for index, other in enumerate(kept)
            if index != position and one.claim.overlaps(other.claim)
        )
        own = sum(durations[item] for item in draft.launches)
        evidence = (*draft.evidence, *_pricing(context, one, others, own))
        if position == len(kept) - 1 and small[0]:
            evidence += (
                f"{small[0]:,} smaller {'suggestion is' if small[0] == 1 else 'suggestions are'} "
                f"left out, at most {context.share(small[1])} together.",
            )
        findings.append(
            Finding(
                id=ids[position],
                kind=draft.kind,
                title=draft.title,
                launches=tuple(sorted(draft.launches)),
                kernels=tuple(dict.fromkeys(names[item] for item in sorted(draft.launches))),
                duration_ns=own,
                saving_low_ns=one.low,
                saving_high_ns=one.high,
                saving_low_pct=100 * one.low / wall,
                saving_high_pct=100 * one.high / wall,
                grade=draft.grade,
                evidence=evidence,
                remedy=draft.remedy,
                overlaps=others,
            )
        )
    return tuple(findings)


def _pricing(context: Context, one: _Priced, others: tuple[str, ...], own: int) -> tuple[str, ...]:
    """What the two ends of the range rest on, where they are not plain."""
    sentences = []
    removed = one.claim.removed.size
    if removed and one.high > own:
        sentences.append(
            f"It saves more than its kernels take: at the high end {units.time(one.high - own)} "
            f"or more is time the device waits for the {removed:,} launches that would go."
        )
    claimed = one.alone_high - one.high
    if others and 100 * claimed >= SMALL_PCT * context.wall_ns:
        sentences.append(
            f"Alone it would save up to {context.share(one.alone_high)}; {units.time(claimed)} of "
            f"that is already counted in {', '.join(others)}."
        )
    if (
        one.claim.draft.grade != "possible"
        and 2 * one.low < one.high
        and one.claim.draft.best != (one.claim.draft.worst)
    ):
        sentences.append(
            "The low end is the timeline run again with the host's times as recorded; the high end "
            "is reached only once the host no longer limits."
        )
    return tuple(sentences)
