"""The files of an archive: which there are, what each is called, and when it changed.

Nothing here opens a capture. What a file is tells its content, when a worker reads it; whatever a
folder holds is therefore given, but for names that begin with a dot.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ncutool_parsers.errors import UsageError

_GLOB_MARKS = "*?["
_BYTES = "\0"
"""Begins the text of a name that is no text; no name holds it."""


@dataclass(frozen=True)
class Input:
    """One file of an archive, as a parent tells a worker of it: plain values alone."""

    path: str
    """Where it lies below the folder that was given: what a dataset shows."""
    location: str
    """Where it is read from (:func:`told`): text, whatever bytes the name is made of."""
    bytes: int | None = None
    """Its size; None where the system does not say."""
    stamp: str = ""
    """Changes whenever the file does; empty where the system does not say."""
    companions: tuple[tuple[str, Input], ...] = ()
    """What is read beside it, each with its field of :class:`ncutool.analysis.request.Request`."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the user says of it: columns of the table of captures."""

    @property
    def name(self) -> str:
        """File name without its folder."""
        return self.path.rpartition("/")[2]

    @property
    def file_id(self) -> str:
        """Hash of where it lies: one a file, whatever is in it."""
        return sha256(self.location.encode()).hexdigest()[:32]

    @property
    def stamps(self) -> str:
        """Changes whenever it, a companion, or what the user says of it does; empty if unknown."""
        if not self.stamp or not all(one.stamp for _, one in self.companions):
            return ""
        parts = [
            self.stamp,
            *(f"{role}={one.location}={one.stamp}" for role, one in self.companions),
        ]
        said = [f"{key}={value!r}" for key, value in sorted(self.metadata.items())]
        return " ".join([*parts, *said])


@contextmanager
def local_file(source: Input) -> Iterator[Path]:
    """Give a path of this machine that holds the file as long as it is read."""
    yield Path(named(source.location))


def told(name: str) -> str:
    """Return the name of a file as text that every format can hold, whatever bytes it has."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return _BYTES + os.fsencode(name).decode("latin-1")
    return name


def named(location: str) -> str:
    """Return the name of a file from what :func:`told` made of it."""
    if location.startswith(_BYTES):
        return os.fsdecode(location[len(_BYTES) :].encode("latin-1"))
    return location


def gather(
    paths: Sequence[str],
    *,
    leave_out: Path | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Iterator[Input]:
    """Yield every file of an archive once, in the order of the paths and of their names.

    Args:
        paths: files, folders, patterns (``**`` is any folders), and ``@list.txt``, a file with one
            of these a line.
        leave_out: a folder that is none of the archive: where the dataset goes.
        metadata: what the user says of all of them.

    Raises:
        UsageError: a path does not exist, a pattern fits nothing, or a list cannot be read.
    """
    roots = [root for path in paths for root in _roots(path)]
    below = _common_folder(roots)
    walk = _Walk(leave_out.resolve() if leave_out is not None else None)
    for root in roots:
        for location in walk.files(root):
            yield _input(location, below, metadata or {})


def _roots(path: str) -> list[str]:
    """Return the files and folders that one argument names.

    Raises:
        UsageError: it names none.
    """
    if path.startswith("@"):
        return [root for line in _lines(path[1:]) for root in _roots(line)]
    if os.path.lexists(path):
        return [path]
    if any(mark in path for mark in _GLOB_MARKS):
        if found := sorted(glob.glob(path, recursive=True)):
            return found
        raise UsageError(f"{path}: no file fits this pattern; check it")
    raise UsageError(f"{path}: does not exist; check the path")


def _lines(path: str) -> list[str]:
    """Return the paths that a list names; empty lines and those of `#` are none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{path}: the list of paths cannot be read ({why})") from error
    return [line for line in lines if line and not line.startswith("#")]


def _common_folder(roots: Iterable[str]) -> str:
    """Return the folder that all paths are told below."""
    absolute = [os.path.abspath(root) for root in roots]
    folders = [root if os.path.isdir(root) else os.path.dirname(root) for root in absolute]
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # on several drives
        return ""


class _Walk:
    """Walks folders without coming twice to one file or one folder, however they are linked."""

    def __init__(self, leave_out: Path | None) -> None:
        self._leave_out = None if leave_out is None else str(leave_out)
        self._folders: set[tuple[int, int]] = set()
        self._files: set[str] = set()

    def files(self, root: str) -> Iterator[str]:
        """Yield the files at and below a path, by name; a folder that refuses is one of them."""
        left = [os.path.abspath(root)]
        while left:
            path = left.pop()
            if not os.path.isdir(path):
                yield from self._once(path)
            elif os.path.realpath(path) != self._leave_out and self._is_new(path):
                try:
                    names = [name for name in os.listdir(path) if not name.startswith(".")]
                except OSError:
                    yield from self._once(path)
                    continue
                left += (os.path.join(path, name) for name in sorted(names, reverse=True))

    def _once(self, path: str) -> Iterator[str]:
        if path not in self._files:
            self._files.add(path)
            yield path

    def _is_new(self, folder: str) -> bool:
        """Whether a folder has not been walked yet: a link may lead back to it."""
        try:
            about = os.stat(folder)
        except OSError:
            return True
        key = (about.st_dev, about.st_ino)
        if key in self._folders:
            return False
        self._folders.add(key)
        return True


def _input(location: str, below: str, metadata: Mapping[str, str]) -> Input:
    path = os.path.relpath(location, below) if below else location
    path = path.replace(os.sep, "/").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        about = os.stat(location)
    except OSError:
        return Input(path, told(location), metadata=metadata)
    stamp = f"{about.st_size}-{about.st_mtime_ns}-{about.st_ino}"
    return Input(path, told(location), about.st_size, stamp, metadata=metadata)
