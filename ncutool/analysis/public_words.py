"""Which words of a name are public: those that frameworks and libraries use in their own names."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

_FILE = "public_words.txt"
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
"""A piece of a word: capitals together, a capital with what follows, letters, a number."""
_LONGEST = 40
"""Of a piece, in characters: no public word is longer, and names are untrusted."""
_LETTERS = re.compile(r"[a-z]+")


@lru_cache(maxsize=1)
def public_words() -> frozenset[str]:
    """Return the public words in lower case, those of ncutool's own table of operators among them.

    Operators that other packages bring are not: their names may be somebody's secret.
    """
    from ncutool.work.operators import REGISTRY

    text = (files("ncutool.analysis") / _FILE).read_text(encoding="utf-8")
    listed = {
        word for line in text.splitlines() if not line.startswith("#") for word in line.split()
    }
    whole = [*listed, *REGISTRY]
    pieces = {piece.lower() for word in whole for piece in _PIECE.findall(word)}
    return frozenset(piece for piece in pieces if _LETTERS.fullmatch(piece))


@lru_cache(maxsize=1 << 16)
def is_public(word: str) -> bool:
    """Return whether every piece of a word is public: a single letter, a number, or a known word.

    Words run together are told apart where capitals, digits or underscores do so, and where one
    word is two public ones, as `rmsnorm`.
    """
    return all(_known(piece.lower()) for piece in _PIECE.findall(word))


@lru_cache(maxsize=1 << 16)
def _known(piece: str) -> bool:
    if piece.isascii() and (len(piece) == 1 or piece.isdecimal()):
        return True
    if len(piece) > _LONGEST:
        return False
    words = public_words()
    if piece in words:
        return True
    return any(
        len(piece[:at]) > 2 and len(piece[at:]) > 2 and piece[:at] in words and piece[at:] in words
        for at in range(3, len(piece) - 2)
    )
