"""What-ifs on the shipped samples and on real captures: identities, bounds, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from analysis_factory import with_parts
from msgspec import structs

from ncutool import whatif
from ncutool.advice.view.finding import Advice
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.analysis.request import Request
from ncutool.base import units
from ncutool_parsers.errors import CaptureError, UnfitError, UsageError

SAMPLE = Path(__file__).resolve().parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
H100_TO_H200 = 4.8 / 3.35

QUESTIONS: tuple[dict[str, Any], ...] = (
    {"on": "h200"},
    {"on": "a100-80gb-sxm"},
    {"batch_scale": 2},
    {"length_scale": 2},
    {"batch_scale": 2, "length_scale": 2},
    {"weights": "fp8"},
    {"weights": "int4", "on": "h200"},
    {"fuse": ("fuse-1",)},
    {"fuse": ("fuse-1", "fuse-2"), "on": "h200"},
    {"graph": True},
    {"graph": True, "weights": "mxfp4"},
    {"batch_scale": 2, "weights": "int8", "on": "h200"},
)


@pytest.fixture(scope="module")
def trace() -> Analysis:
    """The shipped trace: prefill and decoding on an H100."""
    return read_and_analyse(SAMPLE / f"{SAMPLE.name}.json.gz")


@pytest.fixture(scope="module")
def report() -> Analysis:
    """The shipped report of the same program."""
    return read_and_analyse(SAMPLE / f"{SAMPLE.name}.ncu-rep")


def times(answer: whatif.Answer) -> pl.DataFrame:
    """Each launch's interval, in one order."""
    return answer.launches.select("launch_id", "now_ns", "low_ns", "high_ns").sort("launch_id")


def unchanged(answer: whatif.Answer) -> None:
    """Every time is exactly what was recorded."""
    for bounds in (answer.kernel_time, answer.end_to_end):
        assert bounds is None or bounds.low_ns == bounds.high_ns == bounds.now_ns
    found = times(answer)
    assert found["low_ns"].to_list() == found["high_ns"].to_list() == found["now_ns"].to_list()


def test_the_same_device_changes_nothing(trace: Analysis, report: Analysis) -> None:
    """`--on` the capture's own device gives back every duration exactly, of either format."""
    unchanged(whatif.ask(trace, on="h100-sxm"))
    unchanged(whatif.ask(report, on="h100-sxm"))


def test_scales_of_one_change_nothing(trace: Analysis) -> None:
    """A batch and a length times 1 are the recording itself."""
    unchanged(whatif.ask(trace, batch_scale=1, length_scale=1))


@pytest.mark.parametrize("asked", QUESTIONS, ids=str)
def test_low_is_never_above_high(trace: Analysis, asked: dict[str, Any]) -> None:
    """Of every launch, group and sum, for every question and combination."""
    answer = whatif.ask(trace, **asked)
    assert answer.launches.height == trace.kernels.height
    for table in (answer.launches, answer.rows):
        assert (table["low_ns"] <= table["high_ns"]).all()
        assert (table["low_ns"] >= 0).all()
    assert answer.end_to_end is not None
    assert answer.kernel_time.low_ns <= answer.kernel_time.high_ns
    assert answer.end_to_end.low_ns <= answer.end_to_end.high_ns
    assert answer.end_to_end.now_ns == trace.window_ns
    assert answer.kernel_time.now_ns == trace.kernels["duration_ns"].sum()
    assert answer.rows["now_ns"].sum() == answer.kernel_time.now_ns


@pytest.mark.parametrize("asked", QUESTIONS, ids=str)
def test_the_order_of_rows_changes_nothing(trace: Analysis, asked: dict[str, Any]) -> None:
    """Shuffled tables give the same intervals and the same window."""
    capture = trace.capture
    mixed = with_parts(
        trace,
        kernels=trace.kernels.sample(fraction=1, shuffle=True, seed=7),
        capture=replace(
            capture, launches=capture.launches.sample(fraction=1, shuffle=True, seed=8)
        ),
    )
    straight, shuffled = whatif.ask(trace, **asked), whatif.ask(mixed, **asked)
    assert shuffled.end_to_end == straight.end_to_end
    one, other = times(straight), times(shuffled)
    assert one["launch_id"].to_list() == other["launch_id"].to_list()
    for end in ("low_ns", "high_ns"):
        assert other[end].to_list() == pytest.approx(one[end].to_list(), rel=1e-9)
    assert shuffled.kernel_time.high_ns == pytest.approx(straight.kernel_time.high_ns, rel=1e-9)


