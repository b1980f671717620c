"""A large report as several small ones, each with some of its launches.

NVIDIA's reader decodes every launch of a file at the first touch of any and never lets go, which
takes 9 to 18 times the file's size in memory. A part has all blocks of the report, with their
string tables, but only its own results, so the memory follows the part's size. Embedded code goes
along only where it is asked for, and where that of the part's own launches is no larger than a
part; without it NVIDIA's reader has no SASS for them, which shows in what it gives.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ncutool_parsers.ncu_framing import (
    MAGIC,
    Block,
    Framing,
    Message,
    read_varint,
    source_id,
    source_of_result,
)

PART_BYTES = 16 * 1024 * 1024
"""Read whole up to this size; above it, the results of one part add up to about this."""
_ID_BYTES = 16
_COUNTS = frozenset({1, 2, 5, 7})  # sources, results, payload size, range results


def parts(
    path: Path,
    framing: Framing,
    folder: Path,
    limit: int = PART_BYTES,
    *,
    with_sources: bool = False,
) -> Iterator[Path]:
    """Yield ``path`` itself if it is small, else one part after another, written into ``folder``.

    A part is valid until the next one is asked for. Launches keep their order over the parts.
    """
    if framing.size <= limit or framing.actions <= 1:
        yield path
        return
    copy = folder / "part.ncu-rep"
    with path.open("rb") as report:
        for group in _groups(framing, limit):
            sources = _sources(report, framing, group, limit) if with_sources else frozenset()
            chosen = group | sources
            with copy.open("wb") as part:
                part.write(MAGIC + _with_size(framing.file_header))
                for block in framing.blocks:
                    _copy_block(report, part, block, chosen)
            yield copy


def _groups(framing: Framing, limit: int) -> Iterator[frozenset[Message]]:
    """Yield consecutive results whose sizes add up to at most ``limit`` bytes, ranges last.

    NVIDIA's reader gives ranges last, too. A result larger than ``limit`` is a group by itself.
    """
    group: list[Message] = []
    size = 0
    for message in (*framing.results, *framing.range_results):
        if group and size + message.size > limit:
            yield frozenset(group)
            group, size = [], 0
        group.append(message)
        size += message.size
    yield frozenset(group)


def _sources(
    report: BinaryIO, framing: Framing, group: frozenset[Message], limit: int
) -> frozenset[Message]:
    """Return the embedded code to go with a group.

    It is all there is, or what the group's results name, or none where even that is too much.
    """
    every = frozenset(message for block in framing.blocks for message in block.sources)
    if sum(message.size for message in every) <= limit:
        return every
    named = {source_of_result(_read(report, message)) for message in group}
    needed = frozenset(m for m in every if source_id(_head(report, m)) in named - {None})
    return needed if sum(message.size for message in needed) <= limit else frozenset()


def _copy_block(report: BinaryIO, part: BinaryIO, block: Block, chosen: frozenset[Message]) -> None:
    """Write a block with those of its messages that are chosen, and counts that fit them."""
    results = [message for message in block.results if message in chosen]
    ranges = [message for message in block.range_results if message in chosen]
    sources = [message for message in block.sources if message in chosen]
    payload = sum(4 + message.size for message in (*sources, *results, *ranges))
    header = _without_counts(_read(report, block.header))
    counts = ((1, len(sources)), (2, len(results)), (5, payload), (7, len(ranges)))
    for number, count in counts:
        header += bytes([number << 3]) + _to_varint(count)
    part.write(_with_size(header))
    for message in (*sources, *results, *ranges):
        part.write(_with_size(_read(report, message)))


def _read(report: BinaryIO, message: Message) -> bytes:
    report.seek(message.offset)
    return report.read(message.size)


def _head(report: BinaryIO, message: Message) -> bytes:
    report.seek(message.offset)
    return report.read(min(message.size, _ID_BYTES))


def _without_counts(header: bytes) -> bytes:
    """Return a block header without the fields that count its payload."""
    kept, position = b"", 0
    while position < len(header):
        start = position
        key, position = read_varint(header, position)
        if key & 7 == 0:
            _, position = read_varint(header, position)
        else:
            length = {1: 8, 5: 4}.get(key & 7)
            if length is None:
                length, position = read_varint(header, position)
            position += length
        if key >> 3 not in _COUNTS:
            kept += header[start:position]
    return kept


def _to_varint(value: int) -> bytes:
    """Return protobuf's number of variable length."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _with_size(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message
