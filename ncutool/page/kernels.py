"""The kernel table: groups of launches as columns for the script, the first rows as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool import units, words
from ncutool.groups import detail, label
from ncutool.untrusted import printable, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ncutool.analysis import Analysis

MOST_GROUPS = 2500
MOST_LAUNCHES = 5000
FIRST_ROWS = 25
_NAME, _DETAIL, _FULL, _SENTENCE = 120, 160, 200, 240

_NUMBERS = (
    "first_launch_id",
    "launches",
    "timed",
    "duration_ns",
    "duration_min_ns",
    "duration_max_ns",
    "share_pct",
    "flop",
    "dram_bytes",
    "counted",
    "intensity_flop_per_byte",
    "achieved_flop_per_s",
    "achieved_bytes_per_s",
    "attainable_flop_per_s",
    "roofline_pct",
    "roofline_min_pct",
    "roofline_max_pct",
    "peak_flop_per_s",
    "peak_bytes_per_s",
    "ridge_point_flop_per_byte",
    "flagged",
    "bounds",
    "sm_sol_pct",
    "memory_sol_pct",
    "dram_sol_pct",
    "l2_sol_pct",
    "l1_sol_pct",
    "waves",
)
_TEXTS = ("dtype", "family", "roof_side", "sol_class", "flop_source", "bytes_source", "peak_source")
_SENTENCES = ("bound_reason", "missing_reason", "remark", "flag", "error")


@dataclass(frozen=True)
class Row:
    """One group as the page shows it without its script; the script writes the same."""

    group: int
    name: str
    detail: str
    launches: str
    time: str
    share: str
    share_pct: float
    intensity: str
    roof_pct: str
    roof_class: str
    """`above` 100 %, `low` below 40 %, or empty."""
    bound: str
    bound_word: str
    source: str


@dataclass(frozen=True)
class KernelTable:
    """The section."""

    rows: tuple[Row, ...]
    groups: int
    launches: str
    note: str
    data: dict[str, Any]


def kernel_table(analysis: Analysis, groups: pl.DataFrame, membership: pl.Series) -> KernelTable:
    """Groups of one analysis (:func:`ncutool.groups.grouped`) with their launches."""
    shown = groups.head(MOST_GROUPS)
    return KernelTable(
        rows=tuple(_row(row) for row in shown.head(FIRST_ROWS).iter_rows(named=True)),
        groups=shown.height,
        launches=units.counted(analysis.kernels.height, "launch", "launches"),
        note=_note(analysis, groups),
        data={"groups": _columns(shown), "launches": _launches(analysis, membership)},
    )


def _note(analysis: Analysis, groups: pl.DataFrame) -> str:
    notes = []
    if groups.height > MOST_GROUPS:
        rest = groups.slice(MOST_GROUPS)
        notes.append(
            f"The {units.count(MOST_GROUPS)} groups with the most time are here; "
            f"{units.count(rest.height)} smaller ones ({units.time(rest['duration_ns'].sum())}) "
            "are in `ncutool kernels`."
        )
    if analysis.kernels.height > MOST_LAUNCHES:
        notes.append(
            f"The {units.count(MOST_LAUNCHES)} longest launches are listed singly; all are in "
            "`ncutool kernels`."
        )
    return " ".join(notes)


def roof_class(value: float | None) -> str:
    """How a share of attainable is marked."""
    if value is None:
        return ""
    return "above" if value > 100 else "low" if value < 40 else ""


def source_word(row: dict[str, Any]) -> str:
    """Where FLOPs and bytes come from, in one word where they agree."""
    flop, data = row["flop_source"], row["bytes_source"]
    return str(flop) if flop == data else f"{flop} / {data}"


def _row(row: dict[str, Any]) -> Row:
    roof_pct = row["roofline_pct"]
    return Row(
        group=row["group"],
        name=shorten(label(row["op"], row["kernel"]), _NAME),
        detail=shorten(detail(row) or "", _DETAIL),
        launches=units.count(row["launches"]),
        time=units.time(row["duration_ns"] if row["timed"] else None),
        share=units.percent(row["share_pct"]),
        share_pct=round(row["share_pct"] or 0.0, 2),
        intensity=units.significant(_digits(row["intensity_flop_per_byte"])),
        roof_pct=units.percent(_digits(roof_pct)),
        roof_class=roof_class(roof_pct),
        bound=row["bound"],
        bound_word=words.SHORT_BOUNDS.get(row["bound"], row["bound"]),
        source=source_word(row),
    )


def _digits(value: float | None) -> float | None:
    """Four significant digits, what the script gets: both then print the same."""
    return None if value is None else float(f"{value:.4g}")


def _columns(groups: pl.DataFrame) -> dict[str, Any]:
    """Columns of numbers and of indices into ``texts``; columns without any value are left out."""
    texts = _Texts()
    rows = list(groups.iter_rows(named=True))
    columns: dict[str, Any] = {
        "name": [texts.index(label(row["op"], row["kernel"]), _NAME) for row in rows],
        "detail": [texts.index(detail(row), _DETAIL) for row in rows],
        "kernel": [texts.index(row["kernel"], _NAME) for row in rows],
        "full": [texts.index(row["kernel_full"], _FULL) for row in rows],
        "op": [texts.index(row["op"], _NAME) for row in rows],
        "bound": [texts.index(row["bound"], _NAME) for row in rows],
        "roof": [texts.index(words.roof(row["roof"]) if row["roof"] else None) for row in rows],
    }
    for name in _TEXTS:
        columns[name] = [texts.index(row[name]) for row in rows]
    for name in _SENTENCES:
        columns[name] = [texts.index(row[name], _SENTENCE) for row in rows]
    columns = {name: found for name, found in columns.items() if any(i >= 0 for i in found)}
    for name in _NUMBERS:
        column = groups[name]
        if column.null_count() < column.len():
            columns[name] = _short(column)
    return {"count": groups.height, "texts": texts.all, "columns": columns}


def _short(column: pl.Series) -> list[Any]:
    if column.dtype.is_integer():
        return column.to_list()
    return column.fill_nan(None).round_sig_figs(4).to_list()


class _Texts:
    """Texts written once and referred to by number; -1 stands for none."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._known: dict[str, int] = {}

    def index(self, text: str | None, limit: int | None = None) -> int:
        if not text:
            return -1
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = len(self.all)
            self.all.append(shorten(text, limit) if limit else printable(text))
        return found


def _launches(analysis: Analysis, membership: pl.Series) -> dict[str, Any]:
    """The longest launches in order of their group, then of the capture, as columns."""
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
    texts = _Texts()
    columns: dict[str, Any] = {
        "id": frame["launch_id"].to_list(),
        "duration_ns": frame["duration_ns"].to_list(),
    }
    if frame["start_ns"].null_count() < frame.height:
        columns["start_ns"] = frame["start_ns"].to_list()
    if frame["stream"].n_unique() > 1:
        columns["stream"] = frame["stream"].to_list()
    if frame["roofline_pct"].null_count() < frame.height:
        columns["roofline_pct"] = frame["roofline_pct"].fill_nan(None).round(1).to_list()
    columns["bound"] = [kinds.index(kind) for kind in frame["bound"]]
    nvtx = [texts.index(name, _NAME) for name in frame["nvtx"]]
    if any(index >= 0 for index in nvtx):
        columns["nvtx"] = nvtx
    return {
        "kinds": kinds,
        "texts": texts.all,
        "ends": _ends(frame["group"], membership),
        "columns": columns,
    }


def _ends(shown: pl.Series, membership: pl.Series) -> list[int]:
    """For each group, where its launches end in the columns."""
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
