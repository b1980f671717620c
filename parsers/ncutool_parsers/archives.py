"""Members of tar and zip archives, read in place: nothing is unpacked by a name of the archive's.

An archive is read by whoever did not write it, so that everything is bounded: how many members it
has, how long their headers are, how large each is before and while it is inflated, and how much
larger the whole becomes than it lies there. Only regular files are read: no links, no devices, no
names that lead out of the archive.
"""

from __future__ import annotations

import io
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from ncutool_parsers import archive_streams, spool, stores
from ncutool_parsers.errors import (
    DamagedError,
    NotACaptureError,
    RefusedError,
    TooLargeError,
    UnreadableError,
)
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.place import SEPARATOR, Place

MOST_MEMBERS = 1_000_000
"""An archive with more is refused."""
_LISTED = 5
"""How many names of members an error tells."""
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
)


class Member(Struct, frozen=True):
    """One entry of an archive, which is a regular file or says why it is not read."""

    name: str
    size: int
    """Bytes that it says it has once it is inflated."""
    refused: str | None = None
    """Why it is not read: "is a link" and the like; None where it is."""

    @property
    def problem(self) -> str | None:
        """What keeps it from being read, whatever its size."""
        parts = self.name.replace("\\", "/").split("/")
        if self.name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":"):
            return "has a name that leads out of the archive"
        return self.refused


Opener = Callable[[], BinaryIO]
"""Opens the member that it came with; it holds until the next member is asked for."""


@contextmanager
def opened(archive: Path | Place, max_bytes: int) -> Iterator[BinaryIO]:
    """Yield the bytes of an archive, local or behind a URL, open to read and seek in.

    One behind a URL whose server cannot seek is copied first, up to ``max_bytes``.

    Raises:
        UnreadableError: it is not there, is no regular file, or may not be read.
    """
    if isinstance(archive, Place):
        with stores.opened(archive) as (file, _), _seekable(archive, file, max_bytes) as there:
            yield there
        return
    try:
        if not stat.S_ISREG(os.stat(archive).st_mode):
            raise RefusedError(archive, "is no regular file", "name an archive")
        file = archive.open("rb")
    except OSError as error:
        problem = f"cannot be opened ({error.strerror or error})"
        raise RefusedError(archive, problem, "check the path") from None
    with file:
        yield file


@contextmanager
def _seekable(archive: Place, file: BinaryIO, max_bytes: int) -> Iterator[BinaryIO]:
    if file.seekable():
        yield file
        return
    with spool.folder() as folder, (folder / "archive").open("w+b") as whole:
        with stores.told(archive):
            stores.transfer(archive, file, whole, ReadOptions(max_bytes=max_bytes), None)
        whole.seek(0)
        yield whole


def kind_of(archive: Path | Place, file: BinaryIO) -> str | None:
    """Return which kind of archive it is, whose bytes are left at their start; None where none.

    Raises:
        UnreadableError: it cannot be read.
    """
    with _told(archive):
        return archive_streams.kind(file)


def members(
    archive: Path | Place, file: BinaryIO, max_bytes: int
) -> Generator[tuple[Member, Opener], None, None]:
    """Yield each entry of an archive that is no folder, in its order, with what opens it.

    Args:
        archive: where it lies, for errors.
        file: its bytes, at their start.
        max_bytes: a compressed tar that becomes larger than this, and far larger than it lies
            there, is refused on the way.

    Raises:
        UnreadableError: it is no archive, damaged, or a bomb.
    """
    kind = kind_of(archive, file)
    if kind is None:
        raise NotACaptureError(
            archive, "is no tar or zip archive", f"leave out what follows {SEPARATOR}"
        )
    walk = _of_zip(file) if kind == "zip" else _of_tar(archive, file, kind, max_bytes)
    count = 0
    while True:
        with _told(archive):
            entry = next(walk, None)
        if entry is None:
            return
        count += 1
        if count > MOST_MEMBERS:
            problem = f"holds more than {MOST_MEMBERS} members"
            raise TooLargeError(archive, problem, "unpack it and name the captures")
        yield entry


