"""Launches of the same kernel on the same work as one row."""

from __future__ import annotations

import analysis_factory as factory
import polars as pl
import pytest

from ncutool.analysis.groups import detail, grouped, label


def test_every_launch_is_in_one_group_and_sums_stay_right() -> None:
    """Groups count each launch once; their times sum to the launches' time."""
    kernels = factory.trace(200).kernels
    groups, membership = grouped(kernels)
    assert membership.len() == kernels.height
    assert membership.null_count() == 0
    assert groups["launches"].sum() == kernels.height
    assert groups["duration_ns"].sum() == kernels["duration_ns"].sum()
    assert groups["share_pct"].sum() == pytest.approx(100)
    assert groups["duration_ns"].is_sorted(descending=True)


def test_figures_of_a_group_come_from_its_sums() -> None:
    """Intensity and rates are quotients of sums, not means of quotients."""
    kernels = factory.trace(60).kernels
    groups, membership = grouped(kernels)
    matrix = groups.filter(pl.col("op") == "aten::mm").row(0, named=True)
    rows = kernels.filter(membership == matrix["group"])
    flop, data = float(rows["flop"].sum()), float(rows["dram_bytes"].sum())
    seconds = float(rows["duration_ns"].sum()) / 1e9
    assert matrix["intensity_flop_per_byte"] == pytest.approx(flop / data)
    assert matrix["achieved_flop_per_s"] == pytest.approx(flop / seconds)
    assert matrix["roofline_pct"] == pytest.approx(
        100 * matrix["achieved_flop_per_s"] / matrix["attainable_flop_per_s"]
    )


def test_unknown_work_stays_unknown() -> None:
    """A group without FLOPs has null figures, never 0; sums leave launches without work out."""
    groups, _ = grouped(factory.trace(60).kernels)
    unknown = groups.filter(pl.col("kernel") == "triton_poi_fused_custom").row(0, named=True)
    assert unknown["flop"] is None
    assert unknown["intensity_flop_per_byte"] is None
    assert unknown["roofline_pct"] is None
    copies = groups.filter(pl.col("bound") == "copy").row(0, named=True)
    assert copies["flop"] == 0
    assert copies["intensity_flop_per_byte"] == 0


def test_mixed_launches_take_the_bound_of_most_time_and_name_all_sources() -> None:
    """The bound that holds most of a group's time is the group's; sources are all named."""
    rows = factory.torch_rows(8)
    alike = [row for row in rows if row["op"] == "aten::mm"]
    alike[0] |= {"bound": "memory", "duration_ns": 10 * alike[1]["duration_ns"]}
    alike[1] |= {"flop_source": "joined"}
    groups, _ = grouped(factory.table(alike))
    assert groups["bound"].to_list() == ["memory"]
    assert groups["flop_source"].to_list() == ["mixed: joined, shape"]
    assert groups["bounds"].to_list() == [2]


def test_reports_are_grouped_by_geometry_and_traces_by_shapes() -> None:
    """A report has no shapes: the same kernel with another grid is other work."""
    groups, _ = grouped(factory.report(8).kernels)
    assert groups.height == 6
    assert detail(groups.row(0, named=True)) == "128 blocks of 256"
    shapes, _ = grouped(factory.trace(60).kernels)
    assert detail(shapes.row(0, named=True)) == "[16,559,16,64] × [16,559,16,64]"


def test_launches_without_time_form_groups_without_shares() -> None:
    """No duration gives no share and no rate, and no error."""
    groups, membership = grouped(factory.everything_null(3).kernels)
    assert groups["launches"].to_list() == [3]
    assert groups["timed"].to_list() == [0]
    assert groups["share_pct"].to_list() == [None]
    assert membership.to_list() == [0, 0, 0]
    zero, _ = grouped(factory.zero_durations().kernels)
    assert zero["achieved_flop_per_s"].null_count() == zero.height


def test_an_empty_table_has_no_groups() -> None:
    """Nothing in, nothing out."""
    groups, membership = grouped(factory.table([]))
    assert groups.height == 0
    assert membership.len() == 0


def test_label_prefers_the_operator() -> None:
    """People know launches by their operator, without the namespace all share."""
    assert label("aten::mm", "sm90_gemm") == "mm"
    assert label("vllm::moe", "kernel") == "vllm::moe"
    assert label(None, "sm90_gemm") == "sm90_gemm"
