"""The limits by which a window is cut and a replay tells waits from work."""

from __future__ import annotations

import numpy as np
import pytest
from trace_factory import Trace, window

from ncutool.base.records import replace
from ncutool.timeline.replay import Replay, prepare

US = 1_000
MS = 1_000_000


@pytest.mark.parametrize(("hole_us", "cut"), [(19_900, False), (20_100, True)])
def test_a_hole_ends_the_window_from_a_fifth_of_it_on(hole_us: int, cut: bool) -> None:
    """100 ms from the first launch to the last end; 10 ms are exceeded in both cases."""
    trace = Trace()
    trace.kernel(0, 4 * US, called=(-9 * US, -5 * US))
    start = 9 * US + hole_us * US
    trace.kernel(start, 100 * MS - start, called=(5 * US, 9 * US))
    assert bool(window(trace.capture()).trimmed) is cut


@pytest.mark.parametrize(("share_us", "trusted"), [(9_900, True), (10_100, False)])
def test_a_window_is_trusted_with_a_tenth_of_it_unexplained(share_us: int, trusted: bool) -> None:
    """Eleven gaps of a queue as long as each other, none long enough to cut the window."""
    trace = Trace()
    gap = share_us * US // 11
    clock = 0
    for _ in range(12):
        trace.kernel(clock, (100 * MS - 11 * gap) // 12, called=(-5 * US, -2 * US))
        clock += (100 * MS - 11 * gap) // 12 + gap
    assert window(trace.capture()).trustworthy is trusted


def started(replay: Replay, *, duration_us: list[int], host_saved_us: list[int]) -> list[int]:
    """New starts (µs) with new durations and host time saved before the calls."""
    changes = replace(
        replay.unchanged(),
        duration=np.array(duration_us, np.int64) * US,
        host_saved=np.array(host_saved_us, np.int64) * US,
    )
    return [int(start) // US for start in replay.run(changes)[0]]


@pytest.mark.parametrize(("returned_us", "last_start_us"), [(2_020, 1_610), (2_021, 2_610)])
def test_a_launch_call_waited_for_room_in_the_queue_if_it_returned_soon(
    returned_us: int, last_start_us: int
) -> None:
    """A call of 1.9 ms that returns within 20 µs of a kernel's end waited for it: with the kernel
    1 ms shorter the host is 1 ms earlier, and with it the launch that follows its call."""
    trace = Trace()
    trace.kernel(0, 2_000 * US, called=(-40 * US, -30 * US))
    trace.kernel(2_001 * US, 500 * US, called=(-20 * US, -10 * US))
    trace.kernel(2_502 * US, 50 * US, called=(100 * US, returned_us * US))
    trace.kernel(2_610 * US, 100 * US, called=(2_590 * US, 2_600 * US))
    capture = trace.capture()
    replay = prepare(capture, window(capture))
    starts = started(replay, duration_us=[1_000, 500, 50, 100], host_saved_us=[0] * 4)
    assert starts == [0, 1_001, 1_502, last_start_us]


def test_a_launch_that_nothing_held_follows_its_call_however_late() -> None:
    """The first launch of a stream starts 200 µs after its call, before anything has ended. With
    the call before it 100 µs shorter its own comes 100 µs earlier, and so does its start."""
    trace = Trace()
    trace.kernel(0, 2_000 * US, stream=1, called=(-30 * US, -20 * US))
    trace.kernel(500 * US, 100 * US, stream=2, called=(290 * US, 300 * US))
    trace.kernel(2_001 * US, 10 * US, stream=1, called=(50 * US, 200 * US))
    capture = trace.capture()
    replay = prepare(capture, window(capture))
    starts = started(replay, duration_us=[2_000, 100, 10], host_saved_us=[0, 0, 100])
    assert starts == [0, 400, 2_001]
