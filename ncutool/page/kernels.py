"""The kernel table: groups of launches as columns for the script, the first rows as text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.analysis.looks import LOOKS
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.page.columns import Cell, Column, Units, cells, columns_of, units_of
from ncutool.page.launches import geometry, longest_launches, parts
from ncutool.page.packing import Texts, numbers, places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.sections import FindingLine

MOST_GROUPS = 2000
MOST_REASONS = 100
"""Groups whose bound is explained in words and whose launches' range is told; `ncutool explain`
has them all."""
FIRST_ROWS = 25
_NAME, _DETAIL, _FULL, _SENTENCE, _ACTION = 100, 110, 130, 200, 32
_FEW_GROUPS = 8
_FITS = 40
"""Characters of a name and its shapes that any screen shows."""
_WHOLE_NAME = 1000
_WHOLE_NAMES = 16_000
"""Characters of full kernel names that a page carries whole; further names are cut."""

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
_PRODUCTS = frozenset({"aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm"})
_MATRICES = re.compile(r"\[([\d,]+)\] × \[([\d,]+)\]")


class Tag(Struct, frozen=True):
    """A finding that concerns a row."""

    id: str
    rank: int
    text: str


class Row(Struct, frozen=True):
    """One group as the page shows it without its script; the script writes the same."""

    group: int
    name: str
    detail: str
    bound: str
    symbol: str
    """The shape of its bound."""
    bar_pct: float
    """Of the group with the most time."""
    cells: tuple[Cell, ...]
    tag: Tag | None
    more_tags: int
    """Findings beside that one."""
    whole: str
    """Its name and shapes, for those who point at a long one; empty for a short one."""


class KernelTable(Struct, frozen=True):
    """The section."""

    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    ways: tuple[tuple[str, str], ...]
    """How rows can be grouped: name and what it is called."""
    groups: int
    launches: str
    total: str
    note: str
    data: dict[str, Any]


def kernel_table(
    analysis: Analysis,
    groups: pl.DataFrame,
    membership: pl.Series,
    findings: Sequence[FindingLine] = (),
) -> KernelTable:
    """Return the groups (:func:`ncutool.analysis.groups.grouped`) with their launches.

    Args:
        findings: those on the page, the first first; their rows carry a tag.
    """
    shown = groups.head(MOST_GROUPS).with_columns(_details(groups.head(MOST_GROUPS)))
    units_ = units_of(shown)
    columns = columns_of(shown, units_)
    grids = geometry(analysis, membership, shown.height)
    divided = parts(analysis, membership, shown.height)
    tags = _tags(findings, membership, shown.height)
    longest = int(groups["duration_ns"][0]) if groups.height else 0
    first = shown.head(FIRST_ROWS).iter_rows(named=True)
    return KernelTable(
        rows=tuple(
            _row(row, longest, cells(row, columns, units_, grid), tags.get(row["group"], []))
            for row, grid in zip(first, grids, strict=False)
        ),
        columns=columns,
        ways=_ways(shown, divided),
        groups=shown.height,
        launches=units.counted(analysis.launch_count, "launch"),
        total=units.time(int(groups["duration_ns"].sum()) if groups["timed"].sum() else None),
        note=_note(groups),
        data={
            "groups": _columns(shown, grids)
            | {
                "total_ns": int(groups["duration_ns"].sum()),
                "units": _plain(units_),
                "shown": [column.id for column in columns if column.shown],
                "parts": divided,
            },
            "launches": longest_launches(analysis, membership, shown.height),
        },
    )


def _plain(units_: Units) -> dict[str, list[Any]]:
    return {name: [int(unit.size), unit.name] for name, unit in units_.items()}


def _details(groups: pl.DataFrame) -> pl.Series:
    """Return what tells each group from others of its name; of a product also what comes out."""
    told = [product(op, text) for op, text in groups.select("op", "detail").iter_rows()]
    return pl.Series("detail", told, pl.String)


def product(op: str | None, shapes: str | None) -> str | None:
    """Return the shapes of an operator's inputs, with the result's where it multiplies matrices."""
    found = _MATRICES.fullmatch(shapes or "") if op in _PRODUCTS else None
    if found is None:
        return shapes
    left, right = ([int(size) for size in part.split(",") if size] for part in found.groups())
    if len(left) != len(right) or len(left) not in (2, 3):
        return shapes
    if left[-1] != right[-2] or left[:-2] != right[:-2]:
        return shapes
    result = [*left[:-1], right[-1]]
    return f"{shapes} → [{','.join(map(str, result))}]"


def _tags(
    findings: Sequence[FindingLine], membership: pl.Series, groups: int
) -> dict[int, list[Tag]]:
    """Return the findings that concern each group, the first first.

    One that concerns most of many rows tells no row from another, so no row carries it.
    """
    tags: dict[int, list[Tag]] = {}
    of = membership.to_numpy()
    for line in findings:
        tag = Tag(line.finding.id, line.rank, shorten(line.action, _ACTION))
        concerned = np.flatnonzero(np.bincount(of[line.finding.launch_ids])).tolist()
        if groups > _FEW_GROUPS and 2 * len(concerned) > groups:
            continue
        for group in concerned:
            tags.setdefault(group, []).append(tag)
    return tags


def _ways(groups: pl.DataFrame, divided: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the ways to group that divide the rows of this capture."""
    ways = []
    if groups["op"].n_unique() > 1:
        ways.append(("op", "operator"))
    if groups["family"].n_unique() > 1:
        ways.append(("family", "family"))
    named = {"range": "range", "step": "step"}
    return (*ways, *((way, word) for way, word in named.items() if way in divided))


