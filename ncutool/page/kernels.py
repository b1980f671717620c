"""The kernel table: groups of launches as columns for the script, the first rows as text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from ncutool.analysis import display_names
from ncutool.analysis.groups import source_word
from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool.charts.points import four_digits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ncutool.analysis.analyse import Analysis

MOST_GROUPS = 2000
MOST_LAUNCHES = 2500
MOST_REASONS = 200
"""Groups whose bound is explained in words here; `ncutool explain` has them all."""
FIRST_ROWS = 25
_NAME, _DETAIL, _FULL, _SENTENCE = 100, 110, 180, 200

_NUMBERS = (
    "launches",
    "duration_ns",
    "dram_bytes",
    "intensity_flop_per_byte",
    "achieved_flop_per_s",
    "achieved_bytes_per_s",
    "attainable_flop_per_s",
    "roofline_pct",
    "peak_flop_per_s",
    "peak_bytes_per_s",
    "sm_sol_pct",
    "memory_sol_pct",
    "dram_sol_pct",
    "l2_sol_pct",
    "l1_sol_pct",
    "waves",
)
Places = tuple[tuple[str, str], ...]
"""Column and heading of what tells where a group lies."""
ROOFLINE: Places = (
    ("intensity_flop_per_byte", "FLOP/byte"),
    ("roofline_pct", "of attainable"),
)
SPEEDS_OF_LIGHT: Places = (("sm_sol_pct", "compute"), ("memory_sol_pct", "memory"))
"""Of a report without FLOP counters: NVIDIA's two percentages."""
_TEXTS = (
    "dtype",
    "family",
    "sol_class",
    "flop_source",
    "bytes_source",
    "missing_reason",
    "remark",
    "flag",
    "error",
)


@dataclass(frozen=True)
class Row:
    """One group as the page shows it without its script; the script writes the same."""

    group: int
    name: str
    detail: str
    launches: str
    time: str
    share: str
    bar_pct: float
    """Of the group with the most time."""
    places: tuple[tuple[str, str], ...]
    """Text and mark (`above` 100 %, `low` below 40 %, or empty) of the two columns that tell
    where it lies."""
    bound: str
    bound_word: str
    source: str


@dataclass(frozen=True)
class KernelTable:
    """The section."""

    rows: tuple[Row, ...]
    places: Places
    groups: int
    launches: str
    note: str
    data: dict[str, Any]


def kernel_table(analysis: Analysis, groups: pl.DataFrame, membership: pl.Series) -> KernelTable:
    """Return the groups (:func:`ncutool.analysis.groups.grouped`) with their launches."""
    shown = groups.head(MOST_GROUPS)
    longest = int(groups["duration_ns"][0]) if groups.height else 0
    on_roofline = groups["roofline_pct"].count() or not groups["sm_sol_pct"].count()
    places = ROOFLINE if on_roofline else SPEEDS_OF_LIGHT
    return KernelTable(
        rows=tuple(
            _row(row, longest, places) for row in shown.head(FIRST_ROWS).iter_rows(named=True)
        ),
        places=places,
        groups=shown.height,
        launches=units.counted(analysis.kernels.height, "launch"),
        note=_note(analysis, groups),
        data={
            "groups": _columns(shown) | {"total_ns": int(groups["duration_ns"].sum())},
            "launches": _launches(analysis, membership),
        },
    )


def _note(analysis: Analysis, groups: pl.DataFrame) -> str:
    notes = []
    if groups.height > MOST_GROUPS:
        rest = groups.slice(MOST_GROUPS)
        left = units.time(int(rest["duration_ns"].sum()))
        notes.append(
            f"The {units.count(MOST_GROUPS)} groups with the most time are here; "
            f"{units.count(rest.height)} smaller ones ({left}) "
            "are in `ncutool kernels`."
        )
    if analysis.kernels.height > MOST_LAUNCHES:
        notes.append(
            f"The {units.count(MOST_LAUNCHES)} longest launches are listed singly; all are in "
            "`ncutool kernels`."
        )
    return " ".join(notes)


def _place(name: str, row: dict[str, Any]) -> tuple[str, str]:
    # The script gets four digits: so both print the same.
    value = None if row[name] is None else four_digits(row[name])
    if name == "intensity_flop_per_byte":
        return units.significant(value), ""
    return units.percent(value), display_names.roof_mark(value) if name == "roofline_pct" else ""


def _row(row: dict[str, Any], longest_ns: int, places: Places) -> Row:
    return Row(
        group=row["group"],
        name=shorten(row["name"], _NAME),
        detail=shorten(row["detail"], _DETAIL),
        launches=units.count(row["launches"]),
        time=units.time(row["duration_ns"] if row["timed"] else None),
        share=units.percent(row["share_pct"]),
        bar_pct=round(100 * row["duration_ns"] / longest_ns, 1) if longest_ns else 0.0,
        places=tuple(_place(name, row) for name, _ in places),
        bound=row["bound"],
        bound_word=display_names.short_bound(row),
        source=source_word(row, " / "),
    )


