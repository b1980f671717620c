"""Counters of an ncu report put onto the launches of a trace.

FLOPs and bytes become measured ones; durations stay the trace's own, since ncu runs every launch
alone, with cold caches and locked clocks. What the shapes say stays beside what was measured, so
that redundant traffic, or a wrong model, stands out. Peaks are never taken from the report: they
belong to its clocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from ncutool.base import tables
from ncutool.companions import match
from ncutool.companions.devices import device_remarks
from ncutool.companions.figures import CARRIED, agreed, ratios
from ncutool.companions.kernel_identity import identities
from ncutool.companions.match import Matching
from ncutool.companions.summary import notices, summarise
from ncutool.companions.work_classes import Measured, Traced

if TYPE_CHECKING:
    from ncutool.companions.summary import Join
    from ncutool_parsers.capture import Capture, Notice

_KEY = ("grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z")


def join(
    trace: Capture, work: pl.DataFrame, report: Capture, report_work: pl.DataFrame
) -> tuple[pl.DataFrame, Join, tuple[Notice, ...]]:
    """Return the work table of a trace with a report's counters, and what was joined.

    Args:
        trace: the torch capture.
        work: its :data:`ncutool.base.tables.WORK` table.
        report: the ncu capture.
        report_work: its :data:`ncutool.base.tables.WORK` table.

    Raises:
        UnfitError: they are of different devices.
    """
    done = joined(trace, work, report, report_work)
    return done.work, done.summary, done.notices


class Joined(NamedTuple):
    """A trace with a report's counters."""

    work: pl.DataFrame
    """:data:`ncutool.base.tables.WORK` of the trace."""
    summary: Join
    notices: tuple[Notice, ...]
    sources: dict[int, tuple[int, ...]]
    """By launch of the trace, those of the report that speak for it."""


def joined(
    trace: Capture, work: pl.DataFrame, report: Capture, report_work: pl.DataFrame
) -> Joined:
    """Return the same as :func:`join`, and which launches of the report speak for which."""
    remarks = device_remarks(trace, report)
    traced, measured = launches(trace, work, report, report_work)
    matching = match.match(traced, measured)
    joined = _apply(work, report_work, matching)
    joined = joined.drop("flop_measured_over_modelled", "bytes_measured_over_modelled")
    joined = joined.join(ratios(trace.launches, joined), on="launch_id", how="left").sort(
        "launch_id"
    )
    summary = summarise(trace, joined, report, matching)
    joined = tables.WORK.conform(joined.drop("join_problem"))
    return Joined(joined, summary, (*remarks, *notices(summary)), _sources(matching))


def _sources(matching: Matching) -> dict[int, tuple[int, ...]]:
    found: dict[int, tuple[int, ...]] = {}
    for group in matching.groups:
        if group.one_to_one:
            found |= {own: (one,) for own, one in zip(group.traced, group.measured, strict=True)}
        else:
            found |= dict.fromkeys(group.traced, group.measured)
    return found


def launches(
    trace: Capture, work: pl.DataFrame, report: Capture, report_work: pl.DataFrame
) -> tuple[list[Traced], list[Measured]]:
    """Return the kernels of both captures in order of launch, ready to be matched."""
    ours = trace.launches.filter(pl.col("category") == "kernel")
    theirs = report.launches.filter(pl.col("category") == "kernel")
    our_names, their_names = identities(ours["kernel_full"], theirs["kernel_full"])
    classes = _classes(trace, work)
    traced = [
        Traced(
            launch_id=row["launch_id"],
            kernel=our_names[row["kernel_full"]],
            key=_key(row, our_names),
            duration_ns=row["duration_ns"],
            **classes.get(row["launch_id"], {}),
        )
        for row in _in_launch_order(ours, trace).iter_rows(named=True)
    ]
    columns = ["launch_id", "kernel_full", *_KEY, "flop", "dram_bytes"]
    figures = theirs.join(report_work, on="launch_id", how="left").sort("launch_id")
    measured = [
        Measured(
            launch_id=row["launch_id"],
            kernel=their_names[row["kernel_full"]],
            key=_key(row, their_names),
            flop=row["flop"],
            bytes=row["dram_bytes"],
        )
        for row in figures.select(columns).iter_rows(named=True)
    ]
    return traced, measured


def _key(row: dict[str, Any], names: dict[str, str]) -> tuple[object, ...] | None:
    geometry = tuple(row[axis] for axis in _KEY)
    return None if None in geometry else (names[row["kernel_full"]], *geometry)


def _in_launch_order(kernels: pl.DataFrame, trace: Capture) -> pl.DataFrame:
    """Return kernels in order of their launch calls, as ncu numbers them.

    Where a call is not recorded, the kernels' own starts give the order.
    """
    calls = trace.calls.select("call_id", pl.col("start_ns").alias("called_ns"))
    kernels = kernels.select(
        "launch_id", "kernel_full", *_KEY, "start_ns", "duration_ns", "call_id"
    )
    kernels = kernels.join(calls, on="call_id", how="left")
    if kernels["called_ns"].null_count():
        return kernels.sort("start_ns", "launch_id")
    return kernels.sort("called_ns", "start_ns", "launch_id")


