"""Writing a dataset behind a URL: a working copy here, and single PUTs that make it count there.

A store of objects has neither locks nor renames. A run works on a copy in the cache of this machine
and then puts what is new: tables first, the list of their files (``_manifest.json``) last. A PUT is
there whole or not at all, and readers of ncutool go by the list, so that they see the dataset as it
was before or as it is now. Objects that the list no longer names are deleted afterwards. One run
writes at a time: it holds ``_lock.json``, which only one can create, and changes it now and then;
a lock that no longer changes is that of a dead run.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from ncutool.archive import locks
from ncutool.archive.dataset import SCHEMA_FILE, existing, files_of
from ncutool.archive.remote import MANIFEST, MOST_AT_ONCE, below, manifest
from ncutool.archive.tables import TABLES
from ncutool_parsers import Place, stores
from ncutool_parsers.errors import MissingError, OutputError, UnreadableError
from ncutool_parsers.interface import ReadOptions

_LOCK = "_lock.json"
_LONGEST_BEAT_S = 20.0
"""So often a run that lives changes its lock."""
_MOST_SILENT_S = 70.0
"""A lock that does not change for so long is that of a dead run."""
_CACHE = "NCUTOOL_CACHE_DIR"
"""Variable that names where working copies are kept."""


@contextmanager
def working_copy(place: Place) -> Iterator[Path]:
    """Yield a folder that holds the dataset; what is changed in it is put behind the URL after.

    Where the ``with`` ends by an error nothing is put; the copy stays, and the next run goes on
    from it as long as no other run has written to the dataset.

    Raises:
        OutputError: another run writes to it, or the store cannot be written.
        UnreadableError: the store cannot be reached or refuses.
    """
    folder = _cache() / "datasets" / sha256(str(place).encode()).hexdigest()[:24]
    with locks.locked(folder / "lock"), _lease(place):
        copy = _Copy(place, folder)
        copy.pull()
        yield copy.root
        copy.push()


def _cache() -> Path:
    if named := os.environ.get(_CACHE):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ncutool"


class _Copy:
    """The working copy of a dataset, and what it knows of the store's."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.root = folder / "dataset"
        self._place = place
        self._told = folder / "state.json"
        self._state: dict[str, Any] = {}
        try:
            self._state = json.loads(self._told.read_bytes())
        except (OSError, ValueError):
            self._state = {}

    def pull(self) -> None:
        """Make the copy what the store has, unless it is that already or only ahead of it."""
        found = manifest(self._place)
        version = None if found is None else found.version
        if self.root.is_dir() and self._state.get("version") == version:
            return
        shutil.rmtree(self.root, ignore_errors=True)
        self._told.unlink(missing_ok=True)
        if found is not None:
            _each(found.files, self._fetch)
            self._keep(found.version, list(found.files))

    def push(self) -> None:
        """Put what is new or changed, then the list of all, and delete what is not in it."""
        names = self._names()
        known = self._state.get("files", {})
        new = [name for name in names if known.get(name) != _mark(self.root / name)]
        if not new and set(known) == set(names):
            return
        _each([name for name in new if not name.startswith("captures/")], self._put)
        _each([name for name in new if name.startswith("captures/")], self._put)
        version = secrets.token_hex(16)
        told = {"schema": "ncutool/manifest/1", "version": version, "files": names}
        put(below(self._place, MANIFEST), json.dumps(told, indent=1).encode())
        self._keep(version, names)
        self._sweep(set(names))

    def _names(self) -> list[str]:
        dataset = existing(self.root)
        tables = [path for table in TABLES for path in files_of(dataset, table.name)]
        index = sorted((self.root / "_index").glob("*.jsonl"))
        return [
            path.relative_to(self.root).as_posix()
            for path in (self.root / SCHEMA_FILE, *index, *tables)
        ]

    def _fetch(self, name: str) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        stores.copy(below(self._place, name), target, ReadOptions())

    def _put(self, name: str) -> None:
        put(below(self._place, name), (self.root / name).read_bytes())

    def _keep(self, version: str, names: list[str]) -> None:
        files = {name: _mark(self.root / name) for name in names}
        self._state = {"version": version, "files": files}
        passing = self._told.with_suffix(".tmp")
        passing.write_text(json.dumps(self._state), encoding="utf-8")
        os.replace(passing, self._told)

    def _sweep(self, names: set[str]) -> None:
        """Delete what lies in the tables and is none of them: replaced, or left by a dead run."""
        system, path = stores.filesystem(self._place)
        with stores.told(self._place):
            system.invalidate_cache()
        for folder in (*(table.name for table in TABLES), "_index"):
            try:
                found = stores.found(below(self._place, folder))
            except MissingError:
                continue
            gone = [one.below for one in found if f"{folder}/{one.below}" not in names]
            with stores.told(self._place):
                for name in gone:
                    system.rm_file(f"{path.rstrip('/')}/{folder}/{name}")


