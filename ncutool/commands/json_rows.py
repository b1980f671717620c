"""Rows as JSON text, a part at a time: what polars writes of them, for less time and memory.

Most of a kernels table's text says the same over and over: columns that hold one value throughout,
names, shapes and figures that launches of a kind have in common. So the text of a value that
stands in many rows is made once, and a row is put together from such pieces.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msgspec import Struct

from ncutool.base.untrusted import ESCAPED_IN_JSON, inert_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

ROWS_AT_ONCE = 1_000
"""Rows whose text is made and written before the next are: about 2 MB."""
_REPEATED = 10
"""So many rows at least share each text that is kept, so that those kept are few."""


def json_rows(frame: pl.DataFrame, between: str) -> Iterator[bytes]:
    """Yield the rows of a table as JSON objects, a part at a time.

    They are those of ``write_json``, made inert (:func:`ncutool.base.untrusted.inert_json`).

    Args:
        frame: the table.
        between: what stands between two rows: a comma, or the end of a line.
    """
    if frame.height <= ROWS_AT_ONCE:  # pieces would cost more than they save
        lines = inert_json(frame.write_ndjson()).removesuffix("\n")
        if lines:
            yield lines.replace("\n", between).encode()  # no text in JSON holds an end of line
        return
    pieces = _pieces(frame)
    for number, part in enumerate(pieces.held.iter_slices(ROWS_AT_ONCE)):
        if number:
            yield between.encode()
        yield _text(pieces, part, between)


class _Pieces(Struct, frozen=True):
    """What rows are put together from."""

    held: pl.DataFrame
    """The columns that vary, by their places: numbers in a list of texts, or else the values."""
    row: pl.Expr
    """The text of a row of `held`."""
    hides: pl.Expr
    """Whether it holds what a terminal obeys; asked of texts alone that are in no list."""


def _text(pieces: _Pieces, part: pl.DataFrame, between: str) -> bytes:
    import polars as pl

    joined = pieces.row.str.join(between).cast(pl.Binary)  # as text, Python would decode it
    text, hides = part.select(text=joined, hides=pieces.hides).row(0)
    return inert_json(text.decode()).encode() if hides else text


def _pieces(frame: pl.DataFrame) -> _Pieces:
    """Return how the rows of a table are put together."""
    import polars as pl

    names, values = frame.columns, frame.clone()
    values.columns = [str(place) for place in range(frame.width)]  # no name means another
    counts = _counts(values)
    texts, numbers = _listed(values, counts)
    row: list[pl.Expr] = []
    hides: list[pl.Expr] = [pl.lit(value=False)]
    glue = "{"
    for column, name in zip(values.columns, names, strict=True):
        glue += inert_json(json.dumps(name, ensure_ascii=False)) + ":"
        listed = texts.get(column)
        if listed is not None and column not in numbers.columns:
            glue += f"{listed[0]},"
            continue
        value = _value(column) if listed is None else pl.lit(listed).gather(pl.col(column))
        if listed is None and not values.schema[column].is_numeric():
            hides.append(value.str.contains(ESCAPED_IN_JSON).any())
        row += [pl.lit(glue), value]
        glue = ","
    row.append(pl.lit(glue.removesuffix(",") + "}"))
    plain = values.select(column for column in values.columns if column not in texts)
    held = pl.concat((numbers, plain), how="horizontal")
    return _Pieces(held, pl.concat_str(row), pl.any_horizontal(hides))


def _counts(values: pl.DataFrame) -> dict[str, int]:
    """Return how many distinct values there are of each column that is compared exactly."""
    import polars as pl

    zero = {name: pl.col(name) == 0 for name, kind in values.schema.items() if kind == pl.Float64}
    # Minus zero equals zero, and is written otherwise.
    signed = values.select((zero[name] & (1 / pl.col(name) < 0)).any() for name in zero)
    compared = [
        name
        for name, kind in values.schema.items()
        if kind.is_integer() or kind in (pl.String, pl.Boolean)
    ] + [name for name in zero if not signed[name].item()]
    counts = values.select(pl.col(name).n_unique() for name in compared)
    return dict(zip(compared, counts.row(0), strict=True)) if compared else {}


def _listed(
    values: pl.DataFrame, counts: dict[str, int]
) -> tuple[dict[str, pl.Series], pl.DataFrame]:
    """Return the texts of columns with few distinct values, and the number of each row's text.

    Of a column with one text throughout no numbers are returned, but for the first of all: the
    table keeps its rows by it.
    """
    import polars as pl

    few = [name for name, count in counts.items() if count * _REPEATED <= values.height]
    distinct = values.select(pl.col(name).unique().implode() for name in few)
    texts, numbered = {}, []
    for name in few:
        held = distinct[name].item()
        texts[name] = held.alias(name).to_frame().select(_value(name)).to_series()
        if held.dtype == pl.String:
            texts[name] = pl.Series([inert_json(text) for text in texts[name]])
        if held.len() > 1 or name == values.columns[0]:
            numbers = pl.Series(range(held.len()), dtype=pl.UInt32)
            number = pl.col(name).replace_strict(held, numbers, return_dtype=pl.UInt32)
            numbered.append(number)
    return texts, values.select(numbered)


def _value(column: str) -> pl.Expr:
    """Return the JSON text of a column's values: of `{"7":1.5}` what is between."""
    import polars as pl

    written = pl.struct(column).struct.json_encode()
    return written.str.strip_prefix(f'{{"{column}":').str.strip_suffix("}")