@pytest.mark.parametrize("option", ["batch_scale", "length_scale"])
def test_time_grows_with_the_scale(trace: Analysis, option: str) -> None:
    """Both ends of kernel time, and the window's, never fall from one scale to the next."""
    scales = (1.25, 1.5, 2, 3, 4, 8, 16)
    asked: list[dict[str, Any]] = [{option: scale} for scale in scales]
    found = [whatif.ask(trace, **each) for each in asked]
    for ends in (
        [one.kernel_time.low_ns for one in found],
        [one.kernel_time.high_ns for one in found],
        [one.end_to_end.low_ns for one in found if one.end_to_end],
        [one.end_to_end.high_ns for one in found if one.end_to_end],
    ):
        assert ends == sorted(ends)
    assert found[-1].kernel_time.low_ns > found[-1].kernel_time.now_ns


def test_no_launch_gains_more_than_bandwidth_from_h100_to_h200(trace: Analysis) -> None:
    """The compute peaks are the same: 4.8 / 3.35 = 1.433 is all there is, and memory-bound
    launches get just that."""
    answer = whatif.ask(trace, on="h200")
    found = answer.launches.with_columns(gain=pl.col("now_ns") / pl.col("low_ns"))
    assert found["gain"].max() == pytest.approx(H100_TO_H200, rel=1e-4)
    memory = found.filter(pl.col("by") == "memory")
    assert memory.height > 0
    assert memory["gain"].min() == pytest.approx(H100_TO_H200, rel=1e-4)
    kept = found.filter(pl.col("by") == "compute")
    assert kept.height > 0
    assert kept["gain"].is_between(1 - 1e-6, H100_TO_H200).all()
    assert (found["high_ns"] <= found["now_ns"] * (1 + 1e-9)).all()


def test_communication_and_host_copies_are_not_scaled(corpus: Path) -> None:
    """Links are in no table: their launches keep their times, and their share is said."""
    analysis = read_and_analyse(corpus / "torch" / "v100-dlrm-8rank-rank0.json.gz")
    answer = whatif.ask(analysis, on="h100-sxm")
    talk = analysis.kernels.filter(pl.col("bound") == "communication")["launch_id"]
    rows = answer.launches.filter(pl.col("launch_id").is_in(talk.implode()))
    assert rows.height == 8
    assert rows["low_ns"].to_list() == rows["high_ns"].to_list() == rows["now_ns"].to_list()
    [said] = [one for one in answer.unchanged if one.what == "communication"]
    assert said.launches == 8
    assert said.pct == pytest.approx(84.6, abs=0.1)


def test_one_finding_alone_saves_what_rank_says(trace: Analysis) -> None:
    """The ledger and the replay are the same: bounds end to end are those of the finding alone."""
    for finding in trace.findings:
        if finding.per != "window":
            continue
        answer = whatif.ask(trace, fuse=(finding.id,))
        assert answer.end_to_end is not None
        saved = answer.end_to_end.now_ns - answer.end_to_end.high_ns
        assert saved == finding.alone_low_ns, finding.id
        assert answer.end_to_end.now_ns - answer.end_to_end.low_ns == finding.alone_high_ns, (
            finding.id
        )
        assert [one.id for one in answer.findings] == [finding.id]


def test_launches_below_the_clock_do_not_matter(corpus: Path) -> None:
    """A microsecond clock records some launches of a finding as 0 ns long: the rest counts."""
    analysis = read_and_analyse(corpus / "torch" / "v100-resnet50-2021.json.gz")
    zero = set(analysis.kernels.filter(pl.col("duration_ns") == 0)["launch_id"])
    fused = [one for one in analysis.findings if one.kind == "fuse"]
    [finding, *_] = [one for one in fused if zero & set(one.launches)]
    answer = whatif.ask(analysis, fuse=(finding.id,))
    assert answer.end_to_end is not None
    assert answer.end_to_end.now_ns - answer.end_to_end.high_ns == finding.alone_low_ns
    assert answer.end_to_end.now_ns - answer.end_to_end.low_ns == finding.alone_high_ns


def test_other_launches_are_untouched_by_a_finding(trace: Analysis) -> None:
    """Only launches that the finding names take another time."""
    [finding] = [one for one in trace.findings if one.id == "fuse-1"]
    found = whatif.ask(trace, fuse=("fuse-1",)).launches
    changed = found.filter(
        (pl.col("low_ns") != pl.col("now_ns")) | (pl.col("high_ns") != pl.col("now_ns"))
    )
    assert set(changed["launch_id"]) <= set(finding.launches)
    assert changed.height > 0


