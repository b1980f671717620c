"""What the shapes of a product say of its operands."""

from __future__ import annotations

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.view.kinds import Shapes
from ncutool.base.thresholds import IntThreshold

MAX_ROWS = IntThreshold(
    256, "rows", "a product over at most so many reads its weights for little work", JUDGED
)
LARGER = IntThreshold(
    2, "times the rows", "each side of a weight is longer, or the activation counts as much", JUDGED
)


def sides(shapes: Shapes) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the shapes of the two operands; None where fewer are recorded, or one is empty."""
    if len(shapes) < 2 or not shapes[0] or not shapes[1]:
        return None
    return shapes[0], shapes[1]


def is_narrow(dims: tuple[tuple[int, ...], tuple[int, ...]]) -> bool:
    """Whether a product has few rows and a weight much larger than its activation."""
    left, right = dims
    if len(left) != 2 or len(right) != 2:
        return False
    return 0 < left[0] <= MAX_ROWS and min(right) > LARGER * left[0]
