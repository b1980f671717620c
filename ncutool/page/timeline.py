"""The timeline strip: an overview drawn here, and the pieces a reader zooms into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from ncutool.analysis import display_names
from ncutool.analysis.sections import Line
from ncutool.analysis.where_time_goes import IDLE, covered_by_kind, covered_until
from ncutool.base import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ncutool.analysis.analyse import Analysis
    from ncutool.analysis.document import Document
    from ncutool.timeline.window import Timeline

Floats = npt.NDArray[np.float64]

BINS = 400
MOST_SEGMENTS = 3000
MOST_GAPS = 1000
_LANES = 6
_CAUSES = 6
_HEIGHT = 100


@dataclass(frozen=True)
class Band:
    """One kind's share of every bin of the overview, as an SVG path on a BINS x 100 ground."""

    kind: str
    path: str


@dataclass(frozen=True)
class Strip:
    """The section: static parts for the template, ``data`` for the script."""

    bands: tuple[Band, ...]
    causes: tuple[Line, ...]
    """Idle time by cause, rare causes together: ns and share of the wall time."""
    wall_ns: int
    start_ns: int
    """The window's edges count, as starts of launches do, from the first launch of the capture."""
    end_ns: int
    kinds: tuple[str, ...]
    summary: str
    lanes: str
    """What the zoomed lanes are, from the top."""
    note: str
    data: dict[str, Any]


def strip(analysis: Analysis, document: Document) -> Strip | None:
    """Return the timeline of a trace; None for reports and where nothing has a place in time."""
    timeline = document.time.timeline
    if timeline is None or timeline.wall_ns <= 0:
        return None
    pieces, merged = segments(analysis, document.kernels.membership)
    bands = overview(analysis, timeline)
    lanes = _lanes(pieces)
    kinds = tuple(kind for kind in display_names.BOUNDS if any(band.kind == kind for band in bands))
    note = (
        f"Neighbours closer than {units.time(merged)} are drawn as one; "
        "each shows what held most of it."
        if merged
        else ""
    )
    return Strip(
        bands=bands,
        causes=_few(document.time.idle.rows, timeline.wall_ns),
        wall_ns=timeline.wall_ns,
        start_ns=timeline.start_ns,
        end_ns=timeline.end_ns,
        kinds=kinds,
        summary=_summary(timeline),
        lanes=", ".join([*lanes["lanes"], "idle time"]),
        note=note,
        data={
            "wall_ns": timeline.wall_ns,
            "start_ns": timeline.start_ns,
            "window": _first_window(analysis, timeline, pieces.height),
            **lanes,
            "gaps": _gaps(timeline),
        },
    )


def _placed(analysis: Analysis, groups: pl.Series) -> pl.DataFrame:
    """Return the launches inside the window, their times counted from its start."""
    timeline = analysis.timeline
    assert timeline is not None
    start, end = timeline.start_ns, timeline.end_ns
    return (
        analysis.kernels.select(
            "bound",
            _lane(analysis.kernels["device"].n_unique() > 1).alias("lane"),
            begin=pl.col("start_ns").clip(start, end) - start,
            finish=(pl.col("start_ns") + pl.col("duration_ns")).clip(start, end) - start,
        )
        .with_columns(groups.alias("group"))
        .drop_nulls(["begin", "finish"])
        .filter(pl.col("finish") > pl.col("begin"))
        .with_columns(length=pl.col("finish") - pl.col("begin"))
    )


def _lane(several_devices: bool) -> pl.Expr:
    stream = pl.concat_str(pl.lit("stream "), pl.col("stream").cast(pl.String).fill_null("?"))
    if not several_devices:
        return stream
    device = pl.col("device").cast(pl.String).fill_null("?")
    return pl.concat_str(pl.lit("device "), device, pl.lit(" "), stream)


def segments(analysis: Analysis, groups: pl.Series) -> tuple[pl.DataFrame, int]:
    """Return at most :data:`MOST_SEGMENTS` pieces, and the grain they were merged at (ns; 0: not).

    Launches shorter than the grain whose starts fall into the same grain of the same lane are
    one piece: it spans them, counts them, and takes the bound that holds most of its time.
    Columns ``lane, begin, finish, bound, group`` (-1 where merged), ``count``.
    """
    placed = _placed(analysis, groups)
    lanes = (
        placed.group_by("lane").agg(pl.col("length").sum()).sort("length", "lane", descending=True)
    )
    kept = lanes["lane"].head(_LANES).to_list()
    if lanes.height > _LANES:
        kept = kept[: _LANES - 1]
    other = pl.when(pl.col("lane").is_in(kept)).then("lane").otherwise(pl.lit("other streams"))
    placed = placed.with_columns(lane=other)
    columns = ["lane", "begin", "finish", "bound", "group", "count"]
    grain = 0
    pieces = placed.with_columns(count=pl.lit(1, dtype=pl.UInt32)).select(columns)
    while pieces.height > MOST_SEGMENTS:
        grain = grain * 2 or max(1, int(placed["length"].median() or 1))  # type: ignore[arg-type]
        pieces = _merged(placed, grain).select(columns)
    return pieces.sort("lane", "begin", "finish", "group"), grain


