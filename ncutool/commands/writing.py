"""Results to stdout or to a file, in every form; a file appears whole or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ncutool.commands.options import Format
from ncutool_parsers.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

_ENDINGS = {
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".parquet": Format.PARQUET,
    ".md": Format.MD,
    ".txt": Format.TABLE,
}


def choose_format(asked: Format | None, output: Path | None) -> Format:
    """The form asked for, else the one the output's ending tells, else a table.

    Raises:
        UsageError: the ending tells nothing.
    """
    if asked is not None:
        return asked
    if output is None:
        return Format.TABLE
    try:
        return _ENDINGS[output.suffix.lower()]
    except KeyError:
        known = ", ".join(_ENDINGS)
        raise UsageError(
            f"{output}: its ending tells no format; pass --format or end it in one of {known}"
        ) from None


def check_writable(output: Path | None, *, force: bool) -> None:
    """Refuse early, before a long read, what could not be written later.

    Raises:
        OutputError: it exists and ``force`` is not given, is a folder, or has no folder.
    """
    if output is None:
        return
    if output.is_dir():
        raise OutputError(f"{output}: is a folder; name a file in it")
    if output.exists() and not force:
        raise OutputError(f"{output}: already exists; pass --force to overwrite it")
    if not output.absolute().parent.is_dir():
        raise OutputError(f"{output}: its folder does not exist; create it first")


def write_bytes(content: bytes, output: Path | None) -> None:
    """``content`` to stdout, or to a file that appears whole or not at all.

    Raises:
        OutputError: the system refuses.
    """
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    folder = output.absolute().parent
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{output.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            # mkstemp makes private files; an output gets what the user's umask says.
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, output)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise OutputError(f"{output}: cannot be written ({why}); choose another place") from error


def rows(
    frame: pl.DataFrame,
    form: Format,
    envelope: Callable[[str], str],
    table: Callable[[], str],
    markdown: Callable[[], str],
) -> bytes:
    """``frame`` in one form.

    Args:
        envelope: puts the rows' JSON text into the whole JSON object.
        table: text for a terminal.
        markdown: the same for a pull request.
    """
    import io

    if form is Format.JSON:
        return (envelope(frame.write_json()) + "\n").encode()
    if form is Format.JSONL:
        return frame.write_ndjson().encode()
    if form is Format.CSV:
        return _csv(frame).encode()
    if form is Format.PARQUET:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        return buffer.getvalue()
    return (markdown() if form is Format.MD else table()).encode()


def plain_rows(rows: list[dict[str, Any]], form: Format) -> bytes:
    """Return rows of equal keys as JSON lines, CSV or Parquet; only Parquet needs polars."""
    import io
    import json

    if form is Format.JSONL:
        lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode()
    if form is Format.CSV:
        return _csv_of_rows(rows).encode()
    import polars as pl

    buffer = io.BytesIO()
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(buffer)
    return buffer.getvalue()


def _csv_of_rows(rows: list[dict[str, Any]]) -> str:
    """Return CSV whose text cells no spreadsheet takes for a formula, as :func:`_csv` does."""
    import csv
    import io

    from ncutool.base.untrusted import guard_cell

    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {key: guard_cell(cell) if isinstance(cell, str) else cell for key, cell in row.items()}
        )
    return buffer.getvalue()


def _csv(frame: pl.DataFrame) -> str:
    """CSV whose text cells no spreadsheet takes for a formula; lists are joined by semicolons."""
    import polars as pl
    import polars.selectors as cs

    lists = cs.by_dtype(pl.List(pl.Int64), pl.List(pl.String))
    nested = cs.by_dtype(pl.List(pl.List(pl.Int64)))
    inner = pl.element().cast(pl.List(pl.String)).list.join("×")
    flat = frame.with_columns(nested.list.eval(inner).list.join("; "))
    flat = flat.with_columns(lists.cast(pl.List(pl.String)).list.join("; "))
    texts = flat.select(cs.string()).get_columns()
    return flat.with_columns(_guarded(column) for column in texts).write_csv()


def _guarded(column: pl.Series) -> pl.Series:
    from ncutool.base.untrusted import guard_cell

    distinct = column.drop_nulls().unique()
    changed = {text: guard_cell(text) for text in distinct if guard_cell(text) != text}
    return column.replace(changed) if changed else column
