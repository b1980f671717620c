"""What lies behind a URL, read through fsspec; the only module of the readers that knows fsspec.

Errors of a store are told in our own words and never in its own: those of HTTP repeat the whole
URL, with the signature in it.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from msgspec import Struct

from ncutool_parsers import spool
from ncutool_parsers.errors import (
    MissingError,
    NcutoolError,
    RefusedError,
    TooLargeError,
    UnreadableError,
    UsageError,
)
from ncutool_parsers.place import Place

if TYPE_CHECKING:
    from ncutool_parsers.interface import ReadOptions

EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gs",
    "gcs": "gs",
    "az": "az",
    "abfs": "az",
    "abfss": "az",
    "hf": "hf",
    "http": "http",
    "https": "http",
}
"""The extra of ncutool that brings what a kind of URL needs; ``remote`` for all others."""
_NO_PLACES = (
    *("async_wrapper", "blockcache", "cached", "dask", "data", "dir", "filecache", "generic"),
    *("jlab", "jupyter", "libarchive", "reference", "root", "simplecache", "tar", "zip"),
)
"""What fsspec calls file systems and wraps others or runs code: no place that captures lie in."""
_LOGGERS = (
    *("fsspec", "gcsfs", "s3fs", "adlfs"),
    *("aiobotocore", "botocore", "azure", "huggingface_hub"),
)
_NO_LOG = logging.NullHandler()
"""Python prints what a library logs where nobody listens: traces of its own, and whole URLs."""
_BLOCK = 4 * 1024 * 1024
_MISSING = "does not exist"
_GLOB_MARKS = "*?["
_SIGN_IN = "sign in as the store's own tools do (docs/archives.md)"


@contextmanager
def opened(place: Place) -> Iterator[tuple[BinaryIO, int | None]]:
    """Yield the bytes that a URL names, open to read and to seek in, and how many there are.

    Raises:
        UnreadableError: it is not there, may not be read, cannot be reached; no package for it.
        UsageError: no kind of place is called so.
    """
    system, path = filesystem(place)
    with told(place):
        entry = system.info(path)
        if entry.get("type") == "directory":
            raise RefusedError(place, "is a folder", "name the capture inside it")
        size = entry.get("size")
        with system.open(path, "rb", block_size=_BLOCK) as file:
            yield cast("BinaryIO", file), None if size is None else int(size)


class TakenError(RefusedError):
    """What was to be made is there already."""


class Found(Struct, frozen=True):
    """One file behind a URL."""

    place: Place
    below: str
    """Where it lies below what was asked for; its own name where that is a file."""
    size: int | None
    stamp: str
    """Changes whenever the file does; empty where the store does not say."""


def found(place: Place) -> list[Found]:
    """Return every file that a URL names, by name: one, those below a folder, or of a pattern.

    Raises:
        UnreadableError: it is not there, may not be read, cannot be reached; no package for it.
        UsageError: no kind of place is called so, or a pattern is asked of a web server.
    """
    system, path = filesystem(place)
    scheme = place.address.partition("://")[0].lower()
    if scheme in ("http", "https"):  # it has no folders to list, and ? begins a query
        with told(place):
            about = system.info(path)
        return [Found(place, place.name, _size(about), _stamp(about))]
    with told(place):
        if any(mark in path for mark in _GLOB_MARKS):
            base = path.partition(next(mark for mark in path if mark in _GLOB_MARKS))[0]
            entries = _fitting(system, path, only_folders=place.address.endswith("/"))
            base = base.rpartition("/")[0]
        else:
            about = system.info(path)
            if about.get("type") != "directory":
                return [Found(place, place.name, _size(about), _stamp(about))]
            entries, base = system.find(path, detail=True), path
        return [
            Found(
                Place(f"{scheme}://{_bare(system, name)}"),
                _bare(system, name).removeprefix(_bare(system, base)).lstrip("/"),
                _size(entry),
                _stamp(entry),
            )
            for name, entry in sorted(entries.items())
            if entry.get("type") != "directory"
        ]


def _fitting(system: Any, pattern: str, *, only_folders: bool) -> dict[str, dict[str, Any]]:
    """Return the files that fit a pattern, and those below each folder that does."""
    entries: dict[str, dict[str, Any]] = system.glob(pattern, detail=True)
    folders = sorted(
        name.rstrip("/") for name, entry in entries.items() if entry.get("type") == "directory"
    )
    walked = ""
    below: dict[str, dict[str, Any]] = {}
    for folder in folders:
        if not walked or not folder.startswith(f"{walked}/"):  # else it has been walked with that
            walked = folder
            below |= system.find(folder, detail=True)
    return below if only_folders else entries | below


def _bare(system: Any, path: str) -> str:
    return str(system._strip_protocol(path)).lstrip("/")


def _size(entry: dict[str, Any]) -> int | None:
    size = entry.get("size")
    return None if size is None else int(size)


def _stamp(entry: dict[str, Any]) -> str:
    """Return what a store says that changes with a file: a hash, or the time of the change."""
    for key in ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "mtime", "created"):
        if entry.get(key):
            return f"{entry.get('size')}-{entry[key]}"
    return ""


def content(place: Place) -> bytes | None:
    """Return what a small file behind a URL holds; None where it is not there.

    Raises:
        UnreadableError: it may not be read or cannot be reached; no package for it.
    """
    system, path = filesystem(place)
    try:
        with told(place):
            return bytes(system.cat_file(path))
    except MissingError:
        return None


def copy(place: Place, target: Path, options: ReadOptions, most: int | None = None) -> None:
    """Write what a URL names to a local file.

    Args:
        place: the URL.
        target: the file.
        options: limit of bytes, and the progress.
        most: stop after so many bytes; None copies all.

    Raises:
        UnreadableError: as :func:`opened`; or it is larger than ``options.max_bytes``.
    """
    with opened(place) as (source, size), target.open("wb") as out:
        if most is None and size is not None and size > options.max_bytes:
            raise too_large(place, size, options.max_bytes)
        with told(place):
            transfer(place, source, out, options, size, most)


def transfer(
    place: Place,
    source: BinaryIO,
    out: BinaryIO,
    options: ReadOptions,
    size: int | None,
    most: int | None = None,
) -> int:
    """Copy a stream block by block, counted against the limit; return the number of bytes.

    Raises:
        UnreadableError: there are more than ``options.max_bytes``, whatever was said before.
    """
    done = 0
    while block := source.read(_BLOCK if most is None else min(_BLOCK, most - done)):
        done += len(block)
        if done > options.max_bytes:
            raise too_large(place, None, options.max_bytes)
        out.write(block)
        if options.progress is not None and most is None:
            options.progress(done, max(done, size or 0))
    return done


def too_large(place: Place, size: int | None, limit: int) -> UnreadableError:
    """Return the error of something larger than the limit, found before or while reading."""
    what = "more than" if size is None else f"{size} bytes, more than"
    return TooLargeError(
        place, f"holds {what} the limit of {limit} bytes", "raise --max-bytes if you trust it"
    )


def filesystem(place: Place) -> tuple[Any, str]:
    """Return fsspec's file system of a URL, and the path in it.

    Raises:
        UnreadableError: a package is missing, or the store refuses at once.
        UsageError: no kind of place is called so.
    """
    scheme = place.address.partition("://")[0].lower()
    _check_installed(place, scheme)
    from fsspec.core import url_to_fs

    for name in _LOGGERS:
        logging.getLogger(name).addHandler(_NO_LOG)
    with told(place):
        system, path = url_to_fs(f"{scheme}{place.address[len(scheme) :]}")
    return system, str(path)


def _check_installed(place: Place, scheme: str) -> None:
    extra = EXTRAS.get(scheme, "remote")
    remedy = f"pip install 'ncutool[{extra}]'"
    missing = f"reading from {scheme}:// needs a package that is not installed"
    try:
        registry = importlib.import_module("fsspec.registry")
    except ImportError:
        raise RefusedError(place, missing, remedy) from None
    known = [*registry.known_implementations, *registry.registry]
    if scheme not in known or scheme in _NO_PLACES:
        offered = "s3://, gs://, az://, hf://, https:// or another store that fsspec knows"
        raise UsageError(f"{place}: {scheme}:// is no place that captures lie in; use {offered}")
    try:
        registry.get_filesystem_class(scheme)
    except ImportError:
        if extra == "remote":
            remedy = f"install what fsspec needs for {scheme}://, see its documentation"
        raise RefusedError(place, missing, remedy) from None


class told:  # noqa: N801 - it is used like the functions of contextlib
    """Turn every error of a store into one sentence that repeats nothing of its own text.

    Raises:
        MissingError: it is not there.
        TakenError: it is there, and was to be made.
        RefusedError: whatever else the store says.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, (NcutoolError, MemoryError)):
            return
        if spool.is_full(error):
            return
        problem, remedy = words_of(error)
        refused = RefusedError
        if isinstance(error, FileExistsError) or status_of(error) in (409, 412):
            refused = TakenError
        elif problem == _MISSING:
            refused = MissingError
        raise refused(self._place, problem, remedy) from None


