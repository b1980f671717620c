"""A dataset behind a URL, brought here a table at a time to be read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ncutool.archive.dataset import SCHEMA_FILE
from ncutool_parsers import Place, stores
from ncutool_parsers.errors import MissingError, UsageError
from ncutool_parsers.interface import ReadOptions

_AT_ONCE = 8
"""Files that are copied at one time: a store answers slowly and many at once."""


def below(root: Place, *names: str) -> Place:
    """Return a place in a folder behind a URL."""
    return Place("/".join([root.address.rstrip("/"), *names]))


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


def bring_table(root: Place, copy: Path, table: str) -> None:
    """Copy the files of a table, once.

    Raises:
        UnreadableError: the store cannot be reached or refuses.
    """
    folder = copy / table
    if folder.exists():
        return
    folder.mkdir()
    try:
        found = stores.found(below(root, table))
    except MissingError:  # a table without rows has no files
        return
    wanted = [one for one in found if one.below.endswith(".parquet")]
    for one in wanted:
        (folder / one.below).parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda one: _copy(one, folder), wanted))


def _copy(one: stores.Found, folder: Path) -> None:
    stores.copy(one.place, folder / one.below, ReadOptions())
