"""What NVIDIA's own rules estimate: of a report's launches, and weighted on a trace's timeline.

A rule's estimate assumes that nothing else holds the launch, and estimates do not add up; every
finding is therefore `possible`, with a low end of 0. Where a rule prints counts without an
estimate, the high end is what those counts allow and the launch's other limit leaves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from ncutool.advice.catalogue import JUDGED, rules
from ncutool.advice.view.context import Context
from ncutool.advice.view.finding import Draft, Drafts
from ncutool.base import units
from ncutool.base.nvidia import LOW_PCT
from ncutool.base.thresholds import Threshold

LEAST_PCT = Threshold(5.0, "%", "estimates below this are noise of one measurement", JUDGED)
_WARP = 32
"""Threads of a warp on every NVIDIA device."""
_SECTORS = re.compile(r"expected ([\d,]+) sectors, got ([\d,]+)")
_EXCESS = re.compile(r"excessive sectors \((\d+(?:\.\d+)?)%")
_FUSED = re.compile(r"achieved (FP\d\d) performance could be increased by up to (\d+)%")
_THREADS = re.compile(r"average of ([\d.]+) threads being active per cycle")
_LIMITER = re.compile(r"theoretical occupancy \(([\d.]+)%\) is limited by ([^.]+)\.")
_RULES = {
    "UncoalescedGlobalAccess": "uncoalesced",
    "UncoalescedSharedAccess": "shared",
    "SharedMemoryConflicts": "shared",
    "MemoryCacheAccessPattern": "pattern",
    "TheoreticalOccupancy": "occupancy",
    "Occupancy": "occupancy",
    "AchievedOccupancy": "imbalance",
    "FPInstructions": "unfused",
    "ThreadDivergence": "divergence",
}
_CODES = {
    "uncoalesced": "tune-uncoalesced",
    "shared": "tune-shared-memory",
    "pattern": "tune-cache-lines",
    "occupancy": "tune-occupancy",
    "imbalance": "tune-imbalance",
    "unfused": "tune-unfused",
    "divergence": "tune-divergence",
    "fp64": "precision-fp64",
    "tail": "tune-tail",
}
"""The rule of the catalogue for each cause."""


class Candidate(NamedTuple):
    """A finding of a report before its saving is cut to what others leave."""

    rule: str
    """Its code in the catalogue."""
    title: str
    rows: list[dict[str, Any]]
    """Launches, of :data:`ncutool.base.tables.KERNELS`."""
    saved: list[int]
    """What each would save at most, ns."""
    evidence: tuple[str, ...]
    remedy: str

    @property
    def launches(self) -> tuple[int, ...]:
        """Return the launch_id of each launch that the rule printed for."""
        return tuple(row["launch_id"] for row in self.rows)

    @property
    def duration_ns(self) -> int:
        """What they take together now."""
        return sum(row["duration_ns"] for row in self.rows)


class Estimate(NamedTuple):
    """What one rule says of one launch."""

    cause: str
    share: float
    """Of its time that may go at most, 0 to 1."""
    clause: str
    """One clause with its numbers."""


def of_report(rows: Sequence[dict[str, Any]], messages: pl.DataFrame) -> list[Candidate]:
    """Return one candidate for each cause and kernel, from what the report's rules printed and from
    its counters.

    Args:
        rows: launches with a duration, of :data:`ncutool.base.tables.KERNELS`.
        messages: :data:`ncutool_parsers.schema.RULES` of the report; may be empty.
    """
    printed: dict[int, list[dict[str, Any]]] = {}
    for message in messages.to_dicts():
        printed.setdefault(message["launch_id"], []).append(message)
    groups: dict[tuple[str, str], list[tuple[dict[str, Any], Estimate]]] = {}
    for row in rows:
        for estimate in _estimates(row, printed.get(row["launch_id"], [])):
            key = (estimate.cause, row["kernel_full"])
            groups.setdefault(key, []).append((row, estimate))
    window = sum(row["duration_ns"] for row in rows)
    return [_candidate(cause, group, window) for (cause, _), group in sorted(groups.items())]


def _estimates(row: Mapping[str, Any], printed: Sequence[Mapping[str, Any]]) -> list[Estimate]:
    """Return at most one estimate a cause, the largest."""
    largest: dict[str, Estimate] = {}
    by_rule: dict[str, list[Mapping[str, Any]]] = {}
    for rule in printed:
        if rule["severity"] in ("optimization", "warning"):
            by_rule.setdefault(rule["rule"], []).append(rule)
    every = [_of_rule(row, _RULES[name], some) for name, some in by_rule.items() if name in _RULES]
    for one in (*every, _fp64(row), _tail(row)):
        if one is not None and 100 * one.share >= LEAST_PCT:
            kept = largest.get(one.cause)
            largest[one.cause] = one if kept is None or one.share > kept.share else kept
    return list(largest.values())


def _of_rule(
    row: Mapping[str, Any], cause: str, messages: Sequence[Mapping[str, Any]]
) -> Estimate | None:
    given = [m for m in messages if m["speedup_kind"] == "global" and m["speedup_pct"]]
    if given:
        most = max(given, key=lambda m: (m["speedup_pct"], m["message"] or ""))
        clause = f"NVIDIA estimates {units.percent(most['speedup_pct'])}: {_first(most['message'])}"
        return Estimate(cause, min(most["speedup_pct"] / 100, 1.0), clause)
    texts = [m["message"] or "" for m in messages]
    if cause == "uncoalesced":
        return _sectors(row, texts)
    if cause == "occupancy":
        return _occupancy(row, texts)
    if cause == "unfused":
        return _unfused(row, texts)
    return _divergence(row, texts) if cause == "divergence" else None


def _first(message: str | None) -> str:
    """Return the first sentence of a rule's message, without its full stop."""
    text = re.split(r"\.\s", (message or "").strip(), maxsplit=1)[0]
    return text.rstrip(".")