def words_of(error: Exception) -> tuple[str, str]:
    """Return what is wrong and what to do, by the class and the code of a store's error."""
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # fsspec takes whatever HTTP answers for a missing file
    name = type(error).__name__
    status = status_of(error)
    if isinstance(error, FileNotFoundError) or status == 404:
        return _MISSING, "check the path"
    if "Credential" in name or "Token" in name:
        return "cannot be read: no credentials were found that hold for it", _SIGN_IN
    if isinstance(error, PermissionError) or status in (401, 403):
        return "may not be read: access is denied", _SIGN_IN
    if isinstance(error, ImportError):
        missing = f" ({error.name})" if error.name else ""
        return (
            f"cannot be read: a package that its store needs is missing or too old{missing}",
            "install ncutool with the extra for it again",
        )
    if isinstance(error, IsADirectoryError):
        return "is a folder", "name the capture inside it"
    if isinstance(error, (TimeoutError, ConnectionError)) or any(
        word in name for word in ("Connect", "Timeout", "DNS", "SSL", "Endpoint", "ServiceRequest")
    ):
        return f"cannot be reached ({name})", "check the address, the network and the proxy"
    if isinstance(error, ValueError) and status is None:
        return "cannot be reached: its package does not take the settings that it finds", _SIGN_IN
    code = name if status is None else f"{name}, status {status}"
    return f"cannot be read: its store answered with an error ({code})", "try it again"


def status_of(error: Exception) -> int | None:
    """Return the status of HTTP in an error of a store's client; None where it has none.

    aiohttp has it as ``status``, gcsfs as ``code``, Azure as ``status_code``, and requests and
    httpx (Hugging Face) in the response; botocore in a table of its own.
    """
    response = getattr(error, "response", None)
    for one in (error, response):
        for name in _STATUSES:  # in this order: aiohttp warns whoever asks for `code`
            found = getattr(one, name, None)
            if isinstance(found, int) and found:
                return int(found)
    if isinstance(response, dict):
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return found if isinstance(found, int) else None
    return None


_STATUSES = ("status", "code", "status_code")
