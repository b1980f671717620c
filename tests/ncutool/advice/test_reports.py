"""Findings from reports: launches alone, every low end 0, shares of the summed durations."""

from __future__ import annotations

from typing import Any

import pytest
from analysis_factory import table

from ncutool.advice.kernels import reports
from ncutool.work.inside import Inside


def row(launch_id: int, **changes: Any) -> dict[str, Any]:
    """A launch of 10 µs that reaches 10 % of either limit."""
    return {
        "capture": "a.ncu-rep", "source": "ncu", "launch_id": launch_id, "category": "kernel",
        "kernel": "saxpy", "kernel_full": "saxpy(float*)", "duration_ns": 10_000, "stream": 7,
        "grid_x": 27, "grid_y": 1, "grid_z": 1, "block_x": 256, "block_y": 1, "block_z": 1,
        "flop_source": "none", "bytes_source": "counter", "peak_source": "record",
        "dram_bytes": 1e6, "sm_sol_pct": 10.0, "memory_sol_pct": 6.0, "waves": 0.25,
        "bound": "small_grid", "bound_reason": "27 of 108 multiprocessors have a block",
    } | changes  # fmt: skip


def test_a_small_grid_gains_what_nvidia_says_at_most() -> None:
    """27 of 108: 75 %; what the limits allow is more, so the rule caps it."""
    (finding,) = reports.advise(
        table([row(0, launch_rule="Small Grid", launch_rule_speedup_pct=75.0)])
    ).findings
    assert (finding.kind, finding.grade) == ("batch", "possible")
    assert (finding.saving_low_ns, finding.saving_high_ns) == (0, 7_500)
    assert finding.saving_high_pct == 75.0
    assert "0.25 waves" in finding.evidence[1]


def test_limits_cap_the_gain_of_batching() -> None:
    """At 45 % of a limit only a quarter remains until 60 %."""
    (finding,) = reports.advise(
        table([row(0, sm_sol_pct=45.0, launch_rule="Small Grid", launch_rule_speedup_pct=75.0)])
    ).findings
    assert finding.saving_high_ns == 2_500


@pytest.mark.parametrize(("count", "length", "found"), [(8, 10_000, 1), (7, 10_000, 0),
                                                        (8, 20_000, 0)])  # fmt: skip
def test_short_launches_many_times_over(count: int, length: int, found: int) -> None:
    """Eight latency-bound launches below 20 µs; a long one is slow for other reasons."""
    rows = [row(i, bound="latency", duration_ns=length, waves=3.0) for i in range(count)]
    findings = reports.advise(table(rows)).findings
    assert len(findings) == found
    if found:
        assert findings[0].title == "Batch saxpy: too little work a launch, 8 launches"
        assert findings[0].saving_high_ns == 8 * int(10_000 * (1 - 10 / 60))


def chain(*kernels: str, **changes: Any) -> list[dict[str, Any]]:
    """Memory-bound launches of these kernels with as many threads each."""
    return [
        row(
            i,
            kernel=name,
            kernel_full=f"{name}()",
            bound="memory",
            dram_bytes=size,
            limiting_level="dram",
            **changes,
        )
        for i, (name, size) in enumerate(zip(kernels, (3e8, 2e8, 3e8), strict=False))
    ]


def test_memory_bound_neighbours_may_feed_one_another() -> None:
    """add, silu, mul of 3, 2 and 3 tensors: half of the bytes, at the rates they ran at."""
    (finding,) = reports.advise(table(chain("add", "silu", "mul"))).findings
    assert (finding.kind, finding.grade, finding.saving_low_ns) == ("fuse", "possible", 0)
    assert finding.saving_high_ns == 3_333 + 10_000 + 3_333
    assert "is not proven" in finding.evidence[1]


@pytest.mark.parametrize(
    "rows",
    [
        chain("add", "add"),
        [*chain("add"), row(1, kernel_full="x", bound="memory", limiting_level="dram", grid_x=28)],
        [*chain("add"), row(2, kernel_full="x", bound="memory", limiting_level="dram")],
        [*chain("add"), row(1, kernel_full="x", bound="memory", limiting_level="dram", stream=8)],
        [*chain("add"), row(1, kernel_full="x", bound="compute")],
        [*chain("add"), row(1, kernel_full="x", bound="memory", limiting_level="l1")],
        [*chain("add"), row(1, kernel_full="x", bound="memory", limiting_level=None)],
    ],
    ids=[
        "same kernel",
        "other threads",
        "a gap",
        "other stream",
        "other bound",
        "L1 holds it",
        "level unknown",
    ],
)
def test_no_chain(rows: list[dict[str, Any]]) -> None:
    """What differs in work or order, or what DRAM does not hold, is not taken for a chain."""
    assert reports.advise(table(rows)).findings == ()


def test_a_launch_is_paid_once() -> None:
    """Shares stay within the summed durations, whatever overlaps."""
    rows = [row(i, launch_rule="Small Grid", launch_rule_speedup_pct=99.0) for i in range(20)]
    findings = reports.advise(table(rows)).findings
    assert sum(one.saving_high_ns for one in findings) <= 20 * 10_000