def _merged(placed: pl.DataFrame, grain: int) -> pl.DataFrame:
    short = pl.col("length") < grain
    cell = pl.when(short).then(pl.col("begin") // grain).otherwise(-1 - pl.int_range(pl.len()))
    by_bound = (
        placed.with_columns(cell=cell)
        .group_by("lane", "cell", "bound")
        .agg(
            pl.col("begin").min(),
            pl.col("finish").max(),
            pl.col("length").sum(),
            pl.col("group").first(),
            pl.len().alias("count"),
        )
        .sort("length", "bound", descending=[True, False])
    )
    return by_bound.group_by("lane", "cell", maintain_order=True).agg(
        pl.col("begin").min(),
        pl.col("finish").max(),
        pl.col("bound").first(),
        pl.col("count").sum(),
        group=pl.when(pl.col("count").sum() > 1).then(-1).otherwise(pl.col("group").first()),
    )


def _lanes(pieces: pl.DataFrame) -> dict[str, Any]:
    """Return the pieces as columns; begins are steps from the piece before: they are short."""
    kinds = sorted(set(pieces["bound"]))
    lanes = (
        pieces.group_by("lane")
        .agg((pl.col("finish") - pl.col("begin")).sum().alias("time"))
        .sort("time", "lane", descending=[True, False])["lane"]
        .to_list()
    )
    return {
        "kinds": kinds,
        "lanes": lanes,
        "pieces": {
            "lane": [lanes.index(lane) for lane in pieces["lane"]],
            "step": pieces["begin"].diff(null_behavior="ignore").fill_null(0).to_list(),
            "first": pieces["begin"][0] if pieces.height else 0,
            "length": (pieces["finish"] - pieces["begin"]).to_list(),
            "kind": [kinds.index(kind) for kind in pieces["bound"]],
            "group": pieces["group"].to_list(),
            "count": pieces["count"].to_list() if (pieces["count"] > 1).any() else None,
        },
    }


def overview(analysis: Analysis, timeline: Timeline) -> tuple[Band, ...]:
    """Divide the window into :data:`BINS` bins, and each by kind; overlapping time counts once.

    Of several devices each bin is their mean, as everywhere.
    """
    edges = np.linspace(timeline.start_ns, timeline.end_ns, BINS + 1).astype(np.int64)
    sizes = np.maximum(np.diff(edges), 1)
    below = np.zeros(BINS)
    levels: list[tuple[str, Floats, Floats]] = []
    several = len(timeline.devices) > 1
    devices = [part.number for part in timeline.devices] if several else [None]
    for of_kind in zip(*(covered_by_kind(analysis, device) for device in devices), strict=True):
        kind = of_kind[0][0]
        shares = [np.diff(covered_until(covering, edges)) / sizes for _, covering in of_kind]
        top = np.minimum(np.mean(shares, axis=0), 1.0)
        levels.append((kind, below, top))
        below = top
    levels.append((IDLE, below, np.ones(BINS)))
    return tuple(
        Band(kind, path)
        for kind, low, high in levels
        if (path := _path(np.rint(low * _HEIGHT), np.rint(high * _HEIGHT)))
    )


def _path(low: Any, high: Any) -> str:
    """Return the SVG path of a band between two edges; equal neighbours share a rectangle."""
    parts = []
    start = 0
    for index in range(1, BINS + 1):
        same = index < BINS and low[index] == low[start] and high[index] == high[start]
        if same:
            continue
        if high[start] > low[start]:
            top, bottom = _HEIGHT - int(high[start]), _HEIGHT - int(low[start])
            parts.append(f"M{start} {top}h{index - start}V{bottom}h{start - index}z")
        start = index
    return "".join(parts)


def _few(causes: Sequence[Line], wall_ns: int) -> tuple[Line, ...]:
    """Return the causes with the most time, and all others in one line."""
    if len(causes) <= _CAUSES:
        return tuple(causes)
    rest_ns = sum(int(cause.values[0] or 0) for cause in causes[_CAUSES - 1 :])
    return (*causes[: _CAUSES - 1], Line("other causes", (rest_ns, 100 * rest_ns / wall_ns)))


def _summary(timeline: Timeline) -> str:
    idle = units.percent(100 * timeline.idle_ns / timeline.wall_ns)
    gaps = units.counted(timeline.gaps.height, "gap")
    return f"{units.time(timeline.busy_ns)} busy, {idle} idle in {gaps}"


def _gaps(timeline: Timeline) -> dict[str, Any]:
    """Return the longest idle pieces, in order of start, with the words for their causes."""
    gaps = timeline.gaps.sort("duration_ns", "start_ns", descending=[True, False])
    shown = gaps.head(MOST_GAPS).sort("start_ns")
    causes = sorted(set(shown["cause"]))
    return {
        "causes": [display_names.gap_cause(cause) for cause in causes],
        "cause": [causes.index(cause) for cause in shown["cause"]],
        "start": (shown["start_ns"] - timeline.start_ns).to_list(),
        "length": shown["duration_ns"].to_list(),
    }


def _first_window(analysis: Analysis, timeline: Timeline, pieces: int) -> list[int]:
    """Return what the zoomed strip shows first: about 60 pieces where the best finding lies."""
    wall = timeline.wall_ns
    width = min(wall, max(1, round(wall * 60 / max(pieces, 1))))
    middle = wall // 2
    if analysis.findings and analysis.findings[0].launches:
        ids = analysis.findings[0].launches
        chosen = analysis.kernels.filter(pl.col("launch_id") == ids[len(ids) // 2])["start_ns"]
        if chosen.len() and chosen[0] is not None:
            middle = int(chosen[0]) - timeline.start_ns
    start = max(0, min(wall - width, middle - width // 2))
    return [start, start + width]
