"""Each launch's time and each idle interval is paid once.

Drafts are applied in turn: what one has claimed, the next cannot. A launch that runs beside
others counts with the part of the device's busy time that no earlier launch covers, so that all
claims together never exceed the window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ncutool.advice.context import Context, Draft
from ncutool.intervals import Bools, Ints
from ncutool.replay import Changes, Replay
from ncutool.timeline import DISPATCH_CAUSES

_HOST_TRUST = 0.5
"""Share of the host's recorded time that is taken for real when Python stacks were recorded."""


@dataclass(frozen=True)
class Claim:
    """One draft in the order of the replay's launches."""

    draft: Draft
    rows: Ints
    best: Ints
    worst: Ints
    removed: Ints
    replayed: Ints
    gaps: Bools
    """Idle pieces it would remove."""

    shortened: Ints
    """Rows that its best case shortens."""

    def overlaps(self, other: Claim) -> bool:
        """Whether both claim time of one launch or one idle piece."""
        shared = np.intersect1d(self.shortened, other.shortened)
        return bool(shared.size) or bool((self.gaps & other.gaps).any())


class Ledger:
    """What is left of every launch and every idle piece."""

    def __init__(self, context: Context, replay: Replay) -> None:
        gaps = context.timeline.gaps
        self.replay = replay
        self._trust = _HOST_TRUST if context.host_inflated else 1.0
        self._left = replay.duration.copy()
        self._share = _wall_shares(replay)
        self._gap_ns = gaps["duration_ns"].to_numpy()
        self._gap_left = np.ones(gaps.height, dtype=np.bool_)
        self._gap_next = gaps["next_launch_id"].to_numpy()
        self._dispatch = gaps["cause"].is_in(DISPATCH_CAUSES).to_numpy()
        self._queue = (gaps["cause"] == "queue").to_numpy()
        self._order = np.argsort(replay.launch_id)
        self._sorted_ids = replay.launch_id[self._order]

    def claim(self, draft: Draft) -> Claim:
        """``draft`` with its launches as rows of the replay."""
        rows = self._rows(draft.launches)
        removed, replayed = np.array(draft.removed, np.int64), np.array(draft.replayed, np.int64)
        gaps = np.isin(self._gap_next, removed) & (self._dispatch | self._queue)
        gaps |= np.isin(self._gap_next, replayed) & self._dispatch
        best = np.array(draft.best, np.int64)
        return Claim(
            draft=draft,
            rows=rows,
            best=best,
            worst=np.array(draft.worst, np.int64),
            removed=self._rows(draft.removed),
            replayed=self._rows(draft.replayed),
            gaps=gaps,
            shortened=rows[best < self.replay.duration[rows]],
        )

    def _rows(self, launches: tuple[int, ...]) -> Ints:
        ids = np.array(launches, np.int64)
        return np.asarray(self._order[np.searchsorted(self._sorted_ids, ids)])

    def at_most(self, claim: Claim, *, worst: bool = False) -> int:
        """What its best (or worst) case saves of what is left, were the host no limit."""
        left, whole = self._left[claim.rows], self.replay.duration[claim.rows]
        saved = np.maximum(left - (claim.worst if worst else claim.best), 0)
        kernel = saved * self._share[claim.rows] // np.maximum(whole, 1)
        return int(kernel.sum()) + int(self._gap_ns[claim.gaps & self._gap_left].sum())

    def take(self, claim: Claim) -> int:
        """The same, and what was claimed is left to nobody else."""
        amount = self.at_most(claim)
        self._left[claim.rows] = np.minimum(self._left[claim.rows], claim.best)
        self._gap_left &= ~claim.gaps
        return amount

    def apply(self, claim: Claim, before: Changes) -> Changes:
        """``before`` with the claim's worst case on top."""
        duration = before.duration.copy()
        duration[claim.rows] = np.minimum(duration[claim.rows], claim.worst)
        removed, replayed = before.removed.copy(), before.replayed.copy()
        removed[claim.removed] = True
        replayed[claim.replayed] = True
        saved = before.host_saved.copy()
        for rows in (claim.removed, claim.replayed):
            saved[rows] = np.maximum(saved[rows], self._host_time(rows))
        return Changes(duration, saved, removed, replayed)

    def _host_time(self, rows: Ints) -> Ints:
        """Host time of launches, stretches in which the host waited or did other work capped."""
        period = self.replay.period[rows]
        if not period.size:
            return period
        ordinary = np.minimum(period, 2 * int(np.median(period)))
        return np.asarray((ordinary * self._trust).astype(np.int64))

    def at_least(self, claim: Claim, before: Changes) -> int:
        """What the worst case saves end to end on top of ``before``, by replay."""
        gain = self.replay.wall_ns(before) - self.replay.wall_ns(self.apply(claim, before))
        if self._trust < 1 and claim.replayed.size:
            gain = int(gain * self._trust)
        return max(gain, 0)


def _wall_shares(replay: Replay) -> Ints:
    """The part of each launch's time in which no launch that started earlier still runs."""
    end = replay.start + replay.duration
    reach = np.concatenate([[replay.start[0]], np.maximum.accumulate(end)[:-1]])
    return np.asarray(np.maximum(end - np.maximum(replay.start, reach), 0))
