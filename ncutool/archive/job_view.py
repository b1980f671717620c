"""What is known of one job of several ranks: pure functions from two tables to figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import polars as pl
from msgspec import Struct

from ncutool.archive import links, stragglers
from ncutool.archive.jobs import Job
from ncutool.archive.links import Rate, SlowLink
from ncutool.archive.pairing import SYMMETRIC, Calls, Paired, pair
from ncutool.archive.stragglers import Arrival
from ncutool.base import units
from ncutool.devices.resolve import resolve
from ncutool_parsers.capture import DeviceRecord

CLOCKS = (
    "Ranks keep their own clocks: no time of one is subtracted from another's. A collective ends "
    "on all ranks at about the same time, so the rank on which it is shortest came last, and what "
    "it takes longer elsewhere is waiting."
)
_NAMED = 12
"""Ranks that a sentence lists."""


class JobView(Struct, frozen=True, eq=False, dict=True):
    """One job: a row a rank, its collectives paired, and who is waited for."""

    job: Job
    paired: Paired
    same_work: bool | None = None
    """Whether the windows of all ranks hold the same steps, or else equally many collectives; None
    where no rank ran any."""

    @cached_property
    def arrivals(self) -> tuple[Arrival, ...]:
        """How the ranks came to the collectives of groups that are here as a whole."""
        return stragglers.arrivals([one for one in self.paired.calls if self._judged(one)])

    @cached_property
    def stragglers(self) -> tuple[Arrival, ...]:
        """The ranks that the others wait for, the costliest first."""
        ranks = self.job.ranks
        return stragglers.stragglers(
            self.arrivals, median(ranks["wall_ns"]), median(ranks["exposed_communication_ns"])
        )

    @cached_property
    def rates(self) -> tuple[Rate, ...]:
        """Bandwidth of each group's calls, most time first."""
        by_time = sorted(
            self.paired.calls, key=lambda one: (-int(one.shortest.sum()), one.group, one.collective)
        )
        return tuple(links.rate(one) for one in by_time)

    @cached_property
    def _links(self) -> tuple[tuple[SlowLink, ...], tuple[str, ...]]:
        return links.slow_links(self.rates)

    @property
    def slow_links(self) -> tuple[SlowLink, ...]:
        """Groups of ranks whose links are slower than those of like groups."""
        return self._links[0]

    def _judged(self, calls: Calls) -> bool:
        """Whether the last to come is surely among the ranks that are here."""
        return calls.whole is True or (calls.group_size is None and self.job.missing == ())

    @cached_property
    def ranks(self) -> pl.DataFrame:
        """A row a rank: its times, what it waited, and how it came to the collectives."""
        rows = self.job.ranks.select(
            "rank", "name", "capture_id", "device", "wall_ns", "busy_ns", "idle_ns",
            "communication_ns", "exposed_communication_ns",
            compute_ns=pl.col("busy_ns") - pl.col("exposed_communication_ns"),
        )  # fmt: skip
        waited = pl.DataFrame(
            list(self._waited()),
            schema={"rank": pl.Int64, "paired_calls": pl.Int64, "waiting_ns": pl.Int64},
            orient="row",
        )
        came = pl.DataFrame(
            [
                (one.rank, one.calls, one.last, one.late, one.lateness_ns, one.others_wait_ns)
                for one in self.arrivals
            ],
            schema={"rank": pl.Int64, "judged_calls": pl.Int64, "last_calls": pl.Int64,
                    "late_calls": pl.Int64, "mean_lateness_ns": pl.Float64,
                    "others_wait_ns": pl.Int64},
            orient="row",
        )  # fmt: skip
        joined = rows.join(waited, on="rank", how="left").join(came, on="rank", how="left")
        return joined.with_columns(
            straggler=pl.when(pl.col("judged_calls").is_not_null()).then(
                pl.col("rank").is_in([one.rank for one in self.stragglers])
            )
        ).sort("rank")

    def _waited(self) -> Iterator[tuple[int, int, int]]:
        """Yield of each rank how many calls are paired and what it takes beyond the shortest."""
        found: dict[int, tuple[int, int]] = {}
        for one in self.paired.calls:
            beyond = (one.durations - one.shortest[:, None]).sum(axis=0)
            for rank, ns in zip(one.ranks, beyond.tolist(), strict=True):
                calls, waiting = found.get(rank, (0, 0))
                found[rank] = (calls + len(one.durations), waiting + ns)
        for rank, (calls, waiting) in sorted(found.items()):
            yield rank, calls, waiting

    @property
    def imbalance_pct(self) -> float | None:
        """How far the rank that computes longest is beyond the mean, in per cent of the mean: the
        percent imbalance of DeRose, Homer and Johnson (Euro-Par 2007). None where a rank's time is
        not known, or the ranks' windows do not hold the same steps."""
        times = self.ranks["compute_ns"]
        if not self.same_work:
            return None
        if times.null_count() or times.len() < 2:
            return None
        values = times.to_numpy()
        mean = float(values.mean())
        return 100 * (float(values.max()) / mean - 1) if mean > 0 else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the figures."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        missing = self.job.missing
        if missing is None:
            yield (
                "How many ranks the job has is not recorded: a rank that is not here may be the "
                "one that the others wait for."
            )
        elif missing:
            yield (
                f"{units.counted(len(missing), 'rank')} of {self.job.world_size} "
                f"{'has' if len(missing) == 1 else 'have'} no capture ({listed(missing)}): one of "
                "them may be the one that the others wait for, and shortest times are over the "
                "ranks that are here."
            )
        yield from self.job.left_out
        yield from self.paired.notes
        if self.paired.calls and not self.arrivals:
            yield self._why_nobody()
        yield from self._links[1]
        yield from self._why_no_bandwidth()
        yield from self._beyond_links()
        if self.same_work is False:
            yield (
                "How evenly the ranks are loaded is not told: their captures do not hold the same "
                "steps, nor equally many collectives."
            )
        yield CLOCKS

    def _beyond_links(self) -> Iterator[str]:
        """Say that bandwidths are above what the links carry, where they are known."""
        names = self.job.ranks["device"].unique().to_list()
        device = resolve(DeviceRecord(name=names[0])).device if len(names) == 1 else None
        peak = None if device is None else device.link_peak_bytes_per_s
        over = [one.bus_bytes_per_s or 0 for one in self.rates if peak]
        if device is not None and peak and over and max(over) > peak:
            yield (
                f"Bus bandwidths up to {units.data_rate(max(over))} are above the "
                f"{units.data_rate(peak)} that the links of {device.name} carry one way: the "
                "network reduces by itself (NVLS, SHARP), or message or time are not what they "
                "seem."
            )

    def _why_no_bandwidth(self) -> Iterator[str]:
        reasons: dict[str, int] = {}
        for one in self.rates:
            if one.why_none is not None:
                reasons[one.why_none] = reasons.get(one.why_none, 0) + len(one.calls.durations)
        for why, calls in sorted(reasons.items()):
            yield f"No bandwidth is given for {units.counted(calls, 'call')}: {why}."

    def _why_nobody(self) -> str:
        """Say why no rank's arrival could be judged."""
        symmetric = [one for one in self.paired.calls if one.kind in SYMMETRIC]
        if not symmetric:
            return (
                "No straggler is looked for: none of the paired calls is known as one that no rank "
                "leaves before all have come (all-reduce, all-gather, reduce-scatter, all-to-all)."
            )
        if not any(self._judged(one) for one in symmetric):
            return "No straggler is looked for: of no process group all ranks are here."
        return "No rank waits for another: all came evenly to every paired call."


