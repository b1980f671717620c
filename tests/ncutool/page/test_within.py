"""What an opened row of a report says of the inside of a kernel."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ncutool.analysis.analyse import Analysis, read_and_analyse
from ncutool.explain import explain
from ncutool.page.within import within
from ncutool.text.explanation import explanation_lines, explanation_markdown


@pytest.fixture(scope="module")
def report(corpus: Path) -> Analysis:
    return read_and_analyse(corpus / "ncu" / "a100-self-join-full.ncu-rep")


def test_the_opened_row_of_a_report(report: Analysis) -> None:
    """One group of fourteen launches: its median one, with bars, the path and hot instructions."""
    found = within(report, pl.Series([0] * 14))
    assert found is not None
    shown = found["0"]
    bars = {title: [bar[0] for bar in each] for title, each in shown["bars"]}
    assert bars["Warps wait for"][0] == "long scoreboard"
    assert bars["Pipes"][0] == "fp64"
    assert bars["Found in caches"] == ["L1", "L2"]
    path = dict(shown["path"])
    assert path["Is the device filled?"] == (
        "Yes: 1.19 waves of blocks, of which a partial last one costs at most 40.7 %."
    )
    assert "the nearest limit is issuing instructions" in path["Is it at a limit?"]
    assert "`DADD R26, -R20, R22`" in path["Where?"]
    assert "FP64 pipe" in path["What was ruled out?"]
    assert shown["hot"][0][1:3] == ["DADD R26, -R20, R22", "long scoreboard"]
    assert shown["hot"][0][4] == "LDG.E.64 R20, [R20.64]"
    assert any(name.startswith("CPIStall") for name, _, _ in shown["rules"])


def test_explain_prints_the_same_path(report: Analysis) -> None:
    explained = explain(report, 0)
    text = " ".join(explanation_lines(explained, color=False, width=200).split())
    assert all(" ".join(step.answer.split()) in text for step in explained.path)
    assert "What NVIDIA's rules printed" in text
    assert "LDG.E.64" in explanation_markdown(explained)


def test_a_report_of_the_basic_set_says_what_it_lacks(corpus: Path) -> None:
    report = read_and_analyse(corpus / "ncu" / "gh200-kokkos-basic.ncu-rep")
    path = {step.question: step.answer for step in explain(report, 0).path}
    assert "Where?" not in path
    assert "--section WarpStateStats" in path["What is not known?"]


def test_a_failed_launch_has_no_path(corpus: Path) -> None:
    report = read_and_analyse(corpus / "ncu" / "h800-flash-attention-partial.ncu-rep")
    assert explain(report, 4).path == ()


def test_a_trace_has_none(corpus: Path) -> None:
    trace = read_and_analyse(corpus / "torch" / "h100-qwen1.5-0.5b-prefill.json.gz")
    assert within(trace, pl.Series([0] * trace.kernels.height)) is None
    assert explain(trace, "longest").path == ()
