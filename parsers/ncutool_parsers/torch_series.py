"""Numbers of keys -> polars columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from ncutool_parsers.intervals import Codes, Ints


def one_line(raw: bytes) -> str | None:
    """Return a JSON text on one line, None for an empty one."""
    if not raw:
        return None
    return msgspec.json.format(raw, indent=0).decode("utf-8", "replace")


def ints(values: Ints | Codes) -> pl.Series:
    """Return integers as a polars series with null for -1."""
    series = pl.Series(values)
    return series.set(series < 0, None) if (values < 0).any() else series


def take(values: pl.Series, rows: Ints | Codes) -> pl.Series:
    """Return ``values`` at each row, null at -1."""
    return values.gather(ints(rows))


def spread(values: Sequence[Any], dtype: pl.DataType, rows: pl.Series) -> pl.Series | pl.Expr:
    """Return ``values`` at each row; where all are the same, a literal, which takes no memory."""
    if len(set(values)) == 1:
        return pl.lit(values[0], dtype)
    return pl.Series(values, dtype=dtype).gather(rows)


def column(values: pl.Series) -> pl.Series | pl.Expr:
    """Return a column; where all its values are the same, a literal, which takes no memory."""
    first = values[0] if len(values) else None
    if values.null_count() == (0 if first is not None else len(values)) and (
        first is None or (values == first).all()
    ):
        return pl.lit(first, values.dtype)
    return values


def rows_of(codes: Ints | Codes) -> pl.Series:
    """Return numbers of keys in the type that polars gathers by."""
    return pl.Series(codes.astype(np.uint32))
