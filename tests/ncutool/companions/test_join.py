"""Counters of a report on the launches of a trace: never guessed, never changing a duration."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trace_factory import BF16, H100, Trace

from ncutool.analysis import analyse, measured_against_modelled
from ncutool.analysis.request import Request
from ncutool.base import tables
from ncutool.companions import join, match
from ncutool.companions import summary as join_summary
from ncutool.companions.figures import DISAGREE, FAILED, SPREAD_OUT
from ncutool.companions.match import AMBIGUOUS, NO_CLASS, NOT_MEASURED, OTHER_GRID, OTHER_SHAPES
from ncutool.companions.work_classes import Measured, Traced
from ncutool.work import shapes
from ncutool_parsers import read
from ncutool_parsers.capture import Capture, DeviceRecord
from ncutool_parsers.errors import UnfitError, UsageError
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.schema import LAUNCHES

SAMPLE = Path(__file__).parents[3] / "reports" / "samples" / "decoder-layer-synthetic"
H100_RECORD = DeviceRecord(0, "NVIDIA H100 80GB HBM3", "9.0", 132)


@dataclass(frozen=True)
class Step:
    """One launch as both tools see it."""

    kernel: str
    grid: int
    m: int | None = None
    """Rows of the product that launched it, [m, 64] x [64, 64]; None outside any operator."""
    flop: float | None = None
    """As counted; what the shapes say where None."""
    bytes: float | None = None
    duration_ns: int = 10_000

    @property
    def counted(self) -> tuple[float, float]:
        """FLOPs and bytes that ncu counts."""
        rows = self.m or 1
        flop = 2.0 * rows * 64 * 64 if self.flop is None else self.flop
        return flop, 4096.0 * rows if self.bytes is None else self.bytes


def trace_of(steps: Sequence[Step], **more: Any) -> Capture:
    """A trace of the steps, each product in an operator of its own."""
    trace = Trace()
    clock = 0
    for place, step in enumerate(steps):
        host = -10_000_000 + 1_000 * place
        kernel: dict[str, Any] = {"called": (host + 100, host + 200)}
        kernel |= {"kernel": step.kernel, "kernel_full": f"void {step.kernel}<4, true>(int)"}
        kernel |= {"grid_x": step.grid, "grid_y": 1, "grid_z": 1}
        kernel |= {"block_x": 128, "block_y": 1, "block_z": 1}
        if step.m is not None:
            dims = [(step.m, 64), (64, 64)]
            kernel["op_id"] = trace.op("aten::mm", host, host + 900, dims, [BF16, BF16])
        trace.kernel(clock, step.duration_ns, **kernel)
        clock += step.duration_ns + 1_000
    return trace.capture(shapes_recorded=True, devices=(H100_RECORD,), **more)


def report_of(steps: Sequence[Step], **more: Any) -> tuple[Capture, pl.DataFrame]:
    """A report of the steps and its work table."""
    launches = [
        {
            "launch_id": place, "category": "kernel", "kernel": step.kernel,
            "kernel_full": f"void {step.kernel}<(int)4, (bool)1>(int)", "duration_ns": 999,
            "grid_x": step.grid, "grid_y": 1, "grid_z": 1,
            "block_x": 128, "block_y": 1, "block_z": 1,
        }
        for place, step in enumerate(steps)
    ]  # fmt: skip
    work = [
        {
            "launch_id": place, "flop": step.counted[0], "flop_source": "counter",
            "dram_bytes": step.counted[1], "bytes_source": "counter", "dtype": "bf16",
            "roof": "bf16_tensor", "peak_flop_per_s": 1e12, "peak_bytes_per_s": 1e11,
        }
        for place, step in enumerate(steps)
    ]  # fmt: skip
    options: dict[str, Any] = {"devices": (H100_RECORD,), "path": Path("hand-made.ncu-rep")} | more
    capture = Capture(
        format=NCU_REPORT, launches=LAUNCHES.conform(pl.DataFrame(launches)), **options
    )
    return capture, tables.WORK.conform(pl.DataFrame(work))


def joined(trace: Sequence[Step], report: Sequence[Step]) -> pl.DataFrame:
    """The work table of the trace's steps with the counters of the report's."""
    capture = trace_of(trace)
    work, _, _ = join.join(capture, shapes.work(capture), *report_of(report))
    return work


LAYER = [
    Step("norm", 8), Step("gemm", 132, 256), Step("act", 16), Step("gemm", 132, 512),
    Step("add", 24), Step("gemm", 132, 1024),
]  # fmt: skip


def test_the_same_launches_are_paired_in_order() -> None:
    """Each launch gets its own counters, also where one key did different work."""
    steps = [replace(step, bytes=1000.0 + place) for place, step in enumerate(LAYER)]
    work = joined(steps, steps)
    assert work["dram_bytes"].to_list() == [1000.0 + place for place in range(6)]
    assert work["flop_source"].unique().to_list() == ["joined"]
    assert work["missing_reason"].null_count() == work.height


def test_one_measured_layer_speaks_for_every_layer() -> None:
    """A persistent kernel's three shapes are told apart by their neighbours."""
    work = joined([step for _ in range(4) for step in LAYER], LAYER)
    by_rows = dict(zip(range(6), work["flop"].to_list()[6:12], strict=True))
    assert [by_rows[place] for place in (1, 3, 5)] == [2.0 * m * 64 * 64 for m in (256, 512, 1024)]
    # the short kernels carry no shapes, and one measured launch of each cannot prove the others
    assert work.filter(pl.col("op").is_null())["join_note"].unique().to_list() == [NO_CLASS]


