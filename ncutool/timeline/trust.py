"""What limits the figures of a window, and whether they can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.thresholds import WORKED_TRACES, Threshold
from ncutool.timeline import call_names
from ncutool.timeline.idle_intervals import edges
from ncutool.timeline.launch_calls import RETURN_NS, launching_calls
from ncutool_parsers.capture import Notice

if TYPE_CHECKING:
    from ncutool_parsers.capture import Capture

UNEXPLAINED_SHARE = Threshold(
    0.1,
    "share of the window",
    "more unexplained idle time makes shares doubtful",
    WORKED_TRACES,
)
WARM_UP_SHARE = Threshold(
    0.02, "share of the window", "so much time of a first iteration is worth a notice", "judgement"
)
RECURS_SHARE = Threshold(
    0.25,
    "share of waits",
    "so many waits for allocation in the second half are not those of a first iteration",
    "judgement",
)
LOST_SHARE = Threshold(
    0.02,
    "share of launch calls",
    "so many without a kernel make busy and idle time of the window doubtful",
    f"judgement; none of {WORKED_TRACES} has any",
)
OPERATORS_SHARE = Threshold(
    0.5,
    "share of operators",
    "with fewer recorded, that none is recorded at a moment does not say that none ran",
    "41 traces: 0.76 and more in ordinary ones, 0.01 where operators were filtered out",
)
_DISPATCH = ("copy_call", "launch_call", "dispatch", "latency")


class Doubts(Struct, frozen=True):
    """What of the window was not recorded, or not rightly."""

    recorded: tuple[Notice, ...]
    """Of launches whose recorded times cannot be right."""
    lost: tuple[int, int]
    """Launch calls without a kernel, and all of them."""
    beyond_ns: int
    """How long the host waited for the device after its last launch."""


def operators_recorded(capture: Capture) -> bool:
    """Whether most operators were recorded, so that their absence says something."""
    share = capture.ops_recorded_share
    return share is None or share >= OPERATORS_SHARE


def lost_kernels(lost: pl.DataFrame, capture: Capture) -> tuple[int, int]:
    """Return how many launch calls left no kernel in the trace, and how many there are.

    None where the recording merely began or ended between a call and its kernel.
    """
    if not lost["between"].any():
        return 0, 0
    return lost.height, launching_calls(capture)


def waited_beyond(capture: Capture, points: pl.DataFrame) -> int:
    """Return for how long (ns) the host waited for the device after its last recorded launch.

    Only waits that began by then, or soon after, waited for what runs there.
    """
    end = edges(points)[1]
    later = (capture.launches["start_ns"] > end).any()
    waits = capture.calls.filter(
        pl.col("name").str.contains(call_names.SYNCHRONIZE, literal=True)
        & (pl.col("start_ns") <= end + RETURN_NS)
        & (pl.col("end_ns") - pl.max_horizontal("start_ns", pl.lit(end)) > RETURN_NS)
    )
    return 0 if later or waits.is_empty() else int(str(waits["end_ns"].max())) - end


def judge(
    gaps: pl.DataFrame, whole_ns: int, prefix: Notice | None, doubts: Doubts
) -> tuple[tuple[Notice, ...], bool]:
    """Return what limits the figures, the worst first, and whether they can be trusted.

    Args:
        gaps: the idle pieces of all devices.
        whole_ns: the window, times the number of devices.
        prefix: what launches from before the recording mean.
    """
    worst = [*_unexplained(gaps, whole_ns), *_lacking(doubts, whole_ns)]
    notices = [
        *worst,
        *doubts.recorded,
        *([] if prefix is None else [prefix]),
        *_warm_up(gaps, whole_ns),
    ]
    return tuple(notices), not any(notice.severity == "error" for notice in worst)


def of_records(doubts: Doubts, whole_ns: int) -> tuple[Notice, ...]:
    """Return what the records themselves leave in doubt, the worst first, as :func:`judge` does."""
    return (*_lacking(doubts, whole_ns), *doubts.recorded)


def _lacking(doubts: Doubts, whole_ns: int) -> list[Notice]:
    """Return what is to be said of launches that the trace does not hold."""
    return [*_lost(doubts), *_beyond(doubts, whole_ns)]


def _unexplained(gaps: pl.DataFrame, whole_ns: int) -> list[Notice]:
    unexplained = _idle_for(gaps, "unexplained")
    if unexplained <= UNEXPLAINED_SHARE * whole_ns:
        return []
    text = (
        f"{unexplained / 1e3:,.0f} µs of the idle time ({100 * unexplained / whole_ns:.1f} % of "
        "the window) is unexplained: work that the trace does not hold, or a dependency. "
        "Busy, idle and every share of the window are not trustworthy."
    )
    return [Notice("untrustworthy_window", text, "error")]


def _lost(doubts: Doubts) -> list[Notice]:
    lost, every = doubts.lost
    if not lost:
        return []
    text = (
        f"{lost:,} of {units.counted(every, 'launch call')} left no kernel in the trace: records "
        "were lost. Idle time beside them is unexplained."
    )
    if lost <= LOST_SHARE * every:
        return [Notice("kernels_lost", text)]
    text += " Busy, idle and every share of the window are not trustworthy."
    return [Notice("kernels_lost", text, "error")]


def _beyond(doubts: Doubts, whole_ns: int) -> list[Notice]:
    beyond = doubts.beyond_ns
    if not beyond:
        return []
    text = (
        f"The host waits for the device {beyond / 1e3:,.0f} µs longer than the last recorded "
        "launch runs: the device did work that the trace does not hold."
    )
    if beyond <= UNEXPLAINED_SHARE * whole_ns:
        return [Notice("works_beyond", text, "info")]
    return [Notice("works_beyond", text + " The window is not trustworthy.", "error")]


_ONCE = {
    "allocator": "for allocation",
    "long_launch": "for launch calls over 1 ms, which load modules",
    "graph_capture": "for graphs to be captured",
    "compilation": "for code to be compiled",
    "initialise": "for streams, events and libraries to be created",
}
"""What the device waits for in a first iteration, by cause of idle time."""


def _warm_up(gaps: pl.DataFrame, whole_ns: int) -> list[Notice]:
    warm_up = _idle_for(gaps, *_ONCE)
    if warm_up <= max(WARM_UP_SHARE * whole_ns, _idle_for(gaps, *_DISPATCH)):
        return []
    named = [words for cause, words in _ONCE.items() if _idle_for(gaps, cause)]
    listed = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    waits = (
        f"The device waits {warm_up / 1e3:,.0f} µs ({100 * warm_up / whole_ns:.1f} % of the "
        f"window) {listed}: "
    )
    if _recurs(gaps):
        text = f"{waits}much of it for allocation, throughout, so no first iteration's alone."
        return [Notice("allocation_recurs", text)]
    text = f"{waits}effects of a first iteration that a warm one does not show."
    return [Notice("first_iteration", text)]


def _recurs(gaps: pl.DataFrame) -> bool:
    """Whether the device waits for allocation more than for all else that is done once, and a good
    part of it in the second half of the recorded idle time's span."""
    waits = gaps.filter(pl.col("cause") == "allocator")
    middle = (int(gaps["start_ns"][0]) + int(gaps["start_ns"][-1])) // 2
    total, late = (
        int(part["duration_ns"].sum())
        for part in (waits, waits.filter(pl.col("start_ns") > middle))
    )
    rest = _idle_for(gaps, *(cause for cause in _ONCE if cause != "allocator"))
    return total > rest and late > RECURS_SHARE * total


def _idle_for(gaps: pl.DataFrame, *causes: str) -> int:
    return int(gaps.filter(pl.col("cause").is_in(causes))["duration_ns"].sum())
