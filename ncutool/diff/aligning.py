"""Which launches of two sequences stand at the same place: the alignment with the most likeness."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Ints = npt.NDArray[np.int64]

MOST_CELLS = 50_000_000
"""Beyond so many pairs an alignment would take gigabytes; callers then go without."""


class Likeness(Struct, frozen=True):
    """A thing that two launches may share, as a number each, and what sharing it is worth."""

    before: Ints
    after: Ints
    """Negative where it is not known; unknowns are never alike."""
    worth: int


def align(
    likenesses: Sequence[Likeness], anchors: Iterable[tuple[int, int]] = ()
) -> list[tuple[int, int]] | None:
    """Return the pairs of positions, in order on both sides, with the most likeness in sum.

    Pairs that share nothing are never made. None where the sequences are too long.

    Args:
        anchors: positions that surely belong together, which long sequences are cut at.
    """
    n, m = len(likenesses[0].before), len(likenesses[0].after)
    head = _common(likenesses[0].before, likenesses[0].after)
    tail = _common(likenesses[0].before[head:][::-1], likenesses[0].after[head:][::-1])
    rows, columns = n - head - tail, m - head - tail
    if rows * columns > MOST_CELLS:
        return _piecewise(likenesses, increasing(anchors), n, m)
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


def increasing(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return as many pairs as can be that are in order on both sides."""
    ranked = sorted(pairs)
    ends: list[int] = []
    """The smallest second position that a chain of each length ends at."""
    last: list[int] = []
    before: list[int] = []
    for at, (_, second) in enumerate(ranked):
        length = bisect_left(ends, second)
        if length == len(ends):
            ends.append(second)
            last.append(at)
        ends[length], last[length] = second, at
        before.append(last[length - 1] if length else -1)
    chain = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(ranked[at])
        at = before[at]
    return chain[::-1]


def _piecewise(
    likenesses: Sequence[Likeness], anchors: list[tuple[int, int]], n: int, m: int
) -> list[tuple[int, int]] | None:
    """Align what lies between anchors, piece by piece; None where a piece is too long."""
    found = []
    for (i, j), (k, one) in pairwise([(-1, -1), *anchors, (n, m)]):
        rows, columns = k - i - 1, one - j - 1
        if rows * columns > MOST_CELLS:
            return None
        piece = [
            Likeness(each.before[i + 1 : k], each.after[j + 1 : one], each.worth)
            for each in likenesses
        ]
        found += [(i + 1 + a, j + 1 + b) for a, b in _best(piece, rows, columns)]
        found += [(k, one)] if k < n else []
    return found


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
