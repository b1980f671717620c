"""Which captures are the ranks of one job: told by what they say, never guessed.

Traces of PyTorch carry their rank and the number of ranks (`distributedInfo`); those that Dynolog
asked for do not, and then a pattern over their paths has to tell it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.untrusted import shorten
from ncutool_parsers import sources_where

_NAMED = 4
"""Files that one sentence names."""
_LONGEST_NAME = 60


class Job(Struct, frozen=True, eq=False):
    """The captures of one job, a row a rank."""

    key: str
    """What tells it apart from other jobs: as recorded, else the folder of its captures."""
    ranks: pl.DataFrame
    """Rows of `captures` in order of rank; of each rank there is one."""
    world_size: int | None
    """Ranks of the job; None where no capture says."""
    refused: str | None = None
    """Why the captures cannot be held against each other; None where they can."""
    left_out: tuple[str, ...] = ()
    """What lies with them and is no rank of the job, a sentence each."""

    @property
    def missing(self) -> tuple[int, ...] | None:
        """Ranks that have no capture; None where the number of ranks is not known."""
        if self.world_size is None:
            return None
        return tuple(sorted(set(range(self.world_size)) - set(self.ranks["rank"].to_list())))


def recognise(captures: pl.DataFrame) -> tuple[Job, ...]:
    """Return the jobs among captures, by their keys.

    Captures that say the same `job` belong together; where none is said, those of one folder.
    A group in which no capture says a rank, or all say there is one rank alone, is no job.

    Args:
        captures: rows of :data:`ncutool.archive.tables.CAPTURES`.
    """
    return tuple(sorted(_jobs(captures), key=lambda job: job.key))


def _jobs(captures: pl.DataFrame) -> Iterator[Job]:
    keys = [
        job if job is not None else PurePosixPath(path).parent.as_posix()
        for job, path in captures.select("job", "path").iter_rows()
    ]
    keyed = captures.with_columns(pl.Series("job_key", keys, dtype=pl.String))
    for (key,), rows in keyed.group_by("job_key", maintain_order=True):
        ranked = rows.filter(pl.col("rank").is_not_null() & _of_traces())
        if ranked.height and not (ranked["world_size"].fill_null(0) == 1).all():
            yield _job(str(key), rows.drop("job_key"), ranked.drop("job_key"))


def _job(key: str, rows: pl.DataFrame, ranked: pl.DataFrame) -> Job:
    sizes = ranked["world_size"].drop_nulls().unique().sort().to_list()
    return Job(
        key=key,
        ranks=ranked.sort("rank", "path"),
        world_size=sizes[0] if len(sizes) == 1 else None,
        refused=_refusal(ranked, sizes),
        left_out=tuple(_left_out(rows)),
    )


def _refusal(ranked: pl.DataFrame, sizes: list[int]) -> str | None:
    """Return why ranks cannot be one job: they contradict each other."""
    if len(sizes) > 1:
        said = "; ".join(
            f"{size} ranks ({_files(ranked.filter(pl.col('world_size') == size))})"
            for size in sizes[:_NAMED]
        )
        return f"The captures disagree on how many ranks their job has: {said}. {_APART}"
    doubled = ranked.filter(pl.col("rank").is_duplicated())
    if doubled.height:
        first = int(doubled["rank"].to_numpy().min())
        twice = doubled.filter(pl.col("rank") == first)
        others = doubled["rank"].n_unique() - 1
        more = f", and so do {units.counted(others, 'further rank')}" if others else ""
        return (
            f"Rank {first} has {units.counted(twice.height, 'capture')} ({_files(twice)}){more}: "
            f"they are of several jobs, or of several times of one. {_APART}"
        )
    most = int(ranked["rank"].to_numpy().max())
    if sizes and most >= sizes[0]:
        return (
            f"Rank {most} is beyond the {sizes[0]} ranks that the captures say their job has. "
            f"{_APART}"
        )
    several = ranked.filter(pl.col("device_count") > 1)
    if several.height:
        return (
            f"{_files(several)}: holds launches on several devices, so its times are not those of "
            "one rank. Give one capture a rank."
        )
    return None


_APART = (
    "Give the captures of one job and one recording alone, or tell jobs apart by a pattern over "
    "their paths, such as --pattern '{job}/rank{rank}.json.gz'."
)


def _of_traces() -> pl.Expr:
    """Return whether a capture has a timeline, which ranks are compared by."""
    return pl.col("source").is_in(sources_where(lambda traits: traits.has_timeline))


def _left_out(rows: pl.DataFrame) -> Iterator[str]:
    """Yield what of a group is no rank of it."""
    nameless = rows.filter(_of_traces() & pl.col("rank").is_null())
    if nameless.height:
        yield (
            f"{units.counted(nameless.height, 'trace')} ({_files(nameless)}) says no rank and is "
            "left out; where the path tells it, pass --pattern, such as 'rank{rank}.json.gz'."
        )
    reports = rows.filter(~_of_traces()).height
    if reports:
        yield f"{units.counted(reports, 'report')} left out: a report has no timeline."


def _files(rows: pl.DataFrame) -> str:
    names = [shorten(name, _LONGEST_NAME) for name in rows["name"].head(_NAMED)]
    more = f" and {rows.height - _NAMED:,} more" if rows.height > _NAMED else ""
    return ", ".join(names) + more
