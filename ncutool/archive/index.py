"""What was found of each file, so that the next run of an unchanged archive opens none of them.

It is a cache beside the tables: without it every file is read and hashed again, and what the tables
hold is known by its hash. Each run writes a file of its own, a line a file that it looked at; a
line that broke off is passed over. A line is written once what it tells of is in the dataset.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import msgspec

from ncutool.archive import locks
from ncutool.archive.dataset import Dataset, write_whole
from ncutool.archive.failures import BY_LIMITS
from ncutool.archive.inputs import Input
from ncutool.archive.settings import Settings

_MANY = 8
"""So many files of runs that are over become one."""


class Line(msgspec.Struct, frozen=True, array_like=True):
    """What was found of one file."""

    file_id: str
    """A hash of where it lies, since the dataset may go where nobody should know that."""
    stamps: str
    version: str
    capture_id: str | None = None
    kind: str | None = None
    """Of the error, where there was one."""
    message: str = ""
    limits: str = ""


class Index:
    """What earlier runs found, and what this one finds."""

    def __init__(self, dataset: Dataset, run: str) -> None:
        self._folder = dataset.index_folder()
        self._path = self._folder / f"{run}.jsonl"
        self._dataset, self._run = dataset, run
        self._file: IO[bytes] | None = None
        self._encoder = msgspec.json.Encoder()
        self._lines = self._read()

    def found(self, source: Input, settings: Settings, version: str) -> Line | None:
        """Return what is known of a file as it lies there now; None where it must be looked at."""
        line = self._lines.get(source.file_id)
        if line is None or line.version != version:
            return None
        if line.kind == "unreadable":
            return line if _refuses(source) else None
        if not source.stamps or line.stamps != source.stamps:
            return None
        return line if line.kind not in BY_LIMITS or line.limits == settings.limits else None

    def add(self, line: Line) -> None:
        """Keep what was found of a file, for later runs."""
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
        self._file.write(self._encoder.encode(line) + b"\n")
        self._file.flush()

    def close(self) -> None:
        """End the file of this run, and make one of many."""
        if self._file is not None:
            self._file.close()
            self._file = None
        with locks.locked(self._dataset.root / "_locks" / "index"):
            paths = [path for path in self._paths() if not self._is_written(path)]
            if len(paths) >= _MANY:
                self._merge(paths)

    def _paths(self) -> list[Path]:
        """Return the files of all runs, oldest first."""
        return sorted(self._folder.glob("*.jsonl"))

    def _is_written(self, path: Path) -> bool:
        """Whether a run that lives, and is another, writes to a file."""
        return path != self._path and locks.is_held(self._dataset.run_lock(path.stem))

    def _merge(self, paths: list[Path]) -> None:
        lines = self._of(paths)
        content = b"".join(self._encoder.encode(line) + b"\n" for line in lines.values())
        write_whole(paths[-1], content, self._dataset.staging(self._run))
        for path in paths[:-1]:
            path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Line]:
        with locks.locked(self._dataset.root / "_locks" / "index"):
            return self._of(self._paths())

    @staticmethod
    def _of(paths: Iterable[Path]) -> dict[str, Line]:
        decode = msgspec.json.Decoder(Line).decode
        lines: dict[str, Line] = {}
        for path in paths:
            for text in path.read_bytes().split(b"\n"):
                try:
                    line = decode(text)
                except msgspec.DecodeError:  # its run died while it wrote the line
                    continue
                lines[line.file_id] = line
        return lines


def _refuses(source: Input) -> bool:
    """Whether the system still does not let a file be read."""
    path = source.place()
    if not isinstance(path, Path):
        return False  # a store may have had a bad day
    if not os.path.isfile(path):
        return True
    try:
        with open(path, "rb"):
            return False
    except OSError:
        return True
