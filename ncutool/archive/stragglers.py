"""Ranks that the others wait for: told by who comes last to the collectives.

A rank is named only where three things hold: it comes after the median of the others in more calls
than chance allows (a sign test, held to one false alarm in a hundred jobs by Bonferroni's
correction over its ranks), it stands apart from the spread of the other ranks, and what they wait
for it is worth something. Calls that all ranks come to evenly tell nothing and are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ncutool.archive.pairing import SYMMETRIC, Calls, Floats
from ncutool.base.thresholds import IntThreshold, Threshold

EVEN = Threshold(
    1.25,
    "times",
    "a call whose times on its ranks differ by no more is one that they came to evenly",
    "judgement: as calls of one size are called steady (ncutool.advice.host.communication)",
)
CHANCE = Threshold(
    0.001,
    "jobs",
    "without a straggler in which one is named",
    "judgement; binomial tests and Bonferroni's correction hold it where calls are independent",
)
WORTH = Threshold(
    0.02,
    "share of the wall time",
    "that the other ranks must wait for a rank to name it",
    "judgement: as hidden communication that one would ask about",
)
APART = Threshold(
    5.0,
    "times",
    "the spread between ranks (median absolute deviation × 1.4826) that a rank must be beyond",
    "judgement: the largest of 64 normal ranks lies near 2.5, of 10,000 near 3.9",
)
NORMAL = Threshold(
    1.4826,
    "times",
    "the median absolute deviation is a standard deviation",
    "Rousseeuw and Croux (1993), for normal noise",
)
_FEWEST_APART = IntThreshold(
    4, "ranks", "whose spread tells something", "judgement: of three, two always lie close"
)


@dataclass(frozen=True)
class Arrival:
    """How one rank came to the collectives that it shares with whole groups."""

    rank: int
    calls: int
    """Calls that were judged: those in which somebody waited."""
    last: int
    """In how many of them it came last."""
    late: int
    """In how many of them it came after the median of the others."""
    lateness_ns: float
    """Mean of how much after them; negative where it came before."""
    others_wait_ns: int
    """What the median of the others waited for it, over the calls to which it came last."""
    chance: float
    """How likely a rank like the others comes late, or last, so often."""


def arrivals(calls: Sequence[Calls]) -> tuple[Arrival, ...]:
    """Return how each rank came to the calls, in order of rank.

    Args:
        calls: paired calls; only those tell that no rank leaves before all have come.
    """
    found: dict[int, list[Floats]] = {}
    fewest: dict[int, int] = {}
    for one in calls:
        if one.kind not in SYMMETRIC or len(one.ranks) < 2:
            continue
        waited = one.durations.max(axis=1) > EVEN * one.shortest
        if not waited.any():
            continue
        late = one.lateness()[waited]
        is_last = one.durations[waited] == one.shortest[waited][:, None]
        alone = is_last.sum(axis=1, keepdims=True) == 1
        for place, rank in enumerate(one.ranks):
            rows = np.stack([late[:, place], (is_last & alone)[:, place]], axis=1)
            found.setdefault(rank, []).append(rows)
            fewest[rank] = min(fewest.get(rank, len(one.ranks)), len(one.ranks))
    return tuple(
        _arrival(rank, np.concatenate(rows), fewest[rank]) for rank, rows in sorted(found.items())
    )


def _arrival(rank: int, rows: Floats, fewest: int) -> Arrival:
    """Return how a rank came to calls.

    Args:
        fewest: ranks of the smallest of its groups: in it, chance makes a rank last most often.
    """
    late, last = rows[:, 0], rows[:, 1] > 0
    after, differing = int((late > 0).sum()), int((late != 0).sum())
    return Arrival(
        rank=rank,
        calls=len(rows),
        last=int(last.sum()),
        late=after,
        lateness_ns=float(late.mean()),
        others_wait_ns=round(float(late[last].sum())),
        chance=min(
            1.0,
            2 * min(tail(after, differing), tail(int(last.sum()), len(rows), 1 / fewest)),
        ),
    )


def tail(hits: int, count: int, share: float = 0.5) -> float:
    """Return the chance of so many hits, or more, in ``count`` tries that hit with ``share``.

    Exact for up to 1,000 tries; beyond, Hoeffding's bound, which is never too small.
    """
    if count == 0 or hits <= share * count:
        return 1.0
    if count > 1000:
        return math.exp(-2 * count * (hits / count - share) ** 2)
    return math.fsum(
        math.comb(count, k) * share**k * (1 - share) ** (count - k) for k in range(hits, count + 1)
    )


def stragglers(
    arrived: Sequence[Arrival], wall_ns: int | None, exposed_ns: int | None
) -> tuple[Arrival, ...]:
    """Return the ranks that the others wait for, the costliest first.

    Args:
        arrived: how the ranks of whole groups came to their collectives.
        wall_ns: the median window of the ranks.
        exposed_ns: of it, what the median rank communicates with nothing else running: more than
            that cannot have been lost to waiting. None where it is not known.
    """
    if not wall_ns or len(arrived) < 2:
        return ()
    mean = np.array([one.lateness_ns for one in arrived])
    middle = float(np.median(mean))
    spread = float(NORMAL * np.median(np.abs(mean - middle)))
    named = [
        one
        for one in arrived
        if one.chance <= CHANCE / len(arrived)
        and (len(arrived) < _FEWEST_APART or one.lateness_ns - middle > APART * spread)
        and _lost(one, exposed_ns) >= WORTH * wall_ns
    ]
    return tuple(sorted(named, key=lambda one: (-one.others_wait_ns, one.rank)))


def _lost(one: Arrival, exposed_ns: int | None) -> int:
    return one.others_wait_ns if exposed_ns is None else min(one.others_wait_ns, exposed_ns)
