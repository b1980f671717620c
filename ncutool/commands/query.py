"""``ncutool query``: rows of a dataset, by SQL or by simple conditions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ncutool.commands.options import Format, RedactOption, option, unfold
from ncutool.commands.writing import Output
from ncutool_parsers import Place
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from ncutool.archive.reading import Tables
    from ncutool.archive.sql import Limits

_SCREENFUL = 40
"""Rows of a table or a Markdown text where --top does not say."""
_MIB = 2**20
_LEAST_MEMORY = 64 * _MIB


class Simple(Struct, frozen=True):
    """What is asked for without SQL."""

    table: Annotated[
        str | None,
        option(
            "--table",
            words="Without SQL: captures, launches, inside, findings, gaps, collectives or errors.",
            metavar="TABLE",
        ),
    ] = None
    where: Annotated[
        list[str],
        option(
            "--where",
            words="Only rows for which it holds: COLUMN=VALUE, with = != < <= > >= or ~ (searches "
            "text); may be repeated.",
            metavar="CONDITION",
        ),
    ] = ()  # type: ignore[assignment]  # typer's lists are lists; a field needs one that stays
    select: Annotated[
        str | None,
        option("--select", words="Columns, in this order.", metavar="COLUMN,..."),
    ] = None
    sort: Annotated[
        str | None,
        option(
            "--sort",
            words="Columns to sort by; with - before it, the largest first.",
            metavar="[-]COLUMN,...",
        ),
    ] = None

    @property
    def asked(self) -> bool:
        """Whether any option that asks without SQL is given."""
        return bool(self.table or self.where or self.select or self.sort)


@unfold
def run(
    dataset: Annotated[
        Path | Place,
        typer.Argument(metavar="DATASET", help="What `ncutool batch -o` wrote; a folder or a URL."),
    ],
    sql: Annotated[
        str | None,
        typer.Argument(
            metavar="[SQL]",
            help="A statement that reads, or @FILE. Tables: captures, launches, inside, findings, "
            "gaps, collectives, errors.",
            show_default=False,
        ),
    ] = None,
    *,
    simple: Simple,
    top: Annotated[
        int | None,
        option(
            "--top",
            words="Only the first N rows; 0 is all. A terminal shows 40 where it is not given.",
            min=0,
            metavar="N",
        ),
    ] = None,
    max_memory: Annotated[
        int,
        option(
            "--max-memory",
            words="Bytes that SQL may take.",
            min=_LEAST_MEMORY,
            show_default=True,
            metavar="BYTES",
        ),
    ] = 2048 * _MIB,
    timeout: Annotated[
        float | None,
        option("--timeout", words="Seconds that SQL may take.", min=0.1, metavar="SECONDS"),
    ] = None,
    threads: Annotated[
        int | None, option("--threads", words="Threads of SQL; one a core.", min=1, metavar="N")
    ] = None,
    redact: RedactOption = None,
    output: Output,
) -> None:
    """Ask a dataset that `ncutool batch` made, by SQL or by simple conditions.

    Without either it lists the tables, their rows and columns. SQL is DuckDB's (pip install
    'ncutool[query]'); it reads the dataset and nothing else. --where needs no SQL:

    \b
    ncutool query DATASET "SELECT device, count(*) FROM captures GROUP BY device"
    ncutool query DATASET --table launches --where 'device~H100' \\
        --where 'duration_ns>1e6'
    ncutool query DATASET --table launches --where bound=memory \\
        --select path,kernel,duration_ns --top 9

    A column that a table has not is taken from its capture.
    """
    from ncutool.archive.reading import tables_of
    from ncutool.archive.redacted import redacted_tables

    chosen = output.choose()
    output.check_writable()
    if sql is not None and simple.asked:
        raise UsageError("SQL says itself which rows: leave out --table, --where, --select, --sort")
    with tables_of(dataset) as found, redacted_tables(found, redact) as tables:
        if sql is not None:
            from ncutool.archive.sql import Limits

            limits = Limits(max_memory, threads, timeout, _most(top, chosen))
            _by_sql(tables, _text_of(sql), limits, top, chosen, output)
        elif simple.asked:
            _by_conditions(tables, simple, top, chosen, output)
        else:
            _overview(tables, chosen, output)


def _by_sql(
    tables: Tables, sql: str, limits: Limits, top: int | None, form: Format, output: Output
) -> None:
    from ncutool.archive import sql as duck

    with tables.answered(sql, limits) as answer:
        _write(duck.plain(answer.rows), answer.beyond() if top is None else 0, top, form, output)


def _by_conditions(
    tables: Tables, simple: Simple, top: int | None, form: Format, output: Output
) -> None:
    import polars as pl

    from ncutool.archive import selection, where
    from ncutool.base.untrusted import printable

    if simple.table is None:
        raise UsageError("--table says which table: captures, launches, findings, …")
    columns = _names("--select", simple.select)
    if form is Format.TABLE and not columns:
        columns = selection.SHORT.get(simple.table, ())
    wish = selection.Selection(
        simple.table,
        tuple(where.parse(condition) for condition in simple.where),
        columns,
        _names("--sort", simple.sort),
    )
    rows, most = selection.select(tables.scan, wish), _most(top, form)
    frame = (rows if most is None else rows.head(most)).collect()
    more = 0
    if most is not None and frame.height == most:
        more = rows.select(pl.len()).collect().item() - frame.height
    if frame.is_empty() and (said := selection.why_none(tables.scan, wish)):
        typer.echo(f"ncutool: {printable(said)}", err=True)
    _write(frame, more, top, form, output)


def _overview(tables: Tables, form: Format, output: Output) -> None:
    import polars as pl

    rows = []
    for name in tables.names:
        scanned = tables.scan(name)
        count = scanned.select(pl.len()).collect().item()
        columns = scanned.collect_schema().names()
        rows.append({"table": name, "rows": count, "columns": columns})
    frame = pl.DataFrame(rows)
    if form is Format.TABLE:
        lines = [
            f"{row['table']}: {row['rows']:,} rows\n  {', '.join(row['columns'])}" for row in rows
        ]
        from ncutool.base.untrusted import printable

        text = "\n".join(printable(part) for line in lines for part in line.split("\n"))
        output.write(f"{text}\n".encode())
        return
    _write(frame, 0, 0, form, output)


def _write(frame: pl.DataFrame, more: int, top: int | None, form: Format, output: Output) -> None:
    from ncutool.commands.writing import row_parts

    left = more if top is None else 0

    def table() -> str:
        from ncutool.text.rows import rows_text

        return rows_text(frame, left, color=output.color)

    def markdown() -> str:
        from ncutool.text.markdown import markdown_table

        return markdown_table(frame) + (f"\n{left} more rows\n" if left else "")

    def envelope(rows: str) -> str:
        return f'{{"schema": "ncutool/query/1", "rows": {rows}}}'

    output.write(row_parts(frame, form, envelope=envelope, table=table, markdown=markdown))


def _most(top: int | None, form: Format) -> int | None:
    """Return how many rows are written; None for all."""
    if top is None:
        return _SCREENFUL if form in (Format.TABLE, Format.MD) else None
    return top or None


def _names(flag: str, text: str | None) -> tuple[str, ...]:
    """Return names of columns with commas between them.

    Raises:
        UsageError: one is missing between two commas.
    """
    if text is None:
        return ()
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise UsageError(f"{flag} {text!r}: it is column names with commas between them")
    return tuple(dict.fromkeys(names))


def _text_of(sql: str) -> str:
    """Return a query, read from its file where it is written as @FILE.

    Raises:
        UsageError: the file cannot be read.
    """
    if not sql.startswith("@"):
        return sql
    try:
        return Path(sql[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{sql[1:]}: the query cannot be read ({why})") from None
