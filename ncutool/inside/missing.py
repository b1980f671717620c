"""Why a figure of a launch is null, and which section of Nsight Compute would tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_FAILED = "everything: its collection failed"


class Figure(NamedTuple):
    """A figure of the table, where it comes from, and when there is none."""

    column: str
    words: str
    section: str
    none: str = "its section was collected, but does not hold it"
    """Why there is none where the section was collected."""


_GLOBAL_LOADS = "no global load was counted"
_GLOBAL_STORES = "no global store was counted"
FIGURES = (
    Figure("limiting_level", "which level or pipe is nearest its limit", "SpeedOfLight",
           "none of the shares that the report holds equals its speed of light"),
    Figure("waves", "how far its grid fills the device", "LaunchStats"),
    Figure("registers_per_thread", "its registers", "LaunchStats"),
    Figure("occupancy_theoretical_pct", "its theoretical occupancy", "Occupancy"),
    Figure("occupancy_achieved_pct", "its achieved occupancy", "Occupancy"),
    Figure("issue_active_pct", "how often its schedulers issue", "SchedulerStats"),
    Figure("eligible_warps", "how many warps could issue", "SchedulerStats"),
    Figure("stall_top", "what its warps wait for", "WarpStateStats", "no stall was counted"),
    Figure("threads_per_instruction", "how many threads of a warp work", "WarpStateStats"),
    Figure("l1_hit_pct", "the hit rate of L1", "MemoryWorkloadAnalysis"),
    Figure("l2_hit_pct", "the hit rate of L2", "MemoryWorkloadAnalysis"),
    Figure("global_load_sectors_per_request", "sectors per global load",
           "MemoryWorkloadAnalysis_Tables", _GLOBAL_LOADS),
    Figure("global_store_sectors_per_request", "sectors per global store",
           "MemoryWorkloadAnalysis_Tables", _GLOBAL_STORES),
    Figure("local_pct", "the share of local memory", "MemoryWorkloadAnalysis_Tables",
           "no global or local access was counted"),
    Figure("shared_load_conflict_ways", "conflicts of shared loads",
           "MemoryWorkloadAnalysis_Tables", "no shared load was counted"),
    Figure("shared_store_conflict_ways", "conflicts of shared stores",
           "MemoryWorkloadAnalysis_Tables", "no shared store was counted"),
    Figure("excess_sectors_pct", "sectors beyond what is needed", "SourceCounters"),
    Figure("samples", "where its warps wait", "SourceCounters", "no warp was sampled"),
    Figure("pipe_top", "which pipe is busy", "ComputeWorkloadAnalysis", "no pipe did any work"),
    Figure("fma_share_pct", "how much of its arithmetic is fused", "SpeedOfLight_RooflineChart",
           "no floating-point instruction was counted"),
)  # fmt: skip
_TOLD_BY = {
    "MemoryWorkloadAnalysis": ("l1_hit_pct", "l2_hit_pct"),
    "MemoryWorkloadAnalysis_Tables": ("local_sectors", "shared_load_conflicts"),
    "SpeedOfLight": ("limiting_pct",),
}
"""Figures that show that a section was collected, beside those that ``work.inside`` knows."""


class Missing(NamedTuple):
    """What is not known of a launch."""

    reasons: tuple[str, ...]
    """Each a figure and why, e.g. ``what its warps wait for: section WarpStateStats was not
    collected``."""
    sections: tuple[str, ...]
    """Sections that would tell, each once."""


def of_row(row: Mapping[str, Any], sections: frozenset[str], *, failed: bool) -> Missing:
    """Return what is not known of a launch, why, and what would tell.

    Args:
        row: its row of :data:`ncutool.base.inside_table.INSIDE`, without these columns.
        sections: what the report holds of it by ``work.inside``.
        failed: its collection failed.
    """
    if failed:
        return Missing((_FAILED,), ())
    reasons, wanted = [], []
    for figure in FIGURES:
        if row[figure.column] is not None:
            continue
        if _collected(row, sections, figure):
            reasons.append(f"{figure.words}: {figure.none}")
        else:
            reasons.append(f"{figure.words}: section {figure.section} was not collected")
            wanted.append(figure.section)
    return Missing(tuple(reasons), tuple(dict.fromkeys(wanted)))


def _collected(row: Mapping[str, Any], sections: frozenset[str], figure: Figure) -> bool:
    told = _TOLD_BY.get(figure.section)
    if told is not None:
        return any(row[name] is not None for name in told)
    return figure.section in sections
