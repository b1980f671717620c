"""The kernels of a comparison as rows of the page, each with how its figures come about."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.analysis import display_names
from ncutool.analysis.looks import LOOKS
from ncutool.base import units
from ncutool.base.untrusted import printable, shorten
from ncutool.diff import shown, wording
from ncutool.diff.verdict import interval_words, signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.diff.changes import Row
    from ncutool.diff.compare import Diff
    from ncutool.diff.sides import Run

MOST = 300
"""Rows of the page: what changed most."""
FIRST = 30
"""Rows that are seen at once."""
_TIMES = 12
_DETAILS = 120
"""Rows that can be unfolded: the page must stay small."""


class Cell(Struct, frozen=True):
    """One figure on both sides."""

    column: str
    text: str
    value: float | None
    """What it is sorted by."""
    mark: str = ""


class Bound(Struct, frozen=True):
    """What holds one side."""

    kind: str
    shape: str
    word: str


class KernelRow(Struct, frozen=True):
    """One match."""

    number: int
    name: str
    detail: str
    whole: str
    kind: str
    """How it matches; empty for an exact match."""
    cells: tuple[Cell, ...]
    bounds: tuple[Bound, ...]
    """One where it did not change."""
    verdict: str
    bold: bool
    words: str
    """What the filter looks in."""
    late: bool
    """Seen only when all are asked for."""
    about: tuple[tuple[str, str], ...]
    """How it was matched and how its figures come about; empty where it cannot be unfolded."""


class Kernels(Struct, frozen=True):
    """The table."""

    late: int
    """How many rows are not seen at once."""
    rows: tuple[KernelRow, ...]
    heads: tuple[tuple[str, str], ...]
    """Column and heading."""
    total: tuple[str, ...]
    note: str


def kernels(diff: Diff) -> Kernels:
    """Return the table of matches, worst first; of very many those that changed most."""
    ranked = sorted(diff.rows, key=lambda row: (not shown.regressed(row), -_size(row)))[:MOST]
    kept = {row.number: place for place, row in enumerate(ranked)}
    rows = [row for row in diff.rows if row.number in kept]
    over = any(row.before.measured_over_compulsory or row.after.measured_over_compulsory
               for row in diff.rows)  # fmt: skip
    cycles = any(row.moved("cycles") is not None for row in diff.rows)
    heads = [("time", "time")] if diff.judged else []
    heads += [("change", "change")] if diff.judged else [("rate", "FLOP/s")]
    heads += [("cycles", "in cycles")] if cycles and diff.judged else []
    heads += [("flop", "FLOP"), ("bytes", shown.bytes_words(diff)), ("roof", "% of roof")]
    heads += [("over", "measured / compulsory")] if over else []
    durations = [dict(run.launches.select("launch_id", "duration_ns").iter_rows())
                 for run in (diff.before.first, diff.after.first)]  # fmt: skip
    made = tuple(
        _row(row, [name for name, _ in heads], diff, durations, kept[row.number]) for row in rows
    )
    late = sum(row.late for row in made)
    return Kernels(
        late, made, tuple(heads), _total(diff, [name for name, _ in heads]), _note(diff, rows)
    )


def _size(row: Row) -> float:
    return abs(row.delta_ns) or max(row.before.time_ns or 0.0, row.after.time_ns or 0.0) / 1e6


def _row(
    row: Row, columns: Sequence[str], diff: Diff, durations: list[dict[int, int]], place: int
) -> KernelRow:
    kinds = [one.bound for one in (row.before, row.after) if one.bound]
    bounds = tuple(
        Bound(kind, LOOKS.get(kind, LOOKS["unknown"]).shape,
              display_names.SHORT_BOUNDS.get(kind, kind))
        for kind in dict.fromkeys(kinds)
    )  # fmt: skip
    verdict = shown.row_verdict(row) if diff.judged else "not compared"
    kind = "" if row.match.kind == "exact" else row.match.kind
    words = [row.name, row.detail, row.kernel_before, row.kernel_after, kind, verdict, *kinds]
    return KernelRow(
        number=row.number,
        name=row.name,
        detail="" if "blocks of" in row.detail else row.detail,
        whole=printable(f"{row.name} {row.detail}", 1000),
        kind=kind,
        cells=tuple(_cell(row, column) for column in columns),
        bounds=bounds,
        verdict=verdict,
        bold=shown.regressed(row),
        words=printable(" ".join(filter(None, words)).lower(), 600),
        late=place >= FIRST,
        about=_about(row, diff, durations) if place < _DETAILS else (),
    )


def _cell(row: Row, column: str) -> Cell:
    old, new = row.before, row.after
    if column == "time":
        return Cell(column, shown.time_cell(row), new.time_ns or old.time_ns)
    if column == "change":
        share = row.delta_share
        mark = "" if not shown.regressed(row) else "worse"
        return Cell(column, shown.change_cell(row), row.delta_ns if share is None else share, mark)
    if column == "cycles":
        moved = row.moved("cycles")
        return Cell(column, units.UNKNOWN if moved is None else f"{signed(moved)} %", moved)
    if column == "rate":
        rates = [one.flop / one.time_ns * 1e9 if one.flop and one.time_ns else None
                 for one in (old, new)]  # fmt: skip
        return Cell(column, shown.figure_cell(rates[0], rates[1], "FLOP/s"), rates[1])
    if column == "flop":
        return Cell(column, shown.figure_cell(old.flop, new.flop, "FLOP"), new.flop)
    if column == "bytes":
        return Cell(column, shown.figure_cell(old.dram_bytes, new.dram_bytes, "B"), new.dram_bytes)
    if column == "roof":
        return Cell(column, shown.share_cell(old.roofline_pct, new.roofline_pct), new.roofline_pct)
    ratios = old.measured_over_compulsory, new.measured_over_compulsory
    return Cell(column, shown.share_cell(*ratios, 2), ratios[1])


def _about(row: Row, diff: Diff, durations: list[dict[int, int]]) -> tuple[tuple[str, str], ...]:
    """Return how a match was told, what it took, and where its figures come from."""
    one = row.match
    told = [("matched", f"{one.kind}: {one.evidence}")]
    names = dict.fromkeys(filter(None, (row.kernel_before, row.kernel_after)))
    told.append(("kernel", shorten(" → ".join(names), 400)))
    if row.judgement is not None:
        judged = row.judgement
        told.append(("verdict", f"{judged.verdict}: {judged.why}"))
        change = judged.change
        if change is not None and change.low is not None:
            by = "stated bound" if judged.single else "interval over runs"
            told.append((by, interval_words(change)))
    for name, launches, known in (("before", one.before, durations[0]),
                                  ("after", one.after, durations[1])):  # fmt: skip
        told.append((f"launches {name}", _times([known.get(launch) for launch in launches])))
    if len(row.times.before) > 1 or len(row.times.after) > 1:
        told += [("runs before", _runs(row.times.before)), ("runs after", _runs(row.times.after))]
    told += _clocks(row, diff)
    sources = [_sources(side.first, launches)
               for side, launches in ((diff.before, one.before), (diff.after, one.after))
               if launches]  # fmt: skip
    told.append(("figures from", " → ".join(dict.fromkeys(sources))))
    return tuple(told)


def _times(times: Sequence[int | None]) -> str:
    """Return the times of launches, the first of very many with the middle of all."""
    if not times:
        return "none"
    known = [time for time in times if time is not None]
    listed = ", ".join(units.time(time) for time in times[:_TIMES])
    if len(times) == 1:
        return listed
    total = f"{units.count(len(times))} in {units.time(sum(known))}"
    middle = f", median {units.time(float(median(known)))}" if known else ""
    more = " …" if len(times) > _TIMES else ""
    return f"{total}{middle}: {listed}{more}"


def _runs(times: Sequence[float]) -> str:
    return ", ".join(units.time(time) for time in times[: 2 * _TIMES])


def _clocks(row: Row, diff: Diff) -> list[tuple[str, str]]:
    clocks = [one.cycles / one.time_ns * 1e9 if one.cycles and one.time_ns else None
              for one in (row.before, row.after)]  # fmt: skip
    if clocks == [None, None] or not diff.judged:
        return []
    texts = " → ".join(units.scaled(clock, "Hz") for clock in clocks)
    return [("SM clock, as counted", texts)]


def _sources(run: Run, launches: Sequence[int]) -> str:
    rows = run.launches.filter(run.launches["launch_id"].is_in(list(launches[:1])))
    if rows.is_empty():
        return "not known"
    first = rows.row(0, named=True)
    flop, data = (display_names.source(first[name]) for name in ("flop_source", "bytes_source"))
    return flop if flop == data else f"FLOP: {flop}; bytes: {data}"


def _total(diff: Diff, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the sums of all matches, where they mean something."""
    sums: dict[str, tuple[float | None, float | None]] = {}
    for name, field in (("time", "time_ns"), ("flop", "flop"), ("bytes", "dram_bytes")):
        ends = []
        for when in ("before", "after"):
            values = [getattr(getattr(row, when), field) for row in diff.rows
                      if getattr(row.match, when)]  # fmt: skip
            known = all(value is not None for value in values)
            ends.append(float(sum(values)) if known else None)
        sums[name] = ends[0], ends[1]
    old, new = sums["time"]
    change = f"{signed(new / old - 1)} %" if old and new is not None else units.UNKNOWN
    texts = {
        "time": wording.span(old, new),
        "change": change,
        "flop": shown.figure_cell(*sums["flop"], "FLOP"),
        "bytes": shown.figure_cell(*sums["bytes"], "B"),
    }
    return tuple(texts.get(column, units.UNKNOWN) for column in columns)


def _note(diff: Diff, rows: Sequence[Row]) -> str:
    left = len(diff.rows) - len(rows)
    said = ["A figure that stands once is equal on both sides within 0.1 %."]
    if left:
        said.append(f"{units.counted(left, 'group')} that changed less not shown: "
                    "`ncutool diff --format csv` lists them.")  # fmt: skip
    return " ".join(said)