def copy(place: Place, target: Path, options: ReadOptions, most: int | None = None) -> None:
    """Write a member to a local file; where an archive holds a name twice, the last one counts.

    Args:
        place: the member.
        target: the file.
        options: limit of bytes, and the progress.
        most: stop after so many bytes; None copies all.

    Raises:
        UnreadableError: there is no such member or archive, it is no regular file, too large or
            damaged.
    """
    wanted, found = (place.member or "").removeprefix("./"), False
    names: list[str] = []
    with opened(place.archive, options.max_bytes) as file:
        walk = members(place.archive, file, options.max_bytes)
        while (entry := _next(walk, found)) is not None:
            member, opener = entry
            if len(names) <= _LISTED:
                names.append(member.name)
            if member.name.removeprefix("./") == wanted:
                write(place, member, opener, target, options, most)
                found = True
    if not found:
        raise _no_member(place, names)


def _next(walk: Iterator[tuple[Member, Opener]], found: bool) -> tuple[Member, Opener] | None:
    """Return the next member; None at the end, for which damage stands once one was found whole."""
    try:
        return next(walk, None)
    except DamagedError:
        if found:
            return None
        raise


def write(
    place: Place,
    member: Member,
    opener: Opener,
    target: Path,
    options: ReadOptions,
    most: int | None = None,
) -> None:
    """Write one member of :func:`members` to a local file, within the limit of bytes.

    Raises:
        UnreadableError: it is no regular file, too large or damaged.
    """
    if member.problem is not None:
        raise RefusedError(place, member.problem, "unpack it by hand if you trust the archive")
    if most is None and member.size > options.max_bytes:
        raise stores.too_large(place, member.size, options.max_bytes)
    with _told(place), opener() as source, target.open("wb") as out:
        done = stores.transfer(place, source, out, options, member.size, most)
    if most is None and done != member.size:
        problem = f"is damaged: {done} of its {member.size} bytes are there"
        raise DamagedError(place, problem, "copy the archive again")


def _of_zip(file: BinaryIO) -> Iterator[tuple[Member, Opener]]:
    archive = zipfile.ZipFile(cast("BinaryIO", archive_streams.Guarded(file)))
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        mode = entry.external_attr >> 16
        refused = None
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            refused = "is a link or a device"
        elif entry.flag_bits & 1:
            refused = "is encrypted"

        def opener(entry: zipfile.ZipInfo = entry) -> BinaryIO:
            try:
                return cast("BinaryIO", archive.open(entry))
            except (NotImplementedError, RuntimeError) as error:  # a method that Python has not
                raise zipfile.BadZipFile(str(error)) from None

        yield Member(entry.filename, entry.file_size, refused), opener


def _of_tar(
    archive: Path | Place, file: BinaryIO, kind: str, max_bytes: int
) -> Iterator[tuple[Member, Opener]]:
    guarded = archive_streams.Guarded(archive_streams.inflated(archive, file, kind, max_bytes))
    mode = "r:" if kind == "tar" else "r|"
    with tarfile.open(fileobj=cast("BinaryIO", guarded), mode=mode) as tar:  # type: ignore[call-overload]  # the mode is told at run time
        while True:
            with guarded.headers():
                entry = tar.next()
            if entry is None:
                if cast("BinaryIO", tar.fileobj).tell() <= tar.offset:
                    raise tarfile.ReadError("it ends without its end marker")
                return
            tar.members = []  # it would keep every header it ever read
            if entry.isdir():
                continue
            refused = None
            if not entry.isreg() or entry.issparse():
                refused = "is a link, a device or a sparse file"
            member = Member(entry.name, entry.size, refused)

            def opener(entry: tarfile.TarInfo = entry) -> BinaryIO:
                return cast("BinaryIO", tar.extractfile(entry) or io.BytesIO())

            yield member, opener
            archive_streams.skip(tar)


@contextmanager
def _told(place: Path | Place) -> Iterator[None]:
    """Turn what the archive libraries raise into one sentence of ours."""
    try:
        yield
    except UnreadableError:
        raise
    except (*_DAMAGE, ValueError) as error:
        if spool.is_full(error):
            raise
        detail = str(error) if isinstance(error, (tarfile.TarError, zipfile.BadZipFile)) else ""
        what = detail or type(error).__name__
        raise DamagedError(
            place, f"is damaged: it cannot be unpacked ({what})", "copy the archive again"
        ) from None


def _no_member(place: Place, names: list[str]) -> UnreadableError:
    listed = ", ".join(names[:_LISTED])
    more = ", …" if len(names) > _LISTED else ""
    there = f"it holds {listed}{more}" if names else "it holds no file"
    return RefusedError(
        replace(place, member=None) if place.is_remote else Path(place.address),
        f"has no member {place.member!r}",
        there,
    )
