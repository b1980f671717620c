"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.base import units


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        (0, "0"),
        (0.125, "0.125"),
        (1 / 3, "0.333"),
        (9.999, "10.0"),
        (49.65, "49.7"),
        (692.77, "693"),
        (1465, "1,470"),
        (-2.5, "-2.50"),
        (1.2e-7, "1.20e-07"),
    ],
)
def test_significant_keeps_three_digits(value: float | None, text: str) -> None:
    """Three significant digits at every magnitude, and an unknown is never a number."""
    assert units.significant(value) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (None, "–"),
        (0, "0 ns"),
        (850, "850 ns"),
        (999.6, "1.00 µs"),
        (168_100, "168 µs"),
        (999_600, "1.00 ms"),
        (49_650_000, "49.7 ms"),
        (12_000_000_000, "12.0 s"),
        (5_000_000_000_000, "5,000 s"),
    ],
)
def test_time_chooses_the_unit_after_rounding(ns: float | None, text: str) -> None:
    """999.6 µs is 1.00 ms, not 1,000 µs."""
    assert units.time(ns) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (6_200_000, 7_100_000, "6.2–7.1 ms"),
        (200_000, 600_000, "200–600 µs"),
        (0, 221_000, "0–221 µs"),
        (100, 6_200_000, "<0.1–6.2 ms"),
        (5_000, 5_000, "5.0 µs"),
        (0, 0, "0 ns"),
        (None, 5, "–"),
    ],
)
def test_time_range_uses_one_unit(low: float | None, high: float | None, text: str) -> None:
    """Both bounds share the larger one's unit; a bound above 0 is never shown as 0."""
    assert units.time_range(low, high) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (0.01, "<0.1 %"),
        (8.46, "8.5 %"),
        (99.97, ">99.9 %"),
        (100, "100 %"),
        (140.2, "140.2 %"),
        (12_345.6, "12,346 %"),
        (None, "–"),
    ],
)
def test_percent_never_rounds_a_rest_away(value: float | None, text: str) -> None:
    """Neither `0 %` nor `100 %` is printed for something that is not exactly that."""
    assert units.percent(value) == text


def test_rates_and_amounts_carry_their_units() -> None:
    """Each quantity is spelled with its unit and a decimal prefix."""
    assert units.flop_rate(989e12) == "989 TFLOP/s"
    assert units.data_rate(3.35e12) == "3.35 TB/s"
    assert units.data(151e6) == "151 MB"
    assert units.flop(51.5e9) == "51.5 GFLOP"
    assert units.intensity(295.2) == "295 FLOP/byte"
    assert units.count(1465) == "1,465"
    assert units.counted(1, "launch", "launches") == "1 launch"
    assert units.counted(2, "gap") == "2 gaps"


@given(st.floats(min_value=1e-3, max_value=1e21))
def test_scaled_stays_within_half_a_digit(value: float) -> None:
    """What is printed, read back, is the value to three digits, and below 1,000 of its unit."""
    number, unit = units.scaled(value, "B").split(" ")
    factor = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}[unit[:-1]]
    read_back = float(number.replace(",", "")) * factor
    assert read_back == pytest.approx(value, rel=0.00501)
    if unit != "EB":
        assert float(number.replace(",", "")) < 1000
