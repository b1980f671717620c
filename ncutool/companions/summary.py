"""What a join contributed: shares of time, notices, and launches whose model is doubtful."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base import units
from ncutool.base.thresholds import IntThreshold, Threshold
from ncutool.roofline.coverage import MissingWork, by_reason, share_pct
from ncutool.work.roofs import MATRIX_FAMILIES
from ncutool_parsers.capture import Notice

if TYPE_CHECKING:
    from ncutool.companions.match import Matching
    from ncutool.devices.resolve import Device
    from ncutool_parsers.capture import Capture

FLAGGED = Threshold(
    0.15, "share of the modelled", "measured work that differs by more is flagged", "judgement"
)
_SMALL = IntThreshold(
    1 << 20, "byte", "traffic of smaller launches is no evidence against a model", "judgement"
)
_NAMES = 3


class Join(Struct, frozen=True):
    """What a report contributed to a trace."""

    report: str
    """File name of the report."""
    launches: int
    """Kernels of the trace with counters."""
    measured_launches: int
    """Launches of the report that gave them."""
    flop_pct: float | None
    """Share of the kernels' time with measured FLOPs; None where no time was recorded."""
    bytes_pct: float | None
    """Share with measured bytes."""
    unmeasured: tuple[MissingWork, ...]
    """The rest by reason, most time first."""
    unused_launches: int
    """Launches of the report that match none of the trace."""
    unused_kernels: tuple[str, ...]
    """Their distinct short names."""


def summarise(trace: Capture, work: pl.DataFrame, report: Capture, matching: Matching) -> Join:
    """Return what a report contributed to a trace.

    Args:
        work: :data:`ncutool.base.tables.WORK` of the trace with the report's counters, and
            ``join_reason``.
        matching: which launches of the two belong together.
    """
    kernels = trace.launches.filter(pl.col("category") == "kernel").select(
        "launch_id", pl.col("duration_ns").fill_null(0)
    )
    rows = kernels.join(
        work.select("launch_id", "flop_source", "bytes_source", "join_problem"), on="launch_id"
    )
    total = int(rows["duration_ns"].sum())
    flop, size = pl.col("flop_source") == "joined", pl.col("bytes_source") == "joined"
    rest = rows.filter(~flop & ~size).select(pl.col("join_problem").alias("reason"), "duration_ns")
    used = {launch_id for group in matching.groups for launch_id in group.measured}
    unused = report.launches.filter(pl.col("launch_id").is_in(matching.unused))
    return Join(
        report=report.name,
        launches=rows.filter(flop | size).height,
        measured_launches=len(used),
        flop_pct=share_pct(rows.filter(flop), total),
        bytes_pct=share_pct(rows.filter(size), total),
        unmeasured=by_reason(rest, total),
        unused_launches=len(matching.unused),
        unused_kernels=tuple(sorted(unused["kernel"].unique())),
    )


def notices(summary: Join) -> tuple[Notice, ...]:
    """Return what to tell of a join: what was joined and what was not, with its time."""
    used = units.counted(summary.measured_launches, "launch")
    told = [
        Notice(
            "joined",
            f"{units.counted(summary.launches, 'kernel')} of the trace "
            f"({units.percent(summary.bytes_pct)} of kernel time for bytes, "
            f"{units.percent(summary.flop_pct)} for FLOPs) have counters from "
            f"{used} of {summary.report}.",
            "info" if summary.launches else "warning",
        )
    ]
    for rest in summary.unmeasured:
        told.append(
            Notice(
                "join_unmeasured",
                f"{units.counted(rest.launches, 'kernel')} "
                f"({units.percent(rest.pct)} of kernel time) without counters of "
                f"{summary.report}: {rest.reason}.",
                "warning" if rest.pct >= 1 else "info",
            )
        )
    if summary.unused_launches:
        shown = ", ".join(summary.unused_kernels[:_NAMES])
        left = len(summary.unused_kernels) - _NAMES
        told.append(
            Notice(
                "join_unused",
                f"{units.counted(summary.unused_launches, 'launch')} of "
                f"{summary.report} match no kernel and grid of the trace: {shown}"
                f"{f' and {left} left kernels' if left > 0 else ''}.",
            )
        )
    return tuple(told)


def with_flags(kernels: pl.DataFrame, device: Device | None) -> pl.DataFrame:
    """Return ``kernels`` with a flag on launches whose measured work is not the modelled one.

    Bytes are held to the model for every family; FLOPs for matrix products, convolutions and
    attention alone, since models count an elementwise operation as one FLOP whatever it takes.
    """
    cache = device.cache_bytes if device is not None else None
    matrix = pl.col("family").is_in(list(MATRIX_FAMILIES))
    flags = pl.concat_str(
        "flag",
        _flag("bytes", pl.lit(True), _bytes_cause(cache)),
        _flag("flop", matrix, _flop_cause()),
        separator="; ",
        ignore_nulls=True,
    )
    return kernels.with_columns(pl.when(flags != "").then(flags).alias("flag"))


def doubts(kernels: pl.DataFrame) -> tuple[Notice, ...]:
    """Return how much time is in kernels that moved clearly more or less than was modelled."""
    ratio = pl.col("bytes_measured_over_modelled")
    kernels = kernels.select("category", "duration_ns", ratio)
    total = int(kernels.filter(pl.col("category") == "kernel")["duration_ns"].sum() or 0)
    sides = (
        ("more", kernels.filter(ratio > 1 + FLAGGED)),
        ("less", kernels.filter(ratio < 1 - FLAGGED)),
    )
    parts = [
        f"{units.counted(rows.height, 'kernel')} "
        f"({units.percent(share_pct(rows, total))} of kernel time) moved over 15 % {side}"
        for side, rows in sides
        if rows.height
    ]
    if not parts:
        return ()
    text = f"{' and '.join(parts)} DRAM bytes than modelled; each is flagged with its likely cause."
    return (Notice("measured_not_modelled", text, "info"),)


def _flag(figure: str, applies: pl.Expr, cause: pl.Expr) -> pl.Expr:
    ratio = pl.col(f"{figure}_measured_over_modelled")
    name = "DRAM bytes" if figure == "bytes" else "FLOPs"
    text = pl.format(f"measured {name} are {{}} × the modelled: {{}}", ratio.round(2), cause)
    return pl.when(applies & ((ratio - 1).abs() > FLAGGED)).then(text)


def _bytes_cause(cache_bytes: int | None) -> pl.Expr:
    above = pl.col("bytes_measured_over_modelled") > 1
    fits = pl.col("modelled_bytes") <= pl.lit(cache_bytes, dtype=pl.Int64)
    return (
        pl.when(above & (pl.col("modelled_bytes") < _SMALL))
        .then(pl.lit("little data: whole sectors, instructions and constants count too"))
        .when(above)
        .then(
            pl.lit(
                "data are read again or in partly used sectors (redundant traffic), the model "
                "misses an operand, or the report ran other shapes"
            )
        )
        .when(fits)
        .then(pl.lit("what it writes, or part of it, stays in the cache, which is large enough"))
        .otherwise(
            pl.lit(
                "the model counts too much (an operand read in part, or aliased), part of the "
                "output stays in the cache, or the report ran other shapes"
            )
        )
    )


def _flop_cause() -> pl.Expr:
    return (
        pl.when(pl.col("flop_measured_over_modelled") > 1)
        .then(
            pl.lit(
                "whole tiles are counted, padding included, the model misses work, or the report "
                "ran other shapes"
            )
        )
        .otherwise(
            pl.lit(
                "work is skipped (a mask, sparsity), the model counts too much, or the report ran "
                "other shapes"
            )
        )
    )
