"""The files of an archive: which there are, what each is called, and when it changed.

Nothing here opens a capture. What a file is tells its content, when a worker reads it; whatever a
folder holds is therefore given, but for names that begin with a dot.
"""

from __future__ import annotations

import glob
import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ncutool.archive import listing
from ncutool.archive.dataset import is_something_else
from ncutool.archive.source import Input, local_file, named, told
from ncutool.base.records import replace
from ncutool_parsers import Place, place
from ncutool_parsers.errors import CaptureError, UsageError
from ncutool_parsers.place import SEPARATOR, URL

_GLOB_MARKS = "*?["
_NO_FILE = "is a pipe, a socket or a device, not a file; write what it gives to a file first"
_OF_ALL = ("/home", "/Users")
_LISTINGS = "listings"
"""Folder of the dataset's index that holds what archives hold."""
__all__ = ["Input", "gather", "local_file", "named", "told"]


def gather(
    paths: Sequence[str],
    *,
    leave_out: Path | None = None,
    metadata: Mapping[str, str] | None = None,
    keep_listings: bool = True,
) -> Iterator[Input]:
    """Yield every file of an archive once, in the order of the paths and of their names.

    Args:
        paths: files, folders, patterns (``**`` is any folders), and ``@list.txt``, a file with one
            of these a line.
        leave_out: a folder that is none of the archive: where the dataset goes.
        metadata: what the user says of all of them.
        keep_listings: keep what archives hold in the dataset, for later runs.

    Raises:
        UsageError: a path does not exist, a pattern fits nothing, or a list cannot be read.
    """
    roots = [root for path in paths for root in _roots(path)]
    below, below_urls = _common_folder(roots), _common_url(roots)
    walk = _Walk(leave_out.resolve() if leave_out is not None else None)
    keep = None
    if keep_listings and leave_out is not None and not is_something_else(leave_out):
        keep = leave_out / "_index" / _LISTINGS
    for root in roots:
        if isinstance(root, Place):
            found = _of_place(root, below, below_urls)
        else:
            base = below or os.path.dirname(os.path.abspath(root))
            found = (_input(location, base) for location in walk.files(root))
        for one in found:
            yield from _whole(replace(one, metadata=metadata or {}), root, keep)


def _whole(source: Input, root: str | Place, keep: Path | None) -> Iterator[Input]:
    """Yield a file, or what is in it where it is an archive of files."""
    pattern = root.member if isinstance(root, Place) else None
    if pattern is None and not listing.is_archive_name(source.path):
        yield source
        return
    try:
        members = listing.of_archive(source, pattern or "*", keep=keep)
    except CaptureError:  # whoever reads it says what is wrong
        members = None
    yield from [source] if members is None else members


def _of_place(root: Place, below: str, below_urls: str) -> Iterator[Input]:
    """Yield the files of a URL, or the archive that a member of is meant."""
    if not root.is_remote:
        yield _input(os.path.abspath(root.address), below)
        return
    asked = Place(root.address)
    found = listing.of_url(asked)
    if not found:
        raise UsageError(f"{asked}: no file fits this pattern or lies in this folder; check it")
    for one in found:
        full = str(one.place())
        yield replace(one, path=full.removeprefix(below_urls).lstrip("/") or one.name)


def _common_url(roots: Iterable[str | Place]) -> str:
    """Return what the URLs of the roots begin with alike, as far as whole folders."""
    urls = [
        str(Place(root.address)) for root in roots if isinstance(root, Place) and root.is_remote
    ]
    if not urls:
        return ""
    fixed = [_fixed(url) for url in urls]
    schemes = {url.partition("://")[0] for url in fixed}
    if len(schemes) > 1:
        return ""
    common = posixpath.commonpath([url.partition("://")[2] for url in fixed])
    return f"{schemes.pop()}://{common}" if common else ""


def _fixed(url: str) -> str:
    """Return the folder that all files of a URL lie below."""
    if not any(mark in url for mark in _GLOB_MARKS):
        name = url.rpartition("/")[2]
        return url.rpartition("/")[0] if "." in name else url.rstrip("/")
    first = min(url.index(mark) for mark in _GLOB_MARKS if mark in url)
    return url[:first].rpartition("/")[0]


def _roots(path: str) -> list[str | Place]:
    """Return the files, folders and other places that one argument names.

    Raises:
        UsageError: it names none.
    """
    if path.startswith("@"):
        return [root for line in _lines(path[1:]) for root in _roots(line)]
    if os.path.lexists(path):
        return [path]
    if URL.match(path) or SEPARATOR in path:
        found = place(path)
        if isinstance(found, Place):
            return [found]
        path = str(found)
        if os.path.lexists(path):
            return [path]
    if any(mark in path for mark in _GLOB_MARKS):
        if fitting := sorted(glob.glob(path, recursive=True)):
            return list(fitting)
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


def _common_folder(roots: Iterable[str | Place]) -> str:
    """Return the folder that all local paths are told below."""
    local = [root.address if isinstance(root, Place) else root for root in roots]
    absolute = [os.path.abspath(root) for root in local if not URL.match(root)]
    folders = [root if os.path.isdir(root) else os.path.dirname(root) for root in absolute]
    try:
        common = os.path.commonpath(folders) if folders else ""
    except ValueError:  # on several drives
        return ""
    # below these the next folder is a person's, or a disk of this machine
    is_high = os.path.dirname(common) == common or common in _OF_ALL
    return "" if is_high else common


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


def _input(location: str, below: str) -> Input:
    path = os.path.relpath(location, below) if below else location
    path = path.replace(os.sep, "/").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        about = os.stat(location)
    except OSError:
        return Input(path, told(location))
    if not stat.S_ISREG(about.st_mode) and not stat.S_ISDIR(about.st_mode):
        # a worker has other pipes under the same names, such as /dev/fd/63
        return Input(path, told(location), problem=_NO_FILE, is_refused=True)
    stamp = f"{about.st_size}-{about.st_mtime_ns}-{about.st_ino}"
    return Input(path, told(location), about.st_size, stamp)
