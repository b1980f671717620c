"""Places that captures lie in besides local files: URLs, and members of archives.

A place is written as it is named to a command: ``s3://bucket/run/rank0.json.gz``,
``runs.tar.gz::rank0.json.gz``, ``s3://bucket/runs.zip::rank0.json.gz``. Readers open local files
and nothing else, so that what lies elsewhere is copied to a temporary file first, within the limit
of bytes, and that file is always removed. Nothing of a network is imported for a local path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ncutool_parsers.errors import UsageError
from ncutool_parsers.place import SEPARATOR, URL, Place

if TYPE_CHECKING:
    from os import PathLike

    from ncutool_parsers.interface import ReadOptions

_NOT_IN_NAMES = re.compile(r"[/\0]" if os.name == "posix" else r'[\0-\x1f<>:"/\\|?*]')
_ARCHIVES = ("zip", "tar", "libarchive")
"""What fsspec writes before a member, in front of its archive."""
_LONGEST_NAME = 200
_HEAD = 64 * 1024


def place(given: str | PathLike[str] | Place) -> Path | Place:
    """Return what a text names: a local file as a path, anything else as a :class:`Place`.

    A local file of that very name wins, whatever colons stand in it.

    Raises:
        UsageError: it is written in the chained way of fsspec, member first.
    """
    if isinstance(given, (Place, Path)):
        return given
    text = os.fspath(given)
    if (url := URL.match(text)) is None:
        return _local_place(text)
    scheme = url[1].lower()
    if scheme == "file":
        return _local_place(_local_path(text))
    address, separator, member = text.partition(SEPARATOR)
    if separator and (URL.match(member) or scheme in _ARCHIVES):
        inner = address.partition("://")[2]
        archive = Place(member)
        hint = f"{archive}{SEPARATOR}{inner}" if scheme in _ARCHIVES else str(archive)
        raise UsageError(
            f"{Place(address)}{SEPARATOR}…: the archive comes first, then the member: write {hint}"
        )
    return Place(address, member if separator else None)


@contextmanager
def local(given: Path | Place, options: ReadOptions, *, head: bool = False) -> Iterator[Path]:
    """Yield a local file that holds what lies at a place; a copy is removed afterwards.

    Args:
        given: the place; a local file is yielded as it is.
        options: limit of bytes and the progress of copying.
        head: copy only so much of the beginning as tells the format.

    Raises:
        UnreadableError: it is not there, may not be read, is too large, or the archive is damaged.
    """
    if isinstance(given, Path):
        yield given
        return
    from ncutool_parsers import archives, spool, stores

    with spool.folder() as folder:
        copy = folder / file_name(given.name)
        most = _HEAD if head else None
        if given.member is None:
            stores.copy(given, copy, options, most)
        else:
            archives.copy(given, copy, options, most)
        yield copy


def _local_place(text: str) -> Path | Place:
    """Return a local path, or the member of a local archive."""
    path = Path(text)
    if SEPARATOR not in text or path.exists():
        return path
    at = text.find(SEPARATOR)
    while at > 0:
        if Path(text[:at]).is_file():
            return Place(text[:at], text[at + len(SEPARATOR) :])
        at = text.find(SEPARATOR, at + 1)
    return path


def _local_path(url: str) -> str:
    """Return the local path that a ``file://`` URL names."""
    from urllib.request import url2pathname

    path = url.partition("://")[2]
    archive, separator, member = path.partition(SEPARATOR)
    archive = archive.removeprefix("localhost")
    return url2pathname(archive) + separator + member


def file_name(name: str) -> str:
    """Return a name that a temporary file may have: the place's own, as far as the system can."""
    kept = _NOT_IN_NAMES.sub("_", name)
    if kept in ("", ".", ".."):
        return "capture"
    while len(os.fsencode(kept)) > _LONGEST_NAME:
        kept = kept[1:]  # the ending tells readers of people more
    return kept
