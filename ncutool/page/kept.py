"""What every page needs alike, kept in the user's cache folder instead of being made each time.

Each file begins with a digest of what it was made of and of what it holds: what does not fit both,
or what another user could have written, is made again. A folder that cannot be read or written
only costs that time.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGEST_BYTES = hashlib.sha256().digest_size


def cache_folder() -> Path:
    """Return the user's cache folder for ncutool, by the platform's own convention."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base or Path.home() / "AppData" / "Local") / "ncutool" / "Cache"
    base = os.environ.get("XDG_CACHE_HOME")
    if base and os.path.isabs(base):
        return Path(base) / "ncutool"
    return Path.home() / ".cache" / "ncutool"


def made(name: str, sources: bytes, make: Callable[[], bytes]) -> bytes:
    """Return what ``make`` makes of ``sources``, which is asked only where nothing is kept.

    Args:
        name: of its file.
        sources: all that the result depends on.
    """
    found = load(name, sources)
    if found is None:
        found = make()
        store(name, sources, found)
    return found


def load(name: str, sources: bytes) -> bytes | None:
    """Return what is kept under a name, where it was made of these sources; else None."""
    path = cache_folder() / name
    if not (is_own(path.parent) and is_own(path)):
        return None
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    digest, content = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
    return content if digest == _digest(sources, content) else None


def store(name: str, sources: bytes, content: bytes) -> None:
    """Keep what was made of sources; two at once do no harm, a refusal does none either."""
    path = cache_folder() / name
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, _digest(sources, content) + content)
    except OSError:
        return


def _digest(sources: bytes, content: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(sources).digest() + content).digest()


def is_own(path: Path) -> bool:
    """Whether this user made it and nobody else may write it."""
    try:
        kind = path.lstat()
    except OSError:
        return False
    if os.name != "posix":
        return True
    return kind.st_uid == os.geteuid() and not kind.st_mode & 0o022


def replace(path: Path, content: bytes) -> None:
    """Write a file as a whole: whoever reads it meanwhile finds the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
