"""Mutators of reports at the level of their framing and of the protobuf messages inside.

A change inside a message is carried up: every size around it is written anew, so that the reader
sees well-formed bytes with other contents. Plain damage is what :mod:`fuzz_bytes` makes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

MAGIC = b"NVR\0"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_NUMBERS = (0, 1, 2, 127, 128, 2**31 - 1, 2**31, 2**32 - 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1)
_DOUBLES = (0.0, -1.0, 1e308, -1e308, float("nan"), float("inf"), 5e-324, 1e18, 100.0001)
_TEXTS = (b"", b"\xff\xfe", b"a\x1b[31m", "\u202e".encode(), b"x" * 20_000, b"</script>", b"\0",
          b"sm__throughput.avg.pct_of_peak_sustained_elapsed", b"void f<int>(int*)")  # fmt: skip

Value = int | bytes
Field = tuple[int, int, Value]
"""Number, kind on the wire, and value."""


@dataclass
class Block:
    """One block: the fields of its header, and the messages of its payload."""

    header: list[Field]
    messages: list[bytes] = field(default_factory=list)


@dataclass
class Report:
    """A report as its frame divides it."""

    head: bytes
    blocks: list[Block]


def fields(data: bytes) -> list[Field] | None:
    """The fields of a message; None of bytes that are no message."""
    found: list[Field] = []
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        number, kind = key >> 3, key & 7
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind, 0)
        if not number or kind not in (_VARINT, _FIXED64, _BYTES, _FIXED32) or at > len(data):
            return None
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            found.append((number, kind, value))
        else:
            if kind == _BYTES:
                size, at = _read_varint(data, at)
            found.append((number, kind, data[at : at + size]))
            at += size
        if at > len(data):
            return None
    return found


def message(parts: list[Field]) -> bytes:
    """The bytes of a message of these fields."""
    written = bytearray()
    for number, kind, value in parts:
        written += _varint(number << 3 | kind)
        if isinstance(value, int):
            written += _varint(value)
        else:
            written += (_varint(len(value)) if kind == _BYTES else b"") + value
    return bytes(written)


def divide(data: bytes) -> Report | None:
    """A report divided by its frame; None of one whose frame does not hold."""
    if data[:4] != MAGIC:
        return None
    head, at = _sized(data, 4)
    report = Report(head, [])
    while at < len(data):
        header, at = _sized(data, at)
        parts = fields(header)
        size = next((value for number, _, value in parts or () if number == 5), None)
        if parts is None or not isinstance(size, int):
            return None
        block, end = Block(parts), at + size
        while at < end:
            one, at = _sized(data, at)
            block.messages.append(one)
        report.blocks.append(block)
    return report


def joined(report: Report) -> bytes:
    """The bytes of a report, with all sizes as they must be."""
    parts = [MAGIC, _with_size(report.head)]
    for block in report.blocks:
        payload = b"".join(_with_size(one) for one in block.messages)
        header: list[Field] = [
            (number, kind, len(payload) if number == 5 else value)
            for number, kind, value in block.header
        ]
        parts += [_with_size(message(header)), payload]
    return b"".join(parts)


def inside(random: Random, data: bytes, depth: int = 0) -> bytes:
    """Change one thing somewhere inside a message, at whatever depth."""
    parts = fields(data)
    if not parts or depth > 8:
        return _leaf(random, data)
    place = random.randrange(len(parts))
    number, kind, value = parts[place]
    if kind == _BYTES and isinstance(value, bytes) and value and random.random() < 0.85:
        parts[place] = (number, kind, inside(random, value, depth + 1))
        return message(parts)
    random.choice(_CHANGES)(random, parts, place)
    return message(parts)


def _drop(random: Random, parts: list[Field], place: int) -> None:
    del parts[place]


def _repeat(random: Random, parts: list[Field], place: int) -> None:
    parts[place:place] = [parts[place]] * random.choice((1, 2, 300))


def _swap(random: Random, parts: list[Field], place: int) -> None:
    other = random.randrange(len(parts))
    one, two = parts[place], parts[other]
    if one[1] == two[1]:
        parts[place], parts[other] = (one[0], one[1], two[2]), (two[0], two[1], one[2])
    else:
        parts[place], parts[other] = two, one


def _renumber(random: Random, parts: list[Field], place: int) -> None:
    _, kind, value = parts[place]
    parts[place] = (random.choice((1, 2, 3, 5, 15, 16, 200, 2**28)), kind, value)


def _revalue(random: Random, parts: list[Field], place: int) -> None:
    number, kind, value = parts[place]
    if isinstance(value, int):
        parts[place] = (number, kind, random.choice((*_NUMBERS, value + 1, value ^ 1)))
    elif kind == _FIXED64:
        parts[place] = (number, kind, struct.pack("<d", random.choice(_DOUBLES)))
    elif kind == _FIXED32:
        parts[place] = (number, kind, struct.pack("<I", random.choice((0, 1, 2**31, 2**32 - 1))))
    else:
        parts[place] = (number, kind, _leaf(random, value))


_CHANGES: tuple[Callable[[Random, list[Field], int], None], ...] = (
    _drop, _repeat, _swap, _renumber, _revalue, _revalue, _revalue,
)  # fmt: skip


def _leaf(random: Random, data: bytes) -> bytes:
    """Other bytes: a flipped bit, a cut, an extension, or something else altogether."""
    kind = random.randrange(4)
    if kind == 0 and data:
        changed = bytearray(data)
        changed[random.randrange(len(data))] ^= 1 << random.randrange(8)
        return bytes(changed)
    if kind == 1:
        return data[: random.randrange(len(data) + 1)]
    return data + random.choice(_TEXTS) if kind == 2 else random.choice(_TEXTS)


def content(random: Random, data: bytes) -> bytes:
    """Change something inside one result, with every size around it right."""
    report = divide(data)
    if report is None or not (full := [one for one in report.blocks if one.messages]):
        return data
    block = random.choice(full)
    place = random.randrange(len(block.messages))
    for _ in range(random.choice((1, 1, 3, 20))):
        block.messages[place] = inside(random, block.messages[place])
    return joined(report)


def header(random: Random, data: bytes) -> bytes:
    """Change something inside the header of a block or of the file."""
    report = divide(data)
    if report is None:
        return data
    if report.blocks and random.random() < 0.9:
        block = random.choice(report.blocks)
        block.header = fields(inside(random, message(block.header))) or []
    else:
        report.head = inside(random, report.head)
    return joined(report)


def results(random: Random, data: bytes) -> bytes:
    """Drop, repeat or swap results, or give one the contents of another block's."""
    report = divide(data)
    if report is None or not (full := [one for one in report.blocks if one.messages]):
        return data
    block = random.choice(full)
    place, other = (random.randrange(len(block.messages)) for _ in range(2))
    kind = random.randrange(4)
    if kind == 0:
        del block.messages[place]
    elif kind == 1:
        block.messages.insert(place, block.messages[other])
    elif kind == 2:
        pair = block.messages[other], block.messages[place]
        block.messages[place], block.messages[other] = pair
    else:
        block.messages[place] = random.choice(random.choice(full).messages)
    return joined(report)


