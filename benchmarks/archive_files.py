"""Writes an archive of many captures: copies of a few, each with content of its own, and bad files.

Of 10,000 files 400 are cut short, 100 are empty, 100 are text, 10 are gzip bombs of 10 GB and 50
cannot be read; smaller archives have them in proportion, and at least one of each. Captures are
traces and reports of Nsight Compute.
"""

from __future__ import annotations

import gzip
import os
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PER_10_000 = {"cut": 400, "empty": 100, "text": 100, "bomb": 10, "unreadable": 50}
BOMB_BYTES = 10_000_000_000
BOMBS = {
    "zeros": (b"[", b"\0"),
    "spaces": (b'{"schemaVersion": 1, "traceEvents": [', b" "),
    "name": (b'{"schemaVersion": 1, "traceEvents": [{"ph": "X", "name": "', b"x"),
    "report": (b"NVR\0", b"\0"),
}
"""What a bomb begins with, and the byte that then repeats: one that is nothing, and three that
begin as captures do."""
_CHUNK = 1 << 24
_UNUSED_FIELD = 1000
"""A field that no header of a report has: readers of protobuf messages pass it over."""


@dataclass(frozen=True)
class Archive:
    """What was written: paths by what they are."""

    good: tuple[Path, ...]
    bad: dict[str, tuple[Path, ...]]


def write(folder: Path, files: int, templates: list[Path], bomb_bytes: int = BOMB_BYTES) -> Archive:
    """Write an archive of so many files and say which are what."""
    folder.mkdir(parents=True)
    counts = {kind: max(1, round(files * n / 10_000)) for kind, n in PER_10_000.items()}
    captures = [_content(path) for path in templates]
    bombs = [folder.parent / f"bomb-{name}.gz" for name in BOMBS]
    for bomb, (start, unit) in zip(bombs, BOMBS.values(), strict=True):
        _write_bomb(bomb, start, unit, bomb_bytes)
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    kinds += ["good"] * (files - len(kinds))
    random.Random(1).shuffle(kinds)
    found: dict[str, list[Path]] = {kind: [] for kind in (*counts, "good")}
    for number, (kind, path) in enumerate(zip(kinds, _paths(folder), strict=False)):
        capture = captures[number % len(captures)]
        if kind == "good" and _is_report(capture):
            path = path.with_name(path.name.replace(".json.gz", ".ncu-rep"))
        _write_one(kind, path, number, capture, bombs[len(found["bomb"]) % len(bombs)])
        found[kind].append(path)
    bad = {kind: tuple(found[kind]) for kind in counts}
    return Archive(tuple(found["good"]), bad)


def _paths(folder: Path) -> Iterator[Path]:
    """Yield the paths of an archive: runs of 16 ranks."""
    run = 0
    while True:
        place = folder / f"run{run:05}"
        place.mkdir()
        for rank in range(16):
            yield place / f"rank{rank}.json.gz"
        run += 1


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content


def _is_report(capture: bytes) -> bool:
    return capture.startswith(b"NVR\0")


def _write_one(kind: str, path: Path, number: int, capture: bytes, bomb: Path) -> None:
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text(f"notes of night {number}: nothing to see\n")
    elif kind == "bomb":
        os.link(bomb, path)
    elif kind == "unreadable":
        path.symlink_to(path.name)  # a loop of links, which root may not read either
    elif _is_report(capture):
        mine = _numbered_report(capture, number)
        path.write_bytes(mine[: len(mine) // 2] if kind == "cut" else mine)
    else:
        start = capture.index(b"{") + 1
        mine = capture[:start] + b'"copy": %d, ' % number + capture[start:]
        packed = gzip.compress(mine, compresslevel=1)
        # Cut within its first bytes, before the first event: what is cut later is read as far as it
        # goes, and is no error.
        path.write_bytes(packed[: 14 + number % 40] if kind == "cut" else packed)


def _numbered_report(report: bytes, number: int) -> bytes:
    """Return a report that holds a number more in the header of its file, and else is the same."""
    (size,) = struct.unpack_from("<I", report, 4)
    more = _varint(_UNUSED_FIELD << 3) + _varint(number)
    return report[:4] + struct.pack("<I", size + len(more)) + report[8 : 8 + size] + more + (
        report[8 + size :]
    )  # fmt: skip


def _varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])


def _write_bomb(path: Path, start: bytes, unit: bytes, size: int) -> None:
    chunk = unit * _CHUNK
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(start)
        left = size
        while left > 0:
            file.write(chunk[: min(left, len(chunk))])
            left -= len(chunk)
