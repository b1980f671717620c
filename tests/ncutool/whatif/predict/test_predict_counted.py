"""A report's launch with other counted work, by its own rates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ncutool.whatif.predict.counted import Counted, streaming_share, with_work

COMPUTE = Counted(
    kernel="stencil",
    duration_ns=1_000_000,
    flop=5e9,  # half of the peak's 1e10 in 1 ms
    bytes=2e8,  # a fifth of the peak's 1e9
    peak_flop_per_s=1e13,
    peak_bytes_per_s=1e12,
    bound="compute",
)
STREAM = replace(COMPUTE, kernel="stream", flop=1e8, bytes=7.5e8, bound="memory")


def test_half_the_operations_are_bounded_by_both_roofs() -> None:
    """At its own compute rate 0.5 ms at most; no faster than 90 % of the compute peak."""
    interval = with_work(COMPUTE, 2.5e9, 2e8, 0.75)
    assert interval is not None
    assert interval.high_ns == pytest.approx(500_000 * 1.05)
    assert interval.low_ns == pytest.approx(1e6 * 0.25 / 0.90 * 0.95)


def test_without_operations_memory_holds_it() -> None:
    """Once compute no longer holds it, the report's own streaming share is the slow end."""
    interval = with_work(COMPUTE, 1e8, 6e8, streaming_share([COMPUTE, STREAM]))
    assert interval is not None
    assert interval.high_ns == pytest.approx(1e6 * 0.6 / 0.75 * 1.05)
    assert interval.low_ns == pytest.approx(1e6 * 0.6 / 0.92 * 0.95)


def test_the_same_work_takes_the_same_time() -> None:
    """Counts within 2 % are the same work."""
    interval = with_work(STREAM, 1.01e8, 7.45e8, 0.75)
    assert interval is not None
    assert (interval.low_ns, interval.high_ns) == pytest.approx((950_000, 1_050_000))


def test_a_latency_bound_launch_grows_with_its_work_at_most() -> None:
    """Neither roof holds it, so its time lies between none and all of the growth."""
    interval = with_work(replace(STREAM, bound="latency", flop=0.0), 0.0, 1.5e9, 0.75)
    assert interval is not None
    assert (interval.low_ns, interval.high_ns) == pytest.approx((950_000, 2_100_000))


def test_unknown_work_gives_nothing() -> None:
    """Without its own counts, peaks or time, and without the new counts, nothing is said."""
    assert with_work(replace(STREAM, bytes=None), 1e8, 1e8, 0.75) is None
    assert with_work(replace(STREAM, peak_bytes_per_s=None), 1e8, 1e8, 0.75) is None
    assert with_work(replace(STREAM, duration_ns=0), 1e8, 1e8, 0.75) is None
    assert with_work(STREAM, None, 1e8, 0.75) is None
    assert with_work(STREAM, 1e8, None, 0.75) is None


def test_the_streaming_share_is_the_slowest_memory_bound_launch() -> None:
    """NVIDIA's threshold of 60 % where the report has no memory-bound launch."""
    assert streaming_share([COMPUTE]) == 0.60
    assert streaming_share([STREAM, replace(STREAM, bytes=9e8)]) == pytest.approx(0.75)
