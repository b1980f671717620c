"""The timeline run again with changed durations: what a saving is worth end to end.

A launch starts once what held it back in the recording lets it (``replay_constraints``): its
call, the launch before it on its stream, or what it waited for on another stream. The host's own
times stay as recorded, but the host runs ahead where a call that waited for the device returns
earlier. Unchanged durations give back every recorded start exactly.

A launch that the host had called ahead of the device follows the device, not its call: where the
host was ahead while it was being profiled, it is taken to keep ahead, since recording slows the
host alone. Likewise a later wait takes back what the host gained by its own, but not what earlier
waits gave it by returning sooner. ``Changes.calls_fixed`` denies that: no launch then starts before its recorded call.
The truth lies between the two. It is a model, good for ordering.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ncutool import gap_causes
from ncutool.intervals import Bools, Ints
from ncutool.replay_constraints import NEVER, Constraints, Waits, constrain, find_waits, periods
from ncutool.timeline import Timeline
from ncutool_parsers.capture import Capture


@dataclass(frozen=True)
class Changes:
    """What differs from the recording, one entry per launch, in the order of ``Replay``."""

    duration: Ints
    host_saved: Ints
    """Host time no longer spent before the launch's call."""
    removed: Bools
    """The launch is part of the one before it on its stream: no gap, no call of its own."""
    replayed: Bools
    """The launch needs no call of its own: a graph launches it."""
    unwaited: Bools | None = None
    """Per wait of ``Replay.waits``: the call is gone, the host goes on at once."""
    calls_fixed: bool = False
    """No launch starts before its recorded call, less what the host has gained until then."""


@dataclass(frozen=True)
class _Heads:
    """Launches that need more than the end of the launch recorded just before them.

    All others follow their head in a chain: their ends are a running sum, done at once.
    """

    rows: Ints
    chain: Ints
    """Per position, from 0 for the origin, the chain it belongs to, from 0."""
    before: list[int]
    before_chain: list[int]
    other: list[int]
    other_chain: list[int]
    waited: list[int]
    """How many of the waits had returned when each was called; 0 where it follows no call."""


