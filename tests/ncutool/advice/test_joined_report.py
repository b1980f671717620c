"""What a joined report knows of the inside of kernels, on the timeline of a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_launches import EXCESS, HEALTHY, analysed, launch, stalled
from trace_factory import H100, Trace, kernels, window

from ncutool.advice import advising
from ncutool.advice.kernels import measured, reuse
from ncutool.advice.kernels.measured import JoinedReport
from ncutool.advice.view.context import Context, context
from ncutool.analysis.analyse import Analysis


def view(*durations: int, **columns: Any) -> Context:
    """A trace of one kernel that takes these times, with columns of a join."""
    trace = Trace()
    for place, duration in enumerate(durations):
        trace.kernel(place * 2_000_000, duration, called=(-900 + place, -800 + place))
    capture = trace.capture()
    table = kernels(capture).with_columns(pl.lit(value).alias(name)
                                          for name, value in columns.items())  # fmt: skip
    return context(table, capture, window(capture), H100)


def joined(report: Analysis, sources: dict[int, tuple[int, ...]]) -> JoinedReport:
    return JoinedReport(report.capture, report.kernels, sources, report.hot)


def test_the_cause_is_weighted_by_the_time_on_the_timeline(tmp_path: Path) -> None:
    """60 % of the sectors are excess, compute leaves 50 %: half of the trace's own time."""
    report = analysed(tmp_path, launch({EXCESS: 600_000.0}))
    (draft,) = measured.drafts(view(400_000, 200_000), joined(report, {0: (0,), 1: (0,)})).drafts
    assert draft.rule == "tune-uncoalesced"
    assert (draft.launches, draft.worst) == ((0, 1), (400_000, 200_000))
    assert draft.best == (200_000, 100_000)
    assert [one.metric for one in draft.figures][:1] == ["excess_sectors_pct"]
    assert draft.figures[0].launch_id == 0
    assert draft.cap is not None
    assert draft.cap.startswith("At most 50.0 % of launch 0 of made.ncu-rep may go")
    assert {one.rule for one in draft.excluded} >= {"tune-spills", "batch-few-blocks"}


def test_launches_without_counters_are_left_alone(tmp_path: Path) -> None:
    report = analysed(tmp_path, launch({EXCESS: 600_000.0}))
    (draft,) = measured.drafts(view(400_000, 200_000), joined(report, {1: (0,)})).drafts
    assert draft.launches == (1,)
    assert advising._of_insides(view(400_000), None).drafts == ()


@pytest.mark.parametrize("other", [HEALTHY, {**HEALTHY, **stalled("barrier")}])
def test_measured_launches_that_disagree_tell_nothing(other: Any, tmp_path: Path) -> None:
    """One of two that speak for a launch has another cause, or none."""
    import report_writer
    from ncutool.analysis.analyse import read_and_analyse

    both = [launch({EXCESS: 600_000.0}), launch(other)]
    report = read_and_analyse(report_writer.write_report(tmp_path / "made.ncu-rep", both))
    assert measured.drafts(view(400_000), joined(report, {0: (0, 1)})).drafts == ()


FAR: dict[str, Any] = {"bytes_source": "joined", "dram_bytes": 8e8, "modelled_bytes": 1e8,
                       "bytes_measured_over_modelled": 8.0, "peak_bytes_per_s": 1e12,
                       "peak_flop_per_s": 1e15, "flop": 1e11}  # fmt: skip


def test_bytes_moved_again_and_again() -> None:
    """800 MB in 1 ms where 100 MB must move: an eighth of the time, or what its FLOPs take."""
    (draft,) = reuse.drafts(view(1_000_000, **FAR)).drafts
    assert (draft.rule, draft.worst, draft.best) == ("tune-reuse", (1_000_000,), (125_000,))
    assert "8.00 times what it must" in draft.title
    factor, *_ = draft.figures
    assert (factor.metric, factor.value, factor.threshold) == (
        "bytes_measured_over_modelled", 8.0, 2.0)  # fmt: skip
    (slow,) = reuse.drafts(view(1_000_000, **FAR | {"flop": 5e11})).drafts
    assert slow.best == (500_000,)


@pytest.mark.parametrize(
    "changes",
    [
        {"bytes_measured_over_modelled": 1.9},
        {"modelled_bytes": None},
        {"bytes_source": "shape"},
        {"dram_bytes": 1.5e8},
        {"peak_bytes_per_s": 1e13},
        {"peak_bytes_per_s": None},
    ],
)
def test_traffic_that_is_needed_or_does_not_count(changes: dict[str, Any]) -> None:
    """Less than twice, no model, no counters, or far from the bandwidth: nothing is said."""
    assert reuse.drafts(view(1_000_000, **FAR | changes)).drafts == ()


def test_the_least_that_a_product_moves() -> None:
    """A product of 4096^3 in FP16: three matrices of 33.6 MB; of other shapes there is more."""
    least = reuse.least_product_bytes(2 * 4096.0**3, "fp16")
    assert least == pytest.approx(3 * 2 * 4096**2)
    assert reuse.least_product_bytes(2 * 4096.0**3, "fp64") == pytest.approx(3 * 8 * 4096**2)
    assert reuse.least_product_bytes(None, "fp16") is None
    assert reuse.least_product_bytes(1e9, None) is None


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 8))
def test_no_product_moves_less(m: int, n: int, k: int, batch: int) -> None:
    least = reuse.least_product_bytes(2.0 * batch * m * n * k, "fp32")
    assert least is not None
    assert least <= 4 * batch * (m * k + k * n + m * n) * (1 + 1e-9)
