"""Why a device was idle: every idle interval cut into pieces, each with one cause.

Between the end of the last launch and the moment the next launch call returned, the host is to
blame: what it was doing is read from its recorded calls and operators. From there to the start
of the launch the device is: a short wait is launch latency, a long one is a dependency or work
that the trace does not hold, and is called unexplained.

Every cause but `unlinked` and `unexplained` rests on something recorded, which ``evidence`` names.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Bools, Ints, Union
from ncutool.base.thresholds import WORKED_TRACES, IntThreshold
from ncutool.timeline import host_pieces
from ncutool.timeline.causes import Causes, among, chosen, named, number
from ncutool.timeline.evidence import KINDS, Evidence
from ncutool.timeline.host_activity import Hosts
from ncutool.timeline.host_pieces import frame
from ncutool.timeline.launch_calls import (
    COMMUNICATES,
    RETURN_NS,
    input_copies,
    launch_points,
)

__all__ = ["COMMUNICATES", "Idle", "input_copies", "launch_points", "queue_limit", "split"]

LATENCY_LIMIT_NS = IntThreshold(
    100_000, "ns", "a longer wait after the launch call is no launch latency", WORKED_TRACES
)
QUEUE_FLOOR_NS = IntThreshold(
    5_000, "ns", "gaps of a full queue up to this are ordinary on every device", WORKED_TRACES
)
QUEUE_MEDIANS = IntThreshold(
    4, "medians", "gaps of a full queue up to so many of its median gap are ordinary", WORKED_TRACES
)
QUEUE_LIMIT_NS = IntThreshold(
    50_000, "ns", "no longer gap of a full queue is ordinary, whatever their median", "judgement"
)
_ORDINARY = ("copy_call", "launch_call", "dispatch", "latency", "queue", "silent_host")
"""Causes that a launch call without a kernel makes doubtful: that kernel may have run there."""
_OF_OPERATORS = ("dispatch", "inside_operator", "silent_host", "input_pipeline")
"""Causes that are not known where most operators were not recorded."""


class Idle(Struct, frozen=True):
    """Idle intervals of a device, in order of time, and how the launch that ends each was made."""

    starts: Ints
    ends: Ints
    next_id: Ints
    """launch_id of the launch that ends the interval."""
    thread: Ints
    """Thread of its launch call, -1 where none is recorded."""
    launched: Ints
    """When it was launched: the end of its call; of a blocking copy, its start."""
    call: Ints
    """Its call, -1 where none is recorded."""
    blocking: Bools
    """A copy whose call returns after the copy has begun."""
    from_host: Bools
    """A copy of input-like size from the host, made by a tensor conversion."""
    to_host: Bools
    """A copy to the host, before which nothing but work of the device is waited for."""
    handover: Bools
    """One stream's collective ends it or ended before it, and another stream is next."""
    lost: Ints
    """A launch call before its own that left no kernel in the trace, -1 where there is none."""
    elsewhere: Union
    """When other devices of the capture were busy."""
    elsewhere_end: Ints
    """Ends of their launches, in order."""
    elsewhere_id: Ints
    """launch_id of each."""


def split(
    idle: Idle, hosts: Hosts, *, aligned: bool = True, operators: bool = True
) -> pl.DataFrame:
    """Return the idle intervals in pieces, each with its cause.

    The columns are those of :data:`ncutool.timeline.idle_intervals.COLUMNS`, but for the device.
    Pieces do not overlap and sum to the idle time. The time taken is near-linear in launches and
    calls.

    Args:
        aligned: the clocks of host and device agree, so that the host's records say something of
            the device's idle time.
        operators: most operators were recorded, so that their absence says something.
    """
    linked = idle.thread >= 0
    late = linked & (idle.launched > idle.starts) & aligned
    until = np.where(late, np.minimum(idle.ends, idle.launched), idle.starts)
    parts = [_host_parts(idle, late, until, hosts), _device_parts(idle, late, until, linked)]
    pieces = pl.concat(parts).sort("start_ns")
    gap = pieces["gap"].to_numpy()
    cause, evidence = _doubted(pieces, idle.lost[gap], operators=operators)
    behind = _behind_another(idle)[gap]
    waits = (behind >= 0) & among(cause, *_ORDINARY)
    cause[waits] = number("other_device")
    evidence.put(waits, "launch", behind[waits])
    return pieces.select("start_ns", "duration_ns").with_columns(
        cause=named(cause),
        next_launch_id=pl.Series(idle.next_id[gap]),
        previous_end_ns=pl.Series(idle.starts[gap]),
        evidence=evidence.named(),
        evidence_row=evidence.rows(),
    )


