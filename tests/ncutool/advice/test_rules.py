"""What NVIDIA's rules estimate: from a report's messages and counters, and on a real timeline."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from analysis_factory import table
from trace_factory import H100, Trace, kernels, window

from ncutool.advice.kernels import reports, rules
from ncutool.advice.view.context import context
from ncutool.advice.view.finding import Finding
from ncutool.companions import figures as join_figures
from ncutool_parsers.schema import RULES

NAMED = {"rule": "X", "section": None, "severity": "warning", "title": None, "message": "",
         "speedup_kind": None, "speedup_pct": None}  # fmt: skip


def row(launch_id: int = 0, **changes: Any) -> dict[str, Any]:
    """A launch of 1 ms, bound by memory at 80 % and at 30 % of the compute limit."""
    return {
        "capture": "a.ncu-rep", "source": "ncu", "launch_id": launch_id, "category": "kernel",
        "kernel": "stencil", "kernel_full": "stencil(double*)", "duration_ns": 1_000_000,
        "flop_source": "counter", "bytes_source": "counter", "peak_source": "record",
        "sm_sol_pct": 30.0, "memory_sol_pct": 80.0, "bound": "memory", "bound_reason": "by both",
    } | changes  # fmt: skip


def advised(rows: list[dict[str, Any]], *printed: dict[str, Any]) -> list[Finding]:
    """Findings of a report of these launches and rules."""
    messages = [NAMED | {"launch_id": 0} | each for each in printed]
    frame = RULES.conform(pl.DataFrame(messages)) if messages else RULES.empty()
    return list(reports.advise(table(rows), frame).findings)


SECTORS = "Uncoalesced global access, expected {} sectors, got {} (2x) at PC 0x1"


def test_excess_sectors_bound_what_coalescing_saves() -> None:
    """250 of 1,000 sectors would do at two places together: 75 %, but compute leaves only 70."""
    (finding,) = advised(
        [row()],
        {"rule": "UncoalescedGlobalAccess", "message": SECTORS.format(150, 600)},
        {"rule": "UncoalescedGlobalAccess", "message": SECTORS.format(100, 400)},
    )
    assert finding.title == "Coalesce the global accesses of stencil"
    assert (finding.grade, finding.saving_low_ns, finding.saving_high_ns) == (
        "possible",
        0,
        700_000,
    )
    assert "1,000 sectors were fetched where 250 would do" in finding.evidence[1]
    assert finding.link is not None


def test_the_share_of_excessive_sectors_as_newer_versions_print_it() -> None:
    """22 % of the sectors."""
    message = "resulting in a total of 25 excessive sectors (22% of the total 117 sectors)."
    (finding,) = advised([row()], {"rule": "UncoalescedGlobalAccess", "message": message})
    assert finding.saving_high_ns == 220_000


def test_arithmetic_hides_uncoalesced_access() -> None:
    """Where the compute limit is the higher one, fewer sectors save nothing."""
    busy = row(sm_sol_pct=85.0, memory_sol_pct=40.0, bound="compute")
    message = SECTORS.format(100, 400)
    assert advised([busy], {"rule": "UncoalescedGlobalAccess", "message": message}) == []


def test_nvidias_own_estimate_is_taken_where_it_is_of_the_kernel() -> None:
    """`global` is of the kernel's time; `local` of a unit, which says nothing of it."""
    given = {"rule": "MemoryCacheAccessPattern", "message": "Stores use half. More.",
             "speedup_kind": "global", "speedup_pct": 12.0, "severity": "optimization"}  # fmt: skip
    (finding,) = advised([row()], given)
    assert finding.saving_high_ns == 120_000
    assert "NVIDIA estimates 12.0 %: Stores use half." in finding.evidence[1]
    assert advised([row()], given | {"speedup_kind": "local"}) == []
    assert advised([row()], given | {"speedup_pct": 2.0}) == []
    assert advised([row()], given | {"severity": "ok"}) == []


LIMITED = "This kernel's theoretical occupancy (25.0%) is limited by the number of registers."


def test_occupancy_with_its_limiter_helps_only_what_waits() -> None:
    """At 45 % of a limit a quarter remains until 60 %; a busy launch gains nothing."""
    idle = row(bound="latency", sm_sol_pct=45.0, memory_sol_pct=20.0)
    (finding,) = advised([idle], {"rule": "Occupancy", "message": LIMITED})
    assert finding.title == "Raise the occupancy of stencil"
    assert finding.saving_high_ns == 250_000
    assert "limited by the number of registers" in finding.evidence[1]
    assert advised([row()], {"rule": "Occupancy", "message": LIMITED}) == []


