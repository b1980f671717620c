"""The idle pieces of a window, asked by cause and by launch."""

from __future__ import annotations

import polars as pl

from ncutool.advice.view.idle import pieces
from ncutool.timeline.window import Timeline

GAPS = pl.DataFrame(
    {
        "start_ns": [100, 200, 300, 900],
        "duration_ns": [10, 20, 30, 40],
        "cause": ["dispatch", "latency", "queue", "dispatch"],
        "next_launch_id": [7, 7, 2, 0],
        "previous_end_ns": [100, 100, 300, 900],
        "evidence": ["records:2", "call:1", "call:2", "between"],
        "device": [0, 0, 0, 0],
    }
)
TIMELINE = Timeline(start_ns=0, end_ns=1_000, busy_ns=900, gaps=GAPS)


def test_pieces_are_chosen_by_cause() -> None:
    """Only the pieces of the causes asked for remain, in order of time."""
    chosen = pieces(TIMELINE).of("dispatch", "latency")
    assert chosen.start.tolist() == [100, 200, 900]
    assert chosen.following.tolist() == [7, 7, 0]
    assert chosen.total == 70
    assert pieces(TIMELINE).of("allocator").total == 0


def test_causes_are_summed_as_the_timeline_does() -> None:
    """The sums by cause are those of the timeline, in its order."""
    found = pieces(TIMELINE).by_cause()
    assert found == TIMELINE.idle_by_cause()
    assert list(found) == ["dispatch", "latency", "queue"]


def test_pieces_before_one_launch_are_summed() -> None:
    """Launches come once each, ascending, with all the idle time before them."""
    launches, sums = pieces(TIMELINE).by_launch()
    assert launches.tolist() == [0, 2, 7]
    assert sums.tolist() == [40, 30, 30]
    none, nothing = pieces(TIMELINE).of("allocator").by_launch()
    assert none.size == nothing.size == 0
