"""Small captures made after public reports, with their true values (where they are at hand).

A true value or an honest unknown passes. What each case is about has tests of its own, on inputs
made here; these hold the whole way from a file to the figures that a reader sees.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool.analysis.analyse import Analysis, read_and_analyse

NO_GRAPH = "launch-graph"


@lru_cache
def analysed(path: Path) -> Analysis:
    """The analysis of a capture, made once."""
    return read_and_analyse(path)


@pytest.fixture
def case(corpus: Path) -> Any:
    """The analysis of a case by its file name."""

    def of(name: str) -> Analysis:
        path = corpus / "field_cases" / name
        if not path.exists():
            pytest.skip(f"{name} is not in the corpus beside this checkout")
        return analysed(path)

    return of


def rules(analysis: Analysis) -> set[str]:
    """The rules of what is advised."""
    return {finding.rule for finding in analysis.findings}


def codes(analysis: Analysis) -> set[str]:
    """The codes of the notices."""
    return {notice.code for notice in analysis.notices}


@pytest.mark.parametrize(
    ("name", "column", "values"),
    [
        ("merged_ranks_same_correlation.json", "flop", {2147483648.0, 137438953472.0}),
        ("rocm_shared_correlation.json", "flop", {268435456.0, 1099511627776.0}),
        ("tunableop_in_window.json", "flop", {137438953472.0}),
        ("b300_fp8_counter_variants.ncu-rep", "flop", {137438953472.0}),
        ("mm_out_dtype.json", "dram_bytes", {4276224.0, 137363456.0}),
        ("complex_mm.json", "flop", {1073741824.0}),
        ("grouped_mm_2d_2d.json", "flop", {17179869184.0}),
        ("efficient_attention_13_arguments.json", "dram_bytes", {161817600.0}),
        ("efficient_attention_14_arguments.json", "dram_bytes", {161817600.0}),
        ("conv1x1_stride2.json", "dram_bytes", {154157056.0}),
        ("upsample_bilinear2d.json", "dram_bytes", {855638016.0}),
        ("xpu_runtime_no_external_id.json", "flop", {4294967296.0}),
        ("nccl_prefixes_in_graph.json", "bound", {"communication"}),
        ("rocm_grid_zero.json", "grid_x", set()),
    ],
)
def test_figures(name: str, column: str, values: set[object], case: Any) -> None:
    """Each known figure of the launches is one of the true ones."""
    known = set(case(name).kernels[column].drop_nulls())
    assert known <= values
    assert known or not values


def test_each_process_keeps_its_own_figures(case: Any) -> None:
    """Device 0 multiplies 1024³, device 1 4096³; the file is said to be of two processes."""
    analysis = case("merged_ranks_same_correlation.json")
    assert set(analysis.kernels.select("device", "flop").drop_nulls().rows()) <= {
        (0, 2147483648.0), (1, 137438953472.0),
    }  # fmt: skip
    assert "2 processes" in analysis.notices[0].text
    assert analysis.findings == ()


@pytest.mark.parametrize("name", ["two_gpus_alternate.json", "two_gpu_models.json"])
def test_each_gpu_has_its_own_idle_time(name: str, case: Any) -> None:
    """Both are busy half of the time, one after the other."""
    timeline = case(name).timeline
    assert (timeline.wall_ns, [part.busy_ns for part in timeline.devices]) == (
        1203250,
        [600375] * 2,
    )


def test_unlike_gpus_have_peaks_of_their_own(case: Any) -> None:
    """An H100 and an A100 in one trace, and in one report."""
    kernels = case("two_gpu_models.json").kernels
    shares = kernels.select(
        "compute_capability", "peak_flop_per_s", pl.col("roofline_pct").round(1)
    )
    assert set(shares.rows()) == {("9.0", 989.4e12, 69.4), ("8.0", 312e12, 220.1)}
    assert kernels.filter(pl.col("roofline_pct") > 100)["flag"].null_count() == 0
    report = case("report_two_devices.ncu-rep").kernels.sort("launch_id")
    assert report["peak_flop_per_s"].to_list() == pytest.approx([54.0672e12, 30.4128e12])
    assert report["peak_bytes_per_s"].to_list() == pytest.approx([5.3248e12, 1.536e12])


def test_impossible_times_are_in_no_sum(case: Any) -> None:
    """One duration of 2 s inside 0.9 ms; records 9 ms early; a clock that is 300 µs off."""
    overrun = case("duration_overruns_successors.json")
    assert overrun.coverage.duration_ns == 39 * 20250
    head = case("head_records_9ms_early.json")
    assert head.timeline.wall_ns < 1_200_000
    off = case("gpu_clock_300us_early.json")
    assert off.timeline.idle_by_cause() == {"queue": 39 * 2000}
    assert NO_GRAPH not in rules(off)


def test_exact_times(case: Any) -> None:
    """Absolute microseconds with decimals: every gap is 61 ns."""
    timeline = case("epoch_float_timestamps.json").timeline
    assert (timeline.busy_ns, timeline.idle_ns) == (12036, 671)
    assert set(timeline.gaps["duration_ns"]) == {61}


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("jit_compile_in_one_op.json", "inside_operator"),
        ("graph_being_captured.json", "graph_capture"),
        ("silent_python_between_steps.json", "silent_host"),
        ("activity_buffer_request_5ms.json", "profiler"),
        ("sampled_ev_idx.json", "ops_missing"),
        ("graph_while_node.json", "unexplained"),
        ("kernel_records_dropped_host_bound.json", "unexplained"),
    ],
)
def test_most_idle_time_has_its_cause_and_no_graph_saves_it(
    name: str, cause: str, case: Any
) -> None:
    """What the recording shows is named, what it does not show is not, and no graph is advised."""
    analysis = case(name)
    causes = analysis.timeline.idle_by_cause()
    assert max(causes, key=lambda each: causes[each]) == cause
    assert NO_GRAPH not in rules(analysis)


@pytest.mark.parametrize(
    "name", ["graph_while_node.json", "kernel_records_dropped_host_bound.json"]
)
def test_windows_with_holes_are_not_trustworthy(name: str, case: Any) -> None:
    """Work that the trace does not hold makes busy and idle doubtful."""
    assert not case(f"{name}.json").timeline.trustworthy


def test_damage_costs_one_event(case: Any) -> None:
    """All 400 launches are whole in the file, and the loss is said."""
    analysis = case("unescaped_quote_single.json")
    assert analysis.kernels.height == 400
    assert "damaged" in codes(analysis)


def test_the_roof_of_attention_is_not_read_from_part_of_a_name(case: Any) -> None:
    """50.5 % of the roof of BF16."""
    row = case("attention_kernel_named_dot_product.json").kernels.row(0, named=True)
    assert (row["roof"], round(row["roofline_pct"], 1)) == ("bf16_tensor", 50.5)


def test_nothing_is_switched_on_that_is_on(case: Any) -> None:
    """A tuner's trials are no slow products."""
    analysis = case("tunableop_in_window.json")
    assert not any("TunableOp" in finding.remedy for finding in analysis.findings)
    tried = set(analysis.kernels.filter(pl.col("trial").fill_null(value=False))["launch_id"])
    assert tried
    assert not any(tried & set(finding.launches) for finding in analysis.findings)


