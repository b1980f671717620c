"""The intervals of all launches while one change after another is applied."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from ncutool.base.records import replace
from ncutool.whatif.answer import Unchanged

TOUCHED = ("launch_id", "low_ns", "high_ns", "by", "why")


@dataclass(frozen=True)
class Times:
    """Where the changes so far have brought each launch."""

    kernels: pl.DataFrame
    """:data:`ncutool.base.tables.KERNELS` of launches with a duration, with FLOPs and bytes as
    changed so far."""
    frame: pl.DataFrame
    """launch_id, now_ns (int), low_ns, high_ns (float), by, why; rows as in ``kernels``."""
    agreement: float = 1.0
    """By how much the intervals' widths shrink in sums, 0 to 1: errors of families that share
    only the device partly cancel. 1: all err alike."""
    notes: tuple[str, ...] = ()
    unchanged: tuple[Unchanged, ...] = field(default=())

    @classmethod
    def of(cls, kernels: pl.DataFrame) -> Times:
        """Return the times before any change."""
        timed = kernels.filter(pl.col("duration_ns").is_not_null())
        now = pl.col("duration_ns")
        frame = timed.select(
            "launch_id",
            now.alias("now_ns"),
            now.cast(pl.Float64).alias("low_ns"),
            now.cast(pl.Float64).alias("high_ns"),
            pl.lit("kept").alias("by"),
            pl.lit("not touched").alias("why"),
        )
        return cls(timed, frame)

    @property
    def now_ns(self) -> int:
        """All kernel time before any change."""
        return int(self.frame["now_ns"].sum())

    def with_rows(self, rows: pl.DataFrame) -> Times:
        """Return the times with new intervals for ``rows`` (columns :data:`TOUCHED`)."""
        frame = self.frame.update(rows.select(TOUCHED), on="launch_id", how="left")
        return replace(self, frame=frame.with_columns(pl.max_horizontal("low_ns", "high_ns")
                       .alias("high_ns")))  # fmt: skip

    def saying(self, *notes: str) -> Times:
        """Return the same times with notes added."""
        return replace(self, notes=(*self.notes, *notes))

    def leaving(self, *rest: Unchanged) -> Times:
        """Return the same times with what a change leaves as it is."""
        return replace(self, unchanged=(*self.unchanged, *rest))

    def group(self, what: str, why: str, launches: pl.DataFrame) -> Unchanged:
        """Return launches (rows of ``frame`` or ``kernels``) that stay, as one entry."""
        now = self.frame.join(launches.select("launch_id"), on="launch_id", how="semi")["now_ns"]
        time, total = int(now.sum()), self.now_ns
        return Unchanged(what, why, now.len(), time, 100 * time / total if total else 0.0)

    def in_sums(self) -> pl.DataFrame:
        """Return ``frame`` with intervals as they add up: each width times ``agreement``."""
        middle = (pl.col("low_ns") + pl.col("high_ns")) / 2
        half = (pl.col("high_ns") - pl.col("low_ns")) / 2 * self.agreement
        if self.agreement == 1:
            return self.frame
        return self.frame.with_columns(
            (middle - half).clip(lower_bound=0).alias("low_ns"), (middle + half).alias("high_ns")
        )
