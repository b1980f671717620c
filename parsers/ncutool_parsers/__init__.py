"""Captures in, tables out: Nsight Compute reports, what it prints, and torch.profiler traces.

>>> from ncutool_parsers import read
>>> capture = read("trace.json.gz")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from os import PathLike
from pathlib import Path

from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import CaptureError
from ncutool_parsers.files import read_head, unknown_format
from ncutool_parsers.formats import Traits
from ncutool_parsers.interface import Reader, ReadOptions, SearchingReader
from ncutool_parsers.ncu_report_file import NcuReportReader
from ncutool_parsers.ncu_text_file import NcuTextReader
from ncutool_parsers.place import Place
from ncutool_parsers.places import local, place
from ncutool_parsers.spool import told
from ncutool_parsers.torch_trace import TorchTraceReader

READERS: tuple[Reader, ...] = (NcuReportReader(), NcuTextReader(), TorchTraceReader())
"""Every format, asked in this order; the modules import what is heavy only when they read."""

__all__ = ["READERS", "Place", "place", "read", "sniff", "sources_where"]


def sources_where(holds: Callable[[Traits], bool]) -> list[str]:
    """Return the formats whose traits ``holds`` is true of, as in the column `source`.

    For tables whose capture is not at hand; where it is, ask its own traits.
    """
    found = [reader.format.source for reader in READERS if holds(reader.format.traits)]
    return list(dict.fromkeys(found))


def sniff(path: str | PathLike[str] | Place) -> Reader:
    """Return the reader for a file, chosen by its content and never by its name.

    Raises:
        UnreadableError: it cannot be opened, or no reader knows its format.
    """
    given = place(path)
    if isinstance(given, Path):
        return _reader(given)
    with told(given), local(given, ReadOptions(), head=True) as copy:
        try:
            return _reader(copy)
        except CaptureError as error:
            raise error.of(given) from None


def read(path: str | PathLike[str] | Place, options: ReadOptions | None = None) -> Capture:
    """Return the capture in a file of any known format, or at another place.

    Raises:
        UnreadableError: it is missing, damaged, too large, or of another format.
        EmptyError: it holds nothing to analyse.
        UsageError: the place is not written as places are.
    """
    given = place(path)
    options = options or ReadOptions()
    if isinstance(given, Path):
        with told(given):
            return _reader(given).read(given, options)
    with told(given), local(given, options) as copy:
        try:
            capture = _reader(copy).read(copy, options)
        except CaptureError as error:
            raise error.of(given) from None
    return replace(capture, path=given)


def _reader(path: Path) -> Reader:
    head = read_head(path)
    for reader in READERS:
        if reader.accepts(head):
            return reader
    for reader in READERS:
        if isinstance(reader, SearchingReader) and reader.finds(path):
            return reader
    raise unknown_format(path, head)
