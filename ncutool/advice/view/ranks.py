"""The collectives of several ranks of one job, paired call by call: transfer and waiting."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from msgspec import Struct


class RankMinima(Struct, frozen=True):
    """Collectives of one job paired over its ranks, call by call."""

    calls: int
    transfer_ns: int
    """Sum over calls of the shortest time on any rank: nobody waits longer than all."""
    total_ns: tuple[int, ...]
    """Summed time of the collectives on each rank."""
    shortest_ns: dict[int, int]
    """For each collective of the first rank, by its launch_id, the shortest time on any."""

    @property
    def waiting_ns(self) -> tuple[int, ...]:
        """What each rank waits for the others: all but the transfer."""
        return tuple(total - self.transfer_ns for total in self.total_ns)


def rank_minima(tables: Sequence[pl.DataFrame]) -> RankMinima | None:
    """Tell transfer from waiting in the collectives that several ranks of one job ran.

    Args:
        tables: the `kernels` table of each rank, over the same steps.

    Returns:
        None unless all ranks ran the same collectives in the same order, told by their kernels
        on each stream: calls that cannot be paired prove nothing.
    """
    if len(tables) < 2:
        return None
    ranks = [_calls(table) for table in tables]
    names = [[name for _, name, _ in calls] for calls in ranks]
    if not names[0] or any(other != names[0] for other in names[1:]):
        return None
    times = [[ns for _, _, ns in calls] for calls in ranks]
    shortest = [min(call) for call in zip(*times, strict=True)]
    return RankMinima(
        calls=len(names[0]),
        transfer_ns=sum(shortest),
        total_ns=tuple(map(sum, times)),
        shortest_ns=dict(zip((index for index, _, _ in ranks[0]), shortest, strict=True)),
    )


def _calls(table: pl.DataFrame) -> list[tuple[int, str, int]]:
    """Return id, kernel and duration (ns) of each collective, in order of start."""
    rows = table.filter(
        (pl.col("bound") == "communication") & pl.col("duration_ns").is_not_null()
    ).sort("start_ns", "launch_id")
    return list(rows.select("launch_id", "kernel_full", "duration_ns").iter_rows())
