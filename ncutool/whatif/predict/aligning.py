"""Which operator of one capture stands where another does in a second: matched by position."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


def align(before: Sequence[str], after: Sequence[str]) -> list[int | None]:
    """Return, for each name of ``after``, the position of its counterpart in ``before``, or None.

    The longest common runs of names decide, in order, so that an operator that only one of the
    two has shifts nothing.
    """
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    counterparts: list[int | None] = [None] * len(after)
    counterparts[:head] = range(head)
    inner = SequenceMatcher(
        None,
        before[head : len(before) - tail],
        after[head : len(after) - tail],
        autojunk=False,
    )
    for block in inner.get_matching_blocks():
        for step in range(block.size):
            counterparts[head + block.b + step] = head + block.a + step
    for step in range(tail):
        counterparts[len(after) - 1 - step] = len(before) - 1 - step
    return counterparts
