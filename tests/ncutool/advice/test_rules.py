"""What NVIDIA's rules estimate: by a report's rules and counters, and on a real timeline."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from analysis_factory import table
from hypothesis import given
from hypothesis import strategies as st
from trace_factory import H100, Trace, kernels, window

from ncutool.advice.kernels import causes, reports, rules
from ncutool.advice.view.context import context
from ncutool.advice.view.finding import Finding
from ncutool.companions import figures as join_figures
from ncutool.work.inside import Imbalance, Inside, Share, Stall
from ncutool.work.nvidia_rules import tail_cap_pct
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
        "limiting_level": None,
    } | changes  # fmt: skip


def advised(
    rows: list[dict[str, Any]], *printed: dict[str, Any], inside: Inside | None = None
) -> list[Finding]:
    """Findings of a report of these launches and rules, and the first launch's counters."""
    messages = [NAMED | {"launch_id": 0} | each for each in printed]
    frame = RULES.conform(pl.DataFrame(messages)) if messages else RULES.empty()
    return list(reports.advise(table(rows), frame, {0: inside or Inside()}).findings)


def given_by(rule: str, pct: float, kind: str = "global", **changes: Any) -> dict[str, Any]:
    """A message of a rule with its estimate."""
    return {"rule": rule, "speedup_kind": kind, "speedup_pct": pct, "severity": "optimization",
            **changes}  # fmt: skip


EXCESS = Inside(global_excess=Share(750.0, 1_000.0))


def test_excess_sectors_bound_what_coalescing_saves() -> None:
    """250 of 1,000 sectors would do: 75 %, but compute leaves only 70."""
    (finding,) = advised([row()], inside=EXCESS)
    assert finding.title == "Coalesce the global accesses of stencil"
    assert (finding.grade, finding.saving_low_ns, finding.saving_high_ns) == (
        "possible",
        0,
        700_000,
    )
    assert "750 of 1,000 sectors are more than its global accesses need" in finding.evidence[1]
    assert "its other limit leaves 70.0 %" in finding.evidence[1]
    assert finding.link is not None


@pytest.mark.parametrize(
    "message",
    [
        "This kernel's theoretical occupancy (25.0%) is limited by the number of registers",
        "Uncoalesced global access, expected 100 sectors, got 1000 (10x) at PC 0x1",
        "resulting in a total of 900 excessive sectors (90% of the total 1000 sectors).",
    ],
)
def test_sentences_are_not_read(message: str) -> None:
    """What a rule wrote to be read changes nothing: counters and identifiers tell."""
    (finding,) = advised(
        [row()],
        {"rule": "UncoalescedGlobalAccess", "message": message},
        {"rule": "Occupancy", "message": message},
        inside=Inside(global_excess=Share(220.0, 1_000.0)),
    )
    assert (finding.rule, finding.saving_high_ns) == ("tune-uncoalesced", 220_000)


def test_arithmetic_hides_uncoalesced_access() -> None:
    """Where the compute limit is the higher one, fewer sectors save nothing."""
    busy = row(sm_sol_pct=85.0, memory_sol_pct=40.0, bound="compute")
    assert advised([busy], inside=EXCESS) == []


LINES = Inside(line_waste=0.5)


def test_nvidias_own_estimate_is_the_most_that_is_believed() -> None:
    """`global` is of the kernel's time, `local` of a unit: neither promises more than counters."""
    given = given_by("MemoryCacheAccessPattern", 12.0)
    (finding,) = advised([row()], given, inside=LINES)
    assert finding.saving_high_ns == 120_000
    assert "MemoryCacheAccessPattern estimates 12.0 %" in finding.evidence[1]
    (local,) = advised([row()], given | {"speedup_kind": "local"}, inside=LINES)
    assert "12.0 % of the unit that it looks at" in local.evidence[1]
    assert advised([row()], given | {"speedup_pct": 2.0}, inside=LINES) == []
    assert advised([row()], given | {"severity": "ok"}, inside=LINES) == []


@pytest.mark.parametrize("kind", ["local", "global"])
@pytest.mark.parametrize("severity", ["ok", "none", "optimization", "warning"])
def test_a_printed_0_pct_is_a_fact(kind: str, severity: str) -> None:
    """NVIDIA looked and saw nothing to gain: the counters alone do not speak any more."""
    assert len(advised([row()], inside=EXCESS)) == 1
    nothing = given_by("UncoalescedGlobalAccess", 0.0, kind, severity=severity)
    assert advised([row()], nothing, inside=EXCESS) == []


