"""What measured launches of the same work say together, and how it compares with a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import polars as pl

from ncutool.base.thresholds import Threshold

_T = TypeVar("_T")

SPREAD = Threshold(
    0.15,
    "share of the median",
    "bytes of launches that did the same work are one figure up to this spread",
    "judgement",
)
SPREAD_SAID = Threshold(0.01, "share of the median", "a larger spread is told", "judgement")
COLD = "counted by ncu, each launch alone, by default with cold caches"
DISAGREE = "its measured launches did different numbers of operations"
SPREAD_OUT = "its measured launches moved bytes that differ by over 15 %"
FAILED = "its measurement failed"
CARRIED = (
    *("l2_bytes", "l2_read_bytes", "l1_bytes", "tensor_flop", "int_op", "waves"),
    "launch_rule_speedup_pct",
)
"""Further figures of a measured launch that hold for the trace's too."""


def agreed(rows: list[dict[str, Any]], how: str) -> dict[str, Any]:
    """Return what measured launches of the same work say together.

    Args:
        rows: their rows of :data:`ncutool.base.tables.WORK`, one or more.
        how: what says that they did the work of the trace's launches.

    Returns:
        Columns of the trace's launches: ``join_note``, ``join_reason`` (the note without the
        launches' numbers) and the figures, under ``new_`` and their names.
    """
    flops = [row["flop"] for row in rows if row["flop"] is not None]
    bytes_ = [row["dram_bytes"] for row in rows if row["dram_bytes"] is not None]
    which = _which([row["launch_id"] for row in rows])
    if not flops and not bytes_:
        why = next((row["missing_reason"] for row in rows if row["missing_reason"]), FAILED)
        return {"join_note": f"{which}: {why}", "join_problem": why}
    problems = []
    flop = flops[0] if len(set(flops)) == 1 else None
    if flop is None and flops:
        problems.append(DISAGREE)
    spread = _spread(bytes_)
    bytes_known = bool(bytes_) and spread <= SPREAD
    if bytes_ and not bytes_known:
        problems.append(SPREAD_OUT)
    first = next(row for row in rows if row["flop"] is not None or row["dram_bytes"] is not None)
    spread_text = (
        [f"median of {len(bytes_)}, spread {100 * spread:.1f} %"] if spread > SPREAD_SAID else []
    )
    kept = flop is not None or bytes_known
    return {
        "join_note": f"{which}: {'; '.join((how, *problems) if kept else problems)}",
        "join_problem": "; ".join(problems) or None,
        "new_flop": flop,
        "new_bytes": lower_median(bytes_) if bytes_known else None,
        "new_flop_exactness": _exactness(rows, "flop") if flop is not None else None,
        "new_bytes_exactness": _of_other_run(_exactness(rows, "bytes")) if bytes_known else None,
        "new_dtype": first["dtype"] if flop is not None else None,
        "new_roof": first["roof"] if flop is not None else None,
        "new_remark": "; ".join((COLD, *spread_text, *_remarks(first))) if kept else None,
        "new_launch_rule": _same([row.get("launch_rule") for row in rows]),
        **{f"new_{name}": _median_of(rows, name) for name in CARRIED},
    }


def _exactness(rows: list[dict[str, Any]], figure: str) -> str | None:
    """How sure the first launch that has the figure is of it."""
    name = f"{figure}_exactness"
    return next((row[name] for row in rows if row[name] is not None), None)


def _of_other_run(exactness: str | None) -> str | None:
    """Bytes counted with cold caches are no exact figure of the traced launch."""
    return "estimate" if exactness == "exact" else exactness


def _same(values: list[str | None]) -> str | None:
    """Return the value that all have; None where they differ."""
    return values[0] if len(set(values)) == 1 else None


def _which(launch_ids: list[int]) -> str:
    if len(launch_ids) == 1:
        return f"launch {launch_ids[0]} of the report"
    shown = ", ".join(str(number) for number in launch_ids[:4])
    more = f" and {len(launch_ids) - 4} more" if len(launch_ids) > 4 else ""
    return f"launches {shown}{more} of the report"


def _remarks(row: dict[str, Any]) -> list[str]:
    return [row["remark"]] if row["remark"] else []


def lower_median(values: list[_T], key: Callable[[Any], float] = float) -> _T:
    """Return the lower median by ``key``: one of ``values``, so one that was measured."""
    return sorted(values, key=key)[(len(values) - 1) // 2]


def _median_of(rows: list[dict[str, Any]], name: str) -> float | None:
    known = [row[name] for row in rows if row[name] is not None]
    return lower_median(known) if known and _spread(known) <= SPREAD else None


def _spread(values: list[float]) -> float:
    """Return the largest less the smallest value, over the median; 0 for equal values."""
    if len(values) < 2 or max(values) == min(values):
        return 0.0
    middle = lower_median(values)
    return (max(values) - min(values)) / middle if middle else float("inf")


def ratios(launches: pl.DataFrame, work: pl.DataFrame) -> pl.DataFrame:
    """Return measured over modelled work of whole operators.

    Where an operator launched several kernels its model belongs to all of them together, and all
    must be measured.
    """
    rows = launches.filter(pl.col("category") == "kernel").select("launch_id", "op_id")
    rows = rows.join(
        work.select(
            "launch_id",
            *("flop", "flop_source", "modelled_flop"),
            *("dram_bytes", "bytes_source", "modelled_bytes"),
        ),
        on="launch_id",
    ).with_columns(
        pl.coalesce("op_id", -1 - pl.col("launch_id")).alias("whole"),
    )
    return rows.select(
        "launch_id",
        _ratio("flop", "flop_source", "modelled_flop").alias("flop_measured_over_modelled"),
        _ratio("dram_bytes", "bytes_source", "modelled_bytes").alias(
            "bytes_measured_over_modelled"
        ),
    )


def _ratio(figure: str, source: str, model: str) -> pl.Expr:
    complete = (pl.col(source) == "joined").all().over("whole")
    modelled = pl.col(model).sum().over("whole")
    return pl.when(complete & (modelled > 0)).then(pl.col(figure).sum().over("whole") / modelled)
