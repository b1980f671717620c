"""The strip below a roofline: kernels whose bytes are known and whose FLOPs are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from ncutool.base import units
from ncutool.charts import labels, marks
from ncutool.charts.points import four_digits, named, tooltip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.charts.palette import Palette
    from ncutool.charts.points import Row

HEIGHT_PX = 44
_MARKS_Y, _NAMES_Y = 30.0, 9.0
_MOST_PCT = 150.0
"""Shares beyond this lie at the strip's end: one wrong figure must not squeeze the others."""


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


def strip(
    points: Sequence[Row], bandwidth: str, width: int, palette: Palette, most_ms: float
) -> alt.LayerChart:
    """Draw the strip.

    Args:
        points: of :func:`strip_points`; not empty.
        bandwidth: what 100 % is, written.
        most_ms: time of the largest mark of the whole picture.
    """
    end = end_pct(points)
    rows = [
        {**point, **marks.looks(point, palette), "x": min(point["x"], end),
         "about": f"{point['group']}|{point['bound']}|"}
        for point in marks.sized(points, width, most_ms)
    ]  # fmt: skip
    axis = alt.Axis(
        values=[value for value in (0, 25, 50, 75, 100, 125, 150) if value <= end],
        title=f"no FLOPs, bytes only: % of {bandwidth}",
        titleAnchor="end",
        grid=False,
        labelFlush=True,
    )
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, end], nice=False, zero=True), axis=axis)
    line = alt.Chart(alt.InlineData(values=[{"x": 0, "x2": end}]), name="strip_line").mark_rule(
        color=palette.line
    )
    middle = alt.value(_MARKS_Y)
    shown = ("kernel", "work", "launches", "time", "achieved", "of bandwidth")
    told = shown if shown[0] in points[0] else ()
    texts = _names(rows, end, width)
    words = (
        alt.Chart(alt.InlineData(values=texts), name="strip_names")
        .mark_text(color=palette.ink, fontSize=11, fontWeight=600, baseline="middle")
        .encode(alt.X("x:Q"), alt.Text("text:N"), alt.Description("about:N"), y=alt.value(_NAMES_Y))
    )
    layers = [
        line.encode(x, alt.X2("x2:Q"), y=middle),
        marks.layer(rows, alt.X("x:Q"), middle, "strip", told, clip=False),
        *([words] if texts else []),
    ]
    return alt.LayerChart(layer=layers, width=width, height=HEIGHT_PX)


def _names(rows: Sequence[Row], end: float, width: int) -> list[Row]:
    """Return the names that have room above the strip's marks, the most time first."""
    wanted = []
    first = {row["name"]: row for row in reversed(rows)}  # of one name the group with most time
    for row in sorted(first.values(), key=lambda row: row["group"])[:6]:
        at = width * row["x"] / end
        wide = labels.text_width(row["name"], bold=True)
        spots = [(at + shift, _NAMES_Y, "center") for shift in (0, 12, -12, 24, -24, 40, -40)]
        wanted.append(labels.Wanted(row["group"], labels.level(spots, wide)))
    drawn = [(width * row["x"] / end, _MARKS_Y, row["size"]) for row in rows]
    found = labels.place(wanted, (0, 0, width, HEIGHT_PX), marks.boxes(drawn))
    return [
        {"x": end * found[row["group"]].x / width, "text": row["name"], "about": str(row["group"])}
        for row in rows
        if row["group"] in found
    ]