@pytest.mark.parametrize(
    ("rule", "inside"),
    [
        ("UncoalescedGlobalAccess", Inside(global_excess=Share(0.0, 1_000.0))),
        ("SharedMemoryConflicts", Inside(shared_excess=Share(4.0, 1_000.0))),
        ("MemoryCacheAccessPattern", Inside(line_waste=0.0)),
        ("WorkloadImbalance", Inside(imbalance=Imbalance("multiprocessors", 0.0))),
        ("LocalMemoryUsage", Inside(local=Share(0.0, 1_000.0))),
        ("CPIStall", Inside()),
        ("AchievedOccupancy", Inside()),
    ],
)
def test_an_estimate_that_counters_do_not_support_is_a_glitch(rule: str, inside: Inside) -> None:
    """A 1.0x excess beside a speed-up of 60 % is no finding, and no counters are no support."""
    idle = row(bound="latency", sm_sol_pct=20.0, memory_sol_pct=30.0)
    assert advised([idle], given_by(rule, 60.0), inside=inside) == []


@pytest.mark.parametrize(
    ("rule", "inside", "code", "share"),
    [
        ("SharedMemoryConflicts", Inside(shared_excess=Share(30.0, 100.0)), "shared-memory", 0.3),
        ("LocalMemoryUsage", Inside(local=Share(25.0, 100.0)), "spills", 0.25),
        ("WorkloadImbalance", Inside(imbalance=Imbalance("schedulers", 0.2)), "imbalance", 0.2),
        (
            "WorkloadImbalance",
            Inside(imbalance=Imbalance("L2 slices", 0.2, of_memory=True)),
            *("memory-imbalance", 0.2),
        ),
        ("CPIStall", Inside(stall=Stall("long scoreboard", 0.35)), "stalls", 0.35),
        ("CPIStallBarrier", Inside(stall=Stall("barrier", 0.35)), "stalls", 0.35),
        (
            "IssueSlotUtilization",
            Inside(stall=Stall("wait", 0.3), issue_active=0.7),
            *("stalls", 0.3),
        ),
        (
            "AchievedOccupancy",
            Inside(theoretical_occupancy_pct=100.0, achieved_occupancy_pct=60.0),
            *("imbalance", 0.4),
        ),
        (
            "TheoreticalOccupancy",
            Inside(theoretical_occupancy_pct=75.0, limited_by=("registers",)),
            *("occupancy", 0.25),
        ),
        ("ThreadDivergence", Inside(threads_active=16.0), "divergence", 0.4),
    ],
)
def test_every_rule_with_what_it_rests_on(
    rule: str, inside: Inside, code: str, share: float
) -> None:
    """The lesser of NVIDIA's estimate (here 40 %) and what counters support."""
    idle = row(bound="latency", sm_sol_pct=20.0, memory_sol_pct=30.0)
    (finding,) = advised([idle], given_by(rule, 40.0, "local"), inside=inside)
    assert finding.rule == f"tune-{code}"
    assert finding.saving_high_ns == pytest.approx(share * 1_000_000, abs=1)


LIMITED = Inside(theoretical_occupancy_pct=25.0, limited_by=("registers", "shared memory"))


def test_occupancy_with_its_limiter_helps_only_what_waits() -> None:
    """At 45 % of a limit a quarter remains until 60 %; a busy launch gains nothing."""
    idle = row(bound="latency", sm_sol_pct=45.0, memory_sol_pct=20.0)
    (finding,) = advised([idle], inside=LIMITED)
    assert finding.title == "Raise the occupancy of stencil"
    assert finding.saving_high_ns == 250_000
    assert "limited by registers and shared memory" in finding.evidence[1]
    assert advised([row()], inside=LIMITED) == []


DOUBLE: dict[str, Any] = {
    "bound": "compute",
    "sm_sol_pct": 90.0,
    "memory_sol_pct": 20.0,
    "dtype": "fp64",
    "fp64_peak_pct": 88.0,
    "fp32_to_fp64": 64.0,
}


def test_double_precision_on_a_device_that_is_slow_at_it() -> None:
    """At a ratio of 64 what remains is what memory needs, here 20 %."""
    (finding,) = advised([row(**DOUBLE)], inside=Inside(fp64_pipe_pct=90.0))
    assert (finding.kind, finding.saving_high_ns) == ("precision", 800_000)
    assert "its FP64 pipe is 90.0 % busy, the most of all" in finding.evidence[1]
    assert "FP32 is 64.0 times as fast" in finding.evidence[1]


