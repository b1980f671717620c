"""The strip below a roofline: kernels whose bytes are known and whose FLOPs are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.charts import labels, marks
from ncutool.charts.points import four_digits, named, tooltip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.points import Row

HEIGHT_PX = 44
MARKS_Y, NAMES_Y = 30.0, 9.0
"""Heights (pixels from the strip's top) of the middles of its marks and of their names."""
_MOST_PCT = 150.0
"""Shares beyond this lie at the strip's end: one wrong figure must not squeeze the others."""


class Strip(Struct, frozen=True):
    """Everything that is drawn on the strip."""

    title: str
    end: float
    """Per cent of the bandwidth at its right end; the left end is 0."""
    ticks: list[float]
    marks: list[Row]
    """Points with ``size`` and ``about``; ``x`` is at most the end."""
    names: list[Row]
    """``px`` (pixels from the left), ``text`` and ``about`` of each name that has room."""


def strip_points(groups: pl.DataFrame, *, tooltips: bool = True) -> list[Row]:
    """Return a row for each group with bytes alone: ``group, x`` (% of bandwidth), ``ms, bound``.

    Copies and communication are left out: the DRAM is not what bounds them.
    """
    placed = (pl.col("intensity_flop_per_byte") > 0) & (pl.col("achieved_flop_per_s") > 0)
    known = groups.filter(
        ~placed.fill_null(False)
        & (pl.col("achieved_bytes_per_s") > 0)
        & (pl.col("peak_bytes_per_s") > 0)
        & (pl.col("duration_ns") > 0)
        & ~pl.col("bound").is_in(["copy", "communication"])
    )
    rows = []
    for row in known.iter_rows(named=True):
        pct = 100 * row["achieved_bytes_per_s"] / row["peak_bytes_per_s"]
        point = {
            "group": row["group"],
            "x": four_digits(pct),
            "ms": four_digits(row["duration_ns"] / 1e6),
            "bound": row["bound"],
            "pct": four_digits(pct),
            "name": named(row),
        }
        if tooltips:
            point |= {
                **tooltip(row),
                "achieved": units.data_rate(row["achieved_bytes_per_s"]),
                "of bandwidth": units.percent(pct),
            }
        rows.append(point)
    return rows


def end_pct(points: Sequence[Row]) -> float:
    """Return where the strip ends: at 100 %, or as far as a point lies beyond."""
    furthest: float = max(point["x"] for point in points)
    return min(_MOST_PCT, max(100.0, furthest * 1.02))


def plan(points: Sequence[Row], bandwidth: str, width: int, most_ms: float) -> Strip:
    """Return the strip with a place for everything on it.

    Args:
        points: of :func:`strip_points`; not empty.
        bandwidth: what 100 % is, written.
        width: in pixels.
        most_ms: time of the largest mark of the whole picture.
    """
    end = end_pct(points)
    rows = [
        {**point, "x": min(point["x"], end), "about": f"{point['group']}|{point['bound']}|"}
        for point in marks.sized(points, width, most_ms)
    ]
    return Strip(
        f"no FLOPs, bytes only: % of {bandwidth}",
        end,
        [value for value in (0, 25, 50, 75, 100, 125, 150) if value <= end],
        rows,
        _names(rows, end, width),
    )


def _names(rows: Sequence[Row], end: float, width: int) -> list[Row]:
    """Return the names that have room above the strip's marks, the most time first."""
    wanted = []
    first = {row["name"]: row for row in reversed(rows)}  # of one name the group with most time
    for row in sorted(first.values(), key=lambda row: row["group"])[:6]:
        at = width * row["x"] / end
        wide = labels.text_width(row["name"], bold=True)
        spots = [(at + shift, NAMES_Y, "center") for shift in (0, 12, -12, 24, -24, 40, -40)]
        wanted.append(labels.Wanted(row["group"], labels.level(spots, wide)))
    drawn = [(width * row["x"] / end, MARKS_Y, row["size"]) for row in rows]
    found = labels.place(wanted, (0, 0, width, HEIGHT_PX), marks.boxes(drawn))
    return [
        {"px": found[row["group"]].x, "text": row["name"], "about": str(row["group"])}
        for row in rows
        if row["group"] in found
    ]
