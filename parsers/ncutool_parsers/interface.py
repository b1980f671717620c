"""What a reader is. A new format is one module that satisfies :class:`Reader`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from ncutool_parsers.capture import Capture
from ncutool_parsers.defaults import (
    DEFAULT_MAX_BYTES,
    DEFAULT_MAX_EVENTS,
    DEFAULT_MAX_NAME,
    DEFAULT_MAX_NESTING,
    DEFAULT_MAX_VALUES,
)
from ncutool_parsers.formats import Format

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in all) while a file is read."""


@dataclass(frozen=True)
class ReadOptions:
    """Limits and hooks that hold for every reader."""

    max_bytes: int = DEFAULT_MAX_BYTES
    """A capture that expands past this is refused before memory runs out."""
    max_events: int = DEFAULT_MAX_EVENTS
    """A trace of more events is refused."""
    max_name: int = DEFAULT_MAX_NAME
    """Longer names are cut to so many characters, with a notice."""
    max_values: int = DEFAULT_MAX_VALUES
    """Recorded arguments (lists of dimensions) with more values are left out, with a notice."""
    max_nesting: int = DEFAULT_MAX_NESTING
    """Recorded arguments nested deeper are left out, with a notice."""
    max_memory: int | None = None
    """Bytes that the process which reads a report may have; None for a share of the machine's."""
    metrics: str | None = None
    """Regular expression a counter's whole name must match to be read (ncu); None reads all."""
    progress: Progress | None = None
    instructions: bool = False
    """Read what each launch executed by opcode, and where its warps were sampled, too (ncu):
    disassembling takes a while."""
    samples: bool = True
    """With instructions: whether to read where warps were sampled."""
    launches_required: bool = True
    """Refuse a trace without any launch; False where its calls and operators are what counts."""


class Reader(Protocol):
    """Turns files of one format into a :class:`Capture`."""

    format: Format
    """Traits and words of what it reads; every capture it gives carries them."""

    def accepts(self, head: bytes) -> bool:
        """Whether a file that begins with ``head`` (256 bytes, decompressed) is of this format."""

    def read(self, path: Path, options: ReadOptions) -> Capture:
        """Return the capture, with :attr:`format` as its format.

        Raises:
            UnreadableError: the file is damaged or too large.
            EmptyError: it holds no launch.
        """


@runtime_checkable
class SearchingReader(Protocol):
    """A reader of a format that something else may stand before, such as a program's output."""

    def finds(self, path: Path) -> bool:
        """Whether the file holds this format further on; asked where no reader accepts its
        start."""
