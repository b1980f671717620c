"""What each match took in each run: time, work and cycles, summed over its launches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import polars as pl

from ncutool.diff.match import Match
from ncutool.diff.sequence import Key, keyed
from ncutool.diff.sides import Run, Side


def assigned(side: Side, matches: Sequence[Match], before: bool) -> list[dict[int, int]]:
    """Return, for each run of a side, the match of every launch.

    The median run's launches are in the matches. Those of another run belong where the median
    run's launch of the same kernel on the same work belongs, the first to the first and so on;
    what a run has more often belongs where the last one does, and what only it has nowhere.
    """
    own = {
        launch: number
        for number, one in enumerate(matches)
        for launch in (one.before if before else one.after)
    }
    places: dict[Key, list[int]] = defaultdict(list)
    for launch in keyed(side.first):
        places[launch.key].append(own[launch.launch_id])
    return [own if run is side.first else _other(run, places) for run in side.runs]


def _other(run: Run, places: dict[Key, list[int]]) -> dict[int, int]:
    seen: dict[Key, int] = defaultdict(int)
    found = {}
    for launch in keyed(run):
        numbers = places.get(launch.key)
        if numbers:
            found[launch.launch_id] = numbers[min(seen[launch.key], len(numbers) - 1)]
            seen[launch.key] += 1
    return found


def totals(run: Run, numbers: dict[int, int]) -> pl.DataFrame:
    """Return a row a match with its sums in one run; a figure that a launch lacks makes it null.

    Args:
        numbers: the match of every launch of the run.
    """
    ids = pl.DataFrame(
        {"launch_id": list(numbers), "match": list(numbers.values())},
        schema={"launch_id": pl.Int64, "match": pl.Int64},
    )
    rows = run.launches.join(ids, on="launch_id", how="inner").with_columns(
        (pl.col("duration_ns") / 1e9 * pl.col("sm_clock_hz")).alias("cycles"),
        pl.when(run.settings.figures_counted)
        .then(pl.col("modelled_bytes"))
        .otherwise(pl.coalesce("modelled_bytes", "dram_bytes"))
        .alias("compulsory_bytes"),
        pl.col("duration_ns").alias("time_ns"),
    )
    sums = [
        pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name)
        for name in ("time_ns", "cycles", "flop", "dram_bytes", "compulsory_bytes")
    ]
    return rows.group_by("match").agg(
        pl.len().alias("launches"),
        *(one.cast(pl.Float64) for one in sums),
        _measured().alias("measured_over_compulsory"),
        _by_time("roofline_pct"),
        _bound().alias("bound"),
    ).sort("match")  # fmt: skip


def _measured() -> pl.Expr:
    """Return measured over compulsory bytes of the launches that have both."""
    both = pl.col("modelled_bytes").is_not_null() & pl.col("dram_bytes").is_not_null()
    needed = pl.col("modelled_bytes").filter(both).sum()
    return pl.when(needed > 0).then(pl.col("dram_bytes").filter(both).sum() / needed)


def _by_time(name: str) -> pl.Expr:
    """Return the mean by time over the launches that have both; null where none has."""
    known = pl.col(name).is_not_null() & pl.col("duration_ns").is_not_null()
    weight = pl.col("duration_ns").filter(known)
    mean = (pl.col(name).filter(known) * weight).sum() / weight.sum()
    return pl.when(weight.sum() > 0).then(mean).alias(name)


def _bound() -> pl.Expr:
    """Return the bound that holds most of the time."""
    time = pl.col("duration_ns").fill_null(0)
    return (
        pl.col("bound")
        .sort_by(time.sum().over("match", "bound"), "bound", descending=[True, False])
        .first()
    )