def blocks(random: Random, data: bytes) -> bytes:
    """Drop, repeat or reorder whole blocks."""
    report = divide(data)
    if report is None or not report.blocks:
        return data
    kind = random.randrange(3)
    if kind == 0:
        del report.blocks[random.randrange(len(report.blocks))]
    elif kind == 1:
        report.blocks.insert(0, random.choice(report.blocks))
    else:
        random.shuffle(report.blocks)
    return joined(report)


def size(random: Random, data: bytes) -> bytes:
    """Write another size somewhere in the frame, so that it no longer holds."""
    at = random.choice((4, 4 + 4 + _u32(data, 4), random.randrange(max(1, len(data) - 4))))
    claimed = struct.pack("<I", random.choice((0, 1, 2**31, 2**32 - 1, _u32(data, at) ^ 1)))
    return data[:at] + claimed + data[at + 4 :]


MUTATORS: dict[str, Callable[[Random, bytes], bytes]] = {
    one.__name__: one for one in (content, header, results, blocks, size)
}


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _sized(data: bytes, at: int) -> tuple[bytes, int]:
    end = at + 4 + _u32(data, at)
    return data[at + 4 : end], end


def _with_size(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends, which is past the end of bytes that it does not fit."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            return 0, len(data) + 1
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return value, at
    return 0, len(data) + 1


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)
