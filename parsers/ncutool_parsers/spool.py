"""Temporary folders that go away: at the end of their use, or when whoever made them has died."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

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
