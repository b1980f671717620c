"""The table of what a report knows of each launch: figures, or the reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.base.inside_table import HOT, INSIDE
from ncutool.inside import missing
from ncutool.work import (
    cache_counters,
    inside,
    limiting,
    occupancy_counters,
    pipe_counters,
    stall_counters,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ncutool.inside.hot import Hot
    from ncutool.work.cache_counters import Caches
    from ncutool.work.occupancy_counters import Occupancy
    from ncutool.work.pipe_counters import Pipes
    from ncutool.work.stall_counters import Issue
    from ncutool_parsers.capture import Capture


def table(capture: Capture, kernels: pl.DataFrame, sampled: Mapping[int, Hot]) -> pl.DataFrame:
    """Return :data:`ncutool.base.inside_table.INSIDE` of a report, one row per launch.

    Args:
        capture: a report that was read with the counters of ``work.counters``.
        kernels: its table :data:`ncutool.base.tables.KERNELS`.
        sampled: where the warps of its launches were found, by launch_id.
    """
    metrics = inside.by_launch(capture)
    rows = [
        row_of(launch, metrics.get(launch["launch_id"], {}), sampled.get(launch["launch_id"]))
        for launch in kernels.iter_rows(named=True)
    ]
    if not rows:
        return INSIDE.empty()
    types = INSIDE.polars_schema()
    return INSIDE.conform(pl.DataFrame(rows, schema={name: types[name] for name in rows[0]}))


def row_of(
    launch: Mapping[str, Any], metrics: Mapping[str, float], sampled: Hot | None = None
) -> dict[str, Any]:
    """Return the row of one launch.

    Args:
        launch: its row of :data:`ncutool.base.tables.KERNELS`.
        metrics: its counters by NVIDIA's metric name.
        sampled: where its warps were found; None where they were not sampled.
    """
    within = inside.of_metrics(metrics)
    row: dict[str, Any] = {
        "launch_id": launch["launch_id"],
        "kernel": launch["kernel"],
        "duration_ns": launch["duration_ns"],
        **_fill(occupancy_counters.of_metrics(metrics)),
        **_issue(stall_counters.of_metrics(metrics)),
        "threads_per_instruction": within.threads_active,
        **_caches(cache_counters.of_metrics(metrics)),
        **_excess(within),
        **_pipes(pipe_counters.of_metrics(metrics)),
        **_limit(launch),
        **_hot(sampled),
    }
    told = missing.of_row(row, within.sections, failed=launch["error"] is not None)
    return {**row, "missing": list(told.reasons), "missing_sections": list(told.sections)}


def _fill(occupancy: Occupancy) -> dict[str, Any]:
    limits = {f"blocks_by_{name}": _whole(occupancy.limits.get(name))
              for name in occupancy_counters.LIMITERS}  # fmt: skip
    return {
        "waves": occupancy.waves,
        "registers_per_thread": _whole(occupancy.registers_per_thread),
        "shared_memory_bytes": _whole(occupancy.shared_memory_bytes),
        **limits,
        "occupancy_theoretical_pct": occupancy.theoretical_pct,
        "occupancy_achieved_pct": occupancy.achieved_pct,
        "occupancy_limiters": list(occupancy.limiters) if occupancy.limits else None,
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _issue(issue: Issue) -> dict[str, Any]:
    top = issue.top
    shares = [stall.pct for stall in issue.stalls if stall.pct is not None]
    counted = bool(issue.stalls)
    return {
        "issue_active_pct": issue.active_pct,
        "eligible_warps": issue.eligible_warps,
        "active_warps": issue.active_warps,
        "cycles_between_issues": issue.cycles_between,
        "stall_top": None if top is None else top.reason,
        "stall_top_cycles": None if top is None else top.cycles,
        "stall_top_pct": None if top is None else top.pct,
        "stalls": [stall.reason for stall in issue.stalls] if counted else None,
        "stalls_cycles": [stall.cycles for stall in issue.stalls] if counted else None,
        "stalls_pct": shares if counted and len(shares) == len(issue.stalls) else None,
    }


def _caches(caches: Caches) -> dict[str, Any]:
    loads, stores = caches.shared_loads, caches.shared_stores
    return {
        "l1_hit_pct": caches.l1_hit_pct,
        "l2_hit_pct": caches.l2_hit_pct,
        "global_load_sectors_per_request": caches.load_sectors_per_request,
        "global_store_sectors_per_request": caches.store_sectors_per_request,
        "local_sectors": caches.local_sectors,
        "local_pct": caches.local_pct,
        "local_instructions": caches.local_instructions,
        "shared_load_conflicts": None if loads is None else loads.conflicts,
        "shared_load_conflict_ways": None if loads is None else loads.ways,
        "shared_store_conflicts": None if stores is None else stores.conflicts,
        "shared_store_conflict_ways": None if stores is None else stores.ways,
    }


def _excess(within: inside.Inside) -> dict[str, Any]:
    sectors, shared = within.global_excess, within.shared_excess
    return {
        "excess_sectors": None if sectors is None else sectors.part,
        "excess_sectors_pct": None if sectors is None else 100 * sectors.of_whole,
        "shared_excess_pct": None if shared is None else 100 * shared.of_whole,
    }


def _pipes(pipes: Pipes) -> dict[str, Any]:
    top = pipes.busiest
    fused = pipes.fused
    return {
        "pipe_top": None if top is None else top.name,
        "pipe_top_pct": None if top is None else top.pct,
        "pipes": [pipe.name for pipe in pipes.pipes] or None,
        "pipes_pct": [pipe.pct for pipe in pipes.pipes] or None,
        "pipes_of": pipes.of,
        "fma_dtype": None if fused is None else fused.dtype,
        "fma_share_pct": None if fused is None else fused.share_pct,
        "fp_ceiling_pct": None if fused is None else fused.ceiling_pct,
    }


def _limit(launch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the unit that the larger speed of light is of; NVIDIA's rule breaks a tie so too."""
    compute, memory = launch["sm_sol_pct"], launch["memory_sol_pct"]
    if compute is None or memory is None:
        return {"limiting_level": None, "limiting_detail": None, "limiting_pct": None}
    level = launch["memory_sol_level"] if memory > compute else launch["sm_sol_unit"]
    named, detail = limiting.limiting(level)
    return {
        "limiting_level": named,
        "limiting_detail": detail,
        "limiting_pct": max(compute, memory),
    }


def _hot(sampled: Hot | None) -> dict[str, Any]:
    if sampled is None:
        return dict.fromkeys(HOT)
    hottest = sampled.instructions[0]
    load = hottest.loads[0] if hottest.loads else None
    return {
        "samples": sampled.samples,
        "hot_instruction": hottest.text,
        "hot_offset": hottest.offset,
        "hot_pct": hottest.pct,
        "hot_stall": hottest.stall,
        "hot_file": hottest.file,
        "hot_line": hottest.line,
        "hot_load": None if load is None else load.text,
        "hot_load_sure": None if load is None else load.sure,
        "hot_lines": [f"{line.file}:{line.line}" for line in sampled.lines] or None,
        "hot_lines_pct": [line.pct for line in sampled.lines] or None,
    }
