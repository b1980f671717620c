"""Which launches of two sequences stand at the same place: the alignment with the most likeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ncutool.base.thresholds import IntThreshold

Ints = npt.NDArray[np.int64]

MOST_CELLS = 50_000_000
"""Beyond so many pairs an alignment would take gigabytes; callers then go without."""
KEY = IntThreshold(
    16, "likeness", "two launches of one kernel on the same work",
    "judgement: worth more than any number of weaker likenesses that a shift by one could gain",
)  # fmt: skip


@dataclass(frozen=True)
class Likeness:
    """A thing that two launches may share, as a number each, and what sharing it is worth."""

    before: Ints
    after: Ints
    """Negative where it is not known; unknowns are never alike."""
    worth: int


def align(likenesses: Sequence[Likeness]) -> list[tuple[int, int]] | None:
    """Return the pairs of positions, in order on both sides, with the most likeness in sum.

    Pairs that share nothing are never made. None where the sequences are too long.
    """
    n, m = len(likenesses[0].before), len(likenesses[0].after)
    head = _common(likenesses[0].before, likenesses[0].after)
    tail = _common(likenesses[0].before[head:][::-1], likenesses[0].after[head:][::-1])
    rows, columns = n - head - tail, m - head - tail
    if rows * columns > MOST_CELLS:
        return None
    inner = [
        Likeness(one.before[head : n - tail], one.after[head : m - tail], one.worth)
        for one in likenesses
    ]
    middle = _best(inner, rows, columns)
    return [
        *((at, at) for at in range(head)),
        *((head + i, head + j) for i, j in middle),
        *((n - tail + at, m - tail + at) for at in range(tail)),
    ]


def _common(before: Ints, after: Ints) -> int:
    """Return how many first elements are equal and known."""
    size = min(len(before), len(after))
    equal = (before[:size] == after[:size]) & (before[:size] >= 0)
    return size if equal.all() else int(np.argmin(equal))


def _best(likenesses: Sequence[Likeness], rows: int, columns: int) -> list[tuple[int, int]]:
    """Fill the table of best sums row by row, and walk back through it."""
    if not rows or not columns:
        return []
    best = np.zeros(columns + 1, np.int64)
    paired = np.zeros((rows, columns), np.bool_)
    dropped = np.zeros((rows, columns), np.bool_)
    """Whether the best sum at a place pairs both, or leaves the launch before out."""
    for row in range(rows):
        worth = np.zeros(columns, np.int64)
        for one in likenesses:
            mark = one.before[row]
            if mark >= 0:
                worth += one.worth * (one.after == mark)
        pair = best[:-1] + worth
        reached = np.maximum.accumulate(np.maximum(best[1:], np.where(worth > 0, pair, 0)))
        paired[row] = (worth > 0) & (pair == reached)
        dropped[row] = best[1:] == reached
        best[1:] = reached
    return _walk(paired, dropped)


def _walk(paired: npt.NDArray[np.bool_], dropped: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    pairs = []
    row, column = paired.shape[0] - 1, paired.shape[1] - 1
    while row >= 0 and column >= 0:
        if paired[row, column]:
            pairs.append((row, column))
            row, column = row - 1, column - 1
        elif dropped[row, column]:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]
