"""A threshold is a number that knows its unit, its meaning and its source."""

from __future__ import annotations

import copy
import json

import polars as pl

from ncutool.base.thresholds import IntThreshold, Threshold, ThresholdTable

LIMIT = Threshold(60.0, "%", "less is not what holds a launch", "NVIDIA")
SHORT = IntThreshold(20_000, "ns", "shorter is not timed well", "judgement")


def test_thresholds_are_numbers() -> None:
    assert LIMIT == 60.0
    assert 59.9 < LIMIT < 60.1
    assert f"{LIMIT:.0f} {SHORT:,}" == "60 20,000"
    assert json.dumps([LIMIT, SHORT]) == "[60.0, 20000]"
    assert list(range(SHORT))[-1] == 19_999
    table = pl.DataFrame({"pct": [10.0, 70.0], "ns": [1, 30_000]})
    assert table.filter(pl.col("pct") < LIMIT)["ns"].to_list() == [1]
    assert table.filter(pl.col("ns") > SHORT)["pct"].to_list() == [70.0]


def test_thresholds_know_their_source() -> None:
    assert (LIMIT.unit, LIMIT.meaning, LIMIT.source) == (
        "%", "less is not what holds a launch", "NVIDIA",
    )  # fmt: skip
    assert SHORT.source == "judgement"
    shares = ThresholdTable({"gemm": 0.7}, "share of peak", "reached in practice", "measured")
    assert shares == {"gemm": 0.7}
    assert shares.source == "measured"


def test_results_and_copies_are_plain_numbers() -> None:
    for number in (LIMIT / 2, -LIMIT, copy.deepcopy(LIMIT)):
        assert type(number) is float
    assert type(copy.deepcopy(SHORT)) is int
    assert copy.deepcopy(SHORT) == 20_000
