"""A launch of a report has one finding, whatever is planted, missing or broken in its counters."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from analysis_factory import table
from contradictions import contradicted, tail_cap
from hypothesis import given
from hypothesis import strategies as st
from planted_launches import (
    EXCESS,
    HEALTHY,
    PLANTED,
    SECTORS,
    SLOW,
    STALL,
    STALLS,
    analysed,
    launch,
    limits,
    stalled,
)

import report_writer
from ncutool.advice.kernels import reports
from ncutool.advice.view.finding import Finding
from ncutool.analysis.analyse import Analysis
from ncutool.inside import table as inside_table
from ncutool.work import inside
from report_writer import ReportLaunch

Changes = dict[str, report_writer.MetricValue]
TRAFFIC: dict[str, Changes] = {
    "tune-uncoalesced": {EXCESS: 600_000.0},
    "tune-shared-memory": {"derived__memory_l1_wavefronts_shared_excessive": 300_000.0},
    "tune-spills": {SECTORS.format("local", kind): 60_000.0 for kind in ("ld", "st")},
    "tune-tail": {"launch__waves_per_multiprocessor": 1.1, **limits(20.0, 75.0)},
}
"""Causes that may be planted together, with the limits that the last leaves."""


def rules_of(finding: Finding) -> set[str]:
    return {finding.rule, *(one.rule for one in finding.also)}


@pytest.mark.parametrize("second", TRAFFIC)
@pytest.mark.parametrize("first", TRAFFIC)
def test_two_causes_are_one_finding(first: str, second: str, tmp_path: Path) -> None:
    """The larger one is what it is about, the other stands in it with its own saving."""
    (finding,) = analysed(tmp_path, launch({**TRAFFIC[first], **TRAFFIC[second]})).findings
    assert rules_of(finding) >= {first, second}
    assert all(one.alone_high_ns <= finding.alone_high_ns for one in finding.also)
    assert {one.rule for one in finding.excluded}.isdisjoint(rules_of(finding))


def test_the_evidence_is_there_as_values(tmp_path: Path) -> None:
    (finding,) = analysed(tmp_path, launch({EXCESS: 600_000.0})).findings
    excess, memory, local = finding.figures
    assert (excess.metric, excess.value, excess.unit) == ("excess_sectors_pct", 60.0, "%")
    assert (excess.compare, excess.threshold, excess.launch_id) == (">=", 5.0, 0)
    assert (memory.metric, memory.value, memory.threshold) == ("memory_sol_pct", 70.0, None)
    assert (local.metric, local.value, local.compare, local.threshold) == (
        "local_pct", 0.0, "<", 50.0)  # fmt: skip
    assert finding.cap == "At most 50.0 % of the launch may go: its other limit stays busy for " \
        "the rest."  # fmt: skip


def test_what_is_ruled_out_names_its_number(tmp_path: Path) -> None:
    (finding,) = analysed(tmp_path, launch({EXCESS: 600_000.0})).findings
    ruled = {one.rule: one for one in finding.excluded}
    assert set(ruled) == {"batch-few-blocks", "tune-tail", "tune-shared-memory", "tune-spills",
                          "tune-divergence", "tune-stalls"}  # fmt: skip
    few = ruled["batch-few-blocks"]
    assert (few.metric, few.value, few.compare, few.threshold) == ("waves", 100.0, ">=", 1.0)
    assert ruled["tune-divergence"].value == 32.0


@pytest.mark.parametrize("kernels", [2, 5])
def test_the_kernel_with_most_time_leads(kernels: int, tmp_path: Path) -> None:
    """A smaller saving of the longest kernel goes before a larger one of another."""
    made = [
        ReportLaunch(f"void k{number}(float*)", grid=(10_800, 1, 1), block=(256, 1, 1),
                     metrics={**HEALTHY, EXCESS: 100_000.0 + 200_000 * number,
                              "gpu__time_duration.sum": 1_000_000.0 - 90_000 * number})
        for number in range(kernels)
    ]  # fmt: skip
    analysis = analysed_all(tmp_path, made)
    assert [finding.kernels for finding in analysis.findings] == [
        (f"k{number}",) for number in range(kernels)
    ]
    savings = [finding.alone_high_ns for finding in analysis.findings]
    assert savings[0] == min(savings)
    assert analysis.most_time is not None
    assert analysis.most_time.cause == "tune-uncoalesced"


def test_the_headline_is_of_the_kernel_with_most_time(tmp_path: Path) -> None:
    """Nothing is known against the longest one: what another could save does not lead."""
    short = {**HEALTHY, EXCESS: 900_000.0, "gpu__time_duration.sum": 400_000.0}
    made = [
        ReportLaunch("void longest(float*)", grid=(10_800, 1, 1), block=(256, 1, 1),
                     metrics=HEALTHY),
        ReportLaunch("void other(float*)", grid=(10_800, 1, 1), block=(256, 1, 1), metrics=short),
    ]  # fmt: skip
    analysis = analysed_all(tmp_path, made)
    assert "longest" in analysis.headline
    assert [finding.kernels for finding in analysis.findings] == [("other",)]


def test_a_kernel_at_its_limit_is_said_to_be(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, launch(limits(30.0, 92.0)))
    assert analysis.findings == ()
    assert analysis.most_time is not None
    assert (analysis.most_time.cause, analysis.most_time.command) == ("at_limit", None)
    assert "It has reached DRAM" in analysis.most_time.sentences[-1]
    first = analysis.advice.declined[0]
    assert first.what == "Tune stencil further"


def analysed_all(folder: Path, launches: list[ReportLaunch]) -> Analysis:
    from ncutool.analysis.analyse import read_and_analyse

    return read_and_analyse(report_writer.write_report(folder / "made.ncu-rep", launches))


SECTIONS = {
    "SourceCounters": ("memory_l2_theoretical", "derived__memory"),
    "MemoryWorkloadAnalysis_Tables": ("lts__t_sectors", "l1tex__t_"),
    "WarpStateStats": ("smsp__average_warp", "smsp__thread_inst_executed_per"),
    "SchedulerStats": ("smsp__issue_active", "smsp__warps_eligible"),
    "SpeedOfLight": ("sm__throughput", "gpu__compute_memory_throughput"),
}
"""By section, what its counters begin with."""


@pytest.mark.parametrize("missing", SECTIONS)
@pytest.mark.parametrize("planted", ["tune-uncoalesced", "tune-occupancy", "tune-unfused", "none"])
def test_what_was_not_collected_is_said(planted: str, missing: str, tmp_path: Path) -> None:
    """The longest kernel has a cause, or the command that names what is missing."""
    whole = PLANTED[planted][0].metrics if planted != "none" else {**HEALTHY, **SLOW}
    left = {name: value for name, value in whole.items() if not name.startswith(SECTIONS[missing])}
    made = ReportLaunch("void stencil(float*)", grid=(10_800, 1, 1), block=(256, 1, 1),
                        metrics=left)  # fmt: skip
    analysis = analysed(tmp_path, made)
    most = analysis.most_time
    assert most is not None
    assert most.cause is not None or (most.command is not None and missing in most.command)
    if most.command is not None:
        assert most.command.startswith("ncu --kernel-name stencil --launch-skip 0 --launch-count 1")
    not_contradicted(analysis)


@pytest.mark.parametrize(
    "capability",
    [(3, 5), (5, 2), (6, 1), (7, 0), (7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (10, 3),
     (12, 0), (13, 0)],
)  # fmt: skip
def test_the_remedy_is_one_that_the_architecture_has(
    capability: tuple[int, int], tmp_path: Path
) -> None:
    device = report_writer.device_attributes("GPU", capability)
    for planted in ({EXCESS: 600_000.0}, stalled("long_scoreboard"),
                    TRAFFIC["tune-shared-memory"]):  # fmt: skip
        (finding,) = analysed(tmp_path, launch({**planted, **device})).findings
        assert ("cp.async" in finding.remedy) <= (capability >= (8, 0))
        assert ("TMA" in finding.remedy) == (capability >= (9, 0))


@pytest.mark.parametrize("capability", [(8, 0), (9, 0), (10, 0)])
@pytest.mark.parametrize("stall", ["gmma", "long_scoreboard"])
def test_few_warps_are_meant_where_they_share_out_the_work(
    capability: tuple[int, int], stall: str, tmp_path: Path
) -> None:
    """From 9.0 on, a product whose warps load for others wants few and large blocks."""
    few: Changes = {"sm__maximum_warps_per_active_cycle_pct": 18.75,
                    "sm__warps_active.avg.pct_of_peak_sustained_active": 18.0,
                    "launch__occupancy_limit_registers": 1.0}  # fmt: skip
    device = report_writer.device_attributes("GPU", capability)
    found = analysed(tmp_path, launch({**stalled(stall), **few, **device})).findings
    said = {rule for finding in found for rule in rules_of(finding)}
    assert ("tune-occupancy" in said) == (stall != "gmma" or capability < (9, 0))


def test_one_block_has_a_grid_problem(tmp_path: Path) -> None:
    """Not one of occupancy, of unequal work or of stalls first."""
    changes = {**PLANTED["tune-occupancy"][0].metrics, "launch__waves_per_multiprocessor": 0.009,
               "launch__grid_size": 1}  # fmt: skip
    made = ReportLaunch("void stencil(float*)", grid=(1, 1, 1), block=(256, 1, 1), metrics=changes)
    (finding,) = analysed(tmp_path, made).findings
    assert finding.rule == "batch-few-blocks"
    assert {"tune-occupancy", "tune-imbalance"}.isdisjoint(rules_of(finding))
    (ruled,) = [one for one in finding.excluded if one.rule == "tune-occupancy"]
    assert (ruled.metric, ruled.value) == ("waves", 0.009)


@pytest.mark.parametrize("value", [math.nan, 0.0, -1.0, math.inf])
@pytest.mark.parametrize("planted", [*PLANTED, "stall"])
def test_broken_counters_are_no_evidence(planted: str, value: float, tmp_path: Path) -> None:
    """Every counter but the time and the device is NaN, 0, below 0 or without end."""
    metrics = stalled("barrier") if planted == "stall" else PLANTED[planted][0].metrics
    kept = ("device__", "gpu__time", "launch__")
    broken = {
        name: given if name.startswith(kept) else value
        for name, given in {**HEALTHY, **metrics}.items()
    }
    made = ReportLaunch("void stencil(float*)", grid=(10_800, 1, 1), block=(256, 1, 1),
                        metrics=broken)  # fmt: skip
    not_contradicted(analysed(tmp_path, made))


def not_contradicted(analysis: Analysis) -> None:
    launches = {row["launch_id"]: row for row in analysis.kernels.to_dicts()}
    insides = {row["launch_id"]: row for row in analysis.inside.to_dicts()}
    for finding in analysis.findings:
        assert 0 <= finding.alone_high_ns <= finding.duration_ns
        assert all(math.isfinite(one.value) and one.holds for one in finding.figures)
        for launch_id in finding.launches:
            for rule in rules_of(finding):
                why = contradicted(rule, launches[launch_id], insides[launch_id])
                assert why is None, (rule, why)


NUMBERS = st.sampled_from([0.0, 1e-9, 1.0, 15.0, 29.9, 31.0, 60.0, 79.9, 99.9, 100.0, 1e6, 1e12])
COUNTED = [name for name in HEALTHY if not name.startswith(("device__", "gpu__time"))]
MADE = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(COUNTED, NUMBERS),
        **{STALL.format(reason): NUMBERS for reason in STALLS},
    },
)  # fmt: skip
LAUNCHES = st.fixed_dictionaries(
    {
        "sm_sol_pct": st.none() | st.floats(0, 100),
        "memory_sol_pct": st.none() | st.floats(0, 100),
        "waves": st.none() | st.floats(0.001, 400),
        "grid_x": st.integers(1, 4),
        "dtype": st.sampled_from(["fp32", "fp64", None]),
        "tensor_flop": st.sampled_from([None, 0.0, 1e9]),
        "fp32_to_fp64": st.sampled_from([None, 2.0, 64.0]),
        "compute_capability": st.sampled_from(["3.5", "7.0", "8.0", "9.0", "10.0", None]),
        "family": st.sampled_from([None, "gemm"]),
        "launch_rule": st.sampled_from([None, "Tail Effect", "Small Grid"]),
        "launch_rule_speedup_pct": st.none() | st.floats(0, 100),
        "block_x": st.integers(1, 1024),
        "duration_ns": st.integers(1, 10**9),
    }
)


def bound_of(row: dict[str, Any]) -> str:
    compute, memory = row["sm_sol_pct"], row["memory_sol_pct"]
    if compute is None or memory is None:
        return "unknown"
    if max(compute, memory) < 60:
        return "small_grid" if row["waves"] is not None and row["waves"] < 1 else "latency"
    if abs(compute - memory) < 10:
        return "balanced"
    return "compute" if compute > memory else "memory"


@given(LAUNCHES, MADE)
def test_no_advice_on_a_made_launch_is_contradicted(
    changes: dict[str, Any], counters: dict[str, float]
) -> None:
    """Whatever is counted, and whatever of it is missing or absurd."""
    row = {
        "capture": "a", "source": "ncu", "launch_id": 0, "category": "kernel", "kernel": "k",
        "kernel_full": "k()", "flop_source": "none", "bytes_source": "none",
        "peak_source": "record", "grid_y": 1, "grid_z": 1, "block_y": 1, "block_z": 1,
        "bound_reason": "", "bound": bound_of(changes), **changes,
    }  # fmt: skip
    made = table([row])
    within = inside.of_metrics(counters)
    metrics = dict(counters)
    if row["waves"] is not None:
        metrics["launch__waves_per_multiprocessor"] = row["waves"]
    else:
        metrics.pop("launch__waves_per_multiprocessor", None)
    advice = reports.advise(made, None, {0: within})
    assert len(advice.findings) <= 1
    launched = made.to_dicts()[0]
    told = inside_table.row_of(launched, metrics)
    for finding in advice.findings:
        assert 0 < finding.alone_high_ns <= row["duration_ns"]
        assert all(math.isfinite(one.value) and one.holds for one in finding.figures)
        for rule in rules_of(finding):
            assert contradicted(rule, launched, told) is None, rule
            if rule == "tune-tail":
                share = finding.alone_high_ns if finding.rule == rule else max(
                    one.alone_high_ns for one in finding.also if one.rule == rule)  # fmt: skip
                assert share <= row["duration_ns"] * tail_cap(row["waves"]) + 1
