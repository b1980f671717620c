"""The main job on every real capture beside the checkout, held against what others measured."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ncutool.advice.price import rank
from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.commands import main

REPOSITORY = Path(__file__).resolve().parents[1]
CORPUS = REPOSITORY.parent / "shared" / "corpus"
REPORTS = sorted((CORPUS / "ncu").glob("*report")) + sorted((CORPUS / "ncu").glob("*.ncu-rep"))
TRACES = sorted((CORPUS / "torch").glob("*.json.gz"))

FAILED = "a100-failed-collection.ncu-rep"
"""Its one launch has no usable counter: nothing to make a page of."""

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of real captures is not beside this checkout"
)


def lines(name: str) -> list[dict[str, Any]]:
    """The records of one file of expectations."""
    path = CORPUS / "expected" / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@cache
def analysed(path: Path) -> Analysis:
    """One capture, read and analysed once for all tests."""
    return read_and_analyse(path)


@pytest.mark.parametrize("path", REPORTS + TRACES, ids=lambda path: path.name)
def test_report_writes_a_page_for_every_capture(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page for each that holds usable launches; one clear line for the one that does not."""
    page = tmp_path / "page.html"
    code = main(["report", str(path), "-o", str(page)])
    error = capsys.readouterr().err
    if path.name == FAILED:
        assert (code, page.exists(), error.count("\n")) == (1, False, 1)
        assert "no usable counter" in error
    else:
        assert code == 0
        assert page.stat().st_size > 10_000
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "record",
    [line for line in lines("ncu_nvidia_says.jsonl") if line["report"] != FAILED],
    ids=lambda r: f"{r['report']}#{r['launch_id']}",
)
def test_figures_are_those_that_nvidia_printed(record: dict[str, Any]) -> None:
    """Class, FP32 and FP64 share, their ratio and the launch rule, launch by launch."""
    row = analysed(CORPUS / "ncu" / record["report"]).kernels.row(record["launch_id"], named=True)
    if record.get("bottleneck"):
        assert row["sol_class"] == record["bottleneck"]
    if "fp32_pct" in record:
        assert round(row["fp32_peak_pct"]) == record["fp32_pct"]
        assert round(row["fp64_peak_pct"]) == record["fp64_pct"]
        assert round(row["fp32_to_fp64"]) == record["fp32_to_fp64"]
    if "launch_rule" in record:
        assert row["launch_rule"] == record["launch_rule"]
    if "tail_pct" in record:
        assert row["launch_rule_speedup_pct"] == pytest.approx(record["tail_pct"], abs=0.05)
    if "launch_speedup_pct" in record:
        assert row["launch_rule_speedup_pct"] == pytest.approx(
            record["launch_speedup_pct"], abs=0.005
        )


@pytest.mark.parametrize("record", lines("traces.jsonl"), ids=lambda r: str(r["trace"]))
def test_traces_hold_what_was_counted_independently(record: dict[str, Any]) -> None:
    """Kernels, summed time, linked share, and the FLOPs of every matrix product, exactly."""
    analysis = analysed(CORPUS / "torch" / record["trace"])
    kernels = analysis.kernels.filter(analysis.kernels["category"] == "kernel")
    assert kernels.height == record["launches"]
    assert kernels["duration_ns"].sum() == pytest.approx(record["kernel_us"] * 1000, abs=1000)
    linked = kernels.filter(kernels["op_id"].is_not_null())
    linked_pct = 100 * int(linked["duration_ns"].sum()) / int(kernels["duration_ns"].sum())
    assert linked_pct == pytest.approx(record["linked_pct"], abs=0.5)
    for op, expected in record["matmul"].items():
        rows = kernels.filter(kernels["op"] == op)
        assert rows["flop"].sum() == pytest.approx(expected["flop"], rel=1e-12), op
        assert rows["duration_ns"].sum() == pytest.approx(expected["kernel_us"] * 1000, abs=1000)


@pytest.mark.parametrize(
    "path", [path for path in TRACES + REPORTS if path.name != FAILED], ids=lambda path: path.name
)
def test_findings_are_bounded_by_the_window(path: Path) -> None:
    """Savings are ordered, never negative, and never add up to more than the time there is."""
    analysis = analysed(path)
    savings = [(f.saving_low_ns, f.saving_high_ns) for f in analysis.findings]
    assert all(0 <= low <= high for low, high in savings)
    of_window = [f.saving_high_ns for f in analysis.findings if f.per == "window"]
    assert sum(of_window) <= analysis.window_ns
    step = max(int(analysis.window_ns * rank.ALIKE_PCT / 100), 1)
    sure = [finding.alone_low_ns // step for finding in analysis.findings]
    assert sure == sorted(sure, reverse=True)
