"""Text as XML holds it; ``xml.sax.saxutils`` loads what opens web addresses to say the same."""

from __future__ import annotations

from html import escape as _escape

_BLANKS = str.maketrans({"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def escape(text: str) -> str:
    """Return text as it stands between two tags."""
    return _escape(text, quote=False)


def quoteattr(text: str) -> str:
    """Return text as the value of an attribute, with the quotes around it."""
    plain = escape(text).translate(_BLANKS)
    if '"' not in plain:
        return f'"{plain}"'
    if "'" not in plain:
        return f"'{plain}'"
    return '"' + plain.replace('"', "&quot;") + '"'
