"""The collectives of several ranks, paired call by call.

Calls are paired by process group and sequence number where both are recorded, else by their order
in the group, within the profiler's steps where those are marked. An order proves a pair only where
all ranks ran the same calls: otherwise they stay unpaired, and that is said.

**Clocks of ranks are not comparable.** No time of one rank is ever taken from another's. What is
compared are durations: a call ends on all of its ranks at about the same time, so that the rank on
which it is shortest came last, and what it takes longer on the others they waited.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import Struct

from ncutool.base import units

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SYMMETRIC = ("all_reduce", "all_gather", "reduce_scatter", "all_to_all")
"""Collectives that no rank can leave before all have come: their durations tell who came last."""
_VARYING = ("all_to_all", "all_gather", "reduce_scatter", "send and receive")
"""Those whose sizes may differ from rank to rank."""
POINT_TO_POINT = "send and receive"
NOT_RECORDED = "not recorded"
"""Stands for a process group whose ranks and name are both not recorded."""


class Calls(Struct, frozen=True, eq=False):
    """Calls of one process group that the same ranks took part in."""

    group: str
    """Its ranks or its name, as it is shown."""
    ranks: tuple[int, ...]
    """The ranks whose captures hold the calls, in order."""
    group_size: int | None
    """How many ranks the group has; None where that is not recorded."""
    kind: str | None
    """What they do; None where nothing names it."""
    collective: str
    """Their name as recorded, else their kernel's."""
    dtype: str | None
    in_elements: int | None
    """None where it is not recorded, or differs between ranks."""
    out_elements: int | None
    durations: Ints
    """In nanoseconds: a row a call, a column a rank."""

    @property
    def whole(self) -> bool | None:
        """Whether all ranks of the group are here; None where its size is not known."""
        return None if self.group_size is None else len(self.ranks) == self.group_size

    @property
    def shortest(self) -> Ints:
        """The time (ns) of each call on the rank where it is shortest: nobody waits there."""
        least: Ints = self.durations.min(axis=1)
        return least

    @property
    def skew(self) -> Ints:
        """How much longer (ns) each call takes on the rank that waits most."""
        most: Ints = self.durations.max(axis=1) - self.shortest
        return most

    def lateness(self) -> Floats:
        """How much later (ns) each rank came to each call than the median of the others did;
        negative where it came earlier."""
        lengths = self.durations
        count = lengths.shape[1]
        order = np.argsort(lengths, axis=1, kind="stable")
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(count)[None, :].repeat(len(order), 0), axis=1)
        in_order = np.take_along_axis(lengths, order, axis=1)

        def of_others(index: int) -> Ints:
            kept, moved = in_order[:, [index]], in_order[:, [index + 1]]
            return np.where(place > index, kept, moved)

        low, high = (count - 2) // 2, (count - 1) // 2
        middle = (of_others(low) + of_others(high)) / 2
        late: Floats = middle - lengths
        return late


class Paired(Struct, frozen=True, eq=False):
    """What could be paired of a job, and what could not."""

    calls: tuple[Calls, ...]
    notes: tuple[str, ...]
    """How they were paired, and what was not and why; a sentence each."""


def pair(collectives: pl.DataFrame) -> Paired:
    """Return the collectives of several ranks paired call by call.

    Args:
        collectives: rows of :data:`ncutool.archive.tables.COLLECTIVES` of all ranks of a job, and
            ``job_rank``, the rank of each.
    """
    if not collectives.height:
        return Paired((), ("No rank ran a collective: nothing holds their times together.",))
    rows = _keyed(collectives)
    places = _places(rows)
    unpaired = _unpaired(places)
    kept = places.filter(pl.col("good")).join(unpaired, on="unit", how="anti")
    paired = rows.join(kept.select("unit", "place"), on=("unit", "place"), how="semi")
    return Paired(tuple(_calls(paired)), tuple(_notes(rows, paired, unpaired)))


