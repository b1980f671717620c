"""Products of whole numbers that may pass 64 bits.

Nanoseconds times nanoseconds do from 3.04 s on, and numpy and polars then wrap round silently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ncutool.base.intervals import Ints

_LARGEST = 2**63 - 1


def proportion(amount: Ints, part: Ints, whole: Ints) -> Ints:
    """Return ``amount * part // whole``, exact however large the products; 0 where ``whole`` is 0.

    Args:
        amount: at least 0.
        part: 0 to ``whole``, so that the result is never above ``amount``.
        whole: at least 0.
    """
    divisor = np.maximum(whole, 1)
    fits = amount <= _LARGEST // np.maximum(part, 1)
    result = np.where(fits, amount, 0) * np.where(fits, part, 0) // divisor
    large = np.flatnonzero(~fits)
    result[large] = [
        a * b // c
        for a, b, c in zip(
            amount[large].tolist(), part[large].tolist(), divisor[large].tolist(), strict=True
        )
    ]
    return np.asarray(np.where(whole > 0, result, 0))
