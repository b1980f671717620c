"""Kernel -> launch call -> operator, and the annotation around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ncutool_parsers.intervals import NONE, Bools, Intervals, Ints, match_ids
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
    how: Ints
    """How call and operator were found: one of the ``BY_`` constants."""
    replay: Bools
    """The launch call replays a graph: its operator is not the kernel's own."""
    external_id_is_copy: bool
    """External id repeats the correlation all through the trace, so it names no operator."""


def link(launches: Rows, calls: Rows, call_names: list[str], ops: Intervals, op_ids: Ints) -> Links:
    """Find the call and the operator of every launch.

    The correlation names the call, and the innermost operator around the call's start on the same
    thread launched it. External id serves only where that fails and only where it is not a mere
    copy of the correlation; old ROCm traces have nothing else, for the call as well.

    Args:
        call_names: the name of each value of ``calls["name"]``.
        op_ids: External id of each operator, in the order of ``ops``.
    """
    correlation, external = launches["correlation"], launches["external_id"]
    both = (external > 0) & (correlation > 0)
    copy = bool(both.any() and (external == correlation)[both].mean() > _COPIED)
    launching = np.array(["aunch" in name for name in call_names], bool)[calls["name"]]
    how = np.full(len(launches), BY_NOTHING, np.int64)
    if (correlation > 0).any():
        call = match_ids(correlation, calls["correlation"], launching)
        how[call >= 0] = BY_CORRELATION
    else:
        call = match_ids(external, calls["external_id"], launching)
        how[call >= 0] = BY_EXTERNAL_ID
    graph = np.array(["GraphLaunch" in name for name in call_names], bool)
    replay = launches["graph_node"] > 0
    known = np.flatnonzero(call >= 0)
    replay[known] |= graph[calls["name"][call[known]]]
    op = np.full(len(launches), NONE, np.int64)
    known = known[~replay[known]]
    op[known] = ops.innermost(calls["thread"][call[known]], calls.start[call[known]])
    if not copy:
        left = np.flatnonzero((op < 0) & ~replay)
        op[left] = match_ids(external[left], op_ids)
        how[left[op[left] >= 0]] = BY_EXTERNAL_ID
    return Links(call, op, how, replay, copy)


def annotate(launches: Rows, calls: Rows, call: Ints, notes: Rows) -> Ints:
    """The annotation of every launch: a row of ``notes``, or -1.

    It is the innermost one around the launch call on its thread, else the innermost one on the
    GPU timeline around the launch itself.
    """
    found = np.full(len(launches), NONE, np.int64)
    on_device = notes["on_device"].astype(bool)
    known = np.flatnonzero(call >= 0)
    host = np.flatnonzero(~on_device)
    found[known] = _around(notes, host, calls["thread"][call[known]], calls.start[call[known]])
    left = np.flatnonzero(found < 0)
    device = np.flatnonzero(on_device)
    found[left] = _around(notes, device, launches["queue"][left], launches.start[left])
    return found


def _around(notes: Rows, rows: Ints, thread: Ints, moment: Ints) -> Ints:
    tree = Intervals(notes["thread"][rows], notes.start[rows], notes.end[rows])
    inner = tree.innermost(thread, moment)
    found = np.full(len(moment), NONE, np.int64)
    hit = inner >= 0
    found[hit] = rows[tree.order[inner[hit]]]
    return found
