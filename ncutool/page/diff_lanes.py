"""Both sides launch by launch: single launches where there are few, columns of time else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.analysis.groups import label
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten

if TYPE_CHECKING:
    from ncutool.diff.compare import Diff
    from ncutool.diff.sides import Run

FEW = 40
"""So many launches a side are drawn one by one."""
COLUMNS = 400
ALONE = "alone"
"""The kind of a launch that one side alone has."""
_HIGH = 40.0
Floats = npt.NDArray[np.float64]
_NAME = 24
_NEEDED = ("launch_id", "start_ns", "duration_ns", "bound", "op", "kernel")


class Launch(Struct, frozen=True):
    """One launch as a part of a lane."""

    kind: str
    name: str
    left: float
    wide: float
    title: str


class Lane(Struct, frozen=True):
    """One side."""

    name: str
    total: str
    launches: tuple[Launch, ...]
    """Empty where there are many; then there are areas."""
    areas: tuple[tuple[str, Markup], ...]
    """Kind and SVG path, in a drawing of 400 x 40."""
    idle: bool
    """Where nothing is drawn the device was idle; of a report no gaps are known."""


class Lanes(Struct, frozen=True):
    """Both lanes on one axis."""

    lanes: tuple[Lane, Lane]
    joins: tuple[tuple[str, Markup], ...]
    """Kind and path of the bands between matched launches, in a drawing of 1000 x 30."""
    kinds: tuple[str, ...]
    end: str
    timed: bool
    """In time with gaps, or one after another."""


class _Placed(Struct, frozen=True):
    launch_id: int
    kind: str
    name: str
    start: float
    end: float


def lanes(diff: Diff) -> Lanes | None:
    """Return both sides' launches in order; None where they are not timed."""
    alone = [set[int](), set[int]()]
    for one in diff.matches:
        if not one.before or not one.after:
            alone[0].update(one.before)
            alone[1].update(one.after)
    runs = diff.before.first, diff.after.first
    timed = all(run.window is not None and run.launches["start_ns"].null_count() == 0
                for run in runs)  # fmt: skip
    few = max(run.launches.height for run in runs) <= FEW
    placed = [_placed(run, alone[n], timed=timed, named=few) for n, run in enumerate(runs)]
    ends = [max((one.end for one in side), default=0.0) for side in placed]
    if timed:
        ends = [max(end, float(run.window.wall_ns if run.window else 0))
                for end, run in zip(ends, runs, strict=True)]  # fmt: skip
    axis = max(ends)
    if axis <= 0:
        return None
    made = [
        Lane(name, units.time(ends[n]),
             tuple(_launch(one, axis) for one in placed[n]) if few else (),
             () if few else _areas(placed[n], axis), timed)
        for n, name in enumerate(("before", "after"))
    ]  # fmt: skip
    kinds = {one.kind for side in placed for one in side}
    order = (*[kind for kind in display_names.BOUNDS if kind in kinds],
             *([ALONE] if ALONE in kinds else []))  # fmt: skip
    joins = _joins(diff, placed, axis) if few else ()
    return Lanes((made[0], made[1]), joins, order, units.time(axis), timed)


def _placed(run: Run, alone: set[int], *, timed: bool, named: bool) -> list[_Placed]:
    rows = run.launches.sort("start_ns", "launch_id") if timed else run.launches
    origin = float(rows["start_ns"][0] or 0) if timed and rows.height else 0.0
    clock, found = 0.0, []
    for row in rows.select(_NEEDED).iter_rows(named=True):
        spent = float(row["duration_ns"] or 0)
        start = float(row["start_ns"]) - origin if timed else clock
        clock += spent
        kind = ALONE if row["launch_id"] in alone else row["bound"] or "unknown"
        name = label(row["op"], row["kernel"]) if named else ""
        found.append(_Placed(row["launch_id"], kind, name, start, start + spent))
    return found


def kind_word(kind: str) -> str:
    """Return what a kind of launch is called."""
    return "on one side alone" if kind == ALONE else display_names.SHORT_BOUNDS.get(kind, kind)


def _launch(one: _Placed, axis: float) -> Launch:
    spent = units.time(one.end - one.start)
    title = f"{printable(one.name, 120)}, {spent}, {kind_word(one.kind)}"
    left, wide = 100 * one.start / axis, 100 * (one.end - one.start) / axis
    return Launch(one.kind, f"{shorten(one.name, _NAME)} {spent}", left, wide, title)


def _areas(placed: Sequence[_Placed], axis: float) -> tuple[tuple[str, Markup], ...]:
    """Return columns of time, each split by what held it; what overlaps shares a column."""
    kinds = np.array([one.kind for one in placed])
    starts = np.array([one.start for one in placed]) * COLUMNS / axis
    ends = np.array([one.end for one in placed]) * COLUMNS / axis
    held = {
        kind: _held(starts[kinds == kind], ends[kinds == kind])
        for kind in (*display_names.BOUNDS, ALONE)
        if (kinds == kind).any()
    }
    total = sum(held.values(), np.zeros(COLUMNS))
    scale = _HIGH / np.maximum(total, 1.0)
    base = np.full(COLUMNS, _HIGH)
    paths = []
    for kind, own in held.items():
        heights = own * scale
        steps = [f"M{at} {base[at]:.1f}h1v{-heights[at]:.1f}h-1z" for at in range(COLUMNS)
                 if heights[at] >= 0.05]  # fmt: skip
        base = base - heights
        paths.append((kind, Markup("".join(steps))))
    return tuple(paths)


def _held(starts: Floats, ends: Floats) -> Floats:
    """Return how much of each column intervals hold; they are given in columns."""
    first = np.minimum(starts.astype(np.int64), COLUMNS - 1)
    last = np.minimum(ends.astype(np.int64), COLUMNS - 1)
    own = np.zeros(COLUMNS + 1)
    within = first == last
    np.add.at(own, first[within], (ends - starts)[within])
    first, last, starts, ends = (one[~within] for one in (first, last, starts, ends))
    np.add.at(own, first, first + 1 - starts)
    np.add.at(own, last, np.minimum(ends, COLUMNS) - last)
    whole = np.zeros(COLUMNS + 1)  # the columns between, by where they begin and end
    np.add.at(whole, first + 1, 1.0)
    np.add.at(whole, last, -1.0)
    return (own + np.cumsum(whole))[:COLUMNS]


def _joins(diff: Diff, placed: list[list[_Placed]], axis: float) -> tuple[tuple[str, Markup], ...]:
    """Return a band from each launch before to what matches it after, the first to the first."""
    at: list[dict[int, Any]] = [{one.launch_id: one for one in side} for side in placed]
    bands = []
    for match in diff.matches:
        if not match.before or not match.after:
            continue
        count = max(len(match.before), len(match.after))
        for n in range(count):
            old = at[0].get(match.before[min(n, len(match.before) - 1)])
            new = at[1].get(match.after[min(n, len(match.after) - 1)])
            if old is None or new is None:
                continue
            a, b, c, d = (1000 * x / axis for x in (old.start, old.end, new.end, new.start))
            path = Markup(f"M{a:.1f} 0H{b:.1f}L{c:.1f} 30H{d:.1f}z")
            bands.append((new.kind, path))
    return tuple(bands)
