"""The roofline at each level of memory of a report's launch, by records worked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool.roofline import place
from ncutool.work import counters
from ncutool_parsers.capture import Capture
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.schema import LAUNCHES, METRICS

RATE = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum.per_cycle_elapsed"
SM_BUSY = "sm__throughput.avg.pct_of_peak_sustained_elapsed"
RECORD = {
    "gpu__time_duration.sum": 1_000_000.0,  # 1 ms
    "sm__cycles_elapsed.avg.per_second": 1e9,
    "smsp__cycles_elapsed.avg.per_second": 1e9,
    "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed": 0.0,
    "sm__inst_executed_pipe_fp16.avg.pct_of_peak_sustained_active": 0.0,
    **{RATE.format(f"{letter}{kind}"): 0.0 for letter in "fd" for kind in ("add", "mul", "fma")},
    RATE.format("ffma"): 1000.0,
    "sm__sass_thread_inst_executed_op_ffma_pred_on.sum.peak_sustained": 2000.0,
}
"""2 GFLOP of FP32 in 1 ms, of a peak of 4 TFLOP/s."""
CACHES = {
    "lts__lts2xbar_cycles_active.sum.per_second": 125e9 / 32,
    "lts__lts2xbar_cycles_active.sum.peak_sustained": 25.0,
    "lts__cycles_elapsed.avg.per_second": 1.25e9,
    "l1tex__lsu_writeback_active_mem_lg.sum.per_second": 4e12 / 128,
    "l1tex__lsu_writeback_active_mem_lg.sum.peak_sustained": 50.0,
    "l1tex__cycles_elapsed.avg.per_second": 1e9,
}
"""125 MB from L2 of 1 TB/s, 4 GB from L1 of 6.4 TB/s."""
DRAM = {
    "dram__bytes.sum.per_second": 50e9,
    "dram__bytes.sum.peak_sustained": 500.0,
    "dram__cycles_elapsed.avg.per_second": 1e9,
}
"""50 MB of 500 GB/s."""


def kernel(metrics: dict[str, float], capability: str = "8.6", **facts: Any) -> dict[str, Any]:
    """The row of the kernels table of a report with one launch."""
    launch = {"launch_id": 0, "category": "kernel", "kernel": "k", "kernel_full": "k()"}
    time = metrics.get("gpu__time_duration.sum")
    launch |= {"compute_capability": capability, "duration_ns": time and round(time), **facts}
    rows = [(0, name, value) for name, value in metrics.items()]
    capture = Capture(
        path=Path("r.ncu-rep"),
        format=NCU_REPORT,
        launches=LAUNCHES.conform(pl.from_dicts([launch])),
        metrics=pl.DataFrame(rows, schema=METRICS.polars_schema(), orient="row"),
    )
    return place.place(capture, counters.work(capture), None).row(0, named=True)


def test_three_levels() -> None:
    """Bytes, peak and intensity at DRAM, L2 and L1, each against its own clock."""
    row = kernel({**RECORD, **CACHES, **DRAM})
    assert (row["flop"], row["memory_level"]) == (2e9, "dram")
    assert (row["dram_bytes"], row["peak_bytes_per_s"]) == (50e6, 500e9)
    assert (row["l2_read_bytes"], row["l2_peak_bytes_per_s"]) == (125e6, 25 * 32 * 1.25e9)
    assert (row["l1_bytes"], row["l1_peak_bytes_per_s"]) == (4e9, 50 * 128 * 1e9)
    assert row["intensity_flop_per_byte"] == 40
    assert row["l2_intensity_flop_per_byte"] == 16
    assert row["l1_intensity_flop_per_byte"] == 0.5
    assert row["ridge_point_flop_per_byte"] == 8


def test_sections_before_2025() -> None:
    """They count the same traffic where it arrives, and NVIDIA holds it against the L2 clock."""
    old = {
        "l1tex__m_xbar2l1tex_read_bytes.sum.per_second": 125e9,
        "l1tex__m_xbar2l1tex_read_bytes.sum.peak_sustained": 800.0,
        "lts__cycles_elapsed.avg.per_second": 1.25e9,
        "derived__l1tex__lsu_writeback_bytes_mem_lg.sum.per_second": 4e12,
        "derived__l1tex__lsu_writeback_bytes_mem_lg.sum.peak_sustained": 6400.0,
        "l1tex__cycles_elapsed.avg.per_second": 1e9,
    }
    row = kernel({**RECORD, **old, **DRAM})
    assert (row["l2_read_bytes"], row["l2_peak_bytes_per_s"]) == (125e6, 1e12)
    assert (row["l1_bytes"], row["l1_peak_bytes_per_s"]) == (4e9, 6.4e12)


def test_not_counted() -> None:
    """Without cache counters their figures are null and nothing else changes."""
    row = kernel({**RECORD, **DRAM})
    nulls = [name for name in row if name.startswith(("l1_", "l2_")) and row[name] is not None]
    assert nulls == []
    assert row["roofline_pct"] == pytest.approx(100 * 2e12 / 4e12)


@pytest.mark.parametrize("capability", ["8.7", "11.0", "12.1"])
def test_chips_without_dram_counters(capability: str) -> None:
    """Their roofline is that of L2, and the remark says so; DRAM stays unknown, with its reason."""
    suffix = "_mem_lg" if capability == "8.7" else "_mem_lgds"
    caches = {name.replace("_mem_lg", suffix): value for name, value in CACHES.items()}
    row = kernel({**RECORD, **caches}, capability)
    assert (row["memory_level"], row["dram_bytes"], row["bytes_source"]) == ("l2", None, "none")
    assert row["intensity_flop_per_byte"] == row["l2_intensity_flop_per_byte"] == 16
    assert row["ridge_point_flop_per_byte"] == 4
    assert row["attainable_flop_per_s"] == 4e12
    assert row["missing_reason"] == "no DRAM counter on this chip"
    assert "held against L2 bandwidth" in row["remark"]
    assert row["peak_bytes_per_s"] is row["achieved_bytes_per_s"] is None


def test_other_chips_do_not_fall_back() -> None:
    """A report that merely lacks DRAM counters is not held against L2."""
    row = kernel({**RECORD, **CACHES})
    assert (row["memory_level"], row["intensity_flop_per_byte"]) == (None, None)


@pytest.mark.parametrize(
    ("changed", "flag"),
    [
        ({RATE.format("ffma"): 2100.0}, "105.0 % of the fp32 peak: work and clock"),
        ({"dram__bytes.sum.per_second": 600e9}, "120.0 % of DRAM bandwidth: bytes and clock"),
        (
            {"lts__lts2xbar_cycles_active.sum.per_second": 1.1e12 / 32},
            "110.0 % of L2 bandwidth: bytes and clock",
        ),
        (
            {"l1tex__lsu_writeback_active_mem_lg.sum.per_second": 12.8e12 / 128},
            "200.0 % of L1 bandwidth: bytes and clock",
        ),
        ({}, None),
    ],
)
def test_above_a_peak(changed: dict[str, float], flag: str | None) -> None:
    """A record's figure above its own peak is flagged with its likely cause, and not clipped."""
    row = kernel({**RECORD, **CACHES, **DRAM, **changed})
    assert row["flag"] is None if flag is None else row["flag"].startswith(flag)


