"""Each launch's time and each idle interval is paid once.

Drafts are applied in turn: what one has claimed, the next cannot. Every moment of the device's
busy time belongs to one launch: to a kernel before a copy and to a copy before communication, so
that copies and communication count with what they expose, and among equals to the one that
started first. All claims together therefore never exceed the window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.price.exposure import exposed
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft
from ncutool.base.exact import proportion
from ncutool.base.intervals import Bools, Ints
from ncutool.base.thresholds import Threshold
from ncutool.timeline.replay import Changes, Replay
from ncutool.timeline.window import DISPATCH_CAUSES

HOST_TRUST = Threshold(
    0.5,
    "share",
    "of the host's recorded time that is taken for real when Python stacks were recorded",
    "judgement: stacks slow the host by an unknown factor",
)
HOST_SAVED = Threshold(
    0.75,
    "share",
    "of a removed launch's host time that is saved at worst: what replaces it costs too",
    JUDGED,
)


class Claim(Struct, frozen=True):
    """One draft in the order of the replay's launches."""

    draft: Draft
    rows: Ints
    duration_ns: int
    """Summed, as recorded."""
    best: Ints
    worst: Ints
    removed: Ints
    replayed: Ints
    gaps: Bools
    """Idle pieces it would remove."""
    waits: Bools
    """Those of them in which the host does what it no longer would."""
    shortened: Bools
    """The launches that its best case shortens."""

    def overlaps(self, other: Claim) -> bool:
        """Whether both claim time of one launch or one idle piece."""
        shared = (self.shortened & other.shortened).any()
        return bool(shared) or bool((self.gaps & other.gaps).any())


