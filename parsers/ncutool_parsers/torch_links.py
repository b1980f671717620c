"""Kernel -> launch call -> operator, and the annotation around it."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from ncutool_parsers.intervals import NONE, Bools, Codes, Intervals, Ints, match_ids
from ncutool_parsers.torch_columns import AnnotationKey, CallKey, LaunchKey
from ncutool_parsers.torch_rows import Rows, calls_named
from ncutool_parsers.torch_shared import not_its_own

_COPIED = 0.9
"""Share of GPU events whose External id equals their correlation: all or none in real traces."""

NO_PROCESS, SHARED_CALL, CONTRADICTING = 0, 1, 2
BY_NOTHING, BY_CORRELATION, BY_EXTERNAL_ID = 0, 1, 2


class Host(Struct, frozen=True):
    """What the host recorded, and the process of each part of it and of each launch.

    A process is a number from 0, -1 where it is not known; see
    :mod:`ncutool_parsers.torch_processes`.
    """

    calls: Rows[CallKey]
    ops: Intervals
    op_ids: Ints
    """External id of each operator, in the order of ``ops``."""
    of_thread: Codes
    """Process of each thread."""
    of_launch: Codes
    """Process of each launch."""


class Links(Struct, frozen=True):
    """One entry per launch, in its order; -1 stands for "none"."""

    call: Ints
    """Row of the calls."""
    op: Ints
    """Row of the operators (sorted)."""
    how: Codes
    """How call and operator were found: one of the ``BY_`` constants."""
    replay: Bools
    """The launch call replays a graph: its operator is not the kernel's own."""
    external_id_is_copy: bool
    """External id repeats the correlation all through the trace, so it names no operator."""
    why_not: Codes
    """Why a launch with ids has no call: one of the ``NO_`` constants, or -1."""


def link(launches: Rows[LaunchKey], host: Host, graph: Bools, coarse: bool) -> Links:
    """Find the call and the operator of every launch.

    The correlation names the call, and the innermost operator around the call's start on the same
    thread launched it. External id serves only where that fails, and only where it is not a copy
    of the correlation (PyTorch of 2022 to early 2024). Old ROCm traces have External id alone,
    which then names the call too. Either id counts within the launch's own process alone.

    Args:
        launches: in order of start.
        graph: the launches that are nodes of a graph.
        coarse: times are in whole microseconds, so that a call may fall on its operator's end.
    """
    calls = host.calls
    correlation, external = launches["correlation"], launches["external_id"]
    both = (external > 0) & (correlation > 0)
    copy = bool(both.any() and (external == correlation)[both].mean() > _COPIED)
    correlated = bool((correlation > 0).any())
    ids = (correlation, calls["correlation"]) if correlated else (external, calls["external_id"])
    call = _match(ids, (host.of_launch, host.of_thread[calls.thread]), calls_named(calls, b"aunch"))
    replay = graph.copy()
    known = np.flatnonzero(call >= 0)
    replay[known] |= calls_named(calls, b"GraphLaunch")[call[known]]
    op = _around(call, host, coarse)
    named = _named_ops(external, host) if not copy else np.full(len(launches), NONE, np.int64)
    telling = external if correlated and not copy else np.zeros(len(launches), np.int64)
    lost = not_its_own(launches, calls, call, replay, (telling, _ids_of_calls(call, op, host)))
    against = _contradicted(named, op, host) & ~replay & ~lost & (telling > 0)
    call[lost | against] = NONE
    op[lost | replay] = NONE
    op = np.where((op < 0) & ~replay, named, op)
    op[against] = NONE
    how = np.full(len(launches), BY_NOTHING, np.int32)
    how[call >= 0] = BY_CORRELATION if correlated else BY_EXTERNAL_ID
    how[(call < 0) & (op >= 0)] = BY_EXTERNAL_ID
    why_not = np.full(len(launches), NONE, np.int32)
    why_not[host.of_launch < 0] = NO_PROCESS
    why_not[lost & (op < 0)] = SHARED_CALL
    why_not[against] = CONTRADICTING
    return Links(call, op, how, replay, copy, why_not)


