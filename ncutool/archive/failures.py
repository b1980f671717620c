"""Why a file could not be analysed: a kind by the type of what was raised, and one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ncutool.archive.naming import shown_name, shown_path
from ncutool.base.private_text import without_private
from ncutool.base.untrusted import printable
from ncutool_parsers.errors import (
    CaptureError,
    DamagedError,
    EmptyError,
    NcutoolError,
    NotACaptureError,
    TooLargeError,
    UsageError,
)

if TYPE_CHECKING:
    from ncutool.archive.inputs import Input

_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (EmptyError, "empty"),
    (NotACaptureError, "not_a_capture"),
    (TooLargeError, "too_large"),
    (DamagedError, "damaged"),
    (CaptureError, "unreadable"),
    (UsageError, "usage"),
    (MemoryError, "out_of_memory"),
    (OSError, "unreadable"),
)
"""The first that fits; whatever none fits is a bug."""
BY_LIMITS = ("too_large", "out_of_memory", "timed_out", "killed")
"""Kinds that another limit may undo."""
_LONGEST = 500


def kind_of(error: BaseException) -> str:
    """Return the kind of an error, as the column `kind` of errors has it."""
    return next((kind for type_, kind in _KINDS if isinstance(error, type_)), "bug")


def message_of(error: BaseException, source: Input, *, redact: bool = False) -> str:
    """Return one line: what is wrong and what to do, without the path, which has its own column."""
    said = _message_of(error, shown_name(source.name, redact=redact))
    return without_private(said) if redact else said


def _message_of(error: BaseException, name: str) -> str:
    if isinstance(error, CaptureError):
        return _line(f"{error.problem}; {error.remedy}")
    if isinstance(error, NcutoolError):
        return _line(str(error))
    if isinstance(error, MemoryError):
        return "takes more memory than a worker may have; raise --max-memory or lower --jobs"
    if isinstance(error, OSError):
        return _line(f"cannot be read ({error.strerror or type(error).__name__}); check the file")
    what = f"{type(error).__name__}: {error}"
    return _line(
        f"this is a bug in ncutool ({what}); please report it with the output of "
        f"`ncutool kernels {name} --debug`"
    )


def row_of(
    source: Input,
    version: str,
    kind: str,
    message: str,
    content_hash: str | None = None,
    *,
    redact: bool = False,
) -> dict[str, Any]:
    """Return the row of the table of errors for one file."""
    return {
        "path": shown_path(source.path, redact=redact),
        "name": shown_name(source.name, redact=redact),
        "bytes": source.bytes,
        "content_hash": content_hash,
        "file_id": source.file_id,
        "analysis_version": version,
        "kind": kind,
        "message": message,
    }


def _line(text: str) -> str:
    return printable(" ".join(text.split()), _LONGEST)
