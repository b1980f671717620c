"""Which stretch of launches tells most, where only so many may be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

FORBIDDEN = -2
"""A launch that no stretch may hold."""
NOTHING = -1
"""A launch that tells nothing new."""


class Stretch(NamedTuple):
    """Launches that follow one another."""

    skip: int
    """Columns before it."""
    columns: int
    """Columns in it."""
    launches: int
    """Launches in it."""
    weight: int
    """What it tells, each group once."""


def best(columns: Sequence[Sequence[int]], weights: Sequence[int], most: int) -> Stretch | None:
    """Return the stretch whose groups weigh most, of equals the shortest, then the first.

    Args:
        columns: the groups of the launches at each place, several where several processes are
            counted at once; or :data:`NOTHING`, or :data:`FORBIDDEN`.
        weights: of each group, more than 0.
        most: launches that it may hold.

    Returns:
        None where no stretch tells anything.
    """
    held: dict[int, int] = {}
    left = launches = weight = 0
    found: Stretch | None = None

    def redundant(column: Sequence[int]) -> bool:
        once: dict[int, int] = {}
        for group in column:
            once[group] = once.get(group, 0) + 1
        return all(group == NOTHING or held[group] > n for group, n in once.items())

    for right, column in enumerate(columns):
        if FORBIDDEN in column:
            held, left, launches, weight = {}, right + 1, 0, 0
            continue
        launches += len(column)
        for group in column:
            if group != NOTHING:
                weight += 0 if held.get(group) else weights[group]
                held[group] = held.get(group, 0) + 1
        while left <= right and (launches > most or redundant(columns[left])):
            launches -= len(columns[left])
            for group in columns[left]:
                if group != NOTHING:
                    held[group] -= 1
                    weight -= 0 if held[group] else weights[group]
            left += 1
        better = found is None or (weight, -launches) > (found.weight, -found.launches)
        if weight and better:
            found = Stretch(left, right + 1 - left, launches, weight)
    return found
