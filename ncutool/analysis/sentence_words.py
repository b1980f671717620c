"""Which words ncutool's own sentences are made of, by which kept sentences are redacted.

Of a sentence that was written before anybody asked for redaction nothing tells which of its words
came from the capture. A word stays where it stands in a sentence, a setting or a line of code that
ncutool itself writes (`sentence_words.txt`, made by `docs/make_sentence_words.py` from the source),
or is public (:mod:`ncutool.analysis.public_words`); any other gives way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from importlib.resources import files

from ncutool.analysis.public_words import is_public
from ncutool.base import pseudonyms

LEFT_OUT = "(left out: most of its words are not ncutool's own)"
"""Stands for a sentence of which too little would be left to read."""
_FILE = "sentence_words.txt"
_WORD = re.compile(r"[\w$]+")
_PLACEHOLDER = re.compile(r"<(?:url|path|file|e-mail|address|host|token|value|private)>")


@lru_cache(maxsize=1)
def own_words() -> frozenset[str]:
    """Return the words of ncutool's own sentences, as they are written there."""
    text = (files("ncutool.analysis") / _FILE).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


@lru_cache(maxsize=1 << 16)
def is_own(word: str) -> bool:
    """Return whether ncutool's own sentences have a word, at their beginning in capitals too."""
    words = own_words()
    return word in words or (word.istitle() and word.lower() in words)


def stays(word: str, names: Collection[str] = frozenset()) -> bool:
    """Return whether a word of a sentence tells nothing: public, ncutool's own, or a pseudonym.

    Args:
        word: the word.
        names: words of names; of these only those that are public stay.
    """
    return is_public(word) or pseudonyms.is_pseudonym(word) or (is_own(word) and word not in names)


def words_of(text: str) -> list[str]:
    """Return the words of a text, names whole."""
    return _WORD.findall(text)


def in_own_words(
    text: str, rename: Callable[[str], str], names: Collection[str] = frozenset()
) -> str:
    """Return a sentence in which every word gives way that is neither ncutool's own nor public.

    Args:
        text: the sentence, without private data that is told by its form.
        rename: gives what stands for such a word.
        names: words of names that the sentence may hold: they give way where they are not public,
            whatever else they mean.

    Returns:
        the sentence, or :data:`LEFT_OUT` where most of it would be pseudonyms.
    """
    kept = changes = 0
    parts, at = [], 0

    def shown(match: re.Match[str]) -> str:
        nonlocal kept, changes
        word = match.group()
        if stays(word, names):
            kept += not word.isdecimal()
            return word
        new = rename(word)
        changes += 0 if word in names or new == word else 1
        return new

    for placeholder in _PLACEHOLDER.finditer(text):
        parts += [_WORD.sub(shown, text[at : placeholder.start()]), placeholder.group()]
        at = placeholder.end()
    parts.append(_WORD.sub(shown, text[at:]))
    return LEFT_OUT if changes > kept else "".join(parts)
