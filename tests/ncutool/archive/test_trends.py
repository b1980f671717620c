"""Trends over the commits of an archive."""

from __future__ import annotations

import json

import polars as pl
import pytest
from trend_factory import archive

from ncutool.archive.point_order import natural_order
from ncutool.archive.trends import Trends, kernel_times, trends
from ncutool.text.sheet import sheet_markdown
from ncutool.text.sheet_terminal import sheet_text
from ncutool.text.trends import headline, trends_facts, trends_sheet
from ncutool_parsers.errors import UsageError

PLANTED = {25: ("gemm", 1.08), 50: ("attention", 0.85), 80: ("norm", 1.3)}


def places(found: Trends) -> list[list[int]]:
    """Where the events of each kind of work lie."""
    return [[work.labels.index(event.label) for event in work.events] for work in found.works]


def test_three_planted_changes_of_a_hundred_commits() -> None:
    """The three and no others, each with its kernel."""
    found = trends(*archive(100, changes=PLANTED), "commit")
    assert places(found) == [[25, 50, 80]]
    changed = [event.series[-1][0].name for event in found.works[0].events]
    assert changed == ["gemm", "attention", "norm"]
    ratios = [round(event.series[-1][1].ratio, 2) for event in found.works[0].events]
    assert ratios == [1.08, 0.85, 1.3]


def test_a_hundred_archives_of_noise() -> None:
    """At most five of them show a change."""
    shown = [trends(*archive(100, seed=seed, noise=0.02), "commit") for seed in range(100)]
    assert sum(any(work.events for work in found.works) for found in shown) <= 5


def test_unlike_work_is_kept_apart() -> None:
    """A larger batch and another device are no change."""
    parts = [
        archive(20, seed=1),
        archive(20, seed=2, flop=2e12, offset=100),
        archive(20, seed=3, device="Test A100", offset=200),
    ]
    captures = pl.concat([captures for captures, _ in parts])
    # the larger batch takes longer, which is no regression
    kernels = pl.concat(
        [parts[0][1], parts[1][1].with_columns(time_ns=pl.col("time_ns") * 2), parts[2][1]]
    )
    found = trends(captures, kernels, "commit")
    assert len(found.works) == 3
    assert places(found) == [[], [], []]
    assert any("3 kinds of work" in note for note in trends_sheet(found).notes)


def test_several_captures_of_a_commit_are_one_point() -> None:
    """Their median."""
    found = trends(*archive(30, each=3, changes={10: ("gemm", 1.2)}), "commit")
    (work,) = found.works
    assert (work.captures, len(work.labels)) == (90, 30)
    assert places(found) == [[10]]


def test_missing_commits_leave_no_gap() -> None:
    """Commits without a capture are no points."""
    captures, kernels = archive(60, changes={40: ("gemm", 1.3)})
    kept = captures.filter(pl.int_range(pl.len()) % 3 != 1)
    found = trends(kept, kernels, "commit")
    (work,) = found.works
    assert len(work.labels) == 40
    # commit 40 has no capture itself: 41 is the first that shows its change
    assert [(event.label, event.previous) for event in work.events] == [
        (captures["commit"][41], captures["commit"][39])
    ]


def test_the_order_is_of_time_unless_values_say_it() -> None:
    """Commits by when they were captured; numbers and dates by themselves; else a column."""
    captures, kernels = archive(12)
    found = trends(captures, kernels, "commit")
    assert found.works[0].labels == tuple(captures["commit"])
    back = captures.with_columns(build=pl.int_range(12, 0, -1).cast(pl.String))
    numbered = trends(back, kernels, "build")
    assert numbered.works[0].labels == tuple(str(number) for number in range(1, 13))
    timeless = captures.with_columns(started_ns=pl.lit(None, pl.Int64))
    with pytest.raises(UsageError, match="--order-by"):
        trends(timeless, kernels, "commit")
    ordered = trends(timeless.with_columns(build=pl.lit("1")), kernels, "commit", "build")
    assert ordered.works[0].labels == tuple(sorted(captures["commit"]))


def test_reports_stand_where_the_traces_of_their_commit_do() -> None:
    """A report records no start; a commit that has nothing but reports cannot be placed."""
    captures, kernels = archive(12, each=2)
    every_second = pl.int_range(pl.len()) % 2 == 1
    mixed = captures.with_columns(
        started_ns=pl.when(every_second).then(None).otherwise("started_ns")
    )
    found = trends(mixed, kernels, "commit")
    assert found.works[0].labels == tuple(captures["commit"].unique(maintain_order=True))
    alone = captures["commit"][5]
    without = mixed.with_columns(
        started_ns=pl.when(pl.col("commit") == alone).then(None).otherwise("started_ns")
    )
    with pytest.raises(UsageError, match=f"{alone}.*no capture of it has started_ns; reports"):
        trends(without, kernels, "commit")


def test_one_value_needs_no_order() -> None:
    """An archive of one commit is shown without its start."""
    captures, kernels = archive(3)
    one = captures.with_columns(commit=pl.lit("abc"), started_ns=pl.lit(None, pl.Int64))
    assert trends(one, kernels, "commit").works[0].labels == ("abc",)