def test_neighbours_tell_even_where_the_flops_do_not() -> None:
    """With padded counters only the order of the launches is left, and it is enough."""
    shaped = [replace(step, m=step.m or 7) for step in LAYER]
    padded = [
        replace(step, flop=1e9 if step.kernel == "gemm" else None, bytes=100.0 + place)
        for place, step in enumerate(shaped)
    ]
    work = joined(shaped * 3, padded)
    assert work["dram_bytes"].to_list() == [100.0 + place for place in range(6)] * 3


def test_different_work_under_one_key_without_order_is_ambiguous() -> None:
    """Two shapes, one kernel and grid, one measured launch with padded FLOPs: nothing is taken."""
    steps = [Step("gemm", 132, 256), Step("gemm", 132, 512)]
    work = joined(steps, [Step("gemm", 132, 256, flop=9e9)])
    assert work["join_note"].to_list() == [AMBIGUOUS] * 2
    assert work["flop_source"].to_list() == ["shape"] * 2
    assert work["modelled_flop"].null_count() == 2


def test_flops_tell_which_shape_was_measured() -> None:
    """A count that is exactly one shape's and no other's goes to that shape alone."""
    steps = [Step("gemm", 132, 256), Step("gemm", 132, 512), Step("gemm", 132, 256)]
    work = joined(steps, [Step("gemm", 132, 512, bytes=77.0)])
    assert work["dram_bytes"].to_list()[1] == 77.0
    assert work["join_note"].to_list()[::2] == [OTHER_SHAPES] * 2


def test_order_that_the_flops_contradict_is_not_followed() -> None:
    """As many launches on both sides, but counted the other way round: no order can be trusted."""
    steps = [Step("gemm", 132, 256), Step("gemm", 132, 512)]
    work = joined(steps, [Step("gemm", 132, 512), Step("gemm", 132, 256)])
    assert work["flop"].to_list() == [2.0 * m * 64 * 64 for m in (256, 512)]


def test_another_grid_never_lends_its_counters() -> None:
    """The same kernel with another grid did other work."""
    work = joined([Step("gemm", 64, 256)], [Step("gemm", 128, 256)])
    assert work["join_note"].to_list() == [OTHER_GRID]
    assert work["bytes_source"].to_list() == ["shape"]


def test_a_kernel_that_was_not_measured_keeps_its_model() -> None:
    """A report of one kernel says nothing of the others."""
    work = joined(LAYER, [Step("norm", 8)])
    assert work["join_note"].to_list()[1:] == [NOT_MEASURED] * 5
    assert work["flop_source"].to_list()[1] == "shape"


