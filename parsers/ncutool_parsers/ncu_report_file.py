"""Nsight Compute reports: ``.ncu-rep``, ``.ncu-repz`` and the older ``.nsight-cuprof-report``.

The file is checked to its last byte first, then read by NVIDIA's own ``ncu_report`` in a
process that ends with the read: that library does not raise on damaged files, keeps all the
memory it ever took, and may crash.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from ncutool_parsers import files, ncu_framing, ncu_parts, spool
from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import (
    DamagedError,
    EmptyError,
    NotACaptureError,
    TooLargeError,
    UnreadableError,
    UsageError,
)
from ncutool_parsers.formats import NCU_REPORT
from ncutool_parsers.interface import ReadOptions

if TYPE_CHECKING:
    from ncutool_parsers.ncu_framing import Framing
    from ncutool_parsers.ncu_process import Report

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_CHUNK = 4 * 1024 * 1024
_UNPACK = "where it is a trace, unpack it first (unzstd FILE)"
_ZSTD_WINDOW = 128 * 1024 * 1024
"""Memory that a stream may ask for to be expanded: what the format's own tools allow."""


class NcuReportReader:
    """Reads Nsight Compute reports (satisfies :class:`ncutool_parsers.interface.Reader`)."""

    format = NCU_REPORT

    def accepts(self, head: bytes) -> bool:
        """Return whether it is a report: it begins with ``NVR\\0``, or is one as a Zstandard stream
        (``.ncu-repz``)."""
        return head.startswith((ncu_framing.MAGIC, ZSTD_MAGIC))

    def read(self, path: Path, options: ReadOptions) -> Capture:
        """Return the report as a Capture: launches, metrics, rules, devices and notices.

        ``options.metrics`` picks the rows of ``metrics``; the `launches` table and the devices
        need no choice. ``options.instructions`` fills `instructions`.

        Raises:
            UnreadableError: not a report, damaged, too large, or NVIDIA's reader fails on it.
            EmptyError: it holds no launch, or none with a usable counter.
            UsageError: ``options.metrics`` is not a regular expression.
        """
        try:
            re.compile(options.metrics or "")
        except re.error as error:
            raise UsageError(f"metrics is not a regular expression: {error}") from None
        head = files.check_file(path)
        with tempfile.TemporaryDirectory(prefix="ncutool-") as folder:
            plain = _uncompressed(path, head, options, Path(folder))
            framing = _checked_framing(plain, path)
            if framing.actions == 0:
                raise EmptyError(path, "holds no launch", "profile a program that launches kernels")
            report = _read_report(path, plain, framing, options, Path(folder))
            _add_geometry(report.actions, framing, plain)
        from ncutool_parsers import ncu_tables
        from ncutool_parsers.edge import Edge

        return ncu_tables.capture(path, report, framing, Edge.of(options))


def _read_report(
    path: Path, plain: Path, framing: Framing, options: ReadOptions, folder: Path
) -> Report:
    """Return what NVIDIA's reader says; without instructions if it fails over embedded code."""
    # msgspec and polars are imported only when a report is read: naming a file is cheap
    from ncutool_parsers import ncu_process

    progress = _action_hook(options, framing)

    def read(instructions: bool) -> Report:
        parts = ncu_parts.parts(plain, framing, folder, with_sources=instructions)
        return ncu_process.read(
            parts,
            path,
            options.metrics,
            progress,
            instructions=instructions,
            samples=options.samples,
            max_memory=options.max_memory,
        )

    if not options.instructions:
        return read(False)
    try:
        return read(True)
    except TooLargeError:
        raise
    except UnreadableError:
        report = read(False)
        report.code_failed = True
        return report


def _checked_framing(plain: Path, path: Path) -> Framing:
    try:
        return ncu_framing.walk(plain)
    except UnreadableError as error:  # name the file that was asked for, not its expanded copy
        raise type(error)(path, error.problem, error.remedy) from None


def _uncompressed(path: Path, head: bytes, options: ReadOptions, folder: Path) -> Path:
    """Return a path to the report uncompressed: the file itself, or a copy in ``folder``."""
    copy = folder / "report.ncu-rep"
    if head.startswith(ZSTD_MAGIC) or files.is_gzip(head):
        _expand(path, copy, "zstd" if head.startswith(ZSTD_MAGIC) else "gzip", options)
        return copy
    if path.stat().st_size > options.max_bytes:
        raise _too_large(path, options)
    if path.suffix.lower() == ".ncu-repz":  # NVIDIA's reader would expand it because of its name
        shutil.copyfile(path, copy)
        return copy
    return path


def _expand(path: Path, copy: Path, codec: str, options: ReadOptions) -> None:
    """Write the expanded report to ``copy``.

    Raises:
        UnreadableError: its stream is damaged, holds no report, or expands past
            ``options.max_bytes``.
    """
    import zstandard

    total = 0
    damage = (OSError, EOFError, zlib.error, zstandard.ZstdError)
    try:
        with _open_packed(path, codec) as packed, copy.open("wb") as out:
            while chunk := packed.read(_CHUNK):
                if not total and not chunk.startswith(ncu_framing.MAGIC[: len(chunk)]):
                    problem = f"is a {codec} stream that holds no Nsight Compute report"
                    remedy = _UNPACK if codec == "zstd" else files.ASK_FOR
                    raise NotACaptureError(path, *(files.packing(path) or (problem, remedy)))
                if not total:
                    ncu_framing.check_start(path, chunk)
                total += len(chunk)
                if total > options.max_bytes:
                    raise _too_large(path, options)
                out.write(chunk)
        if not total:  # a Zstandard stream that was cut ends without a word
            raise EOFError("it ends before its first bytes")
    except damage as error:
        if spool.is_full(error):
            raise
        problem = f"is damaged: its {codec} stream cannot be expanded ({error})"
        raise DamagedError(path, problem, "copy it again") from error


def _open_packed(path: Path, codec: str) -> IO[bytes]:
    """Return the expanded bytes of a compressed file as a stream."""
    if codec == "gzip":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    import zstandard

    # NVIDIA's tool writes one frame; frames that follow it belong to the same stream all the same.
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    return unpacker.stream_reader(path.open("rb"), read_across_frames=True, closefd=True)


def _too_large(path: Path, options: ReadOptions) -> TooLargeError:
    problem = f"holds more than the limit of {options.max_bytes} bytes"
    return TooLargeError(path, problem, "raise --max-bytes if you trust it")


def _action_hook(options: ReadOptions, framing: Framing) -> Any:
    report = options.progress
    if report is None:
        return None

    def on_action(done: int) -> None:
        report(framing.size * min(done, framing.actions) // framing.actions, framing.size)

    return on_action


def _add_geometry(actions: list[dict[str, Any]], framing: Framing, plain: Path) -> None:
    """Add grid, block and stream from the file itself: old reports keep them outside metrics."""
    if framing.range_results or len(actions) != len(framing.results):
        return  # the order of the file is not surely that of the reader
    for action, message in zip(actions, framing.results, strict=True):
        if "launch__grid_dim_x" not in action["facts"]:
            action["geometry"] = ncu_framing.geometry(plain, message)
