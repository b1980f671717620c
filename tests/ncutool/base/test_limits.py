"""The roofline's two formulas: the same on numbers, on columns and on traced numbers."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest

from ncutool.base.limits import attainable, least_seconds, overlapped
from ncutool.explain.traced import expression_of, leaf, symbolic

PEAK, BANDWIDTH = 100e12, 1e12
"""A ridge point of 100 FLOP/byte."""


@pytest.mark.parametrize(
    ("intensity", "rate"), [(50.0, 50e12), (100.0, 100e12), (400.0, 100e12), (0.0, 0.0)]
)
def test_attainable_is_the_lower_roof(intensity: float, rate: float) -> None:
    """Left of the ridge the bandwidth limits, right of it the peak."""
    assert attainable(PEAK, intensity, BANDWIDTH) == rate
    column = attainable(pl.lit(PEAK), pl.lit(intensity), pl.lit(BANDWIDTH))
    assert pl.select(column).item() == rate
    traced = attainable(leaf(PEAK, "peak"), leaf(intensity, "intensity"), leaf(BANDWIDTH, "rate"))
    assert traced == rate
    assert symbolic(expression_of(traced)) == "min(peak, intensity × rate)"


@pytest.mark.parametrize(
    ("flop", "moved", "seconds"), [(3e12, 1e9, 0.03), (1e9, 3e12, 3.0), (0.0, 2e12, 2.0)]
)
def test_least_seconds_is_the_slower_of_arithmetic_and_memory(
    flop: float, moved: float, seconds: float
) -> None:
    """3 TFLOP at 100 TFLOP/s take 30 ms, 3 TB at 1 TB/s take 3 s, at the same time."""
    assert least_seconds(flop, PEAK, moved, BANDWIDTH) == pytest.approx(seconds)
    column = least_seconds(pl.lit(flop), pl.lit(PEAK), pl.lit(moved), pl.lit(BANDWIDTH))
    assert pl.select(column).item() == least_seconds(flop, PEAK, moved, BANDWIDTH)


def test_a_part_that_is_null_is_left_out_of_a_column() -> None:
    """A launch without FLOPs is held by its bytes alone; one without either has no floor."""
    frame = pl.DataFrame({"a": [1.0, None, None], "b": [2.0, 3.0, None]})
    held = frame.select(overlapped(pl.col("a"), pl.col("b"))).to_series()
    assert held.to_list() == [2.0, 3.0, None]


def test_the_planner_starts_without_polars() -> None:
    """Importing a table library would make every planning command slower."""
    code = "import sys, ncutool.planning.planner.placing; assert 'polars' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
