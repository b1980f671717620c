"""Where the time goes: every nanosecond under one heading."""

from __future__ import annotations

from typing import Any

import analysis_factory as factory
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ncutool.analysis.where_time_goes import PRIORITY, Shares, covered_until, where_the_time_goes
from ncutool.base.intervals import union
from ncutool.base.tables import BOUNDS


def _at(start: int, duration: int, bound: str) -> dict[str, Any]:
    return factory.torch_rows(1)[0] | {
        "start_ns": start,
        "duration_ns": duration,
        "bound": bound,
    }


def _amounts(shares: Shares) -> dict[str, int]:
    return {part.kind: part.ns for part in shares.parts}


def test_overlap_counts_once_under_the_computing_launch() -> None:
    """Communication beside compute shows only what nothing hides."""
    rows = [_at(0, 100, "compute"), _at(50, 100, "communication"), _at(200, 50, "copy")]
    shares = where_the_time_goes(factory.analysis(rows))
    assert _amounts(shares) == {"compute": 100, "communication": 50, "copy": 50, "idle": 50}
    assert shares.base_ns == 250
    assert shares.overlap_ns == 50


def test_launches_outside_the_window_do_not_count() -> None:
    """What was trimmed off the recording is no part of any share."""
    rows = [_at(0, 100, "memory"), _at(1_000, 100, "memory")]
    timeline = factory.timeline_of(rows[1:])
    shares = where_the_time_goes(factory.analysis(rows, timeline=timeline))
    assert _amounts(shares) == {"memory": 100}


def test_reports_divide_the_sum_of_durations() -> None:
    """ncu runs launches one by one: there is no wall time and nothing idle."""
    shares = where_the_time_goes(factory.report())
    assert not shares.of_wall
    assert "idle" not in _amounts(shares)
    assert sum(_amounts(shares).values()) == factory.report().coverage.duration_ns


def test_no_time_gives_no_shares() -> None:
    """Without durations there is nothing to divide."""
    assert where_the_time_goes(factory.everything_null()).parts == ()


def test_every_bound_has_its_place() -> None:
    """A bound that is missing from the order would vanish from the bar."""
    assert set(PRIORITY) == set(BOUNDS)


@given(
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 100), st.sampled_from(BOUNDS)), min_size=1
    )
)
def test_shares_sum_to_the_window(launches: list[tuple[int, int, str]]) -> None:
    """However launches overlap, the shares and idle time make up the wall time."""
    rows = [_at(*launch) for launch in launches]
    shares = where_the_time_goes(factory.analysis(rows))
    assert sum(part.ns for part in shares.parts) == shares.base_ns
    assert all(part.ns > 0 for part in shares.parts)


def test_covered_until_counts_within_intervals() -> None:
    """The length of a union before moments inside, between and after its intervals."""
    covering = union(np.array([10, 30]), np.array([20, 40]))
    moments = np.array([0, 15, 25, 35, 99])
    assert covered_until(covering, moments).tolist() == [0, 5, 10, 15, 20]
    nothing = union(np.array([], dtype=np.int64), np.array([], dtype=np.int64))
    assert covered_until(nothing, moments).tolist() == [0] * 5