def _keyed(collectives: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with the unit in which they are paired, their place in it, and what tells
    unlike calls apart."""
    two = pl.col("source_rank").is_not_null() & pl.col("target_rank").is_not_null()
    numbered = pl.col("sequence").is_not_null() & pl.col("process_group").is_not_null()
    same_size = ~pl.col("kind").is_in(_VARYING).fill_null(False)
    rows = collectives.sort("job_rank", "start_ns", "launch_id").with_columns(
        group=pl.when(two)
        .then(pl.format("{} → {}", "source_rank", "target_rank"))
        .otherwise(_group_name()),
        group_size=pl.when(two).then(pl.lit(2, pl.Int64)).otherwise("group_size"),
        # the one that sends records what goes in, the one that receives what comes out
        in_elements=pl.when(two)
        .then(pl.max_horizontal("in_elements", "out_elements"))
        .otherwise("in_elements"),
        what=pl.when(two)
        .then(pl.lit(POINT_TO_POINT))
        .otherwise(pl.coalesce("collective", "kernel")),
    )
    rows = rows.with_columns(
        by=pl.when(numbered.all().over("group"))
        .then(pl.lit("sequence"))
        .when(pl.col("step").is_not_null().all().over("group"))
        .then(pl.lit("step"))
        .otherwise(pl.lit("order")),
        sign=pl.struct("what", "dtype", size=pl.when(same_size).then("in_elements")).hash(seed=1),
    )
    rows = rows.with_columns(
        unit=pl.struct("group", "by", step=pl.when(pl.col("by") == "step").then("step"))
    )
    order = pl.int_range(pl.len()).over("job_rank", "unit")
    return rows.with_columns(
        place=pl.when(pl.col("by") == "sequence").then("sequence").otherwise(order)
    )  # fmt: skip


def _group_name() -> pl.Expr:
    """Return the ranks of a group and its name, as far as they are recorded."""
    name, ranks = pl.col("process_group"), pl.col("group_ranks")
    both = pl.format("{} (group {})", ranks, name)
    return pl.coalesce(both, ranks, pl.format("group {}", name), pl.lit(NOT_RECORDED))


def _places(rows: pl.DataFrame) -> pl.DataFrame:
    """Return each place of each unit, and whether one call of every rank of the group is there."""
    of_group = rows.group_by("group").agg(
        group_ranks_here=pl.col("job_rank").n_unique(), most=pl.col("group_size").max()
    )
    places = rows.group_by("unit", "place").agg(
        group=pl.col("group").first(),
        by=pl.col("by").first(),
        rows=pl.len(),
        ranks=pl.col("job_rank").n_unique(),
        signs=pl.col("sign").n_unique(),
    )
    every = (pl.col("ranks") == pl.col("group_ranks_here")) & (pl.col("rows") == pl.col("ranks"))
    return places.join(of_group, on="group").with_columns(good=every & (pl.col("signs") == 1))


def _unpaired(places: pl.DataFrame) -> pl.DataFrame:
    """Return the units no call of which is paired, and why."""
    by_number = pl.col("by") == "sequence"
    return (
        places.group_by("unit")
        .agg(
            group=pl.col("group").first(),
            calls=pl.col("rows").sum(),
            why=pl.when((pl.col("group_ranks_here") < 2).first())
            .then(pl.lit("alone"))
            .when((pl.col("group_ranks_here") > pl.col("most")).first().fill_null(False))
            .then(pl.lit("crowded"))
            .when((by_number | pl.col("good")).all())
            .then(pl.lit(None, pl.String))
            .when((pl.col("signs") > 1).any())
            .then(pl.lit("unlike"))
            .otherwise(pl.lit("unequal")),
        )
        .filter(pl.col("why").is_not_null())
    )


_ATTRIBUTES = (
    "group", "group_size", "kind", "what", "dtype", "in_elements", "out_elements", "members",
)  # fmt: skip


def _calls(paired: pl.DataFrame) -> Iterator[Calls]:
    """Yield the paired calls, those of one kind and size of one group together."""
    if not paired.height:
        return
    same = {
        name: pl.when(pl.col(name).n_unique().over("unit", "place") == 1).then(name)
        for name in ("group_size", "kind", "dtype", "in_elements", "out_elements")
    }
    members = pl.col("job_rank").sort().cast(pl.String).str.join(",").over("unit", "place")
    rows = paired.with_columns(**same, members=members).sort("unit", "place", "job_rank")
    for keys, part in rows.group_by(*_ATTRIBUTES, maintain_order=True):
        told = dict(zip(_ATTRIBUTES, keys, strict=True))
        ranks = tuple(int(rank) for rank in str(told["members"]).split(","))
        lengths = part["duration_ns"].to_numpy().astype(np.int64).reshape(-1, len(ranks))
        yield Calls(
            group=str(told["group"]),
            ranks=ranks,
            group_size=_count(told["group_size"]),
            kind=_text(told["kind"]),
            collective=str(told["what"]),
            dtype=_text(told["dtype"]),
            in_elements=_count(told["in_elements"]),
            out_elements=_count(told["out_elements"]),
            durations=lengths,
        )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


_HOW = {
    "sequence": "by process group and recorded sequence number",
    "step": "by their order in each process group within the profiler's steps (no sequence "
    "numbers are recorded)",
    "order": "by their order in each process group (neither sequence numbers nor profiler steps "
    "are recorded); that the captures begin with the same call is not proven",
}
_WHY = {
    "alone": "one capture alone holds their process group",
    "crowded": "more ranks name their process group than it has",
    "unlike": "the ranks ran unlike calls in the same places",
    "unequal": "the ranks ran unequally many of them",
}


def _notes(rows: pl.DataFrame, paired: pl.DataFrame, unpaired: pl.DataFrame) -> Iterator[str]:
    """Yield how calls were paired, and what was not."""
    counts = dict(paired.group_by("by").len().iter_rows())
    for by, how in _HOW.items():
        if by in counts:
            yield f"{units.counted(counts[by], 'launch')} of collectives are paired {how}."
    if paired.height and (paired["group"] == NOT_RECORDED).all():
        yield (
            "No process group is recorded: that the paired ranks belong to one group is what their "
            "equal order of calls says, nothing more."
        )
    reasons = unpaired.group_by("why").agg(pl.col("calls").sum(), pl.col("group").n_unique())
    for why, calls, groups in sorted(reasons.iter_rows()):
        yield (
            f"{units.counted(calls, 'launch')} of {units.counted(groups, 'process group')} "
            f"{'is' if calls == 1 else 'are'} not paired: {_WHY[why]}."
        )
    rest = rows.height - paired.height - int(unpaired["calls"].sum())
    if rest:
        yield (
            f"{units.counted(rest, 'launch')} of collectives {'has' if rest == 1 else 'have'} no "
            "partner of the same sequence number on every rank: the captures begin or end at "
            "different calls."
        )
