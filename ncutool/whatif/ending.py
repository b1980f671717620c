"""From the launches' intervals to the window: a replay for one end, kernel time alone for the
other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from ncutool.base import units
from ncutool.base.records import replace
from ncutool.base.thresholds import Threshold
from ncutool.timeline.window import ONE_OFF_CAUSES
from ncutool.whatif.answer import Bounds

if TYPE_CHECKING:
    from ncutool.advice.price.ledger import Ledger
    from ncutool.base.intervals import Ints
    from ncutool.timeline.window import Timeline
    from ncutool.whatif.applying import Applied

OTHER_RUN = Threshold(
    0.30,
    "share of the time",
    "by how much the host's times differ between recordings",
    "seven recordings of one program, at sizes at which the device never limits, took 30.7 to "
    "39.4 ms: a ratio of 1.28",
)
_HOST = "The host limits"
_MATTERS = Threshold(
    0.01, "share of the window", "what the host holds back is told from here on", "judgement"
)
_LIMITS = Threshold(0.05, "share of the window", "and the host limits from here on", "judgement")


@dataclass(frozen=True)
class Ending:
    """The window after a change."""

    window: Bounds
    as_recorded_low_ns: int
    """Its low end with the host's times as recorded."""
    host_limited: bool
    reason: str


def end_to_end(ledger: Ledger, frame: pl.DataFrame, applied: Applied | None) -> Ending:
    """Return the window of the timeline once launches take their new times.

    The high end replays the slow ends with the host's times as recorded. The low end is the
    lesser of a replay of the fast ends and of all idle time kept with the busy time shrunk by
    what each launch exposes: the host would then no longer limit.

    Args:
        frame: launch_id, low_ns, high_ns of all launches, findings left out.
        applied: findings that are carried out as well.
    """
    run = ledger.replay
    wall = ledger.wall_ns(run.unchanged())
    best = worst = run.unchanged()
    if applied is not None:
        best, worst = applied.best, applied.worst
    low, high = _at(ledger, frame, "low_ns"), _at(ledger, frame, "high_ns")
    fast = replace(best, duration=_scaled(best.duration, low, run.duration))
    slow = replace(worst, duration=_scaled(worst.duration, high, run.duration))
    share = ledger.exposed / np.maximum(run.duration, 1)
    saved = float((share * (best.duration - fast.duration)).sum())
    naive = wall - (0 if applied is None else applied.high_ns) - round(saved)
    replayed = ledger.wall_ns(fast)
    highest = ledger.wall_ns(slow)
    if applied is not None:
        # What the findings' own caution leaves of their replay stays left.
        highest += max(wall - applied.low_ns - ledger.wall_ns(worst), 0)
        replayed = max(replayed, naive)
    lowest = max(min(naive, replayed), 0)
    window = Bounds(wall, min(lowest, highest), highest)
    grown = -round(saved) if applied is None else 0
    host_limited, reason = _explain(window, replayed, grown)
    return Ending(window, max(replayed, window.low_ns), host_limited, reason)


def in_another_run(ending: Ending, ledger: Ledger, frame: pl.DataFrame, once_ns: int = 0) -> Ending:
    """Return the ending of a program whose host limits, as wide as another recording of it may be.

    Other sizes are never the recorded run: its host's times by :data:`OTHER_RUN` more or less,
    no window shorter than the kernels that it exposes. What is done once, whatever the sizes,
    stays as it is.

    Args:
        once_ns: idle time of the window (:func:`once_ns`).
    """
    run, window = ledger.replay, ending.window
    fast = _at(ledger, frame, "low_ns") / np.maximum(run.duration, 1)
    busy = round(float((ledger.exposed * fast).sum()))
    once = min(once_ns, window.low_ns)
    low = max(once + round((window.low_ns - once) / (1 + OTHER_RUN)), min(busy, window.low_ns))
    high = max(window.high_ns, once + round((window.now_ns - once) * (1 + OTHER_RUN)))
    reason = (
        f"{_HOST}, and its times differ between recordings: {units.time(window.low_ns)} to "
        f"{units.time(window.high_ns)} with those of this one, {100 * OTHER_RUN:.0f} % more or "
        "less allowed for another (seven recordings of one program differed by 28 %)."
    )
    return replace(
        ending, window=Bounds(window.now_ns, low, high), host_limited=True, reason=reason
    )


def once_ns(timeline: Timeline) -> int:
    """Return the idle time (ns) of a window that a warm step does not have.

    It is in what the host does once: it allocates, loads and compiles code, captures graphs,
    creates streams. Allocation that goes on through the window is not once.
    """
    recurs = any(notice.code == "allocation_recurs" for notice in timeline.notices)
    idle = timeline.idle_by_cause()
    causes = [cause for cause in ONE_OFF_CAUSES if not (recurs and cause == "allocator")]
    return sum(idle.get(cause, 0) for cause in causes)


def once(timeline: Timeline) -> list[str]:
    """Return a sentence on that time where it is worth one."""
    spent = once_ns(timeline)
    if spent <= _MATTERS * timeline.wall_ns:
        return []
    share = units.percent(100 * spent / timeline.wall_ns)
    return [
        f"{units.time(spent)} of the window ({share}) is done once, such as allocating, loading or "
        "compiling code, capturing a graph: it is left as it is, and a warm step does not have it."
    ]


def _at(ledger: Ledger, frame: pl.DataFrame, end: str) -> Ints:
    """Return one end of the launches' intervals (ns) in the order of the replay."""
    order = pl.DataFrame({"launch_id": ledger.replay.launch_id})
    ordered = order.join(frame.select("launch_id", end), on="launch_id", how="left",
                       maintain_order="left")  # fmt: skip
    return np.asarray(ordered[end].round(0).cast(pl.Int64).to_numpy())


def _scaled(duration: Ints, end: Ints, now: Ints) -> Ints:
    """Return ``duration`` (after findings) changed in the proportion of ``end`` to ``now``.

    Where findings leave a launch as it is, that is exactly ``end``.
    """
    ratio = end / np.maximum(now, 1)
    return np.where(duration == now, end, np.round(duration * ratio)).astype(np.int64)


def _explain(window: Bounds, replayed: int, grown: int) -> tuple[bool, str]:
    """Return whether the host limits, and what the ends of the window rest on.

    Args:
        replayed: the window (ns) with the fast ends and the host's times as recorded.
        grown: by how much (ns) the busy time grows at least.
    """
    held = replayed - window.low_ns
    if held > _LIMITS * window.now_ns:
        return True, (
            f"{_HOST}: with its times as recorded the window takes {units.time(replayed)} "
            "at least; the low end is reached only once the host no longer limits."
        )
    if held > _MATTERS * window.now_ns:
        return False, (
            "The low end is reached once the host never limits; with its times as recorded it is "
            f"{units.time(replayed)}."
        )
    reached = window.low_ns - window.now_ns
    if grown > _MATTERS * window.now_ns and reached < grown / 2:
        return True, (
            f"{_HOST}: of {units.time(grown)} or more that kernels take longer, "
            f"{units.time(max(reached, 0))} reach the window, since the device waited for launches "
            "before."
        )
    return False, "Both ends by a replay of the timeline, the host's times as recorded."
