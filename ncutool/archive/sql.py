"""SQL over a dataset by DuckDB, which may read the tables of that dataset and nothing else.

A query comes from whoever asks, and perhaps over a network from whoever asks that. Statements are
told apart by DuckDB's own parser; only one that reads is run. Files beside the tables, networks,
extensions, settings and the variables of this process are out of its reach, and its memory and
threads are limited.
"""

from __future__ import annotations

import importlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ncutool.archive.sql_types import plain, quoted, readable, wide_numbers
from ncutool.archive.tables import TABLES
from ncutool_parsers import spool
from ncutool_parsers.errors import NcutoolError, UsageError

if TYPE_CHECKING:
    import polars as pl

_NAMES = tuple(table.name for table in TABLES)
_ASKS_ANY = ("show", "describe", "schema", "duckdb_", "sqlite_", "pragma", "pg_", "query", "\\")
"""What stands in a query that may ask for tables by no name of theirs."""
_ENDED = {
    "Out of Memory Error": "OutOfMemoryException",
    "INTERRUPT Error": "InterruptException",
    "IO Error": "IOException",
}
"""What ends a query in its midst, by DuckDB's words for it, and the names of its errors."""
_LIMITED_BYTES = 2 * 2**30


class QueryError(NcutoolError):
    """A query is right, but cannot be carried out."""


class Source(Struct, frozen=True):
    """Where the rows of one table are: files, or, where there are none, its empty form."""

    files: Sequence[str]
    empty: pl.DataFrame
    """The table without rows, with all of its columns."""


@dataclass(frozen=True)
class Limits:
    """What a query may take."""

    memory_bytes: int = _LIMITED_BYTES
    threads: int | None = None
    """None for one a core."""
    seconds: float | None = None
    """None for any time."""
    rows: int | None = None
    """Rows that are wanted; None for all."""


class Answer(Struct, frozen=True):
    """What a query found."""

    rows: pl.DataFrame
    """As many as were wanted."""
    beyond: Callable[[], int]
    """Counts those that were not."""


