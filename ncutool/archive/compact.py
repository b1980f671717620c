"""Few large files in place of many small ones, by the protocol that every change of a table has.

A bucket is joined under its lock, the joined segment and the removal of those that it was made of
are one change of the journal: whoever is killed meanwhile leaves a change that the next run, or
the next reader, completes, and two that join at once take turns.
"""

from __future__ import annotations

from msgspec import Struct

from ncutool.archive.dataset import BUCKETS, Dataset, Run, files_of, sweep
from ncutool.archive.publish import publish
from ncutool.archive.tables import TABLES


class Compacted(Struct, frozen=True):
    """How many files the tables had, and have now."""

    before: int
    after: int


def compact(dataset: Dataset) -> Compacted:
    """Join the small segments of every bucket; what waits goes into the tables first.

    Raises:
        OutputError: the dataset cannot be written.
    """
    before = _files(dataset)
    run = Run(dataset)
    try:
        sweep(dataset)
        for bucket in BUCKETS:
            publish(dataset, bucket, run.name, compact=True)
    finally:
        run.close()
    return Compacted(before, _files(dataset))


def _files(dataset: Dataset) -> int:
    return sum(len(files_of(dataset, table.name)) for table in TABLES)
