"""Commands that a reader can paste into a shell to go on with a capture."""

from __future__ import annotations

import os
import shlex
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ncutool.analysis.redact import redacted_path
from ncutool.analysis.request import Request
from ncutool.base.untrusted import printable
from ncutool_parsers import Place
from ncutool_parsers.visible_text import without_host

if TYPE_CHECKING:
    from ncutool.analysis.analyse import Analysis


def command(name: str, analysis: Analysis) -> str:
    """Return the call of another command on the same capture, analysed in the same way.

    Where the output is redacted, files are called by pseudonyms.
    """
    request, usual = analysis.request, Request()
    private = request.redact is not None
    words = ["ncutool", name, _file(analysis.capture.path)]
    for field in fields(Request):
        value = getattr(request, field.name)
        if value != getattr(usual, field.name):
            words += _option(f"--{field.name.replace('_', '-')}", value, private=private)
    return " ".join(words)


def _option(flag: str, value: Any, *, private: bool) -> list[str]:
    if value is True:
        return [flag]
    several = value if isinstance(value, (list, tuple)) else [value]
    return [text for one in several for text in (flag, _written(one, private))]


def _written(value: Any, private: bool) -> str:
    if isinstance(value, Enum):
        return _word(str(value.value))
    if isinstance(value, (Path, Place)):
        return _word(redacted_path(value).name) if private else _file(value)
    return _word(str(value))


def _file(path: Path | Place) -> str:
    """Return a file as a word of a shell: no folder that tells of the machine, and no host.

    A folder is left out where it counts from the root, so that the command is one for the folder
    of the file. In place of the host that the profiler names a file after stands a `*`.
    """
    text = path.name if isinstance(path, Path) and path.is_absolute() else str(path)
    shown = without_host(text, "")
    if shown == text:
        return _word(text)
    folder = text[: len(text) - len(text.rpartition("/")[2])]
    return f"{_word(folder) if folder else ''}*{_word(shown[len(folder) :])}"


def _word(text: str) -> str:
    """Return text as one word of a shell; what a terminal must not show is written as numbers."""
    if text.startswith("-"):
        text = f"./{text}"
    if printable(text) == text:
        return shlex.quote(text)
    plain = (
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(text)
    )
    return f"$'{''.join(plain)}'"