def test_graph_alone_keeps_kernel_time(trace: Analysis) -> None:
    """A graph removes gaps, no kernel's time."""
    answer = whatif.ask(trace, graph=True)
    assert answer.kernel_time.low_ns == answer.kernel_time.high_ns == answer.kernel_time.now_ns
    assert answer.end_to_end is not None
    assert answer.end_to_end.high_ns < answer.end_to_end.now_ns
    assert [one.id for one in answer.findings] == ["graph-1"]


def test_narrow_weights_save_at_most_their_bytes(trace: Analysis) -> None:
    """A product of four rows is 99.8 % weights: fp8 halves it at best; one of 4,096 rows is held
    by its arithmetic and gains nothing, and either may cost 15 % to widen."""
    found = whatif.ask(trace, weights="fp8").rows
    [narrow] = found.filter(pl.col("signature") == "[4,2048] × [2048,32000]").to_dicts()
    assert narrow["low_ns"] / narrow["now_ns"] == pytest.approx(0.501, abs=1e-3)
    assert narrow["high_ns"] < narrow["now_ns"]
    [wide] = found.filter(pl.col("signature") == "[4096,2048] × [2048,5632]").to_dicts()
    assert wide["low_ns"] == wide["now_ns"]
    assert wide["high_ns"] == pytest.approx(1.15 * wide["now_ns"], rel=1e-6)
    others = whatif.ask(trace, weights="fp8").launches.filter(pl.col("by") == "kept")
    assert others["low_ns"].to_list() == others["now_ns"].to_list()


def test_narrower_still_saves_no_less(trace: Analysis) -> None:
    """int4 with its scales (0.5195 B) under mxfp4 (0.53125 B) under fp8."""
    lows = [whatif.ask(trace, weights=name).kernel_time.low_ns for name in ("int4", "mxfp4", "fp8")]
    assert lows == sorted(lows)
    assert lows[0] < lows[1] < lows[2]


def test_narrow_inputs_take_the_arithmetic_of_their_type(trace: Analysis) -> None:
    """With fp8 inputs the arithmetic of 4,096 rows takes half at best, or as long as before."""
    found = whatif.ask(trace, weights="fp8", activations="fp8").rows
    [wide] = found.filter(pl.col("signature") == "[4096,2048] × [2048,5632]").to_dicts()
    assert wide["low_ns"] / wide["now_ns"] == pytest.approx(0.5, abs=0.02)
    assert wide["high_ns"] == pytest.approx(1.15 * wide["now_ns"], rel=1e-6)
    with pytest.raises(UsageError, match="goes with --weights"):
        whatif.ask(trace, batch_scale=2, activations="fp8")


def test_weights_of_training_are_refused(corpus: Path) -> None:
    """A backward pass needs them as they are."""
    analysis = read_and_analyse(corpus / "torch" / "v100-dlrm-8rank-rank0.json.gz")
    with pytest.raises(CaptureError, match="a backward pass was recorded"):
        whatif.ask(analysis, weights="fp8")


def test_a_report_has_no_window(report: Analysis) -> None:
    """Kernel time with bounds, and the reason why there is no more; clocks only widen it below."""
    answer = whatif.ask(report, on="h200")
    assert answer.end_to_end is None
    assert "no timeline" in answer.end_to_end_reason
    assert answer.host_limited is None
    memory = answer.launches.filter(pl.col("by") == "memory")
    shares = memory["high_ns"] / memory["now_ns"]
    assert shares.max() == pytest.approx(1 / H100_TO_H200, rel=0.02)
    assert (memory["low_ns"] < memory["high_ns"]).all()
    compute = answer.launches.filter(pl.col("by") == "compute")
    assert (compute["high_ns"] / compute["now_ns"]).to_list() == pytest.approx(
        [1.0] * compute.height, rel=1e-3
    )
    assert (compute["low_ns"] < compute["high_ns"]).all()


