"""Communication told apart by the captures of several ranks: transfer, and waiting for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ncutool.advice.host import communication_remedies as remedies
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft
from ncutool.base import units

if TYPE_CHECKING:
    import polars as pl

    from ncutool.advice.view.ranks import RankMinima


def waits_much(ranks: RankMinima) -> bool:
    """Whether this rank waits for others during a third of its communication or more."""
    return 3 * ranks.waiting_ns[0] > ranks.total_ns[0]


def over_ranks(context: Context) -> tuple[str, ...]:
    """What the other ranks' captures say of transfer and waiting."""
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
    """This rank mostly waits for the others: what is left is the shortest time of each call."""
    durations = tuple(rows["duration_ns"].to_list())
    shortest = context.ranks.shortest_ns if context.ranks is not None else {}
    return Draft(
        kind="communication",
        title="Balance the ranks: this one waits for the others",
        grade="likely",
        launches=tuple(rows["launch_id"].to_list()),
        best=tuple(
            min(shortest.get(index, ns), ns)
            for index, ns in rows.select("launch_id", "duration_ns").iter_rows()
        ),
        worst=durations,
        evidence=(
            f"{units.counted(rows.height, 'collective')} take {units.time(sum(durations))} summed, "
            f"and {context.share(exposed)} have nothing else running.",
            *over_ranks(context),
        ),
        remedy="Look at what the slower ranks do before these calls (their input, sparse or expert "
        "load, a busier GPU or host), and give every rank as much work; a faster transfer would "
        "save only what remains.",
        link=remedies.link(context.program, transport=False),
        caveat="The ranks' captures must be of the same steps; calls are paired by their order.",
    )
