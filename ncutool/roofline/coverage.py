"""How the launch time divides into what is known of it, and why the rest is not known."""

from __future__ import annotations

import polars as pl
from msgspec import Struct

from ncutool.base import held
from ncutool.base.tables import PARTS
from ncutool.roofline.partition import UNDERSTOOD, part

_REASONS = {
    "communication": "communication between devices",
    "flops_only": "FLOPs are known, bytes are not",
}
"""Why launches of a part are not understood; those without figures each say it themselves."""


NEEDED = (
    *("duration_ns", "category", "op_id", "flop", "dram_bytes", "part", "error"),
    "missing_reason",
)
"""The columns of a ``kernels`` table that coverage is told from."""


class MissingWork(Struct, frozen=True):
    """Launches of which something is not known, for one reason."""

    reason: str
    duration_ns: int
    pct: float
    launches: int

    def __post_init__(self) -> None:
        """Raise a ValueError for a time below 0 or a share above its whole."""
        held.in_order(self.reason, self.duration_ns)
        held.shares(self.reason, self.pct)


class PartTime(Struct, frozen=True):
    """The launches of one part of :data:`ncutool.base.tables.PARTS`."""

    part: str
    duration_ns: int
    pct: float
    """Of the launch time; 0 where no time was recorded."""
    launches: int

    def __post_init__(self) -> None:
        """Raise a ValueError for a time below 0 or a share above its whole."""
        held.in_order(self.part, self.duration_ns)
        held.shares(self.part, self.pct)


class Coverage(Struct, frozen=True):
    """Shares of the summed launch time; every page and every JSON opens with them."""

    launches: int
    duration_ns: int
    """Sum of the durations of all launches (overlap counted twice)."""
    flop_pct: float | None
    """Share with known FLOPs (a known 0 counts); None where no time was recorded."""
    bytes_pct: float | None
    """Share with known bytes."""
    understood_pct: float | None
    """Share of the parts of :data:`ncutool.roofline.partition.UNDERSTOOD`."""
    partition: tuple[PartTime, ...]
    """Every launch once, by what is known of it, in the order of PARTS; sums to ``duration_ns``."""
    missing: tuple[MissingWork, ...]
    """What is not understood by reason, most time first."""
    without_figures: tuple[MissingWork, ...]
    """Those of the part `no_figures` alone."""
    untimed: int = 0
    """Launches whose time is not known, above all those that failed to collect: in no share."""

    def __post_init__(self) -> None:
        """Raise a ValueError for shares above their whole, or parts that do not sum to it."""
        held.in_order("launch time", self.duration_ns)
        held.shares("coverage", self.flop_pct, self.bytes_pct, self.understood_pct)
        held.shares("parts of the launch time", sum(one.pct for one in self.partition))


def cover(kernels: pl.DataFrame) -> Coverage:
    """Return the coverage of a ``kernels`` table, of which no columns but :data:`NEEDED` count."""
    # a table from elsewhere may lack it
    known = pl.coalesce("part", part()) if kernels["part"].null_count() else pl.col("part")
    alike = kernels.select(
        pl.col("duration_ns").fill_null(0),
        known,
        "error",
        "missing_reason",
        _known("flop").alias("has_flop"),
        _known("dram_bytes").alias("has_bytes"),
    ).group_by(pl.exclude("duration_ns"))
    frame = alike.agg(pl.col("duration_ns").sum(), pl.len().alias("launches")).with_columns(
        pl.coalesce(
            "error",
            pl.col("part").replace_strict(_REASONS, default=None, return_dtype=pl.String),
            "missing_reason",
            pl.lit("not known"),
        ).alias("reason"),
    )
    total = int(frame["duration_ns"].sum())
    understood = pl.col("part").is_in(UNDERSTOOD)
    return Coverage(
        launches=kernels.height,
        duration_ns=total,
        flop_pct=share_pct(frame.filter("has_flop"), total),
        bytes_pct=share_pct(frame.filter("has_bytes"), total),
        understood_pct=share_pct(frame.filter(understood), total),
        partition=_parts(frame, total),
        missing=_by_reason(frame.filter(~understood), total),
        untimed=kernels["duration_ns"].null_count(),
        without_figures=_by_reason(frame.filter(pl.col("part") == "no_figures"), total),
    )


def _parts(frame: pl.DataFrame, total_ns: int) -> tuple[PartTime, ...]:
    """Return the parts that have launches, in the order of PARTS."""
    sums = frame.group_by("part").agg(pl.col("duration_ns", "launches").sum())
    known = {name: (duration, count) for name, duration, count in sums.iter_rows()}
    return tuple(
        PartTime(name, duration, 100 * duration / total_ns if total_ns else 0.0, count)
        for name in PARTS
        if name in known
        for duration, count in [known[name]]
    )


def by_reason(launches: pl.DataFrame, total_ns: int) -> tuple[MissingWork, ...]:
    """Return launches grouped by what is missing, most time first.

    Args:
        launches: columns ``reason`` and ``duration_ns``, without nulls.
        total_ns: the time that shares are of.
    """
    return _by_reason(launches.with_columns(launches=pl.lit(1)), total_ns)


def _by_reason(alike: pl.DataFrame, total_ns: int) -> tuple[MissingWork, ...]:
    """Return the same of rows that stand for several launches each (``launches``)."""
    groups = (
        alike.group_by("reason")
        .agg(pl.col("duration_ns", "launches").sum())
        .sort("duration_ns", "launches", "reason", descending=[True, True, False])
        .select("reason", "duration_ns", "launches")
    )
    return tuple(
        MissingWork(reason, duration, 100 * duration / total_ns if total_ns else 0.0, count)
        for reason, duration, count in groups.iter_rows()
    )


def _known(figure: str) -> pl.Expr:
    """Whether a launch's figure is known: its own, or its operator's.

    An operator of several kernels (a GEMM and its split-K reduction) carries its work once, on
    its main kernels; the time of the others is understood with it. A copy or memset that it
    launched besides has bytes of its own, which say nothing of its kernels.
    """
    own = pl.col(figure).is_not_null()
    kernel = pl.col("category") == "kernel"
    of_operator = (own & kernel).any().over("op_id") & pl.col("op_id").is_not_null()
    return own | (of_operator & kernel)


def share_pct(launches: pl.DataFrame, total_ns: int) -> float | None:
    """Return the share (%) of a time that launches make up; None of no time."""
    return 100 * int(launches["duration_ns"].sum()) / total_ns if total_ns else None
