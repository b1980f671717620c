"""The table of what a report knows of each launch: names, reasons for nulls, NVIDIA's own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncutool.analysis.analyse import read_and_analyse
from ncutool.base.inside_table import INSIDE
from ncutool.inside import table

STALL = "smsp__average_warps_issue_stalled_{}_per_issue_active.ratio"
BETWEEN = "smsp__average_warp_latency_per_inst_issued.ratio"
LAUNCH: dict[str, Any] = {
    "launch_id": 0, "kernel": "f", "duration_ns": 10, "error": None, "sm_sol_pct": 40.0,
    "memory_sol_pct": 60.0, "sm_sol_unit": "fma", "memory_sol_level": "dram",
}  # fmt: skip


def row(metrics: dict[str, float] | None = None, **launch: Any) -> dict[str, Any]:
    return table.row_of({**LAUNCH, **launch}, metrics or {})


def test_the_largest_stall_as_nvidia_prints_it() -> None:
    """Cycles of the reason, and its share of those between two instructions; the cycle in which a
    warp issues is no reason to wait, and reasons counted another way are left out."""
    metrics = {
        STALL.format("selected"): 9.0,
        STALL.format("barrier"): 3.0,
        STALL.format("wait"): 1.0,
        STALL.format("barrier_not_issued"): 8.0,
        BETWEEN: 12.0,
    }
    found = row(metrics)
    assert found["stall_top"] == "barrier"
    assert (found["stall_top_cycles"], found["stall_top_pct"]) == (3.0, 25.0)
    assert found["stalls"] == ["barrier", "wait"]
    assert found["stalls_cycles"] == [3.0, 1.0]


@pytest.mark.parametrize(
    ("limits", "theoretical", "limiters"),
    [
        ({"registers": 4, "shared_mem": 4, "blocks": 32, "warps": 16}, 50.0,
         ["registers", "shared_memory"]),
        ({"registers": 8, "barriers": 2}, 25.0, ["barriers"]),
        ({"warps": 8, "blocks": 32}, 100.0, []),
        ({}, 50.0, None),
    ],
)  # fmt: skip
def test_what_limits_occupancy(
    limits: dict[str, float], theoretical: float, limiters: list[str] | None
) -> None:
    metrics = {f"launch__occupancy_limit_{name}": float(n) for name, n in limits.items()}
    metrics["sm__maximum_warps_per_active_cycle_pct"] = theoretical
    assert row(metrics)["occupancy_limiters"] == limiters


def shared(kind: str, conflicts: float, wavefronts: float, requests: float) -> dict[str, float]:
    return {
        f"l1tex__data_bank_conflicts_pipe_lsu_mem_shared_op_{kind}.sum": conflicts,
        f"l1tex__data_pipe_lsu_wavefronts_mem_shared_op_{kind}.sum": wavefronts,
        f"smsp__sass_inst_executed_op_shared_{kind}.sum": requests,
    }


def test_conflicts_in_ways_as_nvidia_prints_them() -> None:
    """Public text of its rule: 5.5-way over 214,016 loads, 966,656 of 1,183,744 passes."""
    found = row(shared("ld", 966_656, 1_183_744, 214_016) | shared("st", 28_672, 32_768, 4_096))
    assert round(found["shared_load_conflict_ways"], 1) == 5.5
    assert round(found["shared_store_conflict_ways"], 1) == 8.0


def test_loads_of_matrices_are_requests_too_and_wide_loads_are_no_conflict() -> None:
    matrices = {"smsp__inst_executed_op_ldsm.sum": 50.0}
    assert row(shared("ld", 100, 400, 50) | matrices)["shared_load_conflict_ways"] == 4.0
    assert row(shared("ld", 0, 400, 100))["shared_load_conflict_ways"] == 1.0
    none = row(shared("ld", 0, 0, 0))
    assert none["shared_load_conflict_ways"] is None
    assert "conflicts of shared loads: no shared load was counted" in none["missing"]


def test_the_limiting_level_is_that_of_the_larger_speed_of_light() -> None:
    """What NVIDIA calls L1 holds shared memory, which is told beside it; a tie is compute's."""
    assert (row()["limiting_level"], row()["limiting_pct"]) == ("dram", 60.0)
    assert row(sm_sol_pct=60.0)["limiting_level"] == "fma"
    on_shared = row(memory_sol_level="shared")
    assert (on_shared["limiting_level"], on_shared["limiting_detail"]) == ("l1", "shared")
    assert row(sm_sol_pct=None)["limiting_level"] is None


def test_a_fused_half_reaches_three_quarters_of_the_peak() -> None:
    """Half of the instructions fused: (1 + 0.5) / 2, of the type with most of them."""
    core = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum.per_cycle_elapsed"
    counts = {"dadd": 1.0, "dmul": 1.0, "dfma": 2.0, "fadd": 0.0, "fmul": 0.0, "ffma": 1.0}
    found = row({core.format(name): count for name, count in counts.items()})
    assert (found["fma_dtype"], found["fma_share_pct"], found["fp_ceiling_pct"]) == (
        "fp64", 50.0, 75.0)  # fmt: skip


