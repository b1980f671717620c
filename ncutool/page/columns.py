"""The columns of the kernel table: headings with their units, and each figure as text.

The script writes the same cells from the same figures (columns.js); a test holds the two together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.analysis.groups import source_word
from ncutool.base import units
from ncutool.charts.points import four_digits

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl


class Unit(NamedTuple):
    """What a column's figures are divided by, and what they are in then."""

    size: float
    name: str


Units = dict[str, Unit]


class Column(Struct, frozen=True):
    """One column of figures or words."""

    id: str
    """Its name in the script and in the page's address."""
    heading: str
    """With the unit, which no cell repeats."""
    meaning: str = ""
    """What stands behind the heading, for those who point at it."""
    words: bool = False
    """Its cells are words: they stand to the left."""
    shown: bool = True
    """Whether it is there before a reader chooses columns."""


class Cell(Struct, frozen=True):
    """One figure as text."""

    column: str
    text: str
    mark: str = ""
    """`above` for a share over 100 %, `low` for one that has room, or nothing."""


_TIMES = (Unit(1e9, "s"), Unit(1e6, "ms"), Unit(1e3, "µs"), Unit(1, "ns"))
_FLOPS = (Unit(1e12, "TFLOP/s"), Unit(1e9, "GFLOP/s"), Unit(1e6, "MFLOP/s"))
_BYTES = (Unit(1e9, "GB/s"), Unit(1e6, "MB/s"))
_GOES_UP_AT = {"s": 100.0, "ms": 1.0, "TFLOP/s": 0.1, "GFLOP/s": 0.1, "GB/s": 0.1}
"""How much of a unit the largest figure must be for the column to be in that unit."""


def units_of(groups: pl.DataFrame) -> Units:
    """Return the unit of each column that has one, by its largest figure.

    Args:
        groups: of :func:`ncutool.analysis.groups.grouped`.
    """
    each = groups["duration_ns"] / groups["timed"].replace(0, None)
    return {
        "time": _unit(groups["duration_ns"].max(), _TIMES),
        "each": _unit(each.max(), _TIMES[1:], at={"ms": 100.0}),
        "flops": _unit(groups["achieved_flop_per_s"].max(), _FLOPS),
        "bytes": _unit(groups["achieved_bytes_per_s"].max(), _BYTES),
    }


def _unit(largest: Any, choices: tuple[Unit, ...], at: Mapping[str, float] | None = None) -> Unit:
    if not largest:
        return choices[1] if choices[0].name in ("s", "ms") else choices[0]
    needed = {**_GOES_UP_AT, **(at or {})}
    for unit in choices[:-1]:
        if largest >= needed.get(unit.name, 1.0) * unit.size:
            return unit
    return choices[-1]


def columns_of(groups: pl.DataFrame, units_: Units) -> tuple[Column, ...]:
    """Return the columns that the groups have figures for, in their order.

    A report without FLOP counters has NVIDIA's two percentages in the place of the roofline.
    """
    by_speed = groups["sm_sol_pct"].count() > 0
    by_roof = groups["roofline_pct"].count() > 0 or not by_speed
    found = [
        Column("name", "operator and shape", words=True),
        Column("launches", "launches"),
        Column("each", f"{units_['each'].name} a launch", "The mean of the launches with a time"),
        Column("time", f"total {units_['time'].name}", "Of all its launches together"),
        Column("share", "share %", "Of the time of all launches"),
    ]
    if by_roof:
        found += [
            Column("flops", units_["flops"].name, "FLOPs by the time they took"),
            Column("bytes", units_["bytes"].name, "DRAM traffic by the time it took"),
            Column("intensity", "FLOP/byte", "Of DRAM traffic", shown=False),
            Column("roof", "% of roof", "Of what is attainable at its FLOP/byte"),
        ]
    if by_speed:
        meaning = "NVIDIA's speed of light: achieved of the peak sustained"
        found += [
            Column("compute", "compute %", meaning, shown=not by_roof),
            Column("memory", "memory %", meaning, shown=not by_roof),
        ]
    found += [
        Column("dtype", "dtype", "Data type of the arithmetic", words=True),
        Column("grid", "grid / block", words=True, shown=False),
        Column("bound", "bound", "What holds most of its time", words=True),
        Column("source", "source", "Where FLOPs and bytes come from", words=True),
    ]
    return tuple(found)


def cells(
    row: Mapping[str, Any], columns: tuple[Column, ...], units_: Units, grid: str | None
) -> tuple[Cell, ...]:
    """Return the figures of one group, the name left out, as text.

    Args:
        row: of :func:`ncutool.analysis.groups.grouped`.
        grid: its grid and block, where all its launches have the same.
    """
    timed = row["timed"]
    written: dict[str, str] = {
        "launches": units.count(row["launches"]),
        "each": _in(units_["each"], row["duration_ns"] / timed if timed else None),
        "time": _in(units_["time"], row["duration_ns"] if timed else None),
        "share": _bare(row["share_pct"]),
        "flops": _in(units_["flops"], _brief(row["achieved_flop_per_s"])),
        "bytes": _in(units_["bytes"], _brief(row["achieved_bytes_per_s"])),
        "intensity": units.significant(_brief(row["intensity_flop_per_byte"])),
        "roof": _bare(_brief(row["roofline_pct"])),
        "compute": _bare(_brief(row["sm_sol_pct"])),
        "memory": _bare(_brief(row["memory_sol_pct"])),
        "dtype": row["dtype"] or units.UNKNOWN,
        "grid": grid or units.UNKNOWN,
        "bound": display_names.short_bound(row),
        "source": source_word(row, " / "),
    }
    marks = {"roof": display_names.roof_mark(_brief(row["roofline_pct"]))}
    return tuple(
        Cell(column.id, written[column.id], marks.get(column.id, "")) for column in columns[1:]
    )


def _brief(value: float | None) -> float | None:
    """Return a figure as the script gets it, in four digits: so both print the same."""
    return None if value is None else four_digits(value)


def _in(unit: Unit, value: float | None) -> str:
    return units.significant(None if value is None else value / unit.size)


def _bare(share_pct: float | None) -> str:
    """Return a percentage without its sign, which the heading has."""
    return units.percent(share_pct).removesuffix(" %")
