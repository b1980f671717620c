"""The points of the charts as plain rows: groups of launches that have a place on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.analysis import display_names
from ncutool.analysis.groups import detail, label
from ncutool.base import units
from ncutool.base.untrusted import shorten

if TYPE_CHECKING:
    from ncutool.analysis.capture_roofs import Roofs
    from ncutool.charts.palette import Palette
    from ncutool.roofline.coverage import Coverage

Row = dict[str, Any]


def _placed() -> pl.Expr:
    return (
        (pl.col("intensity_flop_per_byte") > 0) & (pl.col("achieved_flop_per_s") > 0)
    ).fill_null(False)


def roofline_points(groups: pl.DataFrame, *, tooltips: bool = True) -> list[Row]:
    """Return a row for each group (:func:`ncutool.analysis.groups.grouped`) that has a place.

    ``group, x`` (FLOP/byte), ``y`` (FLOP/s), ``ms, bound, pct`` (of attainable), ``roof, name``,
    and the text a tooltip shows where ``tooltips``; a page that looks these up itself leaves them
    out.
    """
    rows = []
    for row in groups.filter(_placed()).iter_rows(named=True):
        point = _point(row, row["intensity_flop_per_byte"], row["achieved_flop_per_s"])
        reached = row["roofline_pct"]
        point["pct"] = None if reached is None else four_digits(reached)
        point |= {"roof": row["roof"] or "", "name": named(row)}
        if tooltips:
            point |= {
                **tooltip(row),
                "FLOP/byte": units.significant(row["intensity_flop_per_byte"]),
                "achieved": units.flop_rate(row["achieved_flop_per_s"]),
                "attainable": units.flop_rate(row["attainable_flop_per_s"]),
                "of attainable": units.percent(row["roofline_pct"]),
                "figures from": f"FLOPs: {display_names.source(row['flop_source'])}, "
                f"bytes: {display_names.source(row['bytes_source'])}",
            }
        rows.append(point)
    return rows


def level_points(groups: pl.DataFrame, roofs: Roofs, palette: Palette) -> list[Row]:
    """Return a row for each group and cache whose bytes are counted and whose roof is known.

    ``group, level, x`` (FLOP per byte of that cache), ``y`` (FLOP/s), ``color`` of its bound, and
    ``tip``: the level, the intensity, and the share of the level's own bandwidth.
    """
    rows = []
    for row in groups.filter(_placed()).iter_rows(named=True):
        for level, _ in roofs.caches:
            intensity, rate = row[f"{level}_intensity_flop_per_byte"], row[f"{level}_flop_per_s"]
            if not (intensity and rate):
                continue
            share = row[f"{level}_roof_pct"]
            tip = f"{level.upper()} {units.intensity(intensity)}"
            if share is not None:
                tip += f", {units.percent(share)} of its roof"
            color = palette.bounds[row["bound"]]
            rows.append(
                {
                    "group": row["group"],
                    "level": level,
                    "x": four_digits(intensity),
                    "y": four_digits(rate),
                    "color": color,
                    "tip": tip,
                    "bound": row["bound"],
                    "roof": row["roof"] or "",
                }
            )
    return rows


def speed_of_light_points(groups: pl.DataFrame, *, tooltips: bool = True) -> list[Row]:
    """Return a row for each group with both speeds of light: ``x`` memory %, ``y`` compute %."""
    known = groups.filter(
        pl.col("sm_sol_pct").is_not_null() & pl.col("memory_sol_pct").is_not_null()
    )
    rows = []
    for row in known.iter_rows(named=True):
        point = _point(row, row["memory_sol_pct"], row["sm_sol_pct"])
        point["name"] = named(row)
        if tooltips:
            point |= {
                **tooltip(row),
                "compute": units.percent(row["sm_sol_pct"]),
                "memory": units.percent(row["memory_sol_pct"]),
            }
        rows.append(point)
    return rows


def _point(row: Row, x: float, y: float) -> Row:
    return {
        "group": row["group"],
        "x": four_digits(x),
        "y": four_digits(y),
        "ms": four_digits(row["duration_ns"] / 1e6),
        "bound": row["bound"],
    }


def tooltip(row: Row) -> Row:
    """Return what a notebook shows of any group under the pointer."""
    return {
        "kernel": shorten(label(row["op"], row["kernel"]), 60),
        "work": shorten(detail(row) or "", 80),
        "launches": units.count(row["launches"]),
        "time": units.time(row["duration_ns"]),
    }


def four_digits(value: float) -> float:
    """Round to four significant digits: more than any screen shows, in a third of the bytes."""
    return float(f"{value:.4g}")


def not_on_roofline(coverage: Coverage) -> str:
    """Say what share of the launch time has no place on the roofline, and why.

    Returns:
        One sentence; empty where every launch that took time has a place.
    """
    absent = [
        part for part in coverage.partition if part.part != "on_roofline" and part.duration_ns
    ]
    names = ", ".join(
        f"{display_names.PARTS[part.part]} {units.percent(part.pct)}" for part in absent
    )
    return f"Not on the plane: {names}." if absent else ""


def named(row: Row) -> str:
    """Return the short name of a group that a drawing has room for."""
    return shorten(label(row["op"], row["kernel"]).lstrip("_") or row["kernel"], 24)
