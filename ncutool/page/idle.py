"""Idle time by cause: a bar, its legend, and a lane of the timeline in the same textures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.page.packed import pack
from ncutool.page.strip_columns import COLUMNS, Area, covered, shares, stacked

if TYPE_CHECKING:
    import polars as pl

    from ncutool.timeline.window import Timeline

MOST_CAUSES = 6
MOST_GAPS = 1000
OTHER = "other causes"


class Cause(Struct, frozen=True):
    """A part of the idle time."""

    name: str
    texture: str
    """The class of its texture: by its place in the list, `other` for all small ones together."""
    ns: int
    pct: float
    """Of the idle time."""


def causes(timeline: Timeline) -> tuple[Cause, ...]:
    """Return the causes with the most time, and all others as one; they sum to the idle time."""
    total = timeline.idle_ns
    found = [(name, ns) for name, ns in _ordered(timeline) if ns > 0]
    kept = found if len(found) <= MOST_CAUSES else found[: MOST_CAUSES - 1]
    rest = sum(ns for _, ns in found[len(kept) :])
    parts = [
        Cause(display_names.gap_cause(name), str(number), ns, 100 * ns / total)
        for number, (name, ns) in enumerate(kept, start=1)
    ]
    return (*parts, Cause(OTHER, "other", rest, 100 * rest / total)) if rest else tuple(parts)


def _ordered(timeline: Timeline) -> list[tuple[str, int]]:
    return sorted(timeline.idle_by_cause().items(), key=lambda item: (-item[1], item[0]))


def _textures(timeline: Timeline) -> dict[str, str]:
    """Return the texture of every cause."""
    names = [name for name, ns in _ordered(timeline) if ns > 0]
    few = len(names) <= MOST_CAUSES
    single = names if few else names[: MOST_CAUSES - 1]
    known = {name: str(number) for number, name in enumerate(single, start=1)}
    return {cause: known.get(cause, "other") for cause in timeline.gaps["cause"].unique()}


def areas(timeline: Timeline, height: int) -> tuple[Area, ...]:
    """Return the idle lane: each column's idle time by cause; of several devices the mean."""
    textures = _textures(timeline)
    devices = max(len(timeline.devices), 1)
    held = {name: np.zeros(COLUMNS, dtype=np.int64) for name in sorted(set(textures.values()))}
    gaps = timeline.gaps.select("device", "cause", "start_ns", "duration_ns")
    for (_, cause), own in gaps.partition_by("device", "cause", as_dict=True).items():
        starts = (own["start_ns"] - timeline.start_ns).to_numpy()
        ends = starts + own["duration_ns"].to_numpy()
        held[textures[cause]] += covered(starts, ends, timeline.wall_ns)
    parts = [(name, shares(ns, timeline.wall_ns) / devices) for name, ns in held.items()]
    return stacked(parts, height)


def gaps(timeline: Timeline) -> dict[str, Any]:
    """Return the longest idle pieces, in order of start, with the words for their causes."""
    shown = _longest(timeline.gaps).sort("start_ns")
    names = sorted(set(shown["cause"]))
    textures = _textures(timeline)
    starts = (shown["start_ns"] - timeline.start_ns).to_numpy()
    return {
        "causes": [display_names.gap_cause(name) for name in names],
        "textures": [textures[name] for name in names],
        "cause": pack([names.index(name) for name in shown["cause"]]),
        "step": pack(np.diff(starts, prepend=0).tolist()),
        "length": pack(shown["duration_ns"].to_list()),
    }


def _longest(pieces: pl.DataFrame) -> pl.DataFrame:
    """Return the longest :data:`MOST_GAPS` idle pieces, the first of equals."""
    length = pieces["duration_ns"].to_numpy()
    if length.size > MOST_GAPS:  # the shorter ones need no sorting
        pieces = pieces.filter(length >= np.partition(length, -MOST_GAPS)[-MOST_GAPS])
    return pieces.sort("duration_ns", "start_ns", descending=[True, False]).head(MOST_GAPS)
