"""Whole numbers as short text that JSON in HTML need not escape; timeline_data.js reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BASE = 44
_ENDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqr"
"""Digits that end a number; the script holds the same."""
_GOES_ON = "stuvwxyz0123456789!#$%()*+,-./:;=?@[]^_`{|}~"
"""Digits that are followed by another of the same number, the lowest first."""


def pack(values: Iterable[int]) -> str:
    """Return numbers from 0 up as text: one character below 44, two below 1,936, and so on."""
    parts: list[str] = []
    for value in values:
        while value >= BASE:
            value, digit = divmod(value, BASE)
            parts.append(_GOES_ON[digit])
        parts.append(_ENDS[value])
    return "".join(parts)
