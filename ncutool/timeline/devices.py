"""The devices of a capture, told apart: their numbers repeat in every process."""

from __future__ import annotations

from functools import cached_property

import polars as pl
from msgspec import Struct


class DeviceTime(Struct, frozen=True, dict=True):
    """Where the window went on one device."""

    number: int
    """Its place among the capture's devices, by their first launch."""
    ordinal: int | None
    """As recorded."""
    process: int | None
    """The process that launched on it, where several use devices of its ordinal."""
    busy_ns: int
    """Union of its launches' intervals within the window."""
    idle_ns: int
    """Time of the window in which it runs none."""
    gaps: pl.DataFrame
    """Its idle pieces: the rows of ``Timeline.gaps`` with its number as ``device``."""

    @cached_property
    def name(self) -> str:
        """What to call it: `device 1`, or with its process where that tells two apart."""
        name = "no recorded device" if self.ordinal is None else f"device {self.ordinal}"
        return name if self.process is None else f"{name} of process {self.process}"

    @cached_property
    def idle_by_cause(self) -> dict[str, int]:
        """Its idle nanoseconds by cause, in order of their names."""
        sums = self.gaps.group_by("cause").agg(pl.col("duration_ns").sum())
        return dict(sorted(sums.iter_rows()))


def numbered(launches: pl.DataFrame) -> pl.DataFrame:
    """Return, per launch, the number of its ``gpu``, and that device's ``ordinal`` and ``owner``.

    A device is an ordinal, and where several processes use one ordinal, that of each process: the
    same number need not be the same device there. Launches without an ordinal belong to the only
    device that there is, or are a device of their own.
    """
    ordinals = launches["device"].drop_nulls().unique()
    known = int(ordinals[0]) if ordinals.len() == 1 else None
    rows = launches.select(
        ordinal=pl.coalesce("device", pl.lit(known, dtype=pl.Int64)), owner="process"
    )
    if rows["ordinal"].n_unique() == 1 and rows["owner"].drop_nulls().n_unique() < 2:
        one = {"gpu": pl.lit(0, dtype=pl.Int64), "owner": pl.lit(None, dtype=rows["owner"].dtype)}
        return rows.with_columns(**one).select("gpu", "ordinal", "owner")
    owners = pl.col("owner").drop_nulls().n_unique().over("ordinal")
    first = pl.col("owner").min().over("ordinal")
    several = pl.when(owners > 1).then(pl.coalesce("owner", first))
    rows = rows.with_columns(owner=several)
    distinct = rows.unique(maintain_order=True).with_row_index("gpu")
    return rows.join(
        distinct.with_columns(pl.col("gpu").cast(pl.Int64)),
        on=("ordinal", "owner"),
        how="left",
        nulls_equal=True,
        maintain_order="left",
    ).select("gpu", "ordinal", "owner")
