"""Columns of an answer made such that every form can hold them: types and names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_HELD = frozenset(
    (
        *("boolean", "tinyint", "smallint", "integer", "bigint"),
        *("utinyint", "usmallint", "uinteger", "ubigint", "hugeint"),
        *("float", "double", "decimal", "varchar", "date", "null", '"null"'),
        *("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"),
    )
)
"""Types, by DuckDB's names, that polars, JSON, CSV and Parquet all have."""
_OF_OTHERS = ("list", "struct", "array")
_TIMES = ("date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns")
_WIDE = "hugeint"
"""DuckDB's 128-bit number, which it makes of sums of whole numbers."""
_SURE_DIGITS = 15
"""Decimal digits that a 64-bit number keeps, whichever they are (IEEE 754)."""
_DECIMAL_DIGITS = 38
"""Digits of the widest decimals of Arrow and Parquet."""
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""Of the years 1 and 9999, in days from 1970."""


def readable(relation: Any) -> Any:
    """Return an answer with its columns as text where a form could not hold them otherwise.

    Columns of one name, as a join has, are told apart by numbers. Whole numbers that 64 bits do
    not hold are text too, for :func:`plain`: as Arrow, those of more than 38 digits are wrong.

    Args:
        relation: DuckDB's.
    """
    names = unlike(relation.columns)
    columns = (
        f"{_column(place, kind)} AS {quoted(name)}"
        for place, (name, kind) in enumerate(zip(names, relation.types, strict=True), 1)
    )
    return relation.project(", ".join(columns)) if names else relation


def wide_numbers(relation: Any) -> tuple[str, ...]:
    """Return the columns of an answer, as :func:`readable` names them, of 128-bit numbers."""
    names = unlike(relation.columns)
    return tuple(name for name, kind in zip(names, relation.types, strict=True) if kind.id == _WIDE)


def _column(place: int, kind: Any) -> str:
    if kind.id == _WIDE or not is_held(kind):
        return f"CAST(#{place} AS VARCHAR)"
    if kind.id in _OF_OTHERS and (held := _held_type(kind)) != str(kind):
        return f"CAST(#{place} AS {held})"
    return f"#{place}"


def _held_type(kind: Any) -> str:
    """Return the type that holds exactly, in every form, what another does within lists."""
    children = dict(kind.children) if kind.id in _OF_OTHERS else {}
    if kind.id == "list":
        return f"{_held_type(children['child'])}[]"
    if kind.id == "array":
        return f"{_held_type(children['child'])}[]"
    if kind.id == "struct":
        return f"STRUCT({', '.join(f'{quoted(n)} {_held_type(c)}' for n, c in kind.children)})"
    return "VARCHAR" if kind.id in (_WIDE, "decimal", *_TIMES) else str(kind)


def plain(frame: pl.DataFrame, wide: Collection[str]) -> pl.DataFrame:
    """Return an answer with each number in a type that holds it exactly.

    Args:
        frame: what :func:`readable` gave.
        wide: its columns of 128-bit numbers, as text (:func:`wide_numbers`).

    Raises:
        UsageError: a date is one that the forms do not have, as infinity.
    """
    columns = []
    for column in frame:
        if column.name in wide:
            columns.append(_whole(column))
        elif column.dtype.is_decimal():
            columns.append(_fraction(column))
        else:
            _check_date(column)
            columns.append(column)
    return pl_frame(columns)


def pl_frame(columns: Sequence[pl.Series]) -> pl.DataFrame:
    """Return columns as a table."""
    import polars as pl

    return pl.DataFrame(columns)


def _whole(texts: pl.Series) -> pl.Series:
    """Return whole numbers in 64 bits where they fit, as sums of counts do, else in 128."""
    import polars as pl

    narrow: pl.Series = texts.cast(pl.Int64, strict=False)
    wide: pl.Series = texts.cast(pl.Int128)
    return narrow if narrow.null_count() == texts.null_count() else wide


def _fraction(column: pl.Series) -> pl.Series:
    """Return decimals as 64-bit numbers where each is what such a number is written as.

    Sixteen digits and more may not be; then all stay decimals.
    """
    import polars as pl

    if _scale(column) == 0:
        whole: pl.Series = column.cast(pl.Int64, strict=False)
        wide: pl.Series = column.cast(pl.Int128)
        return whole if whole.null_count() == column.null_count() else wide
    numbers: pl.Series = column.cast(pl.String).cast(pl.Float64)
    if column.dtype.precision <= _SURE_DIGITS:  # type: ignore[attr-defined]  # a decimal has it
        return numbers
    pairs = zip(column.drop_nulls(), numbers.drop_nulls(), strict=True)
    return numbers if all(Decimal(repr(number)) == one for one, number in pairs) else column


def _scale(column: pl.Series) -> int:
    return int(getattr(column.dtype, "scale", 0))


def _check_date(column: pl.Series) -> None:
    """Refuse dates that the forms would show as others: infinite ones, years of five digits.

    Raises:
        UsageError: there is one.
    """
    import polars as pl

    if not column.dtype.is_temporal() or column.is_empty():
        return
    units = {"ns": 10**9, "us": 10**6, "ms": 10**3}
    a_day = 86_400 * units[column.dtype.time_unit] if column.dtype != pl.Date else 1  # type: ignore[attr-defined]  # a time has it
    days = column.to_physical().cast(pl.Int64) // a_day
    if not days.is_between(_FIRST_DAY, _LAST_DAY).fill_null(value=True).all():
        raise UsageError(
            f"column {column.name} holds dates that are infinite or beyond the years 1 to 9999, "
            f"which not every form has: CAST({quoted(column.name)} AS VARCHAR) gives them as text"
        )


def for_parquet(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose 128-bit numbers are decimals, since Parquet has no such integers.

    Raises:
        UsageError: one has more than the 38 digits that decimals have.
    """
    import polars as pl

    columns = []
    for column in frame:
        if column.dtype == pl.Int128:
            most = 10**_DECIMAL_DIGITS
            if not column.is_between(-most + 1, most - 1).fill_null(value=True).all():
                raise UsageError(
                    f"column {column.name} holds whole numbers of more than {_DECIMAL_DIGITS} "
                    "digits, for which Parquet has no type: "
                    f"CAST({quoted(column.name)} AS VARCHAR) keeps them as text"
                )
            column = column.cast(pl.String).cast(pl.Decimal(_DECIMAL_DIGITS, 0))
        columns.append(column)
    return pl_frame(columns)


def for_reading(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table for a terminal or Markdown, with what Python would round as text."""
    import polars as pl

    rounded = [
        pl.col(name).dt.to_string()
        if kind.is_temporal()
        else pl.Series(name, _written(frame[name]))
        for name, kind in frame.schema.items()
        if kind.is_temporal() or kind.is_decimal()
    ]
    return frame.with_columns(rounded)


def _written(column: pl.Series) -> list[str | None]:
    return [None if one is None else f"{one:f}" for one in column]


def is_held(kind: Any) -> bool:
    """Whether every form has a type of DuckDB."""
    if kind.id not in _OF_OTHERS:
        return kind.id in _HELD
    return all(is_held(child) for name, child in kind.children if name != "size")


def unlike(names: Sequence[str]) -> list[str]:
    """Return names of columns of which no two are alike: a join has one of each table."""
    taken = set(names)
    given: set[str] = set()
    found = []
    for name in names:
        shown, number = name, 0
        while shown in given or (number and shown in taken):
            number += 1
            shown = f"{name}_{number}"
        given.add(shown)
        found.append(shown)
    return found


def quoted(column: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + column.replace('"', '""') + '"'
