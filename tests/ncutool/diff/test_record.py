"""A comparison as rows and facts: what single captures do not tell is null."""

from __future__ import annotations

import json

from diff_factory import kernel, report, side, trace

from ncutool import diff
from ncutool.diff.gate import Rules, check
from ncutool.diff.record import COLUMNS, facts, frame

STEADY = (1_000_000, 1_001_000, 999_000, 1_000_500, 999_500)


def runs(factor: float) -> list[diff.Run]:
    """Five reports whose kernel takes so much longer."""
    return [report([kernel("work", round(ns * factor))]) for ns in STEADY]


def test_a_single_capture_has_no_interval() -> None:
    """The stated bound is no measurement, and is not written as one."""
    answer = diff.compare(side(runs(1)[0]), side(runs(1.5)[0]))
    (row,) = frame(answer.rows).to_dicts()
    assert (row["verdict"], row["single"]) == ("slower", True)
    assert (row["low_pct"], row["high_pct"], row["spread_pct"]) == (None, None, None)
    assert facts(answer)["totals"][0]["low_pct"] is None


def test_repeats_have_one() -> None:
    """Both ends, the spread, and which launches it is of."""
    answer = diff.compare(side(*runs(1)), side(*runs(1.5)), order="AB" * 5)
    (row,) = frame(answer.rows).to_dicts()
    assert 49 < row["low_pct"] < row["change_pct"] < row["high_pct"] < 51
    assert (row["launch_ids_before"], row["launch_ids_after"]) == ([0], [0])


def test_everything_is_plain_json() -> None:
    """No NaN, no object, every column in every row, also where nothing is known."""
    bare = trace([kernel("k", flop=None, dram_bytes=None)])
    for answer in (
        diff.compare(side(bare), side(report([kernel("other")]))),
        diff.compare(side(bare), side(trace([kernel("new", 9, grid_x=7)]))),
    ):
        gate = check(answer, Rules(fail_over=3))
        json.dumps(facts(answer, gate), allow_nan=False)
        assert frame(answer.rows).columns == list(COLUMNS)
