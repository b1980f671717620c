"""Both sides launch by launch: single launches where there are few, columns of time else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

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
_NAME = 24


@dataclass(frozen=True)
class Launch:
    """One launch as a part of a lane."""

    kind: str
    name: str
    left: float
    wide: float
    title: str


@dataclass(frozen=True)
class Lane:
    """One side."""

    name: str
    total: str
    launches: tuple[Launch, ...]
    """Empty where there are many; then there are areas."""
    areas: tuple[tuple[str, Markup], ...]
    """Kind and SVG path, in a drawing of 400 x 40."""
    idle: bool
    """Where nothing is drawn the device was idle; of a report no gaps are known."""


@dataclass(frozen=True)
class Lanes:
    """Both lanes on one axis."""

    lanes: tuple[Lane, Lane]
    joins: tuple[tuple[str, Markup], ...]
    """Kind and path of the bands between matched launches, in a drawing of 1000 x 30."""
    kinds: tuple[str, ...]
    end: str
    timed: bool
    """In time with gaps, or one after another."""


@dataclass(frozen=True)
class _Placed:
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
    placed = [_placed(run, alone[n], timed) for n, run in enumerate(runs)]
    ends = [max((one.end for one in side), default=0.0) for side in placed]
    if timed:
        ends = [max(end, float(run.window.wall_ns if run.window else 0))
                for end, run in zip(ends, runs, strict=True)]  # fmt: skip
    axis = max(ends)
    if axis <= 0:
        return None
    few = max(map(len, placed)) <= FEW
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


def _placed(run: Run, alone: set[int], timed: bool) -> list[_Placed]:
    rows = run.launches.sort("start_ns", "launch_id") if timed else run.launches
    origin = float(rows["start_ns"][0] or 0) if timed and rows.height else 0.0
    clock, found = 0.0, []
    for row in rows.iter_rows(named=True):
        spent = float(row["duration_ns"] or 0)
        start = float(row["start_ns"]) - origin if timed else clock
        clock += spent
        kind = ALONE if row["launch_id"] in alone else row["bound"] or "unknown"
        name = printable(label(row["op"], row["kernel"]), 120)
        found.append(_Placed(row["launch_id"], kind, name, start, start + spent))
    return found


def kind_word(kind: str) -> str:
    """Return what a kind of launch is called."""
    return "on one side alone" if kind == ALONE else display_names.SHORT_BOUNDS.get(kind, kind)


def _launch(one: _Placed, axis: float) -> Launch:
    spent = units.time(one.end - one.start)
    title = f"{one.name}, {spent}, {kind_word(one.kind)}"
    left, wide = 100 * one.start / axis, 100 * (one.end - one.start) / axis
    return Launch(one.kind, f"{shorten(one.name, _NAME)} {spent}", left, wide, title)


def _areas(placed: Sequence[_Placed], axis: float) -> tuple[tuple[str, Markup], ...]:
    """Return columns of time, each split by what held it; what overlaps shares a column."""
    held: dict[str, npt.NDArray[np.float64]] = {}
    for one in placed:
        if one.kind not in held:
            held[one.kind] = np.zeros(COLUMNS)
        first, last = one.start * COLUMNS / axis, one.end * COLUMNS / axis
        begin, end = min(int(first), COLUMNS - 1), min(int(last), COLUMNS - 1)
        own = held[one.kind]
        if begin == end:
            own[begin] += last - first
        else:
            own[begin] += begin + 1 - first
            own[begin + 1 : end] += 1
            own[end] += min(last, COLUMNS) - end
    total = sum(held.values(), np.zeros(COLUMNS))
    scale = _HIGH / np.maximum(total, 1.0)
    base = np.full(COLUMNS, _HIGH)
    paths = []
    for kind in (*display_names.BOUNDS, ALONE):
        if kind not in held:
            continue
        heights = held[kind] * scale
        steps = [f"M{at} {base[at]:.1f}h1v{-heights[at]:.1f}h-1z" for at in range(COLUMNS)
                 if heights[at] >= 0.05]  # fmt: skip
        base = base - heights
        paths.append((kind, Markup("".join(steps))))
    return tuple(paths)


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