def view(job: Job, collectives: pl.DataFrame) -> JobView:
    """Return the view of a job.

    Args:
        collectives: rows of :data:`ncutool.archive.tables.COLLECTIVES`; those of other captures
            are left out.
    """
    ranks = job.ranks.select("capture_id", job_rank=pl.col("rank"))
    of_job = collectives.join(ranks, on="capture_id", how="inner")
    return JobView(job, pair(of_job), _same_work(of_job, ranks.height))


def _same_work(rows: pl.DataFrame, ranks: int) -> bool | None:
    """Return whether the windows hold the same steps, or else equally many collectives."""
    if not rows.height:
        return None
    held = rows.group_by("job_rank").agg(
        calls=pl.len(), steps=pl.col("step").unique().sort(), marked=pl.col("step").count()
    )
    if held.height < ranks:
        return False
    if (held["marked"] == held["calls"]).all():
        return held["steps"].n_unique() == 1
    return held["calls"].n_unique() == 1


def median(values: pl.Series) -> int | None:
    """Return the median of a column; None where nothing is known."""
    known = values.drop_nulls()
    return int(np.median(known.to_numpy())) if known.len() else None


def listed(ranks: Sequence[int]) -> str:
    """Return ranks as a short list: runs as `2–7`."""
    runs: list[list[int]] = []
    for rank in ranks:
        if runs and rank == runs[-1][1] + 1:
            runs[-1][1] = rank
        else:
            runs.append([rank, rank])
    parts = [str(low) if low == high else f"{low}–{high}" for low, high in runs]
    more = f" and {len(parts) - _NAMED:,} more" if len(parts) > _NAMED else ""
    return ", ".join(parts[:_NAMED]) + more
