"""Counts with their nouns and verbs, as sentences about a capture need them."""

from __future__ import annotations

_IRREGULAR = {"have": "has", "are": "is"}


def counted(number: int, noun: str, verb: str = "") -> str:
    """Return a count with its noun and the verb after it: `1 launch`, `2 names hold`.

    Args:
        verb: as it follows several: `have`, `hold`, `carry`.
    """
    ending = "" if number == 1 else "es" if noun.endswith(("ch", "s", "x")) else "s"
    return f"{number:,} {noun}{ending}{f' {agreeing(number, verb)}' if verb else ''}"


def counted_of(number: int, total: int, noun: str, verb: str) -> str:
    """Return how many of a total, with the verb: `1 of 3 launches has`, `1 of 1 launch has`."""
    return f"{number:,} of {counted(total, noun)} {agreeing(number, verb)}"


def agreeing(number: int, verb: str) -> str:
    """Return a verb as it follows so many: `has` for 1, `have` for 2."""
    if number != 1:
        return verb
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    return f"{verb[:-1]}ies" if verb.endswith("ry") else f"{verb}s"
