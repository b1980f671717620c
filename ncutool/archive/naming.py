"""What a dataset calls files: never by the host that the profiler names its traces after."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ncutool.analysis.redact import redacted_path
from ncutool.base import pseudonyms
from ncutool_parsers.place import SEPARATOR
from ncutool_parsers.visible_text import visible, without_host

_FOLDER = "folder"


def shown_name(name: str, *, redact: bool) -> str:
    """Return what a file is called, without its folder.

    Args:
        redact: by a pseudonym.
    """
    if redact:
        return name if is_redacted(name) else redacted_path(Path(name)).name
    return visible(SEPARATOR.join(map(without_host, name.split(SEPARATOR))))


def shown_path(path: str, *, redact: bool) -> str:
    """Return where a file lies below the folder that was given.

    Args:
        redact: by pseudonyms, one a folder, so that what lies together still does.
    """
    if not redact:
        return shown_name(path, redact=False)
    *folders, name = PurePosixPath(path.replace(SEPARATOR, "/")).parts or ("",)
    secret = pseudonyms.key()
    shown = [
        one if pseudonyms.is_pseudonym(one) else pseudonyms.pseudonym(_FOLDER, one, secret)
        for one in folders
        if one != "/"
    ]
    return "/".join([*shown, shown_name(name, redact=True)])


def is_redacted(name: str) -> bool:
    """Return whether a file's name is a pseudonym."""
    return pseudonyms.is_pseudonym(name.partition(".")[0])
