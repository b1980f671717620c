"""What is true of any what-if, on traces made at random, and one worked by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from analysis_factory import with_parts
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import BF16, Step, run

from ncutool import whatif
from ncutool.analysis.analyse import Analysis, analyse
from ncutool.analysis.request import Request

SIZES = st.sampled_from([1, 4, 32, 512, 4096])
DEVICES = ("a100-80gb-sxm", "h200", "b200", "l4")
PEAK_H100 = 3.35e12


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Products and additions of drawn sizes, as fast as the device allows or slower."""
    found: list[Step] = []
    for _ in range(draw(st.integers(1, 8))):
        m, k, n = draw(SIZES), draw(SIZES), draw(SIZES)
        slower = draw(st.floats(1.05, 20))
        if draw(st.booleans()):
            floor = max(2 * (m * k + k * n + m * n) / PEAK_H100, 2 * m * n * k / 989e12)
            found.append(("aten::mm", [[m, k], [k, n]], [BF16] * 2, _ns(floor * slower)))
        else:
            floor = 6 * m * n / PEAK_H100
            found.append(("aten::add", [[m, n], [m, n]], [BF16] * 2, _ns(floor * slower)))
    return found


def _ns(seconds: float) -> int:
    return max(round(1e9 * seconds), 900)


def analysed(made: list[Step]) -> Analysis:
    """The steps as a trace of an H100."""
    return analyse(run(made).capture(), Request(assume_device="h100-sxm"))


@settings(max_examples=25, deadline=None)
@given(made=steps())
def test_the_own_device_is_an_identity(made: list[Step]) -> None:
    """Every launch and the window, exactly."""
    analysis = analysed(made)
    answer = whatif.ask(analysis, on="h100-sxm")
    assert answer.launches["low_ns"].to_list() == answer.launches["now_ns"].to_list()
    assert answer.launches["high_ns"].to_list() == answer.launches["now_ns"].to_list()
    assert answer.end_to_end == whatif.Bounds(*[analysis.window_ns] * 3)


@settings(max_examples=25, deadline=None)
@given(made=steps(), device=st.sampled_from(DEVICES), seed=st.integers(0, 99))
def test_another_device_bounds_every_launch(made: list[Step], device: str, seed: int) -> None:
    """Low to high for launches and window, none below its floor there, in any order of rows."""
    analysis = analysed(made)
    answer = whatif.ask(analysis, on=device)
    found = answer.launches.sort("launch_id")
    assert (found["low_ns"] <= found["high_ns"]).all()
    assert answer.end_to_end is not None
    assert answer.end_to_end.low_ns <= answer.end_to_end.high_ns
    shuffled = with_parts(
        analysis, kernels=analysis.kernels.sample(fraction=1, shuffle=True, seed=seed)
    )
    other = whatif.ask(shuffled, on=device)
    assert other.end_to_end == answer.end_to_end
    assert other.launches.sort("launch_id").equals(found)


@settings(max_examples=25, deadline=None)
@given(made=steps(), weights=st.sampled_from(whatif.WEIGHT_TYPES))
def test_narrow_weights_gain_at_most_the_bytes_they_save(made: list[Step], weights: str) -> None:
    """No product below a quarter of its time (mxfp4 is 0.266, int4 0.26 of bf16) nor above 1.15."""
    made = [*made, ("aten::mm", [[1, 512], [512, 512]], [BF16] * 2, 5_000)]
    found = whatif.ask(analysed(made), weights=weights).launches
    ratio = (found["low_ns"] / found["now_ns"]).to_list()
    assert min(ratio) >= 0.25
    assert max(ratio) <= 1
    assert (found["high_ns"] / found["now_ns"]).max() <= 1.15 + 1e-9  # type: ignore[operator]  # of floats
    kept = found.filter(pl.col("by") == "kept")
    assert kept["low_ns"].to_list() == kept["high_ns"].to_list() == kept["now_ns"].to_list()


def test_a_memory_bound_product_worked_by_hand() -> None:
    """[1,4096] × [4096,4096] in bf16: 33,570,816 B, 33,554,432 of them weights, 10.02 µs at
    3.35 TB/s; measured 12 µs. fp8: the low end × 16,793,600 / 33,570,816, the high end less the
    5.008 µs that the roofline explains, 15 % on top."""
    made: list[Step] = [("aten::mm", [[1, 4096], [4096, 4096]], [BF16] * 2, 12_000)]
    [row] = whatif.ask(analysed(made), weights="fp8").launches.to_dicts()
    moved, then = 33_570_816, 16_793_600
    assert row["low_ns"] == pytest.approx(12_000 * then / moved)
    spared = (moved - then) / PEAK_H100 * 1e9
    assert spared == pytest.approx(5_008, abs=1)
    assert row["high_ns"] == pytest.approx(1.15 * (12_000 - spared), rel=1e-3)


def test_a_memory_bound_product_on_another_device_by_hand() -> None:
    """The same to an H200: 12 µs × 3.35 / 4.8; then with fp8 weights too."""
    made: list[Step] = [("aten::mm", [[1, 4096], [4096, 4096]], [BF16] * 2, 12_000)]
    analysis = analysed(made)
    [row] = whatif.ask(analysis, on="h200").launches.to_dicts()
    assert row["low_ns"] == pytest.approx(12_000 * 3.35 / 4.8, rel=1e-3)
    assert row["high_ns"] == pytest.approx(row["low_ns"], rel=1e-6)
    both: dict[str, Any] = {"on": "h200", "weights": "fp8"}
    [row] = whatif.ask(analysis, **both).launches.to_dicts()
    assert row["low_ns"] == pytest.approx(12_000 * 16_793_600 / 33_570_816 * 3.35 / 4.8, rel=1e-3)
