"""Mutators of what ``ncu`` prints: lines, cells, numbers and units."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

Mutator = Callable[[Random, bytes], bytes]
_NUMBER = re.compile(rb"\d[\d,.]*")
_NUMBERS = (
    b"0", b"-1", b"nan", b"inf", b"(!) n/a", b"", b"1e400", b"9" * 400, b"1,2,3", b"1.234,56",
    b"18446744073709551616", b"0.000000000001", b"1 000", b"0x10", b"\xd9\xa1\xd9\xa2",
)  # fmt: skip
_UNITS = (b"us", b"ms", b"s", b"ns", b"%", b"Gbyte", b"Kbyte/second", b"hz", b"", b"cycle/nsecond")
_WORDS = (
    b"\x1b[31m", "\u202e".encode(), b"=1+1", b'"', b",", b";", b"\t", b"\0", b"</script>", b"\xff",
    b"void f<int>(int*)", b"Duration", b"Metric Name", b"==PROF==", b"-" * 300, b"x" * 20_000,
)  # fmt: skip


def _lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")


def drop_lines(random: Random, data: bytes) -> bytes:
    """Leave out one line, or many."""
    share = random.choice((0.01, 0.1, 0.5))
    return b"\n".join(one for one in _lines(data) if random.random() >= share)


def repeat_lines(random: Random, data: bytes) -> bytes:
    """Write some lines twice."""
    lines = _lines(data)
    start = random.randrange(len(lines))
    end = start + random.choice((1, 5, 60))
    return b"\n".join(lines[:end] + lines[start:])


def reorder_lines(random: Random, data: bytes) -> bytes:
    """Let lines change their places."""
    lines = _lines(data)
    for _ in range(random.choice((1, 4, 60))):
        one, two = random.randrange(len(lines)), random.randrange(len(lines))
        lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


def renumber(random: Random, data: bytes) -> bytes:
    """Put other numbers in the place of some."""
    found = list(_NUMBER.finditer(data))
    for one in sorted(_some(random, found), key=lambda match: -match.start()):
        data = data[: one.start()] + random.choice(_NUMBERS) + data[one.end() :]
    return data


def change_units(random: Random, data: bytes) -> bytes:
    """Print figures in another unit, or in none."""
    one, other = random.choice(_UNITS[:-2]), random.choice(_UNITS)
    pattern = re.compile(rb"(?<![A-Za-z])" + re.escape(one) + rb"(?![A-Za-z])")
    return pattern.sub(other, data, count=random.choice((0, 1, 3)))


def put_words(random: Random, data: bytes) -> bytes:
    """Put what nobody prints between the words."""
    for _ in range(random.choice((1, 3))):
        at = random.randrange(len(data) + 1)
        data = data[:at] + random.choice(_WORDS) + data[at:]
    return data


def separate(random: Random, data: bytes) -> bytes:
    """Use other marks between cells, or other ends of lines."""
    one, other = random.choice(
        ((b",", b";"), (b'"', b""), (b'"', b"'"), (b"\n", b"\r\n"), (b"\n", b"\r"), (b"  ", b"\t"))
    )
    return data.replace(one, other)


def join(random: Random, data: bytes) -> bytes:
    """Print the page twice, or the second time only in part."""
    return data + data[random.choice((0, random.randrange(len(data) + 1))) :]


def _some(random: Random, found: list[re.Match[bytes]]) -> list[re.Match[bytes]]:
    return random.sample(found, min(len(found), random.choice((1, 2, 30))))


MUTATORS: dict[str, Mutator] = {
    one.__name__: one
    for one in (
        drop_lines, repeat_lines, reorder_lines, renumber, change_units, put_words, separate, join,
    )
}  # fmt: skip
