"""Where a capture lies that is no local file of its own: behind a URL, or in an archive."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

SEPARATOR = "::"
"""Stands between an archive and the member of it that is meant."""
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(?=.)")
"""How a URL begins. Two letters at least: one is the drive of a path of Windows."""
_ACCOUNT_AFTER_AT = ("abfs", "abfss", "az", "adl", "wasb", "wasbs")
"""Stores whose URLs say ``container@account``: there, what stands before the @ is no secret."""


@dataclass(frozen=True, repr=False)
class Place:
    """Where a capture lies that is no local file of its own.

    As text it is what may be shown: without user, password, query and fragment, in which signed
    URLs carry their signatures.
    """

    address: str
    """The URL as it was given, secrets included, or the path of a local archive."""
    member: str | None = None
    """Name of the member, where the place is in an archive."""

    @property
    def is_remote(self) -> bool:
        """Whether it is, or is in, something that a URL names."""
        return URL.match(self.address) is not None

    @property
    def archive(self) -> Path | Place:
        """The archive that a member lies in."""
        return Place(self.address) if self.is_remote else Path(self.address)

    @property
    def name(self) -> str:
        """File name without its folder, as :attr:`pathlib.Path.name`."""
        text = self.member or _without_secrets(self.address).partition("://")[2]
        name = PurePosixPath(text.replace("\\", "/")).name
        return unquote(name) if self.member is None else name

    @property
    def folder(self) -> str:
        """What stands before the name; a local one from the root."""
        if self.is_remote:
            return str(self).rpartition("/")[0]
        return str(Path(self.address).absolute().parent)

    def exists(self) -> bool:
        """Return whether a local file is meant that is there; what is remote is not asked."""
        return not self.is_remote and Path(self.address).exists()

    def __str__(self) -> str:
        shown = _without_secrets(self.address) if self.is_remote else self.address
        return shown if self.member is None else f"{shown}{SEPARATOR}{self.member}"

    def __repr__(self) -> str:
        return f"Place({str(self)!r})"


def _without_secrets(url: str) -> str:
    """Return a URL without user, password, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an address that is none, such as a bracket that stays open
        return f"{url.partition('://')[0]}://…"
    before, at, host = parts.netloc.rpartition("@")
    if at and parts.scheme in _ACCOUNT_AFTER_AT and ":" not in before:
        host = parts.netloc
    return f"{parts.scheme}://{host}{parts.path}"
