"""Changes of several files that happen as a whole, though the machine may die in the midst.

The new files are written elsewhere first. Then the change is told in a journal; from there on it
is certain to happen: whoever holds the lock next completes it. Without a journal nothing of it has
happened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct


class Change(Struct, frozen=True):
    """Files that take their places, and files that go; all below one folder."""

    moves: tuple[tuple[Path, Path], ...] = ()
    """From where each was written to its place, in the order of moving."""
    removes: tuple[Path, ...] = ()
    """What goes, after the moves."""


def commit(journal: Path, change: Change, root: Path, *, staging: Path) -> None:
    """Make a change happen as a whole. The caller holds the lock of what it changes.

    Args:
        journal: the file that tells of it while it is under way.
        root: the folder that all of its paths lie below.
        staging: where the journal is written before it counts.
    """
    told = {
        "moves": [[_below(old, root), _below(new, root)] for old, new in change.moves],
        "removes": [_below(path, root) for path in change.removes],
    }
    for _, new in change.moves:
        new.parent.mkdir(parents=True, exist_ok=True)
    staging.mkdir(parents=True, exist_ok=True)
    journal.parent.mkdir(parents=True, exist_ok=True)
    passing = staging / f"{journal.name}.tmp"
    with passing.open("w", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(passing, journal)
    _sync(journal.parent)
    recover(journal, root)


def recover(journal: Path, root: Path) -> bool:
    """Complete the change that a journal tells of; return whether there was one.

    The caller holds the lock of what it changes.
    """
    try:
        told = json.loads(journal.read_bytes())
    except FileNotFoundError:
        return False
    moves = [(root / old, root / new) for old, new in told["moves"]]
    for old, new in moves:
        if old.exists():  # else it was moved before
            os.replace(old, new)
    for folder in {new.parent for _, new in moves}:
        _sync(folder)
    for name in told["removes"]:
        (root / name).unlink(missing_ok=True)
    journal.unlink()
    return True


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _sync(folder: Path) -> None:
    """Have the names in a folder written to the disk, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems cannot; their names are as safe as they make them
        return
    finally:
        os.close(descriptor)


def written(path: Path, content: bytes) -> Path:
    """Write a file that a change will move to its place, down to the disk; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return path


def all_of(changes: Iterable[Change]) -> Change:
    """Return several changes as one; what takes a place does not go from it."""
    every = list(changes)
    moves = tuple(move for one in every for move in one.moves)
    places = {new for _, new in moves}
    gone = tuple(path for one in every for path in one.removes if path not in places)
    return Change(moves, gone)
