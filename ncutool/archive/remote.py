"""A dataset behind a URL, brought here a table at a time to be read."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from ncutool.archive.dataset import SCHEMA_FILE
from ncutool_parsers import Place, stores
from ncutool_parsers.errors import MissingError, OutputError, UsageError
from ncutool_parsers.interface import ReadOptions

MANIFEST = "_manifest.json"
"""Lists the files of all tables; it is written last, and is what counts."""
MOST_AT_ONCE = 8
"""Files that are copied at one time: a store answers slowly and many at once."""


class Manifest(Struct, frozen=True):
    """The files of a dataset at one moment."""

    version: str
    files: list[str]
    """Names below the dataset's folder."""


def below(root: Place, *names: str) -> Place:
    """Return a place in a folder behind a URL."""
    return Place("/".join([root.address.rstrip("/"), *names]))


def manifest(root: Place) -> Manifest | None:
    """Return which files a dataset has; None where there is no list.

    Raises:
        UnreadableError: the store cannot be reached or refuses.
        OutputError: the list is damaged.
    """
    content = stores.content(below(root, MANIFEST))
    if content is None:
        return None
    try:
        told = json.loads(content)
        files = [str(name) for name in told["files"]]
        version = str(told["version"])
    except (ValueError, KeyError, TypeError):
        raise OutputError(f"{root}: its {MANIFEST} is damaged; write it anew elsewhere") from None
    if any(name.startswith("/") or ".." in name.split("/") for name in files):
        raise OutputError(f"{root}: its {MANIFEST} names files outside of it")
    return Manifest(version, files)


def is_dataset(root: Place) -> bool:
    """Whether what a URL names is a dataset of ncutool.

    Raises:
        UnreadableError: the store cannot be reached or refuses.
    """
    return stores.content(below(root, SCHEMA_FILE)) is not None


def bring_schema(root: Place, copy: Path) -> None:
    """Copy the file that makes a folder a dataset.

    Raises:
        UsageError: there is no dataset.
        UnreadableError: the store cannot be reached or refuses.
    """
    copy.mkdir(parents=True, exist_ok=True)
    try:
        stores.copy(below(root, SCHEMA_FILE), copy / SCHEMA_FILE, ReadOptions())
    except MissingError:
        raise UsageError(
            f"{root}: is no dataset of ncutool; make one: ncutool batch PATH... -o {root}"
        ) from None


def bring_table(root: Place, copy: Path, table: str, listed: Manifest | None) -> None:
    """Copy the files of a table, once.

    Args:
        root: the dataset.
        copy: the folder that they are copied to.
        table: name of the table.
        listed: the files of the dataset; None where they are looked for.

    Raises:
        UnreadableError: the store cannot be reached or refuses, or a run has replaced a file
            meanwhile.
    """
    folder = copy / table
    if folder.exists():
        return
    folder.mkdir()
    names = _found(root, table) if listed is None else listed.files
    wanted = [name for name in names if name.startswith(f"{table}/") and name.endswith(".parquet")]
    for name in wanted:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        list(pool.map(lambda name: stores.copy(below(root, name), copy / name, _ANY), wanted))


_ANY = ReadOptions()


def _found(root: Place, table: str) -> list[str]:
    try:
        return [f"{table}/{one.below}" for one in stores.found(below(root, table))]
    except MissingError:  # a table without rows has no files
        return []
