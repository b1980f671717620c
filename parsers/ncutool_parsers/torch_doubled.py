"""Events that a trace holds twice: each is kept once."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct

from ncutool_parsers.intervals import Bools, Codes, Ints
from ncutool_parsers.torch_columns import CallKey, LaunchKey, OpKey
from ncutool_parsers.torch_rows import Rows, ordinary_launches

_COARSE_NS = 2_000
"""On a 1-µs clock two launches one after another may show equal times, if they are shorter."""


class Doubled(Struct, frozen=True):
    """How many events were equal to another one and left out."""

    launches: int
    launch_time_ns: int
    """How long the launches left out took."""
    calls: int
    ops: int


def drop_launches(
    launches: Rows[LaunchKey], calls: Rows[CallKey], scope: Codes, coarse: bool
) -> int:
    """Leave out launches that are equal to another in all that is recorded; the time they took.

    One stream cannot run two launches at once, so that equal ones at one time are one launch,
    whatever id each carries. Launches of one ordinary call are one too where they overlap, though
    their times differ.

    Args:
        scope: process of each launch; of an unknown process equal launches may be two.
        coarse: times are in whole microseconds, so that short launches may seem simultaneous.
    """
    long_enough = launches.duration >= (_COARSE_NS if coarse else 1)
    ids = (launches["correlation"],) if coarse else ()
    again = _again(launches, (scope >= 0) & long_enough, (launches["name"], *ids))
    again |= _overlapping(launches, calls, (scope >= 0) & ~again)
    lost = int(launches.duration[again].sum())
    launches.keep(~again)
    return lost


def _overlapping(launches: Rows[LaunchKey], calls: Rows[CallKey], chosen: Bools) -> Bools:
    """Return which launches begin while an equal one of the same ordinary call runs."""
    late = np.zeros(len(launches), bool)
    ids = launches["correlation"]
    rows = np.flatnonzero(chosen & (ids > 0))
    rows = rows[_repeats(ids[rows])]
    single = np.sort(calls["correlation"][ordinary_launches(calls)])
    if not len(rows) or not len(single):
        return late
    at = np.minimum(np.searchsorted(single, ids[rows]), len(single) - 1)
    rows = rows[single[at] == ids[rows]]
    columns = (ids, launches["name"], launches.key)
    order = np.lexsort((launches.start[rows], *(column[rows] for column in columns)))
    rows = rows[order]
    twin = launches.start[rows[1:]] < launches.end[rows[:-1]]
    for column in columns:
        twin &= np.diff(column[rows]) == 0
    late[rows[1:][twin]] = True
    return late


def drop_calls(calls: Rows[CallKey]) -> int:
    """Leave out calls equal to another in thread, times, name and ids; how many."""
    again = _again(calls, calls["correlation"] > 0, (calls.thread, calls["correlation"]))
    calls.keep(~again)
    return int(again.sum())


def drop_ops(ops: Rows[OpKey]) -> int:
    """Leave out operators equal to another in thread, times, arguments and id; how many."""
    again = _again(ops, ops["external_id"] > 0, (ops.thread, ops["external_id"]))
    ops.keep(~again)
    return int(again.sum())


def _again(rows: Rows[Any], chosen: Bools, more: tuple[Ints | Codes, ...]) -> Bools:
    """Return which of the chosen rows equal an earlier one in key, times and ``more``."""
    again = np.zeros(len(rows), bool)
    left = np.flatnonzero(chosen)
    for column in (rows.start, *more, rows.duration, rows.key):
        # a few steps leave next to nothing to compare, as hardly any two events start at once
        left = left[_repeats(column[left])]
        if not len(left):
            return again
    columns = (rows.start, *more, rows.duration, rows.key)
    order = np.lexsort((left, *(column[left] for column in columns)))
    left = left[order]
    equal = np.ones(max(len(left) - 1, 0), bool)
    for column in columns:
        equal &= np.diff(column[left]) == 0
    again[left[1:][equal]] = True
    return again


def _repeats(values: Ints | Codes) -> Bools:
    """Return which values occur more than once."""
    found = np.zeros(len(values), bool)
    if not (np.diff(np.sort(values, kind="stable")) == 0).any():  # stable: fast for sorted ones
        return found
    order = np.argsort(values, kind="stable")
    equal = np.diff(values[order]) == 0
    found[order[1:][equal]] = True
    found[order[:-1][equal]] = True
    return found
