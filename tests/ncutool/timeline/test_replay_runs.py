"""Runs of launches worked out at once give what going launch by launch gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import Trace, traces, window

from ncutool.timeline.replay import Changes, Replay, prepare
from ncutool.timeline.replay_constraints import NEVER


class ByHand:
    """The replay's rules, one launch after the other."""

    def __init__(self, replay: Replay, changes: Changes) -> None:
        self.replay, self.changes = replay, changes
        self.ends = [0]
        self.shift = self.own = self.done = 0

    def lead(self, moment: int) -> int:
        """Host time saved by launches called until then."""
        launched = self.replay.constraints.launched
        counted = (launched > NEVER) & (launched <= moment)
        return int(self.changes.host_saved[counted].sum())

    def wait(self, row: int) -> None:
        """The host returns from its next wait."""
        waits, index = self.replay.waits, self.done
        self.done += 1
        start, end = int(waits.start[index]), int(waits.end[index])
        ahead = self.lead(end)
        begin = start - self.lead(start)
        if self.changes.unwaited is not None and self.changes.unwaited[index]:
            gone = end - ahead - begin
            self.shift, self.own = self.shift + gone, self.own + gone
        elif waits.anchor[index] <= row:
            device = self.ends[waits.anchor[index]]
            moved = end - int(waits.residual[index]) - ahead - max(begin - self.shift, device)
            least = self.shift - self.own - ahead
            self.shift = moved if self.changes.calls_fixed else max(moved, least)

    def start(self, row: int) -> int:
        """When a launch starts: the latest of what holds it back."""
        limits, changes = self.replay.constraints, self.changes
        before, gap = int(limits.before[row]), int(limits.before_gap[row])
        if before and gap < 0:
            gap = max(gap, -int(changes.duration[before - 1]))
        found = self.ends[before] + (0 if changes.removed[row] else gap)
        if limits.other[row] and not changes.removed[row]:
            found = max(found, self.ends[limits.other[row]] + int(limits.other_gap[row]))
        called = limits.launched[row] > NEVER if changes.calls_fixed else limits.late[row]
        if called:
            over = np.searchsorted(self.replay.waits.end, limits.returned[row], side="right")
            while self.done < over:
                self.wait(row)
        if called and not changes.removed[row] and not (changes.replayed[row] and before):
            launched = int(limits.launched[row])
            call = launched + int(limits.latency[row]) - self.lead(launched) - self.shift
            found = max(found, call)
        return found

    def run(self) -> list[int]:
        """New ends."""
        for row in range(self.replay.start.size):
            self.ends.append(self.start(row) + int(self.changes.duration[row]))
        return self.ends[1:]


def drawn(replay: Replay, data: st.DataObject) -> Changes:
    """Any changes of a replay."""
    count, waits = replay.duration.size, replay.waits.end.size

    def some(size: int) -> st.SearchStrategy[list[bool]]:
        return st.lists(st.booleans(), min_size=size, max_size=size)

    shares = st.lists(st.integers(0, 9), min_size=count, max_size=count)
    return Changes(
        duration=replay.duration * np.array(data.draw(shares), np.int64) // 9,
        host_saved=np.maximum(replay.period, 0) * np.array(data.draw(shares), np.int64) // 9,
        removed=np.array(data.draw(some(count)), np.bool_),
        replayed=np.array(data.draw(some(count)), np.bool_),
        unwaited=np.array(data.draw(some(waits)), np.bool_) if data.draw(st.booleans()) else None,
        calls_fixed=data.draw(st.booleans()),
    )


@settings(max_examples=150, deadline=None)
@given(traces(), st.data())
def test_runs_give_what_single_launches_give(trace: Trace, data: st.DataObject) -> None:
    """Whatever changes, every launch ends when its own constraints let it."""
    capture = trace.capture()
    replay = prepare(capture, window(capture))
    changes = drawn(replay, data)
    starts, ends = replay.run(changes)
    assert ends.tolist() == ByHand(replay, changes).run()
    assert (ends - starts == changes.duration).all()
