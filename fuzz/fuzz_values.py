"""Values that a field of a capture may hold although nobody meant it to."""

from __future__ import annotations

import json
import math
from random import Random
from typing import Any

RAW = "@raw:"
"""Starts a text that stands in the file as it is, for numbers that Python cannot hold."""

NUMBERS: tuple[Any, ...] = (
    -1, 0, 1, 7, 2**31, 2**32, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64, 10**30, -(2**63),
    -0.0, 0.1, 1e-320, 1e18, 1e308, -1e308, math.nan, math.inf, -math.inf,
    f"{RAW}1e400@", f"{RAW}-1e400@", f"{RAW}{'9' * 5000}@", f"{RAW}0.{'0' * 400}1@",
)  # fmt: skip
TEXTS: tuple[str, ...] = (
    "", " ", "12", "-1", "NaN", "x" * 20_000, "\ud800", "a\x00b", "a\x1b[31mb", "\u202eabc",
    "\u200b", "\x9b31m", "</script><script>alert(1)</script>", "=1+1", "@team #1 [a](http://b)",
    "<" * 50, "void f<" * 40, ">" * 40, "aten::", "::", "{}", "[1, 2]", "|`*_", "a\nb\r\tc",
)  # fmt: skip
SHAPES: tuple[Any, ...] = (
    [], [[]], [[0]], [[-1, 4], [4, 4]], [[2**31, 2**31], [2**31, 2**31]], [[2**62]], [[1] * 70],
    [[1.5, 2]], [["a"]], [[[2, 3], [3, 4]]], [[True, None]], [None], "[[2, 3]]", {}, [[2, 3]],
    [[2, 3], [5, 7]], [[2, 3, 4, 5, 6, 7], []], [[1, 1]] * 300, [[10**30]],
)  # fmt: skip
TYPES: tuple[Any, ...] = (
    [], ["float"], ["c10::BFloat16", "float"], [""], [None], [1], "float", {}, ["x" * 3000],
    ["c10::Float8_e4m3fn"] * 2, ["long int", "Scalar", "bool"], [["float"]],
)  # fmt: skip


def any_value(random: Random) -> Any:
    """A number, a text, or something of another kind altogether."""
    kind = random.randrange(10)
    if kind < 5:
        return random.choice(NUMBERS)
    if kind < 8:
        return random.choice(TEXTS)
    return random.choice((None, True, False, [], {}, [[]], {"ph": 2}, nested(random)))


def nested(random: Random) -> Any:
    """Lists or objects inside each other, some of them deeper than anyone writes."""
    value: Any = 1
    for _ in range(random.choice((2, 10, 65, 300))):
        value = [value] if random.random() < 0.7 else {"ph": value}
    return value


def as_json(value: Any, indent: int | None = None) -> str:
    """The JSON of a document, with the raw numbers as they are."""
    text = json.dumps(value, indent=indent)
    if RAW not in text:
        return text
    first, *others = text.split(f'"{RAW}')
    return first + "".join("".join(other.split('@"', 1)) for other in others)


def as_toml(table: dict[str, Any]) -> str:
    """The TOML of a table, as far as TOML can say it; of what it has no word for, nothing."""
    return "".join(f"{json.dumps(str(key))} = {_toml(value)}\n" for key, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inside = (f"{json.dumps(str(key))} = {_toml(one)}" for key, one in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    if isinstance(value, str) and value.startswith(RAW):
        return value.removeprefix(RAW).removesuffix("@")
    return '""' if value is None else json.dumps(value)
