r"""A filter of rows that needs no SQL: ``duration_ns>1e6``, ``bound=memory``, ``kernel~gemm``.

The grammar, whole::

    condition := column operator value
    column    := a name of letters, digits and _; `captures.` may stand before it
    operator  := =  !=  <  <=  >  >=  ~  !~
    value     := all that follows, without spaces around it; '...' or "..." takes it literally

Texts are compared as they are written; ``~`` searches a text by a regular expression, whatever
its case. ``null`` stands for what is not known: ``flop=null`` and ``flop!=null`` find the rows
without and with it, and no other condition holds for a row where it is not known. Of a column
that holds a list, one element must satisfy the condition (for ``!=`` and ``!~`` none may).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ncutool_parsers.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

_CONDITION = re.compile(r"\s*((?:captures\.)?[A-Za-z_]\w*)\s*(!=|<=|>=|!~|=|<|>|~)(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT = {"!=": "=", "!~": "~"}
_SHOWN = 12
"""Columns that an error lists."""
SHOWN_VALUES = 5
"""Values that are listed where a condition holds for no row."""


@dataclass(frozen=True)
class Condition:
    """One condition, as it was written."""

    column: str
    operator: str
    value: str | None
    """The text of the value; None is ``null``."""
    text: str
    """The whole condition, for errors."""


def parse(text: str) -> Condition:
    """Return the condition that a text writes.

    Raises:
        UsageError: it writes none.
    """
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--where {text!r}: it is COLUMN OPERATOR VALUE, such as duration_ns>1e6, bound=memory "
            "or kernel~gemm"
        )
    column, operator, value = found[1], found[2], found[3].strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return Condition(column, operator, value[1:-1], text)
    if value == "null" and operator not in ("=", "!="):
        raise UsageError(f"--where {text!r}: null is compared by = or != alone")
    return Condition(column, operator, None if value == "null" else value, text)


def expression(condition: Condition, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """Return what is true of the rows that satisfy a condition.

    Args:
        condition: its column is in ``schema``.
        schema: columns of the table with their types.

    Raises:
        UsageError: the value does not fit the type of the column.
    """
    import polars as pl

    kind = schema[condition.column]
    column = pl.col(condition.column)
    negated = condition.operator in _NOT
    if condition.value is None:
        return column.is_not_null() if negated else column.is_null()
    if isinstance(kind, pl.List):
        if isinstance(kind.inner, pl.List):
            raise _unfit(condition, "lists of lists are not compared")
        held = _compared(pl.element(), kind.inner, condition)
        any_ = column.list.eval(held.fill_null(False)).list.any()
        return column.is_not_null() & (~any_ if negated else any_)
    holds = _compared(column, kind, condition)
    return (~holds if negated else holds).fill_null(False)


def fits(condition: Condition, kind: pl.DataType) -> bool:
    """Return whether a condition can be asked of a column of a type."""
    try:
        expression(condition, {condition.column: kind})
    except UsageError:
        return False
    return True


def unknown_column(option: str, column: str, known: list[str]) -> UsageError:
    """Return the error of a column that is not there, which names those that are."""
    near = get_close_matches(column, known, n=1)
    if near:
        return UsageError(f"{option}: no column {column!r}; did you mean {near[0]!r}?")
    more = ", …" if len(known) > _SHOWN else ""
    listed = ", ".join(known[:_SHOWN])
    return UsageError(f"{option}: no column {column!r}; there are {listed}{more}")


def _compared(column: pl.Expr, kind: Any, condition: Condition) -> pl.Expr:
    """Return the comparison, with ``!=`` and ``!~`` as what they deny; null stays null."""
    import polars as pl

    operator, value = _NOT.get(condition.operator, condition.operator), condition.value or ""
    if operator == "~":
        if kind != pl.String():
            raise _unfit(condition, "~ searches texts alone")
        return column.str.contains(_pattern(condition))
    typed: Any = value
    if kind == pl.Boolean():
        if value.lower() not in ("true", "false") or operator != "=":
            raise _unfit(condition, "the column is true or false")
        typed = value.lower() == "true"
    elif kind.is_numeric():
        typed = _number(condition, value)
    literal = pl.lit(typed)
    if operator == "=":
        return column == literal
    if operator == "<":
        return column < literal
    if operator == "<=":
        return column <= literal
    if operator == ">":
        return column > literal
    return column >= literal


def _number(condition: Condition, value: str) -> int | float:
    """Return a number exactly: as a whole one where it is, whatever size that has."""
    if _NUMBER.fullmatch(value) is None or not math.isfinite(number := float(value)):
        raise _unfit(condition, "the column holds numbers")
    whole = int(value) if value.lstrip("+-").isdecimal() else None
    if whole is None and number.is_integer():
        whole = int(number)
    return number if whole is None or abs(whole) >= 2**63 else whole


def _pattern(condition: Condition) -> str:
    import polars as pl

    pattern = f"(?i){condition.value}"
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        raise _unfit(condition, "it is no valid regular expression") from None
    return pattern


def _unfit(condition: Condition, why: str) -> UsageError:
    return UsageError(f"--where {condition.text!r}: {why}")
