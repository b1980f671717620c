"""Stable pseudonyms for names, and what a pseudonym stands for while a program runs.

A pseudonym is a keyed hash of the name: the same name has the same one in every capture and every
run with the same key, so that two redacted captures still compare. Its letters are such that no
pattern that reads names finds a word in it, and it stays one word. Short numbers of the name are
kept behind it, since variants of one kernel differ in nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re

KEY_VARIABLE = "NCUTOOL_REDACT_KEY"
"""Environment variable with the key. Without it the key is a public one: whoever guesses a name
can then check the guess."""
_PUBLIC_KEY = "ncutool"
_LETTERS = "bdghjklnpqrtvxyz"
_LONGEST_HASH = 10
_MOST_NUMBERS = 8
"""A name with more numbers keeps none."""
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)")
_PSEUDONYM = re.compile(rf"[a-z]+_[{_LETTERS}]{{{_LONGEST_HASH}}}(?:_\d{{1,4}})*")
_HASHED = re.compile(rf"[{_LETTERS}]{{{_LONGEST_HASH}}}")
_ORIGINALS: dict[str, str] = {}


def key() -> bytes:
    """Return the key of this process."""
    return (os.environ.get(KEY_VARIABLE) or _PUBLIC_KEY).encode("utf-8", "surrogateescape")


def has_own_key() -> bool:
    """Return whether the user gave a key, so that nobody else can check a guess."""
    return bool(os.environ.get(KEY_VARIABLE))


def pseudonym(kind: str, name: str, secret: bytes, *, numbers: bool = True) -> str:
    """Return what stands for a name, as ``kernel_bdghjklnpq`` or ``kernel_bdghjklnpq_128_2``.

    Args:
        kind: the word that it begins with.
        name: the name; nothing of it but its short numbers can be read from the result.
        secret: the key of the hash.
        numbers: keep numbers of at most four digits, where they are few.
    """
    kept = _NUMBER.findall(name) if numbers else []
    kept = kept if len(kept) <= _MOST_NUMBERS else []
    hashed = _NUMBER.sub("#", name) if kept else name
    digest = hmac.digest(secret, hashed.encode("utf-8", "surrogatepass"), hashlib.sha256)
    letters = "".join(_LETTERS[byte & 15] for byte in digest[:_LONGEST_HASH])
    return "_".join([kind, letters, *kept])


def is_pseudonym(word: str) -> bool:
    """Return whether a word is a pseudonym already, or the hash of one."""
    return (_PSEUDONYM.fullmatch(word) or _HASHED.fullmatch(word)) is not None


def remember(shown: str, name: str) -> None:
    """Keep in memory what a redacted name stands for, for :func:`original`."""
    if shown != name:
        _ORIGINALS[shown] = name


def original(shown: str) -> str:
    """Return the name that a redacted one stands for, or the text itself.

    Only for functions that read facts from a name, so that figures do not change with redaction.
    Nothing that shows text may call it.
    """
    return _ORIGINALS.get(shown, shown)
