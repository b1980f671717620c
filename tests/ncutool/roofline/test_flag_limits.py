"""Up to how much above a peak the chip's boost may be the cause."""

from __future__ import annotations

import pytest
from trace_factory import BF16, kernels, run

PEAK_NS = 138_967
"""4096³ in BF16 is 137.4 GFLOP: so long at the 989 TFLOP/s of the test H100."""


@pytest.mark.parametrize(
    ("pct", "words"),
    [
        (99.9, None),
        (100.2, "within 10 %, as clocks above the datasheet's give (boost)"),
        (109.9, "within 10 %, as clocks above the datasheet's give (boost)"),
        (110.2, "another data type than recorded"),
    ],
)
def test_boost_explains_ten_per_cent_and_no_more(pct: float, words: str | None) -> None:
    """A product at so many per cent of the peak, among five at half of it."""
    square = [(4096, 4096), (4096, 4096)]
    durations = [round(PEAK_NS * 100 / pct), *[2 * PEAK_NS] * 5]
    capture = run([("aten::mm", square, [BF16] * 2, each) for each in durations]).capture()
    flags = kernels(capture)["flag"].to_list()
    assert flags[1:] == [None] * 5
    if words is None:
        assert flags[0] is None
    else:
        assert words in flags[0]


def test_three_launches_over_boost_speak_against_the_device() -> None:
    """At 109.9 % none counts as over, at 110.2 % all three do."""
    square = [(4096, 4096), (4096, 4096)]
    for pct, expected in ((109.9, False), (110.2, True)):
        steps = [("aten::mm", square, [BF16] * 2, round(PEAK_NS * 100 / pct))] * 3
        flags = kernels(run(steps).capture())["flag"]
        assert flags.str.contains("3 of the 3 launches").to_list() == [expected] * 3


@pytest.mark.parametrize(("pct", "bound"), [(39.5, "small_grid"), (40.5, "below_compute_roof")])
def test_a_grid_is_small_below_two_fifths_of_its_roof(pct: float, bound: str) -> None:
    """100 blocks on 132 multiprocessors: above that share they are persistent on purpose."""
    square = [(4096, 4096), (4096, 4096)]
    trace = run([("aten::mm", square, [BF16] * 2, round(PEAK_NS * 100 / pct))])
    trace.launches[0] |= {"grid_x": 100, "grid_y": 1, "grid_z": 1}
    assert kernels(trace.capture())["bound"].to_list() == [bound]


def test_every_figure_of_a_placed_launch() -> None:
    """[512,256] × [256,1024] in BF16 within 10 µs on 989 TFLOP/s and 3.35 TB/s."""
    step = ("aten::mm", [(512, 256), (256, 1024)], [BF16] * 2, 10_000)
    row = kernels(run([step]).capture()).row(0, named=True)
    flop, size = 2 * 512 * 256 * 1024, 2 * (512 * 256 + 256 * 1024 + 512 * 1024)
    assert (row["flop"], row["dram_bytes"], row["roof"]) == (flop, size, "bf16_tensor")
    assert (row["peak_flop_per_s"], row["peak_bytes_per_s"]) == (989e12, 3.35e12)
    assert row["achieved_flop_per_s"] == pytest.approx(flop / 1e-5)
    assert row["achieved_bytes_per_s"] == pytest.approx(size / 1e-5)
    assert row["intensity_flop_per_byte"] == pytest.approx(flop / size)
    assert row["ridge_point_flop_per_byte"] == pytest.approx(989e12 / 3.35e12)
    assert row["attainable_flop_per_s"] == pytest.approx(flop / size * 3.35e12)
    assert row["roofline_pct"] == pytest.approx(100 * (size / 3.35e12) / 1e-5)
    assert row["roof_side"] == "memory"
