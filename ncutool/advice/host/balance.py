"""Communication told apart by the captures of several ranks: transfer, and waiting for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.advice.catalogue import JUDGED
from ncutool.advice.host import communication_remedies as remedies
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft
from ncutool.base import units
from ncutool.base.thresholds import Threshold

if TYPE_CHECKING:
    import polars as pl

    from ncutool.advice.view.ranks import RankMinima


MUCH = Threshold(
    1 / 3, "share", "of a rank's communication: it mostly waits for others beyond it", JUDGED
)


def waits_much(ranks: RankMinima) -> bool:
    """Whether this rank waits for others during more than `MUCH` of its communication."""
    return ranks.waiting_ns[0] > MUCH * ranks.total_ns[0]


def over_ranks(context: Context) -> tuple[str, ...]:
    """Return a sentence on what the other ranks' captures say of transfer and waiting; none without
    them."""
    ranks = context.ranks
    if ranks is None:
        return ()
    waiting = ", ".join(units.time(ns) for ns in ranks.waiting_ns[1:])
    return (
        f"Paired call by call over {len(ranks.total_ns)} ranks, {ranks.calls:,} collectives need "
        f"{units.time(ranks.transfer_ns)} on the rank that waits least for each; this rank waits "
        f"{units.time(ranks.waiting_ns[0])} beyond that, the others {waiting}.",
    )


def draft(context: Context, rows: pl.DataFrame, exposed: int) -> Draft:
    """Return the draft for a rank that mostly waits for the others: what is left is the shortest
    time of each call."""
    durations = tuple(rows["duration_ns"].to_list())
    shortest = context.ranks.shortest_ns if context.ranks is not None else {}
    return Draft(
        rule="communication-balance",
        grade="likely",
        launches=tuple(rows["launch_id"].to_list()),
        best=tuple(
            min(shortest.get(index, ns), ns)
            for index, ns in rows.select("launch_id", "duration_ns").iter_rows()
        ),
        worst=durations,
        why=f"{units.counted(rows.height, 'collective')} take {units.time(sum(durations))}, most "
        "of it waiting for other ranks.",
        evidence=(
            f"{units.counted(rows.height, 'collective')} take {units.time(sum(durations))} summed, "
            f"and {context.share(exposed)} have nothing else running.",
            *over_ranks(context),
        ),
        link=remedies.link(context.program, transport=False),
    )
