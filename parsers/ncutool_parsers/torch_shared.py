"""Which of several launches an ordinary launch call made, where they all name it."""

from __future__ import annotations

import numpy as np

from ncutool_parsers.intervals import Bools, Ints
from ncutool_parsers.torch_columns import CallKey, LaunchKey
from ncutool_parsers.torch_rows import Rows, calls_named, ordinary_launches

EARLY_NS = 10_000
"""A launch that starts so much before its own call was recorded on another clock, or wrongly. Up to
1 µs is ordinary skew between the clocks of GPU and CPU; no launch of 26 real traces starts so early.
"""


def not_its_own(
    launches: Rows[LaunchKey],
    calls: Rows[CallKey],
    call: Ints,
    replay: Bools,
    ids: tuple[Ints, Ints],
) -> Bools:
    """Return which launches name a call that another launch has the better claim to.

    An ordinary launch call makes one launch. Calls that replay a graph or launch on several
    devices make many, and copies may be carried out in parts. Of several launches the one whose
    External id the call's operator shares is the call's own. Without ids it is the first one, if
    the calls right behind the shared one have no launch left: the others are then theirs.

    Args:
        launches: in order of start.
        call: the call that each launch names, -1 for none.
        ids: External id of each launch, and that of the operator of the call it names; up to 0
            where there is none.
    """
    lost = np.zeros(len(launches), bool)
    single = ordinary_launches(calls)
    rows = np.flatnonzero((call >= 0) & ~replay)
    rows = rows[single[call[rows]]]
    made = np.bincount(call[rows], minlength=len(calls))
    rows = rows[made[call[rows]] > 1]
    if not len(rows):
        return lost
    made = np.bincount(call[call >= 0], minlength=len(calls))
    behind = _Behind(calls, calls_named(calls, b"aunch"), made)
    rows = rows[np.argsort(call[rows], kind="stable")]
    for group in np.split(rows, np.flatnonzero(np.diff(call[rows])) + 1):
        lost[group] = True
        own, wanted = ids[0][group], ids[1][group]
        named = (own > 0) & (wanted > 0)
        agreeing = group[named & (own == wanted)]
        silent = group[~named]
        if len(agreeing):
            lost[agreeing[0]] = False
        elif len(silent) == 1 or (len(silent) and behind.explain(launches, silent, call)):
            lost[silent[0]] = False
    return lost


class _Behind:
    """The launch calls in order within their threads, and which of them have no launch."""

    def __init__(self, calls: Rows[CallKey], launching: Bools, made: Ints) -> None:
        self._calls = calls
        self._rows = np.flatnonzero(launching)  # calls are in order of thread and start
        self._made = made

    def explain(self, launches: Rows[LaunchKey], group: Ints, call: Ints) -> bool:
        """Whether each launch of a group but the first is that of a call behind the shared one."""
        calls, shared = self._calls, int(call[group[0]])
        at = int(np.searchsorted(self._rows, shared))
        row = self._rows[at : at + len(group)]
        before = self._rows[max(at - 1, 0) : at]
        if len(row) < len(group) or (calls.thread[row] != calls.thread[shared]).any():
            return False
        if self._made[row[1:]].any():
            return False
        if (
            len(before)
            and calls.thread[before[0]] == calls.thread[shared]
            and (not self._made[before[0]])
        ):
            return False
        return bool((launches.start[group] >= calls.start[row] - EARLY_NS).all())