def test_without_shapes_agreeing_launches_speak_for_steady_ones() -> None:
    """Two measured launches agree and the others take as long: they did the same work; one that
    takes twice as long did not."""
    steps = [Step("norm", 8, duration_ns=40_000)] * 19 + [Step("norm", 8, duration_ns=80_000)]
    work = joined(steps, [Step("norm", 8, bytes=50.0)] * 2)
    assert work["dram_bytes"].to_list() == [50.0] * 19 + [None]
    assert work["join_note"][19] == NO_CLASS


def test_without_shapes_times_that_tell_nothing_are_not_trusted() -> None:
    """Launches of a few microseconds all take as long, whatever they do; and where durations
    differ the counters that agree are of some of them only."""
    short = joined([Step("norm", 8, duration_ns=5_000)] * 10, [Step("norm", 8)] * 2)
    assert short["join_note"].unique().to_list() == [NO_CLASS]
    steps = [Step("norm", 8, duration_ns=40_000 * (1 + place)) for place in range(10)]
    work = joined(steps, [Step("norm", 8)] * 2)
    assert work["join_note"].unique().to_list() == [NO_CLASS]


def test_as_many_launches_by_chance_are_not_taken_in_order() -> None:
    """Two of the trace's launches took long enough and two were measured: neither is the first."""
    steps = [Step("norm", 8, duration_ns=40_000)] * 2 + [Step("norm", 8, duration_ns=50_000)]
    found = joined(steps, [Step("norm", 8, bytes=size) for size in (100.0, 110.0)])
    assert found["dram_bytes"].drop_nulls().unique().to_list() == [100.0]


def test_bytes_that_spread_are_said_and_too_wide_ones_refused() -> None:
    """Up to 15 % the middle is taken and its spread said; beyond, bytes stay modelled."""
    steps = [Step("gemm", 132, 256)] * 5
    near = joined(steps, [replace(steps[0], bytes=value) for value in (100.0, 104.0, 110.0)])
    assert near["dram_bytes"].to_list() == [104.0] * 5
    assert "spread 9.6 %" in near["remark"][0]
    far = joined(steps, [replace(steps[0], bytes=value) for value in (100.0, 140.0)])
    assert far["bytes_source"].to_list() == ["shape"] * 5
    assert far["flop_source"].to_list() == ["joined"] * 5
    assert SPREAD_OUT in far["join_note"][0]


def test_flops_that_differ_are_not_averaged() -> None:
    """Launches of one shape that did different numbers of operations depend on their data."""
    steps = [Step("gemm", 132, 256)] * 5
    work = joined(steps, [replace(steps[0], flop=value) for value in (2.0e6, 2.1e6)])
    assert work["flop_source"].to_list() == ["shape"] * 5
    assert DISAGREE in work["join_note"][0]


def test_a_failed_measurement_says_so() -> None:
    """A launch of the report without counters gives none, and the note says why."""
    capture = trace_of([Step("gemm", 132, 256)])
    report, work = report_of([Step("gemm", 132, 256)])
    empty = work.with_columns(
        flop=pl.lit(None, pl.Float64), dram_bytes=pl.lit(None, pl.Float64),
        flop_source=pl.lit("none"), bytes_source=pl.lit("none"),
    )  # fmt: skip
    found, summary, _ = join.join(capture, shapes.work(capture), report, empty)
    assert FAILED in found["join_note"][0]
    assert summary.launches == 0
    assert summary.unmeasured[0].reason == FAILED


