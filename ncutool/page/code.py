"""Sentences with code in backticks, as parts that the templates mark up."""

from __future__ import annotations

from msgspec import Struct

from ncutool.base.untrusted import printable


class Part(Struct, frozen=True):
    """A piece of a sentence: plain, or code."""

    text: str
    code: bool


def with_code(sentence: str) -> tuple[Part, ...]:
    """Return a sentence split at its backticks; with an odd one out it is plain text."""
    pieces = printable(sentence).split("`")
    if len(pieces) % 2 == 0:
        return (Part(printable(sentence), code=False),)
    return tuple(Part(piece, code=bool(index % 2)) for index, piece in enumerate(pieces) if piece)
