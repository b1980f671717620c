"""Text and names as GitHub's Markdown shows them: no mark-up, no link, nobody notified."""

from __future__ import annotations

from ncutool.base.untrusted import markdown, printable


def inert(text: str) -> str:
    """Return text without mark-up that notifies nobody and links to nothing."""
    return markdown(text)


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