def _match(
    ids: tuple[Ints, Ints], processes: tuple[Codes, Codes], preferred: Bools | None = None
) -> Ints:
    """Return the row of the second ids that each of the first ones names in its own process."""
    wanted, named = (np.where(p >= 0, i, NONE) for i, p in zip(ids, processes, strict=True))
    if max(int(process.max(initial=0)) for process in processes) > 0:
        # an id and its process become one number, which a sum of the two might not hold
        both = np.sort(np.concatenate([wanted, named]))
        wanted, named = (
            np.where(i > 0, p * len(both) + np.searchsorted(both, i) + 1, NONE)
            for i, p in zip((wanted, named), (p.astype(np.int64) for p in processes), strict=True)
        )
    return match_ids(wanted, named, preferred)


def _around(call: Ints, host: Host, coarse: bool) -> Ints:
    """Return the innermost operator around each call, -1 where there is none."""
    op = np.full(len(call), NONE, np.int64)
    known = np.flatnonzero(call >= 0)
    rows = call[known]
    op[known] = host.ops.innermost(host.calls.thread[rows], host.calls.start[rows], at_end=coarse)
    return op


def _named_ops(external: Ints, host: Host) -> Ints:
    """Return the operator that each External id names, -1 where it names several or none.

    Pids that launched nothing, such as those of data loaders, may count the same ids again.
    """
    process = host.of_thread[host.ops.thread]
    named = _match((external, host.op_ids), (host.of_launch, process))
    others = np.where(process < 0, host.op_ids, NONE)
    if (others > 0).any():
        named[match_ids(external, others) >= 0] = NONE
    return named


def _ids_of_calls(call: Ints, op: Ints, host: Host) -> Ints:
    """Return the External id of each call, else that of the operator around it."""
    ids = np.full(len(call), NONE, np.int64)
    within = np.flatnonzero(op >= 0)
    ids[within] = host.op_ids[op[within]]
    known = np.flatnonzero(call >= 0)
    recorded = host.calls["external_id"][call[known]]
    ids[known] = np.where(recorded > 0, recorded, ids[known])
    return ids


def _contradicted(named: Ints, op: Ints, host: Host) -> Bools:
    """Return which launches have an operator by their id that does not hold the one they are in."""
    both = np.flatnonzero((named >= 0) & (op >= 0) & (named != op))
    against = np.zeros(len(op), bool)
    outer, inner, ops = named[both], op[both], host.ops
    holds = (ops.thread[outer] == ops.thread[inner]) & (
        (ops.start[outer] <= ops.start[inner]) & (ops.end[outer] >= ops.end[inner])
    )
    against[both[~holds]] = True
    return against


def on_device(notes: Rows[AnnotationKey]) -> Bools:
    """Return which annotations lie on the GPU timeline."""
    return np.array([on_device for _, _, _, on_device in notes.keys], bool)[notes.key]


def annotate(
    launches: Rows[LaunchKey],
    calls: Rows[CallKey],
    call: Ints,
    notes: Rows[AnnotationKey],
    coarse: bool,
) -> Ints:
    """Return the annotation of every launch: a row of ``notes``, or -1.

    It is the innermost one around the launch call on its thread, else the innermost one on the
    GPU timeline around the launch itself.
    """
    note_of = np.full(len(launches), NONE, np.int64)
    device = on_device(notes)
    known = np.flatnonzero(call >= 0)
    rows = call[known]
    host = np.flatnonzero(~device)
    note_of[known] = _annotations_around(notes, host, calls.thread[rows], calls.start[rows], coarse)
    left = np.flatnonzero(note_of < 0)
    gpu = np.flatnonzero(device)
    note_of[left] = _annotations_around(
        notes, gpu, launches.thread[left], launches.start[left], coarse
    )
    return note_of


def _annotations_around(
    notes: Rows[AnnotationKey], rows: Ints, thread: Codes, moment: Ints, coarse: bool
) -> Ints:
    """Return the innermost of the annotations ``rows`` around each moment (ns), or -1."""
    tree = Intervals(notes.thread[rows], notes.start[rows], notes.end[rows])
    inner = tree.innermost(thread, moment, at_end=coarse)
    note_of = np.full(len(moment), NONE, np.int64)
    hit = inner >= 0
    note_of[hit] = rows[tree.order[inner[hit]]]
    return note_of
