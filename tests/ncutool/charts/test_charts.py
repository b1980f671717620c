"""Charts as what they say: their data, their scales, their marks."""

from __future__ import annotations

from typing import Any

import analysis_factory as factory
import pytest

from ncutool import charts
from ncutool.analysis.analyse import Analysis
from ncutool.analysis.capture_roofs import roofs_of
from ncutool.analysis.groups import grouped
from ncutool.analysis.looks import COLORS
from ncutool.base.tables import BOUNDS
from ncutool.charts.palette import Palette


def _roofline(analysis: Analysis, **options: Any) -> dict[str, Any]:
    groups, _ = grouped(analysis.kernels)
    roofs = roofs_of(analysis)
    assert roofs is not None
    points = charts.roofline_points(groups)
    spec: dict[str, Any] = charts.roofline(groups, points, roofs, **options).to_dict()
    return spec


def _layers(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    names = {
        "line": "lines",
        "circle": "points",
        "text": "texts",
        "rect": "region",
        "point": "levels",
    }
    return {names[layer["mark"]["type"]]: layer for layer in spec["layer"]}


def _rows(spec: dict[str, Any], name: str) -> list[dict[str, Any]]:
    data = _layers(spec)[name]["data"]
    rows: list[dict[str, Any]] = data.get("values") or spec["datasets"][data["name"]]
    return rows


def test_the_roofline_is_valid_and_has_a_point_a_group() -> None:
    """altair validates it against vega-lite's schema; groups with work have one point each."""
    spec = _roofline(factory.trace(100))
    points = _rows(spec, "points")
    assert [point["bound"] for point in points] == ["latency", "compute", "memory", "memory"]
    assert {point["work"] for point in points if point["kernel"] == "mm"} == {
        "[8944,1024] × [1024,2816]"
    }
    encoding = _layers(spec)["points"]["encoding"]
    assert encoding["size"]["field"] == "ms"
    assert encoding["color"]["field"] == "bound"
    assert encoding["x"]["field"] == "x"


def test_axes_are_logarithmic_and_hold_every_point_and_ridge() -> None:
    """No point and no ridge lies outside what is drawn first."""
    spec = _roofline(factory.trace(100))
    line = _layers(spec)["lines"]
    for axis in ("x", "y"):
        scale = line["encoding"][axis]["scale"]
        assert scale["type"] == "log"
        low, high = scale["domain"]
        for point in _rows(spec, "points") + _rows(spec, "lines"):
            assert low <= point[axis] <= high


def test_the_first_roof_is_whole_and_others_start_at_their_ridge() -> None:
    """One bandwidth line; lower roofs are dashed and do not repeat it."""
    corners = _rows(_roofline(factory.trace(100)), "lines")
    by_line: dict[str, list[dict[str, Any]]] = {}
    for corner in corners:
        by_line.setdefault(corner["line"], []).append(corner)
    assert len(by_line["bf16_tensor"]) == 3
    assert by_line["bf16_tensor"][0]["dash"] == [1, 0]
    start = by_line["bf16_tensor"][0]
    assert start["y"] / start["x"] == pytest.approx(3.35e12, rel=1e-3)
    assert len(by_line["fp32"]) == 2
    assert by_line["fp32"][0]["dash"] == [5, 4]
    assert by_line["fp32"][0]["x"] == pytest.approx(66.9 / 3.35, rel=1e-3)
    assert len(by_line["ridge"]) == 2


def test_the_chart_names_its_roofs_and_its_worst_point() -> None:
    """Roofs carry their peak; the point with the most time to gain carries its name."""
    texts = [row["text"] for row in _rows(_roofline(factory.trace(100)), "texts")]
    assert "BF16 tensor 989 TFLOP/s" in texts
    assert "FP32 66.9 TFLOP/s" in texts
    assert "DRAM 3.35 TB/s" in texts
    assert "ridge 295" in texts
    assert "_flash_attention_forward: 19 % of attainable" in texts


def test_a_click_and_the_wheel_have_their_parameters() -> None:
    """The page sets `selected`; the wheel zooms only with a key, so that pages scroll."""
    spec = _roofline(factory.trace(100))
    params = {param["name"]: param for param in spec["params"]}
    assert params["selected"]["value"] == -1
    zoom = params["zoom"]
    assert zoom["bind"] == "scales"
    assert "ctrlKey" in zoom["select"]["zoom"]


def test_colours_follow_the_palette() -> None:
    """One colour a meaning; a page passes style variables, and only kinds that occur are named."""
    palette = Palette("ink", "soft", "line", "paper", {name: f"c-{name}" for name in COLORS})
    spec = _roofline(factory.trace(100), palette=palette)
    scale = _layers(spec)["points"]["encoding"]["color"]["scale"]
    assert scale == {
        "domain": ["memory", "compute", "latency"],
        "range": ["c-memory", "c-compute", "c-latency"],
    }
    assert spec["config"]["axis"]["gridColor"] == "line"
    assert set(charts.LIGHT.bounds) == {*BOUNDS, "idle"}


def test_lean_points_carry_no_texts() -> None:
    """A page that has the figures in its table leaves them out of the chart."""
    groups, _ = grouped(factory.trace(100).kernels)
    (first, *_) = charts.roofline_points(groups, tooltips=False)
    assert set(first) == {"group", "x", "y", "ms", "bound", "pct"}


def test_time_without_a_place_is_counted() -> None:
    """The chart says what share of the launch time it shows, and what the rest is."""
    coverage = factory.trace(100).coverage
    assert charts.not_on_roofline(coverage) == (
        "On the chart is 94.7 % of launch time; not on it: copies 1.0 %, no figures 4.3 %."
    )
    assert charts.not_on_roofline(factory.report().coverage) == ""


def test_points_above_their_roof_stay_where_they_are() -> None:
    """A figure above 100 % is drawn, not clipped."""
    rows = factory.torch_rows(8)
    for row in rows:
        if row["op"] == "aten::mm":
            row |= {"achieved_flop_per_s": 2e15, "duration_ns": 25_800, "roofline_pct": 202.0}
    spec = _roofline(factory.analysis(rows))
    highest = max(point["y"] for point in _rows(spec, "points"))
    assert highest == pytest.approx(2e15, rel=1e-3)
    assert _layers(spec)["lines"]["encoding"]["y"]["scale"]["domain"][1] > highest


def test_speeds_of_light_are_drawn_with_nvidias_regions() -> None:
    """Valid, a point a group, limits at 60 and 80 %, the latency corner shaded."""
    groups, _ = grouped(factory.report(counters=False).kernels)
    points = charts.speed_of_light_points(groups)
    spec = charts.speed_of_light(points).to_dict()
    assert len(_rows(spec, "points")) == groups.height
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
        start, end = (row for row in corners if row["line"] == level)
        assert start["y"] / start["x"] == pytest.approx(peak, rel=2e-3)
        assert end["y"] == pytest.approx(51e12, rel=1e-3)
        assert end["width"] < 1.8
    assert {"L2 6.00 TB/s", "L1 20.0 TB/s"} <= {row["text"] for row in _rows(spec, "texts")}
    assert "level's traffic" in _layers(spec)["lines"]["encoding"]["x"]["axis"]["title"]
    mark = _layers(spec)["levels"]["mark"]
    assert (mark["filled"], mark["fill"]) == (False, "transparent")
    marks = _rows(spec, "levels")
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


def test_without_cache_traffic_the_chart_is_as_it_was() -> None:
    """A trace has three layers, its own lines and texts, and the axis of DRAM; no cache's."""
    spec = _roofline(factory.trace(100))
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["line", "circle", "text"]
    assert {row["line"] for row in _rows(spec, "lines")} == {"bf16_tensor", "fp32", "ridge"}
    assert [row["text"] for row in _rows(spec, "texts")][:4] == [
        "BF16 tensor 989 TFLOP/s", "FP32 66.9 TFLOP/s", "ridge 295", "DRAM 3.35 TB/s",
    ]  # fmt: skip
    x = _layers(spec)["lines"]["encoding"]["x"]
    assert x["axis"]["title"] == "intensity (FLOP per byte of DRAM traffic)"
    bare, _ = grouped(factory.report().kernels)
    assert bare["l2_intensity_flop_per_byte"].null_count() == bare.height
    assert bare["l1_roof_pct"].null_count() == bare.height
