"""Recorded times that cannot be right, and operators that were filtered out of a trace."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from ncutool_parsers.intervals import NONE, Bools, Codes, Ints
from ncutool_parsers.torch_columns import CallKey, Identifier, LaunchKey
from ncutool_parsers.torch_links import Links
from ncutool_parsers.torch_rows import Rows
from ncutool_parsers.torch_series import take
from ncutool_parsers.torch_shared import EARLY_NS

_OVERLAP_NS = 1_000
"""Launches of one stream may overlap by so much where clocks are rounded or drift."""
_LONG_OVERLAP_NS = 10_000
_OVERLAPPING_FROM = 9
"""From this major compute capability on a launch may start while the one before it on its stream
still runs (programmatic dependent launch), by as much as that one lasts."""
_ENOUGH_OPERATORS = 20
"""Of fewer that were called, the numbers say nothing about how many were left out."""

_DOUBTS = pl.Series(["before_call", "overruns_next"], dtype=pl.String)


def lanes(keys: Iterable[LaunchKey], device: list[int], stream: list[int]) -> Codes:
    """Return for each key of launches the number of the stream that it names.

    Two processes may use streams of one number on devices of one number: the pid of the GPU's
    events keeps them apart, and where no stream is recorded the tid stands for it.
    """
    numbers: dict[tuple[Identifier, Identifier, int, int], int] = {}
    parts = (
        (pid, tid if number < 0 else "", ordinal, number)
        for (_, pid, tid, *_), ordinal, number in zip(keys, device, stream, strict=True)
    )
    return np.fromiter((numbers.setdefault(part, len(numbers)) for part in parts), np.int32)


def doubts(
    launches: Rows[LaunchKey],
    calls: Rows[CallKey],
    links: Links,
    lane: Codes,
    capability: list[str | None],
) -> pl.Series | pl.Expr:
    """Return why the times of each launch cannot be right, null where nothing speaks against them.

    Args:
        launches: in order of start.
        lane: the stream of each launch, -1 where it is not known to be one stream.
        capability: the compute capability of the device of each key of ``launches``.
    """
    early = _before_call(launches, calls, links)
    serial = np.array([_is_serial(value) for value in capability], bool)[launches.key]
    over = _overruns(launches, lane, early, serial, links.replay)
    if not early.any() and not over.any():
        return pl.lit(None, pl.String)
    return take(_DOUBTS, np.where(early, 0, np.where(over, 1, NONE)))


def _is_serial(capability: str | None) -> bool:
    """Whether launches of one stream of such a device never overlap."""
    major = (capability or "").partition(".")[0]
    return len(major) == 1 and major.isdecimal() and int(major) < _OVERLAPPING_FROM


def _before_call(launches: Rows[LaunchKey], calls: Rows[CallKey], links: Links) -> Bools:
    """Return which launches start before their own call, by more than clocks differ."""
    early = np.zeros(len(launches), bool)
    known = np.flatnonzero(links.call >= 0)
    early[known] = launches.start[known] < calls.start[links.call[known]] - EARLY_NS
    return early


def _overruns(
    launches: Rows[LaunchKey], lane: Codes, early: Bools, serial: Bools, replay: Bools
) -> Bools:
    """Return which launches last longer than the later ones of their stream allow.

    A stream runs its launches one after another. Where the device can start the next one early,
    that one still ends last, so a launch that outlasts a whole later one is impossible; on older
    devices one that is still running well after the next one's start is too. Nodes of a graph are
    held against what follows outside the graph alone: its branches run side by side.
    """
    over = np.zeros(len(launches), bool)
    witness = ~early & ~launches.no_duration & (lane >= 0)
    order = np.argsort(lane, kind="stable")
    order = order[lane[order] >= 0]
    for rows in np.split(order, np.flatnonzero(np.diff(lane[order])) + 1):
        start, end = launches.start[rows], launches.end[rows]
        for nodes in (False, True):
            counted = witness[rows] & ~replay[rows] if nodes else witness[rows]
            next_start = _least_after(np.where(counted, start, _NEVER))
            next_end = _least_after(np.where(counted, end, _NEVER))
            late = (next_end < end - _OVERLAP_NS) | (
                serial[rows] & (next_start < end - _LONG_OVERLAP_NS)
            )
            chosen = late & (replay[rows] == nodes) & ~early[rows]
            over[rows[chosen]] = True
    return over


_NEVER = np.iinfo(np.int64).max


def _least_after(values: Ints) -> Ints:
    """Return for each place the smallest of the values behind it."""
    least = np.full(len(values), _NEVER, np.int64)
    if len(values) > 1:
        least[:-1] = np.minimum.accumulate(values[:0:-1])[::-1]
    return least


def share_recorded(index: Ints, process: Codes) -> float | None:
    """Return the share of the operators called that a trace holds, None where it does not say.

    ``Ev Idx`` counts the operators of a process as they are called, so that gaps in it are
    operators which were left out of the file. Of several processes the least share counts.
    """
    shares = []
    known = np.flatnonzero((index >= 0) & (process >= 0))
    known = known[np.argsort(process[known], kind="stable")]
    for one in np.split(index[known], np.flatnonzero(np.diff(process[known])) + 1):
        found = np.sort(one)
        distinct = 1 + int((np.diff(found) > 0).sum())
        called = int(found[-1]) - int(found[0]) + 1 if len(found) else 0
        if called >= _ENOUGH_OPERATORS:
            shares.append(distinct / called)
    return min(shares, default=None)
