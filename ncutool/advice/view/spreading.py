"""Times shared out over launches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from ncutool.base.exact import proportion


def spread(total: int, durations: Sequence[int]) -> list[int]:
    """Return ``total`` shared out over launches by their durations: no share exceeds its duration,
    and their sum is exact."""
    return spread_each([total], [durations])


def spread_each(totals: Sequence[int], durations: Sequence[Sequence[int]]) -> list[int]:
    """Return each of ``totals`` shared out over its own launches, one after the other.

    Args:
        totals: of every group of launches.
        durations: of every launch of each group; no group is empty.
    """
    if not totals:
        return []
    lengths = np.array([len(each) for each in durations], np.int64)
    every = np.array(list(chain.from_iterable(durations)), np.int64)
    firsts = np.cumsum(lengths) - lengths
    passed = np.cumsum(every)
    before = (passed - every)[firsts]
    whole = np.diff(before, append=passed[-1:])
    # More than the whole is shared out as the whole; what no 64 bits hold is more than that.
    most = [max(0, min(each)) for each in zip(totals, whole.tolist(), strict=True)]
    own = passed - np.repeat(before, lengths)
    done = proportion(np.repeat(np.array(most, np.int64), lengths), own, np.repeat(whole, lengths))
    shares = np.diff(done, prepend=0)
    shares[firsts] = done[firsts]
    return list(shares.tolist())
