"""Agreement with what NVIDIA's own rules printed in real reports, and worked anchors."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ncutool.work import core_counters, counters, evidence, instructions
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import EmptyError
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.ncu_report_file import NcuReportReader

Rows = dict[int, dict[str, Any]]
FAILED = "a100-failed-collection.ncu-rep"
PIPE = "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed"
BLOCKS, WAVES = "launch__grid_size", "launch__waves_per_multiprocessor"


@pytest.fixture(scope="module")
def reports(corpus: Path) -> dict[str, Rows]:
    """The figures of every launch of every real report that holds any."""
    found: dict[str, Rows] = {}
    for path in sorted((corpus / "ncu").glob("*rep*")):
        try:
            options = ReadOptions(metrics=counters.WANTED, instructions=True)
            capture = NcuReportReader().read(path, options)
        except EmptyError:
            assert path.name == FAILED
            continue
        ruled = capture.rules.filter(pl.col("rule") == "LaunchConfiguration")["launch_id"]
        sections = {"LaunchStats", "Occupancy"}
        ran = capture.rules.filter(pl.col("section").is_in(sections))["launch_id"]
        rows = {row["launch_id"]: row for row in counters.work(capture).iter_rows(named=True)}
        for launch_id, row in rows.items():
            row["rule_ran"] = launch_id in ruled or launch_id in ran
            values = capture.metrics.filter(pl.col("launch_id") == launch_id)
            metrics = dict(values.select("metric", "value").iter_rows())
            row["seconds"] = metrics.get("gpu__time_duration.sum", 0.0) / 1e9
            row["tensor_pipe_pct"] = metrics.get(PIPE)
        found[path.name] = rows
    return found


@pytest.fixture(scope="module")
def vectors(corpus: Path) -> dict[str, tuple[dict[str, float], dict[str, Any], dict[str, Any]]]:
    """Metric values of launches on further devices: metrics, NVIDIA's words, our figures."""
    found = {}
    for line in (corpus / "expected" / "ncu_vectors.jsonl").read_text().splitlines():
        vector = json.loads(line)
        metrics = {k: float(v) for k, v in vector["metrics"].items() if not isinstance(v, str)}
        parts = (metrics[f"device__attribute_compute_capability_{n}"] for n in ("major", "minor"))
        capability = ".".join(f"{part:.0f}" for part in parts)
        row = counters.launch_work(metrics, capability, None, vector["kernel"])
        found[vector["id"]] = (metrics, vector["nvidia_says"], row)
    return found


def disagreements(says: dict[str, Any], row: dict[str, Any], seen: Counter[str]) -> list[str]:
    """What NVIDIA printed of a launch that our figures do not repeat."""
    wrong = []
    if title := says.get("bottleneck"):
        seen["bottleneck"] += 1
        wrong += ["bottleneck"] if row["sol_class"] != title else []
    for printed, column in (("fp32_pct", "fp32_peak_pct"), ("fp64_pct", "fp64_peak_pct")):
        if printed in says:
            seen[printed] += 1
            # later versions print "close to 0%" below 1 %
            fits = round(row[column]) == says[printed] or (says[printed] == 0 and row[column] < 1)
            wrong += [] if fits else [printed]
    if "fp32_to_fp64" in says:
        seen["ratio"] += 1
        wrong += ["ratio"] if round(row["fp32_to_fp64"]) != says["fp32_to_fp64"] else []
    if "launch_rule" in says:
        seen["launch_rule"] += 1
        wrong += ["launch_rule"] if row["launch_rule"] != says["launch_rule"] else []
    for printed in ("launch_speedup_pct", "tail_pct"):
        if printed in says:
            seen[printed] += 1
            fits = row["launch_rule_speedup_pct"] == pytest.approx(says[printed], abs=0.05)
            wrong += [] if fits else [printed]
    return wrong


def test_what_nvidia_says(corpus: Path, reports: dict[str, Rows]) -> None:
    """Every verdict that NVIDIA printed in the reports is recomputed exactly."""
    seen: Counter[str] = Counter()
    wrong = []
    for line in (corpus / "expected" / "ncu_nvidia_says.jsonl").read_text().splitlines():
        says = json.loads(line)
        if says["report"] == FAILED:
            continue
        row = reports[says["report"]][says["launch_id"]]
        wrong += [
            (says["report"], says["launch_id"], what) for what in disagreements(says, row, seen)
        ]
        if "launch_rule" not in says and row["rule_ran"]:
            seen["silent"] += 1
            if row["launch_rule"] is not None:
                wrong.append((says["report"], says["launch_id"], "silent"))
    assert wrong == []
    assert seen["bottleneck"] == 216
    assert (seen["fp32_pct"], seen["fp64_pct"], seen["ratio"]) == (39, 39, 39)
    assert (seen["launch_rule"], seen["launch_speedup_pct"], seen["tail_pct"]) == (95, 4, 19)
    assert seen["silent"] > 100


