"""Columns of texts and numbers in as few characters as they take; groups.js unpacks them."""

from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING, Any

from ncutool.base.untrusted import shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl


class Texts:
    """Texts of several columns, each held once: a kernel is often its own row's name."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    @property
    def of(self) -> list[str]:
        """The texts, by their place."""
        return list(self._places)

    def column(self, values: Iterable[str | None], limit: int) -> list[int]:
        """Return the place of each value, printable and short; -1 for none."""
        return [self.place(shorten(value, limit)) if value else -1 for value in values]

    def place(self, text: str) -> int:
        """Return where ``text`` is held as it is."""
        return self._places.setdefault(text, len(self._places))


_DIGITS = string.ascii_letters + string.digits + "-_"
"""One character for each of so few values; groups.js has the same."""


def places(column: list[int]) -> Any:
    """Return a column of places of texts: -1 for none, also where a list ends before its rows.

    A number where all are the same; ``{"of": places, "s": characters}``, one for each row, where
    few differ; else the list.
    """
    distinct = sorted(set(column))
    if len(distinct) == 1:
        return distinct[0]
    if len(distinct) <= len(_DIGITS):
        return {"of": distinct, "s": _characters(column, distinct)}
    end = max(row for row, place in enumerate(column) if place >= 0) + 1
    return column[:end]


def _characters(values: Sequence[Any], distinct: list[Any]) -> str:
    digits = dict(zip(distinct, _DIGITS, strict=False))
    return "".join(digits[value] for value in values)


def numbers(column: pl.Series) -> Any:
    """Return a column of numbers, the others to four digits.

    A list; or ``{"of": values, "s": characters}`` where few values repeat, ``{"of": values, "at":
    places}`` where more do; or ``{"e": exponent, "v": list}`` where they are large or small: each
    value is ``v * 10 ** e``. A list that ends before its rows is not known from there.
    """
    if column.dtype.is_integer():
        values: list[Any] = column.to_list()
    else:
        values = column.fill_nan(None).round_sig_figs(4).to_list()
    distinct = sorted({value for value in values if value is not None})
    while values and values[-1] is None:
        values.pop()
    if len(distinct) * 8 < len(values):
        if len(distinct) < len(_DIGITS):
            return {"of": [*distinct, None], "s": _characters(values, [*distinct, None])}
        at = {value: place for place, value in enumerate(distinct)}
        return {"of": distinct, "at": [at.get(value, -1) for value in values]}
    largest = max((abs(value) for value in distinct), default=0)
    if column.dtype.is_integer() or largest == 0 or 1e-3 < largest < 1e5:
        return values
    exponent = 3 * (math.floor(math.log10(largest) / 3) - 1)
    return {"e": exponent, "v": [_brief(value, exponent) for value in values]}


def _brief(value: float | None, exponent: int) -> float | int | None:
    if value is None:
        return None
    brief = float(f"{value / 10.0**exponent:.4g}")
    return int(brief) if brief.is_integer() else brief