def test_failed_and_empty_launches_are_left_out() -> None:
    """No duration or an error: nothing is said."""
    rows = [row(0, duration_ns=0), row(1, duration_ns=None), row(2, error="no counters")]
    assert reports.advise(table(rows)).findings == ()


BASIC = frozenset({"SpeedOfLight", "LaunchStats", "Occupancy"})
FULL = BASIC | {"SourceCounters", "MemoryWorkloadAnalysis_Tables", "WarpStateStats",
                "SchedulerStats", "ComputeWorkloadAnalysis"}  # fmt: skip


@pytest.mark.parametrize(
    ("bound", "sections", "answer", "missing"),
    [
        ("latency", FULL, "nothing_worth_doing", None),
        ("latency", BASIC, "could_not_look",
         ("WarpStateStats", "SchedulerStats", "MemoryWorkloadAnalysis_Tables", "SourceCounters")),
        ("memory", BASIC, "could_not_look", ("MemoryWorkloadAnalysis_Tables", "SourceCounters")),
        ("compute", BASIC, "could_not_look", ("ComputeWorkloadAnalysis", "WarpStateStats")),
        ("compute", FULL - {"WarpStateStats"}, "could_not_look", ("WarpStateStats",)),
        ("unknown", frozenset({"LaunchStats"}), "could_not_look", ("SpeedOfLight",)),
        ("unknown", frozenset(), "could_not_look", ("SpeedOfLight", "LaunchStats")),
    ],
)  # fmt: skip
def test_three_answers(
    bound: str, sections: frozenset[str], answer: str, missing: tuple[str, ...] | None
) -> None:
    """Without findings it is either nothing worth doing, or what would tell was not collected."""
    launch = row(0, bound=bound, duration_ns=1_000_000, waves=3.0, sm_sol_pct=11.0,
                 limiting_level=None, flop=1e9)  # fmt: skip
    advice = reports.advise(table([launch]), None, {0: Inside(sections=sections)})
    assert advice.findings == ()
    assert advice.answer == answer
    assert [one.sections for one in advice.could_not_look] == ([] if missing is None else [missing])
    for one in advice.could_not_look:
        assert (one.launches, one.duration_ns, one.pct) == ((0,), 1_000_000, 100.0)
        assert "--set full" in one.collect
        for section in one.sections:
            assert f"--section {section}" in one.collect


def test_a_pipe_that_the_speed_of_light_names_need_not_be_collected() -> None:
    """Its parts stand in every set: then only the waits are missing."""
    launch = row(0, bound="compute", duration_ns=1_000_000, waves=3.0, limiting_level="fp64")
    insides = {0: Inside(sections=BASIC)}
    (unseen,) = reports.advise(table([launch | {"flop": 1e9}]), None, insides).could_not_look
    assert unseen.sections == ("WarpStateStats",)
    (uncounted,) = reports.advise(table([launch]), None, insides).could_not_look
    assert uncounted.sections == ("WarpStateStats", "SpeedOfLight_RooflineChart")
    assert "which arithmetic it does" in uncounted.reason


def test_what_was_looked_at_carries_its_share() -> None:
    """Half of the time was collected with the full set, all of it with the basic one."""
    rows = [row(i, bound="latency", waves=3.0, duration_ns=1_000_000) for i in range(2)]
    insides = {0: Inside(sections=FULL), 1: Inside(sections=BASIC)}
    advice = reports.advise(table(rows), None, insides)
    everything, half = advice.looked
    assert everything == "the two limits and the grid, occupancy (100 % of launch time)"
    assert half.startswith("excess global and shared accesses, cache lines and local memory, ")
    assert half.endswith("stalls and divergence, issue slots, pipes (50.0 % of launch time)")


def test_a_failed_launch_leads() -> None:
    """Its time is not 0 but unknown, and it stands before all else that could not be looked at."""
    rows = [
        row(0, bound="latency", waves=3.0, duration_ns=1_000_000),
        row(1, kernel="flash", duration_ns=None, error="the collection failed"),
    ]
    advice = reports.advise(table(rows), None, {0: Inside(sections=BASIC)})
    first, second = advice.could_not_look
    assert (first.what, first.pct, first.launches) == ("1 launch of flash", None, (1,))
    assert "neither its time nor any figure" in first.reason
    assert second.pct == 100.0
    assert advice.answer == "could_not_look"


def test_launches_without_a_time_are_no_healthy_ones() -> None:
    """Nothing can be weighed: that is could not look, whatever share of nothing they are."""
    advice = reports.advise(table([row(i, duration_ns=None) for i in range(3)]), None, {})
    (unseen,) = advice.could_not_look
    assert (unseen.pct, unseen.failed, unseen.sections) == (None, False, ("SpeedOfLight",))
    assert advice.answer == "could_not_look"


def test_findings_beside_what_could_not_be_looked_at() -> None:
    """Something to do is the answer, and the rest is still listed."""
    rows = [
        row(0, launch_rule="Small Grid", launch_rule_speedup_pct=75.0),
        row(1, bound="memory", kernel_full="copy()", duration_ns=1_000_000, waves=3.0),
    ]
    advice = reports.advise(table(rows), None, {i: Inside(sections=BASIC) for i in range(2)})
    assert advice.answer == "something_to_do"
    assert [one.launches for one in advice.could_not_look] == [(1,)]