@pytest.mark.parametrize(
    ("ordered", "kind"),
    [
        (["2", "10", "1e3"], "numbers"),
        (["-1.5", "0.25", "0.5"], "numbers"),
        (["0.10", "0.25", "0.50"], "numbers"),
        (["1.2", "1.9", "1.10", "2.0"], "versions"),
        (["v2", "v10"], "versions"),
        (["2.9.1", "2.10", "2.10.0"], "versions"),
        (["2025-12", "2026-01"], "months"),
        (["2025-12-31", "2026-01-02"], "dates"),
        (["2026-01-02T10:00:00+02:00", "2026-01-02T09:00:00+00:00"], "dates"),
        (["1", "a"], None),
        (["nan"], None),
        (["2026-01-02T10:00:00", "2026-01-02T09:00:00+00:00"], None),
        (["9" * 5000, "1"], None),
        ([], None),
    ],
)
def test_natural_orders(ordered: list[str], kind: str | None) -> None:
    """Told by the values where all are of one kind, whichever way they are given."""
    found = natural_order(ordered[::-1])
    if kind is None:
        assert found is None
    else:
        assert found is not None
        assert (sorted(set(ordered), key=found[0]), found[1]) == (ordered, kind)


@pytest.mark.parametrize("values", [None, "", "same"], ids=["null", "empty", "one value"])
def test_a_column_of_one_value_or_none(values: str | None) -> None:
    """One point is no trend, and what has no value says what to pass."""
    captures, kernels = archive(12)
    captures = captures.with_columns(night=pl.lit(values, pl.String))
    if values is None:
        with pytest.raises(UsageError, match="no capture has a value of 'night'"):
            trends(captures, kernels, "night")
        return
    found = trends(captures, kernels, "night")
    assert found.works[0].labels == (values,)
    assert found.works[0].whole is not None
    assert found.works[0].whole.levels is None
    assert not found.works[0].events


def test_captures_without_a_value_are_counted_and_left_out() -> None:
    """Every third capture has no date: the others are the points."""
    captures, kernels = archive(36, changes={18: ("gemm", 1.5)})
    days = [f"2026-{1 + n // 28:02}-{1 + n % 28:02}" if n % 3 else None for n in range(36)]
    found = trends(captures.with_columns(day=pl.Series(days)), kernels, "day")
    assert found.without == 12
    assert found.order == "the dates in day"
    (event,) = found.works[0].events
    assert event.label in {days[n] for n in (17, 19, 20)}


def test_too_few_points() -> None:
    """It says how many are needed."""
    found = trends(*archive(5), "commit")
    assert headline(found) == (
        "Too few points to tell a change: 5 of the same work, and at least 8 are needed"
    )


def test_no_such_column_and_no_value_in_it() -> None:
    """What to do is in the message."""
    captures, kernels = archive(5)
    with pytest.raises(UsageError, match="no column 'branch'"):
        trends(captures, kernels, "branch")
    empty = captures.with_columns(commit=pl.lit(None, pl.String))
    with pytest.raises(UsageError, match="--metadata commit=VALUE"):
        trends(empty, kernels, "commit")


def test_windows_of_unequal_steps_have_no_whole() -> None:
    """Means of launches are compared instead of sums, and the reason is given."""
    captures, kernels = archive(20, seed=1)
    twice = kernels["capture_id"].is_in([f"t{number}" for number in range(0, 20, 2)])
    more = [pl.col(name) * pl.when(twice).then(2).otherwise(1) for name in
            ("time_ns", "launches", "product_flop", "product_launches")]  # fmt: skip
    found = trends(captures, kernels.with_columns(more), "commit")
    (work,) = found.works
    assert work.whole is None
    assert work.why_no_whole is not None
    assert {series.unit for series in work.kernels} == {"launch"}
    assert places(found) == [[]]


def test_work_that_nothing_tells_is_marked() -> None:
    """Without shapes a change may be one of the work."""
    found = trends(*archive(10, flop=None), "commit")
    assert found.works[0].known is False
    assert any("record_shapes" in note for note in trends_sheet(found).notes)


def test_forms() -> None:
    """JSON holds every point; texts hold the changes; hostile labels stay text."""
    captures, kernels = archive(60, changes={30: ("gemm", 1.3)})
    evil = captures.with_columns(commit=pl.concat_str(pl.lit("<b>\x1b[31m|"), "commit"))
    found = trends(evil, kernels, "commit")
    facts = json.loads(json.dumps(trends_facts(found), allow_nan=False))
    (work,) = facts["works"]
    assert len(work["series"][0]["points"]) == 60
    assert work["events"][0]["changes"][0]["whole"] is True
    text = sheet_text(trends_sheet(found), color=False, width=120)
    assert "\x1b" not in text
    assert "+30" in text
    assert "<b>" not in sheet_markdown(trends_sheet(found))


def test_times_of_kernels_from_launches() -> None:
    """Sums, and the share of the roof over what is on one."""
    launches = pl.LazyFrame(
        {
            "capture_id": ["a", "a", "a", "b"],
            "kernel": ["k", "k", "l", "k"],
            "duration_ns": [10, 30, 5, None],
            "part": ["on_roofline", "on_roofline", "unknown", "on_roofline"],
            "roofline_pct": [50.0, 90.0, None, 10.0],
            "family": ["gemm", "gemm", None, "gemm"],
            "flop": [4.0, 6.0, None, 1.0],
        }
    )
    assert kernel_times(launches).sort("kernel").rows() == [
        ("a", "k", 40, 2, 40, 3200.0, 10.0, 2),
        ("a", "l", 5, 1, 0, 0.0, 0.0, 0),
    ]
