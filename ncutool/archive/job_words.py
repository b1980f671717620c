"""A job's verdict in words, with the numbers it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from ncutool.archive.job_view import listed, median
from ncutool.base import units

if TYPE_CHECKING:
    from ncutool.archive.job_view import JobView
    from ncutool.archive.links import SlowLink
    from ncutool.archive.stragglers import Arrival


def headline(view: JobView) -> str:
    """Return what is to say of a job in one sentence."""
    here = units.counted(view.job.ranks.height, "rank")
    if view.job.refused is not None:
        return f"{here}: not one job that can be looked at"
    parts = []
    if view.stragglers:
        worst = view.stragglers[0]
        share = _of_wall(view, worst.others_wait_ns)
        who = f"Rank {worst.rank} holds the others up" if len(view.stragglers) == 1 else (
            f"Ranks {listed(sorted(one.rank for one in view.stragglers))} hold the others up"
        )  # fmt: skip
        parts.append(f"{who}: they wait {units.time(worst.others_wait_ns)}{share}")
    if view.slow_links:
        slow = view.slow_links[0]
        parts.append(
            f"{'the' if parts else 'The'} link of ranks {_members(slow)} is slow: "
            f"{units.data_rate(slow.rate.even_bus_bytes_per_s)} of {_usual(slow)}"
        )
    if parts:
        return "; ".join(parts)
    missing = view.job.missing
    if missing:
        return f"{here} of {view.job.world_size}: {len(missing)} missing, nobody is named"
    if not view.paired.calls:
        return f"{here}, and no collective that could be paired: nobody is named"
    if not view.arrivals:
        return f"{here}: no rank waits for another in a way that tells who is late"
    return f"{here}: no straggler and no slow link stands out"


def _members(slow: SlowLink) -> str:
    return listed(slow.rate.calls.ranks)


def _usual(slow: SlowLink) -> str:
    return units.data_rate(slow.usual_bytes_per_s)


def _of_wall(view: JobView, ns: int) -> str:
    wall = median(view.job.ranks["wall_ns"])
    return f" ({units.percent(100 * ns / wall)} of the window)" if wall else ""


def straggler(view: JobView, one: Arrival) -> str:
    """Return why a rank is named, with its numbers."""
    text = (
        f"Rank {one.rank} comes last to {one.last:,} of the {one.calls:,} collectives in which "
        f"ranks wait, and to {one.late:,} after the median of the others, on average by "
        f"{units.time(one.lateness_ns)}; they wait {units.time(one.others_wait_ns)} for it"
        f"{_of_wall(view, one.others_wait_ns)}."
    )
    return f"{text} {_why(view, one.rank)}"


def _why(view: JobView, rank: int) -> str:
    """Return what its own times are beside the others': facts, no cause beyond them."""
    slow = [one for one in view.slow_links if rank in one.rate.calls.ranks]
    if slow:
        return f"It shares the slow link of ranks {_members(slow[0])}, which delays it by itself."
    rows = view.ranks
    mine = rows.filter(pl.col("rank") == rank)
    others = rows.filter(pl.col("rank") != rank)
    compute, idle = mine["compute_ns"][0], mine["idle_ns"][0]
    if compute is None or idle is None:
        return "How long it computes is not known."
    return (
        f"Other work than collectives keeps it busy for {units.time(compute)}, the median other "
        f"rank for {units.time(median(others['compute_ns']))}; it idles {units.time(idle)}, the "
        f"median other {units.time(median(others['idle_ns']))}."
    )


def slow_link(one: SlowLink) -> str:
    """Return why a group is named, with its numbers."""
    calls = one.rate.calls
    return (
        f"Ranks {_members(one)} reach {units.data_rate(one.rate.even_bus_bytes_per_s)} of bus "
        f"bandwidth in {calls.collective} of {units.data(one.rate.message_bytes)}, over "
        f"{units.counted(one.rate.even, 'call')} that both sides came to evenly; the median of "
        f"{one.like} like groups is {_usual(one)}."
    )


def imbalance(view: JobView) -> str | None:
    """Return how unequally the ranks compute; None where that is not known."""
    pct = view.imbalance_pct
    if pct is None:
        return None
    rows = view.ranks.sort("compute_ns", "rank", descending=[True, False])
    who = "all ranks" if view.job.missing == () else "the ranks that are here"
    return (
        f"Load imbalance {units.percent(pct)}: rank {rows['rank'][0]} is busy with other work than "
        f"collectives for {units.time(rows['compute_ns'][0])}, {units.percent(pct)} more than the "
        f"mean of {who} (DeRose, Homer and Johnson, Euro-Par 2007)."
    )