def test_measured_over_modelled_is_of_the_whole_operator() -> None:
    """An operator of two kernels has one model: the ratio holds their measured sum against it."""
    trace = Trace()
    op = trace.op("aten::mm", 0, 900, [(256, 64), (64, 64)], [BF16, BF16])
    more: dict[str, Any] = {"grid_x": 8, "grid_y": 1, "grid_z": 1}
    more |= {"block_x": 128, "block_y": 1, "block_z": 1, "op_id": op}
    for number, name in enumerate(("gemm", "splitKreduce_kernel")):
        called = (100 + number, 101 + number)
        more |= {"kernel": name, "kernel_full": f"void {name}<4, true>(int)", "called": called}
        trace.kernel(10_000 + 5_000 * number, 4_000, **more)
    capture = trace.capture(shapes_recorded=True, devices=(H100_RECORD,))
    model = shapes.work(capture)
    report = report_of(
        [Step("gemm", 8, bytes=50_000.0), Step("splitKreduce_kernel", 8, bytes=10.0)]
    )
    work, _, _ = join.join(capture, model, *report)
    ratio = 50_010.0 / float(model["dram_bytes"].sum())
    assert work["bytes_measured_over_modelled"].to_list() == pytest.approx([ratio] * 2)
    half = report_of([Step("gemm", 8, bytes=50_000.0)])
    work, _, _ = join.join(capture, model, *half)
    assert work["bytes_measured_over_modelled"].to_list() == [None, None]


def test_work_beyond_15_percent_of_the_model_is_flagged_with_a_cause() -> None:
    """Redundant traffic and cached output have different causes; 15 % either way is let be."""
    capture = trace_of([Step("gemm", place, 65_536) for place in (1, 2, 3)])
    model = shapes.work(capture)["dram_bytes"][0]
    steps = [
        Step("gemm", place, 65_536, bytes=model * times)
        for place, times in ((1, 2.0), (2, 1.1), (3, 0.5))
    ]
    report, report_work = report_of(steps)
    work, _, _ = join.join(capture, shapes.work(capture), report, report_work)
    frame = capture.launches.join(work, on="launch_id").with_columns(flag=pl.lit(None, pl.String))
    flags = join_summary.with_flags(frame, H100)["flag"].to_list()
    assert flags[0].startswith("measured DRAM bytes are 2.0 × the modelled: data are read again")
    assert flags[1] is None
    assert flags[2].startswith("measured DRAM bytes are 0.5 × the modelled: ")


def test_captures_of_different_devices_are_not_joined() -> None:
    """Counters of one device say nothing of another."""
    capture = trace_of(LAYER)
    report = report_of(LAYER, devices=(DeviceRecord(0, "NVIDIA A100", "8.0", 108),))
    with pytest.raises(UnfitError, match="counters of one device say nothing of another"):
        join.join(capture, shapes.work(capture), *report)


def test_an_unnamed_device_is_said() -> None:
    """Where a capture names no device, the join is done and the doubt is said."""
    capture = trace_of(LAYER)
    _, _, notices = join.join(capture, shapes.work(capture), *report_of(LAYER, devices=()))
    assert any(notice.code == "join_device" for notice in notices)


def test_two_reports_or_two_traces_are_refused() -> None:
    """A join needs one of each."""
    capture, (report, _) = trace_of(LAYER), report_of(LAYER)
    with pytest.raises(UsageError, match="is no ncu report"):
        analyse.analyse(capture, companions=analyse.Companions(ncu=capture))
    with pytest.raises(UsageError, match="is no trace"):
        analyse.analyse(report, companions=analyse.Companions(ncu=report))


def test_what_was_not_measured_is_said_with_its_time() -> None:
    """The shares of measured and unmeasured time add up to the whole."""
    capture = trace_of(LAYER * 3)
    _, summary, notices = join.join(
        capture, shapes.work(capture), *report_of([*LAYER, Step("stranger", 5)])
    )
    assert summary.bytes_pct is not None
    assert summary.bytes_pct + sum(rest.pct for rest in summary.unmeasured) == pytest.approx(100)
    assert summary.unused_kernels == ("stranger",)
    assert {"joined", "join_unmeasured", "join_unused"} <= {notice.code for notice in notices}


@pytest.fixture(scope="module")
def sample() -> analyse.Analysis:
    """The shipped trace with the shipped report's counters."""
    return analyse.read_and_analyse(
        SAMPLE / "decoder-layer-synthetic.json.gz",
        Request(ncu=SAMPLE / "decoder-layer-synthetic.ncu-rep"),
    )


