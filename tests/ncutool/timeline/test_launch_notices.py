"""What is said of a trace's launches is said of its window too, in the same words."""

from __future__ import annotations

import pytest
from trace_factory import Trace, window

from ncutool.timeline.launch_notices import of_launches
from ncutool_parsers.capture import Capture


def lost_kernel() -> Capture:
    """A launch call between two others left no kernel."""
    trace = Trace()
    trace.kernel(2_000, 500, called=(0, 1_000))
    trace.call("cudaLaunchKernel", 1_500, 2_500)
    trace.kernel(6_000, 500, called=(3_000, 4_000))
    return trace.capture()


def waits_beyond() -> Capture:
    """The host waits for longer than the last kernel runs."""
    trace = Trace()
    trace.kernel(2_000, 500, called=(0, 1_000))
    trace.call("cudaDeviceSynchronize", 2_100, 9_000_000)
    return trace.capture()


def begins_before() -> Capture:
    """Two kernels were launched before the recording began."""
    trace = Trace()
    trace.kernel(0, 500)
    trace.kernel(1_000, 500)
    trace.kernel(6_000, 500, called=(3_000, 4_000))
    return trace.capture()


def impossible_duration() -> Capture:
    """A kernel runs past the next of its stream."""
    trace = Trace()
    trace.kernel(2_000, 90_000, called=(0, 1_000), doubt="overruns_next")
    trace.kernel(60_000, 500, called=(52_000, 53_000))
    return trace.capture()


@pytest.mark.parametrize(
    ("capture", "code"),
    [
        (lost_kernel(), "kernels_lost"),
        (waits_beyond(), "works_beyond"),
        (begins_before(), "unlinked_prefix"),
        (impossible_duration(), "impossible_duration"),
    ],
    ids=["lost_kernel", "waits_beyond", "begins_before", "impossible_duration"],
)
def test_it_is_said_in_the_words_of_the_window(capture: Capture, code: str) -> None:
    """Without any cause of idle time."""
    told = {notice.code: notice for notice in of_launches(capture)}
    of_window = {notice.code: notice for notice in window(capture).notices}
    assert told[code] == of_window[code]
    assert not set(told) - set(of_window)


def test_nothing_is_said_of_launches_without_times() -> None:
    """Nor of none."""
    assert of_launches(Trace().capture()) == ()
