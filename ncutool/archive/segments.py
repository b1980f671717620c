"""The segments of a bucket: which are there, how large they are, and what small ones become."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from ncutool.archive.dataset import Dataset
from ncutool.archive.tables import CAPTURES, ERRORS, TABLES

OF_CAPTURES = (*(table for table in TABLES if table not in (CAPTURES, ERRORS)), CAPTURES)
"""The tables that a segment has files in. A capture counts once its row in `captures` is there; it
comes last."""
MAX_BYTES = 8 * 2**20
"""Small segments become one of at most so many bytes: their rows take thirty times as much while
they are joined."""
_MAX_SMALL_BYTES = MAX_BYTES // 8
"""A segment below this is small."""
_MANY = 8
"""So many small segments become one without being asked."""


class Segment(Struct, frozen=True):
    """A segment and how large its files are together."""

    name: str
    bytes: int


def of_bucket(dataset: Dataset, bucket: str) -> list[Segment]:
    """Return the segments of a bucket, in order of their names."""
    return [
        Segment(name, sum(_sizes(dataset, bucket, name)))
        for name in dataset.segments(CAPTURES.name, bucket)
    ]


def _sizes(dataset: Dataset, bucket: str, name: str) -> Iterator[int]:
    for table in OF_CAPTURES:
        path = dataset.segment(table.name, bucket, name)
        if path.exists():
            yield path.stat().st_size


def to_join(segments: Sequence[Segment], *, asked: bool = False) -> list[str]:
    """Return the small segments that should become one now; empty where none should.

    Args:
        segments: those of a bucket.
        asked: join two already, not only many.
    """
    small = sorted(
        (one for one in segments if one.bytes < _MAX_SMALL_BYTES), key=lambda one: one.bytes
    )
    chosen: list[str] = []
    size = 0
    for one in small:
        size += one.bytes
        if size > MAX_BYTES:
            break
        chosen.append(one.name)
    return chosen if len(chosen) >= (2 if asked else _MANY) else []