def test_the_sample_layers_are_measured(sample: analyse.Analysis) -> None:
    """The report holds one layer of the prefill and of a decode step: every layer is joined."""
    in_layers = sample.kernels.filter(
        (pl.col("category") == "kernel")
        & ~pl.col("op").is_in(["aten::index_select", "aten::argmax"])
        & (pl.col("grid_x") != 500)  # the vocabulary's product follows the last layer
    )
    own = in_layers.filter(pl.col("bytes_source") == "joined")["duration_ns"].sum()
    assert int(own) >= 0.95 * int(in_layers["duration_ns"].sum())
    assert sample.join is not None
    assert sample.join.measured_launches == 75
    assert sample.join.unused_launches == 0


def test_the_sample_keeps_its_times_and_the_devices_peaks(sample: analyse.Analysis) -> None:
    """A report's durations and peaks are those of its own clocks, and stay out."""
    plain = analyse.read_and_analyse(SAMPLE / "decoder-layer-synthetic.json.gz")
    assert sample.kernels["duration_ns"].equals(plain.kernels["duration_ns"])
    assert sample.kernels["start_ns"].equals(plain.kernels["start_ns"])
    assert "record" not in sample.kernels["peak_source"].to_list()
    assert sample.kernels["sm_sol_pct"].null_count() == sample.kernels.height
    joint = sample.kernels.filter(pl.col("flop_source") == "joined")
    assert joint["remark"].str.contains("cold caches").all()


def test_the_samples_products_have_the_flops_of_their_own_shapes(
    sample: analyse.Analysis,
) -> None:
    """Three products share one kernel and a grid of 132: none has another's FLOPs."""
    products = sample.kernels.filter(
        (pl.col("op") == "aten::mm")
        & (pl.col("grid_x") == 132)
        & (pl.col("signature").is_not_null())
    )
    assert products.height > 4
    assert products["flop_measured_over_modelled"].to_list() == pytest.approx(
        [1.0] * products.height
    )


def test_the_table_of_measured_work_sums_to_what_was_joined(sample: analyse.Analysis) -> None:
    """Groups hold every joined launch once, the longest first."""
    table = measured_against_modelled.against_model(sample.kernels)
    assert sample.join is not None
    assert table["launches"].sum() == sample.join.launches
    assert table["duration_ns"].is_sorted(descending=True)


STEPS = st.lists(
    st.builds(
        Step,
        kernel=st.sampled_from(["gemm", "norm", "act"]),
        grid=st.sampled_from([8, 132]),
        m=st.sampled_from([None, 64, 128, 256]),
        bytes=st.sampled_from([None, 5000.0, 6000.0]),
        duration_ns=st.integers(1, 50_000),
    ),
    min_size=1,
    max_size=24,
)


@given(STEPS, STEPS)
@settings(max_examples=60, deadline=None)
def test_no_figure_leaves_its_kernel_and_grid(ours: list[Step], theirs: list[Step]) -> None:
    """Whatever the captures hold, a joined figure was measured with that kernel and grid, every
    kernel says how it was joined or why not, and no source is invented."""
    capture = trace_of(ours)
    work, _, _ = join.join(capture, shapes.work(capture), *report_of(theirs))
    for step, row in zip(ours, work.iter_rows(named=True), strict=True):
        same = [one.counted for one in theirs if (one.kernel, one.grid) == (step.kernel, step.grid)]
        if row["flop_source"] == "joined":
            assert row["flop"] in [flop for flop, _ in same]
        if row["bytes_source"] == "joined":
            assert row["dram_bytes"] in [size for _, size in same]
        assert row["join_note"]
        assert (row["flop"] is None) == (row["flop_source"] == "none")
        assert (row["dram_bytes"] is None) == (row["bytes_source"] == "none")


