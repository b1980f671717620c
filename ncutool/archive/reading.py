"""Reading a dataset, in a folder or behind a URL: its tables for polars and for SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.archive import sql
from ncutool.archive.dataset import Dataset, existing, files_of, scan, schema_of
from ncutool.archive.tables import TABLES
from ncutool_parsers import Place, spool
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import polars as pl

_NAMES = tuple(table.name for table in TABLES)


class Tables(Struct, frozen=True):
    """The tables of a dataset, each brought here when it is first asked for."""

    dataset: Dataset
    bring: Callable[[str], None] = lambda table: None
    names: tuple[str, ...] = _NAMES

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table, to be read as far as it is needed.

        Raises:
            UsageError: there is none of that name.
        """
        if table not in self.names:
            raise UsageError(f"--table {table}: no such table; there are {', '.join(self.names)}")
        self.bring(table)
        return scan(self.dataset, table)

    def answered(
        self, text: str, limits: sql.Limits | None = None
    ) -> AbstractContextManager[sql.Answer]:
        """Give the answer of a query, as :func:`ncutool.archive.sql.answered`."""
        return sql.answered(text, self._source, limits)

    def _source(self, table: str) -> sql.Source:
        import polars as pl

        self.bring(table)
        files = [str(path.absolute()) for path in files_of(self.dataset, table)]
        return sql.Source(files, pl.DataFrame(schema=schema_of(self.dataset, table)))


@contextmanager
def tables_of(given: Path | Place) -> Iterator[Tables]:
    """Yield the tables of a dataset; copies of what lies behind a URL are removed afterwards.

    Raises:
        UsageError: it is no dataset.
        OutputError: it is of a newer ncutool.
        UnreadableError: it lies behind a URL and cannot be read.
    """
    if isinstance(given, Path):
        yield Tables(existing(given))
        return
    from ncutool.archive import remote

    with spool.folder() as folder:
        copy = folder / "dataset"
        remote.bring_schema(given, copy)
        listed = remote.manifest(given)
        yield Tables(existing(copy), lambda table: remote.bring_table(given, copy, table, listed))
