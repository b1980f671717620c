"""Kernels and findings in few words that can stand in a sentence; no number is cut."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ncutool.advice.catalogue import rules
from ncutool.base.untrusted import printable

if TYPE_CHECKING:
    from ncutool.advice.view.finding import Finding

_TELLING = 8
"""Characters from which on a name without its arguments is taken to tell: `Kernel` does not."""
_WORD = re.compile(r"[A-Za-z0-9.]+|[^A-Za-z0-9.]+")


def bare(name: str) -> str:
    """Return a kernel's name without its arguments, where it tells something without them."""
    plain = name.partition("<")[0].partition("(")[0].rstrip("_: ")
    return plain if len(plain) >= _TELLING else name


def kernel(name: str, room: int) -> str:
    """Return a kernel's name in at most ``room`` characters.

    Arguments of templates go first, then whole words from the end; `…` says that some went.
    """
    name = printable(name).strip()
    if len(name) <= room:
        return name or "a kernel without a name"[:room]
    whole = bare(name)
    if len(whole) <= room:
        return whole
    kept = ""
    for word in _WORD.findall(whole):
        if len(kept) + len(word) > room - 1:
            break
        kept += word
    kept = kept.rstrip("_:<(, ") or re.sub(r"\d+$", "", whole[: room - 1])
    return f"{kept}…"


def action(finding: Finding) -> str:
    """Return what to do in a few words: `fuse RMSNorm`."""
    return finding.action or rules()[finding.rule].action
