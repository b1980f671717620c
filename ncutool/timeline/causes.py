"""The causes of idle time, and arrays of them: a number for each, since text is slow to compare."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from ncutool.base.intervals import Bools

GAP_CAUSES = (
    "profiler",
    "input_pipeline",
    "graph_capture",
    "compilation",
    "allocator",
    "long_launch",
    "initialise",
    "synchronize",
    "copy_call",
    "launch_call",
    "dispatch",
    "inside_operator",
    "silent_host",
    "ops_missing",
    "latency",
    "queue",
    "communication",
    "other_device",
    "finished",
    "unlinked",
    "unexplained",
)

CAUSE = pl.Enum(GAP_CAUSES)
"""The data type of causes in tables: a byte each, where text takes sixteen."""
Causes = npt.NDArray[np.int8]
"""Places in :data:`GAP_CAUSES`."""


def number(cause: str) -> int:
    """Return the place of ``cause`` in :data:`GAP_CAUSES`."""
    return GAP_CAUSES.index(cause)


def chosen(conditions: list[Bools], causes: list[str], otherwise: str) -> Causes:
    """Return for each place the cause of the first of ``conditions`` that holds there.

    Args:
        conditions: one array a cause.
        causes: what each of them means.
        otherwise: the cause where none holds.
    """
    found = np.full(conditions[0].shape, number(otherwise), np.int8)
    for holds, cause in zip(reversed(conditions), reversed(causes), strict=True):
        found[holds] = number(cause)
    return found


def among(found: Causes, *causes: str) -> Bools:
    """Return which of ``found`` are any of ``causes``."""
    wanted = np.zeros(len(GAP_CAUSES), np.bool_)
    wanted[[number(cause) for cause in causes]] = True
    return np.asarray(wanted[found])


def named(found: Causes) -> pl.Series:
    """Return causes by their names."""
    return pl.Series(GAP_CAUSES, dtype=CAUSE).gather(found.astype(np.uint32))
