"""Temporary folders that go away: at the end of their use, or when whoever made them has died."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from ncutool_parsers.errors import RefusedError
from ncutool_parsers.place import Place

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PREFIX = "ncutool-spool-"
_LOCK = "in-use"
"""A file in each folder, which its maker keeps locked as long as it lives."""

try:
    import fcntl
except ImportError:  # Windows: a folder of a process that was killed stays
    fcntl = None  # type: ignore[assignment]  # the module is missing, which is what None says


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a new temporary folder, which is removed afterwards with all that lies in it.

    Folders that killed processes left behind are removed first: nobody holds their locks.
    """
    where = Path(tempfile.gettempdir())
    _sweep(where)
    made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=where))
    try:
        # locked before it has its name: whoever finds it by that name finds it locked
        with (made / "new").open("wb") as lock:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                (made / "new").rename(made / _LOCK)
            files = made / "files"
            files.mkdir()
            yield files
    finally:
        shutil.rmtree(made, ignore_errors=True)


def is_full(error: BaseException) -> bool:
    """Whether the system refused a temporary file: for want of room, or of any folder for it."""
    if not isinstance(error, OSError):
        return False
    return error.errno in _NO_ROOM or "usable temporary directory" in str(error)


@contextmanager
def told(path: Path | Place) -> Iterator[None]:
    """Say of a capture that there is no room for a temporary copy of it, where that is so.

    Raises:
        RefusedError: there is no room.
    """
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise
        raise RefusedError(
            path,
            "cannot be read: there is no room for temporary files (No space left on device)"
            if error.errno in _NO_ROOM
            else "cannot be read: there is no folder for temporary files",
            "make room there, or set TMPDIR to a folder with more",
        ) from error


@cache
def _sweep(where: Path) -> None:
    """Remove the folders whose makers have died; once a process."""
    if fcntl is None:
        return
    for left in where.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, gone meanwhile, or in use: not ours to remove
            with (left / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
