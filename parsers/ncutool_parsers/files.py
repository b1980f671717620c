"""What a path is before any reader opens it: the checks every format shares."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from pathlib import Path

from ncutool_parsers.errors import (
    DamagedError,
    EmptyFileError,
    NotACaptureError,
    RefusedError,
    UnreadableError,
)

HEAD_BYTES = 256
GZIP_MAGIC = b"\x1f\x8b"
_COMPRESSED = {
    b"BZh": ("bzip2", "bunzip2 -k"),
    b"\xfd7zXZ\x00": ("xz", "unxz -k"),
    b"\x04\x22\x4d\x18": ("lz4", "unlz4"),
}
"""What compresses a file that begins so, and the tool that unpacks it."""
ASK_FOR = (
    "give an Nsight Compute report (.ncu-rep), what ncu prints of one, or a torch.profiler trace "
    "(.json, .json.gz)"
)


def is_gzip(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is gzip, whatever its name says."""
    return head.startswith(GZIP_MAGIC)


def check_file(path: Path) -> bytes:
    """Return the first 256 bytes of the file as they lie on disk.

    Raises:
        UnreadableError: it is missing, a folder, not permitted, not a regular file, or empty.
    """
    try:
        _check_regular(path)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise RefusedError(path, "does not exist", "check the path") from None
    except PermissionError:
        raise RefusedError(path, "may not be read", "check its permissions") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RefusedError(path, f"cannot be opened ({reason})", "check the path") from None
    if not head:
        raise EmptyFileError(path, "is empty (0 bytes)", "record or copy the capture again")
    if head.startswith(b"version https://git-lfs"):
        raise NotACaptureError(
            path, "is a git-LFS pointer, not the capture itself", "run `git lfs pull` first"
        )
    return head


def _check_regular(path: Path) -> None:
    """Refuse what is no regular file before it is opened, since a pipe would wait for its writer.

    Raises:
        RefusedError: it is a folder, a pipe, a device or a socket.
        OSError: it is not there, or the system does not tell.
    """
    kind = os.stat(path).st_mode
    if stat.S_ISDIR(kind):
        raise RefusedError(path, "is a folder", "name the capture inside it")
    if stat.S_ISFIFO(kind):
        raise RefusedError(
            path,
            "is a pipe, and a capture is read more than once",
            "write it to a file first and name that",
        )
    if not stat.S_ISREG(kind):
        what = "a device" if stat.S_ISCHR(kind) or stat.S_ISBLK(kind) else "no regular file"
        raise RefusedError(path, f"is {what}, not a capture", ASK_FOR)


def read_head(path: Path) -> bytes:
    """Return the first 256 bytes, decompressed where the file is gzip: what a reader accepts by.

    Raises:
        UnreadableError: see :func:`check_file`; or it is gzip that cannot be decompressed.
    """
    head = check_file(path)
    if not is_gzip(head):
        return head
    try:
        with gzip.open(path, "rb") as file:
            inner = file.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        inner = _salvage(head)
    if not inner:
        raise DamagedError(
            path,
            "is gzip, but nothing in it can be decompressed",
            "record or copy the capture again",
        )
    return inner


def unknown_format(path: Path, head: bytes) -> UnreadableError:
    """Return the error of a file that no reader accepts, which says what it looks like."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<script")):
        return NotACaptureError(
            path,
            "is a web page, not a capture",
            "download the file itself (a raw link), not the page that shows it",
        )
    if (packed := packing(path)) is not None:
        return NotACaptureError(path, *packed)
    if start.startswith(b"sqlite format 3"):
        return NotACaptureError(path, "is an SQLite database (Nsight Systems export?)", ASK_FOR)
    if not start:
        return EmptyFileError(path, "holds nothing but white space", "record the capture again")
    printable = sum(byte >= 32 or byte in b"\t\r\n" for byte in head)
    kind = "text" if printable == len(head) else "of an unknown binary format"
    return NotACaptureError(path, f"is {kind}, not a capture", ASK_FOR)


def packing(path: Path) -> tuple[str, str] | None:
    """Return how a file is packed, and what to do; None where it is not."""
    from ncutool_parsers import archive_streams

    with path.open("rb") as file:
        kind = archive_streams.kind(file)
        start = file.read(8)
    if kind is not None:
        what = "zip" if kind == "zip" else "tar"
        return (
            f"is a {what} archive",
            "name the capture inside (FILE::NAME), or give all of it to ncutool batch",
        )
    for magic, (name, tool) in _COMPRESSED.items():
        if start.startswith(magic):
            return f"is compressed with {name}", f"unpack it first ({tool} FILE)"
    return None


def _salvage(head: bytes) -> bytes:
    """Return what the first bytes of a damaged gzip file decompress to, b"" if nothing."""
    try:
        return zlib.decompressobj(31).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""
