"""What a file says, bounded once where it enters: texts that hide nothing, numbers that can be.

Whoever wrote a capture chose every name and number in it. A text keeps its letters; what controls,
hides or reorders them is shown as U+FFFD, and a longer text than any compiler writes is cut. A
number that cannot be what it stands for becomes unknown. Both are counted for a notice.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, field

from ncutool_parsers.capture import Notice
from ncutool_parsers.counting import counted
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.visible_text import MARK, visible

LARGEST_ID = (1 << 63) - 1
"""Ids are kept in 64 bits, with a sign."""
LARGEST_BYTES = 1 << 50
"""A pebibyte: no memory, copy or message of one process is larger."""
LARGEST_COUNT = 1 << 31
"""Of multiprocessors, ranks, registers: no machine has more."""
LARGEST_GRID = (1 << 32, 1 << 53)
"""Of blocks in one direction (AMD's limit, the largest), and in all (what a double counts)."""
LARGEST_BLOCK = (1 << 16, 1 << 20)
"""Threads of a block in one direction and in all; devices stop at 1,024."""

LARGEST_VERSION = 999
"""Of a compute capability's parts."""
MOST_MULTIPROCESSORS = 1 << 16
LARGEST_COUNTER = 1e24
"""A zetta-operation a second for a quarter of an hour."""
SMALLEST_COUNTER = 1e-18
"""But for 0: 1 of the largest count there is. What is smaller is no measurement."""
LONGEST_NS = 10**15
"""Of one launch: eleven days."""
LONGEST_DEVICE = 200
"""Characters of a device's name."""
LONGEST_OPERATOR = 1_000
"""Characters of an operator's name, which stands in sentences; real ones have a hundred."""


def cut(text: str, limit: int) -> str:
    """Return a text of at most about ``limit`` characters, of which the end tells what was cut.

    Texts that differ still differ when they are cut.
    """
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{text[:limit]}… ({len(text):,} characters, {digest})"


def number_in(value: object, largest: int, least: int = 0) -> int | None:
    """Return a whole number from ``least`` to ``largest``, None for anything else.

    A float counts where it is whole; a text of at most 19 digits counts too.
    """
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and value.isascii() and len(value) < 20 else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None  # False for inf and NaN
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if least <= value <= largest else None


def is_counter(value: float) -> bool:
    """Return whether a counter, a rate or a share can have this value; none is negative."""
    return value == 0 or SMALLEST_COUNTER <= value <= LARGEST_COUNTER


def decoded(raw: bytes) -> object:
    """Return what a JSON text stands for, None where it stands for nothing that can be held."""
    if not raw:
        return None
    text = raw.decode("utf-8", "replace")
    try:
        return json.loads(text, strict=False, parse_int=_whole)
    except (ValueError, RecursionError):
        return None


class Edge(Struct):
    """The limits of one reading, and what was bounded by them."""

    max_name: int = ReadOptions.max_name
    max_values: int = ReadOptions.max_values
    max_nesting: int = ReadOptions.max_nesting
    numbers: int = 0
    """Numbers that became unknown."""
    lists: int = 0
    """Recorded arguments that were left out for their size."""
    nested: int = 0
    """Recorded arguments that were left out for their depth."""
    total_ns: int = 0
    """Of the durations so far."""
    _texts: dict[str, str] = field(default_factory=dict)
    """Each text that was changed, and what it became."""

    @classmethod
    def of(cls, options: ReadOptions) -> Edge:
        """Return the edge with the limits of a reading."""
        return cls(options.max_name, options.max_values, options.max_nesting)

    def text(self, text: str, limit: int | None = None) -> str:
        """Return a text as it may be held and shown, of at most ``limit`` characters."""
        limit = self.max_name if limit is None else min(limit, self.max_name)
        if len(text) <= limit and text.isascii() and text.isprintable():
            return text
        if (known := self._texts.get(text)) is not None:
            return known
        shown = cut(visible(text), limit)
        if shown != text or MARK in text:
            self._texts[text] = shown
        return shown

    def name(self, raw: bytes, limit: int | None = None) -> str:
        """Return the text that a JSON text stands for, as it may be held and shown."""
        if raw.startswith(b'"') and b"\\" not in raw:
            return self.text(raw[1:-1].decode("utf-8", "replace"), limit)
        value = decoded(raw)
        text = value if isinstance(value, str) else raw.decode("utf-8", "replace")
        return self.text(text, limit)

    def recorded(self, raw: bytes) -> bytes:
        """Return the JSON text of a recorded argument, nothing of one past the limits."""
        if raw.count(b",") > self.max_values or len(raw) > 64 * self.max_values:
            self.lists += 1
            return b""
        if raw.count(b"[") + raw.count(b"{") > self.max_nesting and _depth(raw) > self.max_nesting:
            self.nested += 1
            return b""
        return self._unescaped(raw) if b"\\" in raw else raw

    def _unescaped(self, raw: bytes) -> bytes:
        """Return a JSON text whose texts hide nothing behind escapes either."""
        return msgspec.json.encode(_mapped(decoded(raw), self.text))

    def number(self, value: object, largest: int, least: int = 0) -> int | None:
        """Return a number that is within its bounds; another one is unknown, and counted."""
        known = number_in(value, largest, least)
        self.numbers += known is None and value is not None
        return known

    def duration(self, value: float | None) -> int | None:
        """Return the duration (ns) of a launch; unknown where it, or the sum of all, cannot be."""
        known = self.number(None if value is None else round(value), LONGEST_NS)
        if known is not None and self.total_ns + known > LARGEST_ID // 2:
            self.numbers += 1
            return None
        self.total_ns += known or 0
        return known

    def rows(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Return the rows whose whole numbers all fit 64 bits, with their texts made visible."""
        fitting = [
            row
            for row in rows
            if all(not isinstance(cell, int) or 0 <= cell <= LARGEST_ID for cell in row)
        ]
        self.numbers += len(rows) - len(fitting)
        return [
            tuple(self.text(cell) if isinstance(cell, str) else cell for cell in row)
            for row in fitting
        ]

    def notices(self) -> list[Notice]:
        """Return what was bounded, a sentence a kind."""
        marked = sum(MARK in shown for shown in self._texts.values())
        long = sum(len(shown) < len(text) for text, shown in self._texts.items())
        said = [
            (
                marked,
                "bad_names",
                f"{counted(marked, 'name', 'hold')} bytes that are not UTF-8, or characters that "
                f"hide, reorder or control others: shown as {MARK}.",
            ),
            (
                long,
                "long_names",
                f"{counted(long, 'name', 'are')} longer than {self.max_name:,} characters (of "
                f"operators {min(self.max_name, LONGEST_OPERATOR):,}): cut (--max-name).",
            ),
            (
                self.lists,
                "long_arguments",
                f"{counted(self.lists, 'recorded argument', 'hold')} more than {self.max_values:,} "
                "values: left out (--max-values), so that their operators are without shapes.",
            ),
            (
                self.nested,
                "nested_arguments",
                f"{counted(self.nested, 'recorded argument', 'are')} nested deeper than "
                f"{self.max_nesting}: left out (--max-nesting), so that their operators are "
                "without shapes.",
            ),
            (
                self.numbers,
                "bad_numbers",
                f"{counted(self.numbers, 'number')} in the file cannot be right (an id beyond 64 "
                "bits, a negative count, a size that nothing has): taken as not recorded.",
            ),
        ]
        return [Notice(code, sentence) for count, code, sentence in said if count]


def _whole(digits: str) -> int | float:
    """Return a whole number, NaN for one so long that it can be no id, count or size."""
    return int(digits) if len(digits) < 40 else math.nan


def _mapped(value: object, rename: Callable[[str], str]) -> object:
    """Return a JSON value whose texts went through ``rename``; numbers of no value are null."""
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, list):
        return [_mapped(item, rename) for item in value]
    if isinstance(value, dict):
        return {rename(key): _mapped(item, rename) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _depth(raw: bytes) -> int:
    """Return how deep brackets and braces lie in one another; those inside texts count too."""
    deepest = depth = 0
    for byte in raw:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
