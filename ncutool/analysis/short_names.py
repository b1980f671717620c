"""Names of kernels short enough for a sentence: cut between words, never within a number."""

from __future__ import annotations

import re

from ncutool.base.untrusted import printable

_TELLING = 8
"""Characters from which on a name without its arguments is taken to tell: `Kernel` does not."""
_WORD = re.compile(r"[A-Za-z0-9.]+|[^A-Za-z0-9.]+")


def kernel(name: str, room: int) -> str:
    """Return a kernel's name in at most ``room`` characters.

    Arguments of templates go first, then whole words from the end; `…` says that some went.
    """
    name = printable(name).strip()
    if len(name) <= room:
        return name or "a kernel without a name"[:room]
    bare = name.partition("<")[0].partition("(")[0].rstrip("_: ")
    if _TELLING <= len(bare) <= room:
        return bare
    whole = bare if len(bare) >= _TELLING else name
    kept = ""
    for word in _WORD.findall(whole):
        if len(kept) + len(word) > room - 1:
            break
        kept += word
    kept = kept.rstrip("_:<(, ") or re.sub(r"\d+$", "", whole[: room - 1])
    return f"{kept}…"
