"""How times change over an archive: by commit, by date or by any other column of its captures.

Pure functions from the rows of captures and of their kernels to series and changes. Only captures
of the same work are compared: of one device, one rank, and equal FLOPs in matrix products,
convolutions and attention, as far as these are known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.archive import point_order
from ncutool.archive.change_points import FEWEST_POINTS, Change, Levels, levels
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool_parsers.errors import UsageError

EQUAL_WORK = Threshold(
    0.001,
    "share",
    "by which FLOPs of the same work may differ",
    "judgement: as figures that are called equal in ncutool.diff.same_work",
)
MAX_KERNELS = 20
"""Kernels of a kind of work that are followed, most time first."""
MAX_WORKS = 12
"""Kinds of work that are followed, most points first."""
_NEAR = IntThreshold(
    2,
    "points",
    "that changes of several series to the same side may lie apart and be one event",
    "judgement: a change of a tenth in noise of 2 % is placed within two points in 49 of 50 trials",
)
_PRODUCTS = ("gemm", "conv", "attention")
_WORK = (
    *("source", "device", "device_count", "compute_capability", "rank", "world_size"),
    "work_class",
)
WHOLE = "whole"


@dataclass(frozen=True)
class Point:
    """All captures of one value of the column: their median."""

    label: str
    time_ns: float
    roofline_pct: float | None
    captures: int


class Series(Struct, frozen=True):
    """Times of a whole or of one kernel over the points, in their order."""

    name: str
    """The kernel, or :data:`WHOLE`."""
    unit: str
    """What the time is of: `step`, `window`, `launches` (their sum) or `launch` (their mean)."""
    points: tuple[Point, ...]
    levels: Levels | None
    """None where it has fewer points than are needed."""


class Event(Struct, frozen=True):
    """A change of one or several series at about the same place."""

    label: str
    """The first point of the new level."""
    previous: str
    """The point before it."""
    series: tuple[tuple[Series, Change], ...]
    """What changed: the whole first, then by the time that it moved."""


class Work(Struct, frozen=True):
    """The captures that did the same work."""

    about: dict[str, Any]
    """What they have in common: device, rank and the like."""
    known: bool
    """Whether their FLOPs say that it is the same work; False where nothing does."""
    labels: tuple[str, ...]
    """The values of the column, in order."""
    captures: int
    whole: Series | None
    kernels: tuple[Series, ...]
    events: tuple[Event, ...]
    why_no_whole: str | None = None
    left_out_kernels: int = 0


class Trends(Struct, frozen=True):
    """All series of an archive."""

    by: str
    order: str
    """How the values of the column are ordered, in words."""
    works: tuple[Work, ...]
    left_out_works: int
    without: int
    """Captures that have no value in the column."""


def kernel_times(launches: pl.LazyFrame) -> pl.DataFrame:
    """Return a row a capture and kernel: its summed time, launches, and share of its roof.

    Args:
        launches: rows of :data:`ncutool.archive.tables.LAUNCHES`.
    """
    placed = pl.when((pl.col("part") == "on_roofline") & pl.col("roofline_pct").is_not_null()).then(
        "duration_ns"
    )
    product = pl.col("family").is_in(_PRODUCTS).fill_null(value=False)
    return (
        launches.filter(pl.col("duration_ns").is_not_null())
        .group_by("capture_id", "kernel")
        .agg(
            time_ns=pl.col("duration_ns").sum(),
            launches=pl.len().cast(pl.Int64),
            placed_ns=placed.sum(),
            placed_pct_ns=(placed * pl.col("roofline_pct")).sum(),
            product_flop=pl.col("flop").filter(product).sum(),
            product_launches=(product & pl.col("flop").is_not_null()).sum().cast(pl.Int64),
        )
        .collect()
    )


def trends(
    captures: pl.DataFrame, kernels: pl.DataFrame, by: str, order_by: str | None = None
) -> Trends:
    """Return the series of an archive and where they change.

    Args:
        captures: rows of captures with the columns of metadata.
        kernels: of the same captures, by :func:`kernel_times`.
        by: the column whose values are the points, such as `commit`.
        order_by: the column that orders them; None is `by` itself where its values are numbers or
            dates, else when the captures began.

    Raises:
        UsageError: a column is missing, or the points cannot be ordered.
    """
    for name in (by, order_by):
        if name is not None and name not in captures.columns:
            known = ", ".join(captures.columns)
            raise UsageError(f"captures have no column {name!r}; they have {known}")
    told = captures.filter(pl.col(by).is_not_null())
    if not told.height:
        raise UsageError(
            f"no capture has a value of {by!r}; give it when they are analysed: "
            f"ncutool batch --metadata {by}=VALUE"
        )
    labels, order = point_order.ordered(told, by, order_by)
    classed = told.join(_work_classes(told, kernels), on="capture_id", how="left").with_columns(
        label=pl.col(by).cast(pl.String)
    )
    groups = [
        (dict(zip(_WORK, keys, strict=True)), rows)
        for keys, rows in classed.group_by(_WORK, maintain_order=True)
    ]
    groups.sort(key=lambda one: (-one[1]["label"].n_unique(), -one[1].height, str(one[0])))
    kept = groups[:MAX_WORKS]
    tests = _count_of_series(kept, kernels)
    return Trends(
        by=by,
        order=order,
        works=tuple(_work(about, rows, kernels, labels, tests) for about, rows in kept),
        left_out_works=len(groups) - len(kept),
        without=captures.height - told.height,
    )


def _work_classes(captures: pl.DataFrame, kernels: pl.DataFrame) -> pl.DataFrame:
    """Return a number for the work of each capture; null where its FLOPs are not known.

    Two captures did the same work where their products have equally many FLOPs, in all or a
    launch: windows of more steps have more of the one, products that were fused of the other.
    """
    sums = kernels.group_by("capture_id").agg(
        flop=pl.col("product_flop").sum(), launches=pl.col("product_launches").sum()
    )
    known = captures.select("capture_id").unique().join(sums, on="capture_id", how="inner")
    known = known.filter((pl.col("flop") > 0) & (pl.col("launches") > 0)).sort("capture_id")
    ids = known["capture_id"].to_list()
    totals = known["flop"].to_numpy()
    means = totals / known["launches"].to_numpy()
    leader = list(range(len(ids)))

    def find(one: int) -> int:
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    for figures in (totals, means):
        order = np.argsort(figures, kind="stable").tolist()
        for one, after in pairwise(order):
            if figures[after] <= figures[one] * (1 + EQUAL_WORK):
                leader[find(one)] = find(after)
    roots = [find(one) for one in range(len(ids))]
    numbers = {root: number for number, root in enumerate(dict.fromkeys(roots))}
    classes = [numbers[root] for root in roots]
    return pl.DataFrame(
        {"capture_id": ids, "work_class": classes},
        schema={"capture_id": pl.String, "work_class": pl.Int64},
    )


def _count_of_series(
    groups: Sequence[tuple[dict[str, Any], pl.DataFrame]], kernels: pl.DataFrame
) -> int:
    """Return how many series are tested over all kinds of work."""
    count = 0
    for _, rows in groups:
        if rows["label"].n_unique() >= FEWEST_POINTS:
            mine = kernels.join(rows.select("capture_id"), on="capture_id", how="semi")
            count += 1 + min(mine["kernel"].n_unique(), MAX_KERNELS)
    return count


def _work(
    about: dict[str, Any],
    rows: pl.DataFrame,
    kernels: pl.DataFrame,
    order: list[str],
    tests: int,
) -> Work:
    present = set(rows["label"].to_list())
    labels = tuple(label for label in order if label in present)
    mine = kernels.join(rows.select("capture_id", "label"), on="capture_id", how="inner")
    whole_column, unit, why = _whole_time(rows, mine, known=about["work_class"] is not None)
    whole = None
    if whole_column is not None:
        table = rows.select("label", "roofline_pct", time=pl.col(whole_column).cast(pl.Float64))
        whole = _series(WHOLE, unit, table, labels, tests)
    times = mine.group_by("kernel").agg(pl.col("time_ns").sum()).sort(
        "time_ns", "kernel", descending=[True, False]
    )  # fmt: skip
    kept = times["kernel"].head(MAX_KERNELS).to_list()
    summed = _same_extent(rows, mine)
    series = tuple(_of_kernel(name, mine, labels, tests, summed=summed) for name in kept)
    every = [one for one in (whole, *series) if one is not None]
    return Work(
        about={name: value for name, value in about.items() if name != "work_class"},
        known=about["work_class"] is not None,
        labels=labels,
        captures=rows.height,
        whole=whole,
        kernels=series,
        events=tuple(_events(every, labels)),
        why_no_whole=why,
        left_out_kernels=times.height - len(kept),
    )


def _whole_time(
    rows: pl.DataFrame, kernels: pl.DataFrame, *, known: bool
) -> tuple[str | None, str, str | None]:
    """Return the column that holds the time of the whole, what it is of, and why there is none."""
    if rows["step_ns"].null_count() == 0:
        return "step_ns", "step", None
    if not _same_extent(rows, kernels):
        why = (
            "the windows hold different amounts of the work and no steps are annotated"
            if known
            else "the windows hold unequally many launches, and neither steps nor FLOPs are known"
        )
        return None, "", why
    if rows["wall_ns"].null_count() == 0:
        return "wall_ns", "window", None
    return "launch_ns", "launches", None


def _same_extent(rows: pl.DataFrame, kernels: pl.DataFrame) -> bool:
    """Whether the windows hold equally much of the work, so that sums over them compare."""
    sums = kernels.group_by("capture_id").agg(pl.col("product_flop").sum())["product_flop"]
    low, high = (float(value) for value in (sums.min() or 0, sums.max() or 0))  # type: ignore[arg-type]  # floats
    if high > 0:
        return high <= low * (1 + EQUAL_WORK)
    return rows["launches"].n_unique() == 1


def _of_kernel(
    name: str, kernels: pl.DataFrame, labels: tuple[str, ...], tests: int, *, summed: bool
) -> Series:
    time = pl.col("time_ns") if summed else pl.col("time_ns") / pl.col("launches")
    table = kernels.filter(pl.col("kernel") == name).select(
        "label",
        roofline_pct=pl.when(pl.col("placed_ns") > 0).then(
            pl.col("placed_pct_ns") / pl.col("placed_ns")
        ),
        time=time.cast(pl.Float64),
    )
    return _series(name, "launches" if summed else "launch", table, labels, tests)


def _series(
    name: str, unit: str, table: pl.DataFrame, labels: tuple[str, ...], tests: int
) -> Series:
    """Return the medians of each point, and where they change."""
    medians = {
        str(label): (time, pct, count)
        for label, time, pct, count in table.filter(pl.col("time") > 0)
        .group_by("label")
        .agg(pl.col("time").median(), pl.col("roofline_pct").median(), count=pl.len())
        .iter_rows()
    }
    points = tuple(Point(label, *medians[label]) for label in labels if label in medians)
    return Series(name, unit, points, levels([point.time_ns for point in points], tests))


def _events(series: Sequence[Series], labels: tuple[str, ...]) -> Iterator[Event]:
    """Yield the changes of all series, those at about the same place and to the same side as one.

    It is placed where the series stands that tells it most surely.
    """
    place = {label: number for number, label in enumerate(labels)}
    found = [
        (place[one.points[change.at].label], one, change)
        for one in series
        if one.levels is not None
        for change in one.levels.changes
    ]
    found.sort(key=lambda item: -_sureness(item[1], item[2]))
    taken: list[tuple[int, list[tuple[Series, Change]]]] = []
    for at, one, change in found:
        near = next((event for event in taken if _joins(event, at, one, change)), None)
        if near is None:
            taken.append((at, [(one, change)]))
        else:
            near[1].append((one, change))
    for at, members in sorted(taken, key=lambda item: item[0]):
        members.sort(key=lambda item: (item[0].name != WHOLE, -abs(_moved(*item)), item[0].name))
        first = next(one for one in members if place[one[0].points[one[1].at].label] == at)
        yield Event(labels[at], first[0].points[first[1].at - 1].label, tuple(members))


def _joins(
    event: tuple[int, list[tuple[Series, Change]]], at: int, one: Series, change: Change
) -> bool:
    same_side = (event[1][0][1].ratio > 1) == (change.ratio > 1)
    return same_side and abs(event[0] - at) <= _NEAR and all(one is not s for s, _ in event[1])


def _sureness(one: Series, change: Change) -> float:
    noise = one.levels.noise if one.levels is not None else 1.0
    return abs(math.log(change.ratio)) / noise


def _moved(one: Series, change: Change) -> float:
    return change.after - change.before
