"""Files of an archive that no folder of this machine lists: members of tar and zip, and URLs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path

import msgspec

from ncutool.archive.source import Input, told
from ncutool.base.records import replace
from ncutool_parsers import Place, archives, stores
from ncutool_parsers.defaults import DEFAULT_MAX_BYTES
from ncutool_parsers.errors import UnreadableError
from ncutool_parsers.visible_text import host_in

_ENDINGS = (".tar", ".zip", ".tgz", ".tbz2", ".txz", ".tzst")
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_HIDDEN = (".", "__MACOSX")
"""What a member's folders or its name begin with where it is passed over, as in a folder."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A member of an archive, as a listing keeps it."""

    name: str
    size: int
    number: int
    """How many members, folders aside, lie before it."""


class Listing(msgspec.Struct, frozen=True):
    """What an archive holds, as long as its stamp is the same."""

    stamp: str
    entries: list[Entry]
    problem: str = ""
    """Why there may be more: where it is damaged or a bomb."""


def is_archive_name(name: str) -> bool:
    """Return whether a file is called like an archive of files: what it is tells its content."""
    lower = name.lower()
    return lower.endswith(_ENDINGS) or any(lower.endswith(f".tar{one}") for one in _PACKED)


def of_archive(
    archive: Input, pattern: str = "*", *, keep: Path | None = None
) -> Iterator[Input] | None:
    """Return the members of an archive as inputs; None where the file is no archive.

    Args:
        archive: the file, local or behind a URL.
        pattern: which members; `*` is any characters.
        keep: a folder where listings are kept, since a compressed tar is listed by inflating it.

    Raises:
        UnreadableError: it cannot be opened.
    """
    listing = _kept(archive, keep)
    if listing is None:
        listing = _listed(archive)
        if listing is None:
            return None
        _keep(archive, listing, keep)
    return _inputs(archive, listing, pattern)


def _inputs(archive: Input, listing: Listing, pattern: str) -> Iterator[Input]:
    for entry in listing.entries:
        if not _is_hidden(entry.name) and fnmatchcase(entry.name.removeprefix("./"), pattern):
            yield Input(
                path=f"{archive.path}::{_shown(entry.name)}",
                location=archive.location,
                member=told(entry.name),
                bytes=entry.size,
                stamp=f"{archive.stamp}#{entry.number}" if archive.stamp else "",
                number=entry.number,
                metadata=archive.metadata,
            )
    if listing.problem:
        yield replace(archive, problem=listing.problem)


def _listed(archive: Input) -> Listing | None:
    """Return what an archive holds; of members of one name the last, as where it is unpacked."""
    where = archive.place()
    found: dict[str, Entry] = {}
    problem = ""
    with archives.opened(where, DEFAULT_MAX_BYTES) as file:
        if archives.kind_of(where, file) is None:
            return None
        try:
            walk = archives.members(where, file, DEFAULT_MAX_BYTES)
            for number, (member, _) in enumerate(walk):
                found[member.name] = Entry(member.name, member.size, number)
        except UnreadableError as error:  # what lies before the damage is read all the same
            problem = f"{error.problem}; {error.remedy}"
    entries = sorted(found.values(), key=lambda entry: entry.number)
    return Listing(archive.stamp, entries, problem)


def _kept(archive: Input, keep: Path | None) -> Listing | None:
    if keep is None or not archive.stamp:
        return None
    try:
        listing = msgspec.json.decode(_place_of(archive, keep).read_bytes(), type=Listing)
    except (OSError, msgspec.DecodeError, ValueError):
        return None
    return listing if listing.stamp == archive.stamp else None


def _keep(archive: Input, listing: Listing, keep: Path | None) -> None:
    """Keep a listing for later runs; where that is refused, they list the archive again."""
    if keep is None or not archive.stamp or any(_tells_a_host(one) for one in listing.entries):
        return
    place = _place_of(archive, keep)
    passing = place.with_name(f"{place.name}.{os.getpid()}.tmp")
    try:
        keep.mkdir(parents=True, exist_ok=True)
        passing.write_bytes(msgspec.json.encode(listing))
        os.replace(passing, place)
    except (OSError, UnicodeEncodeError):
        passing.unlink(missing_ok=True)


def _tells_a_host(entry: Entry) -> bool:
    """Whether a member is named after a host, which no file of a dataset tells."""
    return host_in(entry.name.rpartition("/")[2]) is not None


def _place_of(archive: Input, keep: Path) -> Path:
    return keep / f"{sha256(archive.key.encode()).hexdigest()[:32]}.json"


def _is_hidden(name: str) -> bool:
    parts = name.removeprefix("./").split("/")
    return any(part.startswith(_HIDDEN) and part != ".." for part in parts)


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def of_url(place: Place) -> list[Input]:
    """Return the files that a URL names, each with where it lies below it.

    Raises:
        UnreadableError: it is not there, may not be read or cannot be reached; no package for it.
        UsageError: no kind of place is called so.
    """
    return [
        Input(path=one.below, location=one.place.address, bytes=one.size, stamp=one.stamp)
        for one in stores.found(place)
        if not _is_hidden(one.below)
    ]
