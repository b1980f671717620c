"""The zoomed part of the timeline as it stands before anyone moves it: launch by launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.analysis.where_time_goes import PRIORITY
from ncutool.base.untrusted import shorten
from ncutool.page.strip_columns import WIDTH, Area
from ncutool.page.ticks import Tick, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.advice.view.finding import Finding

LAUNCHES = 48
"""Launches that it shows at first."""
FEW = 60
"""So many launches are shown at once."""
_NAMED_PCT = 9.0
"""Width from which a piece bears its name."""
_BRACKET_PCT = 1.0
"""Width from which launches of a finding are bracketed."""
_NAME = 60


class Label(Struct, frozen=True):
    """The name of a piece that is wide enough to bear it."""

    text: str
    left_pct: float
    width_pct: float
    top: int


class Detail(Struct, frozen=True):
    """The zoomed part."""

    from_ns: int
    to_ns: int
    left_pct: float
    width_pct: float
    """Where it lies in the window."""
    height: int
    row: int
    """Height of a lane."""
    areas: tuple[Area, ...]
    labels: tuple[Label, ...]
    brackets: tuple[Label, ...]
    """Launches in a row that one finding concerns, with what it would do."""
    ticks: tuple[Tick, ...]


def first_window(
    placed: pl.DataFrame, findings: Sequence[Finding], wall_ns: int
) -> tuple[int, int]:
    """Return what is shown first (ns since the window's start): about :data:`LAUNCHES` launches
    around the middle one of the best finding that has any, or of the window."""
    rows = placed.sort("begin", "finish")
    if rows.height <= FEW:
        return 0, wall_ns
    middle = rows.height // 2
    ids = next((finding.launches for finding in findings if finding.launches), ())
    if ids:
        found = (rows["launch_id"] == ids[len(ids) // 2]).arg_max()
        middle = found if found else middle
    first = max(0, min(middle - LAUNCHES // 2, rows.height - LAUNCHES))
    shown = rows.slice(first, LAUNCHES)
    return int(shown["begin"][0]), int(shown["finish"].to_numpy().max())


def detail(
    rows: pl.DataFrame,
    window: tuple[int, int],
    *,
    start_ns: int,
    wall_ns: int,
    lanes: int,
    names: pl.Series,
    actions: Sequence[str],
) -> Detail:
    """Return the zoomed part of these pieces.

    Args:
        names: of the groups, by number.
        actions: what each finding would do, in the order of the bits of the pieces' masks.
    """
    begin, end = window
    row = max(13, 58 // max(lanes, 1))
    scale = WIDTH / max(end - begin, 1)
    shown = rows.filter((pl.col("finish") > begin) & (pl.col("begin") < end))
    paths: dict[str, list[str]] = {}
    labels = []
    for lane, start, finish, bound, group in shown.select(
        "lane", "begin", "finish", "bound", "group"
    ).iter_rows():
        left, right = (max(start, begin) - begin) * scale, (min(finish, end) - begin) * scale
        gap = 0.8 if right - left > 4 else 0.0
        width = max(right - left - gap, 0.6)
        top = lane * row
        paths.setdefault(bound, []).append(f"M{left:.1f} {top}h{width:.1f}v{row - 2}h-{width:.1f}z")
        if 100 * width / WIDTH >= _NAMED_PCT and group >= 0:
            left_pct, width_pct = round(100 * left / WIDTH, 2), round(100 * width / WIDTH, 2)
            labels.append(Label(shorten(names[group], _NAME), left_pct, width_pct, top))
    return Detail(
        from_ns=begin,
        to_ns=end,
        left_pct=round(100 * begin / wall_ns, 3),
        width_pct=round(100 * (end - begin) / wall_ns, 3),
        height=row * max(lanes, 1) - 2,
        row=row,
        areas=tuple(Area(kind, "".join(paths[kind])) for kind in PRIORITY if kind in paths),
        labels=tuple(labels),
        brackets=_brackets(shown, window, actions),
        ticks=ticks(start_ns + begin, start_ns + end, about=5),
    )


def _brackets(
    shown: pl.DataFrame, window: tuple[int, int], actions: Sequence[str]
) -> tuple[Label, ...]:
    """Return the launches in a row that the same finding concerns, the first of several.

    Launches of several streams run side by side: a bracket begins where the one before it ends.
    """
    begin, end = window
    runs: list[list[int]] = []
    before = 0
    for start, finish, mask in shown.select("begin", "finish", "mask").iter_rows():
        first = mask & -mask
        if first and first == before:
            runs[-1][2] = max(runs[-1][2], finish)
        elif first:
            runs.append([first.bit_length() - 1, start, finish])
        before = first
    found: list[Label] = []
    taken = 0.0
    for number, start, finish in runs:
        left = max(taken, 100 * (max(start, begin) - begin) / (end - begin))
        width = 100 * (min(finish, end) - begin) / (end - begin) - left
        if width >= _BRACKET_PCT:
            taken = left + width
            text = shorten(actions[number], _NAME)
            found.append(Label(text, round(left, 2), round(width, 2), 0))
    return tuple(found)
