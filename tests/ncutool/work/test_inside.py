"""What a report's counters say of the inside of a launch, and what was not collected."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.work import inside
from ncutool.work.inside import Imbalance, Inside, Share, Stall

EXCESS = "derived__memory_l2_theoretical_sectors_global_excessive"
GLOBAL = "memory_l2_theoretical_sectors_global"
LOCAL = "memory_l2_theoretical_sectors_local"


@pytest.mark.parametrize(
    ("more", "whole"),
    [
        ({}, 400.0),
        ({LOCAL: 100.0}, 500.0),
        ({"lts__t_sectors.sum": 300.0}, 400.0),
        ({"lts__t_sectors.sum": 1_000.0}, 1_000.0),
    ],
)
def test_excess_sectors_are_a_share_of_all_traffic(more: dict[str, float], whole: float) -> None:
    """Not of global accesses alone: local ones and all else that passes L2 count too."""
    within = inside.of_metrics({EXCESS: 200.0, GLOBAL: 400.0, **more})
    assert within.global_excess == Share(200.0, whole)


def test_excess_sectors_by_their_older_names() -> None:
    """Reports of 2020 call the same figures otherwise."""
    names = {"derived__memory_l2_sectors_global_excessive": 1.0, "memory_l2_sectors_global": 4.0}
    assert inside.of_metrics(names).global_excess == Share(1.0, 4.0)
    assert inside.of_metrics({EXCESS: 1.0}).global_excess is None


SHARED = {
    "derived__memory_l1_wavefronts_shared_excessive": 30.0,
    "memory_l1_wavefronts_shared": 60.0,
}
PIPE = "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum.pct_of_peak_sustained_elapsed"
ALL = "l1tex__data_pipe_lsu_wavefronts.avg.pct_of_peak_sustained_elapsed"


@pytest.mark.parametrize(
    ("more", "share"), [({}, 0.5), ({PIPE: 10.0, ALL: 40.0}, 0.125), ({PIPE: 0.0, ALL: 40.0}, 0.0)]
)
def test_conflicts_are_a_share_of_all_passes(more: dict[str, float], share: float) -> None:
    """Half of the shared passes, which are a quarter of those that the pipe makes."""
    within = inside.of_metrics({**SHARED, **more})
    assert within.shared_excess is not None
    assert within.shared_excess.of_whole == pytest.approx(share)


def test_conflicts_by_the_counter_of_banks() -> None:
    """Where the source counters are missing, the conflicts of banks tell."""
    banks = {
        "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum": 5.0,
        "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum": 20.0,
    }
    assert inside.of_metrics(banks).shared_excess == Share(5.0, 20.0)
    assert inside.of_metrics({}).shared_excess is None


def sectors(space: str, kind: str) -> str:
    """The counter of L1 sectors of one space and kind of access."""
    return f"l1tex__t_sectors_pipe_lsu_mem_{space}_op_{kind}.sum"


def test_local_memory_is_a_share_of_what_l1_is_asked_for() -> None:
    """Spilled registers: 30 of 100 sectors; unknown where loads or stores are not counted."""
    counted = {
        sectors("local", "ld"): 20.0,
        sectors("local", "st"): 10.0,
        sectors("global", "ld"): 60.0,
        sectors("global", "st"): 10.0,
    }
    assert inside.of_metrics(counted).local == Share(30.0, 100.0)
    del counted[sectors("local", "st")]
    assert inside.of_metrics(counted).local is None


def test_unused_parts_of_cache_lines() -> None:
    """A request that takes one sector of four leaves three quarters; the worst kind counts."""
    requests = "lts__t_requests_srcunit_tex.sum"
    counted = {"lts__t_sectors_srcunit_tex.sum": 100.0, requests: 100.0}
    assert inside.of_metrics(counted).line_waste == 0.75
    counted |= {"lts__t_sectors_srcunit_tex.sum": 900.0}
    assert inside.of_metrics(counted).line_waste == 0.0
    assert inside.of_metrics({requests: 100.0}).line_waste is None


@pytest.mark.parametrize(
    ("stalls", "stall"),
    [
        ({"long_scoreboard": 6.0, "wait": 2.0, "selected": 1.0}, Stall("long scoreboard", 0.6)),
        ({"not_selected": 6.0, "wait": 2.0, "selected": 1.0}, None),
        ({"selected": 1.0}, None),
        ({}, None),
    ],
)
def test_what_warps_wait_for(stalls: dict[str, float], stall: Stall | None) -> None:
    """The longest wait of ten cycles between instructions; waiting for a turn is no stall."""
    metrics = {
        f"smsp__average_warps_issue_stalled_{name}_per_issue_active.ratio": value
        for name, value in stalls.items()
    }
    metrics["smsp__average_warp_latency_per_inst_issued.ratio"] = 10.0
    assert inside.of_metrics(metrics).stall == stall


def test_unequal_work() -> None:
    """(1 - 80 / 100) of the units' time, which is half of the launch: a tenth."""
    metrics = {
        "lts__cycles_active.avg": 80.0,
        "lts__cycles_active.max": 100.0,
        "lts__cycles_elapsed.max": 160.0,
        "sm__cycles_active.avg": 99.0,
        "sm__cycles_active.max": 100.0,
        "sm__cycles_elapsed.max": 100.0,
    }
    most = inside.of_metrics(metrics).imbalance
    assert most is not None
    assert most == Imbalance("L2 slices", most.share, of_memory=True)
    assert most.share == pytest.approx(0.1)
    assert inside.of_metrics({"sm__cycles_active.avg": 99.0}).imbalance is None