@pytest.mark.parametrize(
    "asked",
    [{"batch_scale": 2}, {"weights": "fp8"}, {"fuse": ("fuse-1",)}, {"graph": True}],
    ids=str,
)
def test_a_report_answers_nothing_else(report: Analysis, asked: dict[str, Any]) -> None:
    """It has neither shapes nor a timeline."""
    with pytest.raises(UsageError, match="only --on can be asked"):
        whatif.ask(report, **asked)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "nothing asked"),
        ({"batch_scale": 0}, "--batch-scale must be above 0"),
        ({"length_scale": -2}, "--length-scale must be above 0"),
        ({"batch_scale": float("nan")}, "--batch-scale must be above 0"),
        ({"batch_scale": float("inf")}, "--batch-scale must be above 0"),
        ({"weights": "fp3"}, "no weight type 'fp3'; known are fp8"),
        ({"on": "h9000"}, "no device named 'h9000'"),
        ({"batch": 4}, "give --batch-scale too"),
        ({"batch_scale": 2, "batch": 0}, "--batch must be a whole number from 1"),
        ({"fuse": ("fuse-99",)}, r"no finding fuse-99 here; there are .*fuse-1"),
        ({"fuse": ("fuse-1",), "batch_scale": 2}, "priced at the capture's own sizes"),
        ({"on": "h100"}, "'h100' fits several devices"),
    ],
    ids=str,
)
def test_nonsense_is_refused(trace: Analysis, asked: dict[str, Any], said: str) -> None:
    """One clear line each."""
    with pytest.raises(UsageError, match=said):
        whatif.ask(trace, **asked)


def test_a_saving_per_sample_leaves_the_window(trace: Analysis) -> None:
    """A larger batch serves more samples in the same time; the window and its kernels stay."""
    [grown] = [one for one in trace.findings if one.per == "sample"]
    answer = whatif.ask(trace, fuse=(grown.id,))
    wall = trace.window_ns
    assert answer.end_to_end == whatif.Bounds(wall, wall, wall)
    assert answer.kernel_time.low_ns == answer.kernel_time.high_ns == answer.kernel_time.now_ns
    [carried] = answer.findings
    assert (carried.per, carried.saving_high_ns) == ("sample", grown.alone_high_ns)
    assert f"{grown.id} saves time per sample and does not shorten this window" in answer.notes[0]
    times = wall / (wall - grown.alone_high_ns)
    assert f"up to {units.significant(times)} times the samples in the same time" in answer.notes[0]


def test_a_saving_per_row_leaves_the_window(corpus: Path) -> None:
    """More rows for the weights of a decode step: 0 to 45 % less time per row, the step as long.

    One launch of a kind took over five times what its equals take, and counts as one of them.
    """
    folder = corpus / "torch"
    decode = read_and_analyse(
        folder / "mi300x-sglang-qwen3-8b-decode-graph.json.gz",
        Request(capture_trace=folder / "mi300x-sglang-qwen3-8b-capture.json.gz"),
    )
    answer = whatif.ask(decode, fuse=("batch-1",))
    wall = decode.window_ns
    assert answer.end_to_end == whatif.Bounds(wall, wall, wall)
    assert "up to 1.80 times the rows in the same time" in answer.notes[0]
    both = whatif.ask(decode, fuse=("batch-1", "precision-1"))
    alone = whatif.ask(decode, fuse=("precision-1",))
    assert both.end_to_end == alone.end_to_end
    assert both.kernel_time == alone.kernel_time


def test_without_findings_none_is_carried_out(trace: Analysis) -> None:
    """A capture of which nothing is advised says so."""
    bare = with_parts(trace, advice_with_drafts=Advice())
    with pytest.raises(UnfitError, match="no findings to carry out"):
        whatif.ask(bare, graph=True)


def test_what_does_not_fit_is_refused(trace: Analysis) -> None:
    """One operator's tensors past the device's memory end the question; what fits is not sure."""
    with pytest.raises(CaptureError, match=r"one operator's tensors alone take .* does not fit"):
        whatif.ask(trace, batch_scale=10_000)
    memory = whatif.ask(trace, batch_scale=2).memory
    assert memory.at_least_bytes is not None
    assert memory.at_least_bytes < (memory.device_bytes or 0)
    assert "not known" in memory.said


def test_a_type_without_a_peak_is_refused(trace: Analysis) -> None:
    """bf16 on a V100 cannot be said."""
    with pytest.raises(CaptureError, match="has no peak for bf16_tensor of"):
        whatif.ask(trace, on="v100-sxm2-32gb")


def test_an_unknown_device_is_refused(trace: Analysis) -> None:
    """Without the capture's own peaks nothing can be rescaled."""
    lost = replace(trace, resolution=structs.replace(trace.resolution, device=None))
    with pytest.raises(CaptureError, match="its device is unknown"):
        whatif.ask(lost, on="h200")
    with pytest.raises(CaptureError, match="its device is unknown"):
        whatif.ask(lost, batch_scale=2)


