"""The framing of a Nsight Compute report: checked to the last byte before NVIDIA's reader sees it.

Layout, little-endian, messages in protobuf encoding: ``NVR\\0``, u32 size and FileHeader, then
blocks to the exact end of the file. A block is a u32 size, a BlockHeader and a payload; the
header says how many sources, results and range results the payload holds (each a u32 size and
a message) and how large it is. NVIDIA's reader raises on none of the faults found here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct, field

from ncutool_parsers.errors import DamagedError, RefusedError

MAGIC = b"NVR\0"
_HEADER_LIMIT = 64 * 1024**2
"""No header of a real report comes near; a forged length allocates no more."""
_EMPTY_BLOCK_LIMIT = 10_000
_RESULT_LIMIT = 2_000_000
"""A real launch takes 5 kB or more: this many would be 10 GB of report."""
_FIELDS = {1: "sources", 2: "results", 5: "payload", 7: "ranges"}
_TOOL = b"Nsight Compute Target"
_RECOLLECT = "copy it again, or collect it again with ncu"


class Message(Struct, frozen=True):
    """Where a result lies in the file."""

    offset: int
    size: int


class Block(Struct, frozen=True):
    """Where a block's header lies, and which results its payload holds."""

    header: Message
    results: tuple[Message, ...]
    range_results: tuple[Message, ...]
    sources: tuple[Message, ...] = ()
    """Embedded code (cubins) and source files."""


class Framing(Struct):
    """What the frame of a report says, without its results' contents."""

    size: int
    file_header: bytes = b""
    blocks: list[Block] = field(default_factory=list)
    results: list[Message] = field(default_factory=list)
    range_results: list[Message] = field(default_factory=list)
    version: str | None = None
    """Version of ncu that wrote it, e.g. ``2025.2.1.0``; some old reports lack it."""
    private: dict[str, str] = field(default_factory=dict)
    """Host name, command line and program, where recorded."""

    @property
    def actions(self) -> int:
        """How many launches and ranges NVIDIA's reader should find."""
        return len(self.results) + len(self.range_results)


class Geometry(Struct, frozen=True):
    """Launch geometry of one result, as the file itself records it beside the counters."""

    grid: tuple[int, int, int] | None = None
    block: tuple[int, int, int] | None = None
    stream: int | None = None


class _DamageError(Exception):
    """What is wrong, in words; becomes an UnreadableError that names the file."""


def walk(path: Path) -> Framing:
    """Check the whole frame of the report at ``path`` and return it.

    Raises:
        UnreadableError: not a report, cut short, with bytes after its end, or inconsistent.
    """
    try:
        with path.open("rb") as stream:
            return _walk(stream, os.fstat(stream.fileno()).st_size)
    except _DamageError as damage:
        raise DamagedError(path, str(damage), _RECOLLECT) from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise RefusedError(path, problem, "check the file and its permissions") from error


def check_start(path: Path, head: bytes) -> None:
    """Refuse what is no report however it goes on, before the rest of it is expanded.

    Args:
        path: the compressed file, for the message.
        head: its first bytes, expanded; nothing is said where they end within its header.

    Raises:
        DamagedError: it has no header that a report begins with.
    """
    size = int.from_bytes(head[len(MAGIC) : len(MAGIC) + 4], "little")
    if len(head) < len(MAGIC) + 4 or len(head) < len(MAGIC) + 4 + size <= _HEADER_LIMIT:
        return
    stream = BytesIO(head)
    stream.seek(len(MAGIC))
    try:
        _file_header(stream, len(head))
    except _DamageError as damage:
        raise DamagedError(path, str(damage), _RECOLLECT) from None


def geometry(path: Path, message: Message) -> Geometry:
    """Return grid, block and stream of one result of a report that :func:`walk` accepted."""
    with path.open("rb") as stream:
        stream.seek(message.offset)
        data = stream.read(message.size)
    fields: dict[int, int | bytes] = {}
    try:
        for number, value in messages(data):
            if number in (10, 11, 23):
                fields[number] = value
        stream_id = fields.get(23)
        return Geometry(
            grid=_triple(fields.get(10)),
            block=_triple(fields.get(11)),
            stream=stream_id if isinstance(stream_id, int) else None,
        )
    except _DamageError:
        return Geometry()


def source_id(head: bytes) -> int | None:
    """Return the identity of embedded code from the first bytes of its message, None without."""
    try:
        number, value = next(messages(head), (0, 0))
    except _DamageError:
        return None
    return value if number == 1 and isinstance(value, int) else None


def source_of_result(data: bytes) -> int | None:
    """Return the identity of the embedded code that a result ran; None where it names none."""
    try:
        for number, value in messages(data):
            if number == 15 and isinstance(value, bytes):
                return source_id(value)
    except _DamageError:
        return None
    return None


