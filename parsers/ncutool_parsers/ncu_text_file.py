"""What ``ncu`` printed: the pages details and raw, as CSV or as tables of a terminal."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from ncutool_parsers.capture import Capture
from ncutool_parsers.errors import EmptyError, UnreadableError
from ncutool_parsers.files import HEAD_BYTES, check_file, is_gzip
from ncutool_parsers.formats import NCU_TEXT
from ncutool_parsers.interface import ReadOptions

_MARKS = re.compile(
    rb"==PROF==|==ERROR== |^\W{0,4}Section: \S|\bMetric Name\b|\"ID\"[,;]\"Process ID\""
    rb"|\), (?:Context \d+, )?Stream \d+, Device \d+|\d, Context \d+, Stream \d+\s*$",
    re.MULTILINE,
)
"""What stands in what ``ncu`` prints, and hardly elsewhere."""
_AT_START = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:==PROF==|==ERROR==|==WARNING==|\"?ID\"?[,;\t]\"?(?:Process|Kernel)"
    rb"|\[\d{1,10}\] [^\s\"{}\[\],]+@\S+\s|Section: \S)"
)
"""How it begins where no program printed before it."""
_SEARCHED = 4 * 1024 * 1024
"""Bytes that are searched for it where a program's own output comes first."""
_REMEDY = (
    "print the report again with `ncu --import REPORT --csv --page raw --print-units base`, or "
    "pass the report itself"
)


class NcuTextReader:
    """Reads what ``ncu`` printed (satisfies :class:`ncutool_parsers.interface.Reader`)."""

    format = NCU_TEXT

    def accepts(self, head: bytes) -> bool:
        """Return whether it begins as what ``ncu`` prints."""
        return _AT_START.match(head) is not None or (
            b"\0" not in head and b'"Kernel Name"' in head.split(b"\n", 1)[0]
        )

    def finds(self, path: Path) -> bool:
        """Return whether what ``ncu`` prints stands further on, behind a program's own output."""
        try:
            with _open(path) as file:
                start = file.read(_SEARCHED)
        except (OSError, EOFError, zlib.error):
            return False
        return b"\0" not in start[:HEAD_BYTES] and _MARKS.search(start) is not None

    def read(self, path: Path, options: ReadOptions) -> Capture:
        """Return the printed launches as a Capture: launches, metrics, rules, devices, notices.

        Raises:
            UnreadableError: it is too large, or cannot be read.
            EmptyError: no launch is printed in it.
        """
        from ncutool_parsers import ncu_text_rows, ncu_text_tables
        from ncutool_parsers.edge import Edge

        check_file(path)
        found = ncu_text_rows.read(_lines(path, options))
        if not any(launch.values for launch in found.launches):
            raise EmptyError(path, _why_empty(found.problems, found.summaries), _REMEDY)
        return ncu_text_tables.capture(path, found, options.metrics, Edge.of(options))


def _why_empty(problems: list[str], summaries: int) -> str:
    if summaries:
        return "sums launches up (`--print-summary`) and tells of no single one"
    if problems:
        return f"holds no launch: ncu printed '{problems[-1][:200]}'"
    return "holds no table of a launch, though it looks like what ncu prints"


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(2)
    # GzipFile offers what is used of a file, though it is declared apart from IO.
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_gzip(head) else path.open("rb")


def _lines(path: Path, options: ReadOptions) -> Iterator[bytes]:
    """Yield the lines; a longer one than is taken comes in pieces that are longer than that."""
    from ncutool_parsers.ncu_text_rows import MAX_LINE

    size = path.stat().st_size
    done = 0
    try:
        with _open(path) as file:
            while line := file.readline(MAX_LINE + 1):
                done += len(line)
                if done > options.max_bytes:
                    raise UnreadableError(
                        path,
                        f"expands past {options.max_bytes} bytes",
                        "raise --max-bytes, or print fewer launches",
                    )
                if len(line) > MAX_LINE:
                    while not line.endswith(b"\n") and (rest := file.readline(MAX_LINE)):
                        done += len(rest)
                        if rest.endswith(b"\n"):
                            break
                yield line
                if options.progress is not None:
                    options.progress(min(done, size), size)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableError(
            path, f"cannot be decompressed or read ({error})", "copy it again"
        ) from None
