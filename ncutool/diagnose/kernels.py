"""One flat record for each kernel, most time first, under fixed names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.advice.kernels import gates, unseen
from ncutool.advice.view.finding import UNSEEN_PCT
from ncutool.analysis.most_time import AT_LIMIT
from ncutool.diagnose import ceiling
from ncutool.diagnose.quoted import command, quoted

if TYPE_CHECKING:
    from ncutool.advice.view.finding import Finding
    from ncutool.analysis.analyse import Analysis

OF_LAUNCHES = ("fuse", "batch", "precision", "tune", "copy", "communication")
"""Kinds of findings that concern a kernel itself, not only when it is launched."""
_OF_HOST = ("batch-host-bound", "batch-exposed-communication")
_SIDES = "its time includes waiting for other ranks"
_JOIN, _FULL = "join an Nsight Compute report (`--ncu`)", "collect `ncu --set full`"
_UNEXPLAINED = "nothing that was counted explains what keeps it so far from both limits"
_MOST_FINDINGS = 5
_COPIED = ("bound", "roof", "roof_side", "roofline_pct", "bandwidth_pct", "bytes_ratio", "device")


def concerning(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings that concern kernels themselves."""
    return [one for one in findings if one.kind in OF_LAUNCHES and one.rule not in _OF_HOST]


def records(analysis: Analysis, most: int) -> tuple[list[dict[str, Any]], int]:
    """Return what is known of the kernels with most time, and how many kernels there are.

    Copies are none. A kernel at its ceiling that a finding concerns is not done: another type,
    or a fusion, has another ceiling. Texts in ``reason`` may hold names still.

    Args:
        analysis: of one capture.
        most: how many records at most.
    """
    copies = pl.col("category").is_in(["memcpy", "memset"])
    timed = ceiling.with_ceilings(analysis.kernels).filter(pl.col("duration_ns") > 0)
    rows = timed.filter(~copies)
    if rows.is_empty():
        return [], 0
    findings = concerning(tuple(analysis.findings))
    rows = rows.join(_unseen(analysis, findings), on="launch_id", how="left")
    groups = _groups(rows)
    total = int(timed["duration_ns"].sum())
    made = [_record(analysis, row, findings, total) for row in groups.head(most).to_dicts()]
    return made, groups.height


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Return launches by kernel and device, most time first; the longest stands for them."""
    ranked = rows.sort("duration_ns", "launch_id", descending=[True, False])
    alike = ["kernel_full", "device"]
    time = pl.col("duration_ns")
    return (
        ranked.group_by(alike, maintain_order=True)
        .agg(
            time.sum().alias("time_ns"),
            pl.len().alias("launches"),
            pl.col("launch_id").alias("ids"),
            time.filter(pl.col("reached")).sum().alias("reached_ns"),
            time.filter(~pl.col("reached")).sum().alias("missed_ns"),
            time.filter(pl.col("unseen").is_not_null()).sum().alias("unseen_ns"),
            pl.col("unseen").drop_nulls().first(),
            pl.col("brief").drop_nulls().first(),
            pl.col("collect").drop_nulls().first(),
            pl.col("ceiling").drop_nulls().first(),
            pl.col("ceiling_pct").drop_nulls().first(),
            pl.all()
            .exclude(
                *alike, "launches", "ids", "unseen", "brief", "collect", "ceiling", "ceiling_pct"
            )
            .first(),
        )
        .sort("time_ns", "kernel_full", "device", descending=[True, False, False])
    )


def _unseen(analysis: Analysis, findings: list[Finding]) -> pl.DataFrame:
    """Return why launches could not be looked at: launch_id, unseen, brief, collect."""
    kernels = analysis.kernels
    listed = [
        {"launch_id": one, "unseen": lack.reason, "brief": lack.brief or lack.collect,
         "collect": lack.command}
        for lack in analysis.advice.could_not_look
        for one in lack.launches
    ]  # fmt: skip
    schema = {"launch_id": pl.Int64(), **dict.fromkeys(("unseen", "brief", "collect"), pl.String())}
    counted = analysis.capture.traits.figures_counted
    join = pl.lit(_FULL if counted else _JOIN)
    why = pl.lit(_UNEXPLAINED) if counted else pl.col("why")
    none = pl.lit(None, pl.String)
    unknown = kernels.filter(pl.col("bound") == "unknown").select(
        "launch_id", unseen="bound_reason", brief=join, collect=none
    )
    far = unseen.unexplained_launches(kernels, findings).select(
        "launch_id", unseen=why, brief=join, collect=none
    )
    frames = [pl.DataFrame(listed, schema=schema), unknown, far]
    if not analysis.companions.rank_trace:
        frames.append(
            kernels.filter(pl.col("bound") == "communication").select(
                "launch_id",
                unseen=pl.lit(_SIDES),
                brief=pl.lit("pass traces of the other ranks (`--rank-trace`)"),
                collect=none,
            )
        )
    return pl.concat(frames).unique("launch_id", keep="first", maintain_order=True)


def _record(
    analysis: Analysis, row: dict[str, Any], findings: list[Finding], total: int
) -> dict[str, Any]:
    ids = set(row["ids"])
    mine = [one for one in findings if not ids.isdisjoint(one.launches)]
    hidden = 100 * row["unseen_ns"] >= UNSEEN_PCT * row["time_ns"]
    counted = analysis.capture.traits.figures_counted
    full = gates.at_limit(row) if counted else None
    state = "problem" if mine else "could_not_look" if hidden else "none"
    reached = ceiling.done(row["reached_ns"], row["missed_ns"], row["time_ns"])
    level = row["limiting_detail"] or row["limiting_level"]
    return {
        "kernel": quoted(row["kernel"]),
        "op": None if row["op"] is None else quoted(row["op"]),
        "launches": row["launches"],
        "duration_ns": row["time_ns"],
        "share_pct": 100 * row["time_ns"] / total,
        "longest_launch": row["launch_id"],
        "state": state,
        "cause": mine[0].rule if mine else AT_LIMIT if full is not None else None,
        "findings": [one.id for one in mine[:_MOST_FINDINGS]],
        **{name: row[name] for name in _COPIED},
        "limiting": level,
        "done": False if reached and mine else reached,
        "done_pct": 100 * row["reached_ns"] / row["time_ns"],
        "ceiling": row["ceiling"] if reached else None,
        "ceiling_pct": row["ceiling_pct"] if reached else None,
        "reason": row["unseen"] if state == "could_not_look" else None,
        "next_capture": row["brief"] if state == "could_not_look" else None,
        "command": command(row["collect"]) if hidden else None,
    }
