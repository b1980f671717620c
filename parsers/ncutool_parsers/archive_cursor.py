"""Members of an archive one after another, each copied to a file while it is read.

A compressed tar can only be read from its beginning. Whoever reads its members in their order, as
the workers of a batch do, reads it once: the place in it is kept from one member to the next.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ncutool_parsers import archives, spool
from ncutool_parsers.archives import Member, Opener
from ncutool_parsers.errors import RefusedError
from ncutool_parsers.interface import ReadOptions
from ncutool_parsers.place import Place
from ncutool_parsers.places import file_name


class _Cursor:
    """A place in one archive."""

    def __init__(self, place: Place, options: ReadOptions) -> None:
        self.address = place.address
        self.stamp = _stamp(place)
        self.next = 0
        self._open = ExitStack()
        file = self._open.enter_context(archives.opened(place.archive, options.max_bytes))
        self._walk = archives.members(place.archive, file, options.max_bytes)

    def take(self, place: Place, number: int) -> tuple[Member, Opener]:
        """Return the member of that number, which is not before the place.

        Raises:
            UnreadableError: the archive is damaged, or has another member there.
        """
        for found in self._walk:
            self.next += 1
            if self.next > number:
                if found[0].name == place.member:
                    return found
                break
        raise RefusedError(
            place, "is not where it was in its archive, which has changed", "run it again"
        )

    def close(self) -> None:
        """Close the archive."""
        self._walk.close()
        self._open.close()


_kept: list[_Cursor] = []
"""The cursor that this process used last, if any."""


@contextmanager
def member_file(place: Place, number: int, options: ReadOptions) -> Iterator[Path]:
    """Yield a local file that holds a member; it is removed afterwards.

    Args:
        place: the member.
        number: how many members, folders aside, lie before it.
        options: limit of bytes.

    Raises:
        UnreadableError: it is not there any more, no regular file, too large or damaged.
    """
    with spool.folder() as folder:
        copy = folder / file_name(place.name)
        cursor = _cursor_before(place, number, options)
        try:
            member, opener = cursor.take(place, number)
            archives.write(place, member, opener, copy, options)
        except BaseException:
            close()
            raise
        yield copy


def close() -> None:
    """Close the archive that this process has open, if any."""
    while _kept:
        _kept.pop().close()


def _cursor_before(place: Place, number: int, options: ReadOptions) -> _Cursor:
    """Return the kept cursor where it is of the archive as it lies there, and not past a member."""
    for cursor in _kept:
        if (
            cursor.address == place.address
            and cursor.next <= number
            and cursor.stamp == _stamp(place)
        ):
            return cursor
    close()
    _kept.append(_Cursor(place, options))
    return _kept[0]


def _stamp(place: Place) -> tuple[int, int] | None:
    """Return what tells a local archive from another of its name; None where it is not local."""
    if place.is_remote:
        return None
    try:
        about = os.stat(place.address)
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns
