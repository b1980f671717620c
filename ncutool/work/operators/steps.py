"""What vLLM's annotation of a step says of its sequences.

A short form counts prompts and their tokens, then decoded sequences and theirs. A longer one has
the sums over all sequences of queries (sq), of keys (sk), and of their products, from which the
pairs of causal attention follow exactly: each query sees all keys up to its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SUMS = r"\(sq(\d+)sk(\d+)sqsq(\d+)sqsk(\d+)\)"
EXECUTE_SUMS = re.compile(rf"^execute_\d+_context_(\d+){_SUMS}_generation_(\d+){_SUMS}$")
EXECUTE = re.compile(
    r"^execute_context_(\d+)\((\d+)(?:_\d+)?\)_generation_(\d+)\((\d+)(?:_\d+)?\)$"
)
ANNOTATION = r"^execute_"
"""Names of annotations that may be of a step (a regular expression)."""


class Step(NamedTuple):
    """Tokens and pairs of queries and keys of one step; None where it does not say."""

    tokens: int | None = None
    pairs: int | None = None
    """Without windows, that is at most."""


def step_of(name: str | None) -> Step:
    """Return what the annotation ``name`` says; nothing where it is none of a step."""
    sums = EXECUTE_SUMS.match(name or "")
    if sums is not None:
        numbers = [int(each) for each in sums.groups()]
        parts = (numbers[1:5], numbers[6:])
        pairs = sum(products - (squares - queries) // 2 for queries, _, squares, products in parts)
        tokens = sum(queries for queries, *_ in parts)
        return Step(tokens, pairs if pairs >= tokens else None)
    plain = EXECUTE.match(name or "")
    return Step() if plain is None else Step(int(plain[2]) + int(plain[4]))