@pytest.mark.parametrize("duration", [0.0, None])
def test_no_time_no_rate(duration: float | None) -> None:
    """A launch of zero or unknown duration has no rate and no share of any peak."""
    record = {**RECORD, **CACHES, **DRAM, SM_BUSY: 10.0}
    del record["gpu__time_duration.sum"]
    if duration is not None:
        record["gpu__time_duration.sum"] = duration
    row = kernel(record)
    shares = ("achieved_flop_per_s", "achieved_bytes_per_s", "roofline_pct", "fp32_peak_pct")
    assert [row[name] for name in (*shares, "flag")] == [None] * 5
    assert (row["flop"], row["flop_source"]) == (None, "none")


@pytest.mark.parametrize("bad", [float("nan"), -5.0])
def test_impossible_durations(bad: float) -> None:
    """A duration that is no positive number is no duration, whoever hands it in."""
    metrics = {**RECORD, **CACHES, **DRAM, "gpu__time_duration.sum": bad}
    row = counters.launch_work(metrics, "8.6", None)
    assert (row["flop"], row["fp32_peak_pct"]) == (None, None)


def test_zero_peaks() -> None:
    """A peak of zero is no peak: nothing is divided by it."""
    zero = {name: 0.0 for name in (*DRAM, *CACHES) if name.endswith(("sustained", "_second"))}
    row = kernel({**RECORD, **CACHES, **DRAM, **zero})
    peaks = ("peak_bytes_per_s", "l2_peak_bytes_per_s", "l1_peak_bytes_per_s")
    assert [row[name] for name in peaks] == [None] * 3
    assert row["ridge_point_flop_per_byte"] is None
