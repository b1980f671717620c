"""Small files that a user writes: settings, rates, devices. Read once, never past their limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ncutool.base import packaged
from ncutool_parsers.errors import UsageError
from ncutool_parsers.visible_text import visible

MOST_BYTES = 4 * 1024 * 1024
"""They are a few kilobytes; what is past this is something else."""
LONGEST_TEXT = 1_000
"""Characters of a value."""


def read_json(path: Path, called: str) -> Any:
    """Return what a JSON file holds; see :func:`read_text` for ``called`` and errors."""
    text = read_text(path, called)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{called}: is not JSON ({_short(error)})") from error


def read_toml(path: Path, called: str) -> dict[str, Any]:
    """Return what a TOML file holds; see :func:`read_text` for ``called`` and errors."""
    text = read_text(path, called)
    try:
        return packaged.parsed(text.encode())
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is the former
        raise UsageError(f"{called}: is not TOML ({_short(error)})") from error


def read_text(path: Path, called: str) -> str:
    """Return the text of a user's file.

    Args:
        called: what errors call it, e.g. the option and the path.

    Raises:
        UsageError: it cannot be read, is too large, or is no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # a path with a NUL in it is a ValueError
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UsageError(f"{called}: cannot be read ({why})") from error
    if len(content) > MOST_BYTES:
        raise UsageError(f"{called}: is larger than {MOST_BYTES:,} bytes, which no such file is")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{called}: is not text in UTF-8 ({_short(error)})") from error


def shown(value: object) -> str:
    """Return a value short enough for one line of an error."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."


def text_problem(key: str, value: object) -> str | None:
    """Return what is wrong with a value that is to be a text; None where nothing is."""
    if not isinstance(value, str):
        return f"{key!r} must be text, not {shown(value)}"
    if len(value) > LONGEST_TEXT:
        return f"{key!r} must be of at most {LONGEST_TEXT:,} characters, not of {len(value):,}"
    if visible(value) != value:
        return f"{key!r} holds characters that hide, reorder or control others"
    return None


def _short(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) <= 200 else text[:199] + "…"
