"""Results to stdout or to a file, in every form; a file appears whole or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from ncutool.base.untrusted import inert_json
from ncutool.commands import placing
from ncutool.commands.json_rows import json_rows
from ncutool.commands.options import DebugOption, ForceOption, Format, NoColorOption, option
from ncutool.commands.wrong_usage import one_of
from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import polars as pl

PAGE_ENDINGS = (".html", ".htm")
PAGE_MARK = b'<meta name="generator" content="ncutool">'
"""Stands in the head of every page of ncutool, before anything that comes from a capture."""
_HEAD_BYTES = 512
"""How far into a file the mark is looked for; it stands in the second or third line."""
_NO_ROWS = "[]"
_CSV_ROWS_AT_ONCE = 5_000
"""Rows whose text is made and written before the next are: some MB."""
_ENDINGS = {
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".csv": Format.CSV,
    ".parquet": Format.PARQUET,
    ".md": Format.MD,
    ".txt": Format.TABLE,
}


class Output(Struct, frozen=True):
    """Where and in which form a command writes its result."""

    form: Annotated[
        Format | None,
        option(
            "--format",
            "-f",
            words="Form of the result; without it, told from the ending of -o, else a table.",
        ),
    ] = None
    path: Annotated[
        Path | None,
        option("--output", "-o", words="File to write instead of stdout.", metavar="FILE"),
    ] = None
    force: ForceOption = False
    no_color: NoColorOption = False
    debug: DebugOption = False

    @property
    def is_page(self) -> bool:
        """Whether the output's ending asks for an HTML page, and no other form is asked for."""
        return (
            self.path is not None and self.form is None and self.path.suffix.lower() in PAGE_ENDINGS
        )

    @property
    def _is_json(self) -> bool:
        named = _ENDINGS.get(self.path.suffix.lower()) if self.path is not None else None
        return (self.form or named) in (Format.JSON, Format.JSONL)

    @property
    def color(self) -> bool:
        """Whether a table may have colours."""
        return not self.no_color and self.path is None

    def choose(self, *given: Format) -> Format:
        """Return the form asked for, else the one that the output's ending tells, else a table.

        Args:
            given: the forms that the command has; all of them where none is named.

        Raises:
            UsageError: the ending tells no form, or the command has not that form.
        """
        form = self.form or self._by_ending()
        if given and form not in given:
            known = one_of(known.value for known in given)
            raise UsageError(f"--format takes {known} here, not {form.value}")
        return form

    def _by_ending(self) -> Format:
        if self.path is None or (not self.path.suffix and placing.passes_on(self.path)):
            return Format.TABLE
        try:
            return _ENDINGS[self.path.suffix.lower()]
        except KeyError:
            known = ", ".join(_ENDINGS)
            raise UsageError(
                f"{self.path}: its ending tells no format; pass --format or end it in one of "
                f"{known}"
            ) from None

    def check_writable(self) -> None:
        """Refuse what could not be written, before a long read.

        Raises:
            OutputError: the file exists, ``force`` is not given and it is not a page of ncutool
                that a new page may replace; or no file can be there.
        """
        if self.path is not None:
            placing.check(self.path, over=self.over)

    @property
    def over(self) -> bool:
        """Whether a file that is there may be replaced."""
        return self.force or (self.is_page and self.path is not None and is_own_page(self.path))

    def write(self, content: bytes | Iterable[bytes]) -> None:
        """Write the result to stdout, or to a file that appears whole or not at all.

        Args:
            content: whole, or in parts that are made as they are written; parts of JSON are
                inert already (:func:`ncutool.base.untrusted.inert_json`).

        Raises:
            OutputError: see :meth:`check_writable`; or the system refuses.
        """
        if isinstance(content, bytes):
            parts: Iterable[bytes] = (
                inert_json(content.decode()).encode() if self._is_json else content,
            )
        else:
            parts = content
        if self.path is None:
            for part in parts:
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            return
        placing.put(self.path, parts, over=self.over)


def is_own_page(path: Path) -> bool:
    """Return whether a file is a page that ncutool wrote; only its first bytes are read."""
    try:
        if not path.is_file():  # a pipe would wait for a writer
            return False
        with path.open("rb") as file:
            return PAGE_MARK in file.read(_HEAD_BYTES)
    except OSError:
        return False


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
    return b"".join(row_parts(frame, form, envelope, table, markdown))