@pytest.mark.parametrize(
    ("changes", "pipe"),
    [
        ({"bound": "memory"}, 90.0),
        ({"bound": "latency"}, 90.0),
        ({"limiting_level": "dram", "bound": "balanced"}, 90.0),
        ({"dtype": "fp32"}, 90.0),
        ({"tensor_flop": 1}, 90.0),
        ({"fp32_to_fp64": 1.0}, 90.0),
        ({}, 60.0),  # another pipe is what the compute speed of light is the speed of
        ({}, None),
    ],
)
def test_double_precision_that_does_not_hold_the_launch(
    changes: dict[str, Any], pipe: float | None
) -> None:
    """Bound by memory, another type, tensor cores, or another pipe: nothing is said."""
    assert advised([row(**(DOUBLE | changes))], inside=Inside(fp64_pipe_pct=pipe)) == []


@pytest.mark.parametrize(
    ("waves", "pct", "saved"),
    [(32 / 27, 50.0, 407_407), (4 / 3, 50.0, 333_333), (289 / 108, 33.3, 108_024),
     (1.5, 10.0, 100_000), (2.0, 33.3, None)],
)  # fmt: skip
def test_the_tail_effect_saves_no_more_than_its_idle_part(
    waves: float, pct: float, saved: int | None
) -> None:
    """1 - waves / ceil(waves) where NVIDIA's estimate is larger; whole waves have no tail."""
    tail = row(bound="latency", sm_sol_pct=20.0, memory_sol_pct=30.0,
               launch_rule="Tail Effect", launch_rule_speedup_pct=pct, waves=waves)  # fmt: skip
    found = advised([tail])
    assert [one.saving_high_ns for one in found] == ([] if saved is None else [saved])


def test_several_rules_never_add_up() -> None:
    """The larger estimate is the finding; the others are told in it, with what each saves alone."""
    tail = row(launch_rule="Tail Effect", launch_rule_speedup_pct=50.0, waves=1.19,
               memory_sol_pct=70.0)  # fmt: skip
    (finding,) = advised([tail], inside=EXCESS)
    assert (finding.rule, finding.alone_high_ns, finding.saving_high_ns) == (
        "tune-uncoalesced",
        700_000,
        700_000,
    )
    assert [(one.rule, one.alone_high_ns) for one in finding.also] == [("tune-tail", 300_000)]
    assert "at most 40.5 %" in finding.also[0].why
    assert finding.overlaps == ()


BARRIER = Inside(stall=Stall("barrier", 0.58))


def test_a_launch_that_only_waits_says_for_what() -> None:
    """Far from both limits with nothing else found: most of the waiting, NVIDIA's 30 % or more."""
    idle = row(bound="latency", sm_sol_pct=27.0, memory_sol_pct=40.0)
    (finding,) = advised([idle], inside=BARRIER)
    assert (finding.rule, finding.saving_high_ns) == ("tune-stalls", 580_000)
    assert "58.0 % of the time between two instructions is barrier" in finding.evidence[1]
    (other,) = advised([idle], inside=EXCESS._replace(stall=BARRIER.stall))
    assert other.rule == "tune-uncoalesced"
    assert advised([row()], inside=BARRIER) == []
    assert advised([idle], inside=Inside(stall=Stall("barrier", 0.29))) == []
    assert advised([idle], given_by("CPIStallBarrier", 0.0, "local"), inside=BARRIER) == []


def test_blocks_that_are_no_whole_warps() -> None:
    """40 threads fill one warp and a quarter of the next: 3 of 8 places stay empty."""
    odd = row(memory_sol_pct=50.0, block_x=40, block_y=1, block_z=1)
    (finding,) = advised([odd])
    assert (finding.rule, finding.saving_high_ns) == ("tune-block-size", 375_000)
    assert advised([row(block_x=64, block_y=1, block_z=1)]) == []


