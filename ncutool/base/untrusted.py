"""Text from a capture made safe to show. Whoever wrote a capture chose every name in it."""

from __future__ import annotations

import json
import re

_SPACES = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
_DANGEROUS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # terminal control sequences, whole
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # terminal titles and links, whole
    r"|[\x00-\x1f\x7f-\x9f]"
    r"|[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"  # marks that hide, or reorder what is read
)
ESCAPED_IN_JSON = (
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
"""What :func:`inert_json` escapes, as a regular expression that polars understands too."""
_INERT = re.compile(ESCAPED_IN_JSON)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# The full-width forms start formulas too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_MARKDOWN = re.compile(r"[\\`*\[\]|~$]")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_MENTION = re.compile(r"@(?=\w)|(?<!&)#(?=\d)")
"""What GitHub and GitLab take for a person or for the number of an issue."""
_REFERENCE = re.compile(
    r"\b(GH-)(?=\d)|(?<![0-9A-Fa-f])([0-9a-f]{6})(?=[0-9a-f]{1,34}(?![0-9a-f]))"
)
"""What they take for an issue or a commit: seven hexadecimal digits are enough for one."""
_APART = "<!-- -->"
"""Shown nowhere, and keeps what stands before it from what follows."""
_LINK = re.compile(r"https://[A-Za-z0-9./_#?=%~-]+")
_HTML_IN_JSON = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}
_HTML_IN_JSON_PATTERN = re.compile("[<>&\u2028\u2029]")


def printable(text: str, limit: int | None = None) -> str:
    """Return ``text`` on one line without control, terminal or reordering characters.

    Args:
        limit: longest result in characters; what is beyond is replaced by `…`.
    """
    if not text.isascii() or not text.isprintable():
        text = _SPACES.sub(" ", text)
        text = _DANGEROUS.sub("", text)
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    if limit is not None and len(text) > limit:
        return text[: max(0, limit - 1)] + "…"
    return text


def https(link: str) -> bool:
    """Return whether ``link`` is a plain https address that needs no escaping anywhere."""
    return _LINK.fullmatch(link) is not None


def shorten(text: str, limit: int) -> str:
    """Return ``text`` printable and cut in its middle, since names differ at both ends."""
    text = printable(text)
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def markdown(text: str) -> str:
    """Escape ``text`` for Markdown: no mark-up, no HTML, no link, no table cell of its own.

    Nobody is mentioned and nothing is referred to, neither a person, an issue, a commit nor an
    address for mail, since the text may come to stand in a pull request.
    """
    text = printable(text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _MARKDOWN.sub(lambda match: "\\" + match.group(), text)
    text = _EDGE_UNDERSCORE.sub(r"\\_", text)
    text = text.replace("://", "&#58;//").replace("www.", "www&#46;")
    text = re.sub(r"^(\s*)(#|=|[+-](?=\s|$)|-{3})", r"\1\\\2", text)
    text = re.sub(r"^(\s*\d+)([.)])(?=\s|$)", r"\1\\\2", text)
    text = _MENTION.sub(lambda match: f"{match.group()}{_APART}", text)
    return _REFERENCE.sub(lambda match: f"{match.group()}{_APART}", text)


def guard_cell(text: str) -> str:
    """Return ``text`` for a CSV cell: printable, with an apostrophe where it starts a formula."""
    formula = text.startswith(_FORMULA_STARTS)
    text = printable(text)
    return f"'{text}" if formula or text.startswith(_FORMULA_STARTS) else text


def inert_json(text: str) -> str:
    """Return JSON text in which every character that a terminal obeys, or hides, is escaped.

    The values stay the same: outside its texts, JSON has no such characters.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return _INERT.sub(lambda match: json.dumps(match.group())[1:-1], text)


def json_for_html(value: object) -> str:
    """Return ``value`` as JSON that may stand inside a ``<script>`` element; keys sorted.

    Raises:
        ValueError: a number is NaN or infinite: an unknown is None.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    text = _HTML_IN_JSON_PATTERN.sub(lambda match: _HTML_IN_JSON[match.group()], text)
    # A lone surrogate cannot be encoded; its escape is valid JSON.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
