"""Kernel -> launch call -> operator, and the annotation around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ncutool_parsers.intervals import NONE, Bools, Codes, Intervals, Ints, match_ids
from ncutool_parsers.torch_columns import AnnotationKey, CallKey, LaunchKey
from ncutool_parsers.torch_rows import Rows

_COPIED = 0.9
"""Share of GPU events whose External id equals their correlation: all or none in real traces."""

BY_NOTHING, BY_CORRELATION, BY_EXTERNAL_ID = 0, 1, 2


@dataclass(frozen=True)
class Links:
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


def link(
    launches: Rows[LaunchKey],
    calls: Rows[CallKey],
    graph: Bools,
    ops: Intervals,
    op_ids: Ints,
    coarse: bool,
) -> Links:
    """Find the call and the operator of every launch.

    The correlation names the call, and the innermost operator around the call's start on the same
    thread launched it. External id serves only where that fails, and only where it is not a copy
    of the correlation (PyTorch of 2022 to early 2024). Old ROCm traces have External id alone,
    which then names the call too.

    Args:
        graph: the launches that are nodes of a graph.
        op_ids: External id of each operator, in the order of ``ops``.
        coarse: times are in whole microseconds, so that a call may fall on its operator's end.
    """
    correlation, external = launches["correlation"], launches["external_id"]
    both = (external > 0) & (correlation > 0)
    copy = bool(both.any() and (external == correlation)[both].mean() > _COPIED)
    launching = _calls_named(calls, b"aunch")
    how = np.full(len(launches), BY_NOTHING, np.int32)
    if (correlation > 0).any():
        call = match_ids(correlation, calls["correlation"], launching)
        how[call >= 0] = BY_CORRELATION
    else:
        call = match_ids(external, calls["external_id"], launching)
        how[call >= 0] = BY_EXTERNAL_ID
    replay = graph.copy()
    known = np.flatnonzero(call >= 0)
    replay[known] |= _calls_named(calls, b"GraphLaunch")[call[known]]
    op = np.full(len(launches), NONE, np.int64)
    known = known[~replay[known]]
    rows = call[known]
    op[known] = ops.innermost(calls.thread[rows], calls.start[rows], at_end=coarse)
    if not copy:
        left = np.flatnonzero((op < 0) & ~replay)
        op[left] = match_ids(external[left], op_ids)
        how[left[op[left] >= 0]] = BY_EXTERNAL_ID
    return Links(call, op, how, replay, copy)


def _calls_named(calls: Rows[CallKey], part: bytes) -> Bools:
    """Return which calls have ``part`` in their name."""
    of_key = [part in joined.partition(b"\0")[0] for joined in calls.keys]
    return np.array(of_key, bool)[calls.key]


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