@dataclass(frozen=True)
class Replay:
    """A recorded window, ready to be run again. Arrays are in order of start."""

    launch_id: Ints
    start: Ints
    duration: Ints
    period: Ints
    """Host time from the previous launch call of its thread to the end of its own call."""
    constraints: Constraints
    waits: Waits

    def unchanged(self) -> Changes:
        """No change at all: its wall is the recorded one."""
        zero, no = np.zeros_like(self.duration), np.zeros(self.duration.size, dtype=np.bool_)
        return Changes(self.duration.copy(), zero, no, no.copy())

    def wall_ns(self, changes: Changes) -> int:
        """From the first start to the last end under ``changes``."""
        starts, ends = self.run(changes)
        return int(ends.max() - starts.min()) if ends.size else 0

    def run(self, changes: Changes) -> tuple[Ints, Ints]:
        """New starts and ends, in the order of ``launch_id``. Linear in launches and waits."""
        heads = self._fixed if changes.calls_fixed else self._free
        gaps = self._gaps(changes)
        along = gaps + changes.duration
        along[heads.rows] = 0
        passed = np.concatenate([[0], np.cumsum(along)])
        new = passed[1:] + self._chain_starts(heads, changes, gaps, passed)[heads.chain[1:]]
        return new - changes.duration, new

    def _gaps(self, changes: Changes) -> Ints:
        """From the end of the launch before on the stream to each start, at least.

        A launch that overlaps the one before it keeps the overlap, but starts no earlier.
        """
        limits = self.constraints
        length = changes.duration[np.maximum(limits.before, 1) - 1]
        overlapped = (limits.before > 0) & (limits.before_gap < 0)
        gaps = np.where(overlapped, np.maximum(limits.before_gap, -length), limits.before_gap)
        return np.asarray(np.where(changes.removed, 0, gaps))

    def _chain_starts(self, heads: _Heads, changes: Changes, gaps: Ints, passed: Ints) -> Ints:
        """Per chain, what to add to the running sum ``passed`` to have its ends."""
        limits, rows = self.constraints, heads.rows
        lead = _Lead.of(limits.launched, changes.host_saved)
        # The end of a head is its start and its duration; ``base`` takes the running sum off.
        base = changes.duration[rows] - passed[rows + 1]
        gap = gaps[rows] + passed[limits.before[rows]]
        lag = np.where(changes.removed, NEVER, limits.other_gap)[rows] + passed[limits.other[rows]]
        skip = changes.removed | (changes.replayed & (limits.before > 0))
        if not changes.calls_fixed:
            skip |= ~limits.late
        call = np.where(skip, NEVER, limits.launched + limits.latency - lead.at(limits.launched))
        returns = self._returns(changes, heads, lead, passed)
        starts = [0]
        finish = starts.append
        shift = own = done = 0
        for behind, other, floor, delay, called, need, add, row in zip(
            heads.before_chain,
            heads.other_chain,
            gap.tolist(),
            lag.tolist(),
            call[rows].tolist(),
            heads.waited,
            base.tolist(),
            rows.tolist(),
            strict=True,
        ):
            while done < need:
                begin, released, anchor, chain, along, gone, ahead = next(returns)
                done += 1
                if gone:
                    shift, own = shift + gone, own + gone
                elif anchor <= row:  # later only where a 1-µs clock puts all at one time
                    moved = released - max(begin - shift, starts[chain] + along)
                    shift = moved if changes.calls_fixed else max(moved, shift - own - ahead)
            start = starts[behind] + floor
            if other >= 0:
                start = max(start, starts[other] + delay)
            called -= shift
            finish((called if called > start else start) + add)
        return np.array(starts, dtype=np.int64)

    def _returns(
        self, changes: Changes, heads: _Heads, lead: _Lead, passed: Ints
    ) -> Iterator[tuple[int, int, int, int, int, int, int]]:
        """Per wait: begin and release less the lead, anchor, its chain and sum, host time if gone,
        lead."""
        waits = self.waits
        begin = waits.start - lead.at(waits.start)
        ahead = lead.at(waits.end)
        gone = np.zeros_like(begin)
        if changes.unwaited is not None:
            gone = np.where(changes.unwaited, waits.end - ahead - begin, 0)
        return zip(
            begin.tolist(),
            (waits.end - waits.residual - ahead).tolist(),
            waits.anchor.tolist(),
            heads.chain[waits.anchor].tolist(),
            passed[waits.anchor].tolist(),
            gone.tolist(),
            ahead.tolist(),
            strict=True,
        )

    @cached_property
    def _free(self) -> _Heads:
        """Chains where only late launches follow their calls."""
        return self._heads(self.constraints.late)

    @cached_property
    def _fixed(self) -> _Heads:
        """Chains where every launch that was called follows its call."""
        return self._heads(self.constraints.launched > NEVER)

    def _heads(self, by_call: Bools) -> _Heads:
        limits = self.constraints
        behind = limits.before == np.arange(self.start.size)
        head = by_call | (limits.other > 0) | (limits.before == 0) | ~behind
        chain = np.concatenate([[0], np.cumsum(head)])
        rows = np.flatnonzero(head)
        before, other = limits.before[rows], limits.other[rows]
        ended = np.searchsorted(self.waits.end, limits.returned[rows], side="right")
        return _Heads(
            rows=rows,
            chain=chain,
            before=before.tolist(),
            before_chain=chain[before].tolist(),
            other=other.tolist(),
            other_chain=np.where(other > 0, chain[other], -1).tolist(),
            waited=np.where(by_call[rows], ended, 0).tolist(),
        )


@dataclass(frozen=True)
class _Lead:
    """Host time saved up to a moment, by launches that need less of it."""

    time: Ints
    total: Ints
    """Before the first of ``time``, then after each."""

    @classmethod
    def of(cls, launched: Ints, saved: Ints) -> _Lead:
        at = np.flatnonzero((saved > 0) & (launched > NEVER))
        at = at[np.argsort(launched[at], kind="stable")]
        return cls(launched[at], np.concatenate([[0], np.cumsum(saved[at])]))

    def at(self, moments: Ints) -> Ints:
        """The sum at each moment."""
        return np.asarray(self.total[np.searchsorted(self.time, moments, side="right")])


def prepare(capture: Capture, timeline: Timeline) -> Replay:
    """The window of ``timeline`` as a :class:`Replay`; exact for unchanged durations."""
    points = (
        gap_causes.launch_points(capture).filter(timeline.within()).sort("start_ns", "launch_id")
    )
    queued = timeline.gaps.filter(pl.col("cause") == "queue")["duration_ns"]
    typical = int(queued.median() or 0)  # type: ignore[arg-type]  # a median of integers is a number
    waits = find_waits(capture, points, timeline.start_ns)
    return Replay(
        launch_id=points["launch_id"].to_numpy(),
        start=points["start_ns"].to_numpy() - timeline.start_ns,
        duration=points["duration_ns"].to_numpy(),
        period=periods(points),
        constraints=constrain(points, timeline.start_ns, typical, waits),
        waits=waits,
    )
