"""Replays of a CUDA/HIP graph paired with the run that captured it.

A replay has kernels and times, but neither operators nor shapes; the run that captured the graph
made the same launches one by one, each inside its operator. Where the two sequences agree kernel
by kernel, a replayed kernel did what the captured one's operator says. Nothing is guessed: a
replay whose sequence fits no capture, or captures of different shapes, stays without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from msgspec import Struct

from ncutool.base import tables, units
from ncutool.base.records import replace
from ncutool.companions import graph_sequences
from ncutool.companions.graph_sequences import GEOMETRY, NO_CALL, Recorded, Replayed
from ncutool.roofline.coverage import MissingWork, by_reason, share_pct
from ncutool.work import shapes
from ncutool_parsers.capture import Capture, Notice
from ncutool_parsers.errors import UsageError
from ncutool_parsers.schema import LAUNCHES, OPS

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMARK = "operator and shapes from the capture run"
OUTSIDE = "launched outside any operator in the capture run"


class Pairing(Struct, frozen=True):
    """What a capture run told of a trace's graph replays."""

    capture_run: str
    """File name of the capture run."""
    replays: int
    launches: int
    """Replayed kernels with an operator."""
    pct: float | None
    """Their share of the time of all replayed kernels; None where no time was recorded."""
    unpaired: tuple[MissingWork, ...]
    """Those without, by reason, most time first."""


def check_sources(trace: Capture, capture_run: Capture) -> None:
    """Raise UsageError where one of the two is no trace."""
    for capture in (trace, capture_run):
        if not capture.traits.records_operators:
            raise UsageError(
                f"{capture.name}: is no trace; a graph's replays are paired with a trace of the "
                "run that captured it"
            )


def pair(
    trace: Capture, work: pl.DataFrame, capture_run: Capture
) -> tuple[pl.DataFrame, Pairing, tuple[Notice, ...]]:
    """Return a trace's work with the operators behind its graph replays, and what was paired.

    Args:
        trace: the torch capture that holds the replays.
        work: its :data:`ncutool.base.tables.WORK` table.
        capture_run: the torch capture of the run that captured the graphs.
    """
    replayed = _replayed_kernels(trace)
    operators, reasons, replays = _paired(replayed, capture_run)
    paired = shapes.work(_standing_in(trace, capture_run, operators))
    work = _with(work, paired, reasons)
    summary = _summary(replayed, capture_run, replays, set(operators), reasons)
    return work, summary, _notices(summary)


def stand_in(trace: Capture, capture_run: Capture) -> Capture:
    """Return the paired launches with the operators that the capture run told of them."""
    operators, _, _ = _paired(_replayed_kernels(trace), capture_run)
    return _standing_in(trace, capture_run, operators)


def _replayed_kernels(trace: Capture) -> pl.DataFrame:
    replayed = pl.col("graph_replay").fill_null(False) & (pl.col("category") == "kernel")
    return trace.launches.filter(replayed).sort("start_ns", "launch_id")


def _paired(
    replayed: pl.DataFrame, capture_run: Capture
) -> tuple[dict[int, tuple[int, int]], dict[int, str], int]:
    """Return replay and operator of paired launches, reasons of the others, and the replays."""
    recorded = graph_sequences.candidates(capture_run)
    operators: dict[int, tuple[int, int]] = {}
    reasons: dict[int, str] = {}
    known: dict[tuple[tuple[object, ...], ...], list[Recorded | str]] = {}
    replays = 0
    for (call_id,), kernels in replayed.group_by("call_id", maintain_order=True):
        if call_id is None:
            reasons |= dict.fromkeys(kernels["launch_id"].to_list(), NO_CALL)
            continue
        key = tuple(kernels.select("kernel_full", *GEOMETRY).iter_rows())
        if key not in known:
            known[key] = graph_sequences.align([_replayed(row) for row in key], recorded)
        launches = known[key]
        for launch_id, launch in zip(kernels["launch_id"], launches, strict=True):
            if isinstance(launch, Recorded) and launch.op_id is not None:
                operators[launch_id] = (replays, launch.op_id)
            else:
                reasons[launch_id] = launch if isinstance(launch, str) else OUTSIDE
        replays += 1
    return operators, reasons, replays


