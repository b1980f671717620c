"""Charts as what they say: their data, their scales, their marks."""

from __future__ import annotations

from typing import Any

import analysis_factory as factory
import pytest

from ncutool import charts
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.capture_roofs import Reached, roofs_of
from ncutool.analysis.groups import grouped
from ncutool.analysis.looks import COLORS
from ncutool.base.tables import BOUNDS
from ncutool.charts.palette import Palette
from ncutool.charts.strip import end_pct, strip_points


def _roofline(analysis: Analysis, **options: Any) -> dict[str, Any]:
    groups, _ = grouped(analysis.kernels)
    roofs = roofs_of(analysis)
    assert roofs is not None
    points = charts.roofline_points(groups)
    spec: dict[str, Any] = charts.roofline(groups, points, roofs, **options).to_dict()
    return spec


def _layers(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {layer["name"].removesuffix("_0"): layer for layer in spec["vconcat"][0]["layer"]}


def _rows(spec: dict[str, Any], name: str) -> list[dict[str, Any]]:
    data = _layers(spec)[name]["data"]
    rows: list[dict[str, Any]] = data.get("values") or spec["datasets"][data["name"]]
    return rows


def test_the_roofline_is_valid_and_has_a_mark_a_group() -> None:
    """altair validates it against vega-lite's schema; groups with work have one mark each."""
    spec = _roofline(factory.trace(100))
    points = _rows(spec, "groups")
    assert [point["bound"] for point in points] == ["latency", "compute", "memory", "memory"]
    assert {point["work"] for point in points if point["kernel"] == "mm"} == {
        "[8944,1024] × [1024,2816]"
    }
    sizes = [point["size"] / point["ms"] for point in points if point["size"] > 24]
    assert max(sizes) == pytest.approx(min(sizes), rel=1e-3)


def test_shape_tells_the_bound_as_colour_does() -> None:
    """Memory is a round mark, compute a square, latency a triangle; below a roof is pale."""
    rows = factory.torch_rows(100)
    for row in rows:
        if row.get("op") == "aten::add":
            row["bound"] = "below_memory_roof"
    points = {row["bound"]: row for row in _rows(_roofline(factory.analysis(rows)), "groups")}
    shapes = {bound: row["shape"] for bound, row in points.items()}
    assert shapes == {
        "memory": "circle", "below_memory_roof": "circle", "compute": "square",
        "latency": "triangle-up",
    }  # fmt: skip
    pale, solid = points["below_memory_roof"], points["memory"]
    assert (pale["fill"], pale["filling"], pale["stroke"]) == ("#356bd8", 0.3, "#356bd8")
    assert (solid["fill"], solid["filling"], solid["stroke"]) == ("#356bd8", 1.0, "#ffffff")


def test_axes_are_logarithmic_and_hold_every_point_and_ridge() -> None:
    """No point and no ridge lies outside what is drawn first."""
    spec = _roofline(factory.trace(100))
    line = _layers(spec)["lines"]
    for axis in ("x", "y"):
        scale = line["encoding"][axis]["scale"]
        assert scale["type"] == "log"
        low, high = scale["domain"]
        for point in _rows(spec, "groups") + _rows(spec, "lines"):
            assert low * 0.999 <= point[axis] <= high * 1.001


def test_specks_far_out_are_marked_at_the_edge() -> None:
    """A launch of 0.01 % of the time, 7 decades below all others, does not squeeze them."""
    rows = factory.torch_rows(100)
    total = sum(row["duration_ns"] for row in rows)
    speck = next(row for row in rows if row.get("op") == "aten::mul") | {
        "launch_id": 100, "op_id": 100, "signature": "[1]", "flop": 1.0, "dram_bytes": 8.0,
        "duration_ns": total // 10_000, "achieved_flop_per_s": 1.0,
        "intensity_flop_per_byte": 0.125,
    }  # fmt: skip
    spec = _roofline(factory.analysis([*rows, speck]))
    (edge,) = _rows(spec, "edge")
    assert (edge["side"], edge["shape"]) == ("below", "triangle-down")
    low, _ = _layers(spec)["lines"]["encoding"]["y"]["scale"]["domain"]
    assert low > 1e10
    assert edge["y"] >= low
    texts = [row["text"] for row in _rows(spec, "texts")]
    assert [text for text in texts if "below" in text] == ["▾ 1 kernel below, 541 ns"]


def test_the_first_roof_is_whole_and_others_start_at_their_ridge() -> None:
    """One bandwidth line; lower roofs do not repeat it."""
    corners = _rows(_roofline(factory.trace(100)), "lines")
    by_line: dict[str, list[dict[str, Any]]] = {}
    for corner in corners:
        by_line.setdefault(corner["about"], []).append(corner)
    assert len(by_line["roof|bf16_tensor"]) == 3
    start = by_line["roof|bf16_tensor"][0]
    assert start["y"] / start["x"] == pytest.approx(3.35e12, rel=1e-3)
    assert len(by_line["lower|fp32"]) == 2
    assert by_line["lower|fp32"][0]["x"] == pytest.approx(66.9 / 3.35, rel=1e-3)
    assert len(by_line["ridge|ridge"]) == 2


def test_the_best_rates_of_the_capture_are_dashed() -> None:
    """The bandwidth's line runs up to the rate's, and says where both stand."""
    reached = Reached(3.0e12, "bf16_tensor", 690e12)
    spec = _roofline(factory.trace(100), reached=reached)
    corners = [row for row in _rows(spec, "lines") if row["about"] == "best|best"]
    assert {tuple(row["dash"]) for row in corners} == {(5, 3)}
    meeting = [row for row in corners if row["x"] == pytest.approx(230)]
    assert [row["y"] for row in meeting] == pytest.approx([690e12, 690e12])


def test_the_chart_names_its_roofs_and_its_largest_kernels() -> None:
    """Roofs carry their peak; kernels their name and their share of their own roof."""
    texts = [row["text"] for row in _rows(_roofline(factory.trace(100)), "texts")]
    assert "BF16 tensor 989 TFLOP/s" in texts
    assert "FP32 66.9 TFLOP/s" in texts
    assert "DRAM 3.35 TB/s" in texts
    assert "ridge 295" in texts
    assert "flash_attention_forward\u200219 %" in texts
    assert "mm\u200262 %" in texts


def test_the_wheel_zooms_only_with_a_key() -> None:
    """A plain wheel scrolls the notebook; a picture made once has no zoom."""
    spec = _roofline(factory.trace(100))
    (zoom,) = spec["params"]
    assert zoom["bind"] == "scales"
    assert "ctrlKey" in zoom["select"]["zoom"]
    assert zoom["views"] == ["groups"]
    assert "params" not in _roofline(factory.trace(100), interactive=False)


def test_colours_follow_the_palette() -> None:
    """One colour a meaning; a page passes style variables."""
    palette = Palette("ink", "soft", "line", "paper", {name: f"c-{name}" for name in COLORS})
    spec = _roofline(factory.trace(100), palette=palette)
    colors = {row["bound"]: row["fill"] for row in _rows(spec, "groups")}
    assert colors == {"memory": "c-memory", "compute": "c-compute", "latency": "c-latency"}
    assert spec["config"]["axis"]["gridColor"] == "line"
    assert set(charts.LIGHT.bounds) == {*BOUNDS, "idle"}


def test_lean_points_carry_no_texts() -> None:
    """A page that has the figures in its table leaves them out of the chart."""
    groups, _ = grouped(factory.trace(100).kernels)
    (first, *_) = charts.roofline_points(groups, tooltips=False)
    assert set(first) == {"group", "x", "y", "ms", "bound", "pct", "roof", "name"}


def test_kernels_with_bytes_alone_have_a_strip() -> None:
    """Their place is their share of the bandwidth; copies and communication are not on it."""
    rows = factory.torch_rows(100)
    for row in rows:
        if row.get("op") == "aten::add":
            row |= {"flop": None, "flop_source": "none", "intensity_flop_per_byte": None,
                    "achieved_flop_per_s": None, "roofline_pct": None}  # fmt: skip
    groups, _ = grouped(factory.analysis(rows).kernels)
    (point,) = strip_points(groups)
    assert (point["kernel"], point["name"]) == ("add", "add")
    assert point["x"] == pytest.approx(82, abs=2)
    spec = _roofline(factory.analysis(rows), bytes_only=[point])
    strip = {layer["name"].removesuffix("_1"): layer for layer in spec["vconcat"][1]["layer"]}
    (mark,) = strip["strip"]["data"]["values"]
    assert (mark["x"], mark["shape"]) == (point["x"], "circle")
    title = strip["strip_line"]["encoding"]["x"]["axis"]["title"]
    assert title == "no FLOPs, bytes only: % of 3.35 TB/s"


def test_a_share_far_above_the_bandwidth_lies_at_the_strips_end() -> None:
    """One wrong figure must not squeeze the others."""
    assert end_pct([{"x": 40.0}, {"x": 90.0}]) == 100.0
    assert end_pct([{"x": 120.0}]) == pytest.approx(122.4)
    assert end_pct([{"x": 9e6}]) == 150.0


def test_without_a_kernel_the_roofs_alone_are_drawn() -> None:
    """A trace without figures shows what its kernels would be held against."""
    analysis = factory.trace(100)
    groups, _ = grouped(analysis.kernels)
    roofs = roofs_of(analysis)
    assert roofs is not None
    spec = charts.roofline(groups.head(0), [], roofs).to_dict()
    assert len(spec["vconcat"]) == 1
    assert {row["about"] for row in _rows(spec, "lines")} == {
        "roof|bf16_tensor", "lower|fp32", "ridge|ridge",
    }  # fmt: skip


def test_time_without_a_place_is_counted() -> None:
    """The chart says what share of the launch time it does not show."""
    coverage = factory.trace(100).coverage
    assert charts.not_on_roofline(coverage) == ("Not on the plane: copies 1.0 %, no figures 4.3 %.")
    assert charts.not_on_roofline(factory.report().coverage) == ""


def test_points_above_their_roof_stay_where_they_are() -> None:
    """A figure above 100 % is drawn, not clipped."""
    rows = factory.torch_rows(8)
    for row in rows:
        if row["op"] == "aten::mm":
            row |= {"achieved_flop_per_s": 2e15, "duration_ns": 25_800, "roofline_pct": 202.0}
    spec = _roofline(factory.analysis(rows))
    highest = max(point["y"] for point in _rows(spec, "groups"))
    assert highest == pytest.approx(2e15, rel=1e-3)
    assert _layers(spec)["lines"]["encoding"]["y"]["scale"]["domain"][1] > highest


def test_speeds_of_light_are_drawn_with_nvidias_regions() -> None:
    """Valid, a mark a group, limits at 60 and 80 %, the latency corner shaded."""
    groups, _ = grouped(factory.report(counters=False).kernels)
    points = charts.speed_of_light_points(groups)
    spec = charts.speed_of_light(points).to_dict()
    assert len(_rows(spec, "groups")) == groups.height
    assert {corner["x"] for corner in _rows(spec, "lines")} == {0, 60, 80, 100}
    assert _rows(spec, "region") == [{"x": 0, "y": 0, "x2": 60, "y2": 60}]
    assert "compute" in points[0]
    assert charts.speed_of_light_points(grouped(factory.trace().kernels)[0]) == []


def test_a_hostile_name_is_only_text() -> None:
    """Names reach the chart without control characters and short."""
    groups, _ = grouped(factory.hostile().kernels)
    for point in charts.roofline_points(groups):
        assert "\x1b" not in point["kernel"]
        assert "\u202e" not in point["kernel"]
        assert len(point["kernel"]) <= 60


def _with_caches() -> Analysis:
    """A report of 8 launches in 4 groups; the first launch of all counts no L1 bytes."""
    rows = factory.ncu_rows(8)
    for row in rows:
        row |= {"l2_read_bytes": 8e7, "l2_peak_bytes_per_s": 6e12}
        row |= {"l1_bytes": 2e8, "l1_peak_bytes_per_s": 2e13}
    rows[0] |= {"l1_bytes": None, "l1_peak_bytes_per_s": None}
    return factory.analysis(rows)


def test_a_report_with_cache_traffic_has_roofs_and_hollow_points_of_l2_and_l1() -> None:
    """Each cache's roof ends at the compute roof; a mark's place and share follow its sums."""
    analysis = _with_caches()
    spec = _roofline(analysis)
    corners = _rows(spec, "lines")
    for level, peak in (("l2", 6e12), ("l1", 2e13)):
        start, end = (row for row in corners if row["about"] == f"cache|{level}")
        assert start["y"] / start["x"] == pytest.approx(peak, rel=2e-3)
        assert end["y"] == pytest.approx(51e12, rel=1e-3)
        assert end["width"] < 1.8
    assert {"L2 6.00 TB/s", "L1 20.0 TB/s"} <= {row["text"] for row in _rows(spec, "texts")}
    assert "level's traffic" in _layers(spec)["lines"]["encoding"]["x"]["axis"]["title"]
    marks = _rows(spec, "levels")
    assert {(mark["level"], mark["shape"]) for mark in marks} == {
        ("l2", "square"),
        ("l1", "diamond"),
    }
    assert {mark["filling"] for mark in marks} == {0.01}
    groups, _ = grouped(analysis.kernels)
    assert len(marks) == 2 * groups.height
    low, high = _layers(spec)["lines"]["encoding"]["x"]["scale"]["domain"]
    assert all(low <= mark["x"] <= high for mark in marks)
    for mark in (mark for mark in marks if mark["level"] == "l2"):
        group = groups.row(mark["group"], named=True)
        assert mark["x"] == pytest.approx(group["flop"] / (8e7 * group["launches"]), rel=1e-3)
        assert mark["y"] == pytest.approx(group["achieved_flop_per_s"], rel=1e-3)
        share = 100 * 8e7 * group["launches"] / (group["duration_ns"] / 1e9 * 6e12)
        assert group["l2_roof_pct"] == pytest.approx(share)
        assert mark["tip"].startswith("L2 ")
        assert mark["tip"].endswith(" % of its roof")


def test_a_groups_cache_figures_are_of_the_launches_that_count_both() -> None:
    """A launch without L1 bytes lends L1 neither FLOPs nor time."""
    groups, membership = grouped(_with_caches().kernels)
    row = groups.row(membership[0], named=True)
    assert row["launches"] == 2
    assert row["l2_intensity_flop_per_byte"] == pytest.approx(2e7 / 8e7)
    assert row["l1_intensity_flop_per_byte"] == pytest.approx(2e7 / 2e8)
    assert row["l1_flop_per_s"] == pytest.approx(2e7 / 100e-6)
    assert row["l1_roof_pct"] == pytest.approx(100 * 2e8 / (100e-6 * 2e13))


def test_without_cache_traffic_the_axis_is_that_of_dram() -> None:
    """A trace has no layer of hollow marks and no cache's roof."""
    spec = _roofline(factory.trace(100))
    assert [*_layers(spec)] == ["lines", "leaders", "groups", "texts"]
    x = _layers(spec)["lines"]["encoding"]["x"]
    assert x["axis"]["title"] == "FLOP per byte of DRAM traffic"
    bare, _ = grouped(factory.report().kernels)
    assert bare["l2_intensity_flop_per_byte"].null_count() == bare.height
    assert bare["l1_roof_pct"].null_count() == bare.height
