"""How sure a figure is, as a value that code may ask for; remarks say the same to people."""

from __future__ import annotations

from typing import Literal

Exactness = Literal["exact", "lower_bound", "upper_bound", "estimate"]
"""``exact``: counted, or what the recorded shapes require. ``lower_bound`` and ``upper_bound``: the
true figure is no smaller or no larger. ``estimate``: it rests on an assumption that the launch's
remark names, and may be off in either direction."""


def of_sum(*parts: Exactness) -> Exactness:
    """Return how sure the sum of figures is; a lower and an upper bound together are neither."""
    kinds = set(parts) - {"exact"}
    if not kinds:
        return "exact"
    return kinds.pop() if len(kinds) == 1 else "estimate"
