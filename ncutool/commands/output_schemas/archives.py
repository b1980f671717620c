"""Schemas of what is said of many captures: jobs of ranks, trends, rows of datasets."""

from __future__ import annotations

from typing import Any

from ncutool.base.json_types import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    Schema,
    keyed,
    listed,
    meant,
    of_record,
    or_null,
    picked,
    record,
)

_CELL: dict[str, Any] = {
    "type": ["string", "number", "boolean", "null", "array", "object"],
    "description": "a value of the dataset, in the unit that its column's name ends in",
}


def job() -> Schema:
    """Return the schema of `ncutool job`: jobs that were looked at, and jobs that were refused."""
    return record({"jobs": listed({"anyOf": [_job(), _refused()]})})


_SAME = {
    "job": meant(TEXT, "its folder, or what --pattern names"),
    "headline": TEXT,
}
_WORLD = or_null(INTEGER, "how many ranks it has; null where that is not recorded")


def _refused() -> Schema:
    names = {"rank": or_null(INTEGER), "name": TEXT, "path": TEXT, "capture_id": TEXT}
    return record(
        {
            **_SAME,
            "refused": meant(TEXT, "why nothing is said of it"),
            "world_size": _WORLD,
            "ranks": listed(record(names)),
            "notes": listed(TEXT),
        }
    )


def _job() -> Schema:
    from ncutool.archive.job_view import JobView
    from ncutool.archive.stragglers import Arrival

    evidence = {"evidence": meant(TEXT, "one sentence with the numbers")}
    straggler = of_record(Arrival, evidence)
    link = {
        **_rate(),
        "like_groups": meant(INTEGER, "groups that run the same calls"),
        "usual_bus_bytes_per_s": meant(NUMBER, "the median of the others"),
        **evidence,
    }
    return record(
        {
            **_SAME,
            "refused": {"type": "null"},
            "world_size": _WORLD,
            "missing_ranks": or_null(listed(INTEGER), "null where the world size is not known"),
            **picked(JobView, ("imbalance_pct",)),
            "stragglers": listed(straggler, "the ranks that others wait for, the costliest first"),
            "slow_links": listed(record(link)),
            "ranks": listed(_rank()),
            "collectives": listed(record(_rate()), "most time first"),
            "notes": listed(TEXT),
        }
    )


def _rate() -> dict[str, Schema]:
    from ncutool.archive.links import Rate
    from ncutool.archive.pairing import Calls

    names = ("group", "ranks", "group_size", "kind", "collective", "dtype")
    return {
        **picked(Calls, names),
        **picked(Rate, ("message_bytes",)),
        "calls": INTEGER,
        "even_calls": meant(INTEGER, "calls that the ranks came to evenly"),
        "shortest_ns_median": meant(NUMBER, "on the rank where nobody waits [ns]"),
        "skew_ns_median": meant(NUMBER, "longest less shortest [ns]"),
        "skew_ns_max": meant(INTEGER, "longest less shortest [ns]"),
        **picked(Rate, ("bus_bytes_per_s", "even_bus_bytes_per_s")),
        "why_no_bandwidth": or_null(TEXT, "why there is no bandwidth"),
    }


def _rank() -> Schema:
    count, time = or_null(INTEGER), or_null(INTEGER)
    return record(
        {
            "rank": INTEGER,
            "name": meant(TEXT, "the file's name"),
            "capture_id": TEXT,
            "device": or_null(TEXT),
            "wall_ns": time,
            "busy_ns": time,
            "idle_ns": time,
            "communication_ns": time,
            "exposed_communication_ns": or_null(INTEGER, "with nothing else on the device"),
            "compute_ns": or_null(INTEGER, "busy, less exposed communication"),
            "paired_calls": or_null(INTEGER, "collectives that other ranks took part in"),
            "waiting_ns": or_null(INTEGER, "what they take beyond the shortest"),
            "judged_calls": or_null(INTEGER, "calls in which somebody waited"),
            "last_calls": or_null(INTEGER, "in how many of them it came last"),
            "late_calls": or_null(INTEGER, "in how many of them it came after the median"),
            "mean_lateness_ns": or_null(NUMBER, "negative where it came before the others"),
            "others_wait_ns": count,
            "straggler": or_null(BOOLEAN, "null where nothing was judged"),
        }
    )


def trends() -> Schema:
    """Return the schema of `ncutool trends`."""
    from ncutool.archive.trends import Trends, Work

    shared = {
        "source": or_null(TEXT),
        "device": or_null(TEXT),
        "device_count": or_null(INTEGER),
        "compute_capability": or_null(TEXT),
        "rank": or_null(INTEGER),
        "world_size": or_null(INTEGER),
    }
    work = {
        **shared,
        "work_known": meant(BOOLEAN, "the FLOPs say that it is the same work"),
        "captures": INTEGER,
        "points": listed(TEXT, "the values of the column, in order"),
        **picked(Work, ("why_no_whole",)),
        "events": listed(_event(), "the whole first, then by the time that moved"),
        "series": listed(_series()),
    }
    return record(
        {
            **picked(Trends, ("by", "order")),
            "headline": TEXT,
            "needed_points": INTEGER,
            "works": listed(record(work)),
            "notes": listed(TEXT),
        }
    )


def _event() -> Schema:
    change = {
        "what": meant(TEXT, "`whole`, or a kernel"),
        "whole": BOOLEAN,
        "before_ns": NUMBER,
        "after_ns": NUMBER,
        "ratio": meant(NUMBER, "after over before"),
        "points_before": INTEGER,
        "points_after": INTEGER,
    }
    properties = {
        "from": meant(TEXT, "the first point of the new level"),
        "seen_after": meant(TEXT, "the point before it"),
        "changes": listed(record(change)),
    }
    return record(properties)


def _series() -> Schema:
    from ncutool.archive.trends import Point, Series

    share = or_null(NUMBER, "share of the level; null where there are too few points")
    return record(
        {
            "what": meant(TEXT, "`whole`, or a kernel"),
            "time_of": picked(Series, ("unit",))["unit"],
            "noise_share": share,
            "smallest_change_share": share,
            "smallest_change_at_end_share": share,
            "points": listed(of_record(Point)),
        }
    )


def query() -> Schema:
    """Return the schema of `ncutool query`: the columns are those that were asked for."""
    return record({"rows": listed(keyed(_CELL))})
