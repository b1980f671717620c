"""One small call of every registered operator, with FLOPs and bytes worked out by hand.

A row is the operator's name, its arguments, its FLOPs and its bytes: one figure, or the sum over
what it reads and writes in that order. None is a figure that the call does not determine.

Arguments are separated by spaces: `bf16[2,3]` is a tensor, `bf16[]` one without dimensions,
`list4[[2,3],[4]]` a list of tensors whose elements have 4 bytes, `-` an absent argument; anything
else is a number, a truth value or a list of them, as the profiler writes it.
"""

from __future__ import annotations

import json
import re

from operator_calls import TYPES, call

from ncutool.work.operators import OpCall

Row = tuple[str, str, int | None, int | None]

_TENSOR = re.compile(r"(?P<dtype>[a-z]+\d*)(?P<shape>\[.*\])$")


def each(names: str, arguments: str, flop: int | None, size: int | None) -> tuple[Row, ...]:
    """The same row for several operators, whose names are separated by spaces."""
    return tuple((name, arguments, flop, size) for name in names.split())


def built(name: str, arguments: str) -> OpCall:
    """The call that a row's text describes."""
    values: list[tuple[list[object], str] | str | None] = []
    element_bytes: int | None = None
    for text in arguments.split():
        match = _TENSOR.match(text)
        if text == "-":
            values.append(None)
        elif match is None:
            values.append(text)
        elif match["dtype"].startswith("list"):
            element_bytes = int(match["dtype"].removeprefix("list"))
            values.append((json.loads(match["shape"]), ""))
        else:
            assert match["dtype"] in TYPES, text
            values.append((json.loads(match["shape"]), match["dtype"]))
    return call(name, *values, list_element_bytes=element_bytes)
