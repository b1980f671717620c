"""Columns of an answer made such that every form can hold them: types and names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


def readable(relation: Any) -> Any:
    """Return an answer with its columns as text where a form could not hold them otherwise.

    Columns of one name, as a join has, are told apart by numbers.

    Args:
        relation: DuckDB's.
    """
    names = unlike(relation.columns)
    held = [is_held(one) for one in relation.types]
    if all(held) and names == list(relation.columns):
        return relation
    columns = (
        f"{f'#{place}' if plain else f'CAST(#{place} AS VARCHAR)'} AS {quoted(name)}"
        for place, (name, plain) in enumerate(zip(names, held, strict=True), 1)
    )
    return relation.project(", ".join(columns))


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
