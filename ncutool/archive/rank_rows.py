"""What a job needs of one rank's trace: a row of `captures` without advice, and its collectives.

One trace is analysed at a time and only these small tables are kept, so that a job of many ranks
takes no more memory than one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.archive.collectives import collectives
from ncutool.archive.naming import shown_metadata, shown_path
from ncutool.archive.one_file import content_hash
from ncutool.archive.selection import captures_where
from ncutool.archive.tables import CAPTURES, COLLECTIVES
from ncutool.base.intervals import union
from ncutool.timeline import window
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis
    from ncutool.archive.selection import Scan

_ID_DIGITS = 32
_FIELD = re.compile(r"\{(\w+)\}")
_FIELDS = {"rank": r"\d{1,9}", "job": r"[^/]+"}


class RankRows(Struct, frozen=True, eq=False):
    """The rows of one trace."""

    captures: pl.DataFrame
    collectives: pl.DataFrame


def rank_rows(
    analysis: Analysis, path: str, capture_id: str, told: dict[str, str] | None = None
) -> RankRows:
    """Return the rows of one trace.

    Args:
        path: where it was found, as it is shown.
        capture_id: the hash of its content.
        told: what a pattern says of its rank and job.

    Raises:
        UsageError: the path and the trace name different ranks.
    """
    capture, kernels, timeline = analysis.capture, analysis.kernels, analysis.timeline
    redact = analysis.request.redact is not None
    told = told or {}
    by_path = int(told["rank"]) if "rank" in told else None
    if by_path is not None and capture.rank is not None and by_path != capture.rank:
        raise UsageError(
            f"{path}: is rank {by_path} by --pattern and rank {capture.rank} by what it records; "
            "correct the pattern, or leave it out"
        )
    row = {
        "capture_id": capture_id,
        "path": shown_path(path, redact=redact),
        "name": capture.name,
        "source": capture.source,
        "complete": capture.complete,
        "synthetic": capture.synthetic,
        "device": _device(analysis),
        "device_count": kernels["device"].drop_nulls().n_unique() or None,
        "rank": capture.rank if by_path is None else by_path,
        "world_size": capture.world_size,
        "job": shown_metadata(told, redact=redact).get("job"),
        "launches": kernels.height,
    }
    if timeline is not None:
        talks = pl.col("bound") == "communication"
        rows = kernels.filter(talks & timeline.within()).drop_nulls(["start_ns", "duration_ns"])
        start = rows["start_ns"].to_numpy()
        row |= {
            "wall_ns": timeline.wall_ns,
            "busy_ns": timeline.busy_ns,
            "idle_ns": timeline.idle_ns,
            "communication_ns": union(start, start + rows["duration_ns"].to_numpy()).total,
            "exposed_communication_ns": window.exposed_ns(kernels, timeline, talks),
        }
    known = {name: dtype for name, dtype in CAPTURES.polars_schema().items() if name in row}
    captures = CAPTURES.conform(pl.DataFrame([row], schema=known, orient="row"))
    return RankRows(captures, collectives(analysis, capture_id))


def _device(analysis: Analysis) -> str | None:
    record, device = analysis.resolution.record, analysis.resolution.device
    if record is not None and record.name:
        return record.name
    return None if device is None else device.name


def together(rows: Iterable[RankRows]) -> RankRows:
    """Return the rows of several traces in two tables."""
    made = list(rows)
    return RankRows(
        pl.concat([CAPTURES.empty(), *(one.captures for one in made)]),
        pl.concat([COLLECTIVES.empty(), *(one.collectives for one in made)]),
    )


def of_dataset(
    scan: Scan,
    conditions: Sequence[str] = (),
    expression: re.Pattern[str] | None = None,
    as_written: Scan | None = None,
) -> RankRows:
    """Return the rows of the traces of a dataset.

    Args:
        scan: gives a table of the dataset by its name.
        conditions: only captures for which they hold (:mod:`ncutool.archive.where`).
        expression: a :func:`pattern` that tells rank and job of captures that do not record them.
        as_written: gives the tables before they were redacted, where they were.

    Raises:
        UsageError: a condition is none, or its column is not there.
    """
    columns = CAPTURES.polars_schema().names()
    captures = captures_where(scan, conditions).select(columns)
    paths = captures["path"]
    if as_written is not None and expression is not None:
        known = as_written(CAPTURES.name).select("capture_id", "path").collect()
        paths = captures["capture_id"].replace_strict(known["capture_id"], known["path"])
    told = [
        shown_metadata(told_by(path, expression), redact=as_written is not None) for path in paths
    ]
    ranks = pl.Series([int(one["rank"]) if "rank" in one else None for one in told], dtype=pl.Int64)
    jobs = pl.Series([one.get("job") for one in told], dtype=pl.String)
    captures = captures.with_columns(
        rank=pl.col("rank").fill_null(ranks), job=pl.coalesce(jobs, pl.col("job"))
    )
    ranked = captures.filter(pl.col("rank").is_not_null()).select("capture_id")
    rows = scan(COLLECTIVES.name).select(COLLECTIVES.polars_schema().names())
    return RankRows(captures, rows.join(ranked.lazy(), on="capture_id", how="semi").collect())


def content_id(path: Path) -> str:
    """Return the id of a capture: the beginning of the hash of its content."""
    return content_hash(path)[:_ID_DIGITS]


def pattern(text: str) -> re.Pattern[str]:
    """Return what tells `{rank}` and `{job}` in the end of a path, such as
    ``{job}/rank{rank}.json.gz``.

    Raises:
        UsageError: it has no `{rank}`, one of them twice, or another name in braces.
    """
    names = _FIELD.findall(text)
    unknown = [name for name in names if name not in _FIELDS]
    if unknown or names.count("rank") != 1 or names.count("job") > 1:
        raise UsageError(
            f"--pattern {text!r}: needs {{rank}} once, may have {{job}} once and nothing else in "
            "braces, such as '{job}/rank{rank}.json.gz'"
        )
    parts = _FIELD.split(text)
    expression = "".join(
        re.escape(part) if index % 2 == 0 else f"(?P<{part}>{_FIELDS[part]})"
        for index, part in enumerate(parts)
    )
    return re.compile(rf"(?:^|/){expression}$")


def told_by(path: str, expression: re.Pattern[str] | None) -> dict[str, str]:
    """Return what a pattern tells of a path; nothing where it does not match."""
    found = None if expression is None else expression.search(path)
    return {} if found is None else {k: v for k, v in found.groupdict().items() if v is not None}
