"""The shipped samples are what their generator writes, say they are synthetic, and can be read."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

import make_samples
from ncutool.analysis.analyse import analyse
from ncutool_parsers import read
from ncutool_parsers.capture import Capture

SAMPLES = Path(make_samples.__file__).parent
FOLDER = SAMPLES / make_samples.NAME
TRACE = FOLDER / f"{make_samples.NAME}.json.gz"
REPORT = FOLDER / f"{make_samples.NAME}.ncu-rep"
PERCENT = "pct_of_peak_sustained_elapsed"


@lru_cache
def capture_of(path: Path) -> Capture:
    """The capture, read once for all tests."""
    return read(path)


def metric(name: str) -> pl.DataFrame:
    """launch_id and value of one counter of the shipped report."""
    metrics = capture_of(REPORT).metrics
    return metrics.filter(pl.col("metric") == name).select("launch_id", "value")


def test_the_generator_writes_the_shipped_files(tmp_path: Path) -> None:
    """Anyone can make the samples again, byte for byte before compression."""
    trace, report = make_samples.write_samples(tmp_path)
    assert gzip.decompress(trace.read_bytes()) == gzip.decompress(TRACE.read_bytes())
    assert report.read_bytes() == REPORT.read_bytes()


def test_the_samples_say_so_under_any_name(tmp_path: Path) -> None:
    """Their content does, and every output repeats it; a file's name is the user's."""
    for path, renamed in ((TRACE, "run.json.gz"), (REPORT, "run.ncu-rep")):
        copy = tmp_path / renamed
        copy.write_bytes(path.read_bytes())
        assert capture_of(copy).synthetic
        notices = {notice.code: notice.text for notice in analyse(capture_of(copy)).notices}
        assert "nothing in it was measured" in notices["synthetic"]


def test_the_compressed_trace_holds_no_time_of_making() -> None:
    """A gzip header with a date would differ on every run."""
    assert TRACE.read_bytes()[4:8] == b"\0\0\0\0"


def test_every_file_says_that_it_is_synthetic() -> None:
    """A synthetic figure must not pass for a measured one."""
    assert "synthetic" in TRACE.name
    assert "synthetic" in REPORT.name
    assert "synthetic" in (FOLDER / "PROVENANCE.md").read_text(encoding="utf-8")
    document = json.loads(gzip.decompress(TRACE.read_bytes()))
    assert "synthetic" in document["traceName"]
    names = [each["args"] for each in document["traceEvents"] if each["name"] == "process_name"]
    assert names
    assert all("synthetic" in each["name"] for each in names)


def test_the_trace_is_read_whole() -> None:
    """All launches are there, linked to an operator with shapes, on the named device."""
    capture = capture_of(TRACE)
    assert capture.source == "torch"
    assert capture.complete
    assert capture.shapes_recorded
    assert capture.python_events == 0
    assert [device.name for device in capture.devices] == ["NVIDIA H100 80GB HBM3"]
    assert capture.launches.height == 444
    kernels = capture.launches.filter(pl.col("category") == "kernel")
    assert kernels.height == 439
    assert kernels["op_id"].null_count() == 0
    assert capture.launches["call_id"].null_count() == 0


def test_every_kernel_is_linked_to_the_operator_that_launched_it() -> None:
    """No kernel falls to an operator that only reserves memory or makes a view."""
    capture = capture_of(TRACE)
    names = capture.ops.join(capture.signatures, on="signature_id").select("op_id", "op")
    kernels = capture.launches.filter(pl.col("category") == "kernel")
    counts = dict(kernels.join(names, on="op_id")["op"].value_counts().iter_rows())
    layers = 2 * (1 + make_samples.STEPS)
    norms = 2 * layers + layers // 2
    assert counts == {
        "aten::index_select": 5,
        "aten::argmax": 5,
        "aten::copy_": 2 * norms,
        "aten::pow": norms,
        "aten::mean": norms,
        "aten::rsqrt": norms,
        "aten::add": norms + 4 * layers,
        "aten::mul": 2 * norms + 5 * layers,
        "aten::neg": 2 * layers,
        "aten::cat": 2 * layers + 2 * 2 * make_samples.STEPS,
        "aten::addmm": layers,
        "aten::mm": 4 * layers + 5,
        "aten::silu": layers,
        "aten::_flash_attention_forward": 2 + 2 * 2 * make_samples.STEPS,
    }


def test_launches_of_the_trace_follow_each_other_and_their_calls() -> None:
    """One stream runs one launch at a time, none before the host asked for it."""
    capture = capture_of(TRACE)
    joined = capture.launches.join(capture.calls.select("call_id", called="start_ns"), on="call_id")
    assert (joined["start_ns"] > joined["called"]).all()
    ordered = capture.launches.sort("start_ns")
    ends = ordered["start_ns"] + ordered["duration_ns"]
    assert (ordered["start_ns"][1:] >= ends[:-1]).all()


def test_the_report_holds_the_launches_of_one_layer_of_each_kind() -> None:
    """Names and geometry are those of the trace, so that the two can be joined."""
    key = ["kernel_full", "grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z"]
    report = capture_of(REPORT).launches
    assert report.height == 75
    assert report["error"].null_count() == 75
    trace = capture_of(TRACE).launches.filter(pl.col("category") == "kernel").select(key)
    assert report.select(key).join(trace.unique(), on=key, how="anti").is_empty()


@pytest.mark.parametrize(
    ("rate", "peak", "clock", "percent"),
    [
        (
            "dram__bytes.sum.per_second",
            "dram__bytes.sum.peak_sustained",
            "dram__cycles_elapsed.avg.per_second",
            f"dram__cycles_active.avg.{PERCENT}",
        ),
        (
            "sm__ops_path_tensor_op_hgmma_src_bf16_dst_fp32_sparsity_off.sum.per_second",
            "sm__ops_path_tensor_op_hgmma_src_bf16_dst_fp32_sparsity_off.sum.peak_sustained",
            "sm__cycles_elapsed.avg.per_second",
            f"sm__ops_path_tensor_op_hgmma_src_bf16_dst_fp32_sparsity_off.sum.{PERCENT}",
        ),
    ],
)
def test_a_percentage_is_its_rate_over_its_peak(
    rate: str, peak: str, clock: str, percent: str
) -> None:
    """The counters agree with each other, as those of a real report do."""
    table = metric(rate)
    for name in (peak, clock, percent):
        table = table.join(metric(name), on="launch_id", suffix=f"_{name}")
    expected = 100 * table["value"] / (table[f"value_{peak}"] * table[f"value_{clock}"])
    assert table.height == 75
    assert (expected - table[f"value_{percent}"]).abs().max() == pytest.approx(0, abs=1e-9)


def test_nothing_in_the_report_exceeds_its_peak() -> None:
    """A sample that breaks the roof would teach the wrong thing."""
    metrics = capture_of(REPORT).metrics
    shares = metrics.filter(pl.col("metric").str.contains("pct_of_peak"))
    assert shares["value"].max() <= 100  # type: ignore[operator]  # polars types it as any literal
