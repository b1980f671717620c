"""NVIDIA's own verdicts, recomputed: the rules SOLBottleneck and LaunchConfiguration.

Thresholds and formulas are those of the rule files that Nsight Compute ships. They are NVIDIA's
estimates: a speed-up assumes that nothing else holds the launch, and they do not add up.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from ncutool.base.nvidia import BALANCED_POINTS, HIGH_PCT, LOW_PCT
from ncutool.base.thresholds import Threshold

SMALL_GRID = "Small Grid"
TAIL_EFFECT = "Tail Effect"
_RULE = "NVIDIA, rule file LaunchConfiguration that Nsight Compute ships (until 2024.1)"
_TAIL_SHARE = Threshold(0.2, "share of the time", "the rule prints a larger tail effect", _RULE)
_OCCUPANCY_GAP = Threshold(
    0.2, "share of the theoretical", "and only where achieved occupancy lies this far under", _RULE
)


class LaunchRule(NamedTuple):
    """A title of the rule LaunchConfiguration and its estimate, where it gives one."""

    title: str
    speedup_pct: float | None


def sol_class(sm_pct: float | None, memory_pct: float | None, waves: float | None) -> str | None:
    """NVIDIA's bottleneck title (rule SOLBottleneck) from the two speed-of-light percentages.

    ``waves`` (per multiprocessor) parts a small grid from a latency issue; None where a figure
    that the decision needs is missing.
    """
    if sm_pct is None or memory_pct is None:
        return None
    if max(sm_pct, memory_pct) >= HIGH_PCT:
        return "High Throughput"
    if max(sm_pct, memory_pct) < LOW_PCT:
        if waves is None:
            return None
        return SMALL_GRID if waves < 1 else "Latency Issue"
    if abs(sm_pct - memory_pct) < BALANCED_POINTS:
        return "Balanced Throughput"
    return "High Compute Throughput" if sm_pct >= memory_pct else "High Memory Throughput"


def launch_rule(
    blocks: float | None,
    multiprocessors: float | None,
    waves: float | None,
    theoretical_occupancy_pct: float | None,
    achieved_occupancy_pct: float | None,
) -> LaunchRule | None:
    """Return what NVIDIA's rule LaunchConfiguration prints about the grid, if anything.

    A grid with fewer blocks than multiprocessors leaves (SM - blocks) / SM of them idle. Below
    two blocks a multiprocessor the rule still warns, without an estimate. A partial last wave
    may cost 1 / (1 + full waves); it is printed where that reaches 20 % and the achieved
    occupancy lies 20 % or more under the theoretical one.
    """
    tail = _tail_effect(waves, theoretical_occupancy_pct, achieved_occupancy_pct)
    if blocks is None or not multiprocessors:
        return tail
    if blocks < multiprocessors:
        return LaunchRule(SMALL_GRID, 100 * (multiprocessors - blocks) / multiprocessors)
    if tail is None and blocks < 2 * multiprocessors:
        return LaunchRule(SMALL_GRID, None)
    return tail


def _tail_effect(
    waves: float | None, theoretical_pct: float | None, achieved_pct: float | None
) -> LaunchRule | None:
    if waves is None or not theoretical_pct or achieved_pct is None:
        return None
    partial, full = math.modf(waves)
    share = 1 / (1 + full)
    gap = (theoretical_pct - achieved_pct) / theoretical_pct
    if partial == 0 or full < 1 or share < _TAIL_SHARE or gap < _OCCUPANCY_GAP:
        return None
    return LaunchRule(TAIL_EFFECT, 100 * share)
