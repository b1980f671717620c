"""A dataset on disk: its layout, what may be written where, and how it is read back.

::

    DATASET/
    ├── _schema.json            version of the tables, and the columns of metadata
    ├── captures/bucket=3/<segment>.parquet
    ├── launches/bucket=3/<segment>.parquet      and so for every table
    ├── _inbox/3/               one file a capture that was analysed and is not yet in the tables
    ├── _index/                 what was found of each file, so that the next run need not read it
    ├── _journal/               a change of the tables that is under way
    ├── _staging/<run>/         files that are being written; of runs that live
    ├── _runs/                  one file a run that lives, locked by it
    └── _locks/                 one a bucket of the tables

Readers of Hive partitions skip names that begin with ``_``. A bucket holds the captures whose hash
begins with that digit (of the errors: whose place does). A worker writes one file a capture into
the inbox, whole or not at all. Only :mod:`ncutool.archive.publish` changes the tables, a bucket at
a time under its lock, and by a journal that the next run completes. A table's files of one segment
have one name in all tables.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ncutool.archive import journal, locks
from ncutool.archive.tables import CAPTURES, SCHEMA_VERSION, TABLES
from ncutool_parsers.errors import OutputError, UsageError

if TYPE_CHECKING:
    import polars as pl

BUCKETS = tuple("0123456789abcdef")
SCHEMA_FILE = "_schema.json"
TOLD = ("job", "rank")
"""Metadata that has a column of its own: what a path says where the capture does not."""
_SCHEMA = "ncutool/dataset/1"
_CAPTURE_COLUMNS = frozenset(column.name for column in CAPTURES.columns)
_BY_NAME = {table.name: table for table in TABLES}


class Dataset(Struct, frozen=True):
    """The places of a dataset."""

    root: Path

    def table_folder(self, table: str, bucket: str) -> Path:
        """Return where the files of a bucket of a table lie."""
        return self.root / table / f"bucket={bucket}"

    def segment(self, table: str, bucket: str, name: str) -> Path:
        """Return the file of a segment in a table."""
        return self.table_folder(table, bucket) / f"{name}.parquet"

    def segments(self, table: str, bucket: str) -> list[str]:
        """Return the names of the segments of a bucket of a table, in order."""
        return sorted(path.stem for path in self.table_folder(table, bucket).glob("*.parquet"))

    def inbox(self, bucket: str) -> Path:
        """Return where results wait for their way into a bucket of the tables."""
        return self.root / "_inbox" / bucket

    def waiting(self, bucket: str) -> list[Path]:
        """Return the results that wait there, in order of their names."""
        return sorted(self.inbox(bucket).glob("*.entry"))

    def widening(self, bucket: str) -> Path:
        """Return the file that is there as long as captures of a bucket may lack a column."""
        return self.inbox(bucket) / "metadata.widen"

    def has_work(self, bucket: str) -> bool:
        """Whether something waits to be brought into a bucket of the tables."""
        return self.widening(bucket).exists() or any(self.inbox(bucket).glob("*.entry"))

    def journal(self, bucket: str) -> Path:
        """Return the file of a change of a bucket that is under way."""
        return self.root / "_journal" / f"{bucket}.json"

    def bucket_lock(self, bucket: str) -> Path:
        """Return the lock of whoever changes a bucket."""
        return self.root / "_locks" / f"bucket-{bucket}"

    def index_folder(self) -> Path:
        """Return where it is kept what was found of each file."""
        return self.root / "_index"

    def staging(self, run: str) -> Path:
        """Return where a run keeps files until they are whole."""
        return self.root / "_staging" / run

    def run_lock(self, run: str) -> Path:
        """Return the file that a run holds locked as long as it lives."""
        return self.root / "_runs" / run

    def described(self) -> tuple[str, ...]:
        """Return the columns by which a capture that is known may be told of in another way."""
        return ("job", *self.metadata())

    def runs_lock(self) -> Path:
        """Return the lock of whoever begins a run or takes away what dead ones left."""
        return self.root / "_locks" / "runs"

    def metadata(self) -> tuple[str, ...]:
        """Return the columns of metadata, in order."""
        return tuple(_read_schema(self.root / SCHEMA_FILE).get("metadata", ()))


def open_dataset(root: Path, metadata: Iterable[str] = ()) -> Dataset:
    """Return a dataset to write to, made where there is none.

    Args:
        root: its folder.
        metadata: columns that what is written has, beside those it has already.

    Raises:
        OutputError: the folder holds something else, or is of a newer ncutool, or cannot be
            written.
        UsageError: a column of metadata is called like one of the table.
    """
    own = [key for key in metadata if key not in TOLD]
    taken = [key for key in own if key == "bucket" or key in _CAPTURE_COLUMNS]
    if taken:
        raise UsageError(
            f"--metadata {taken[0]}: captures have a column of that name; choose another"
        )
    about = root / SCHEMA_FILE
    try:
        if is_something_else(root):
            raise OutputError(f"{root}: exists and is no dataset of ncutool; name another folder")
        root.mkdir(parents=True, exist_ok=True)
        with locks.locked(root / "_locks" / "schema"):
            found = _read_schema(about) if about.exists() else {}
            columns = sorted({*found.get("metadata", ()), *own})
            wanted = {"schema": _SCHEMA, "schema_version": SCHEMA_VERSION, "metadata": columns}
            if found and found.get("metadata") != columns:
                _mark_widening(Dataset(root))
            if found != wanted:
                for left in (root / "_locks").glob(".*.tmp"):  # of one that died in the midst
                    left.unlink()
                write_whole(about, json.dumps(wanted, indent=1).encode(), root / "_locks")
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError(f"{root}: cannot be written ({why}); choose another place") from error
    return Dataset(root)


def is_something_else(root: Path) -> bool:
    """Whether a path is neither free nor a dataset, nor one that another run is about to make."""
    if (root / SCHEMA_FILE).exists() or not root.exists():
        return False
    if not root.is_dir():
        return True
    names = {path.name for path in root.iterdir()} - {"_locks", "_index"}
    return bool(names) and not (root / SCHEMA_FILE).exists()


def _mark_widening(dataset: Dataset) -> None:
    """Have every bucket with captures get the columns of metadata that are new."""
    for bucket in BUCKETS:
        if dataset.segments(CAPTURES.name, bucket):
            dataset.inbox(bucket).mkdir(parents=True, exist_ok=True)
            dataset.widening(bucket).touch()


def is_dataset(path: Path) -> bool:
    """Whether a folder is a dataset of ncutool."""
    return (path / SCHEMA_FILE).is_file()


def existing(root: Path) -> Dataset:
    """Return a dataset to read.

    Raises:
        UsageError: the folder is no dataset.
        OutputError: it is of a newer ncutool.
    """
    if not is_dataset(root):
        raise UsageError(
            f"{root}: is no dataset of ncutool; make one: ncutool batch PATH... -o {root}"
        )
    _read_schema(root / SCHEMA_FILE)
    return Dataset(root)


def _read_schema(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
        version = found["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{path}: is damaged; make the dataset anew in another folder") from error
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise OutputError(
            f"{path.parent}: was written by a newer ncutool (tables of version {version}, this one "
            f"knows {SCHEMA_VERSION}); upgrade ncutool"
        )
    return dict(found)


def write_whole(path: Path, content: bytes, staging: Path) -> None:
    """Write a file so that it is there whole or not at all, and stays when the machine dies.

    Args:
        staging: a folder of the same file system, where it lies until it is whole.
    """
    staging.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = staging / f".{secrets.token_hex(8)}.tmp"
    try:
        with passing.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(passing, path)
    except BaseException:
        passing.unlink(missing_ok=True)
        raise


class Run:
    """A run that writes to a dataset, known to others as long as it lives."""

    def __init__(self, dataset: Dataset) -> None:
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self.name = f"{moment}-{os.getpid()}-{secrets.token_hex(4)}"
        self.dataset = dataset
        self._lock = locks.Lock(dataset.run_lock(self.name))
        with locks.locked(dataset.runs_lock()):  # else a sweep may take it for dead
            self._lock.take()

    def close(self) -> None:
        """Take away what the run keeps while it lives, once no change needs it any more."""
        try:
            complete(self.dataset)
            shutil.rmtree(self.dataset.staging(self.name), ignore_errors=True)
        finally:
            self._lock.leave(remove=True)


def complete(dataset: Dataset) -> None:
    """Complete the changes that are told but were not made, once nobody else is about to.

    Raises:
        OSError: the system refuses; what they need stays where it is.
        OutputError: the file system has no locks.
    """
    for bucket in BUCKETS:
        if dataset.journal(bucket).exists():
            with locks.locked(dataset.bucket_lock(bucket)):
                journal.recover(dataset.journal(bucket), dataset.root)


def sweep(dataset: Dataset) -> None:
    """Complete the changes that dead runs began, and take away what they were about to write."""
    with locks.locked(dataset.runs_lock()):
        places = [dataset.root / "_staging", dataset.root / "_runs"]
        names = {path.name for place in places for path in place.glob("*")}
        dead = [name for name in sorted(names) if not locks.is_held(dataset.run_lock(name))]
        complete(dataset)
        for name in dead:
            shutil.rmtree(dataset.staging(name), ignore_errors=True)
            dataset.run_lock(name).unlink(missing_ok=True)


def scan(dataset: Dataset | str | os.PathLike[str], table: str) -> pl.LazyFrame:
    """Return a table of a dataset, to be read as far as a query needs it.

    Its columns are those of :mod:`ncutool.archive.tables` and ``bucket``; those of captures are
    followed by the metadata. What a run left unfinished when it died is completed first.

    Raises:
        UsageError: the folder is no dataset.
        OutputError: it is of a newer ncutool.
    """
    import polars as pl

    if not isinstance(dataset, Dataset):
        dataset = existing(Path(dataset))
    schema = schema_of(dataset, table)
    files = files_of(dataset, table)
    if not files:
        return pl.LazyFrame(schema={**schema, "bucket": pl.String()})
    return pl.scan_parquet(
        files,
        glob=False,
        hive_partitioning=True,
        hive_schema={"bucket": pl.String()},
        schema=schema,
        missing_columns="insert",
        extra_columns="ignore",
    )


def schema_of(dataset: Dataset, table: str) -> dict[str, pl.DataType]:
    """Return the columns of a table with their types; of captures with the metadata."""
    import polars as pl

    schema = dict(_BY_NAME[table].polars_schema())
    if table == CAPTURES.name:
        schema |= {key: pl.String() for key in dataset.metadata()}
    return schema


def files_of(dataset: Dataset, table: str) -> list[Path]:
    """Return the files of a table, once what a dead run left unfinished is completed."""
    _completed(dataset)
    return sorted((dataset.root / table).glob("bucket=*/*.parquet"))


def _completed(dataset: Dataset) -> None:
    """Complete the changes that are told but were not made, where that may be written."""
    try:
        complete(dataset)
    except (OSError, OutputError):  # a reader who may not write sees it as it lies there
        return