def test_who_called_it(case: Any) -> None:
    """Gradients that autograd adds up are no optimizer's steps; copies of a sort feed no graph."""
    assert "fuse-optimizer" not in rules(case("accumulate_grad_adds.json"))
    assert "copy-static" not in rules(case("dtod_in_sort_beside_graph.json"))


def test_every_operator_of_the_engines_has_a_figure_or_a_reason(case: Any) -> None:
    """Fourteen operators, none of which is merely unheard of."""
    kernels = case("ops_zoo.json").kernels
    assert kernels.height == 14
    unknown = kernels.filter(pl.col("flop").is_null() & pl.col("dram_bytes").is_null())
    assert unknown["missing_reason"].null_count() == 0
    assert not kernels["missing_reason"].str.contains("no model").any()


@pytest.mark.parametrize("name", ["control_small_skew.json", "steps_plain.json"])
def test_controls_raise_no_alarm(name: str, case: Any) -> None:
    """Ordinary skew and plain steps: a graph is advised, nothing is doubted."""
    analysis = case(f"controls/{name}")
    assert analysis.timeline.trustworthy
    assert not codes(analysis) & {"before_call", "overruns_next", "clocks_apart", "processes"}
    assert NO_GRAPH in rules(analysis)


def test_plain_steps_stay_four(case: Any) -> None:
    """Their annotations are counted."""
    assert case("controls/steps_plain.json").timeline.steps == 4