def test_a_capture_without_work_is_refused(corpus: Path) -> None:
    """Kernels alone, without an operator, tell nothing of another device or size."""
    analysis = read_and_analyse(corpus / "torch" / "mi210-gpu-only.json.gz")
    with pytest.raises(CaptureError, match="no launch has FLOPs and bytes"):
        whatif.ask(analysis, on="mi300x")
    with pytest.raises(CaptureError, match="name the batch"):
        whatif.ask(analysis, batch_scale=2)


def test_what_shapes_leave_open_is_bounded_by_both(corpus: Path) -> None:
    """Index lists and collectives of a recommender: not at all to in full."""
    analysis = read_and_analyse(corpus / "torch" / "a100-recommender-train.json.gz")
    answer = whatif.ask(analysis, batch_scale=4)
    open_ = [one for one in answer.unchanged if one.what == "may grow or not"]
    assert sum(one.pct for one in open_) > 40
    rows = answer.launches.filter(pl.col("why").str.contains("may grow or not"))
    assert (rows["high_ns"] / rows["now_ns"]).max() == pytest.approx(4.2, rel=1e-6)
    assert (rows["low_ns"] / rows["now_ns"]).min() == pytest.approx(0.95, rel=1e-6)


def test_what_has_no_model_is_bounded_by_both(corpus: Path) -> None:
    """Mixture-of-experts kernels of a server: their weights do not grow, their work may."""
    analysis = read_and_analyse(corpus / "torch" / "b200-vllm-moe-prefill-8rank.json.gz")
    answer = whatif.ask(analysis, batch_scale=4)
    rows = answer.launches.filter(pl.col("why").str.contains("no model of its work"))
    assert int(rows["now_ns"].sum()) > 0.5 * answer.kernel_time.now_ns
    assert (rows["high_ns"] / rows["now_ns"]).min() == pytest.approx(4.2, rel=1e-6)
    assert (rows["low_ns"] / rows["now_ns"]).max() == pytest.approx(0.95, rel=1e-6)


def test_mostly_untold_captures_are_refused(trace: Analysis) -> None:
    """Where graph replays hide most shapes, what is left says nothing of them."""
    busy = pl.col("duration_ns") > 15_000
    kernels = trace.kernels.with_columns(graph_replay=busy)
    hidden = int(kernels.filter("graph_replay")["duration_ns"].sum())
    assert hidden > 0.5 * int(kernels["duration_ns"].sum())
    with pytest.raises(CaptureError, match=r"shapes tell only .* of the kernel time"):
        whatif.ask(with_parts(trace, kernels=kernels), batch_scale=2, batch=4)


def test_a_step_of_decoding_is_no_length(trace: Analysis) -> None:
    """Decoding's single queries are most of the attentions here; the length is the prompt's."""
    answer = whatif.ask(trace, length_scale=2)
    assert any("length 1024 to 2048" in note for note in answer.notes)
    assert answer.kernel_time.low_ns > 1.3 * answer.kernel_time.now_ns


def test_sizes_can_be_named(corpus: Path) -> None:
    """Where shapes do not tell the batch, the user does."""
    analysis = read_and_analyse(corpus / "torch" / "mi300x-timesformer-inference.json.gz")
    with pytest.raises(CaptureError, match="name the batch"):
        whatif.ask(analysis, batch_scale=2)
    with pytest.raises(CaptureError):
        whatif.ask(analysis, batch_scale=2, batch=999_983)


@pytest.mark.parametrize(
    "name", ["h100-qwen1.5-0.5b-prefill", "a100-particle-transformer-b016", "h100-vit-inference"]
)
def test_real_captures_hold_the_same(corpus: Path, name: str) -> None:
    """Identity on the own device, and low to high for each question that they answer."""
    analysis = read_and_analyse(corpus / "torch" / f"{name}.json.gz")
    assert analysis.resolution.device is not None
    unchanged(whatif.ask(analysis, on=analysis.resolution.device.name))
    questions: list[dict[str, Any]] = [
        {"on": "b200"}, {"batch_scale": 4}, {"weights": "int4"}, {"graph": True},
    ]  # fmt: skip
    for asked in questions:
        answer = whatif.ask(analysis, **asked)
        assert (answer.launches["low_ns"] <= answer.launches["high_ns"]).all()
        assert answer.end_to_end is not None
        assert answer.end_to_end.low_ns <= answer.end_to_end.high_ns