def test_instructions_that_could_be_fused() -> None:
    """17.4 billion fused beside as many that are not: a quarter, as NVIDIA prints it."""
    core = "smsp__sass_thread_inst_executed_op_d{}_pred_on.sum.per_cycle_elapsed"
    metrics = {core.format("add"): 7.0, core.format("mul"): 10.0, core.format("fma"): 17.0}
    assert inside.of_metrics(metrics).unfused == {"fp64": 0.25}
    del metrics[core.format("mul")]
    assert inside.of_metrics(metrics).unfused == {}


def test_what_bounds_occupancy() -> None:
    """All that allow the fewest blocks; a limit that is not counted bounds nothing."""
    limits = {"registers": 2.0, "shared_mem": 2.0, "warps": 4.0, "blocks": 16.0}
    metrics = {f"launch__occupancy_limit_{name}": value for name, value in limits.items()}
    assert inside.of_metrics(metrics).limited_by == ("registers", "shared memory")
    assert inside.of_metrics({}).limited_by == ()


def test_sections_by_their_counters() -> None:
    """A section was collected if one of its counters is there."""
    metrics = {
        "sm__throughput.avg.pct_of_peak_sustained_elapsed": 1.0,
        "launch__waves_per_multiprocessor": 1.0,
        "smsp__issue_active.avg.per_cycle_active": 0.5,
    }
    assert inside.of_metrics(metrics).sections == {"SpeedOfLight", "LaunchStats", "SchedulerStats"}
    assert inside.of_metrics({}) == Inside()


NAMES = [
    EXCESS, GLOBAL, LOCAL, *SHARED, PIPE, ALL, "lts__t_sectors.sum",
    *(sectors(space, kind) for space in ("local", "global") for kind in ("ld", "st")),
    "lts__t_sectors_srcunit_tex.sum", "lts__t_requests_srcunit_tex.sum",
    "smsp__average_warps_issue_stalled_wait_per_issue_active.ratio",
    "smsp__average_warp_latency_per_inst_issued.ratio",
    "lts__cycles_active.avg", "lts__cycles_active.max", "lts__cycles_elapsed.max",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1e12)))
def test_every_share_is_a_share(metrics: dict[str, float]) -> None:
    """Whatever is counted, or not: between nothing and all of it."""
    within = inside.of_metrics(metrics)
    parts = (within.global_excess, within.shared_excess, within.local)
    shares = [part.of_whole for part in parts if part is not None]
    shares += [] if within.line_waste is None else [within.line_waste]
    shares += [] if within.stall is None else [within.stall.share]
    assert all(0 <= share <= 1 for share in shares)


def test_wanted_reads_every_counter() -> None:
    """The names of this module are among those that are read from a report."""
    wanted = re.compile("|".join(inside.WANTED))
    for name in NAMES:
        assert wanted.fullmatch(name), name
