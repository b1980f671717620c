"""From the inbox into the tables: a bucket at a time, as a whole or not at all.

Only this module changes a table. It holds the lock of the bucket, so that nothing is there twice: a
capture that is in the tables already is replaced where it was analysed anew, and dropped where it
was not.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from msgspec import Struct

from ncutool.archive import entries, journal, locks
from ncutool.archive.dataset import Dataset
from ncutool.archive.journal import Change
from ncutool.archive.segments import OF_CAPTURES, of_bucket, to_join
from ncutool.archive.tables import CAPTURES, ERRORS
from ncutool_parsers.schema import Table

_MAX_BYTES = 8 * 2**20
"""So much of the inbox goes into one segment: its rows take eleven times as much while they are
written."""
_DATA = tuple(table for table in OF_CAPTURES if table is not CAPTURES)
_NUMBER = "_entry"


def publish(dataset: Dataset, bucket: str, run: str, *, compact: bool = False) -> int:
    """Bring what waits for a bucket into its tables; return how many results that were.

    Many small segments become one.

    Args:
        run: whose staging folder is written to.
        compact: a few small segments become one too.
    """
    done = 0
    with locks.locked(dataset.bucket_lock(bucket)):
        recover(dataset, bucket)
        widened = _Bucket(dataset, bucket, run)
        widened.commit(widened.widen())
        dataset.widening(bucket).unlink(missing_ok=True)
        while waiting := _bounded(dataset.waiting(bucket)):
            tables = _Bucket(dataset, bucket, run)
            captures = [path for path in waiting if not entries.is_error(path)]
            captures.sort(key=lambda path: path.stat().st_mtime_ns)
            errors = [path for path in waiting if entries.is_error(path)]
            change = journal.all_of([tables.take(captures), tables.take_errors(errors)])
            tables.commit(Change(change.moves, (*change.removes, *waiting)))
            done += len(waiting)
        while names := to_join(of_bucket(dataset, bucket), asked=compact):
            tables = _Bucket(dataset, bucket, run)
            tables.commit(tables.joined(names))
    return done


def recover(dataset: Dataset, bucket: str) -> None:
    """Complete a change of a bucket that a run left unfinished. The caller holds its lock."""
    journal.recover(dataset.journal(bucket), dataset.root)


def _bounded(waiting: Sequence[Path]) -> list[Path]:
    """Return the first of the results that wait, as many as one segment takes."""
    chosen: list[Path] = []
    size = 0
    for path in waiting:
        size += path.stat().st_size
        if chosen and size > _MAX_BYTES:
            break
        chosen.append(path)
    return chosen


class _Bucket(Struct, frozen=True):
    """One bucket of all tables, while its lock is held."""

    dataset: Dataset
    bucket: str
    run: str

    def commit(self, change: Change) -> None:
        """Make a change happen, where it is one."""
        if change.moves or change.removes:
            place = self.dataset.journal(self.bucket)
            staging = self.dataset.staging(self.run)
            journal.commit(place, change, self.dataset.root, staging=staging)

    def take(self, waiting: Sequence[Path]) -> Change:
        """Return the change that brings captures into the tables."""
        found = [entries.read(path) for path in waiting]
        captures = _chosen(_numbered(found, "captures"))
        if captures.is_empty():
            return Change()
        known = self._known()
        new, replaced = self._compared(captures, known)
        if new.is_empty():
            return Change()
        changes = [
            self._without(segment, set(ids), replaced)
            for segment, ids in known.group_by("segment").agg("capture_id").iter_rows()
            if replaced & set(ids)
        ]
        numbers = new[_NUMBER].to_list()
        kept = [found[number] for number in numbers]
        rows = {table.name: _together(table, kept) for table in _DATA}
        changes.append(self._segment({**rows, "captures": new.drop(_NUMBER)}))
        return journal.all_of(changes)

    def _known(self) -> pl.DataFrame:
        """Return what is in the table of captures, with the segment of each."""
        keys = self.dataset.described()
        frames = [
            pl.read_parquet(
                self.dataset.segment("captures", self.bucket, name),
                columns=["capture_id", "analysis_version", "path", *keys],
                hive_partitioning=False,
            ).with_columns(segment=pl.lit(name))
            for name in self.dataset.segments("captures", self.bucket)
        ]
        schema = dict.fromkeys(
            ["capture_id", "analysis_version", "path", *keys, "segment"], pl.String()
        )
        return pl.concat([pl.DataFrame(schema=schema), *frames])

    def _compared(self, fresh: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, set[str]]:
        """Return which captures are new or anew, and the ids of those that they replace."""
        keys = self.dataset.described()
        fresh = _with_columns(fresh, self.dataset.metadata(), _NUMBER)
        both = fresh.join(known, on="capture_id", how="left", suffix="_known")
        same = pl.all_horizontal(
            pl.lit(True), *(pl.col(key).eq_missing(pl.col(f"{key}_known")) for key in keys)
        )
        anew = (
            pl.col("segment").is_null()
            | (pl.col("analysis_version") != pl.col("analysis_version_known"))
            | (pl.col("path") < pl.col("path_known"))
            | ((pl.col("path") == pl.col("path_known")) & ~same)
        )
        new = both.filter(anew)
        replaced = set(new.filter(pl.col("segment").is_not_null())["capture_id"])
        return new.select(fresh.columns), replaced

    def _without(self, segment: str, ids: set[str], gone: set[str]) -> Change:
        """Return the change that takes captures out of a segment."""
        rest = {}
        for table in OF_CAPTURES:
            path = self.dataset.segment(table.name, self.bucket, segment)
            if path.exists() and ids - gone:
                frame = pl.read_parquet(path, hive_partitioning=False)
                rest[table.name] = frame.filter(~pl.col("capture_id").is_in(list(gone)))
        old = [self.dataset.segment(table.name, self.bucket, segment) for table in OF_CAPTURES]
        remove = Change(removes=tuple(path for path in old if path.exists()))
        return journal.all_of([remove, self._segment(rest)] if rest else [remove])

    def _segment(self, rows: dict[str, pl.DataFrame]) -> Change:
        """Return the change that adds a segment with these rows."""
        captures = rows["captures"].sort("capture_id")
        name = segment_name(captures)
        moves = []
        for table in OF_CAPTURES:
            frame = rows.get(table.name)
            if frame is not None and frame.height:
                ordered = frame.sort("capture_id", maintain_order=True)
                moves.append(self._written(table.name, name, ordered))
        return Change(moves=tuple(moves))

    def _written(self, table: str, name: str, frame: pl.DataFrame) -> tuple[Path, Path]:
        staging = self.dataset.staging(self.run) / f"{table}-{self.bucket}-{name}.parquet"
        return journal.written(staging, _parquet(frame)), self.dataset.segment(
            table, self.bucket, name
        )

    def joined(self, names: Sequence[str]) -> Change:
        """Return the change that makes one segment of several."""
        keys = self.dataset.metadata()
        rows: dict[str, pl.DataFrame] = {}
        removes: list[Path] = []
        for table in OF_CAPTURES:
            paths = [self.dataset.segment(table.name, self.bucket, name) for name in names]
            there = [path for path in paths if path.exists()]
            frames = [pl.read_parquet(path, hive_partitioning=False) for path in there]
            if table is CAPTURES:
                frames = [_with_columns(frame, keys) for frame in frames]
            else:
                frames = [table.conform(frame) for frame in frames]
            removes += there
            if frames:
                rows[table.name] = pl.concat(frames)
        return journal.all_of([Change(removes=tuple(removes)), self._segment(rows)])

    def take_errors(self, waiting: Sequence[Path]) -> Change:
        """Return the change that brings errors into their table, each in place of an older one."""
        if not waiting:
            return Change()
        found = [entries.read(path) for path in waiting]
        told = [entry.file_id for entry in found]
        names = self.dataset.segments(ERRORS.name, self.bucket)
        old = [self.dataset.segment(ERRORS.name, self.bucket, name) for name in names]
        before = [pl.read_parquet(path, hive_partitioning=False) for path in old]
        kept = [frame.filter(~pl.col("file_id").is_in(told)) for frame in before]
        new = [_error_row(entry.error) for entry in found if entry.error is not None]
        rows = pl.concat([*kept, *new]).sort("file_id") if kept or new else ERRORS.empty()
        if rows.is_empty():
            return Change(removes=tuple(old))
        name = _hashed(str(row) for row in rows.rows())
        gone = tuple(path for path in old if path.stem != name)
        return Change((self._written(ERRORS.name, name, rows),), gone)

    def widen(self) -> Change:
        """Return the change that gives older captures the columns of metadata that came later."""
        keys = self.dataset.metadata()
        moves = []
        for name in self.dataset.segments("captures", self.bucket):
            path = self.dataset.segment("captures", self.bucket, name)
            if set(keys) - set(pl.read_parquet_schema(path)):
                frame = pl.read_parquet(path, hive_partitioning=False)
                moves.append(self._written("captures", name, _with_columns(frame, keys)))
        return Change(moves=tuple(moves))


def segment_name(captures: pl.DataFrame) -> str:
    """Return what a segment is called: a hash of the captures in it and of how they were analysed.

    Args:
        captures: their rows, in order of their ids.
    """
    known_by = captures.select("capture_id", "analysis_version", "path")
    return _hashed(str(row) for row in known_by.rows())


def _hashed(words: Iterable[str]) -> str:
    return sha256("\n".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _error_row(error: dict[str, Any]) -> pl.DataFrame:
    return ERRORS.conform(pl.DataFrame([error], schema=ERRORS.polars_schema()))


def _with_columns(captures: pl.DataFrame, keys: Iterable[str], *more: str) -> pl.DataFrame:
    """Return captures with all columns of metadata behind those of the table, absent ones null."""
    texts = [
        (pl.col(key) if key in captures.columns else pl.lit(None)).cast(pl.String).alias(key)
        for key in keys
    ]
    return captures.select(*CAPTURES.polars_schema(), *texts, *more)


def _numbered(found: Sequence[entries.Entry], table: str) -> pl.DataFrame:
    """Return the rows of a table of all entries, each with the number of its entry."""
    frames = [
        rows.with_columns(pl.lit(number).alias(_NUMBER))
        for number, entry in enumerate(found)
        if (rows := entries.table_of(entry, table)) is not None
    ]
    return pl.concat(frames, how="diagonal") if frames else CAPTURES.empty()


def _chosen(captures: pl.DataFrame) -> pl.DataFrame:
    """Return one row a capture: as it was analysed last, and of files alike the first by path.

    Args:
        captures: their rows, each with a number that is higher the later it was analysed.
    """
    if captures.is_empty():
        return captures
    last = pl.col("analysis_version").sort_by(_NUMBER).last().over("capture_id")
    return (
        captures.filter(pl.col("analysis_version") == last)
        .sort("capture_id", "path", _NUMBER, descending=[False, False, True])
        .unique("capture_id", keep="first", maintain_order=True)
    )


def _together(table: Table, kept: Sequence[entries.Entry]) -> pl.DataFrame:
    """Return the rows of one table of all these entries."""
    frames = [rows for entry in kept if (rows := entries.table_of(entry, table.name)) is not None]
    return pl.concat([table.empty(), *frames])


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()
