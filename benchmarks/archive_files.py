"""Writes an archive of many captures: copies of a few, each with content of its own, and bad files.

Of 10,000 files 400 are cut short, 100 are empty, 100 are text, 10 are gzip bombs of 10 GB and 50
cannot be read; smaller archives have them in proportion, and at least one of each.
"""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PER_10_000 = {"cut": 400, "empty": 100, "text": 100, "bomb": 10, "unreadable": 50}
BOMB_BYTES = 10_000_000_000
_CHUNK = bytes(1 << 24)


@dataclass(frozen=True)
class Archive:
    """What was written: paths by what they are."""

    good: tuple[Path, ...]
    bad: dict[str, tuple[Path, ...]]


def write(folder: Path, files: int, templates: list[Path], bomb_bytes: int = BOMB_BYTES) -> Archive:
    """Write an archive of so many files and say which are what."""
    folder.mkdir(parents=True)
    counts = {kind: max(1, round(files * n / 10_000)) for kind, n in PER_10_000.items()}
    texts = [gzip.decompress(path.read_bytes()) for path in templates]
    bomb = folder.parent / "bomb.gz"
    _write_bomb(bomb, bomb_bytes)
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    kinds += ["good"] * (files - len(kinds))
    random.Random(1).shuffle(kinds)
    found: dict[str, list[Path]] = {kind: [] for kind in (*counts, "good")}
    for number, (kind, path) in enumerate(zip(kinds, _paths(folder), strict=False)):
        _write_one(kind, path, number, texts[number % len(texts)], bomb)
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


def _write_one(kind: str, path: Path, number: int, text: bytes, bomb: Path) -> None:
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text(f"notes of night {number}: nothing to see\n")
    elif kind == "bomb":
        os.link(bomb, path)
    elif kind == "unreadable":
        path.symlink_to(path.name)  # a loop of links, which root may not read either
    else:
        start = text.index(b"{") + 1
        mine = text[:start] + b'"copy": %d, ' % number + text[start:]
        packed = gzip.compress(mine, compresslevel=1)
        # Cut within its first bytes, before the first event: what is cut later is read as far as it
        # goes, and is no error.
        path.write_bytes(packed[: 14 + number % 40] if kind == "cut" else packed)


def _write_bomb(path: Path, size: int) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"[")
        left = size
        while left > 0:
            file.write(_CHUNK[: min(left, len(_CHUNK))])
            left -= len(_CHUNK)
