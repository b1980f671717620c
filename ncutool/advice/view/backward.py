"""Launches of backward passes, and those that autograd called itself."""

from __future__ import annotations

import numpy as np
import polars as pl

from ncutool.advice.view.kinds import Launches
from ncutool_parsers.capture import Capture

_BACKWARD = r"^autograd::|Backward\d*$"
_AUTOGRAD = r"^(torch::)?autograd::"


def backward_launches(launches: Launches, capture: Capture) -> frozenset[int]:
    """Return the launches of threads that ran a backward pass, from its first operator to its
    last."""
    names = capture.signatures.filter(pl.col("op").str.contains(_BACKWARD))["signature_id"]
    ops = capture.ops
    marks = np.isin(ops["signature_id"].to_numpy(), names.to_numpy())
    if not marks.any():
        return frozenset()
    threads, starts, ends = (ops[name].to_numpy() for name in ("thread", "start_ns", "end_ns"))
    within = np.zeros(ops.height, bool)
    for thread in np.unique(threads[marks]):
        its_marks = marks & (threads == thread)
        first, last = starts[its_marks].min(), ends[its_marks].max()
        within |= (threads == thread) & (starts >= first) & (starts <= last)
    rows = np.flatnonzero(np.isin(launches.op_ids, ops["op_id"].to_numpy()[within]))
    return frozenset(launches.ids[row] for row in rows.tolist())


def called_by_autograd(launches: Launches, capture: Capture) -> frozenset[int]:
    """Return the launches of operators inside one of autograd's own, AccumulateGrad among them.

    The program does not call these, so that it cannot call them in another way.
    """
    names = capture.signatures.filter(pl.col("op").str.contains(_AUTOGRAD))["signature_id"]
    ops = capture.ops
    inside = np.isin(ops["signature_id"].to_numpy(), names.to_numpy())
    if not inside.any():
        return frozenset()
    ids = ops["op_id"].to_numpy()
    order = np.argsort(ids, kind="stable")
    above = ops["parent_id"].fill_null(-1).to_numpy()
    place = np.minimum(np.searchsorted(ids, above, sorter=order), len(ids) - 1)
    parent = np.where(above >= 0, order[place], -1)
    while True:  # once a level of nesting
        deeper = inside | ((parent >= 0) & inside[parent])
        if (deeper == inside).all():
            break
        inside = deeper
    rows = np.flatnonzero(np.isin(launches.op_ids, ids[inside]))
    return frozenset(launches.ids[row] for row in rows.tolist())
