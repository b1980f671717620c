"""The idle pieces of a window as arrays, which every kind of advice asks for by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct

from ncutool.timeline.causes import CAUSE, GAP_CAUSES

if TYPE_CHECKING:
    from ncutool.base.intervals import Bools, Ints
    from ncutool.timeline.window import Timeline


class Idle(Struct, frozen=True, eq=False):
    """Idle pieces in order of time."""

    start: Ints
    length: Ints
    cause: Ints
    """Place in `GAP_CAUSES`."""
    following: Ints
    """The launch (launch_id) that ends each."""
    device: Ints
    """The number of the device that idles."""

    @property
    def total(self) -> int:
        """Their summed length, ns."""
        return int(self.length.sum())

    def due_to(self, *causes: str) -> Bools:
        """Whether each piece is of one of ``causes``."""
        wanted = np.zeros(len(GAP_CAUSES), dtype=np.bool_)
        wanted[[GAP_CAUSES.index(cause) for cause in causes]] = True
        return np.asarray(wanted[self.cause])

    def where(self, which: Bools) -> Idle:
        """Return the chosen pieces."""
        return Idle(
            self.start[which],
            self.length[which],
            self.cause[which],
            self.following[which],
            self.device[which],
        )

    def of(self, *causes: str) -> Idle:
        """Return the pieces of ``causes``."""
        return self.where(self.due_to(*causes))

    def by_cause(self) -> dict[str, int]:
        """Return the summed length (ns) of each cause that occurs, in the order of `GAP_CAUSES`."""
        return {
            GAP_CAUSES[cause]: int(self.length[self.cause == cause].sum())
            for cause in np.unique(self.cause)
        }

    def by_launch(self) -> tuple[Ints, Ints]:
        """Return the launches that end pieces, ascending, and the summed length (ns) before
        each."""
        launches = np.flatnonzero(np.bincount(self.following))
        sums = np.bincount(self.following, weights=self.length)[launches]
        return launches, sums.astype(np.int64)  # exact: below 2 to the power of 53


def pieces(timeline: Timeline) -> Idle:
    """Return the idle pieces of ``timeline``."""
    gaps = timeline.gaps
    return Idle(
        start=gaps["start_ns"].to_numpy(),
        length=gaps["duration_ns"].to_numpy(),
        cause=gaps["cause"].cast(CAUSE).to_physical().to_numpy(),
        following=gaps["next_launch_id"].to_numpy(),
        device=gaps["device"].to_numpy(),
    )
