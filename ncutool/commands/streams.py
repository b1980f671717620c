"""stdout and stderr as a command finds them: closed, full, or in an encoding of few letters.

What cannot be said on stderr is lost without a word, since there is no other place to say it.
What cannot be written to stdout is an error, since the result is lost.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress

TYPE_CHECKING = False  # typing takes longer to load than a help to print
if TYPE_CHECKING:
    from typing import TextIO

    from typing_extensions import Buffer

_SPELT = {
    "…": "...",
    "–": "-",
    "—": "-",
    "−": "-",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "×": "x",
    "·": "-",
    "µ": "u",
    "μ": "u",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "─": "-",
    "━": "-",
    "│": "|",
    "█": "#",
}
"""How letters are written that an encoding has not."""
_HANDLER = "ncutool-spelt"
_kept: dict[int, int] = {}
"""Descriptors of standard streams that lead elsewhere by now, and where they led is open."""


def prepare() -> None:
    """Make the standard streams such that printing fails with an error of ours, or not at all.

    Streams that somebody put in their place are left alone.
    """
    _fill_closed()
    codecs.register_error(_HANDLER, spell)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(_Stdout(1), sys.stdout)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(_Stderr(2), sys.stderr)


def keep_from_libraries() -> None:
    """Let what libraries print on the descriptor of stderr go nowhere; our own words still go
    there."""
    stream = sys.stderr
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    if not isinstance(raw, _Stderr):
        return
    stream.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    _kept[2] = kept
    raw.move(kept)


def kept(number: int) -> int:
    """Return the descriptor that leads where that of a standard stream led at the start."""
    return _kept.get(number, number)


def finish() -> None:
    """Write what is still held back, so that no failure is told by Python itself.

    Raises:
        OutputError: stdout cannot be written.
        BrokenPipeError: nobody reads it any more.
    """
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    sys.stdout.flush()


def spell(error: UnicodeError) -> tuple[str, int]:
    """Write the letters that an encoding has not in those that it has: a codec's error handler."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_SPELT.get(letter, "?") for letter in letters), error.end


def _fill_closed() -> None:
    """Occupy the numbers of standard streams that were closed.

    The next file that is opened would get them, and what is printed would go into it. They are
    opened for reading, so that writing to them fails as it did.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # gets the lowest number that is free: this one


def _unwritable(error: OSError) -> Exception:
    from ncutool_parsers.errors import OutputError  # a help needs no reader

    if error.errno == errno.EBADF:
        return OutputError("stdout: is closed; give it a place, or write a file with -o")
    why = error.strerror or type(error).__name__
    return OutputError(f"stdout: cannot be written ({why}); give it another place")


class _Raw(io.RawIOBase):
    """A descriptor that is written to."""

    def __init__(self, number: int) -> None:
        self._number = number

    def move(self, number: int) -> None:
        self._number = number

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)


class _Stdout(_Raw):
    """A stdout whose failures are errors of ours. After one, what follows goes nowhere."""

    _failed = False

    def write(self, content: Buffer, /) -> int:
        part = memoryview(content)
        if self._failed:
            return part.nbytes
        try:
            return os.write(self._number, part)
        except OSError as error:
            self._failed = True
            if isinstance(error, BrokenPipeError):
                raise
            raise _unwritable(error) from error


class _Stderr(_Raw):
    """A stderr that takes everything, whether or not the descriptor does."""

    def write(self, content: Buffer, /) -> int:
        part = memoryview(content)
        with suppress(OSError):
            return os.write(self._number, part)
        return part.nbytes


def _text(raw: _Raw, replaced: TextIO | None) -> TextIO:
    """Return a stream of text on a descriptor, in the encoding of the stream that it replaces."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=replaced.encoding if replaced is not None else "utf-8",
        errors=_HANDLER,
        line_buffering=isinstance(raw, _Stderr) or raw.isatty(),
    )
