"""The folders that an agent may read from, and no file beside them."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ncutool.diagnose.quoted import quoted
from ncutool_parsers.errors import UsageError

_MEMBER, _SCHEME = "::", "://"
"""What tells a member of an archive, or another place: neither is a file of a folder."""


class Folders:
    """Folders, each as it really is: links and `..` are followed before anything is compared."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Take the folders.

        Raises:
            UsageError: there is none, or one is no folder.
        """
        if not folders:
            raise UsageError("name the folders that agents may read: ncutool mcp FOLDER...")
        for one in folders:
            if not one.is_dir():
                raise UsageError(f"{one}: is no folder; name one that holds captures")
        self.roots = tuple(one.resolve(strict=True) for one in folders)

    def file(self, name: str) -> Path:
        """Return the file of that name, with no link left in its path.

        Args:
            name: absolute, or from one of the folders on.

        Raises:
            UsageError: no regular file of that name lies in a folder. Whether there is one
                elsewhere is not said.
        """
        refused = UsageError(
            f"{quoted(name)}: is no file in the folders that this server was given; name one in "
            "them, absolute or from such a folder on"
        )
        if "\0" in name or _MEMBER in name or _SCHEME in name:
            raise refused
        for root in self.roots:
            try:
                real = (root / name).resolve(strict=True)
                regular = stat.S_ISREG(real.stat().st_mode)
            except (OSError, RuntimeError, ValueError):
                continue
            if regular and any(real.is_relative_to(one) for one in self.roots):
                return real
        raise refused

    def identities(self, paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
        """Return what tells each file from any other that comes to lie under its name.

        Raises:
            UsageError: one is no regular file any more, or is reached through a link now.
        """
        return {path: _identity(path) for path in paths}

    def check_same(self, before: Mapping[Path, tuple[int, int]]) -> None:
        """Hold files to what they were, so that none is answered for that was put in their place.

        Raises:
            UsageError: one is another file now.
        """
        for path, identity in before.items():
            if _identity(path) != identity:
                raise _replaced(path)


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.stat(follow_symlinks=False)
        if stat.S_ISREG(found.st_mode) and path.resolve(strict=True) == path:
            return found.st_dev, found.st_ino
    except (OSError, RuntimeError):
        pass
    raise _replaced(path)


def _replaced(path: Path) -> UsageError:
    return UsageError(f"{quoted(path.name)}: was replaced while it was read; ask again")
