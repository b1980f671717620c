"""Which process launched what: correlation and External id are unique within a process only."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import numpy as np
from msgspec import Struct

from ncutool_parsers.intervals import NONE, Codes, Ints
from ncutool_parsers.torch_columns import CallKey, Identifier, LaunchKey, OpKey, Thread
from ncutool_parsers.torch_rows import Rows, calls_named

_CROSSING_NS = {False: 500, True: 2_000}
"""Calls of one thread follow one another or nest: clocks, the coarse ones of whole microseconds
too, move their ends by less."""
_END_NUMBER, _FIRST_NUMBER = re.compile(r"\d+$"), re.compile(r"^\d+")
_NAMING = re.compile(r"\w")


class Processes(Struct, frozen=True):
    """The processes of one trace, numbered from 0 by their pids; -1 stands for "not known"."""

    count: int
    """How many recorded launch calls (operators, where no call was recorded); at least 1."""
    of_thread: Codes
    """Process of each thread; -1 for threads of pids that launched nothing."""
    of_key: Codes
    """Process of each key of launches."""


def find(
    threads: list[Thread],
    launch_keys: Collection[LaunchKey],
    calls: Rows[CallKey],
    ops: Rows[OpKey],
    coarse: bool,
) -> Processes:
    """Tell the processes apart, as far as the trace does.

    A file of one process names one pid for all calls, however many threads and devices it has.
    Where traces were merged, the GPU's events name a device in place of a pid, so that a launch
    belongs to a process only where both carry the same label, as merging tools write it. Where one
    pid repeats an id, several processes hide behind it, and no launch can be given to any.

    Args:
        threads: pid and tid of each thread, in the order of their numbers.
        launch_keys: what the launches have in common, a pid of the GPU's events among it.
        coarse: times are in whole microseconds.
    """
    pids = list(dict.fromkeys(pid for pid, _ in threads))
    number = {pid: index for index, pid in enumerate(pids)}
    pid_of = np.fromiter((number[pid] for pid, _ in threads), np.int32)
    with_id = (calls["correlation"] > 0) | (calls["external_id"] > 0)
    hosts = _distinct(pid_of[calls.thread[with_id]])
    if not len(hosts):
        hosts = _distinct(pid_of[ops.thread])
    of_pid = np.full(len(pids) + 1, NONE, np.int32)
    of_pid[hosts] = np.arange(len(hosts))
    hidden = _hidden(calls, ops, pid_of, coarse)
    if hidden > 1:
        of_key = np.full(len(launch_keys), NONE, np.int32)
    else:
        label = _Labels({pid: int(of_pid[number[pid]]) for pid in pids})
        alone = 0 if len(hosts) <= 1 else NONE
        of_key = np.fromiter((label.process(key[1], alone) for key in launch_keys), np.int32)
    count = max(len(hosts) - 1 + hidden, 1)
    return Processes(count, of_pid[pid_of], of_key)


def _distinct(numbers: Codes) -> Codes:
    """Return the distinct numbers, in order."""
    found = np.zeros(int(numbers.max(initial=-1)) + 1, bool)
    found[numbers] = True
    return np.flatnonzero(found).astype(np.int32)


class _Labels:
    """What names a process in the pids of all its events: ``[TP01]`` in ``[TP01] 4711``."""

    def __init__(self, process_of: dict[Identifier, int]) -> None:
        self._process: dict[str, int] = {}
        shared = set()
        # pids that launched nothing, such as those of data loaders, come last
        for pid, process in sorted(process_of.items(), key=lambda item: -item[1]):
            for label in _labels(pid):
                known = self._process.setdefault(label, process)
                if known != process and process >= 0:
                    shared.add(label)
        for label in shared:
            self._process[label] = NONE

    def process(self, pid: Identifier, default: int) -> int:
        """Return the one process that shares a label with a pid of the GPU's events."""
        found = {self._process[label] for label in _labels(pid) if label in self._process}
        return found.pop() if len(found) == 1 else NONE if found else default


def _labels(pid: Identifier) -> list[str]:
    """Return a pid's text without the number that it ends or begins with, where some is left."""
    if isinstance(pid, int) or pid.isdecimal():
        return []
    parts = {"end " + _END_NUMBER.sub("", pid), "start " + _FIRST_NUMBER.sub("", pid)}
    return [part for part in parts if _NAMING.search(part.partition(" ")[2])]


def _hidden(calls: Rows[CallKey], ops: Rows[OpKey], pid_of: Codes, coarse: bool) -> int:
    """Return how many processes one pid must stand for; 1 where nothing speaks for several.

    Within a process no two launch calls share a correlation, but for a driver's call inside the
    runtime's, no two operators an External id, and the calls of one thread never cross.
    """
    launching = np.flatnonzero(calls_named(calls, b"aunch"))
    most = 1 + max(
        _most_again(calls, launching, pid_of, calls["correlation"], calls.key),
        _most_again(ops, np.arange(len(ops)), pid_of, ops["external_id"], np.zeros(len(ops), int)),
    )
    return max(most, 2) if most == 1 and _crossing(calls, coarse) else most


def _most_again(rows: Rows[Any], chosen: Ints, pid_of: Codes, ids: Ints, kind: Codes | Ints) -> int:
    """Return how often the most repeated id of a pid stands for something else than before.

    Inside one another rows of different ``kind`` may share an id.
    """
    chosen = chosen[ids[chosen] > 0]
    found = ids[chosen]
    if not (np.diff(np.sort(found, kind="stable")) == 0).any():
        return 0
    pid = pid_of[rows.thread[chosen]]
    order = np.lexsort((rows.start[chosen], found, pid))
    chosen, found, pid = chosen[order], found[order], pid[order]
    same = (np.diff(found) == 0) & (np.diff(pid) == 0)
    thread, start, end = rows.thread[chosen], rows.start[chosen], rows.end[chosen]
    nested = (np.diff(thread) == 0) & (start[1:] < end[:-1]) & (np.diff(kind[chosen]) != 0)
    again = same & ~nested
    if not again.any():
        return 0
    group = np.cumsum(~same)
    return int(np.bincount(group[again]).max())


def _crossing(calls: Rows[CallKey], coarse: bool) -> bool:
    """Whether a thread makes two calls at once, of which neither is made by the other.

    They overlap without one holding the other, or they are calls of one name.
    """
    order = np.lexsort((-calls.end, calls.start, calls.thread))
    thread, start, end = calls.thread[order], calls.start[order], calls.end[order]
    beside = np.diff(thread) == 0
    overlap = np.minimum(end[:-1], end[1:]) - start[1:]
    across = np.minimum(overlap, end[1:] - end[:-1])
    alike = np.where(np.diff(calls.key[order]) == 0, overlap, 0)
    return bool((beside & (np.maximum(across, alike) > _CROSSING_NS[coarse])).any())
