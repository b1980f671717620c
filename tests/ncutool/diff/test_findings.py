"""What became of the findings, and whether a prediction came true."""

from __future__ import annotations

from dataclasses import replace

from diff_factory import call, finding, kernel, report, trace

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