def test_double_precision_on_a_device_that_is_slow_at_it() -> None:
    """At a ratio of 64 what remains is what memory needs, here 20 %."""
    slow = row(bound="compute", sm_sol_pct=90.0, memory_sol_pct=20.0, dtype="fp64",
               fp64_peak_pct=88.0, fp32_to_fp64=64.0)  # fmt: skip
    (finding,) = advised([slow])
    assert (finding.kind, finding.saving_high_ns) == ("precision", 800_000)
    assert "FP32 is 64.0 times as fast" in finding.evidence[1]


@pytest.mark.parametrize(
    "changes", [{"bound": "memory"}, {"dtype": "fp32"}, {"fp64_peak_pct": None}, {"tensor_flop": 1}]
)
def test_double_precision_that_does_not_hold_the_launch(changes: dict[str, Any]) -> None:
    """Bound by memory, single precision, not counted, or on tensor cores: nothing is said."""
    fields: dict[str, Any] = {
        "bound": "compute",
        "dtype": "fp64",
        "fp64_peak_pct": 88.0,
        "fp32_to_fp64": 64.0,
    }
    assert advised([row(**(fields | changes))]) == []


def test_the_tail_effect_as_nvidia_estimates_it() -> None:
    """1.19 waves: a second, partial one may cost half."""
    tail = row(bound="latency", launch_rule="Tail Effect", launch_rule_speedup_pct=50.0, waves=1.19)
    (finding,) = advised([tail])
    assert finding.title == "Avoid the partial last wave of stencil"
    assert finding.saving_high_ns == 500_000


def test_several_rules_never_save_more_than_there_is() -> None:
    """Estimates do not add up: a launch's time is given away once."""
    tail = row(launch_rule="Tail Effect", launch_rule_speedup_pct=50.0, waves=1.19)
    message = SECTORS.format(100, 1_000)
    found = advised([tail], {"rule": "UncoalescedGlobalAccess", "message": message})
    assert len(found) == 2
    assert sum(one.saving_high_ns for one in found) <= 1_000_000
    assert {one.alone_high_ns for one in found} == {700_000, 500_000}


def test_a_joined_trace_weights_the_estimate_by_real_time() -> None:
    """A tail effect of 50 % on 400 µs of the timeline, whatever ncu's own duration was."""
    trace = Trace()
    for place in range(2):
        trace.kernel(place * 300_000, 200_000, called=(-900 + place, -800 + place))
    capture = trace.capture()
    joined = kernels(capture).with_columns(
        launch_rule=pl.lit("Tail Effect"), launch_rule_speedup_pct=pl.lit(50.0)
    )
    view = context(joined, capture, window(capture), H100)
    (draft,) = rules.drafts(view, frozenset()).drafts
    assert (draft.best, draft.worst) == ((100_000, 100_000), (200_000, 200_000))
    assert "200 µs (40.0 % of the window)" in draft.evidence[1]
    assert (
        rules.drafts(context(kernels(capture), capture, window(capture), H100), frozenset()).drafts
        == ()
    )


def test_a_joined_estimate_stops_at_the_launch_floor() -> None:
    """90 % of 3 µs would leave 0.3 µs, less than any launch takes: 2 µs."""
    trace = Trace()
    trace.kernel(0, 3_000, called=(-900, -800))
    capture = trace.capture()
    joined = kernels(capture).with_columns(
        launch_rule=pl.lit("Small Grid"), launch_rule_speedup_pct=pl.lit(90.0)
    )
    (draft,) = rules.drafts(context(joined, capture, window(capture), H100), frozenset()).drafts
    assert draft.best == (2_000,)


def test_a_joined_launch_takes_a_rule_that_all_measured_launches_share() -> None:
    """Measured launches of the same work that disagree give no rule."""
    figures = dict.fromkeys(("flop", "dram_bytes", *join_figures.CARRIED), 1.0)
    measured: dict[str, Any] = {"launch_id": 0, "dtype": "fp32", "roof": "fp32", "remark": None}
    measured |= {"launch_rule": "Tail Effect"} | figures
    measured |= {"flop_exactness": "exact", "bytes_exactness": "exact"}
    agreed = join_figures.agreed([measured, measured], "by order")
    assert (agreed["new_launch_rule"], agreed["new_launch_rule_speedup_pct"]) == (
        "Tail Effect",
        1.0,
    )
    other = measured | {"launch_rule": None}
    assert join_figures.agreed([measured, other], "by order")["new_launch_rule"] is None