def check_installed() -> Any:
    """Return DuckDB.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module("duckdb")
    except ImportError:
        raise UsageError(
            "SQL needs DuckDB, which is not installed: pip install 'ncutool[query]'; --where "
            "needs none"
        ) from None


@contextmanager
def answered(
    sql: str, source_of: Callable[[str], Source], limits: Limits | None = None
) -> Iterator[Answer]:
    """Yield the answer of a query over tables.

    Args:
        sql: one statement that reads.
        source_of: where the rows of a table are.
        limits: what it may take.

    Raises:
        UsageError: it is no such statement, or names what is not there.
        QueryError: it takes more memory than it may, or the data are damaged.
    """
    duckdb = check_installed()
    limits = limits or Limits()
    with ExitStack() as stack:
        connection = stack.enter_context(_connection(duckdb, limits))
        stack.enter_context(_stopped_after(connection, limits.seconds))
        tables: dict[str, Source] = {}
        with _told(duckdb, tables, limits, sql):
            statement = _statement(duckdb, connection, sql)
            tables |= {name: source_of(name) for name in _named(sql)}
            _add_views(connection, tables)
            _close_off(connection, tables)
            asked = connection.sql(statement)
            found, wide = readable(asked), wide_numbers(asked)
            wanted = limits.rows
            # One more, so that rows are counted only where not all are here.
            here = _frame(duckdb, found if wanted is None else found.limit(wanted + 1))
            here = plain(here, wide)

        def beyond() -> int:
            if wanted is None or here.height <= wanted:
                return 0
            with _told(duckdb, tables, limits, sql):
                return int(found.aggregate("count(*)").fetchall()[0][0]) - wanted

        yield Answer(here.head(wanted) if wanted is not None else here, beyond)


@contextmanager
def _connection(duckdb: Any, limits: Limits) -> Iterator[Any]:
    """Yield a connection that nothing but its own temporary folder belongs to."""
    with spool.folder() as folder:
        yield from _connected(duckdb, limits, folder)


def _connected(duckdb: Any, limits: Limits, folder: Path) -> Iterator[Any]:
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "memory_limit": f"{limits.memory_bytes // 2**20}MiB",
        "temp_directory": str(folder),
    }
    if limits.threads is not None:
        config["threads"] = str(limits.threads)
    connection = duckdb.connect(":memory:", config=config)
    try:
        yield connection
    finally:
        connection.close()


def _statement(duckdb: Any, connection: Any, sql: str) -> Any:
    """Return the one statement of a text.

    Raises:
        UsageError: there is none or several, or it does more than read.
    """
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        found = "no statement" if not statements else f"{len(statements)} statements"
        raise UsageError(
            f"the query holds {found}: give one, such as SELECT count(*) FROM captures"
        )
    kind = statements[0].type
    if kind != duckdb.StatementType.SELECT:
        word = str(getattr(kind, "name", kind))
        if word == "MULTI":
            raise UsageError("the query is more than one statement: give PIVOT its values (IN …)")
        raise UsageError(f"a query only reads: SELECT, FROM, DESCRIBE or SUMMARIZE, not {word}")
    return statements[0]


def _named(sql: str) -> tuple[str, ...]:
    """Return the tables that a query can ask; to open the files of the others costs time.

    A query that asks what tables there are, or names them by a function, may ask all of them.
    """
    said = sql.lower()
    if any(word in said for word in _ASKS_ANY):
        return _NAMES
    return tuple(name for name in _NAMES if name in said) or _NAMES


def _add_views(connection: Any, tables: Mapping[str, Source]) -> None:
    for name, source in tables.items():
        plain = name if not source.files else f"no_{name}"
        # Told in words: a frame that is handed over has DuckDB import pandas, for half a second.
        told = (f"{quoted(column)} {_type(kind)}" for column, kind in source.empty.schema.items())
        connection.execute(f"CREATE TABLE {plain} ({', '.join(told)})")
        if source.files:  # columns that a file lacks are unknown there, others are left out
            files = ", ".join(_quoted(file) for file in source.files)
            columns = ", ".join(quoted(column) for column in source.empty.columns)
            connection.execute(
                f"CREATE VIEW {name} AS SELECT {columns} FROM (SELECT * FROM {plain} UNION ALL BY "
                f"NAME SELECT * FROM read_parquet([{files}], hive_partitioning=false, "
                "union_by_name=true))"
            )


def _type(kind: pl.DataType) -> str:
    """Return what DuckDB calls the type of a column."""
    import polars as pl

    if isinstance(kind, pl.List):
        return f"{_type(kind.inner)}[]"  # type: ignore[arg-type]  # a schema holds types as such
    if isinstance(kind, pl.Struct):
        fields = (f"{quoted(one.name)} {_type(one.dtype)}" for one in kind.fields)  # type: ignore[arg-type]  # the same
        return f"STRUCT({', '.join(fields)})"
    names = {pl.Int64(): "BIGINT", pl.Float64(): "DOUBLE", pl.String(): "VARCHAR"}
    return {**names, pl.Boolean(): "BOOLEAN"}[kind]


def _close_off(connection: Any, tables: Mapping[str, Source]) -> None:
    """Take away all that the views do not need; there is no way back."""
    folders = {
        os.path.dirname(os.path.dirname(file)) + os.sep
        for source in tables.values()
        for file in source.files
    }
    allowed = ", ".join(_quoted(folder) for folder in sorted(folders))
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@contextmanager
def _stopped_after(connection: Any, seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _frame(duckdb: Any, rows: Any) -> pl.DataFrame:
    """Return DuckDB's rows as polars has them, which takes them over as Arrow without pyarrow.

    Raises:
        duckdb.Error: the query ends early.
    """
    import polars as pl

    try:
        return pl.DataFrame(rows)
    except pl.exceptions.ComputeError as error:  # DuckDB's, of which only the words came through
        said = str(error).partition("external error: ")[2]
        raise getattr(duckdb, _ENDED.get(said.partition(":")[0], "Error"))(said) from None


@contextmanager
def _told(duckdb: Any, tables: Mapping[str, Source], limits: Limits, sql: str) -> Iterator[None]:
    """Turn DuckDB's errors into one line that says what there is."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        megabytes = limits.memory_bytes // 2**20
        raise QueryError(
            f"the query takes more than {megabytes} MiB: raise --max-memory, or ask for less"
        ) from None
    except duckdb.InterruptException:
        raise QueryError(
            f"the query took more than {limits.seconds:g} s: raise --timeout, or ask for less"
        ) from None
    except duckdb.PermissionException:
        raise UsageError(
            f"a query reads the tables of the dataset alone: {', '.join(_NAMES)}"
        ) from None
    except duckdb.IOException as error:
        raise QueryError(f"the dataset cannot be read: {_first_line(error)}") from None
    except duckdb.CatalogException as error:
        known = ", ".join(_NAMES)
        said = str(error).splitlines()[0]  # the next line guesses at tables of DuckDB's own
        raise UsageError(f"SQL: {said} tables: {known}") from None
    except duckdb.Error as error:
        raise UsageError(
            f"SQL: {_first_line(error)}{_there_is(duckdb, error, tables, sql)}"
        ) from None


def _first_line(error: Exception) -> str:
    """Return what an error says, without the query that it repeats behind an empty line."""
    lines = list(takewhile(bool, str(error).splitlines()))
    return " ".join(" ".join(lines).split())


def _there_is(duckdb: Any, error: Exception, tables: Mapping[str, Source], sql: str) -> str:
    """Return the tables or columns that there are, where a name is wrong."""
    text = str(error)
    if isinstance(error, duckdb.BinderException) and "not found" in text:
        used = [name for name in tables if re.search(rf"\b{name}\b", sql, re.IGNORECASE)]
        listed = [f"{name} has {', '.join(tables[name].empty.columns)}" for name in used]
        return f"; {'; '.join(listed)}"
    return ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
