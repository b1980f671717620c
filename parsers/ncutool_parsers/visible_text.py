"""Text in which nothing controls, hides or reorders what is seen."""

from __future__ import annotations

import re

MARK = "\N{REPLACEMENT CHARACTER}"
_LINE_ENDS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # control characters but tabs and line ends
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"  # halves of pairs, and tags nobody sees
)


def visible(text: str) -> str:
    """Return a text in which every character that controls, hides or reorders others is U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(MARK, _LINE_ENDS.sub("\n", text))


_PROFILER_FILE = re.compile(r"(?P<host>[^/\\]+?)(?=[_.]\d+\.\d+\.pt\.trace\.json)")


def host_in(name: str) -> str | None:
    """Return the host that a file is named after, as torch.profiler names its traces; else None."""
    found = _PROFILER_FILE.match(name)
    return found["host"] if found is not None else None


def without_host(name: str, shown: str = "host") -> str:
    """Return a file's name, or a path, in which ``shown`` stands where the profiler put the host.

    The number of the process and the time behind it stay and tell captures apart.
    """
    folder, slash, last = name.rpartition("/")
    host = host_in(last)
    return name if host is None else f"{folder}{slash}{shown}{last[len(host) :]}"
