"""The comparison on a terminal: it fits, whatever there is to say, and no name leaves its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from analysis_factory import HOSTILE_NAME
from diff_factory import call, finding, kernel, report, set_otherwise, side, trace

from ncutool import diff
from ncutool.diff import Diff
from ncutool.diff.gate import Rules, check
from ncutool.text.diff import LINES, WIDTH, diff_text


def everything() -> Diff:
    """A comparison with something to say on every line."""
    rows = [call("mm", f"[{at},64] × [64,64]", f"gemm_{at}x64", 100_000 + at) for at in range(9)]
    slow = [row | {"duration_ns": row["duration_ns"] * 2} for row in rows]
    before = replace(trace(rows), findings=(finding("fuse-chain", (0,), 0, 9_000),))
    after = set_otherwise(trace(slow, idle_ns=90_000), stacks=True)
    return diff.compare(side(before), side(after), force=True)


def bare() -> Diff:
    """A report of one launch of which nothing is known."""
    one = side(report([kernel("k", flop=None, dram_bytes=None, bound="unknown")]))
    return diff.compare(one, one)


def hostile() -> Diff:
    """Names that try to leave their place."""
    before = report([kernel(HOSTILE_NAME), kernel("k")], name=HOSTILE_NAME)
    after = report([kernel(HOSTILE_NAME, 500_000), kernel("k")], name=HOSTILE_NAME + "2")
    return diff.compare(side(before), side(after))


def other_work() -> Diff:
    """Another batch, refused."""
    rows = [call("mm", "[8,64] × [64,64]", "gemm", flop=flop) for flop in (1e9, 2e9)]
    return diff.compare(
        side(replace(trace(rows[:1]), batch=8)), side(replace(trace(rows[1:]), batch=16))
    )


@pytest.mark.parametrize("make", [everything, bare, hostile, other_work])
def test_it_fits_and_the_verdict_is_last(make) -> None:  # type: ignore[no-untyped-def]  # one of the four above
    """At most 20 lines of 80 columns, with a gate too, and no control characters."""
    made = make()
    gate = check(made, Rules(fail_over=3, min_roofline=60, max_idle=10))
    for text in (diff_text(made), diff_text(made, gate)):
        lines = text.splitlines()
        assert len(lines) <= LINES
        assert max(map(len, lines)) <= WIDTH
        assert lines[-1] == diff.headline(made, WIDTH)
        assert not any(ord(letter) < 32 or letter == "\u202e" for letter in text.replace("\n", ""))


def test_other_work_is_said_first() -> None:
    """Below the title, before any figure."""
    assert diff_text(other_work()).splitlines()[1] == "not the same work: batch 8 → 16"


def test_what_is_slower_is_marked() -> None:
    """Regressions have a mark, and idle time its causes."""
    text = diff_text(everything())
    assert " ! mm" in text
    assert "idle: dispatch on the CPU +801 µs" in text
    assert text.splitlines()[-1].startswith("unlike captures, by --force: 187.1 % more wall time")
    assert "unlike      Python stacks recorded: no → yes" in text


def test_all_rows_are_shown_where_asked() -> None:
    """--top 0."""
    assert diff_text(everything(), top=0).count(" ! mm") == 9