def _walk(stream: BinaryIO, size: int) -> Framing:
    if stream.read(len(MAGIC)) != MAGIC:
        raise _DamageError(
            "is empty" if size == 0 else "is not a Nsight Compute report (it does not begin so)"
        )
    framing = Framing(size)
    framing.file_header = _file_header(stream, size)
    empty_blocks = 0
    while stream.tell() < size:
        header = _read_sized(stream, size, "block header")
        place = Message(stream.tell() - len(header), len(header))
        counts = _read_block_header(header, framing)
        end = stream.tell() + counts["payload"]
        if end > size:
            raise _truncation(size, end)
        held = counts["results"] + counts["ranges"]
        empty_blocks += held + counts["sources"] == 0
        if empty_blocks > _EMPTY_BLOCK_LIMIT or framing.actions + held > _RESULT_LIMIT:
            raise _DamageError("is damaged: it has more blocks or launches than any report")
        sources = tuple(_skip_message(stream, end) for _ in range(counts["sources"]))
        results = tuple(_skip_message(stream, end) for _ in range(counts["results"]))
        ranges = tuple(_skip_message(stream, end) for _ in range(counts["ranges"]))
        if stream.tell() != end:
            raise _DamageError(f"is damaged: the block that ends at byte {end} is not filled")
        framing.blocks.append(Block(place, results, ranges, sources))
        framing.results += results
        framing.range_results += ranges
    return framing


def _file_header(stream: BinaryIO, size: int) -> bytes:
    header = _read_sized(stream, size, "file header")
    if not any(number == 1 for number, _ in messages(header)):
        raise _DamageError("has a damaged file header")
    return header


def _skip_message(stream: BinaryIO, end: int) -> Message:
    """Step over one message of a payload that ends at byte ``end``, and return where it lies."""
    head = stream.read(4)
    message = Message(stream.tell(), int.from_bytes(head, "little"))
    if len(head) < 4 or message.offset + message.size > end:
        raise _DamageError(f"is damaged: a result overruns its block at byte {end}")
    stream.seek(message.size, os.SEEK_CUR)
    return message


def _read_block_header(header: bytes, framing: Framing) -> dict[str, int]:
    """Return how many messages of each kind the payload holds and its bytes (``payload``).

    What the header says of the session goes into ``framing``.
    """
    counts = dict.fromkeys(_FIELDS.values(), 0)
    for number, value in messages(header):
        if number in _FIELDS and isinstance(value, int):
            counts[_FIELDS[number]] = value
        elif number == 3 and isinstance(value, bytes):
            _read_session(value, framing)
        elif number == 6 and isinstance(value, bytes):
            _keep_private(framing, "program", _first_field(value, 3))
    return counts


def _read_session(details: bytes, framing: Framing) -> None:
    """Take version, command line and host names from the details of a session."""
    for number, value in messages(details):
        if not isinstance(value, bytes):
            continue
        if number == 8 and _first_field(value, 1) == _TOOL and framing.version is None:
            words = (_first_field(value, 2) or b"").decode("utf-8", "replace").split()
            framing.version = words[0] if words else None
        elif number == 11:
            _keep_private(framing, "command", value)
        elif number in (3, 4):
            _keep_private(framing, "host", _first_field(value, 5))


def _keep_private(framing: Framing, key: str, value: bytes | None) -> None:
    if value:
        framing.private.setdefault(key, value.decode("utf-8", "replace"))


def _first_field(message: bytes, wanted: int) -> bytes | None:
    """Return the first field of that number that is a text or a message."""
    for number, value in messages(message):
        if number == wanted and isinstance(value, bytes):
            return value
    return None


def _triple(value: int | bytes | None) -> tuple[int, int, int] | None:
    """Return x, y and z of a message of three numbers."""
    if not isinstance(value, bytes):
        return None
    parts = {number: part for number, part in messages(value) if isinstance(part, int)}
    return (parts[1], parts[2], parts[3]) if {1, 2, 3} <= parts.keys() else None


def _read_sized(stream: BinaryIO, size: int, what: str) -> bytes:
    """Read a u32 length and as many bytes; the length is checked before any is allocated."""
    head = stream.read(4)
    if len(head) < 4:
        raise _truncation(size, stream.tell() + 4 - len(head))
    length = int.from_bytes(head, "little")
    start = stream.tell()
    if not 0 < length <= _HEADER_LIMIT:
        raise _DamageError(f"is damaged or has bytes after its end: no {what} at byte {start - 4}")
    if start + length > size:
        raise _truncation(size, start + length)
    return stream.read(length)


def _truncation(size: int, needed: int) -> _DamageError:
    return _DamageError(f"is truncated: it ends at byte {size} of at least {needed}")


def messages(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield field numbers and values of a protobuf message; fixed-width values as raw bytes."""
    position = 0
    while position < len(data):
        key, position = read_varint(data, position)
        number, wire = key >> 3, key & 7
        value: int | bytes
        if wire == 0:
            value, position = read_varint(data, position)
        else:
            length = {1: 8, 5: 4}.get(wire, 0)
            if wire == 2:
                length, position = read_varint(data, position)
            elif not length:
                raise _DamageError("is damaged: a header is not a message")
            if number == 0 or position + length > len(data):
                raise _DamageError("is damaged: a header is not a message")
            value = data[position : position + length]
            position += length
        yield number, value


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return protobuf's number of variable length at ``position``, and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise _DamageError("is damaged: a header is not a message")