def test_vectors(
    vectors: dict[str, tuple[dict[str, float], dict[str, Any], dict[str, Any]]],
) -> None:
    """The same on H100, B200, T4, RTX and more, where the vector holds the rule's inputs."""
    seen: Counter[str] = Counter()
    wrong = []
    for name, (metrics, says, row) in vectors.items():
        if WAVES not in metrics and row["sol_class"] is None:
            says = {key: value for key, value in says.items() if key != "bottleneck"}
        if BLOCKS not in metrics:
            says = {key: value for key, value in says.items() if not key.startswith("launch_")}
        wrong += [(name, what) for what in disagreements(says, row, seen)]
    assert wrong == []
    assert seen == {
        "bottleneck": 30,
        "fp32_pct": 28,
        "fp64_pct": 28,
        "ratio": 28,
        "launch_rule": 3,
        "launch_speedup_pct": 3,
    }


def test_anchor_tensor_operations(vectors: dict[str, Any]) -> None:
    """T4 WMMA of 4096^3: 2 x 4096^3 operations, 5.863 % of the peak, 5.085 FLOP/byte."""
    metrics, _, row = vectors["t4-wmma-full#2"]
    assert (row["flop"], row["roof"]) == (2 * 4096**3, "fp16_tensor")
    seconds = metrics["gpu__time_duration.sum"] / 1e9
    assert 100 * row["flop"] / seconds / row["peak_flop_per_s"] == pytest.approx(5.8634343172)
    assert row["flop"] / row["dram_bytes"] == pytest.approx(5.0853, abs=1e-4)


def test_anchor_constants_are_no_work(vectors: dict[str, Any]) -> None:
    """H100 SiLU: 1.409 GFLOP in FP32; 268 M half operations only set constants."""
    _, _, row = vectors["h100pcie-rmsnorm-vector-full#0"]
    assert (row["flop"], row["roof"]) == (1_409_286_144, "fp32")
    assert "FP16 operations left out" in row["remark"]


def test_anchor_blackwell_bytes(vectors: dict[str, Any]) -> None:
    """B200, basic set: bytes by the active cycles of all 64 instances, four of them switched off.

    Their average (1.106 %) is of 64, the bus of 60; DRAM throughput (1.361 %) counts other work.
    """
    metrics, _, row = vectors["b200-cublas-basic#0"]
    seconds = metrics["gpu__time_duration.sum"] / 1e9
    share = 100 * row["dram_bytes"] / seconds / row["peak_bytes_per_s"]
    assert share == pytest.approx(1.106 * 64 / 60, abs=1e-3)
    assert (row["dram_bytes"] % 32, row["bytes_exactness"]) == (0, "exact")
    assert (row["bytes_source"], row["flop"]) == ("cycles", None)


def test_cache_shares(vectors: dict[str, Any]) -> None:
    """Bytes over peak at L2 and L1 repeat NVIDIA's own percentages of the same counters."""
    compared = 0
    for name, (metrics, _, row) in vectors.items():
        if row["l2_peak_bytes_per_s"] is None:
            continue
        seconds = metrics["gpu__time_duration.sum"] / 1e9
        capability = metrics["device__attribute_compute_capability_major"]
        suffix = "_mem_lgds" if capability >= 9 else "_mem_lg"
        for level, moved, counter in (
            ("l2", row["l2_read_bytes"], "lts__lts2xbar_cycles_active"),
            ("l1", row["l1_bytes"], f"l1tex__lsu_writeback_active{suffix}"),
        ):
            pct = metrics[f"{counter}.sum.pct_of_peak_sustained_elapsed"]
            share = 100 * moved / seconds / row[f"{level}_peak_bytes_per_s"]
            assert share == pytest.approx(pct, rel=1e-3, abs=1e-6), (name, level)
            compared += 1
    assert compared == 32


def test_anchor_reference_gemm(reports: dict[str, Rows]) -> None:
    """The reference kernel of CUTLASS 384^3 converts and runs 384^3 FFMA."""
    row = reports["a100-cutlass-int8-384.ncu-rep"][1]
    assert (row["flop"], row["dtype"]) == (2 * 384**3, "fp32")


TENSOR_LAUNCHES = [
    # 2 x 384^3, (two products of) 2 x 768^3, 24,966,144 x (2048 + 4096)
    ("a100-cutlass-int8-384.ncu-rep", 0, "int8", 113_246_208),
    ("a100-cutlass-int8-768.ncu-rep", 0, "int8", 1_811_939_328),
    ("a100-cutlass-int8-768.ncu-rep", 1, "int8", 905_969_664),
    ("a100-cutlass-int8-768.ncu-rep", 2, "int8", 905_969_664),
    ("a40-julia-tensor.ncu-rep", 4, "fp16", 153_391_988_736),
]


