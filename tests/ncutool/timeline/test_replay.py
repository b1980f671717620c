"""The timeline run again: exact without a change, and what a saving is worth with one."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from trace_factory import Trace, traces, window

from ncutool.base.records import replace
from ncutool.timeline.replay import Changes, Replay, prepare
from ncutool.timeline.replay_constraints import NEVER, Waits
from ncutool_parsers.capture import Capture


def replay_of(capture: Capture) -> Replay:
    """A capture's window, ready to run."""
    return prepare(capture, window(capture))


def starts_with(replay: Replay, **changes: object) -> list[int]:
    """New starts in µs under changed fields of ``Changes``."""
    fields = {name: np.array(value) for name, value in changes.items()}
    changed = Changes(**(structs.asdict(replay.unchanged()) | fields))
    return [int(start) // 1000 for start in replay.run(changed)[0]]


def chain(*launched: int, starts: tuple[int, ...], length: int = 100) -> Trace:
    """Launches of ``length`` µs, called at ``launched`` µs, started at ``starts`` µs."""
    trace = Trace()
    for called, start in zip(launched, starts, strict=True):
        trace.kernel(start * 1000, length * 1000, called=((called - 1) * 1000, called * 1000))
    return trace


def test_a_queued_launch_follows_the_one_before() -> None:
    """Halving a launch moves those behind it by as much."""
    replay = replay_of(chain(-30, -20, -10, starts=(0, 101, 202)).capture())
    assert starts_with(replay, duration=[50_000, 50_000, 50_000]) == [0, 51, 102]


def test_a_late_launch_stays_where_its_call_is() -> None:
    """Kernel time saved before it becomes idle time."""
    replay = replay_of(chain(-10, 150, starts=(0, 160)).capture())
    assert starts_with(replay, duration=[10_000, 100_000]) == [0, 160]
    assert replay.wall_ns(replay.unchanged()) == 260_000


def test_a_host_that_was_ahead_keeps_ahead_unless_its_calls_are_fixed() -> None:
    """With fixed calls, room in the queue is no licence to run ahead of the host."""
    replay = replay_of(chain(-10, 60, starts=(0, 101)).capture())
    assert starts_with(replay, duration=[10_000, 100_000]) == [0, 11]
    fixed = replace(
        replay.unchanged(), duration=np.array([10_000, 100_000], np.int64), calls_fixed=True
    )
    assert (replay.run(fixed)[0] // 1000).tolist() == [0, 61]


def test_the_host_runs_ahead_after_a_synchronise_that_returns_earlier() -> None:
    """What waited for the device is called as much earlier as the device was."""
    trace = chain(-10, 150, starts=(0, 160))
    trace.call("cudaStreamSynchronize", 10_000, 110_000)
    replay = replay_of(trace.capture())
    assert starts_with(replay, duration=[40_000, 100_000]) == [0, 100]


def test_the_host_does_not_run_ahead_of_its_own_work() -> None:
    """A synchronise cannot return before it was called."""
    trace = chain(-10, 150, starts=(0, 160))
    trace.call("cudaStreamSynchronize", 70_000, 110_000)
    replay = replay_of(trace.capture())
    assert starts_with(replay, duration=[1_000, 100_000]) == [0, 130]


def test_a_removed_launch_takes_its_gap_and_its_host_time_along() -> None:
    """The launches behind it are called earlier by the host time it took."""
    replay = replay_of(chain(-10, 150, 310, starts=(0, 160, 320)).capture())
    changes = {"removed": [False, True, False], "host_saved": [0, 150_000, 0]}
    assert starts_with(replay, duration=[100_000, 0, 100_000], **changes) == [0, 100, 170]


def test_a_replayed_launch_needs_no_call() -> None:
    """It follows the launch before it as in a full queue."""
    replay = replay_of(chain(-10, 150, 310, starts=(0, 160, 320)).capture())
    assert starts_with(replay, replayed=[False, True, True]) == [0, 100, 200]


def test_a_launch_that_waited_for_another_stream_still_does() -> None:
    """Without an order of its own stream it keeps its distance to what ended last."""
    trace = Trace()
    trace.kernel(0, 100_000, stream=1, called=(-30_000, -20_000))
    trace.kernel(102_000, 10_000, stream=2, called=(-20_000, -10_000))
    replay = replay_of(trace.capture())
    assert starts_with(replay, duration=[40_000, 10_000]) == [0, 42]


def test_a_module_that_loads_once_the_device_is_idle_loads_earlier() -> None:
    """A long launch call that returns 70 µs after the device went idle waited for it."""
    trace = chain(-10, starts=(0,), length=3000)
    trace.kernel(3_070_000, 50_000, called=(100_000, 3_069_000))
    assert starts_with(replay_of(trace.capture()), duration=[1_000_000, 50_000]) == [0, 1070]


def test_a_long_launch_call_of_the_host_alone_stays_as_long() -> None:
    """Where the device had been idle for most of the call, the host was at work."""
    trace = chain(-10, starts=(0,), length=200)
    trace.kernel(3_070_000, 50_000, called=(100_000, 3_069_000))
    assert starts_with(replay_of(trace.capture()), duration=[100_000, 50_000]) == [0, 3070]


def test_a_copy_to_the_host_waits_for_the_device_and_one_from_it_for_the_host() -> None:
    """A call to copy from the host is staged first; a copy to it waits for another stream."""
    found = {}
    for kind in ("DtoH", "HtoD"):
        trace = chain(-10, starts=(0,), length=1000)
        trace.kernel(1_002_000, 2_000, stream=8, category="memcpy", copy_kind=kind,
                     called=(100_000, 1_010_000), call="cudaMemcpyAsync")  # fmt: skip
        replay = replay_of(trace.capture())
        found[kind] = starts_with(replay, duration=[500_000, 2_000])[1]
    assert found == {"DtoH": 502, "HtoD": 1002}


def test_a_synchronise_that_is_gone_lets_the_host_go_on() -> None:
    """Launches behind it are called earlier by the whole of the call."""
    trace = chain(-10, 150, starts=(0, 160))
    trace.call("cudaStreamSynchronize", 10_000, 110_000)
    replay = replay_of(trace.capture())
    assert starts_with(replay, unwaited=[True]) == [0, 100]
    assert starts_with(replay, unwaited=[True], duration=[10_000, 100_000]) == [0, 60]


def test_a_host_that_runs_ahead_meets_the_next_synchronise() -> None:
    """It did not wait in the recording, but does when the host comes to it earlier."""
    trace = chain(-10, 150, starts=(0, 160))
    trace.call("cudaStreamSynchronize", 120_000, 125_000)
    trace.call("cudaStreamSynchronize", 10_000, 101_000)
    replay = replay_of(trace.capture())
    assert starts_with(replay, unwaited=[True, False]) == [0, 140]


def test_an_overlap_on_one_stream_never_turns_the_order_round() -> None:
    """A launch that starts before the one ahead of it has ended still starts after it began."""
    trace = Trace()
    trace.kernel(0, 100_000, called=(-30_000, -20_000))
    trace.kernel(90_000, 100_000, called=(-20_000, -10_000))
    assert starts_with(replay_of(trace.capture()), duration=[4_000, 100_000]) == [0, 0]


HOSTS = st.booleans()
"""Whether launch calls are fixed."""


def halves(replay: Replay, fixed: bool, parts: int = 2) -> Changes:
    """Every duration divided."""
    return replace(replay.unchanged(), duration=replay.duration // parts, calls_fixed=fixed)


@settings(max_examples=60, deadline=None)
@given(traces(), HOSTS)
def test_unchanged_durations_change_nothing(trace: Trace, fixed: bool) -> None:
    """Every recorded start comes back exactly."""
    replay = replay_of(trace.capture())
    starts, ends = replay.run(halves(replay, fixed, 1))
    assert starts.tolist() == replay.start.tolist()
    assert ends.tolist() == (replay.start + replay.duration).tolist()


@settings(max_examples=60, deadline=None)
@given(traces(), HOSTS)
def test_shorter_launches_never_end_later(trace: Trace, fixed: bool) -> None:
    """A saving in kernel time costs no launch anything, nor the window."""
    replay = replay_of(trace.capture())
    runs = [replay.run(halves(replay, fixed, parts)) for parts in (1, 2, 5, 1_000_000)]
    for before, after in pairwise(runs):
        assert (after[0] <= before[0]).all()
        assert (after[1] <= before[1]).all()
    walls = [replay.wall_ns(halves(replay, fixed, parts)) for parts in (1, 2, 5, 1_000_000)]
    assert walls == sorted(walls, reverse=True)


@settings(max_examples=60, deadline=None)
@given(traces(), HOSTS, st.data())
def test_a_stream_keeps_its_order(trace: Trace, fixed: bool, data: st.DataObject) -> None:
    """No launch starts before the one ahead of it, nor before its end unless recorded so; the
    window is thus never shorter than what remains on one stream."""
    replay = replay_of(trace.capture())
    count = replay.duration.size
    shares = np.array(data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)))
    removed = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    removed &= replay.constraints.before > 0
    duration = np.where(removed, 0, replay.duration * shares // 9)
    changes = replace(
        replay.unchanged(), duration=duration, calls_fixed=fixed, removed=removed,
        host_saved=np.where(removed, replay.period // 2, 0),
    )  # fmt: skip
    starts, ends = replay.run(changes)
    limits = replay.constraints
    rows = np.flatnonzero(limits.before > 0)
    ahead = limits.before[rows] - 1
    assert (starts[rows] >= starts[ahead]).all()
    apart = (limits.before_gap[rows] >= 0) | removed[rows]
    assert (starts[rows] >= ends[ahead])[apart].all()


@settings(max_examples=60, deadline=None)
@given(traces(), HOSTS)
def test_no_launch_starts_before_its_call(trace: Trace, fixed: bool) -> None:
    """Where nothing lets the host return earlier, calls are where they were."""
    replay = replay_of(trace.capture())
    nothing = np.zeros(0, dtype=np.int64)
    replay = replace(replay, waits=Waits(nothing, nothing, nothing, nothing, nothing))
    starts, _ = replay.run(halves(replay, fixed, 3))
    limits = replay.constraints
    held = limits.launched > NEVER if fixed else limits.late
    assert (starts >= limits.launched)[held].all()


@settings(max_examples=40, deadline=None)
@given(traces(), st.randoms(use_true_random=False))
def test_the_order_of_input_does_not_matter(trace: Trace, random: Random) -> None:
    """Shuffled tables replay to the same starts."""
    first = replay_of(trace.capture())
    random.shuffle(trace.launches)
    random.shuffle(trace.calls)
    second = replay_of(trace.capture())
    assert first.launch_id.tolist() == second.launch_id.tolist()
    for replay in (first, second):
        assert replay.start.tolist() == first.start.tolist()
    assert (
        first.run(halves(first, False))[0].tolist() == second.run(halves(second, False))[0].tolist()
    )
