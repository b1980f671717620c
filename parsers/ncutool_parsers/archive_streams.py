"""The bytes of an archive: which kind it is, and its stream inflated and kept within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from ncutool_parsers.errors import TooLargeError

if TYPE_CHECKING:
    from ncutool_parsers.place import Place

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
"""The first bytes of what may be a compressed tar, by the name of the compression."""
_BLOCK = 512
_CHUNK = 256 * 1024
_MOST_HEADERS = 4 * 1024 * 1024
"""Longer headers of one member are an attack: real ones take a few hundred bytes."""
_MOST_AT_ONCE = 512 * 1024 * 1024
"""So much of a file is never asked for in one piece, but by a list of members made to fill the
memory: that of a zip of a million members takes a hundred million bytes."""
_MOST_TIMES = 200
"""A tar that becomes so many times larger than it lies there is a bomb, once it is past the limit
of bytes too: traces shrink to a twentieth at best, and zeros to a thousandth."""
_XZ_MEMORY = 512 * 1024 * 1024
_ZSTD_WINDOW = 128 * 1024 * 1024
"""Memory that a stream may ask for to be inflated: what zstd's own tool allows unless asked."""

try:
    from isal import igzip

    _gzip_file: Callable[..., Any] = igzip.IGzipFile
except ImportError:  # no wheel for this machine: the standard library is slower
    _gzip_file = gzip.GzipFile


def kind(file: BinaryIO) -> str | None:
    """Return ``zip``, ``tar`` or the name of a tar's compression; None where it is no archive.

    Args:
        file: its bytes, at their start, which is where they are left.
    """
    head = file.read(_BLOCK)
    file.seek(0)
    if head.startswith(_ZIP_STARTS):
        return "zip"
    if _is_tar(head):
        return "tar"
    packed = next((name for magic, name in _COMPRESSED.items() if head.startswith(magic)), None)
    if packed is None:
        return None
    try:
        first = _first(file, packed)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error):
        return None
    finally:
        file.seek(0)
    return packed if _is_tar(first) else None


def inflated(archive: Path | Place, file: BinaryIO, packed: str, max_bytes: int) -> BinaryIO:
    """Return the bytes of a tar as they are once inflated; those of a plain one as they lie there.

    Args:
        archive: where it lies, for errors.
        file: its bytes.
        packed: what :func:`kind` says.
        max_bytes: past so many bytes it may not be much larger than it lies there.
    """
    if packed == "tar":
        return file
    return cast("BinaryIO", _Bounded(archive, _inflating(file, packed), file, max_bytes))


def _is_tar(block: bytes) -> bool:
    """Whether a block is the header of a member of a tar: its checksum says so."""
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _first(file: BinaryIO, packed: str) -> bytes:
    """Return the first block of what a compressed file becomes, though its end be missing."""
    if packed == "gzip":
        return zlib.decompressobj(31).decompress(file.read(_CHUNK), _BLOCK)
    return _inflating(file, packed).read(_BLOCK)


def _inflating(file: BinaryIO, packed: str) -> BinaryIO:
    if packed == "gzip":
        return cast("BinaryIO", _gzip_file(fileobj=file, mode="rb"))
    if packed == "zstd":
        return cast("BinaryIO", _InflatingZstd(file))
    if packed == "bzip2":
        return cast("BinaryIO", _Inflating(file, bz2.BZ2Decompressor))
    return cast("BinaryIO", _Inflating(file, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)))


class _Inflating:
    """Streams of bzip2 or xz, one after another, as one; memory is limited."""

    def __init__(self, file: BinaryIO, new: Callable[[], Any]) -> None:
        self._file, self._new = file, new
        self._inflater = new()
        self._rest = b""
        self._begun = False

    def read(self, size: int) -> bytes:
        out: bytes = b""
        while not out:
            if self._inflater.eof:
                self._rest, self._inflater = self._inflater.unused_data, self._new()
                self._begun = False
            if not self._rest and self._inflater.needs_input:
                self._rest = self._file.read(_CHUNK)
                if not self._rest:
                    if self._begun:
                        raise EOFError("it ends before its end marker")
                    return b""
            out = self._inflater.decompress(self._rest, size)
            self._rest, self._begun = b"", True
        return out


class _InflatingZstd:
    """A Zstandard stream; damage is an ``OSError``, as that of the other kinds is."""

    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        self._damage = zstandard.ZstdError
        unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        # Tools that compress in parallel write many frames, which are one stream all the same.
        self._stream = unpacker.stream_reader(file, read_across_frames=True, closefd=False)

    def read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except self._damage as error:
            raise OSError(str(error)) from None


class _Bounded:
    """A stream that stops where it becomes much larger than the file that it comes from."""

    def __init__(
        self, archive: Path | Place, source: BinaryIO, file: BinaryIO, max_bytes: int
    ) -> None:
        self._archive, self._source, self._file = archive, source, file
        self._max_bytes = max_bytes
        self._total = 0

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes.

        Raises:
            TooLargeError: it has become far larger than it lies there.
        """
        block = self._source.read(size)
        self._total += len(block)
        if self._total > self._max_bytes and self._total > _MOST_TIMES * self._file.tell():
            problem = (
                f"is a bomb: it becomes more than {_MOST_TIMES} times as large as it lies there, "
                f"and more than {self._max_bytes} bytes"
            )
            raise TooLargeError(self._archive, problem, "unpack it by hand if you trust it")
        return block


class Guarded(io.RawIOBase):
    """A file whose headers are short: a member that says otherwise does not fill the memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left: int | None = None

    @contextmanager
    def headers(self) -> Iterator[None]:
        """Allow as many bytes as headers may have until the end of the ``with``."""
        self._left = _MOST_HEADERS
        try:
            yield
        finally:
            self._left = None

    def read(self, size: int = -1) -> bytes:
        """Return at most ``size`` bytes.

        Raises:
            ReadError: they are more than a header or a list of members has.
        """
        if size > _MOST_AT_ONCE or (self._left is not None and size > self._left):
            raise tarfile.ReadError("its headers are longer than those of any real archive")
        block = self._file.read(size)
        if self._left is not None:
            self._left -= len(block)
        return block

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place in the file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Return whether the file can be moved in; a stream that is inflated cannot."""
        return hasattr(self._file, "seek")

    def readable(self) -> bool:
        """Return whether it can be read, which ``tarfile`` and ``zipfile`` ask: always."""
        return True


def skip(tar: tarfile.TarFile) -> None:
    """Move past the data of the member that was read last.

    Raises:
        ReadError: the archive ends before they do.
    """
    file = cast("BinaryIO", tar.fileobj)
    if tar.offset > file.tell():
        file.seek(tar.offset - 1)
        if not file.read(1):
            raise tarfile.ReadError("unexpected end of data")
