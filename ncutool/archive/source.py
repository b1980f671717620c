"""One file of an archive, as a parent tells a worker of it; and how a worker gets to read it."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ncutool.base import pseudonyms
from ncutool_parsers import Place
from ncutool_parsers.defaults import DEFAULT_MAX_BYTES
from ncutool_parsers.errors import DamagedError, RefusedError
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.place import SEPARATOR, URL

_BYTES = "\0"
"""Begins the text of a name that is no text; no name holds it."""


@dataclass(frozen=True)
class Input:
    """One file of an archive, as a parent tells a worker of it: plain values alone."""

    path: str
    """Where it lies below the folder that was given: what a dataset shows."""
    location: str
    """Where it is read from (:func:`told`): text, whatever bytes the name is made of."""
    bytes: int | None = None
    """Its size; None where the system does not say."""
    stamp: str = ""
    """Changes whenever the file does; empty where the system does not say."""
    companions: tuple[tuple[str, Input], ...] = ()
    """What is read beside it, each with its field of :class:`ncutool.analysis.request.Request`."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What the user says of it: columns of the table of captures."""
    member: str = ""
    """Its name in the archive that ``location`` is (:func:`told`); empty where it is in none."""
    number: int = 0
    """How many members, folders aside, lie before it in that archive."""
    problem: str = ""
    """What is wrong with it, where that was found before a worker reads it."""
    is_refused: bool = False
    """The problem is what it is, a pipe say, and no damage."""

    @property
    def name(self) -> str:
        """File name without its folder."""
        return self.path.rpartition("/")[2].rpartition(SEPARATOR)[2]

    @property
    def key(self) -> str:
        """Where it lies, without the secrets of a URL: what it is known by from run to run."""
        where = self.location
        if URL.match(where):
            shown = str(Place(where))
            marked = sha256(where.encode()).hexdigest()[:16]
            where = shown if shown == where else f"{shown}#{marked}"
        return f"{where}{SEPARATOR}{self.member}" if self.member else where

    @property
    def file_id(self) -> str:
        """Hash of where it lies: one a file, whatever is in it.

        With a key of the user's own nobody else can check a guess at it.
        """
        if pseudonyms.has_own_key():
            return hmac.digest(pseudonyms.key(), self.key.encode(), sha256).hex()[:32]
        return sha256(self.key.encode()).hexdigest()[:32]

    def place(self) -> Path | Place:
        """Return where it lies, as readers take it."""
        if URL.match(self.location):
            return Place(self.location, named(self.member) or None)
        local = named(self.location)
        return Place(local, named(self.member)) if self.member else Path(local)

    @property
    def stamps(self) -> str:
        """Changes whenever it, a companion, or what the user says of it does; empty if unknown."""
        if not self.stamp or not all(one.stamp for _, one in self.companions):
            return ""
        parts = [
            self.stamp,
            *(f"{role}={one.file_id}={one.stamp}" for role, one in self.companions),
        ]
        if self.metadata:  # by a hash: the cache tells nobody what was said
            said = repr(sorted(self.metadata.items())).encode("utf-8", "surrogatepass")
            parts.append(hmac.digest(pseudonyms.key(), said, sha256).hex()[:16])
        return " ".join(parts)


@contextmanager
def local_file(source: Input, max_bytes: int = DEFAULT_MAX_BYTES) -> Iterator[Path]:
    """Give a path of this machine that holds the file as long as it is read.

    Args:
        source: the file; one that lies elsewhere is copied, and the copy removed.
        max_bytes: a copy that becomes larger is refused.

    Raises:
        UnreadableError: it lies elsewhere and cannot be copied, or something is wrong with it.
    """
    if source.problem:
        problem, _, remedy = source.problem.partition("; ")
        kind = RefusedError if source.is_refused else DamagedError
        raise kind(source.path, problem, remedy)
    where, options = source.place(), ReadOptions(max_bytes=max_bytes)
    if isinstance(where, Path):
        yield where
        return
    from ncutool_parsers import archive_cursor, places

    copied = (
        archive_cursor.member_file(where, source.number, options)
        if where.member is not None
        else places.local(where, options)
    )
    with copied as path:
        yield path


def told(name: str) -> str:
    """Return the name of a file as text that every format can hold, whatever bytes it has."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return _BYTES + os.fsencode(name).decode("latin-1")
    return name


def named(location: str) -> str:
    """Return the name of a file from what :func:`told` made of it."""
    if location.startswith(_BYTES):
        return os.fsdecode(location[len(_BYTES) :].encode("latin-1"))
    return location
