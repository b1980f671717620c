"""Recorded times that cannot be right are used for nothing."""

from __future__ import annotations

from trace_factory import Trace, window

from ncutool.analysis.analyse import analyse
from ncutool.timeline.settled import settle

US = 1_000


def device_ahead(early: int) -> Trace:
    """Forty kernels back to back, on a clock that is ``early`` ahead of the host's."""
    trace = Trace()
    for index in range(40):
        called = index * 13 * US
        start = 22 * US + index * 22_250 - early
        doubt = "before_call" if start < called - 10 * US else None
        trace.kernel(start, 20_250, called=(called, called + 3 * US), doubt=doubt)
    return trace


def test_a_clock_that_is_off_says_nothing_of_the_host() -> None:
    """Gaps of 2 µs of a full queue stay that, though calls seem to come after their kernels."""
    timeline = window(device_ahead(300 * US).capture())
    assert timeline.idle_by_cause() == {"queue": 39 * 2 * US}
    assert (timeline.busy_ns, timeline.wall_ns) == (40 * 20_250, 888 * US)
    assert [notice.code for notice in timeline.notices] == ["clocks_apart"]


def test_a_clock_is_off_though_most_launches_come_after_their_calls() -> None:
    """Few seem too early, and yet they ran where they say: one right behind the other."""
    trace = device_ahead(60 * US)
    marked = sum(row.get("doubt") is not None for row in trace.launches)
    assert 0 < marked < 10
    assert not settle(trace.capture()).aligned


def test_a_clock_is_off_where_the_only_early_launch_continues_its_stream() -> None:
    """The last of twelve starts 16 µs before its call, 61 ns after the launch before it ends."""
    trace = Trace()
    for index in range(12):
        called, start = index * 7 * US, 50 * US + index * 1_064
        trace.kernel(start, 1_003, called=(called, called + 2 * US),
                     doubt="before_call" if index == 11 else None)  # fmt: skip
    timeline = window(trace.capture())
    assert (timeline.busy_ns, timeline.idle_by_cause()) == (12 * 1_003, {"queue": 11 * 61})


def stray_records() -> Trace:
    """Thirty kernels, of which the first three are recorded 9 ms before their calls."""
    trace = Trace()
    for index in range(30):
        called = index * 31 * US
        early = index < 3
        start = -9_000 * US + index * 22 * US if early else called + 4 * US
        trace.kernel(start, 20_250, called=(called, called + 3 * US),
                     doubt="before_call" if early else None)  # fmt: skip
    return trace


def test_single_records_before_their_call_leave_the_window() -> None:
    """Its edges are those of the launches whose times can be right."""
    timeline = window(stray_records().capture())
    assert (timeline.start_ns, timeline.wall_ns) == (97 * US, 26 * 31 * US + 20_250)
    assert timeline.busy_ns == 27 * 20_250
    assert [notice.code for notice in timeline.notices] == ["impossible_start"]


def overrun() -> Trace:
    """Forty kernels in a row, one of them recorded to last 2 s."""
    trace = Trace()
    for index in range(40):
        wrong = index == 10
        trace.kernel(index * 22_250, 2_000_000_000 if wrong else 20_250,
                     called=(-900 * US + index * US, -899 * US + index * US),
                     doubt="overruns_next" if wrong else None)  # fmt: skip
    return trace


def test_a_duration_past_the_next_launch_is_in_no_sum() -> None:
    """39 kernels of 20.25 µs are what is known of GPU time."""
    analysis = analyse(overrun().capture())
    assert analysis.coverage.duration_ns == 39 * 20_250
    timeline = analysis.timeline
    assert timeline is not None
    assert (timeline.wall_ns, timeline.busy_ns) == (39 * 22_250 + 20_250, 39 * 20_250)
    assert timeline.idle_by_cause()["unexplained"] == 24_250
    assert [notice.code for notice in timeline.notices] == ["impossible_duration"]


def test_launches_recorded_twice_count_once() -> None:
    """Equal launches cannot overlap on one stream."""
    trace = Trace()
    for index in range(4):
        for doubt in (None, "doubled"):
            trace.kernel(index * 100, 90, doubt=doubt)
    analysis = analyse(trace.capture())
    assert analysis.coverage.duration_ns == 4 * 90


def test_settling_twice_changes_nothing() -> None:
    """What was taken out stays out, and is said again."""
    for trace in (device_ahead(300 * US), stray_records(), overrun()):
        once = settle(trace.capture())
        again = settle(once.capture)
        assert again.capture.launches.equals(once.capture.launches)
        assert (again.aligned, again.notices) == (once.aligned, once.notices)