def _columns(groups: pl.DataFrame) -> dict[str, Any]:
    """Return columns of texts and numbers; those without any value are left out."""
    columns: dict[str, Any] = {
        "name": _texts(groups["name"], _NAME),
        "detail": _texts(groups["detail"], _DETAIL),
        "kernel": _texts(groups["kernel"], _NAME),
        "full": _texts(groups["kernel_full"], _FULL),
        "op": _texts(groups["op"], _NAME),
        "bound": _texts(groups["bound"], _NAME),
        "roof": _texts((name and display_names.roof(name) for name in groups["roof"]), _NAME),
        "bound_reason": _texts(
            (
                reason if group < MOST_REASONS else None
                for group, reason in groups.select("group", "bound_reason").iter_rows()
            ),
            _SENTENCE,
        ),
    }
    columns |= {name: _texts(groups[name], _SENTENCE) for name in _TEXTS}
    columns = {name: column for name, column in columns.items() if column["of"]}
    columns |= {name: _packed(groups[name]) for name in _NUMBERS if groups[name].count()}
    columns |= {name: _packed(groups[name]) for name in _unusual(groups)}
    mixed = groups.select(
        pl.when(pl.col("roofline_max_pct") - pl.col("roofline_min_pct") > 0.1).then(name)
        for name in ("roofline_min_pct", "roofline_max_pct")
    )
    columns |= {column.name: _packed(column) for column in mixed if column.count()}
    return {"count": groups.height, "columns": columns}


def _unusual(groups: pl.DataFrame) -> list[str]:
    """Return which of `timed` and `counted` differ from `launches`, as the script takes them."""
    timed = (groups["timed"] < groups["launches"]).any()
    counted = ((groups["counted"] > 0) & (groups["counted"] < groups["launches"])).any()
    return ["timed"] * timed + ["counted"] * counted


def _packed(column: pl.Series) -> Any:
    """Return a column of numbers in as few characters as it takes; groups.js unpacks it.

    A list; or ``{"of": values, "at": places}`` where values repeat; or ``{"e": exponent, "v":
    list}`` where they are large or small: each value is ``v * 10 ** e``, to four digits.
    """
    if column.dtype.is_integer():
        values: list[Any] = column.to_list()
    else:
        values = column.fill_nan(None).round_sig_figs(4).to_list()
    distinct = sorted({value for value in values if value is not None})
    if len(distinct) * 8 < len(values):
        places = {value: place for place, value in enumerate(distinct)}
        return {"of": distinct, "at": [places.get(value, -1) for value in values]}
    largest = max((abs(value) for value in distinct), default=0)
    if column.dtype.is_integer() or largest == 0 or 1e-3 < largest < 1e5:
        return values
    exponent = 3 * (math.floor(math.log10(largest) / 3) - 1)
    return {"e": exponent, "v": [_brief(value, exponent) for value in values]}


def _brief(value: float | None, exponent: int) -> float | int | None:
    if value is None:
        return None
    brief = float(f"{value / 10.0**exponent:.4g}")
    return int(brief) if brief.is_integer() else brief


def _texts(values: Iterable[str | None], limit: int) -> dict[str, Any]:
    """Return each text once, printable and short, and its place for every row (-1 for none)."""
    places: dict[str, int] = {}
    at = [places.setdefault(value, len(places)) if value else -1 for value in values]
    return {"of": [shorten(text, limit) for text in places], "at": at}


def _launches(analysis: Analysis, membership: pl.Series) -> dict[str, Any]:
    """Return the longest launches in order of their group, then of the capture, as columns."""
    frame = (
        analysis.kernels.select(
            "launch_id", "duration_ns", "start_ns", "stream", "roofline_pct", "bound", "nvtx"
        )
        .with_columns(membership.alias("group"))
        .filter(pl.col("group") < MOST_GROUPS)
        .sort("duration_ns", "launch_id", descending=[True, False], nulls_last=True)
        .head(MOST_LAUNCHES)
        .sort("group", "launch_id")
    )
    kinds = sorted(set(frame["bound"]))
    columns: dict[str, Any] = {
        "step": np.diff(frame["launch_id"].to_numpy(), prepend=0).tolist(),
        "duration_ns": frame["duration_ns"].to_list(),
    }
    if frame["start_ns"].null_count() < frame.height:
        columns["start_ns"] = frame["start_ns"].to_list()
    if frame["stream"].n_unique() > 1:
        columns["stream"] = _packed(frame["stream"])
    if frame["roofline_pct"].null_count() < frame.height:
        columns["roofline_pct"] = _packed(frame["roofline_pct"].round_sig_figs(3))
    if len(kinds) > 1:
        columns["bound"] = [kinds.index(kind) for kind in frame["bound"]]
    if frame["nvtx"].count():
        columns["nvtx"] = _texts(frame["nvtx"], _NAME)
    return {
        "kinds": kinds,
        "ends": _ends(frame["group"], membership),
        "columns": columns,
    }


def _ends(shown: pl.Series, membership: pl.Series) -> list[int]:
    """Return for each group where its launches end in the columns."""
    groups = min(MOST_GROUPS, int(membership.max() or 0) + 1)  # type: ignore[arg-type]
    counts = dict(zip(*_value_counts(shown), strict=True))
    ends, end = [], 0
    for group in range(groups):
        end += counts.get(group, 0)
        ends.append(end)
    return ends


def _value_counts(column: pl.Series) -> tuple[Iterable[int], Iterable[int]]:
    counted = column.value_counts()
    return counted[column.name].to_list(), counted["count"].to_list()