def put(place: Place, content: bytes, *, create: bool = False) -> bool:
    """Write an object in one piece; return whether it was written.

    Args:
        place: where to.
        content: all of it.
        create: leave one alone that is there already.

    Raises:
        OutputError: the store refuses.
    """
    try:
        system, path = stores.filesystem(place)
        with stores.told(place):
            if create:
                system.pipe_file(path, content, mode="create")
            else:
                system.pipe_file(path, content)
    except stores.TakenError:
        return False
    except UnreadableError as error:
        raise OutputError(f"{place}: cannot be written: {error.problem}; {error.remedy}") from None
    return True


@contextmanager
def _lease(place: Place) -> Iterator[None]:
    """Hold the lock of a dataset, with a beat, as long as the ``with`` lasts.

    Raises:
        OutputError: a run that lives holds it.
    """
    lock, mine = below(place, _LOCK), secrets.token_hex(8)
    while not put(lock, _told(mine, 0), create=True):
        _wait_until_dead(place, lock)
    ended = threading.Event()

    def beat() -> None:
        count = 0
        while not ended.wait(_LONGEST_BEAT_S):
            count += 1
            put(lock, _told(mine, count))

    beating = threading.Thread(target=beat, daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        _remove(lock)


def _told(mine: str, beats: int) -> bytes:
    return json.dumps({"run": mine, "pid": os.getpid(), "host": _host(), "beats": beats}).encode()


def _host() -> str:
    """Return what tells this machine from others without its name."""
    return sha256(socket.gethostname().encode()).hexdigest()[:12]


def _wait_until_dead(place: Place, lock: Place) -> None:
    """Take away the lock of a run that has died; return where it is gone.

    Raises:
        OutputError: its run lives.
    """
    first, begin = stores.content(lock), time.monotonic()
    while first is not None and not _died_here(first):
        if time.monotonic() - begin > _MOST_SILENT_S:
            break
        time.sleep(min(1.0, _MOST_SILENT_S / 10))
        now = stores.content(lock)
        if now is not None and now != first:
            raise OutputError(
                f"{place}: another run writes to this dataset; run again when it has ended, or "
                "write to another one"
            )
        first = now
    _remove(lock)


def _died_here(content: bytes) -> bool:
    """Whether a lock is that of a process of this machine which is gone."""
    try:
        told = json.loads(content)
        if told["host"] != _host() or os.name == "nt":
            return False
        os.kill(int(told["pid"]), 0)
    except ProcessLookupError:
        return True
    except (ValueError, KeyError, TypeError, PermissionError):
        return False
    return False


def _remove(place: Place) -> None:
    system, path = stores.filesystem(place)
    try:
        with stores.told(place):
            system.rm_file(path)
    except MissingError:  # another run took it for dead
        return


def _mark(path: Path) -> list[int]:
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]


def _each(names: list[str], do: Any) -> None:
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        list(pool.map(do, names))
