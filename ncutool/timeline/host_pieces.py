"""The host's parts of idle intervals: what the launching thread did instead of launching."""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.base.intervals import Bools, Ints, Union
from ncutool.timeline.causes import Causes, among, chosen, number
from ncutool.timeline.evidence import Evidence
from ncutool.timeline.host_activity import (
    HOST_CAUSES,
    HOST_IDLE_NS,
    Host,
    Hosts,
    records_within,
)

_BY_DEFAULT = ("dispatch", "silent_host", "unexplained")
"""Causes by what is not recorded: another thread's records say more."""


class Late(Struct, frozen=True):
    """Idle intervals that wait for the launches of one thread, in order."""

    gap: Ints
    """Their places among all idle intervals."""
    starts: Ints
    ends: Ints
    """When each launch was made, at the latest the end of the interval."""
    from_host: Bools
    """The launch copies input-like data from the host."""
    next_id: Ints
    """launch_id of the launch."""


def of_thread(late: Late, thread: int, hosts: Hosts) -> pl.DataFrame:
    """Return the intervals in pieces (:func:`frame`), by what ``thread`` did.

    Where the thread is quiet for long it waits for another thread that launches: what that one
    does then counts.
    """
    host = hosts.thread(thread)
    silent, absent = host.silent, host.absent
    unions = (*(doing.union for doing in host.doing), silent, host.quiet, absent)
    left, right, gap = _cut(late.starts, late.ends, unions)
    cause = _cause(host, left)
    awaits = _awaits_input(late, gap, left, silent) & among(cause, "silent_host")
    cause[awaits] = number("input_pipeline")
    others = None
    quiet = among(cause, *_BY_DEFAULT) & host.quiet.contains(left)
    if quiet.any() and (others := hosts.others(thread)) is not None:
        unions = (*(doing.union for doing in others.doing), others.silent, others.absent)
        others_left, others_right, row = _cut(left[quiet], right[quiet], unions)
        others_cause = _cause(others, others_left)
        unknown = among(others_cause, *_BY_DEFAULT[1:])
        others_cause = np.where(unknown, _both(cause[quiet][row], others_cause), others_cause)
        left = np.concatenate([left[~quiet], others_left])
        right = np.concatenate([right[~quiet], others_right])
        gap = np.concatenate([gap[~quiet], gap[quiet][row]])
        cause = np.concatenate([cause[~quiet], others_cause])
        order = np.argsort(left, kind="stable")
        left, right, gap, cause = left[order], right[order], gap[order], cause[order]
    left, right, cause, gap = _merged(left, right, cause, gap)
    evidence = _evidence((host, others), left, right, cause, late.next_id[gap])
    return frame(left, right, cause, late.gap[gap], evidence)


def _both(own: Causes, others: Causes) -> Causes:
    """Return the cause where neither the thread nor any other one recorded anything.

    Next to records of the thread itself, it is dispatching; between records of either, silent.
    """
    silent = among(own, "silent_host") | among(others, "silent_host")
    return chosen(
        [among(own, "dispatch"), silent], ["dispatch", "silent_host"], otherwise="unexplained"
    )


def _awaits_input(late: Late, gap: Ints, moments: Ints, silent: Union) -> Bools:
    """Return whether the thread is silent at each moment and then copies input from the host.

    Only the silence directly before the copy counts: an earlier one ended with something else.
    """
    if not silent.starts.size:
        return np.zeros(moments.shape, dtype=np.bool_)
    index = np.maximum(np.searchsorted(silent.starts, moments, side="right") - 1, 0)
    directly = late.ends[gap] - silent.ends[index] <= HOST_IDLE_NS
    return np.asarray(silent.contains(moments) & directly & late.from_host[gap])


def _cause(host: Host, moments: Ints) -> Causes:
    """Return what the host did at each moment (ns)."""
    doing = [busy.contains(moments) for busy in host.doing]
    doing += [host.silent.contains(moments), host.absent.contains(moments)]
    return chosen(doing, [*HOST_CAUSES, "silent_host", "unexplained"], otherwise="dispatch")


def _evidence(
    hosts: tuple[Host, Host | None], left: Ints, right: Ints, cause: Causes, next_id: Ints
) -> Evidence:
    """Return what each piece's cause rests on: a record, how many records begin in it, or that none
    does."""
    found = Evidence.none(left.size)
    for host in hosts:
        if host is None:
            continue
        for name, doing in zip(HOST_CAUSES, host.doing, strict=True):
            which = among(cause, name) & found.absent()
            found.kind[which], found.row[which] = doing.evidence(left[which])
        which = among(cause, "dispatch") & found.absent()
        found.kind[which], found.row[which] = host.recorded.evidence(left[which])
        count = records_within(host, left, right)
        found.put(which & (count > 0), "records", count[which & (count > 0)])
    found.put(among(cause, "dispatch") & found.absent(), "between")
    found.put(among(cause, "silent_host"), "silence")
    copied = among(cause, "input_pipeline") & found.absent()
    found.put(copied, "launch", next_id[copied])
    return found


def _cut(starts: Ints, ends: Ints, unions: tuple[Union, ...]) -> tuple[Ints, Ints, Ints]:
    """Cut disjoint, ordered intervals at all edges of ``unions``.

    Returns:
        Start and end of each piece, and the index of the interval that it is of.
    """
    edges = [starts, ends]
    for busy in unions:
        edges += [busy.starts, busy.ends]
    bounds = np.sort(np.concatenate(edges))
    distinct = bounds[1:] > bounds[:-1]
    left, right = bounds[:-1][distinct], bounds[1:][distinct]
    row = np.searchsorted(starts, left, side="right") - 1
    inside = (row >= 0) & (left < ends[np.maximum(row, 0)])
    return left[inside], right[inside], row[inside]


def _merged(left: Ints, right: Ints, cause: Causes, gap: Ints) -> tuple[Ints, Ints, Causes, Ints]:
    """Return the pieces with neighbours of one interval and one cause as one."""
    if not left.size:
        return left, right, cause, gap
    new = np.concatenate([[True], (gap[1:] != gap[:-1]) | (cause[1:] != cause[:-1])])
    last = np.concatenate([np.flatnonzero(new)[1:] - 1, [left.size - 1]])
    return left[new], right[last], cause[new], gap[new]


def frame(left: Ints, right: Ints, cause: Causes, gap: Ints, evidence: Evidence) -> pl.DataFrame:
    """Return pieces as a table: start_ns, duration_ns, cause (its number), the place of their
    interval (``gap``) and ``kind`` and ``row`` of their evidence."""
    return pl.DataFrame(
        {
            "start_ns": left,
            "duration_ns": right - left,
            "cause": cause,
            "gap": gap,
            "kind": evidence.kind,
            "row": evidence.row,
        }
    )
