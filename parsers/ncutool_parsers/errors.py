"""Everything that ncutool raises on purpose.

::

    NcutoolError
    ├── CaptureError          a capture cannot be read or analysed      exit code 1
    │   ├── UnreadableError   cannot be read
    │   │   ├── RefusedError      the system refused: missing, a folder, not permitted
    │   │   ├── NotACaptureError  another format
    │   │   ├── DamagedError      cut short or garbled
    │   │   ├── TooLargeError     expands past the limit
    │   │   └── EmptyFileError    0 bytes, or white space
    │   └── EmptyError        well formed, but holds nothing to analyse
    ├── UnfitError            captures do not hold what is asked        exit code 1
    ├── OutputError           a result cannot be written                exit code 1
    └── UsageError            the request itself makes no sense         exit code 2

A message is one line: which file, what is wrong, what to do.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ncutool_parsers.place import Place


class NcutoolError(Exception):
    """Base of the tree; catching it catches everything ncutool raises on purpose."""

    exit_code = 1


class CaptureError(NcutoolError):
    """A capture cannot be read or analysed."""

    def __init__(self, path: str | Path | Place, problem: str, remedy: str) -> None:
        self.path = Path(path) if isinstance(path, str) else path
        self.problem = problem
        self.remedy = remedy
        super().__init__(path, problem, remedy)

    def of(self, path: str | Path | Place) -> CaptureError:
        """Return the same error of another path: of the place that a copy was made of."""
        return type(self)(path, self.problem, self.remedy)

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}; {self.remedy}"


class UnreadableError(CaptureError):
    """The file is missing, damaged, not permitted, or of another format."""


class RefusedError(UnreadableError):
    """The system refused: the file is missing, a folder, a pipe, or not permitted."""


class MissingError(RefusedError):
    """The file is not there."""


class NotACaptureError(UnreadableError):
    """The file is of another format."""


class DamagedError(UnreadableError):
    """The file is of a known format, but cut short or garbled."""


class TooLargeError(UnreadableError):
    """The file expands past the limit that was set."""


class EmptyError(CaptureError):
    """The file is well formed but holds no launch, or none with a usable metric."""


class EmptyFileError(UnreadableError, EmptyError):
    """The file has no content: 0 bytes, or white space alone."""


class UnfitError(NcutoolError):
    """Captures can be read, but do not belong together or do not hold what is asked of them."""


class OutputError(NcutoolError):
    """A result cannot be written where it was asked for."""


class UsageError(NcutoolError):
    """The request itself makes no sense: an unknown device, column or format."""

    exit_code = 2
