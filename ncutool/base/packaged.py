"""The tables that come with ncutool, written by hand as TOML and kept beside it as JSON.

Python reads TOML so slowly that a command would wait for it longer than for a small capture. The
JSON says which TOML it was made from; where that has changed since, the TOML itself is read. So
what the JSON holds is never out of date, only slower. ``docs/make_packaged.py`` writes it anew.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    _TOML = "tomllib"
else:
    _TOML = "tomli"


def table(beside: str, name: str) -> dict[str, Any]:
    """Return a table of the package.

    Args:
        beside: the path of a module in the same folder, its ``__file__``.
        name: of the file, without `.toml`.
    """
    source = Path(beside).with_name(f"{name}.toml").read_bytes()
    try:
        kept = json.loads(made_of(beside, name).read_bytes())
    except (OSError, ValueError):
        kept = {}
    if isinstance(kept, dict) and kept.get("of") == stamp(source):
        made: dict[str, Any] = kept["table"]
        return made
    return parsed(source)


def made_of(beside: str, name: str) -> Path:
    """Return the path of the JSON that is made of a table."""
    return Path(beside).with_name(f"{name}.json")


def stamp(source: bytes) -> list[int]:
    """Return what tells one state of a TOML file from another."""
    return [len(source), zlib.crc32(source)]


def parsed(source: bytes) -> dict[str, Any]:
    """Return the table that a TOML file holds."""
    from importlib import import_module

    found: dict[str, Any] = import_module(_TOML).loads(source.decode().replace("\r\n", "\n"))
    return found


def as_json(source: bytes) -> str:
    """Return the JSON that :func:`table` reads in place of a TOML file."""
    made = {"of": stamp(source), "table": parsed(source)}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
