"""A plain or gzip file as one stream of bytes that never raises on damage, but says so."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType

from ncutool_parsers.errors import TooLargeError
from ncutool_parsers.files import check_file, is_gzip
from ncutool_parsers.interface import ReadOptions

_gzip_file: Callable[..., gzip.GzipFile]
_DAMAGE: tuple[type[Exception], ...] = (EOFError, OSError, zlib.error)
try:
    from isal import igzip, igzip_lib
except ImportError:  # no wheel for this machine: the standard library is three times slower
    _gzip_file = gzip.GzipFile
else:
    _gzip_file = igzip.IGzipFile
    _DAMAGE = (*_DAMAGE, igzip_lib.IsalError)  # type: ignore[arg-type]  # stubs: an instance
_REPORT_EVERY = 4 * 1024 * 1024
_RECOVERY_BLOCK = 1024


class ByteStream:
    """Decompressed bytes of one file, counted against a limit.

    ``damage`` is None as long as all is well; a damaged or cut gzip file ends the stream early
    and leaves there what was wrong. Everything that can still be decompressed is delivered.
    """

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self._path = path
        self._options = options
        self.total = 0
        self.damage: str | None = None
        self._next_report = _REPORT_EVERY
        self._recovered: Iterator[bytes] | None = None
        self.is_gzip = is_gzip(check_file(path))
        self._file: io.BufferedReader = path.open("rb")
        self.size = path.stat().st_size
        self._gzip = _gzip_file(fileobj=self._file, mode="rb") if self.is_gzip else None
        # GzipFile inherits a readinto that copies every block; the buffer inside it does not
        self._reader: io.BufferedIOBase = (
            getattr(self._gzip, "_buffer", self._gzip) if self._gzip is not None else self._file
        )

    def __enter__(self) -> ByteStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def readinto(self, view: memoryview) -> int:
        """Fill the start of ``view``; the number of bytes written, 0 at the end.

        Raises:
            UnreadableError: the decompressed size passes ``max_bytes``.
        """
        count = self._fill(view)
        self.total += count
        if self.total > self._options.max_bytes:
            raise TooLargeError(
                self._path,
                f"holds more than {self._options.max_bytes} bytes once decompressed",
                "raise the limit with --max-bytes if the file is trusted",
            )
        if self._options.progress is not None and (self.total >= self._next_report or count == 0):
            self._next_report = self.total + _REPORT_EVERY
            self._options.progress(min(self._file.tell(), self.size), self.size)
        return count

    def _fill(self, view: memoryview) -> int:
        """Fill the start of ``view``, after damage with what a cautious pass recovers."""
        if self._recovered is None:
            try:
                return self._reader.readinto(view)
            except _DAMAGE as error:
                self.damage = _describe_damage(error)
                self._recovered = _recover(self._path, self.total) if self.is_gzip else iter(())
        for block in self._recovered:
            # blocks are small, but a view may be smaller still: hand back the rest first
            count = min(len(block), len(view))
            view[:count] = block[:count]
            if count < len(block):
                self._recovered = chain([block[count:]], self._recovered)
            return count
        return 0


def _describe_damage(error: BaseException) -> str:
    """Return in words what an error of the decompressor means."""
    if isinstance(error, EOFError):
        return "the gzip stream ends before its end marker"
    if "CRC" in str(error) or "length" in str(error).lower():
        return "the gzip checksum does not match"
    if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile):
        return f"reading stopped: {error.strerror or error}"
    return "the gzip stream is damaged"


def _recover(path: Path, skip: int) -> Iterator[bytes]:
    """Yield all past the first ``skip`` bytes that a second, cautious pass can decompress.

    Members of a gzip file follow one another; each has an inflater of its own.
    """
    with path.open("rb") as file:
        inflater = zlib.decompressobj(31)
        while block := file.read(_RECOVERY_BLOCK):
            while block:
                before = inflater.copy()
                try:
                    out, whole = inflater.decompress(block), True
                except zlib.error:
                    out, whole = _up_to_damage(before, block), False
                if len(out) > skip:
                    yield out[skip:]
                skip = max(0, skip - len(out))
                if not whole:
                    return
                block = inflater.unused_data
                if inflater.eof:
                    inflater = zlib.decompressobj(31)


def _up_to_damage(inflater: zlib._Decompress, block: bytes) -> bytes:
    """Return what a block gives before the byte that cannot be decompressed."""
    out = b""
    for index in range(len(block)):
        try:
            out += inflater.decompress(block[index : index + 1])
        except zlib.error:
            break
    return out
