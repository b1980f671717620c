"""Recorded spans of time, to ask when any of them ran and which one covers a moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ncutool.base.intervals import Bools, Ints, Union, union

Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Cover:
    """Spans of one or more tables of a capture."""

    union: Union
    """When any of them ran."""
    starts: Ints
    """Start of each (ns), in order."""
    reach: Ints
    """The latest end (ns) of those that have started by then."""
    names: tuple[str, ...]
    """What a row of each table is called in evidence, e.g. ``call``."""
    table: Ints
    """Place in ``names`` of the span that reaches furthest by then."""
    row: Ints
    """Its row in that table."""

    def contains(self, moments: Ints) -> Bools:
        """Return whether any of the spans covers each moment (ns)."""
        return self.union.contains(moments)

    def evidence(self, moments: Ints) -> Strings:
        """Return which span covers each moment, e.g. ``call:17``; empty where none does."""
        index = np.searchsorted(self.starts, moments, side="right") - 1
        texts = [
            f"{self.names[self.table[place]]}:{self.row[place]}"
            if place >= 0 and self.reach[place] > moment
            else ""
            for place, moment in zip(index.tolist(), moments.tolist(), strict=True)
        ]
        return np.array(texts, dtype=np.str_)


def cover(spans: Sequence[tuple[str, pl.DataFrame]]) -> Cover:
    """Return the spans of several tables as one cover.

    Args:
        spans: name in evidence, and a frame of ``row``, ``start_ns`` and ``end_ns``.
    """
    frames = [
        frame.select("row", "start_ns", "end_ns", table=pl.lit(place, dtype=pl.Int64))
        for place, (_, frame) in enumerate(spans)
    ]
    rows = pl.concat(frames).sort("start_ns", "end_ns", "table", "row")
    starts, ends = rows["start_ns"].to_numpy(), rows["end_ns"].to_numpy()
    reach = np.maximum.accumulate(ends) if ends.size else ends
    # The span that reaches furthest is the last one that has raised the reach.
    raises = np.diff(reach, prepend=reach[:1] - 1) > 0
    furthest = np.maximum.accumulate(np.where(raises, np.arange(reach.size), 0))
    return Cover(
        union=union(starts, ends),
        starts=starts,
        reach=reach,
        names=tuple(name for name, _ in spans),
        table=rows["table"].to_numpy()[furthest],
        row=rows["row"].to_numpy()[furthest],
    )