def row_parts(
    frame: pl.DataFrame | Iterator[pl.DataFrame],
    form: Format,
    envelope: Callable[[str], str],
    table: Callable[[], str],
    markdown: Callable[[], str],
) -> Iterator[bytes]:
    """Yield what :func:`rows` returns in parts, so that no more than one is ever held.

    Args:
        frame: a table, or one after the other what makes it up, each made when it is asked for.
        form: as there, like what follows.
        envelope: as there.
        table: as there.
        markdown: as there.
    """
    if form in (Format.MD, Format.TABLE):
        yield (markdown() if form is Format.MD else table()).encode()
    elif form is Format.JSON:
        before, after = (inert_json(part) for part in envelope(_NO_ROWS).rsplit(_NO_ROWS, 1))
        yield before.encode() + b"["
        yield from _between(b",", (json_rows(part, ",") for part in _frames(frame)))
        yield b"]" + after.encode() + b"\n"
    elif form is Format.JSONL:
        for part in _frames(frame):
            yield from json_rows(part, "\n")
            yield b"\n" if part.height else b""
    elif form is Format.CSV:
        for number, part in enumerate(_frames(frame)):
            yield b"" if number else _csv(part.clear()).encode()
            for rows in part.iter_slices(_CSV_ROWS_AT_ONCE):
                yield _csv(rows, header=False).encode()
    else:
        yield _parquet(frame)


def _frames(frame: pl.DataFrame | Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    import polars as pl

    return iter((frame,)) if isinstance(frame, pl.DataFrame) else frame


def _between(comma: bytes, lists: Iterable[Iterator[bytes]]) -> Iterator[bytes]:
    """Yield what lists hold, with a comma between those that hold anything."""
    some = False
    for parts in lists:
        for number, part in enumerate(parts):
            yield comma if some and not number else b""
            some = True
            yield part


def _parquet(frame: pl.DataFrame | Iterator[pl.DataFrame]) -> bytes:
    import io

    import polars as pl

    buffer = io.BytesIO()
    pl.concat(_frames(frame)).write_parquet(buffer)
    return buffer.getvalue()


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


def _csv(frame: pl.DataFrame, *, header: bool = True) -> str:
    """CSV whose text cells no spreadsheet takes for a formula; lists are joined by semicolons, and
    records are written as JSON."""
    import math

    import polars as pl
    import polars.selectors as cs

    from ncutool.base.untrusted import guard_cell

    frame = frame.with_columns(cs.float().replace([math.nan, math.inf, -math.inf], None))
    lists = cs.by_dtype(pl.List(pl.Int64), pl.List(pl.Float64), pl.List(pl.String))
    nested = cs.by_dtype(pl.List(pl.List(pl.Int64)))
    records = [
        pl.Series(name, [_records(cell) for cell in frame[name]], pl.String)
        for name, dtype in frame.schema.items()
        if _is_nested(dtype)
    ]
    frame = frame.with_columns(records)
    frame = frame.with_columns(_without_gaps(frame[name]) for name in _gappy(frame))
    inner = pl.element().cast(pl.List(pl.String)).list.join("×")
    flat = frame.with_columns(nested.list.eval(inner).list.join("; "))
    flat = flat.with_columns(lists.cast(pl.List(pl.String)).list.join("; "))
    texts = flat.select(cs.string()).get_columns()
    flat = flat.with_columns(_guarded(column) for column in texts)
    names = [guard_cell(name) for name in flat.columns]
    if len(set(names)) == len(names):
        flat.columns = names
    return flat.write_csv(include_header=header)


def _gappy(frame: pl.DataFrame) -> list[str]:
    """Return the columns of lists in which something is unknown, which joining would leave out."""
    import polars as pl

    return [
        name
        for name, kind in frame.schema.items()
        if isinstance(kind, pl.List)
        and not isinstance(kind.inner, pl.List)
        and frame[name].list.eval(pl.element().is_null()).list.any().any()
    ]


def _without_gaps(column: pl.Series) -> pl.Series:
    """Return lists as texts, with an empty one for what is unknown."""
    import polars as pl

    return column.list.eval(pl.element().cast(pl.String).fill_null(""))


def _records(cell: Any) -> str | None:
    """Return a record, or a list of them or of others, as JSON; None for none."""
    import json

    if cell is None or not len(cell):
        return None
    held = cell if isinstance(cell, dict) else list(cell)
    return json.dumps(held, ensure_ascii=False, default=_of_json)


def _of_json(value: Any) -> Any:
    """Return what JSON has for a list in a list, or a date in one."""
    return value.to_list() if hasattr(value, "to_list") else str(value)


def _is_nested(dtype: pl.DataType) -> bool:
    """Whether cells are records, or lists of what is neither text, number nor list of numbers."""
    import polars as pl

    inner = getattr(dtype, "inner", None)
    simple = (pl.Int64, pl.Float64, pl.String, pl.List(pl.Int64))
    return isinstance(dtype, pl.Struct) or (inner is not None and inner not in simple)


def _guarded(column: pl.Series) -> pl.Series:
    from ncutool.base.untrusted import guard_cell

    distinct = column.drop_nulls().unique()
    changed = {text: guard_cell(text) for text in distinct if guard_cell(text) != text}
    return column.replace(changed) if changed else column