SHARES = st.floats(0.0, 1.0)
PERCENT = st.floats(0.0, 100.0)
INSIDES = st.builds(
    Inside,
    theoretical_occupancy_pct=st.none() | PERCENT,
    achieved_occupancy_pct=st.none() | PERCENT,
    global_excess=st.none() | st.builds(Share, PERCENT, st.just(100.0)),
    shared_excess=st.none() | st.builds(Share, PERCENT, st.just(100.0)),
    local=st.none() | st.builds(Share, PERCENT, st.just(100.0)),
    line_waste=st.none() | SHARES,
    threads_active=st.none() | st.floats(1.0, 32.0),
    issue_active=st.none() | SHARES,
    stall=st.none() | st.builds(Stall, st.just("wait"), SHARES),
    imbalance=st.none() | st.builds(Imbalance, st.just("L2 slices"), SHARES, st.booleans()),
    unfused=st.just({}) | st.fixed_dictionaries({"fp64": SHARES}),
    fp64_pipe_pct=st.none() | PERCENT,
)
PRINTED = st.lists(
    st.builds(
        lambda rule, kind, pct: NAMED | given_by(rule, pct, kind) | {"launch_id": 0},
        st.sampled_from(sorted({name for cause in causes.CAUSES for name in cause.rules})),
        st.sampled_from(["local", "global"]),
        PERCENT,
    ),
    max_size=6,
)
ROWS = st.fixed_dictionaries(
    {
        "sm_sol_pct": PERCENT,
        "memory_sol_pct": PERCENT,
        "bound": st.sampled_from(["memory", "compute", "balanced", "latency", "small_grid"]),
        "limiting_level": st.sampled_from([None, "dram", "l1", "fp64"]),
        "waves": st.none() | st.floats(0.01, 20.0),
        "launch_rule": st.sampled_from([None, "Tail Effect"]),
        "launch_rule_speedup_pct": st.none() | PERCENT,
        "block_x": st.integers(1, 1024),
        "dtype": st.sampled_from([None, "fp64", "fp32"]),
        "fp32_to_fp64": st.sampled_from([None, 2.0, 64.0]),
    }
)


@given(ROWS, PRINTED, INSIDES)
def test_what_changes_no_traffic_saves_no_more_than_the_busiest_limit_leaves(
    changes: dict[str, Any], printed: list[dict[str, Any]], inside: Inside
) -> None:
    """Whatever is printed and counted: at most 1 - max(SOL), or the limit that it leaves as is."""
    launch = table([row(block_y=1, block_z=1, tensor_flop=None, **changes)]).to_dicts()[0]
    compute, memory = launch["sm_sol_pct"] / 100, launch["memory_sol_pct"] / 100
    left = {"nothing": 1 - max(compute, memory), "traffic": 1 - compute, "arithmetic": 1 - memory}
    spares = {cause.code: cause.spares for cause in causes.CAUSES}
    for one in causes.estimates(launch, printed, inside):
        assert 0 < one.share <= left[spares[one.cause]] + 1e-12
        if one.cause == "tune-tail":
            assert one.share <= (tail_cap_pct(launch["waves"]) or 0.0) / 100 + 1e-12


@given(ROWS, PRINTED, INSIDES)
def test_findings_of_a_launch_never_save_more_than_the_largest(
    changes: dict[str, Any], printed: list[dict[str, Any]], inside: Inside
) -> None:
    """Estimates share accesses and rebalance: together they save what the largest does."""
    launch = row(block_y=1, block_z=1, tensor_flop=None, **changes)
    frame = RULES.conform(pl.DataFrame(printed)) if printed else RULES.empty()
    advice = reports.advise(table([launch]), frame, {0: inside})
    alone = [one.alone_high_ns for one in advice.findings]
    together = sum(one.saving_high_ns for one in advice.findings)
    assert together == max(alone, default=0)
    assert advice.all_high_ns <= launch["duration_ns"]
    assert all(one.saving_high_ns >= 0 for one in advice.findings)


def test_no_limits_no_estimates() -> None:
    """Without the speed of light nothing bounds an estimate: it is not made."""
    assert advised([row(sm_sol_pct=None)], inside=EXCESS) == []


def test_a_joined_trace_weights_the_estimate_by_real_time() -> None:
    """A tail effect of 50 % on 400 µs of the timeline, whatever ncu's own duration was."""
    trace = Trace()
    for place in range(2):
        trace.kernel(place * 300_000, 200_000, called=(-900 + place, -800 + place))
    capture = trace.capture()
    joined = kernels(capture).with_columns(
        launch_rule=pl.lit("Tail Effect"),
        launch_rule_speedup_pct=pl.lit(50.0),
        waves=pl.lit(1.000001),
    )
    view = context(joined, capture, window(capture), H100)
    (draft,) = rules.drafts(view, frozenset()).drafts
    assert draft.worst == (200_000, 200_000)
    assert draft.best == pytest.approx((100_000, 100_000), abs=1)
    assert "200 µs (40.0 % of the window)" in draft.evidence[1]
    assert (
        rules.drafts(context(kernels(capture), capture, window(capture), H100), frozenset()).drafts
        == ()
    )
    capped = joined.with_columns(waves=pl.lit(4 / 3))
    (draft,) = rules.drafts(context(capped, capture, window(capture), H100), frozenset()).drafts
    assert draft.best == pytest.approx((133_333, 133_333), abs=1)
    assert "up to 33.3 %" in draft.evidence[0]


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
