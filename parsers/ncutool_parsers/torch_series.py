"""Numbers of keys -> polars columns, and the JSON texts that keys are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from ncutool_parsers.intervals import Codes, Ints


def text(raw: bytes) -> str:
    """The string that a JSON text stands for."""
    if raw.startswith(b'"') and b"\\" not in raw:
        return raw[1:-1].decode("utf-8", "replace")
    if not raw:
        return ""
    value = msgspec.json.decode(raw.decode("utf-8", "replace"))
    return value if isinstance(value, str) else str(value)


def one_line(raw: bytes) -> str | None:
    """JSON text on one line, None for none."""
    if not raw:
        return None
    return msgspec.json.format(raw, indent=0).decode("utf-8", "replace")


def ints(values: Ints | Codes) -> pl.Series:
    """Integers with -1 as null."""
    series = pl.Series(values)
    return series.set(series < 0, None) if (values < 0).any() else series


def take(values: pl.Series, rows: Ints | Codes) -> pl.Series:
    """``values`` at each row, null at -1."""
    return values.gather(ints(rows))


def spread(values: Sequence[Any], dtype: pl.DataType, rows: pl.Series) -> pl.Series | pl.Expr:
    """``values`` at each row; where all are the same, a literal, which takes no memory."""
    if len(set(values)) == 1:
        return pl.lit(values[0], dtype)
    return pl.Series(values, dtype=dtype).gather(rows)


def rows_of(codes: Ints | Codes) -> pl.Series:
    """Numbers of keys as polars wants rows."""
    return pl.Series(codes.astype(np.uint32))
