"""What became of the findings, and whether a prediction came true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
from diff_factory import call, finding, kernel, report, trace

from ncutool import diff, load
from ncutool.advice.view.finding import Finding
from ncutool.analysis.analyse import Analysis, analyse
from ncutool.diff.findings import Became, became
from ncutool.diff.match import match
from ncutool.diff.sides import Run

LAYER = [
    call("mm", "[8,64] × [64,64]", "gemm_64x64"),
    call("add", "[8,64] × [8,64]", "add_kernel", 20_000),
    call("relu", "[8,64]", "relu_kernel", 20_000),
    call("mm", "[8,64] × [64,32]", "gemm_64x32"),
]
FUSED = [LAYER[0], call("fused", "[8,64]", "triton_poi_fused_add_relu_0", 22_000), LAYER[3]]


def story(before: Run, after: Run) -> dict[str, Became]:
    """What became of the finding of each rule."""
    matches = match(before, after).matches
    return {one.rule: one for one in became(before, after, matches)}


def test_a_fusion_that_was_carried_out_is_resolved() -> None:
    """Predicted 30 to 40 µs over two layers; 36 came true."""
    before = replace(
        trace(LAYER * 2), findings=(finding("fuse-chain", (1, 2, 5, 6), 30_000, 40_000),)
    )
    found = story(before, trace(FUSED * 2))["fuse-chain"]
    assert (found.state, found.before_ns, found.actual_ns) == ("resolved", (30_000, 40_000), 36_000)


def test_a_finding_on_launches_that_did_not_change_saved_nothing() -> None:
    """It is no longer raised, and that is no saving."""
    before = replace(report([kernel("k")]), findings=(finding("tune-tail", (0,), 0, 9_000),))
    found = story(before, report([kernel("k")]))["tune-tail"]
    assert (found.state, found.actual_ns) == ("no_longer_raised", 0)
    assert found.said == "its launches did not change"


def test_a_gain_is_not_credited_to_what_the_captures_do_not_show() -> None:
    """The kernel is faster; which change did it is not recorded."""
    before = replace(report([kernel("k")]), findings=(finding("tune-tail", (0,), 0, 9_000),))
    found = story(before, report([kernel("k", 60_000)]))["tune-tail"]
    assert (found.state, found.actual_ns) == ("no_longer_raised", 40_000)
    assert found.said == "its launches changed; the captures do not show which change did it"


def test_findings_grow_stay_and_come() -> None:
    """Told by rule and launches."""
    old = (finding("fuse-chain", (1, 2), 0, 10_000), finding("tune-rows", (0,), 0, 5_000))
    new = (
        finding("fuse-chain", (1, 2), 0, 20_000),
        finding("tune-rows", (0,), 0, 5_100),
        finding("launch-graph", (0, 1, 2, 3), 0, 8_000),
    )
    found = story(replace(trace(LAYER), findings=old), replace(trace(LAYER), findings=new))
    assert {rule: one.state for rule, one in found.items()} == {
        "fuse-chain": "grew", "tune-rows": "open", "launch-graph": "introduced",
    }  # fmt: skip


def test_a_rule_raised_twice_lives_on_launch_by_launch() -> None:
    """Of two findings of one rule each is told by its own launches."""
    old = (finding("tune-rows", (0,), 0, 5_000), finding("tune-rows", (3,), 0, 7_000))
    new = (finding("tune-rows", (3,), 0, 7_000),)
    before, after = (replace(trace(LAYER), findings=one) for one in (old, new))
    found = became(before, after, match(before, after).matches)
    assert [(one.state, one.before_ns) for one in found] == [
        ("open", (0, 7_000)), ("no_longer_raised", (0, 5_000)),
    ]  # fmt: skip


def test_a_type_that_did_not_change_was_not_applied() -> None:
    """The kernel got faster, and still computes in FP64."""
    rows = [kernel("k", dtype="fp64")], [kernel("k", 60_000, dtype="fp64")]
    before = replace(report(rows[0]), findings=(finding("precision-fp64", (0,), 0, 50_000),))
    found = story(before, report(rows[1]))["precision-fp64"]
    assert (found.state, found.said) == ("no_longer_raised", "not applied: still fp64")


def carried_out(analysis: Analysis, one: Finding) -> Analysis:
    """The capture with each run of a finding's launches replaced by one, and what follows earlier.

    The new launches take together what the middle of the prediction leaves.
    """
    rows = analysis.capture.launches.sort("start_ns", "launch_id").with_row_index("place")
    mine = rows.filter(pl.col("launch_id").is_in(list(one.launches)))
    firsts = mine.filter((pl.col("place").cast(pl.Int64).diff() != 1).fill_null(True))["launch_id"]
    left = one.duration_ns - (one.alone_low_ns + one.alone_high_ns) // 2
    first, own = pl.col("launch_id").is_in(firsts), pl.col("launch_id").is_in(list(one.launches))
    name, length = "triton_per_fused_rms_norm_0", left // len(firsts)
    saved = (
        pl.when(own).then(pl.col("duration_ns") - pl.when(first).then(length).otherwise(0))
    ).otherwise(0)
    launches = (
        rows.with_columns(pl.col("start_ns") - saved.cum_sum().shift(1, fill_value=0))
        .filter(first | ~own)
        .with_columns(
            pl.when(first).then(pl.lit(name)).otherwise("kernel").alias("kernel"),
            pl.when(first).then(pl.lit(name)).otherwise("kernel_full").alias("kernel_full"),
            pl.when(first).then(length).otherwise("duration_ns").alias("duration_ns"),
            pl.when(~first).then("op_id").alias("op_id"),
            pl.int_range(pl.len()).cast(pl.Int64).alias("launch_id"),
        )
        .drop("place")
    )
    return analyse(replace(analysis.capture, launches=launches))


def test_a_real_fusion_carried_out_comes_back_as_resolved(corpus: Path) -> None:
    """RMSNorm in 70 places of a real trace, fused on paper: predicted against what came true."""
    before = load(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz")
    (wanted,) = [one for one in before.findings if one.rule == "fuse-rmsnorm"]
    after = carried_out(before, wanted)
    answer = diff.compare(diff.side_of([before]), diff.side_of([after]))
    assert (answer.work.state, answer.refused) == ("same", False)
    assert answer.kinds["merged"] == 3
    assert answer.kinds["new"] == answer.kinds["gone"] == 0
    merged = [one for one in answer.matches if one.kind == "merged"]
    assert (sum(len(one.before) for one in merged), sum(len(one.after) for one in merged)) == (
        629, 70,
    )  # fmt: skip
    (found,) = [one for one in answer.findings if one.rule == "fuse-rmsnorm"]
    assert (found.state, found.before_ns) == ("resolved", (9_734_545, 10_972_649))
    assert found.actual_ns == 10_353_634
    assert answer.whole.after_ns < answer.whole.before_ns - 9_000_000
