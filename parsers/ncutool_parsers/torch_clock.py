"""Times that a double cannot hold: absolute microseconds with decimals, read from their text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

import msgspec

from ncutool_parsers.torch_events import NOTHING, Event, Untimed

_EXACT_BELOW = 8e12
"""Microseconds (93 days) up to which a double keeps nanoseconds apart."""


_TIME = re.compile(rb'"ts"\s*:\s*-?\d+(\.\d)?')
_TELLING = 16
"""So many times at the start of a piece are looked at."""
_LATEST = 9e15
"""No usable time is later; see :mod:`ncutool_parsers.torch_rows`."""


class _Start(msgspec.Struct, gc=False):
    """An event of which only the text of its start is decoded."""

    ts: msgspec.Raw = NOTHING


class Clock:
    """Where the times of a trace count from.

    Times since the machine's start, or in whole microseconds, are doubles as they stand. Others
    are read again as decimals, and from there on all count from a base near the first of them.
    """

    def __init__(self) -> None:
        self.base_us = 0
        """Whole microsecond of the trace's own clock that its times count from."""
        self._decode = msgspec.json.Decoder(list[_Start]).decode

    def needs_text(self, piece: memoryview, events: list[Event]) -> bool:
        """Whether times of these events lost digits when they became doubles.

        A program writes all times with decimals or none, so that the first ones tell; one that
        does not is found where a double kept part of its decimals.
        """
        if self.base_us:
            return True
        if not any(abs(start) > _EXACT_BELOW for start in _some_starts(events)):
            return False
        first = islice(_TIME.finditer(piece), _TELLING)
        return any(match[1] for match in first) or any(start % 1 > 0 for start in _starts(events))

    def settle(self, starts: Iterable[object]) -> None:
        """Choose the base by the first time that needs one, unless there is one."""
        if self.base_us:
            return
        for start in starts:
            if isinstance(start, Decimal) and _EXACT_BELOW < abs(start) < _LATEST and start % 1:
                self.base_us = int(start)
                return

    def read_again(self, piece: memoryview, events: list[Event]) -> None:
        """Take the starts of the events from the text of their piece."""
        timed = [
            (event, start)
            for event, read in zip(events, self._decode(piece), strict=True)
            # of an event without a time, whatever stands there was never taken for a number
            if not isinstance(event, Untimed) and (start := _decimal(bytes(read.ts))) is not None
        ]
        self.settle(start for _, start in timed)
        for event, start in timed:
            event.ts = self.from_base(start)

    def from_base(self, start: Decimal | float) -> float:
        """Return a time of the trace's clock in microseconds from the base."""
        return float(start - self.base_us)


def _starts(events: Iterable[Event]) -> Iterator[float]:
    """Yield the start of each event that has one."""
    return (event.ts for event in events if not isinstance(event, Untimed))


def _some_starts(events: list[Event]) -> Iterator[float]:
    """Yield the first start, one from the middle and the last one."""
    for some in (events, islice(events, len(events) // 2, None), reversed(events)):
        yield from islice(_starts(some), 1)


def _decimal(text: bytes) -> Decimal | None:
    """Return the number that a JSON text is, None for null or nothing."""
    return Decimal(text.decode()) if text and text != b"null" else None
