"""Work is compared before speed; unlike captures are refused, with everything that differs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from diff_factory import A100, call, kernel, report, set_otherwise, side, trace

from ncutool import diff, load
from ncutool.diff.gate import Rules, check
from ncutool.diff.same_work import same_work
from ncutool.diff.sides import DeviceFacts, Run
from ncutool.diff.wording import headline, sure_lines

STEP = [
    call("mm", "[8,64] × [64,64]", "gemm_64x64", flop=65_536.0),
    call("add", "[8,64] × [8,64]", "add_kernel", 5_000, flop=512.0),
    call("relu", "[8,64]", "relu_kernel", 6_000, flop=512.0),
]


def refusals(before: Run, after: Run) -> list[str]:
    """What refuses a comparison, in words."""
    work = same_work(side(before), side(after))
    return [fact.said for fact in work.differences if fact.refuses]


def test_the_same_step_is_the_same_work() -> None:
    """FLOPs, products and conditions agree."""
    work = same_work(side(trace(STEP)), side(trace(STEP)))
    assert (work.state, work.refused, work.differences) == ("same", False, ())


def test_fusion_is_no_other_work() -> None:
    """Products stay; FLOPs and bytes of the element-wise operators may go, which is said."""
    fused = call("fused", "[8,64]", "triton_poi_fused_add_relu_0", 5_000, flop=None)
    work = same_work(side(trace(STEP)), side(trace([STEP[0], fused])))
    assert (work.state, work.refused) == ("same", False)
    assert [fact.what for fact in work.differences] == [
        "FLOP, from shapes", "compulsory bytes", "launches",
    ]  # fmt: skip


def test_another_batch_is_other_work() -> None:
    """Sizes told from the shapes come first, then the FLOPs."""
    double = [row | {"flop": row["flop"] * 2} for row in STEP]
    before = replace(trace(STEP), batch=8, length=64)
    after = replace(trace(double), batch=16, length=64)
    assert refusals(before, after)[0] == "batch 8 → 16, told from the shapes"
    answer = diff.compare(side(before), side(after))
    assert headline(answer) == (
        "not the same work: batch 8 → 16, 2.00 times the FLOP; no speed verdict"
    )
    assert not answer.judged
    forced = diff.compare(side(before), side(after), force=True)
    assert not forced.judged
    assert [rate.what for rate in forced.rates] == ["flop_per_busy_s", "flop_per_wall_s"]


def test_counted_flop_on_the_same_grids_is_said_and_does_not_refuse() -> None:
    """Another algorithm may need fewer operations: that is what an author wants to show."""
    before, after = report([kernel("k", flop=2e9)]), report([kernel("k", flop=1e9)])
    work = same_work(side(before), side(after))
    assert (work.state, work.refused) == ("differs", False)
    assert work.differences[0].said == "FLOP, counted 2.00 GFLOP → 1.00 GFLOP (−50.0 %)"
    other_grid = report([kernel("k", flop=1e9, grid_x=99)])
    assert same_work(side(before), side(other_grid)).refused


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stacks": True}, "Python stacks recorded: no → yes"),
        ({"shapes": False}, "shapes recorded: yes → no"),
        ({"operators_filtered": True}, "operators filtered out: no → yes"),
        ({"complete": False}, "recorded whole: yes → no"),
        ({"world_size": 8}, "ranks of the job: 1 → 8"),
    ],
)
def test_other_settings_of_the_profiler_refuse(settings: dict[str, Any], said: str) -> None:
    """A side that was slowed down, filtered or cut cannot be compared."""
    after = set_otherwise(trace(STEP), **settings)
    assert refusals(trace(STEP), after) == [said]
    answer = diff.compare(side(trace(STEP)), side(after))
    assert (answer.work.state, answer.judged) == ("not_comparable", False)
    assert headline(answer) == f"unlike captures: {said}; no speed verdict"
    assert diff.compare(side(trace(STEP)), side(after), force=True).judged


def test_another_device_refuses() -> None:
    """Also another number of the same device."""
    other = trace(STEP, device=DeviceFacts("H100 SXM 80GB"))
    assert refusals(trace(STEP), other) == ["device: A100 40GB PCIe → H100 SXM 80GB"]
    two = trace(STEP, device=replace(A100, used=2))
    assert refusals(trace(STEP), two) == ["device: A100 40GB PCIe → 2 × A100 40GB PCIe"]


def test_a_device_that_one_side_does_not_record_is_said() -> None:
    """It may be the same, so that it does not refuse."""
    work = same_work(side(trace(STEP)), side(trace(STEP, device=DeviceFacts(""))))
    assert (work.refused, work.differences[0].said) == (False, "device not known after")


def test_clocks_apart_refuse() -> None:
    """Told by launches long enough to read a clock from."""
    before = report([kernel("k", 200_000, sm_clock_hz=1.5e9)])
    after = report([kernel("k", 200_000, sm_clock_hz=1.2e9)])
    assert refusals(before, after) == ["SM clock 1.50 GHz → 1.20 GHz (−20.0 %)"]
    short = [report([kernel("k", 20_000, sm_clock_hz=hz)]) for hz in (1.5e9, 1.2e9)]
    assert refusals(*short) == []


def test_other_types_of_the_products_refuse() -> None:
    """bf16 against fp16, by the time of the products."""
    halves = [row | {"dtype": "fp16"} for row in STEP]
    assert refusals(trace(STEP), trace(halves)) == ["data type of the products: bf16 → fp16"]


def test_runs_of_one_side_must_agree() -> None:
    """A side of unlike captures is no side."""
    work = same_work(side(trace(STEP), set_otherwise(trace(STEP), stacks=True)), side(trace(STEP)))
    assert "the captures of one side differ (before)" in work.differences[0].said


def test_a_capture_without_figures_is_not_known() -> None:
    """Nothing counted and nothing modelled: neither same nor other."""
    bare = [kernel("k", flop=None, dram_bytes=None)]
    work = same_work(side(report(bare)), side(report(bare)))
    assert (work.state, work.refused) == ("not_known", False)


def test_programs_that_share_nothing_are_refused() -> None:
    """Hardly a launch matches."""
    answer = diff.compare(side(report([kernel("a")])), side(report([kernel("b", grid_x=9)])))
    assert not answer.judged
    assert answer.work.differences[0].said == "hardly a launch matches: another program"


def test_the_sweep_says_not_the_same_work_first(corpus: Path) -> None:
    """b016 against b064: 3.85 times the FLOP, batch and sequence told from the shapes."""
    paths = [corpus / "torch" / f"a100-particle-transformer-b{size}.json.gz"
             for size in ("016", "064")]  # fmt: skip
    before, after = (diff.side_of([load(path)]) for path in paths)
    answer = diff.compare(before, after)
    assert headline(answer) == (
        "not the same work: batch 16 → 64, sequence 66 → 64, 3.85 times the FLOP; no speed verdict"
    )
    assert headline(answer, 80) == "not the same work: 3.85 times the FLOP; no speed verdict"
    assert [fact.said for fact in answer.work.differences[:2]] == [
        "batch 16 → 64, told from the shapes",
        "sequence 66 → 64, told from the shapes",
    ]
    assert {kind: count for kind, count in answer.kinds.items() if count} == {
        "exact": 23, "reshaped": 119, "merged": 1,
    }  # fmt: skip
    (merged,) = [one for one in answer.matches if one.kind == "merged"]
    assert (len(merged.before), len(merged.after)) == (2, 1)


def test_counters_that_were_joined_on_one_side_are_no_other_work() -> None:
    """What shapes tell is compared, not what was measured on one side alone."""
    joined = [
        row | {"modelled_flop": row["flop"], "flop": row["flop"] * 3,
               "modelled_bytes": row["dram_bytes"], "dram_bytes": row["dram_bytes"] * 2}
        for row in STEP
    ]  # fmt: skip
    work = same_work(side(trace(STEP)), side(trace(joined)))
    assert (work.state, work.differences) == ("same", ())


def product(m: int, k: int, n: int, **more: Any) -> dict[str, Any]:
    """One product with its shapes, and the FLOPs that they give."""
    row = call("mm", f"[{m},{k}] × [{k},{n}]", "gemm", flop=2.0 * m * k * n)
    return row | {"shapes": [[m, k], [k, n]]} | more


PROMPT = [product(4096, 2048, 2048) for _ in range(3)]
DECODING = [product(4, 2048, 2048) for _ in range(3)]


def state_of(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    return same_work(side(trace(before)), side(trace(after))).state


def test_a_step_of_few_rows_more_is_not_known_to_be_the_same_work() -> None:
    """Its FLOPs are a thousandth of the prompt's, its time is not."""
    assert state_of([*PROMPT, *DECODING, *DECODING], [*PROMPT, *DECODING, *DECODING]) == "same"
    assert state_of([*PROMPT, *DECODING, *DECODING], [*PROMPT, *DECODING]) == "not_known"


