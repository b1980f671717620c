"""NVIDIA's own verdicts, recomputed: the rules SOLBottleneck and LaunchConfiguration.

Thresholds and formulas are those of the rule files that Nsight Compute ships, which differ by its
version; what a report itself printed goes before what is recomputed. They are NVIDIA's estimates: a
speed-up assumes that nothing else holds the launch, and they do not add up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ncutool.base.nvidia import BALANCED_POINTS, HIGH_PCT, LOW_PCT
from ncutool.base.thresholds import Threshold

SMALL_GRID = "Small Grid"
TAIL_EFFECT = "Tail Effect"
LAUNCH_RULE = "LaunchConfiguration"
_RULE = "NVIDIA, rule file LaunchConfiguration that Nsight Compute ships"
_TAIL_SHARE = Threshold(0.2, "share of the time", "the rule prints a larger tail effect", _RULE)
_OCCUPANCY_GAP = Threshold(
    0.2,
    "share of the theoretical",
    "until 2024.1 only where achieved occupancy lies this far under",
    _RULE,
)
_BY_OCCUPANCY_VERSION = (2024, 1)
_ALWAYS_FROM = (2025, 1)
"""Which version between these two changed the rule is not known: there it has to be printed."""


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


def version_of(text: str | None) -> tuple[int, int] | None:
    """Return year and number of Nsight Compute from its version; None where it does not say."""
    parts = (text or "").split(".")[:2]
    if len(parts) < 2 or not all(part.isdigit() for part in parts):
        return None
    return int(parts[0]), int(parts[1])


def printed_rule(messages: Iterable[Mapping[str, Any]]) -> LaunchRule | None:
    """Return what a report printed of a launch by the rule LaunchConfiguration, if it says what.

    Args:
        messages: rows of :data:`ncutool_parsers.schema.RULES` of one launch.
    """
    for title in (TAIL_EFFECT, SMALL_GRID):
        for message in messages:
            if message["rule"] == LAUNCH_RULE and message["title"] == title:
                return LaunchRule(title, message["speedup_pct"])
    return None


def launch_rule(
    blocks: float | None,
    multiprocessors: float | None,
    waves: float | None,
    theoretical_occupancy_pct: float | None,
    achieved_occupancy_pct: float | None,
    version: tuple[int, int] | None,
) -> LaunchRule | None:
    """Return what NVIDIA's rule LaunchConfiguration prints about the grid, if anything.

    A grid with fewer blocks than multiprocessors leaves (SM - blocks) / SM of them idle. Below
    two blocks a multiprocessor the rule still warns, without an estimate. A partial last wave
    may cost 1 / (1 + full waves); it is printed where that reaches 20 %, and up to ``version``
    2024.1 only where achieved occupancy lies 20 % or more under the theoretical one.
    """
    tail = _tail_effect(waves, theoretical_occupancy_pct, achieved_occupancy_pct, version)
    if blocks is None or not multiprocessors:
        return tail
    if blocks < multiprocessors:
        return LaunchRule(SMALL_GRID, 100 * (multiprocessors - blocks) / multiprocessors)
    if tail is None and blocks < 2 * multiprocessors:
        return None if _undecided(waves, version) else LaunchRule(SMALL_GRID, None)
    return tail


def tail_cap_pct(waves: float | None) -> float | None:
    """Return how much of a launch a partial last wave can cost at most, in percent.

    With equal blocks the launch takes as long as a whole number of waves, and could take as long
    as its own number of them: 1 - waves / ceil(waves). None where the waves are not known.
    """
    if waves is None or waves <= 0:
        return None
    return 100 * (1 - waves / math.ceil(waves))


def _undecided(waves: float | None, version: tuple[int, int] | None) -> bool:
    """Whether there is a partial wave of which that version may or may not speak."""
    partial = waves is not None and waves > 1 and waves % 1 != 0
    return partial and (version is None or _BY_OCCUPANCY_VERSION < version < _ALWAYS_FROM)


def _tail_effect(
    waves: float | None,
    theoretical_pct: float | None,
    achieved_pct: float | None,
    version: tuple[int, int] | None,
) -> LaunchRule | None:
    if waves is None or version is None or _undecided(waves, version):
        return None
    partial, full = math.modf(waves)
    share = 1 / (1 + full)
    if partial == 0 or full < 1 or share < _TAIL_SHARE:
        return None
    if version <= _BY_OCCUPANCY_VERSION:
        if not theoretical_pct or achieved_pct is None:
            return None
        if (theoretical_pct - achieved_pct) / theoretical_pct < _OCCUPANCY_GAP:
            return None
    return LaunchRule(TAIL_EFFECT, 100 * share)