def _sectors(row: Mapping[str, Any], texts: Sequence[str]) -> Estimate | None:
    """Estimate by the sectors that a coalesced access would not fetch; the compute limit bounds the
    gain."""
    wanted = got = 0
    excess = 0.0
    for text in texts:
        if match := _SECTORS.search(text):
            wanted += int(match[1].replace(",", ""))
            got += int(match[2].replace(",", ""))
        elif match := _EXCESS.search(text):
            excess = max(excess, float(match[1]) / 100)
    if got > wanted:
        excess = max(excess, 1 - wanted / got)
    sm = row["sm_sol_pct"]
    if not excess or sm is None or row["memory_sol_pct"] is None:
        return None
    if row["memory_sol_pct"] < sm and row["bound"] != "latency":
        return None  # arithmetic holds it, not the memory system
    counted = f"{got:,} sectors were fetched where {wanted:,} would do" if got > wanted else ""
    clause = counted or f"{units.percent(100 * excess)} of its sectors are excessive"
    clause += f", at {units.percent(row['memory_sol_pct'])} of the memory limit"
    return Estimate("uncoalesced", min(excess, max(1 - sm / 100, 0.0)), clause)


def _occupancy(row: Mapping[str, Any], texts: Sequence[str]) -> Estimate | None:
    """Estimate for a latency-bound launch, which alone gains from more warps, and at most until a
    limit is busy."""
    match = next((largest for text in texts if (largest := _LIMITER.search(text))), None)
    if match is None or row["bound"] != "latency":
        return None
    limit = max(row["sm_sol_pct"] or 0.0, row["memory_sol_pct"] or 0.0)
    theoretical = float(match[1])
    share = min(1 - limit / LOW_PCT, 1 - theoretical / 100)
    clause = (
        f"theoretical occupancy is {units.percent(theoretical)}, limited by {match[2]}, and "
        f"neither limit is used above {units.percent(limit)}"
    )
    return Estimate("occupancy", max(share, 0.0), clause)


def _unfused(row: Mapping[str, Any], texts: Sequence[str]) -> Estimate | None:
    match = next((largest for text in texts if (largest := _FUSED.search(text))), None)
    if match is None or row["bound"] != "compute" or row["dtype"] != match[1].lower():
        return None
    gain = float(match[2]) / 100
    clause = f"fused instructions could raise its {match[1]} rate by up to {match[2]} %"
    return Estimate("unfused", gain / (1 + gain), clause)


def _divergence(row: Mapping[str, Any], texts: Sequence[str]) -> Estimate | None:
    match = next((largest for text in texts if (largest := _THREADS.search(text))), None)
    if match is None or row["bound"] != "compute":
        return None
    clause = f"{match[1]} of {_WARP} threads of a warp are active on average"
    return Estimate("divergence", max(1 - float(match[1]) / _WARP, 0.0), clause)


