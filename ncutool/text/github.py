"""Text and names as GitHub's Markdown shows them: no mark-up, no link, nobody notified."""

from __future__ import annotations

import re

from ncutool.base.untrusted import markdown, printable

_MENTION = re.compile(r"@(?=\w)|(?<!&)#(?=\d)")
"""What GitHub takes for a person or for the number of an issue."""
_REFERENCE = re.compile(
    r"\b(GH-)(?=\d)|(?<![0-9A-Fa-f])([0-9a-f]{6})(?=[0-9a-f]{1,34}(?![0-9a-f]))"
)
"""What it takes for an issue or a commit: seven hexadecimal digits are enough for one."""


def inert(text: str) -> str:
    """Return text without mark-up that notifies nobody and links to nothing."""
    marked = _MENTION.sub(lambda match: f"{match.group()}<!-- -->", markdown(text))
    return _REFERENCE.sub(lambda match: f"{match.group()}<!-- -->", marked)


def code(text: str) -> str:
    """Return text as code, also within a table's cell."""
    return f"`{printable(text).replace('`', '').replace('|', '¦') or '–'}`"


def with_code(text: str) -> str:
    """Return text whose own backticks stay code; all else is inert."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return inert(text)
    return "".join(
        code(part) if index % 2 and part else inert(part) for index, part in enumerate(parts)
    )


def folded(content: str, summary: str) -> str:
    """Return what a reader unfolds; GitHub wants an empty line before a table in it."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"
