"""A manifest: which captures there are, what goes with each, and what is to be said of it.

Three forms of one thing. TOML and JSON have a list ``captures`` of tables with ``path``, perhaps
``ncu``, ``capture_trace``, ``rank_trace`` (a list) and ``metadata`` (a table of texts); CSV has a
column for each, every other column is metadata, and several ranks have ``;`` between them. Paths
are told from the manifest's folder, or are URLs.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ncutool.archive.arranging import ROLES
from ncutool.archive.inputs import gather
from ncutool.archive.source import Input
from ncutool.base.records import replace
from ncutool_parsers.errors import UsageError
from ncutool_parsers.place import URL

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEYS = ("path", *ROLES, "metadata")


def inputs_of(path: Path, *, leave_out: Path | None = None) -> Iterator[Input]:
    """Yield the captures that a manifest names, each with its companions.

    Raises:
        UsageError: the manifest cannot be read, is not in its form, or names what is not there.
    """
    entries = _entries(path)
    for number, entry in enumerate(entries):
        where = f"{path}: captures[{number}]"
        capture = _one(where, "path", _text(where, "path", entry.get("path")), path, leave_out)
        beside = [
            (role, _one(where, role, given, path, leave_out))
            for role in ROLES
            for given in _several(where, role, entry.get(role))
        ]
        yield replace(capture, companions=tuple(beside), metadata=_metadata(where, entry))


def _entries(path: Path) -> list[Mapping[str, Any]]:
    """Return the entries of a manifest, by its ending.

    Raises:
        UsageError: it cannot be read, or is not in its form.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text of UTF-8"
        raise UsageError(f"{path}: the manifest cannot be read ({why})") from None
    form = path.suffix.lower()
    if form == ".csv":
        return _of_csv(path, text)
    try:
        if form == ".json":
            found: Any = json.loads(text)
        elif form == ".toml":
            found = tomllib.loads(text)
        else:
            raise UsageError(f"{path}: a manifest ends in .toml, .json or .csv")
    except (ValueError, RecursionError) as error:  # those of JSON and TOML are ValueErrors
        raise UsageError(f"{path}: is no {form[1:].upper()} ({error})") from None
    entries = found.get("captures") if isinstance(found, dict) else found
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise UsageError(f"{path}: it has a list `captures` of tables, each with a `path`")
    for number, entry in enumerate(entries):
        for key in entry:
            if key not in _KEYS:
                known = ", ".join(_KEYS)
                raise UsageError(f"{path}: captures[{number}]: no key {key!r}; there are {known}")
    return entries


def _of_csv(path: Path, text: str) -> list[Mapping[str, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise UsageError(f"{path}: line {reader.line_num}: is no CSV ({error})") from None
    if "path" not in (reader.fieldnames or ()):
        raise UsageError(f"{path}: its first line names columns, one of them `path`")
    entries: list[Mapping[str, Any]] = []
    for number, row in enumerate(rows):
        if None in row or None in row.values():
            raise UsageError(f"{path}: captures[{number}]: has not as many cells as columns")
        entry: dict[str, Any] = {key: row[key] for key in _KEYS[:-1] if row.get(key)}
        if "rank_trace" in entry:
            entry["rank_trace"] = [part for part in entry["rank_trace"].split(";") if part]
        said = {key: value for key, value in row.items() if key not in _KEYS and value}
        entries.append(entry | {"metadata": said})
    return entries


def _one(where: str, key: str, given: str, path: Path, leave_out: Path | None) -> Input:
    """Return the one file that a path of a manifest names."""
    text = given if URL.match(given) else os.path.join(path.parent, given)
    if text.startswith("@"):
        text = os.path.join(os.curdir, text)
    try:
        found = list(gather([text], leave_out=leave_out))
    except UsageError as error:
        raise UsageError(f"{where}: {key}: {error}") from None
    if len(found) != 1:
        raise UsageError(f"{where}: {key}: {given} names {len(found)} files; name one")
    shown = given if not URL.match(given) else found[0].path
    return replace(found[0], path=os.path.normpath(shown).replace(os.sep, "/"))


def _several(where: str, key: str, given: Any) -> list[str]:
    if given is None:
        return []
    if key == "rank_trace" and isinstance(given, list):
        return [_text(where, key, one) for one in given]
    return [_text(where, key, given)]


def _text(where: str, key: str, given: Any) -> str:
    if not isinstance(given, str) or not given or "\0" in given:
        problem = "is missing" if given is None else "is no text"
        raise UsageError(f"{where}: {key!r} {problem}: it is the path of a file")
    return given


def _metadata(where: str, entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what is said of a capture: texts by words; numbers are written out."""
    given = entry.get("metadata", {})
    if not isinstance(given, dict):
        raise UsageError(f"{where}: 'metadata' is a table of texts")
    said = {}
    for key, value in given.items():
        if not key.isidentifier():
            raise UsageError(f"{where}: metadata {key!r} is no name of a column: use a word")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise UsageError(f"{where}: metadata {key!r} is no text")
        said[key] = str(value)
    return said