def _replayed(row: tuple[object, ...]) -> Replayed:
    name, *geometry = row
    return Replayed(str(name), None if None in geometry else tuple(geometry))


def _standing_in(
    trace: Capture, capture_run: Capture, operators: Mapping[int, tuple[int, int]]
) -> Capture:
    """Return the paired launches as if launched by operators, each replay with calls of its own."""
    calls = {key: number for number, key in enumerate(sorted(set(operators.values())))}
    base = len(calls)
    shifted = capture_run.ops.with_columns(pl.col("op_id") + base, pl.col("parent_id") + base)
    again = pl.DataFrame(
        [(number, op_id) for (_, op_id), number in calls.items()],
        schema={"new_id": pl.Int64, "op_id": pl.Int64},
        orient="row",
    )
    repeated = (
        again.join(capture_run.ops, on="op_id", how="left")
        .with_columns(pl.col("parent_id") + base, op_id="new_id")
        .select(shifted.columns)
    )
    paired = pl.DataFrame(
        [(launch_id, calls[key]) for launch_id, key in operators.items()],
        schema={"launch_id": pl.Int64, "op_id": pl.Int64},
        orient="row",
    )
    launches = (
        trace.launches.drop("op_id")
        .join(paired, on="launch_id", how="inner")
        .with_columns(graph_replay=pl.lit(False))
        .sort("launch_id")
    )
    return replace(
        capture_run,
        launches=LAUNCHES.conform(launches),
        ops=OPS.conform(pl.concat([repeated, shifted])),
        devices=trace.devices,
    )


def _with(work: pl.DataFrame, paired: pl.DataFrame, reasons: Mapping[int, str]) -> pl.DataFrame:
    """Return ``work`` with the paired launches' rows, and why other replayed ones have none."""
    remark = pl.concat_str(pl.lit(_REMARK), "remark", separator="; ", ignore_nulls=True)
    added = pl.concat_str("missing_reason", _reason(reasons), separator="; ", ignore_nulls=True)
    rest = work.join(paired, on="launch_id", how="anti").with_columns(
        missing_reason=pl.when(_reason(reasons).is_not_null())
        .then(added)
        .otherwise("missing_reason")
    )
    paired = paired.with_columns(remark=remark)
    return tables.WORK.conform(pl.concat([rest, paired]).sort("launch_id"))


def _reason(reasons: Mapping[int, str]) -> pl.Expr:
    return pl.col("launch_id").replace_strict(reasons, default=None, return_dtype=pl.String)


def _summary(
    replayed: pl.DataFrame,
    capture_run: Capture,
    replays: int,
    paired: set[int],
    reasons: Mapping[int, str],
) -> Pairing:
    rows = replayed.select(
        "launch_id", pl.col("duration_ns").fill_null(0), _reason(reasons).alias("reason")
    )
    total = int(rows["duration_ns"].sum())
    return Pairing(
        capture_run=capture_run.name,
        replays=replays,
        launches=len(paired),
        pct=share_pct(rows.filter(pl.col("launch_id").is_in(paired)), total),
        unpaired=by_reason(rows.filter(pl.col("reason").is_not_null()), total),
    )


def _notices(summary: Pairing) -> tuple[Notice, ...]:
    if not summary.launches and not summary.unpaired:
        text = f"{summary.capture_run} is not used: the trace replays no graph."
        return (Notice("capture_trace_unused", text),)
    notices = [
        Notice(
            "graph_paired",
            f"{units.counted(summary.launches, 'replayed kernel')} "
            f"({units.percent(summary.pct)} of replayed time) have operator and shapes of the "
            f"capture run {summary.capture_run}, whose kernels follow each other in the same "
            "order; that it ran at the same batch size is for you to know.",
            "info",
        )
    ]
    notices += [
        Notice(
            "graph_unpaired",
            f"{units.counted(rest.launches, 'replayed kernel')} "
            f"({units.percent(rest.pct)} of replayed time) without operator and shapes: "
            f"{rest.reason}.",
        )
        for rest in summary.unpaired
    ]
    return tuple(notices)