def _classes(trace: Capture, work: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """Return class and modelled work of each launch with recorded shapes, by launch_id.

    The values are arguments of :class:`Traced`. A class is the operator, its shapes and strides,
    its modelled work, and which of the operator's kernels it is.
    """
    ops = trace.ops.select("op_id", "signature_id").join(
        trace.signatures.select("signature_id", "input_dims", "input_types", "input_strides"),
        on="signature_id",
        how="left",
    )
    rows = (
        trace.launches.select("launch_id", "op_id", "category")
        .join(work.select("launch_id", "op", "signature", "flop", "dram_bytes"), on="launch_id")
        .join(ops, on="op_id", how="left")
        .filter((pl.col("category") == "kernel") & pl.col("op").is_not_null())
        .filter(pl.col("input_dims").is_not_null() | pl.col("op_id").is_null())
        .sort("launch_id")
    )
    known = pl.col("op_id").is_not_null()
    rows = rows.with_columns(
        _of_operator("flop").alias("of_op"),
        _of_operator("dram_bytes").alias("bytes_of_op"),
        pl.when(known).then(pl.len().over("op_id")).otherwise(1).alias("kernels"),
        pl.when(known).then(pl.int_range(pl.len()).over("op_id")).otherwise(0).alias("which"),
    )
    shapes = ("op", "signature", "input_dims", "input_types", "input_strides")
    figures = ("of_op", "bytes_of_op", "kernels", "which")
    return {
        row["launch_id"]: {
            "work_class": tuple(row[name] for name in (*shapes, *figures)),
            "flop": row["flop"] if row["kernels"] == 1 else None,
            "op_flop": row["of_op"],
            "op_bytes": row["bytes_of_op"],
        }
        for row in rows.iter_rows(named=True)
        if row["signature"] is not None or row["input_dims"] is not None
    }


def _of_operator(figure: str) -> pl.Expr:
    """Return the figure of a launch's whole operator; null where none of its kernels has one."""
    total = pl.col(figure).sum().over("op_id")
    modelled = pl.col(figure).is_not_null().any().over("op_id")
    known = pl.col("op_id").is_not_null()
    return pl.when(known).then(pl.when(modelled).then(total)).otherwise(figure)


def _apply(work: pl.DataFrame, report_work: pl.DataFrame, matching: Matching) -> pl.DataFrame:
    """Return ``work`` with measured figures where a group gives them, a note on every kernel, and
    ``join_problem``, the note without the launches that it names."""
    measured = {row["launch_id"]: row for row in report_work.iter_rows(named=True)}
    rows: list[dict[str, Any]] = [
        {"launch_id": launch_id, "join_note": reason, "join_problem": reason}
        for launch_id, reason in matching.unmatched.items()
    ]
    for group in matching.groups:
        if group.one_to_one:
            for traced, own in zip(group.traced, group.measured, strict=True):
                rows.append({"launch_id": traced, **agreed([measured[own]], group.how)})
        else:
            figures = agreed([measured[own] for own in group.measured], group.how)
            rows += [{"launch_id": traced, **figures} for traced in group.traced]
    types = {"launch_id": pl.Int64, **_TAKEN}
    taken = pl.DataFrame(rows, schema={name: types[name] for name in types}, orient="row")
    frame = work.drop("join_note").join(taken, on="launch_id", how="left")
    return frame.with_columns(*_replaced()).drop(
        name for name in _TAKEN if name not in ("join_note", "join_problem")
    )


_TAKEN: dict[str, Any] = {
    "join_note": pl.String,
    "join_problem": pl.String,
    "new_flop": pl.Float64,
    "new_bytes": pl.Float64,
    "new_flop_exactness": pl.String,
    "new_bytes_exactness": pl.String,
    "new_dtype": pl.String,
    "new_roof": pl.String,
    "new_remark": pl.String,
    "new_launch_rule": pl.String,
    **{f"new_{name}": pl.Float64 for name in CARRIED},
}


def _replaced() -> list[pl.Expr]:
    """Return the columns that measured figures change."""
    flop, size = pl.col("new_flop").is_not_null(), pl.col("new_bytes").is_not_null()
    flop_known, bytes_known = (
        flop | pl.col("flop").is_not_null(),
        size | pl.col("dram_bytes").is_not_null(),
    )
    half = flop ^ size
    return [
        pl.when(flop).then("flop").alias("modelled_flop"),
        pl.when(size).then("dram_bytes").alias("modelled_bytes"),
        pl.coalesce("new_flop", "flop").alias("flop"),
        pl.coalesce("new_bytes", "dram_bytes").alias("dram_bytes"),
        pl.when(flop).then(pl.lit("joined")).otherwise("flop_source").alias("flop_source"),
        pl.when(size).then(pl.lit("joined")).otherwise("bytes_source").alias("bytes_source"),
        pl.coalesce("new_flop_exactness", "flop_exactness").alias("flop_exactness"),
        pl.coalesce("new_bytes_exactness", "bytes_exactness").alias("bytes_exactness"),
        pl.coalesce("new_dtype", "dtype").alias("dtype"),
        pl.coalesce("new_roof", "roof").alias("roof"),
        pl.coalesce("new_launch_rule", "launch_rule").alias("launch_rule"),
        *(pl.coalesce(f"new_{name}", name).alias(name) for name in CARRIED),
        pl.when(~(flop_known & bytes_known)).then("missing_reason").alias("missing_reason"),
        pl.when(half & pl.col("remark").is_not_null())
        .then(
            pl.format(
                "{} {}; {}: {}",
                pl.when(flop).then(pl.lit("FLOPs")).otherwise(pl.lit("bytes")),
                "new_remark",
                pl.when(flop).then(pl.lit("bytes")).otherwise(pl.lit("FLOPs")),
                "remark",
            )
        )
        .otherwise(pl.coalesce("new_remark", "remark"))
        .alias("remark"),
    ]