def test_merged_products_of_one_input_are_the_same_work() -> None:
    merged = [product(4096, 2048, 2048), product(4, 2048, 3 * 2048)]
    apart_ = [product(4096, 2048, 2048), *DECODING]
    assert state_of(apart_, merged) == "same"


def test_a_product_in_several_kernels_counts_once() -> None:
    split = [*PROMPT, product(4, 2048, 2048, op_id=99), product(4, 2048, 2048, op_id=99, flop=0.0)]
    assert state_of([*PROMPT, DECODING[0]], split) == "same"


def test_products_without_shapes_say_nothing_of_passes() -> None:
    unknown = call("mm", "[4,2048] × [2048,2048]", "gemm", flop=1.0)
    assert state_of([*PROMPT, unknown], [*PROMPT]) == "same"


def test_a_run_with_fewer_steps_is_not_called_faster() -> None:
    """Equal FLOPs within what is called apart, but the weights were read thrice as often."""
    before, after = side(trace([*PROMPT, *DECODING, *DECODING])), side(trace(PROMPT))
    answer = diff.compare(before, after)
    assert (answer.work.state, answer.judged) == ("not_known", True)
    assert {whole.judgement.verdict for whole in answer.wholes if whole.judgement} == {
        "inconclusive"
    }
    assert headline(answer) == (
        "inconclusive: wall −66.7 %, same work not known: weights read 37.7 M → 12.6 M"
    )
    assert check(answer, Rules(fail_over=3)).outcome == "inconclusive"
    assert check(answer, Rules(fail_over=3, kernel="gemm")).outcome == "inconclusive"
    assert "−66.7 % is past the 30 % bound" in sure_lines(answer)[1]


def test_whoever_insists_is_told_the_change_of_time() -> None:
    """What is asked for with force is judged by its time alone."""
    before, after = side(trace([*PROMPT, *DECODING, *DECODING])), side(trace(PROMPT))
    answer = diff.compare(before, after, force=True)
    assert headline(answer).startswith("66.7 % less wall time")
    assert check(answer, Rules(fail_over=3)).outcome == "pass"
