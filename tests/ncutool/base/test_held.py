"""What figures promise is held where they are made."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import analysis_factory as factory
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base import held
from ncutool.roofline.coverage import MissingWork


@given(st.lists(st.floats(0, 1e18), max_size=4))
def test_times_in_order_are_held(times: list[float]) -> None:
    """From 0 on, each at most the next."""
    held.in_order("times", *sorted(times))
    if sorted(times) != times:
        with pytest.raises(ValueError, match=r"times: .* are not in order from 0 on"):
            held.in_order("times", *times)


@pytest.mark.parametrize("time", [-1, -0.5, math.nan, math.inf])
def test_no_time_is_negative_or_no_number(time: float) -> None:
    """Whatever stands beside it."""
    with pytest.raises(ValueError, match="not in order"):
        held.in_order("a time", time)


@pytest.mark.parametrize("pct", [-0.1, 100.1, 388.3, math.nan, math.inf])
def test_no_share_is_above_its_whole(pct: float) -> None:
    """An unknown one is None."""
    held.shares("shares", None, 0, 100, 100 + 1e-9)
    with pytest.raises(ValueError, match="is no share of a whole"):
        held.shares("shares", pct)


@pytest.mark.parametrize(
    "changes",
    [
        {"saving_low_ns": -604_000_000},
        {"saving_low_ns": 2_000_000, "saving_high_ns": 1_000_000},
        {"saving_high_pct": 388.3},
        {"saving_high_pct": math.nan},
        {"alone_low_ns": -1},
        {"duration_ns": -1},
    ],
)
def test_no_finding_saves_less_than_nothing_or_more_than_all(changes: dict[str, Any]) -> None:
    """It cannot be made, so that no output can show it."""
    finding = factory.finding(1)
    with pytest.raises(ValueError, match=r"finding|saving|time|order|share"):
        replace(finding, **changes)


def test_no_part_of_a_capture_is_more_than_all_of_it() -> None:
    """Neither time of one reason, nor busy time of a window."""
    with pytest.raises(ValueError, match=r"388\.3 % is no share"):
        MissingWork("no model", 10, 388.3, 1)
    with pytest.raises(ValueError, match="busy time of the window"):
        factory.timeline_of(factory.torch_rows(), busy_ns=1 << 62)
