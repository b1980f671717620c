"""Mutators of bytes: encodings, cuts, flips, and gzip files of one member or several."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from random import Random

Mutator = Callable[[Random, bytes], bytes]
_PIECES = (b"\x00", b"\xff", b"\xc3", b'"', b"{", b"}", b"[", b"]", b",", b"\\", b"\\ud800", b"\n",
           b'{"ph"', b"]}", b"null", b" " * 3000, b"1e400", b"\xef\xbb\xbf")  # fmt: skip


def flip(random: Random, data: bytes) -> bytes:
    """Change bits of some bytes."""
    changed = bytearray(data)
    for _ in range(min(len(data), random.choice((1, 1, 4, 50)))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def cut(random: Random, data: bytes) -> bytes:
    """End the file early."""
    return data[: random.randrange(len(data) + 1)]


def remove(random: Random, data: bytes) -> bytes:
    """Take a piece out of the midst."""
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.choice((1, 2, 20, 4096)) :]


def insert(random: Random, data: bytes) -> bytes:
    """Put a piece into the midst."""
    start = random.randrange(len(data) + 1)
    return data[:start] + random.choice(_PIECES) + data[start:]


def repeat(random: Random, data: bytes) -> bytes:
    """Write a piece twice."""
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((1, 40, 4096)))
    return data[:end] + data[start:]


def encode(random: Random, data: bytes) -> bytes:
    """Write the text in another encoding, or with a byte-order mark."""
    if random.random() < 0.4:
        return b"\xef\xbb\xbf" + data
    text = data.decode("utf-8", "replace")
    return text.encode(random.choice(("utf-16", "utf-16-le", "utf-32", "latin-1")), "replace")


def extend(random: Random, data: bytes) -> bytes:
    """Go on after the end."""
    return data + random.choice((*_PIECES, data[:500], bytes(1000)))


def members(random: Random, data: bytes) -> bytes:
    """Compress the file in several members, some empty."""
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.choice((1, 2, 9))))
    starts, ends = [0, *cuts], [*cuts, len(data)]
    parts = [data[a:b] for a, b in zip(starts, ends, strict=True)]
    return b"".join(gzip.compress(part, 1, mtime=0) for part in parts)


def compressed(random: Random, data: bytes) -> bytes:
    """Compress the file."""
    return gzip.compress(data, random.choice((0, 1, 6)), mtime=0)


def broken(random: Random, data: bytes) -> bytes:
    """Compress the file and break what came of it."""
    return random.choice((flip, cut, remove, extend, repeat))(random, compressed(random, data))


MUTATORS: dict[str, Mutator] = {
    one.__name__: one
    for one in (flip, cut, remove, insert, repeat, encode, extend, members, compressed, broken)
}