def _note(groups: pl.DataFrame) -> str:
    if groups.height <= MOST_GROUPS:
        return ""
    rest = groups.slice(MOST_GROUPS)
    left = units.time(int(rest["duration_ns"].sum()))
    return (
        f"The {units.count(MOST_GROUPS)} groups with the most time are here; "
        f"{units.count(rest.height)} smaller ones ({left}) are in `ncutool kernels`."
    )


def _row(row: dict[str, Any], longest_ns: int, cells_: tuple[Cell, ...], tags: list[Tag]) -> Row:
    detail = row["detail"] or row["missing_reason"]
    whole = shorten(f"{row['name']} {detail or ''}".strip(), _NAME + _DETAIL)
    return Row(
        group=row["group"],
        name=shorten(row["name"], _NAME),
        detail=shorten(detail, _DETAIL) if detail else "",
        bound=row["bound"],
        symbol=LOOKS[row["bound"]].shape,
        bar_pct=round(100 * row["duration_ns"] / longest_ns, 1) if longest_ns else 0.0,
        cells=cells_,
        tag=tags[0] if tags else None,
        more_tags=max(0, len(tags) - 1),
        whole=whole if len(whole) > _FITS else "",
    )


def _columns(groups: pl.DataFrame, grids: list[str | None]) -> dict[str, Any]:
    """Return columns of texts and numbers; those without any value are left out."""
    texts = Texts()
    reasons = [
        reason if group < MOST_REASONS else None
        for group, reason in groups.select("group", "bound_reason").iter_rows()
    ]
    written: dict[str, list[int]] = {
        "name": texts.column(groups["name"], _NAME),
        "detail": texts.column(groups["detail"], _DETAIL),
        "kernel": texts.column(groups["kernel"], _NAME),
        "full": _full_names(groups["kernel_full"], texts),
        "op": texts.column(groups["op"], _NAME),
        "bound": texts.column(groups["bound"], _NAME),
        "level": texts.column(_levels(groups), _NAME),
        "grid": texts.column(grids, _NAME),
        "roof": texts.column((name and display_names.roof(name) for name in groups["roof"]), _NAME),
        "bound_reason": texts.column(reasons, _SENTENCE),
        **{name: texts.column(groups[name], _SENTENCE) for name in _TEXTS},
    }
    columns: dict[str, Any] = {
        name: numbers(groups[name])
        for name in (*_NUMBERS, *_unusual(groups))
        if groups[name].count()
    }
    mixed = groups.select(
        pl.when(
            (pl.col("group") < MOST_REASONS)
            & (pl.col("roofline_max_pct") - pl.col("roofline_min_pct") > 0.1)
        ).then(name)
        for name in ("roofline_min_pct", "roofline_max_pct")
    )
    columns |= {column.name: numbers(column) for column in mixed if column.count()}
    return {
        "count": groups.height,
        "of": texts.of,
        "texts": {name: places(column) for name, column in written.items() if set(column) != {-1}},
        "columns": columns,
    }


def _full_names(names: pl.Series, texts: Texts) -> list[int]:
    """Return the places of the kernels' full names: whole for as many as there is room."""
    room, seen, found = _WHOLE_NAMES, set[str](), []
    for name in names:
        if not name:
            found.append(-1)
            continue
        whole = printable(name, _WHOLE_NAME)
        if whole not in seen:
            seen.add(whole)
            room -= len(whole)
        found.append(texts.place(whole if room >= 0 else shorten(name, _FULL)))
    return found


def _levels(groups: pl.DataFrame) -> list[str | None]:
    """Return the memory level or pipe that a row's bound is told with."""
    return [
        display_names.short_bound(row).partition(": ")[2] or None
        for row in groups.select("bound", "limiting_level", "limiting_detail").iter_rows(named=True)
    ]


def _unusual(groups: pl.DataFrame) -> list[str]:
    """Return which of `timed` and `counted` differ from `launches`, as the script takes them."""
    timed = (groups["timed"] < groups["launches"]).any()
    counted = ((groups["counted"] > 0) & (groups["counted"] < groups["launches"])).any()
    return ["timed"] * timed + ["counted"] * counted