def _host_parts(idle: Idle, late: Bools, until: Ints, hosts: Hosts) -> pl.DataFrame:
    """Return the parts in which the host had not launched yet, by what it was doing.

    Args:
        late: intervals whose launch was made after they began.
        until: when it was made, or when the interval ends (ns).
    """
    nothing = until[:0]
    frames = [frame(nothing, nothing, nothing.astype(np.int8), nothing, Evidence.none(0))]
    for thread in np.unique(idle.thread[late]):
        which = np.flatnonzero(late & (idle.thread == thread))
        spans = host_pieces.Late(
            which, idle.starts[which], until[which], idle.from_host[which], idle.next_id[which]
        )
        pieces = host_pieces.of_thread(spans, int(thread), hosts)
        frames.append(_outlasting(pieces, idle.elsewhere))
    return pl.concat(frames)


def _outlasting(pieces: pl.DataFrame, elsewhere: Union) -> pl.DataFrame:
    """Return ``pieces`` with waits for the device that no recorded work accounts for unexplained.

    The device must have worked while the host waited: on what, the trace does not hold.
    """
    start, length = pieces["start_ns"].to_numpy(), pieces["duration_ns"].to_numpy()
    alone = length - elsewhere.covered(start, start + length)
    cause = pieces["cause"].to_numpy()
    beyond = (alone > RETURN_NS) & among(cause, "synchronize")
    if not beyond.any():
        return pieces
    return pieces.with_columns(cause=pl.Series(np.where(beyond, number("unexplained"), cause)))


def _device_parts(idle: Idle, late: Bools, until: Ints, linked: Bools) -> pl.DataFrame:
    """Return the parts in which the launch had been made and the device had not begun it."""
    length = idle.ends - until
    rest = length > 0
    limit = queue_limit((idle.ends - idle.starts)[linked & ~late])
    alone = length - idle.elsewhere.covered(until, idle.ends)
    elsewhere = alone <= np.where(late, LATENCY_LIMIT_NS, limit)
    staged = idle.blocking & ~(idle.to_host & (length > RETURN_NS))
    handover = idle.handover & (length <= LATENCY_LIMIT_NS)
    cause = chosen(
        [~linked, late & staged, late & (length <= LATENCY_LIMIT_NS), ~late & (length <= limit),
         elsewhere, ~late & handover],
        ["unlinked", "copy_call", "latency", "queue", "other_device", "communication"],
        otherwise="unexplained",
    )  # fmt: skip
    evidence = Evidence.none(cause.size)
    by_call = linked & ~among(cause, "unexplained")
    evidence.put(by_call, "call", idle.call[by_call])
    other = among(cause, "other_device")
    place = np.searchsorted(idle.elsewhere_end, idle.ends[other], side="right") - 1
    evidence.put(other, "launch", idle.elsewhere_id[np.maximum(place, 0)] if other.any() else -1)
    kept = Evidence(evidence.kind[rest], evidence.row[rest])
    return frame(until[rest], idle.ends[rest], cause[rest], np.flatnonzero(rest), kept)


def _behind_another(idle: Idle) -> Ints:
    """Return, per interval, the launch of another device right behind whose end it ends; -1 where
    there is none.

    Where another device worked meanwhile, the launch may have waited for that: that the host had
    made it just before proves nothing, and calling it earlier need not start it earlier.
    """
    if not idle.elsewhere_id.size:
        return np.full(idle.starts.shape, -1, dtype=np.int64)
    place = np.searchsorted(idle.elsewhere_end, idle.ends, side="right") - 1
    at = np.maximum(place, 0)
    ended = idle.elsewhere_end[at]
    behind = (place >= 0) & (ended > idle.starts) & (idle.ends - ended <= QUEUE_FLOOR_NS)
    length = idle.ends - idle.starts
    alone = length - idle.elsewhere.covered(idle.starts, idle.ends)
    behind &= (ended >= idle.launched) & (2 * alone <= length)
    return np.where(behind, idle.elsewhere_id[at], -1)


def _doubted(pieces: pl.DataFrame, lost: Ints, *, operators: bool) -> tuple[Causes, Evidence]:
    """Return cause and evidence of the pieces, once what was not recorded is allowed for."""
    cause = pieces["cause"].to_numpy().copy()
    evidence = Evidence(pieces["kind"].to_numpy().copy(), pieces["row"].to_numpy().copy())
    if not operators:
        annotated = evidence.kind == KINDS.index("annotation")
        unknown = among(cause, *_OF_OPERATORS) & ~annotated
        cause[unknown] = number("ops_missing")
        evidence.put(unknown, "operators")
    holes = (lost >= 0) & among(cause, *_ORDINARY)
    evidence.put(holes, "call", lost[holes])
    cause[holes] = number("unexplained")
    return cause, evidence


def queue_limit(lengths: Ints) -> float:
    """Return the longest ordinary gap (ns) of a full queue.

    Args:
        lengths: all gaps before launches that were queued, in ns.
    """
    median = float(np.median(lengths)) if lengths.size else 0.0
    return min(max(QUEUE_FLOOR_NS, QUEUE_MEDIANS * median), QUEUE_LIMIT_NS)
