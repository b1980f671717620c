"""What waits in the inbox: one file a capture, or an error, written by whoever looked at the file.

An entry of a capture holds its rows of every table; one of an error its row, or none where a file
that once failed is well now. Entries are MessagePack around Arrow tables: nothing in them runs.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from ncutool.archive.dataset import Dataset, write_whole

if TYPE_CHECKING:
    import polars as pl

_ERROR = "error"


class Entry(msgspec.Struct, frozen=True):
    """A file of the inbox."""

    tables: dict[str, bytes] = {}
    """The rows of a capture by table, as Arrow files; tables without rows are left out."""
    file_id: str = ""
    """Of an error: which file's it is."""
    error: dict[str, Any] | None = None
    """The row of an error; None where the file is well."""


class Inbox(Struct, frozen=True):
    """Where a run puts its results."""

    dataset: Dataset
    run: str

    def put_capture(
        self, capture_id: str, file_id: str, version: str, tables: dict[str, pl.DataFrame]
    ) -> None:
        """Keep the rows of a capture, under a name that the same file always has."""
        packed = {name: _packed(frame) for name, frame in tables.items() if frame.height}
        name = f"{capture_id}.{file_id[:8]}.{version[-8:]}.entry"
        self._put(capture_id[0], name, Entry(tables=packed))

    def put_error(self, file_id: str, row: dict[str, Any] | None) -> None:
        """Keep why a file could not be analysed; None where it no longer fails."""
        self._put(file_id[0], error_name(file_id), Entry(file_id=file_id, error=row))

    def _put(self, bucket: str, name: str, entry: Entry) -> None:
        staging = self.dataset.staging(self.run)
        write_whole(self.dataset.inbox(bucket) / name, msgspec.msgpack.encode(entry), staging)


def error_name(file_id: str) -> str:
    """Return what the entry of an error is called."""
    return f"{_ERROR}.{file_id}.entry"


def is_error(path: Path) -> bool:
    """Whether an entry is of an error, by its name."""
    return path.name.startswith(f"{_ERROR}.")


def read(path: Path) -> Entry:
    """Return the rows of one capture, as a worker left them in the inbox."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Entry)


def table_of(entry: Entry, table: str) -> pl.DataFrame | None:
    """Return the rows of one table; None where it has none."""
    import polars as pl

    packed = entry.tables.get(table)
    return None if packed is None else pl.read_ipc(io.BytesIO(packed))


def _packed(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()