class Ledger:
    """What is left of every launch and every idle piece."""

    def __init__(self, context: Context, replay: Replay) -> None:
        idle = context.idle
        self.replay = replay
        self._trust = HOST_TRUST if context.host_inflated else 1.0
        self._left = replay.duration.copy()
        self._share = exposed(replay, context)
        called = replay.period[replay.period > 0]
        self._period_limit = 2 * int(np.median(called)) if called.size else 0
        self._gap_length, self._gap_left = idle.length, idle.length.copy()
        self._origin = context.timeline.start_ns
        self._dispatch = idle.due_to(*DISPATCH_CAUSES)
        self._queue = idle.due_to("queue")
        self._idle = idle
        self._gap_device = idle.device
        self._paid = np.zeros(int(idle.device.max(initial=0)) + 1, dtype=np.int64)
        """Idle time of each device that was paid for."""
        self._unpaid = context.wall_ns
        """What of the window was not paid for."""
        size, last = replay.launch_id.size, int(replay.launch_id.max(initial=-1))
        self._row = np.full(last + 2, size, dtype=np.int64)
        """The row of each launch by its launch_id; one more than there are for all others."""
        self._row[replay.launch_id] = np.arange(size)
        self._known: tuple[Claim, int] | None = None
        """What `_naive` said last: the same is asked several times in a row."""
        self._gap_row = self._rows_of(idle.following)
        self._no_gap = np.zeros(idle.length.size, dtype=np.bool_)
        """The launch that ends each piece; one more than there are where the window cuts it."""

    @property
    def exposed(self) -> Ints:
        """Per launch of the replay, its time (ns) that counts as its own: sums to the busy time."""
        return self._share

    def claim(self, draft: Draft) -> Claim:
        """Return ``draft`` with its launches as rows of the replay."""
        rows, removed, replayed = map(self._rows, (draft.launches, draft.removed, draft.replayed))
        used = np.concatenate([replayed, self._rows(draft.idle_used)])
        gaps = self._before(removed) & (self._dispatch | self._queue)
        gaps |= self._before(used) & self._dispatch
        waits = self._waits(draft)
        gaps |= waits
        recorded = self.replay.duration[rows]
        best, worst = _within(draft.best, recorded), _within(draft.worst, recorded)
        shortened = np.zeros(self.replay.duration.size, dtype=np.bool_)
        shortened[rows[best < recorded]] = True
        return Claim(
            draft=draft,
            rows=rows,
            duration_ns=int(recorded.sum()),
            best=best,
            worst=worst,
            removed=removed,
            replayed=replayed,
            gaps=gaps,
            waits=waits,
            shortened=shortened,
        )

    def _waits(self, draft: Draft) -> Bools:
        """Return which idle pieces of the draft's causes lie before the launches that it names."""
        before = self._before(self._rows(draft.waits))
        return before & self._idle.due_to(*draft.wait_causes) if draft.waits else before

    def _before(self, rows: Ints) -> Bools:
        """Return which idle pieces end with one of the launches ``rows``."""
        if not rows.size:
            return self._no_gap
        ends = np.zeros(self.replay.duration.size + 1, dtype=np.bool_)
        ends[rows] = True
        ends[-1] = False
        return np.asarray(ends[self._gap_row])

    def _rows(self, launches: tuple[int, ...]) -> Ints:
        return self._rows_of(np.array(launches, np.int64))

    def _rows_of(self, launch_ids: Ints) -> Ints:
        return np.asarray(self._row[np.minimum(launch_ids, self._row.size - 1)])

    def at_most(self, claim: Claim, gain: int) -> int:
        """Return what its best case saves (ns) of what is left, were the host no limit.

        ``gain`` is what a replay of the best case saves: host time that removed launches no
        longer take may shorten dispatch gaps later on, which are then claimed as well.
        """
        naive = self._naive(claim)
        return naive if gain <= naive else self._amount(claim, self._later(claim, gain - naive))

    def take(self, claim: Claim, gain: int) -> int:
        """Price the claim as `at_most` does, then deduct it: later claims cannot be paid for these
        launches or gaps. Returns ns."""
        later = self._later(claim, gain - self._naive(claim))
        amount = self._amount(claim, later)
        self._known = None
        self._paid += self._idle_of(claim, later)
        self._unpaid -= amount
        self._left[claim.rows] = np.minimum(self._left[claim.rows], claim.best)
        self._gap_left[claim.gaps] = 0
        self._gap_left -= later
        return amount

    def _amount(self, claim: Claim, later: Ints | None = None) -> int:
        """Return the time (ns) of launches and idle pieces that are left and that it would save.

        Idle time of several devices passes at once: what shortens the window is what the device
        with most of it gains. No claim is paid for more than the window has left.
        """
        left, whole = self._left[claim.rows], self.replay.duration[claim.rows]
        saved = np.maximum(left - claim.best, 0)
        kernel = int(proportion(saved, self._share[claim.rows], whole).sum())
        idle = (self._paid + self._idle_of(claim, later)).max() - self._paid.max()
        return min(kernel + int(idle), self._unpaid)

    def _idle_of(self, claim: Claim, later: Ints | None) -> Ints:
        """Return the idle time (ns) of each device that is left and that the claim would save."""
        if self._paid.size == 1:
            also = 0 if later is None else later.sum()
            return np.array([self._gap_left[claim.gaps].sum() + also], np.int64)
        pieces = np.where(claim.gaps, self._gap_left, 0) + (0 if later is None else later)
        sums = np.zeros_like(self._paid)
        np.add.at(sums, self._gap_device, pieces)
        return sums

    def _naive(self, claim: Claim) -> int:
        """Return the kernel time and the gaps before removed or replayed launches that are left,
        ns."""
        if self._known is None or self._known[0] is not claim:
            self._known = (claim, self._amount(claim))
        return self._known[1]

    def _later(self, claim: Claim, excess: int) -> Ints:
        """Return, per idle piece, the part of ``excess`` (ns) by which earlier launches shorten it,
        beyond the claim itself."""
        if excess <= 0 or not claim.removed.size:
            return np.zeros_like(self._gap_left)
        since = self._origin + self.replay.start[claim.removed].min()
        open_to = self._dispatch & ~claim.gaps & (self._idle.start >= since)
        available = np.where(open_to, self._gap_left, 0)
        before = np.cumsum(available) - available
        return np.asarray(np.minimum(np.maximum(excess - before, 0), available))

    def apply(self, claim: Claim, before: Changes, *, best: bool = False) -> Changes:
        """Return ``before`` with the claim's worst (or best) case on top; ``before`` itself where
        that is nothing."""
        if not best and self._nothing_at_worst(claim):
            return before
        duration = before.duration.copy()
        target = claim.best if best else claim.worst
        duration[claim.rows] = np.minimum(duration[claim.rows], target)
        removed, replayed = before.removed.copy(), before.replayed.copy()
        removed[claim.removed] = True
        replayed[claim.replayed] = True
        saved = before.host_saved.copy()
        for rows in (claim.removed, claim.replayed):
            host = self._host_time(rows, 1.0 if best else HOST_SAVED * self._trust)
            saved[rows] = np.maximum(saved[rows], host)
        if claim.waits.any():
            kept = 0.0 if best else claim.draft.wait_kept_share
            ended = (self._gap_length[claim.waits] * (1 - kept)).astype(np.int64)
            np.add.at(saved, self._gap_row[claim.waits], ended)
        return Changes(duration, saved, removed, replayed)

    def _nothing_at_worst(self, claim: Claim) -> bool:
        """Whether the worst case leaves every launch and the host as they are."""
        shorter = (claim.worst < self.replay.duration[claim.rows]).any()
        waits = claim.waits.any() and claim.draft.wait_kept_share < 1
        return not (shorter or claim.removed.size or claim.replayed.size or waits)

    def _host_time(self, rows: Ints, share: float) -> Ints:
        """Return the host time (ns) of launches; stretches in which the host waited or did other
        work are capped."""
        ordinary = np.minimum(self.replay.period[rows], self._period_limit)
        return np.asarray((ordinary * share).astype(np.int64))

    def wall_ns(self, changes: Changes) -> int:
        """Return the length of the window under ``changes``, by replay."""
        return self.replay.wall_ns(changes)

    def gain(self, claim: Claim, wall_before: int, wall_after: int, cap: int | None = None) -> int:
        """Return what a claim saves end to end (ns), from the windows of two replays.

        Of gaps that only the recording of Python stacks may have made so long, half counts.

        Args:
            cap: the most that the claim may save (ns), whatever the replays say.
        """
        gain = wall_before - wall_after
        if cap is not None:
            gain = min(gain, cap)
        if self._trust < 1 and claim.replayed.size:
            gain = int(gain * self._trust)
        return max(gain, 0)

    def bound(self, claim: Claim) -> int:
        """Return kernel time, gaps and all the host time that it frees, ns: never less than
        ``at_most``."""
        return self._naive(claim) + int(self._host_time(claim.removed, 1.0).sum())

    def low_cap(self, claim: Claim) -> int:
        """Return what a claim may save (ns) at the low end, given what remains of each gap."""
        if not claim.draft.gap_rest_ns:
            return self.bound(claim)
        sure = claim.gaps & self._before(claim.replayed)
        left = np.bincount(self._gap_row[sure], weights=self._gap_left[sure]).astype(np.int64)
        kept = np.maximum(left - claim.draft.gap_rest_ns, 0)
        sums = np.zeros_like(self._paid)
        sure_rows = np.flatnonzero(left)
        devices = np.zeros(left.size, dtype=np.int64)
        devices[self._gap_row[sure]] = self._gap_device[sure]
        np.add.at(sums, devices[sure_rows], kept[sure_rows])
        return int(sums.max())


def _within(times: Sequence[int], recorded: Ints) -> Ints:
    """Return what launches would take (ns), none below 0 and none longer than it was recorded.

    A draft may be out by any factor where a capture holds absurd figures; what it is paid may not.
    """
    try:
        asked = np.array(times, np.int64)
    except OverflowError:  # beyond 64 bits there is no array of them
        most = int(recorded.max(initial=0))
        asked = np.array([min(max(ns, 0), most) for ns in times], np.int64)
    return np.asarray(np.minimum(np.maximum(asked, 0), recorded))
