"""What is found in a text that ``ncu`` printed, as it stands there."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct, field

_SIZES = re.compile(r"\(?\s*(\d{1,12})\s*,\s*(\d{1,12})\s*,\s*(\d{1,12})\s*\)?")
_CAPABILITY = re.compile(r"\d{1,3}\.\d{1,3}")
_MAX_DIGITS = 18
UNNAMED = "(unnamed)"


class Value(NamedTuple):
    """One printed value."""

    section: str | None
    label: str
    unit: str
    text: str


class Rule(NamedTuple):
    """What a rule printed."""

    name: str
    section: str | None
    severity: str
    text: str
    kind: str | None
    speedup: str | None


class Launch(Struct):
    """What is printed of one launch."""

    name: str = UNNAMED
    grid: tuple[int, ...] | None = None
    block: tuple[int, ...] | None = None
    stream: int | None = None
    device: int | None = None
    capability: str | None = None
    process: str | None = None
    values: list[Value] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def same(self, other: Launch) -> bool:
        """Return whether what is known of both agrees."""
        mine = (self.name, self.grid, self.block, self.stream, self.device, self.capability)
        theirs = (other.name, other.grid, other.block, other.stream, other.device, other.capability)
        return all(
            a == b for a, b in zip(mine, theirs, strict=True) if a is not None and b is not None
        )


class Found(Struct):
    """Everything that was found in a text."""

    launches: list[Launch] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    """What ``ncu`` printed as errors and warnings."""
    tables: int = 0
    """Tables of comma-separated values."""
    summaries: int = 0
    """Tables that sum launches up (``--print-summary``), which tell of none."""
    long_lines: int = 0
    damaged: int = 0
    """Rows that cannot be taken apart."""
    cut: bool = False
    """The text ends within a row."""


def sizes(text: str | None) -> tuple[int, ...] | None:
    """Return the three sizes of a grid or a block; None where there are none."""
    match = _SIZES.fullmatch(text or "")
    return None if match is None else tuple(int(part) for part in match.groups())


def whole(text: str | None) -> int | None:
    """Return a whole number, None where it is none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


def capability(text: str | None) -> str | None:
    """Return a compute capability as ``9.0``; None where it is none."""
    text = (text or "").strip()
    return text if _CAPABILITY.fullmatch(text) else None