def _fp64(row: Mapping[str, Any]) -> Estimate | None:
    """Estimate for double precision that takes the compute time of a device which is slow at it."""
    share, ratio = row["fp64_peak_pct"], row["fp32_to_fp64"]
    if row["dtype"] != "fp64" or not share or not ratio or ratio <= 1:
        return None
    if row["bound"] not in ("compute", "balanced") or row["tensor_flop"]:
        return None
    left = max(1 / ratio, (row["memory_sol_pct"] or 0.0) / 100)
    clause = (
        f"it reaches {units.percent(share)} of the FP64 peak, and FP32 is "
        f"{units.significant(ratio)} times as fast on this device"
    )
    return Estimate("fp64", max(1 - left, 0.0), clause)


def _tail(row: Mapping[str, Any]) -> Estimate | None:
    pct = row["launch_rule_speedup_pct"]
    if row["launch_rule"] != "Tail Effect" or not pct:
        return None
    clause = f"NVIDIA estimates up to {units.percent(pct)} for the tail effect"
    if row["waves"] is not None:
        clause += f" of {units.significant(row['waves'])} waves of blocks"
    return Estimate("tail", min(pct / 100, 1.0), clause)


def _candidate(
    cause: str, group: Sequence[tuple[dict[str, Any], Estimate]], window: int
) -> Candidate:
    rows = [row for row, _ in group]
    time = sum(row["duration_ns"] for row in rows)
    worst, most = max(group, key=lambda one: (one[1].share, -one[0]["launch_id"]))
    name, rule = rows[0]["kernel"], rules()[_CODES[cause]]
    where = f" (launch {worst['launch_id']})" if len(rows) > 1 else ""
    return Candidate(
        rule=rule.name,
        title=rule.title.format(name),
        rows=rows,
        saved=[int(row["duration_ns"] * estimate.share) for row, estimate in group],
        evidence=(
            f"{name}: {units.counted(len(rows), 'launch')}, {units.time(time)} "
            f"({units.percent(100 * time / window)} of all launch time).",
            f"Most of all{where}: {most.clause}.",
            "The estimate assumes that nothing else holds the launch, and estimates of several "
            "rules do not add up.",
        ),
        remedy=rule.remedy,
    )


def drafts(context: Context, claimed: frozenset[int]) -> Drafts:
    """Weight NVIDIA's estimates of grids by what the launches take on the timeline, where a trace
    carries a report's counters.

    Claims of others do not matter: a grid is as small whatever else is said of its launch.
    """
    rows = context.kernels.filter(
        pl.col("launch_rule").is_not_null()
        & (pl.col("launch_rule_speedup_pct") > 0)
        & (pl.col("duration_ns") > 0)
        & (pl.col("bound") != "communication")
    )
    return Drafts(
        tuple(
            _draft(context, nvidias, rows.filter(pl.col("launch_rule") == nvidias))
            for nvidias in sorted(rows["launch_rule"].unique())
        )
    )


def _draft(context: Context, nvidias: str, rows: pl.DataFrame) -> Draft:
    now = tuple(rows["duration_ns"].to_list())
    shares = [min(pct / 100, 1.0) for pct in rows["launch_rule_speedup_pct"]]
    floor = context.latency_ns
    best = tuple(
        max(ns - int(ns * share), min(ns, floor)) for ns, share in zip(now, shares, strict=True)
    )
    kernels = (
        rows.group_by("kernel")
        .agg(pl.len(), pl.col("duration_ns").sum(), pl.col("launch_rule_speedup_pct").max())
        .sort(["duration_ns", "kernel"], descending=[True, False])
    )
    listed = "; ".join(
        f"{count:,} × {name}, {units.time(ns)}, up to {units.percent(pct)}"
        for name, count, ns, pct in kernels.head(3).iter_rows()
    )
    tail = nvidias == "Tail Effect"
    saved = sum(now) - sum(best)
    return Draft(
        rule="tune-tail" if tail else "tune-few-blocks",
        title="Avoid partial last waves of blocks" if tail else "",
        grade="possible",
        launches=tuple(rows["launch_id"].to_list()),
        best=best,
        worst=now,
        evidence=(
            f"By the report's counters NVIDIA's rule {nvidias} applies to "
            f"{units.counted(len(now), 'launch')} that take {context.summed(sum(now))} "
            f"of this trace: {listed}.",
            "Its estimates, weighted by the real durations and no launch below "
            f"{units.time(floor)}, come to {context.summed(saved)}.",
        ),
        link=rules()["tune-few-blocks"].link,
        lead=3,
    )
