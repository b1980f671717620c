"""The overview's columns: each split by what held it, and drawn as steps of an SVG path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from ncutool.analysis.where_time_goes import PRIORITY
from ncutool.base.intervals import Ints, union

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = 280
UNIT = 2
"""Width of a column in units of the drawing, which are pixels where the panel is at its widest."""
WIDTH = COLUMNS * UNIT


class Area(Struct, frozen=True):
    """What one kind holds of a lane, as an SVG path that areas drawn later lie upon."""

    kind: str
    path: str


def edges(wall_ns: int) -> Ints:
    """Return where the columns begin and end, in ns since the window's start."""
    return parts_of(wall_ns, COLUMNS)


def parts_of(wall_ns: int, count: int) -> Ints:
    """Return the edges of so many equal parts (whole numbers of Python, which never overflow)."""
    return np.array([number * wall_ns // count for number in range(count + 1)], dtype=np.int64)


def split(launches: pl.DataFrame, wall_ns: int) -> list[tuple[str, Ints]]:
    """Return how many ns of each column each bound holds; where launches overlap the time counts
    once, under the first of them in :data:`PRIORITY`, as everywhere.

    Args:
        launches: columns begin, finish, bound.
    """
    at = edges(wall_ns)
    starts: Ints = np.zeros(0, dtype=np.int64)
    ends, held, parts = starts, np.zeros(COLUMNS, dtype=np.int64), []
    by_bound = launches.partition_by("bound", as_dict=True)
    for kind in PRIORITY:
        rows = by_bound.get((kind,))
        if rows is None:
            continue
        merged = union(
            np.concatenate([starts, rows["begin"].to_numpy()]),
            np.concatenate([ends, rows["finish"].to_numpy()]),
        )
        starts, ends = merged.starts, merged.ends
        covered = merged.covered(at[:-1], at[1:])
        if (covered > held).any():
            parts.append((kind, covered - held))
        held = covered
    return parts


def covered(starts: Ints, ends: Ints, wall_ns: int) -> Ints:
    """Return how many ns of each column lie in any of these intervals."""
    at = edges(wall_ns)
    return union(starts, ends).covered(at[:-1], at[1:])


def shares(
    lengths: npt.NDArray[np.int64] | npt.NDArray[np.float64], wall_ns: int
) -> npt.NDArray[np.float64]:
    """Return lengths as shares of their columns."""
    return lengths / np.maximum(np.diff(edges(wall_ns)), 1)


def stacked(parts: Sequence[tuple[str, npt.NDArray[np.float64]]], height: int) -> tuple[Area, ...]:
    """Return the areas of parts that lie on one another, the one at the bottom last: each is drawn
    from the ground up and the next one covers what is not its own.

    Args:
        parts: kind, and its share of each column, from the bottom.
        height: of the lane; the ground is at this y.
    """
    total = np.zeros(COLUMNS)
    areas = []
    for kind, share in parts:
        below = np.rint(total * height)
        total = np.minimum(total + share, 1.0)
        top = np.rint(total * height)
        if (top > below).any():
            areas.append(Area(kind, steps(np.where(top > below, top, 0).astype(np.int64), height)))
    return tuple(reversed(areas))


def steps(tops: Ints, height: int) -> str:
    """Return the path of an area with this height above the ground in each column."""
    path, start = f"M0 {height}", 0
    for index in range(1, COLUMNS + 1):
        if index < COLUMNS and tops[index] == tops[start]:
            continue
        path += f"V{height - int(tops[start])}h{UNIT * (index - start)}"
        start = index
    return f"{path}V{height}z"
