"""Launches in order of start: sorted where they are not, and not copied where they are."""

from __future__ import annotations

import polars as pl

from ncutool.timeline.in_order import by_start

TIMED = pl.col("start_ns").is_not_null()


def test_launches_in_order_are_handed_on_as_they_are() -> None:
    """A copy of all columns of a large trace would be its memory twice."""
    launches = pl.DataFrame({"launch_id": [0, 1, 2], "start_ns": [5, 5, 9]})
    assert by_start(launches, TIMED) is launches


def test_the_launch_id_decides_between_equal_starts() -> None:
    launches = pl.DataFrame({"launch_id": [3, 2, 1], "start_ns": [7, 4, 7]})
    assert by_start(launches, TIMED)["launch_id"].to_list() == [2, 1, 3]


def test_only_the_chosen_are_left() -> None:
    launches = pl.DataFrame({"launch_id": [0, 1, 2, 3], "start_ns": [8, None, 2, 6]})
    assert by_start(launches, TIMED)["launch_id"].to_list() == [2, 3, 0]


def test_none_are_none() -> None:
    launches = pl.DataFrame(schema={"launch_id": pl.Int64, "start_ns": pl.Int64})
    assert by_start(launches, TIMED).is_empty()
