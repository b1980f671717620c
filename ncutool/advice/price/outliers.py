"""One slow launch among many equal ones is an accident, and no finding is priced by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ncutool.advice.view.finding import Draft
from ncutool.advice.view.kinds import Ints, Launches
from ncutool.base import units
from ncutool.base.records import replace
from ncutool.base.thresholds import IntThreshold, Threshold

OUTLIER = Threshold(
    5.0,
    "times the median",
    "a launch of a kind that took longer was disturbed: its kernel does not take so long",
    "judgement: equal launches in traces differ by less than twice",
)
MIN_EQUALS = IntThreshold(
    5, "launches", "of fewer equal launches none can be called the exception", "judgement"
)


def typical_ns(launches: Launches) -> Ints:
    """Return, per launch, the time (ns) that advice may count on.

    It is the launch's own, or the median of its kind where it is an outlier. Communication waits
    for others, whose delay is no accident of the launch, and keeps its own.
    """
    durations: Ints = np.array(launches.durations, np.int64)
    if not durations.size:
        return durations
    count = np.bincount(launches.kind_of, minlength=len(launches.kinds))
    first = np.cumsum(count) - count
    by_kind = durations[np.lexsort((durations, launches.kind_of))]
    last = max(by_kind.size - 1, 0)
    lower, upper = (
        by_kind[np.minimum(first + middle, last)] for middle in ((count - 1) // 2, count // 2)
    )
    median = ((lower + upper) / 2).astype(np.int64)
    barrier = np.array([kind.barrier for kind in launches.kinds], np.bool_)
    judged = ~barrier & (count >= MIN_EQUALS)
    usual = median[launches.kind_of]
    slow = judged[launches.kind_of] & (durations > OUTLIER * usual)
    return np.where(slow, usual, durations)


def without_outliers(launches: Launches, drafts: Sequence[Draft]) -> list[Draft]:
    """Return ``drafts``, what each saves of an outlier cut to what it saves of an equal launch."""
    excess_ns = np.array(launches.durations, np.int64) - typical_ns(launches)
    slow = {launches.ids[row]: int(excess_ns[row]) for row in np.flatnonzero(excess_ns).tolist()}
    return [_cut(draft, slow) for draft in drafts]


def _cut(draft: Draft, slow: Mapping[int, int]) -> Draft:
    """Return ``draft`` without what it would save of the time of ``slow`` (launch_id -> ns) beyond
    that of their equals."""
    if slow.keys().isdisjoint(draft.launches):
        return draft
    excess = [slow.get(launch, 0) for launch in draft.launches]
    count = sum(more > 0 for more in excess)
    note = (
        f"{units.counted(count, 'launch')} took more than {OUTLIER:g} times the median of equal "
        "launches and counts as that median: the time beyond it is no fault of the kernel."
    )
    best = _longer(draft.best, excess)
    worst = best if draft.worst is draft.best else _longer(draft.worst, excess)
    return replace(draft, best=best, worst=worst, evidence=(*draft.evidence, note))


def _longer(times: Sequence[int], excess: Sequence[int]) -> tuple[int, ...]:
    """Return each time with its excess; of one without, the very number that is held already."""
    return tuple([new + more if more else new for new, more in zip(times, excess, strict=True)])
