"""Texts in which patterns may be found, told for thousands of them at once.

Python's expressions are asked of one text after another, and most names hold nothing of what they
are asked for. polars' engine finds those in a fraction of the time. It knows no conditions on what
stands around a match and no repetition of a group, so it is asked for what the patterns ask without
them, which is found wherever they are: what is left is asked of Python.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from ncutool.base.patterns import Pattern

_Value = TypeVar("_Value")

_FEW = 256
"""Texts up to which asking Python alone is faster than making the other engine's expressions."""
_PIECE = re.compile(
    r"(?P<around>\(\?<?[!=])|(?P<again>\(\?P=\w+\))|(?P<group>\(\?P<\w+>|\((?!\?))|(?P<open>\()|(?P<close>\))"
    r"|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<end>\$)|(?P<other>\\.|.)",
    re.DOTALL,
)


def may_hold(texts: Sequence[str], patterns: Iterable[Pattern]) -> list[bool]:
    """Return for each text whether any of the patterns may be found in it; where False, none is."""
    if len(texts) <= _FEW:
        return [True] * len(texts)
    import polars as pl

    either = "|".join(f"(?:{without_conditions(pattern.pattern)})" for pattern in patterns)
    column = pl.Series(texts, dtype=pl.String)
    # the engines differ in what letters of other alphabets are
    return (column.str.contains(either) | column.str.contains(r"[^\x00-\x7F]")).to_list()


def first_held(
    texts: Sequence[str], table: Iterable[tuple[_Value, Pattern]]
) -> list[_Value | None]:
    """Return for each text the first value of ``table`` whose pattern is found in it."""
    found: list[_Value | None] = [None] * len(texts)
    for value, pattern in table:
        for place, may in enumerate(may_hold(texts, [pattern])):
            if may and found[place] is None and pattern.search(texts[place]):
                found[place] = value
    return found


def without_conditions(pattern: str) -> str:
    """Return a pattern of ASCII texts that is found wherever ``pattern`` is, and maybe elsewhere:
    without conditions on what stands around, and with anything for a group that is repeated."""
    kept: list[str] = []
    within = 0  # groups that are open since a condition began, and including it
    for piece in _PIECE.finditer(pattern):
        kind, text = piece.lastgroup, piece.group()
        if within:
            within += {"around": 1, "group": 1, "open": 1, "close": -1}.get(str(kind), 0)
        elif kind == "around":
            within = 1
        elif kind == "again":
            kept.append("(?s:.)*?")
        elif kind == "group":  # of several patterns, groups may have the same name
            kept.append("(?:")
        elif kind == "end":  # which Python also finds before a last line break
            kept.append(r"\n?$")
        else:
            kept.append(text)
    return "".join(kept)
