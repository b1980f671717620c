"""Any output as a bounded answer: so many bytes, names quoted, sentences without them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from ncutool.diagnose.budget import dumped
from ncutool.diagnose.quoted import COMMAND_CHARACTERS, NAME_CHARACTERS, Names, quoted

NAME_KEYS = frozenset(
    (
        *("kernel", "kernel_full", "kernels", "op", "signature", "nvtx", "name", "names"),
        *("detail", "kernel_before", "kernel_after", "capture", "device", "command", "filter"),
        *("launch", "label"),
    )
)
"""Fields that hold names from a capture; every other text is a sentence or a word of ours."""
_MOST_LENGTHS = (1000, 300, 100, 30, 10, 3, 1, 0)
"""How many entries of a list are tried to be given, the most first."""
_MOST_INNER = 20
"""Entries of a list inside another, at most."""


def bounded(
    value: Any, most_bytes: int, names: Names | None = None, more: int = 0
) -> dict[str, Any]:
    """Return plain data as ``result`` in at most so many bytes, and how much was left out.

    Args:
        value: what is given.
        most_bytes: of the JSON text.
        names: every name of the captures that it is of; those in its fields are known anyhow.
        more: entries that were left out before.
    """
    own = pl.Series("text", sorted(set(_names(value))), pl.String)
    known = own if names is None else pl.concat([own, names.every]).unique()
    clean = _clean(value, Names(known))
    for most in _MOST_LENGTHS:
        left = [max(0, more)]
        made = {"result": _cut(clean, most, left), "left_out": 0}
        made["left_out"] = left[0]
        if len(dumped(made)) <= most_bytes:
            return made
    return {"result": None, "left_out": 1}


def _names(value: Any, named: bool = False) -> Iterator[str]:
    """Yield the texts of the fields that hold names."""
    if isinstance(value, str):
        if named:
            yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _names(one, named or key in NAME_KEYS)
    elif isinstance(value, list):
        for one in value:
            yield from _names(one, named)


def _clean(value: Any, names: Names) -> Any:
    texts = list(dict.fromkeys(_sentences(value)))
    return _with(value, dict(zip(texts, names.without(texts), strict=True)), False)


def _sentences(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in NAME_KEYS:
                yield from _sentences(one)
    elif isinstance(value, list):
        for one in value:
            yield from _sentences(one)


def _with(value: Any, texts: dict[str, str], named: bool, most: int = NAME_CHARACTERS) -> Any:
    if isinstance(value, str):
        return quoted(value, most) if named else texts[value]
    if isinstance(value, dict):
        return {
            quoted(key): _with(
                one,
                texts,
                named or key in NAME_KEYS,
                COMMAND_CHARACTERS if key == "command" else NAME_CHARACTERS,
            )
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_with(one, texts, named, most) for one in value]
    return value


def _cut(value: Any, most: int, left: list[int], inner: bool = False) -> Any:
    """Cut lists to their first entries, and count those that go."""
    if isinstance(value, dict):
        return {key: _cut(one, most, left, inner) for key, one in value.items()}
    if isinstance(value, list):
        kept = min(most, _MOST_INNER) if inner else most
        left[0] += max(0, len(value) - kept)
        return [_cut(one, most, left, True) for one in value[:kept]]
    return value
