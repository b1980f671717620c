"""Captures in, tables out: Nsight Compute reports, what it prints, and torch.profiler traces.

>>> from ncutool_parsers import read
>>> capture = read("trace.json.gz")  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ncutool_parsers.place import Place
from ncutool_parsers.places import place

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from ncutool_parsers.capture import Capture
    from ncutool_parsers.formats import Traits
    from ncutool_parsers.interface import Reader, ReadOptions

    READERS: tuple[Reader, ...]
    """Every format, asked in this order; made when they are first asked for, so that commands
    which read no capture load no reader."""

__all__ = ["READERS", "Place", "place", "read", "sniff", "sources_where"]


def sources_where(holds: Callable[[Traits], bool]) -> list[str]:
    """Return the formats whose traits ``holds`` is true of, as in the column `source`.

    For tables whose capture is not at hand; where it is, ask its own traits.
    """
    from ncutool_parsers import READERS

    found = [reader.format.source for reader in READERS if holds(reader.format.traits)]
    return list(dict.fromkeys(found))


def sniff(path: str | PathLike[str] | Place) -> Reader:
    """Return the reader for a file, chosen by its content and never by its name.

    Raises:
        UnreadableError: it cannot be opened, or no reader knows its format.
    """
    from ncutool_parsers.errors import CaptureError
    from ncutool_parsers.interface import ReadOptions
    from ncutool_parsers.places import local
    from ncutool_parsers.spool import told

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
    from dataclasses import replace

    from ncutool_parsers.errors import CaptureError
    from ncutool_parsers.interface import ReadOptions
    from ncutool_parsers.places import local
    from ncutool_parsers.spool import told

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
    from ncutool_parsers import READERS
    from ncutool_parsers.files import read_head, unknown_format
    from ncutool_parsers.interface import SearchingReader

    head = read_head(path)
    for reader in READERS:
        if reader.accepts(head):
            return reader
    for reader in READERS:
        if isinstance(reader, SearchingReader) and reader.finds(path):
            return reader
    raise unknown_format(path, head)


def _readers() -> tuple[Reader, ...]:
    from ncutool_parsers.ncu_report_file import NcuReportReader
    from ncutool_parsers.ncu_text_file import NcuTextReader
    from ncutool_parsers.torch_trace import TorchTraceReader

    return (NcuReportReader(), NcuTextReader(), TorchTraceReader())


if not TYPE_CHECKING:  # where a type checker sees this, it takes every name for one of the package

    def __getattr__(name: str) -> object:
        if name != "READERS":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, _readers())
