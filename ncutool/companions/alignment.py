"""How much of the surroundings two launches of two captures share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

MOST_STEPS = 2_000_000_000
MOST_PAIRS = 50_000_000
"""Beyond these an alignment would take minutes or gigabytes; callers then go without."""


def contexts(long: Ints, short: Ints, wanted: Ints) -> dict[int, tuple[Ints, Ints]] | None:
    """Return the equal launches of another sequence, and the run around each pair.

    Args:
        long: what each launch of the longer sequence is, as a number.
        short: the same for the shorter one.
        wanted: positions in ``short``.

    Returns:
        For each wanted position the positions of ``long`` that hold the same number, and for
        each the length of the longest run of equal numbers, in both sequences, through the two.
        None where the sequences are too long to align.
    """
    at = {symbol: np.flatnonzero(long == symbol) for symbol in np.unique(short[wanted]).tolist()}
    pairs = sum(len(at[symbol]) for symbol in short[wanted].tolist())
    if len(long) * len(short) > MOST_STEPS or pairs > MOST_PAIRS:
        return None
    before = _runs(long, short, wanted, at)
    mirrored = {symbol: len(long) - 1 - places[::-1] for symbol, places in at.items()}
    last = len(short) - 1
    after = _runs(long[::-1], short[::-1], last - wanted, mirrored)
    return {
        position: (at[symbol], before[position] + after[last - position][::-1] - 1)
        for position, symbol in zip(wanted.tolist(), short[wanted].tolist(), strict=True)
    }


def _runs(long: Ints, short: Ints, wanted: Ints, at: dict[int, Ints]) -> dict[int, Ints]:
    """Return the length of the run that ends at each pair of a wanted position and its equals."""
    needed = set(wanted.tolist())
    lengths: dict[int, Ints] = {}
    run: Ints = np.zeros(len(long), np.int64)
    for position, symbol in enumerate(short.tolist()):
        shifted = np.concatenate([np.zeros(1, np.int64), run[:-1]])
        run = np.where(long == symbol, shifted + 1, 0)
        if position in needed:
            lengths[position] = run[at[symbol]]
    return lengths