@pytest.mark.parametrize(("report", "launch_id", "dtype", "tensor_flop"), TENSOR_LAUNCHES)
def test_anchor_sass(
    reports: dict[str, Rows], report: str, launch_id: int, dtype: str, tensor_flop: int
) -> None:
    """Tensor operations that no counter has, by SASS; integer products stand alone."""
    row = reports[report][launch_id]
    assert (row["tensor_flop"], row["flop_source"]) == (tensor_flop, "sass")
    assert (row["dtype"], row["roof"]) == (dtype, f"{dtype}_tensor")
    if dtype == "int8":
        assert row["flop"] == tensor_flop


def test_anchor_pipe_share(reports: dict[str, Rows]) -> None:
    """SASS operations over their peak repeat the tensor pipe's own percentage within 2 %."""
    for report, launch_id, *_, tensor_flop in TENSOR_LAUNCHES:
        row = reports[report][launch_id]
        share = 100 * tensor_flop / row["seconds"] / row["peak_flop_per_s"]
        assert share == pytest.approx(row["tensor_pipe_pct"], rel=0.02), (report, launch_id)


def test_uncounted_tensor_work_is_unknown(corpus: Path) -> None:
    """IMMA and HMMA kernels without counters or instructions never show their FP32 part."""
    for report, launch_id, *_ in TENSOR_LAUNCHES:
        options = ReadOptions(metrics=counters.WANTED)
        capture = NcuReportReader().read(corpus / "ncu" / report, options)
        row = counters.work(capture).row(launch_id, named=True)
        assert (row["flop"], row["flop_source"], row["roof"]) == (None, "none", None)
        assert row["missing_reason"] == evidence.NO_TENSOR_COUNTERS


def test_instructions_equal_counters(corpus: Path) -> None:
    """FP32 and FP64 by instructions equal the counters wherever a report has both."""
    compared: Counter[str] = Counter()
    for path in sorted((corpus / "ncu").glob("*.ncu-rep")):
        if path.name == FAILED:
            continue
        options = ReadOptions(metrics=counters.WANTED, instructions=True)
        capture = NcuReportReader().read(path, options)
        for launch_id, mix in mixes(capture).items():
            values = capture.metrics.filter(pl.col("launch_id") == launch_id)
            metrics = dict(values.select("metric", "value").iter_rows())
            seconds = metrics["gpu__time_duration.sum"] / 1e9
            for core in (
                core_counters.single(metrics, seconds, None),
                core_counters.double(metrics, seconds),
            ):
                if core.flop is not None:
                    kind = "non-zero" if core.flop else "zero"
                    compared[f"{mix.source} {kind}"] += 1
                    assert mix.cores[core.dtype] == pytest.approx(core.flop, rel=1e-9), path.name
    assert compared == {
        "sass non-zero": 23,
        "sass zero": 37,
        "opcode non-zero": 10,
        "opcode zero": 10,
    }


def mixes(capture: Capture) -> dict[int, instructions.Mix]:
    """What the instructions of each launch say."""
    found = {}
    for (launch_id,), rows in capture.instructions.group_by("launch_id"):
        mix = instructions.mix(
            instructions.Executed(*row) for row in rows.drop("launch_id").iter_rows()
        )
        assert mix is not None
        found[int(str(launch_id))] = mix
    return found


def test_sgemm_counts(reports: dict[str, Rows]) -> None:
    """Four SGEMM variants of 1024^3 count the same 2 x 1024^3 operations."""
    rows = reports["a10g-sgemm-roofline.ncu-rep"].values()
    assert [row["flop"] for row in rows] == [2 * 1024**3] * 4


def test_active_cycles_give_the_counted_bytes(corpus: Path) -> None:
    """Where a report has both, the basic set's formula and the DRAM counters agree."""
    counted = r"dram__(bytes|sectors)_(read|write)\.sum|dram__bytes\.sum\.per_second"
    compared = 0
    for path in sorted((corpus / "ncu").glob("*.ncu-rep")):
        if path.name == FAILED:
            continue
        capture = NcuReportReader().read(path, ReadOptions(metrics=counters.WANTED))
        both = counters.work(capture)
        bare = capture.metrics.filter(~pl.col("metric").str.contains(f"^(?:{counted})$"))
        cycles = counters.work(_with_metrics(capture, bare))
        pairs = both.join(cycles, on="launch_id").filter(
            (pl.col("bytes_source") == "counter") & (pl.col("bytes_source_right") == "cycles")
        )
        for exact, estimated in pairs.select("dram_bytes", "dram_bytes_right").iter_rows():
            compared += 1
            assert estimated == pytest.approx(exact, rel=1e-6, abs=64), path.name
    assert compared > 40


def _with_metrics(capture: Any, metrics: pl.DataFrame) -> Any:
    """``capture`` with other metrics."""
    return dataclasses.replace(capture, metrics=metrics)
