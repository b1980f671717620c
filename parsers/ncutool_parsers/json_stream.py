"""A trace file cut into pieces of whole events, without ever holding the document.

The bytes are read into one reused buffer. It is cut where an event ends: at the last comma
before ``{ "ph"``. Those bytes cannot lie inside a JSON string, where a quote is escaped, so no
string need be scanned. Where no such place is found (another key order, the end of the file) a
scan of the structure finds one, slower but for any JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from ncutool_parsers.json_members import read_members
from ncutool_parsers.json_resync import list_ends

CHUNK_BYTES = 256 * 1024
STRUCTURAL_AFTER = 1024 * 1024
"""So many bytes without a cut are searched by structure instead."""
_MARGIN = 4096
"""Bytes searched again when more have come: longer than any gap between a comma and ``"ph"``."""
_HEAD_LIMIT = 64 * 1024 * 1024
"""A document whose list of events has not begun by then is not a trace."""

LONGEST_EVENT = 16 * 1024 * 1024
"""Bytes of one event; the longest in real traces have some thousands."""

_SPACE = b" \t\r\n"
_EVENTS_KEY = re.compile(rb'"traceEvents"\s*:\s*\[')
_FIRST_KEY = re.compile(rb'\{\s*("(?:args|cat|dur|pid|tid|ts)")\s*:')
"""Keys that no object nested in an event begins with, unlike "name" or "id"."""
_TEXT_MEMBER = re.compile(rb'"(?:args|cat|dur|pid|tid|ts)"|"[a-z]+"\s*:\s*"')
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\],]', re.DOTALL)


class Source(Protocol):
    """What the cutter reads from."""

    def readinto(self, view: memoryview, /) -> int:
        """Fill the start of ``view``; 0 at the end."""


class TooLongError(Exception):
    """One event is longer than any profiler writes: reading on would only fill the memory."""


class NotATraceError(Exception):
    """The bytes are no JSON object with ``traceEvents`` and no JSON array."""


def last_boundary(buffer: bytearray, low: int, high: int, key: bytes = b'"ph"') -> int:
    """Return the index of the comma before the last event of ``buffer[low:high]`` whose first key
    is ``key``; -1 where there is none."""
    position = high
    while (position := buffer.rfind(key, low, position)) >= 0:
        brace = _skip_space_back(buffer, position - 1, low)
        if brace > low and buffer[brace] == 0x7B:
            comma = _skip_space_back(buffer, brace - 1, low)
            if comma >= low and buffer[comma] == 0x2C and _is_text(buffer, position, high):
                return comma
    return -1


def _is_text(buffer: bytearray, key: int, high: int) -> bool:
    """Whether the value of the key at an index is a text, as an event's first member is.

    Numbers come first in what other programs put inside an event's arguments.
    """
    return _TEXT_MEMBER.match(buffer, key, high) is not None


def _skip_space_back(buffer: bytearray, index: int, low: int) -> int:
    while index >= low and buffer[index] in _SPACE:
        index -= 1
    return index


class Layout:
    """Where whole events end in a run of bytes, found by structure."""

    def __init__(self, buffer: bytes | bytearray, low: int, high: int) -> None:
        self.last_end = -1
        """Just past the last whole event; -1 where there is none."""
        self.closed_at = -1
        """Index of the bracket that closes the list of events; -1 where it is not here."""
        self.spans: list[tuple[int, int]] = []
        """Start and end of each whole event."""
        self.open = False
        """The bytes end inside an event, and not inside a string."""
        self.broken = False
        """A brace closes what no brace opened."""
        depth, start = 0, low
        for match in _TOKEN.finditer(buffer, low, high):
            token = buffer[match.start()]
            if token == 0x22:
                if match.end() - match.start() == 1:
                    return  # a string that does not end here: nothing after it can be trusted
            elif token in b"{[":
                if depth == 0:
                    start = match.start()
                depth += 1
            elif token in b"}]":
                depth -= 1
                if depth < 0:
                    self.broken = token == 0x7D
                    self.closed_at = -1 if self.broken else match.start()
                    return
                if depth == 0:
                    self.last_end = match.end()
                    self.spans.append((start, match.end()))
        self.open = depth > 0


class EventStream:
    """Cuts a source into pieces, each a JSON array of whole events.

    A piece is a view of the reused buffer: it is valid until the next one is asked for.
    """

    def __init__(self, source: Source, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._source = source
        self._chunk = chunk_bytes
        self._buffer = bytearray(2 * self._chunk)
        self._start = 1  # the byte before it becomes the piece's opening bracket
        self._end = 1
        self._closing = -1
        """Index of the comma that the piece handed out last was cut at."""
        self._finished = False
        self._key = b'"ph"'
        self.head = b""
        """The document up to the list of events."""
        self.tail = b""
        """The document after the list of events."""
        self.closed = False
        """The list of events was closed: nothing is missing."""
        self.bare_list = False
        """The document is the list itself (2020)."""
        self.offset = 0
        """Bytes handed out or skipped so far."""

    def pieces(self) -> Iterator[memoryview]:
        """Each piece in turn.

        Raises:
            NotATraceError: the document holds no list of events.
            TooLongError: an event is longer than ``LONGEST_EVENT``.
        """
        self._find_events()
        searched, scan_at = self._start, STRUCTURAL_AFTER
        while not self._finished:
            low = max(self._start, searched - _MARGIN)
            comma = last_boundary(self._buffer, low, self._end, self._key)
            if comma < 0 and self._end - self._start > scan_at:
                layout = Layout(self._buffer, self._start, self._end)
                if layout.closed_at >= 0:
                    break
                comma = self._comma_after(layout.last_end)
                self._learn_key(layout)
                scan_at = 2 * (self._end - self._start)  # so that one huge event stays linear
            if comma >= 0:
                self._closing = comma
                yield self._piece(comma)
                self._advance(self._closing + 1)
                self._closing = -1
                scan_at = STRUCTURAL_AFTER
            searched = self._end
            if self._end - self._start > LONGEST_EVENT:
                raise TooLongError
            if not self._read_more():
                break
        yield from self._last_piece()

    def shortened(self) -> memoryview | None:
        """Return the piece handed out last without the event that it was cut inside of, if any.

        What is left out becomes part of the next piece.
        """
        if self._closing < 0:
            return None
        layout = Layout(self._buffer, self._start, self._closing)
        if not layout.open:
            return None
        if layout.last_end < 0 and self._closing - self._start < STRUCTURAL_AFTER:
            self._buffer[self._closing] = 0x2C
            self._closing = self._start - 1  # nothing is handed out: more of the event may come
            return memoryview(b"[]")
        comma = self._comma_after(layout.last_end)
        if not 0 <= comma < self._closing:
            return None
        self._buffer[self._closing] = 0x2C
        self._closing = comma
        return self._piece(comma)

    def close_events(self, rest: bytes) -> None:
        """End the list of events inside the last piece, whose decoder found ``rest`` behind it."""
        self._finished = True
        self.closed = True
        self.tail = rest + b"," if self._closing >= 0 else rest

    def ends_with(self, rest: bytes) -> bool:
        """Whether the document may end with ``rest`` behind its list of events."""
        if self.bare_list:
            return not rest.strip()
        return read_members(self.head, rest) is not None

    def _find_events(self) -> None:
        """Move to the first event, keeping what lies before the list as ``head``."""
        searched = self._start
        while not self._begins_as_list():
            matches = _EVENTS_KEY.finditer(self._buffer, max(self._start, searched - 64), self._end)
            for match in matches:
                head = bytes(self._buffer[self._start : match.end() - 1])
                if read_members(head, b"}") is not None:
                    self.head = head
                    self._advance(match.end())
                    return
            searched = self._end
            if self._end - self._start > _HEAD_LIMIT or not self._read_more():
                raise NotATraceError

    def _begins_as_list(self) -> bool:
        """Whether the document is the list of events itself; moves to its first event."""
        begin = bytes(self._buffer[self._start : min(self._end, self._start + _MARGIN)])
        first = begin.lstrip(b"\xef\xbb\xbf" + _SPACE)[:1]
        if first == b"[":
            self.bare_list = True
            self._advance(self._start + begin.index(b"[") + 1)
            return True
        if first not in (b"{", b""):
            raise NotATraceError
        return False

    def _learn_key(self, layout: Layout) -> None:
        """Cut from now on before the key that the events of this file begin with."""
        for start, _ in layout.spans[-1:]:
            if match := _FIRST_KEY.match(self._buffer, start, self._end):
                self._key = match[1]

    def _comma_after(self, index: int) -> int:
        """Return the comma after the whole event that ends at ``index``, -1 if not yet read."""
        return -1 if index < 0 else self._buffer.find(b",", index, self._end)

    def _piece(self, closing: int) -> memoryview:
        """Return the bytes up to ``closing`` as a JSON array, brackets written over its ends."""
        self._buffer[self._start - 1] = 0x5B
        self._buffer[closing] = 0x5D
        return memoryview(self._buffer)[self._start - 1 : closing + 1]

    def _advance(self, start: int) -> None:
        """Drop everything before ``start`` and move the rest to the front."""
        self.offset += start - self._start
        rest = self._end - start
        self._buffer[1 : 1 + rest] = self._buffer[start : self._end]
        self._start, self._end = 1, 1 + rest

    def _read_more(self) -> bool:
        """Append a chunk to the buffer; False at the end of the source."""
        if len(self._buffer) - self._end < self._chunk:
            # events still held by the caller may view the old buffer, which must not be resized
            grown = bytearray(2 * len(self._buffer))
            grown[: self._end] = memoryview(self._buffer)[: self._end]
            self._buffer = grown
        view = memoryview(self._buffer)[self._end : self._end + self._chunk]
        count = self._source.readinto(view)
        self._end += count
        return count > 0

    def _last_piece(self) -> Iterator[memoryview]:
        """Yield the whole events that are left, if any, and keep what follows them as ``tail``."""
        if self._finished:
            while self._read_more():
                pass
            self.tail += bytes(self._buffer[self._start : self._end])
            return
        layout = Layout(self._buffer, self._start, self._end)
        while layout.closed_at < 0 and self._read_more():
            layout = Layout(self._buffer, self._start, self._end)
        self.closed = layout.closed_at >= 0
        if self.closed:
            while self._read_more():
                pass
            self.tail = bytes(self._buffer[layout.closed_at + 1 : self._end])
        end = layout.last_end
        if not self.closed and (layout.broken or self._goes_on(max(end, self._start))):
            end = self._end  # damage: the events behind it and the end of the list are found later
        if end >= 0:
            self.offset += end - self._start
            yield self._piece(end)

    def _goes_on(self, start: int) -> bool:
        """Whether more comes behind ``start``, where structure ends, than half an event."""
        if last_boundary(self._buffer, start, self._end, self._key) >= 0:
            return True
        rest = bytes(self._buffer[start : self._end])
        return any(self.ends_with(rest[index:]) for index in list_ends(rest))
