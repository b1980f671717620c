"""How often the schedulers of a launch issue, and what its warps wait for: from its counters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_STALL = re.compile(
    r"smsp__average_warps_issue_stalled_(?!\w+_not_issued_per_)(\w+)_per_issue_active\.ratio"
)
_STALLS = "smsp__average_warps_issue_stalled_"
"""What all of these begin with: a report holds hundreds of other counters."""
_BETWEEN = "smsp__average_warp_latency_per_inst_issued.ratio"
_ISSUE = "smsp__issue_active.avg.per_cycle_active"
_ELIGIBLE = "smsp__warps_eligible.avg.per_cycle_active"
_ACTIVE = "smsp__warps_active.avg.per_cycle_active"
_ISSUED = "selected"
"""NVIDIA lists the cycle in which a warp issues among the stalls."""

WANTED: tuple[str, ...] = (
    r"smsp__average_warps_issue_stalled_\w+_per_issue_active\.ratio",
    r"smsp__average_warp_latency_per_inst_issued\.ratio",
    r"smsp__(issue_active|warps_eligible|warps_active)\.avg\.per_cycle_active",
)


class Stall(NamedTuple):
    """One reason for which warps do not issue."""

    reason: str
    """NVIDIA's name, e.g. ``long_scoreboard``."""
    cycles: float
    """That a warp spends on it between two of its instructions, on average."""
    pct: float | None
    """Of all cycles between two of its instructions."""


class Issue(NamedTuple):
    """How the schedulers fare."""

    active_pct: float | None
    """Cycles in which a scheduler issues, of those in which it has warps."""
    eligible_warps: float | None
    """Warps that a scheduler could choose from in a cycle, on average."""
    active_warps: float | None
    """Warps that it holds, on average."""
    cycles_between: float | None
    """Cycles between two instructions of a warp."""
    stalls: tuple[Stall, ...]
    """Every reason, largest first; without the cycle in which it issues."""

    @property
    def top(self) -> Stall | None:
        """The largest reason; None where none was counted, or no warp ever waited."""
        return self.stalls[0] if self.stalls and self.stalls[0].cycles > 0 else None


def of_metrics(metrics: Mapping[str, float]) -> Issue:
    """Return what the counters of one launch say of its schedulers and stalls."""
    cycles = {
        found[1]: value
        for name, value in metrics.items()
        if name.startswith(_STALLS) and (found := _STALL.fullmatch(name))
    }
    between = metrics.get(_BETWEEN)
    whole = between if between else sum(cycles.values())
    cycles.pop(_ISSUED, None)
    stalls = [
        Stall(reason, value, min(100 * value / whole, 100.0) if whole else None)
        for reason, value in cycles.items()
    ]
    active = metrics.get(_ISSUE)
    return Issue(
        active_pct=None if active is None else 100 * active,
        eligible_warps=metrics.get(_ELIGIBLE),
        active_warps=metrics.get(_ACTIVE),
        cycles_between=between,
        stalls=tuple(sorted(stalls, key=lambda stall: (-stall.cycles, stall.reason))),
    )
