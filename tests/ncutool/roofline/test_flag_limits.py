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
