"""A floor above what was measured: said as such, since one of the two must be wrong."""

from __future__ import annotations

from ncutool.base import units
from ncutool.planning.llm.comparison import Comparison, Contradiction


def contradiction(found: Comparison) -> Contradiction | None:
    """Return the contradiction between a floor and the time that the device worked; None where
    there is none.

    The device's own time is no longer than the step's, and what the floor counts is done in it.
    """
    floor, busy = found.floor_ns, found.step_busy_ns
    if floor is None or busy is None or busy >= floor:
        return None
    sentence = (
        f"the device works {units.time(busy)} in a step, less than the plan's floor of "
        f"{units.time(floor)}"
    )
    return Contradiction(floor, busy, sentence)
