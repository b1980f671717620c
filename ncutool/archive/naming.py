"""What a dataset calls files, and what is said of them: never by the host that the profiler names
its traces after, and by pseudonyms where it is redacted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ncutool.analysis.redact import redacted_path, redactor_of_rows
from ncutool.analysis.request import Redact
from ncutool.base import pseudonyms
from ncutool_parsers.place import SEPARATOR
from ncutool_parsers.visible_text import visible, without_host

_FOLDER = "folder"
_SAID = "word"


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


def shown_said(value: str) -> str:
    """Return what the user said of a capture, or its path did, as it may be shown redacted.

    Words that are not public give way, as in annotations. Values that differ go on to differ: one
    with a path or an address in it gives way as a whole.
    """
    do = redactor_of_rows(Redact.NAMES)
    if do.text(value) != value:
        return value if is_redacted(value) else _whole(value)
    return do.name(_SAID, value)


def shown_metadata(metadata: Mapping[str, str], *, redact: bool) -> dict[str, str]:
    """Return metadata of a capture as a dataset keeps it."""
    return {key: shown_said(value) if redact else value for key, value in metadata.items()}


def _whole(value: str) -> str:
    return pseudonyms.pseudonym(_SAID, value, pseudonyms.key(), numbers=False)


def is_redacted(name: str) -> bool:
    """Return whether a file's name is a pseudonym."""
    return pseudonyms.is_pseudonym(name.partition(".")[0])