def test_the_busiest_pipe_is_a_real_one() -> None:
    """The logical pipe that sums up FP64, tensor and FP16 is named only where none of them is."""
    busy = "sm__{}.avg.pct_of_peak_sustained_active"
    metrics = {
        busy.format("pipe_shared_cycles_active"): 27.44,
        busy.format("pipe_fp64_cycles_active"): 27.43,
        busy.format("inst_executed_pipe_lsu"): 8.0,
        busy.format("pipe_alu_cycles_active"): 2.0,
        busy.format("inst_executed_pipe_tensor_op_hmma"): 90.0,
        "sm__pipe_alu_cycles_active.avg.pct_of_peak_sustained_elapsed": 99.0,
    }
    found = row(metrics)
    assert (found["pipe_top"], found["pipe_top_pct"], found["pipes_of"]) == (
        "fp64", 27.43, "active")  # fmt: skip
    assert found["pipes"] == ["fp64", "lsu", "alu"]
    alone = row({busy.format("pipe_tensor_cycles_active"): 70.0})
    assert (alone["pipe_top"], alone["pipes"]) == (None, ["tensor"])


def test_every_null_has_its_reason_and_its_section() -> None:
    nothing = row(sm_sol_pct=None, memory_sol_pct=None)
    assert "what its warps wait for: section WarpStateStats was not collected" in nothing["missing"]
    assert "WarpStateStats" in nothing["missing_sections"]
    assert "SpeedOfLight" in nothing["missing_sections"]
    failed = row(error="its collection failed")
    assert failed["missing"] == ["everything: its collection failed"]
    assert failed["missing_sections"] == []


@given(
    st.dictionaries(
        st.sampled_from([STALL.format("wait"), STALL.format("drain"), BETWEEN]),
        st.floats(0, 1e6),
    )
)
def test_shares_of_stalls_are_shares(metrics: dict[str, float]) -> None:
    found = row(metrics)
    assert all(0 <= pct <= 100 for pct in found["stalls_pct"] or [])
    assert found["stall_top"] is None or found["stall_top_cycles"] == max(found["stalls_cycles"])


@pytest.fixture(scope="module")
def insides(corpus: Path) -> dict[tuple[str, int], dict[str, Any]]:
    says = (corpus / "expected" / "ncu_inside_says.jsonl").read_text().splitlines()
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for report in sorted({json.loads(line)["report"] for line in says}):
        rows = read_and_analyse(corpus / "ncu" / report).inside
        assert rows.schema == INSIDE.polars_schema()
        found |= {(report, one["launch_id"]): one for one in rows.iter_rows(named=True)}
    return found


def test_what_nvidias_rules_printed(
    corpus: Path, insides: dict[tuple[str, int], dict[str, Any]]
) -> None:
    """Every stall with its cycles, every limiter, both occupancies of the reports."""
    lines = (corpus / "expected" / "ncu_inside_says.jsonl").read_text().splitlines()
    wrong, stalls, limited = [], 0, 0
    for said in map(json.loads, lines):
        found = insides[said["report"], said["launch_id"]]
        for name in ("occupancy_theoretical_pct", "occupancy_achieved_pct"):
            if name in said and round(found[name], 1) != said[name]:
                wrong.append((said, name, found[name]))
        if said.get("occupancy_theoretical_pct") is not None:
            limited += bool(said.get("limiters"))
            if found["occupancy_limiters"] != said.get("limiters", []):
                wrong.append((said, "limiters", found["occupancy_limiters"]))
        for stall in said.get("stalls", [])[:1]:
            stalls += 1
            printed = (stall["stall"], stall["cycles"], stall["pct"])
            ours = (found["stall_top"], round(found["stall_top_cycles"], 1),
                    round(found["stall_top_pct"], 1))  # fmt: skip
            if ours != printed:
                wrong.append((said, "stall", ours))
    assert wrong == []
    assert (stalls, limited) == (30, 108)


def test_the_level_that_nvidias_text_names(corpus: Path) -> None:
    """Where its rule of the speed of light names one: DRAM, L2 or L1."""
    names = {"DRAM": "dram", "L2": "l2", "L1": "l1"}
    words = r"(?:analyzing|identify the) (DRAM|L1|L2) (?:in|bottleneck)"
    checked, equal = 0, 0
    for path in sorted((corpus / "ncu").glob("*.ncu-rep")):
        if path.name == "a100-failed-collection.ncu-rep":
            continue
        analysis = read_and_analyse(path)
        said = analysis.capture.rules.filter(pl.col("rule") == "SOLBottleneck").select(
            "launch_id", pl.col("message").str.extract(words).alias("level")
        )
        both = analysis.kernels.select("launch_id", pl.col("^limiting_.*$").name.suffix("_held"))
        both = analysis.inside.join(both.drop_nulls("limiting_level_held"), on="launch_id")
        for one in both.iter_rows(named=True):
            equal += 1
            assert one["limiting_level"] == one["limiting_level_held"], path.name
            assert one["limiting_detail"] == one["limiting_detail_held"], path.name
        rows = analysis.inside.join(said.drop_nulls(), on="launch_id")
        for one in rows.iter_rows(named=True):
            checked += 1
            assert one["limiting_level"] == names[one["level"]], path.name
    assert checked == 10
    assert equal == 20
