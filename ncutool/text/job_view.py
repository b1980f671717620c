"""A job of several ranks as a sheet, for the terminal and Markdown, and as plain data for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.archive import job_words
from ncutool.base import units
from ncutool.base.records import fields_of
from ncutool.base.untrusted import shorten
from ncutool.text.sheet import Grid, Sheet
from ncutool_parsers.visible_text import without_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ncutool.archive.job_view import JobView
    from ncutool.archive.links import Rate

_ROWS = 16
_KEY = 60
RANK_HEADINGS = (
    *("rank", "wall", "computes", "collectives", "exposed", "idle", "waits", "last to", "capture"),
)
RATE_HEADINGS = (*("ranks", "collective", "message", "calls", "shortest", "skew", "even", "bus"),)


def job_sheet(view: JobView, top: int | None = None) -> Sheet:
    """Return a job as a sheet.

    Args:
        top: rows of each table; 16 where None, all where 0.
    """
    count = _ROWS if top is None else top
    if view.job.refused is not None:
        return Sheet(job_words.headline(view), (), (), view.job.left_out, about(view),
                     alarm=view.job.refused)  # fmt: skip
    said = [job_words.straggler(view, one) for one in view.stragglers]
    said += [job_words.slow_link(one) for one in view.slow_links]
    even = job_words.imbalance(view)
    return Sheet(
        headline=job_words.headline(view),
        facts=(),
        grids=tuple(_grids(view, count)),
        notes=(*said, *([even] if even else []), *view.notes),
        source=about(view),
    )


def about(view: JobView) -> str:
    """Return which job it is."""
    devices = view.job.ranks["device"].drop_nulls().unique().sort().to_list()
    world = view.job.world_size
    of = f" of {world:,}" if world else ""
    key = f"{shorten(view.job.key, _KEY)} · " if view.job.key not in ("", ".") else ""
    return f"{key}{view.job.ranks.height:,}{of} ranks · {', '.join(devices) or 'unknown device'}"


def _grids(view: JobView, count: int) -> Iterator[Grid]:
    rows = rank_rows(view)
    yield _grid("Ranks", RANK_HEADINGS, rows, count, {"capture"})
    rates = [rate_row(one) for one in view.rates]
    if rates:
        title = "Collectives, most time first"
        yield _grid(title, RATE_HEADINGS, rates, count, {"ranks", "collective"})


def _grid(
    title: str, headings: tuple[str, ...], rows: Sequence[tuple[str, ...]], count: int,
    words: set[str],
) -> Grid:  # fmt: skip
    shown = rows[:count] if count else rows
    rest = len(rows) - len(shown)
    more = f" ({rest:,} more: --top 0)" if rest else ""
    return Grid(title + more, headings, tuple(shown), frozenset(words))


def rank_rows(view: JobView) -> list[tuple[str, ...]]:
    """Return a row of texts a rank; stragglers first, then who is waited for most."""
    order = [
        pl.col("straggler").fill_null(value=False),
        pl.col("others_wait_ns").fill_null(0),
        pl.col("compute_ns").fill_null(0),
    ]
    table = view.ranks.sort(*order, "rank", descending=[True, True, True, False])
    return [rank_row(row) for row in table.to_dicts()]


def rank_row(row: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of texts of a rank: rank, times, what it waits, how often it is last, name."""
    judged = row["judged_calls"]
    last = units.UNKNOWN if judged is None else f"{row['last_calls']:,} of {judged:,}"
    mark = " ◂" if row["straggler"] else ""
    return (
        f"{row['rank']}{mark}",
        units.time(row["wall_ns"]),
        units.time(row["compute_ns"]),
        units.time(row["communication_ns"]),
        units.time(row["exposed_communication_ns"]),
        units.time(row["idle_ns"]),
        units.time(row["waiting_ns"]),
        last,
        shorten(without_host(row["name"]), _KEY),
    )


def rate_row(one: Rate, group: int = 24, collective: int = 20) -> tuple[str, ...]:
    """Return the row of texts of the calls of one group; both names of so many characters."""
    calls = one.calls
    return (
        shorten(calls.group, group),
        shorten(calls.collective, collective),
        units.data(one.message_bytes),
        units.count(len(calls.durations)),
        units.time(_median(calls.shortest)),
        units.time(_median(calls.skew)),
        units.count(one.even),
        units.data_rate(one.bus_bytes_per_s),
    )


def _median(values: Any) -> float:
    import numpy as np

    return float(np.median(values))


def job_facts(view: JobView) -> dict[str, Any]:
    """Return a job as plain data."""
    if view.job.refused is not None:
        return {
            "job": view.job.key,
            "headline": job_words.headline(view),
            "refused": view.job.refused,
            "world_size": view.job.world_size,
            "ranks": view.job.ranks.select("rank", "name", "path", "capture_id").to_dicts(),
            "notes": list(view.job.left_out),
        }
    missing = view.job.missing
    return {
        "job": view.job.key,
        "headline": job_words.headline(view),
        "refused": None,
        "world_size": view.job.world_size,
        "missing_ranks": None if missing is None else list(missing),
        "imbalance_pct": view.imbalance_pct,
        "stragglers": [
            fields_of(one) | {"evidence": job_words.straggler(view, one)} for one in view.stragglers
        ],
        "slow_links": [
            {
                **rate_facts(one.rate),
                "like_groups": one.like,
                "usual_bus_bytes_per_s": one.usual_bytes_per_s,
                "evidence": job_words.slow_link(one),
            }
            for one in view.slow_links
        ],
        "ranks": view.ranks.to_dicts(),
        "collectives": [rate_facts(one) for one in view.rates],
        "notes": list(view.notes),
    }


def rate_facts(one: Rate) -> dict[str, Any]:
    """Return the calls of one group as plain data."""
    calls = one.calls
    return {
        "group": calls.group,
        "ranks": list(calls.ranks),
        "group_size": calls.group_size,
        "kind": calls.kind,
        "collective": calls.collective,
        "dtype": calls.dtype,
        "message_bytes": one.message_bytes,
        "calls": len(calls.durations),
        "even_calls": one.even,
        "shortest_ns_median": _median(calls.shortest),
        "skew_ns_median": _median(calls.skew),
        "skew_ns_max": int(calls.skew.max()),
        "bus_bytes_per_s": one.bus_bytes_per_s,
        "even_bus_bytes_per_s": one.even_bus_bytes_per_s,
        "why_no_bandwidth": one.why_none,
    }
