"""Findings on real traces against what an engineer concluded by hand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from ncutool.advice.price import rank
from ncutool.advice.view.finding import Finding
from ncutool.analysis.analyse import Analysis, read_and_analyse


@cache
def analysed(path: Path) -> Analysis:
    """One analysis per trace for all tests here."""
    return read_and_analyse(path)


def findings(corpus: Path, name: str) -> tuple[Finding, ...]:
    """Findings of a trace of the corpus."""
    return analysed(corpus / "torch" / f"{name}.json.gz").findings


EXPECTED = [
    # trace, words of the title, saving by hand from .. to in µs
    ("h100-qwen1.5-0.5b-prefill", "RMSNorm", 9_098, 10_865),
    ("h100-qwen1.5-0.5b-prefill", "rotary embedding", 10_595, 12_680),
    ("h100-qwen1.5-0.5b-prefill", "SwiGLU", 507, 1_560),
    ("h100-vit-inference", "CUDA graphs", 6_104, 6_326),
    ("b200-vllm-moe-prefill-8rank", "CUDA graphs", 36_000, 72_753),
    ("a100-switch-transformer", "attention", 12_800, 16_900),
    ("a100-recommender-train", "CUDA graphs", 53_000, 61_400),
    ("a100-particle-transformer-b004", "CUDA graphs", 25_855, 26_696),
    ("a100-particle-transformer-b128", "CUDA graphs", 3_259, 3_399),
    ("mi300x-timesformer-inference", "attention [96,", 65_800, 70_600),
    ("mi300x-timesformer-inference", "attention [37632,", 14_700, 16_700),
    ("mi300x-sglang-qwen3-8b-decode-graph", "narrow tiles", 2_856, 5_782),
    ("v100-resnet50-2021", "CUDA graphs", 50_000, 98_000),
]


@pytest.mark.parametrize(("name", "words", "low", "high"), EXPECTED)
def test_a_saving_overlaps_the_one_found_by_hand(
    name: str, words: str, low: int, high: int, corpus: Path
) -> None:
    """The ranges meet within 2 %, and neither end promises much more than the hand's high."""
    (finding,) = [one for one in findings(corpus, name) if words in one.title]
    assert finding.alone_low_ns / 1e3 <= 1.02 * high
    assert finding.alone_high_ns / 1e3 >= 0.98 * low
    assert finding.alone_high_ns / 1e3 <= 1.1 * high


def test_no_trace_is_promised_more_than_its_window(corpus: Path) -> None:
    """Sums of high ends, order, and shares hold on every trace."""
    for path in sorted((corpus / "torch").glob("*.json.gz")):
        result = analysed(path)
        found = result.findings
        of_window = [one.saving_high_ns for one in found if one.per == "window"]
        assert sum(of_window) <= result.window_ns, path.name
        assert all(0 <= one.saving_low_ns <= one.saving_high_ns for one in found), path.name
        alike = round(result.window_ns * rank.ALIKE_PCT / 100)
        assert all(
            before.alone_high_ns >= one.alone_high_ns
            for place, before in enumerate(found)
            for one in found[place + 1 :]
            if abs(before.alone_low_ns - one.alone_low_ns) <= alike
        ), path.name
        assert len({one.id for one in found}) == len(found), path.name


def test_collectives_are_never_fused_or_batched(corpus: Path) -> None:
    """Not as part of any chain, pattern or product."""
    for path in sorted((corpus / "torch").glob("*.json.gz")):
        result = analysed(path)
        communication = set(
            result.kernels.filter(result.kernels["family"] == "collective")["launch_id"]
        )
        for one in result.findings:
            if one.kind == "fuse":
                assert communication.isdisjoint(one.launches), (path.name, one.title)


@pytest.mark.parametrize(
    ("name", "limit_pct"),
    [
        ("mi300x-sglang-qwen3-8b-decode-graph", 0.0),  # one stray launch; a graph already
        ("a100-switch-transformer", 0.0),  # module loading and allocation
        ("mi300x-resnet-ddp-train", 0.0),  # the host is ahead
        ("h100-qwen1.5-0.5b-prefill", 3.2),  # 8.1 % idle, most of it a full queue
        ("v100-resnet50-2021", 10.0),  # 38 % late, most of it waits for input
    ],
)
def test_graphs_are_not_promised_for_other_waits(name: str, limit_pct: float, corpus: Path) -> None:
    """The traps: idle time that no graph removes."""
    graphs = [one for one in findings(corpus, name) if one.kind == "graph"]
    assert sum(one.saving_high_pct for one in graphs) <= limit_pct


def test_a_busy_device_may_still_be_limited_by_its_host(corpus: Path) -> None:
    """At 86 % busy kernel-time savings are mostly promised for later: the low ends stay small."""
    found = findings(corpus, "a100-particle-transformer-b128")
    fused = [one for one in found if one.kind == "fuse"]
    assert sum(one.alone_low_ns for one in fused) < 0.6 * sum(one.alone_high_ns for one in fused)


def test_profiler_overhead_is_said(corpus: Path) -> None:
    """Python stacks in the trace lower the grade and halve the low end."""
    (graph,) = [
        one for one in findings(corpus, "b200-vllm-moe-prefill-8rank") if one.kind == "graph"
    ]
    assert graph.grade == "likely"
    assert any("Python stack events" in sentence for sentence in graph.evidence)
    assert graph.saving_low_ns <= graph.saving_high_ns / 2
