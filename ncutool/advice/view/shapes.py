"""What the short signature of a product says of its operands."""

from __future__ import annotations

import re
from functools import lru_cache

from ncutool.advice.catalogue import JUDGED
from ncutool.base.thresholds import IntThreshold

MAX_ROWS = IntThreshold(
    256, "rows", "a product over at most so many reads its weights for little work", JUDGED
)
LARGER = IntThreshold(
    2, "times the rows", "each side of a weight is longer, or the activation counts as much", JUDGED
)


@lru_cache(maxsize=4096)
def sides(signature: str | None) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the first two shapes of a signature such as ``[32,4096] × [4096,24576]``; None where
    there are none."""
    shapes = re.findall(r"\[([\d,]*)\]", signature or "")
    if len(shapes) < 2:
        return None
    first, second = (tuple(int(size) for size in text.split(",") if size) for text in shapes[:2])
    return (first, second) if first and second else None


def is_narrow(dims: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
    """Whether a product has few rows and a weight much larger than its activation."""
    left, right = dims
    if len(left) != 2 or len(right) != 2:
        return False
    return 0 < left[0] <= MAX_ROWS and min(right) > LARGER * left[0]
