"""The roofs an analysis is held against, and how they are named."""

from __future__ import annotations

import analysis_factory as factory
import pytest

from ncutool.analysis import capture_sentences, display_names
from ncutool.analysis.capture_roofs import bandwidth_of, roofs_of


def test_a_trace_shows_the_roofs_its_launches_use_highest_first() -> None:
    """BF16 tensor cores and plain FP32, from the device table."""
    roofs = roofs_of(factory.trace())
    assert roofs is not None
    assert [roof.name for roof in roofs.compute] == ["bf16_tensor", "fp32"]
    assert roofs.ridge_point_flop_per_byte == pytest.approx(989 / 3.35)
    assert not roofs.from_record
    assert roofs.compute[0].spread_pct == pytest.approx(0)


def test_a_report_shows_its_own_peaks() -> None:
    """A report's roofs are what it recorded, never the device table's."""
    roofs = roofs_of(factory.report())
    assert roofs is not None
    assert roofs.from_record
    assert roofs.compute[0].peak_flop_per_s == pytest.approx(51e12)
    assert "record's own clocks" in capture_sentences.peaks_line(factory.report())


def test_clocks_that_differ_show_as_spread() -> None:
    """The mean is drawn; how far launches lie apart is kept to be said."""
    rows = factory.ncu_rows(2)
    rows[1] |= {"peak_flop_per_s": 45e12}
    roofs = roofs_of(factory.analysis(rows))
    assert roofs is not None
    assert roofs.compute[0].spread_pct == pytest.approx(100 * 6 / 47.67, rel=0.01)


def test_without_peaks_there_are_no_roofs() -> None:
    """An unknown device has no roof; a report without FLOP counters has only its bandwidth."""
    assert roofs_of(factory.unknown_device()) is None
    assert capture_sentences.peaks_line(factory.unknown_device()) == "no peaks known"
    rows = [row | {"peak_bytes_per_s": 3.2e12} for row in factory.ncu_rows(3, counters=False)]
    basic = factory.analysis(rows)
    assert roofs_of(basic) is None
    assert bandwidth_of(basic) == pytest.approx(3.2e12)
    assert capture_sentences.peaks_line(basic).startswith("3.20 TB/s DRAM; no compute roof")


def test_a_trace_without_modelled_work_is_still_known_by_its_device() -> None:
    """No launch names a roof: the device's main peaks stand in."""
    rows = [factory.torch_rows(9)[8] | {"launch_id": 0}]
    roofs = roofs_of(factory.analysis(rows))
    assert roofs is not None
    assert [roof.name for roof in roofs.compute] == ["bf16_tensor", "fp16_tensor", "fp32"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("bf16_tensor", "BF16 tensor"),
        ("fp32", "FP32"),
        ("tf32_tensor", "TF32 tensor"),
        ("int8_tensor", "INT8 tensor"),
    ],
)
def test_roofs_are_named_as_people_write_them(name: str, written: str) -> None:
    """`bf16_tensor` is for programs."""
    assert display_names.roof(name) == written


def test_the_meta_line_says_which_figures_are_not_trustworthy() -> None:
    """Wall, busy and idle carry their doubt with them."""
    rows = factory.torch_rows(10)
    doubtful = factory.timeline_of(rows, trustworthy=False)
    assert capture_sentences.time_line(factory.analysis(rows, timeline=doubtful)).endswith(
        "(not trustworthy)"
    )
    assert "idle" in capture_sentences.time_line(factory.trace())
    assert capture_sentences.time_line(factory.report()).endswith("in launches")


def test_caches_have_roofs_only_where_a_launch_records_them() -> None:
    """The mean is weighted by time, over the launches that have the peak; a trace has none."""
    rows = factory.ncu_rows(3)
    rows[0] |= {"l2_peak_bytes_per_s": 4e12, "duration_ns": 30_000}
    rows[1] |= {"l2_peak_bytes_per_s": 6e12, "duration_ns": 10_000}
    roofs = roofs_of(factory.analysis(rows))
    assert roofs is not None
    ((level, peak),) = roofs.caches
    assert level == "l2"
    assert peak == pytest.approx(4.5e12, rel=1e-3)
    traced = roofs_of(factory.trace())
    assert traced is not None
    assert traced.caches == ()