@given(STEPS, STEPS, st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_does_not_matter(
    ours: list[Step], theirs: list[Step], chance: random.Random
) -> None:
    """Order is told by times and numbers, not by where a row lies in its table."""
    capture = trace_of(ours)
    report, report_work = report_of(theirs)
    model = shapes.work(capture)
    expected, _, _ = join.join(capture, model, report, report_work)

    def mixed(frame: pl.DataFrame) -> pl.DataFrame:
        rows = list(range(frame.height))
        chance.shuffle(rows)
        return frame[rows]

    shuffled = replace(capture, launches=mixed(capture.launches))
    again, _, _ = join.join(
        shuffled, mixed(model), replace(report, launches=mixed(report.launches)), mixed(report_work)
    )
    assert again.equals(expected)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_a_report_of_everything_measures_everything(steps: list[Step]) -> None:
    """With every launch measured, each gets its own counters, or counters equal to them."""
    capture = trace_of(steps)
    work, summary, _ = join.join(capture, shapes.work(capture), *report_of(steps))
    for step, row in zip(steps, work.iter_rows(named=True), strict=True):
        if row["flop_source"] == "joined":
            assert (row["flop"], row["dram_bytes"]) == step.counted
    assert summary.flop_pct == pytest.approx(100)


def test_the_matching_covers_each_launch_once() -> None:
    """A launch is in one group or has one reason, never both."""
    trace = [Traced(n, "k", ("k", n % 3), work_class=n % 2) for n in range(12)]
    report = [Measured(n, "k", ("k", n % 2)) for n in range(4)]
    found = match.match(trace, report)
    grouped = [one for group in found.groups for one in group.traced]
    assert sorted([*grouped, *found.unmatched]) == list(range(12))


TRACES = (
    "a100-particle-transformer-b016", "a100-switch-transformer", "b200-vllm-moe-prefill-8rank",
    "h100-qwen1.5-0.5b-prefill", "h100-vit-inference", "mi300x-timesformer-inference",
    "v100-resnet50-2021",
)  # fmt: skip


@pytest.mark.parametrize("blind", [False, True], ids=["shapes", "no-shapes"])
@pytest.mark.parametrize("name", TRACES)
def test_no_launch_of_a_real_program_gets_anothers_work(
    corpus: Path, name: str, blind: bool
) -> None:
    """A report is made from stretches of a real trace, its counters those of each launch's own
    shapes: whatever is joined must be the launch's own work, also where shapes are hidden."""
    trace = read(corpus / "torch" / f"{name}.json.gz")
    model = shapes.work(trace)
    seen, work = trace, model
    if blind:
        hidden = ("op", "signature", "flop", "dram_bytes", "missing_reason", "remark")
        work = model.with_columns(
            *(pl.lit(None, dtype=model.schema[column]).alias(column) for column in hidden),
            flop_source=pl.lit("none"),
            bytes_source=pl.lit("none"),
        )
        seen = replace(trace, launches=trace.launches.with_columns(op_id=pl.lit(None, pl.Int64)))
    kernels = trace.launches.filter(pl.col("category") == "kernel").sort("launch_id")
    alone = pl.len().over("op_id") == 1
    own = kernels.filter(alone & pl.col("op_id").is_not_null())["launch_id"]
    chance = random.Random(name)
    for part in (3, 7, 20):
        length = max(5, kernels.height // part)
        begin = chance.randrange(kernels.height - length)
        stretch = kernels[begin : begin + length]
        numbers = pl.Series("launch_id", range(length))
        counted = model.join(stretch.select("launch_id"), on="launch_id", how="semi")
        report = replace(
            trace, format=NCU_REPORT, path=Path("x.ncu-rep"), launches=stretch.with_columns(numbers)
        )
        counted = counted.sort("launch_id").with_columns(numbers)
        found, _, _ = join.join(seen, work, report, counted)
        rows = found.join(model, on="launch_id", suffix="_own").filter(
            pl.col("launch_id").is_in(own.implode())
        )
        flops = rows.filter(pl.col("flop_source") == "joined")
        assert flops.filter(pl.col("flop") != pl.col("flop_own")).is_empty()
        sizes = rows.filter((pl.col("bytes_source") == "joined") & (pl.col("dram_bytes_own") > 0))
        off = (pl.col("dram_bytes") / pl.col("dram_bytes_own") - 1).abs()
        assert sizes.filter(off > 0.15).is_empty()
