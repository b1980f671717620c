"""Damaged stretches of a list of events: where the next event begins, and what is lost."""

from __future__ import annotations

import re

from msgspec import Struct

_FIRST_KEY = re.compile(rb'\[?\s*\{\s*("[^"\\]{1,40}")\s*:')
_TIME = re.compile(rb'"(ts|dur)"\s*:\s*"?(-?\d{1,18}(?:\.\d{1,9})?)')
_LAUNCH = re.compile(rb'"cat"\s*:\s*"(?:[kK]ernel|\w*[mM]em(?:cpy|set))"')
_LIST_END = re.compile(rb"\}\s*\]")


def stretches(raw: bytes) -> list[tuple[int, int]]:
    """Return where events may begin and end: each runs up to where the next one begins.

    An event begins with the key that the first one begins with. Those bytes cannot lie inside a
    string, where quotes are escaped, so that a quote out of place spoils one stretch alone.
    """
    first = _FIRST_KEY.match(raw)
    key = re.escape(first[1]) if first else b'"'
    begins = [m.end() for m in re.finditer(rb"\}\s*,\s*(?=\{\s*" + key + rb")", raw)]
    starts = [1, *begins]
    return list(zip(starts, [*begins, len(raw) - 1], strict=True))


def list_ends(raw: bytes) -> list[int]:
    """Return indices just past brackets that may end the list of events, the likeliest first."""
    return [m.end() for m in _LIST_END.finditer(raw)][:-9:-1]


class Loss(Struct):
    """What could not be decoded."""

    stretches: int = 0
    size: int = 0
    """Bytes of text."""
    launches: int = 0
    """Kernels, copies and settings of memory that are named in the lost text."""
    first_us: float = float("inf")
    last_us: float = float("-inf")
    """First start and last end that are named in the lost text."""

    def __bool__(self) -> bool:
        return self.stretches > 0

    def add(self, text: bytes) -> None:
        """Count a stretch of lost text."""
        self.stretches += 1
        self.size += len(text)
        self.launches += len(_LAUNCH.findall(text))
        start = None
        for kind, digits in _TIME.findall(text):
            value = float(digits)
            if kind == b"ts":
                start = value
            moments = [value] if kind == b"ts" else [start + value] if start is not None else []
            self.first_us = min([self.first_us, *moments])
            self.last_us = max([self.last_us, *moments])

    @property
    def span_us(self) -> float | None:
        """From the first to the last moment named in the lost text; None where it names none."""
        return self.last_us - self.first_us if self.last_us >= self.first_us else None
