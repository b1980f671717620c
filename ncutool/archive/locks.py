"""Locks between processes, which the system lets go of when their holder ends, however it ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ncutool_parsers.errors import OutputError

_TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class Lock:
    """A lock on a file, held from :meth:`take` to :meth:`leave` or to the end of the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def take(self, *, wait: bool = True) -> bool:
        """Return whether it is held now; without ``wait`` another holder is not waited for.

        Raises:
            OutputError: the file cannot be made, or the file system has no locks.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("ab")
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise OutputError(f"{self._path}: cannot be written ({why})") from error
        try:
            _lock(file.fileno(), wait)
        except OSError as error:
            file.close()
            if error.errno in _TAKEN:
                return False
            why = error.strerror or type(error).__name__
            raise OutputError(
                f"{self._path}: this file system has no locks ({why}); put the dataset on another"
            ) from error
        self._file = file
        return True

    def leave(self, *, remove: bool = False) -> None:
        """Let go of it; with ``remove`` its file goes first."""
        if self._file is None:
            return
        if remove:
            self._path.unlink(missing_ok=True)
        self._file.close()
        self._file = None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock, once every other holder has let go of it."""
    lock = Lock(path)
    lock.take()
    try:
        yield
    finally:
        lock.leave()


def is_held(path: Path) -> bool:
    """Whether a process that lives holds the lock on a file."""
    if not path.exists():
        return False
    lock = Lock(path)
    if not lock.take(wait=False):
        return True
    lock.leave()
    return False


if os.name == "nt":
    import msvcrt

    def _lock(descriptor: int, wait: bool) -> None:
        """Lock the first byte; Windows waits for ten seconds at a time."""
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows alone has it
                return
            except OSError as error:
                if not wait or error.errno not in _TAKEN:
                    raise

else:
    import fcntl

    def _lock(descriptor: int, wait: bool) -> None:
        """Lock the whole file, on Linux and macOS."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
