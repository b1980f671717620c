"""What a command that runs in a child tells its parent, should the child not live to say it."""

from __future__ import annotations

import os
from contextlib import suppress

READS, WRITES, ENDED = "reads", "writes", "ended"
"""Kinds of notes: the capture that is read, a file that passes for the output, a proper end."""
_LONGEST = 4_000
"""Bytes of a note: a pipe takes as many at once."""
_pipe: int | None = None


def go_to(descriptor: int) -> None:
    """Send notes from here on through a pipe, which is never waited for."""
    global _pipe
    os.set_blocking(descriptor, False)
    _pipe = descriptor


def note(kind: str, path: str = "") -> None:
    """Tell the parent, where there is one, what is done, and to which path."""
    if _pipe is None:
        return
    with suppress(OSError, MemoryError):
        line = f"{kind} {path.replace(os.linesep, ' ')}".encode("utf-8", "surrogateescape")
        os.write(_pipe, line[:_LONGEST] + b"\n")


def said(heard: int) -> list[tuple[str, str]]:
    """Return the notes of a child that has ended: kinds and paths."""
    os.set_blocking(heard, False)
    content = b""
    with suppress(BlockingIOError):
        while part := os.read(heard, 65536):
            content += part
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    return [(kind, path) for kind, _, path in (line.partition(" ") for line in lines)]
