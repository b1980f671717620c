"""Findings from a report of Nsight Compute: launches alone, in their order, without a timeline.

The profiler runs launches one by one and empties the caches between them, so nothing here is
sure to save wall time: every low end is 0, and percentages are of the summed durations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from ncutool.advice import catalogue
from ncutool.advice.kernels import rules
from ncutool.advice.kernels.rules import Candidate
from ncutool.advice.price.rank import SMALL_PCT
from ncutool.advice.view.finding import Advice, Finding
from ncutool.base import units
from ncutool.base.nvidia import LOW_PCT
from ncutool.base.thresholds import IntThreshold
from ncutool_parsers.schema import RULES

_TRIED = "judgement, tried on the reports of the corpus"
REPEATS = IntThreshold(8, "launches", "of one kernel so short are worth joining", _TRIED)
SHORT_NS = IntThreshold(
    20_000, "ns", "a latency-bound launch as short is short of work; of longer ones nobody can say",
    _TRIED,
)  # fmt: skip
_SHORT = ("latency", "small_grid")


def advise(kernels: pl.DataFrame, printed: pl.DataFrame | None = None) -> Advice:
    """Advise on small grids and repeated short launches to batch, DRAM-bound neighbours to fuse,
    and what the report's own rules found.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS` of the report.
        printed: its table :data:`ncutool_parsers.schema.RULES`; none where it is not at hand.
    """
    rows = [
        row
        for row in kernels.filter(pl.col("error").is_null()).sort("launch_id").to_dicts()
        if row["duration_ns"]
    ]
    window = sum(row["duration_ns"] for row in rows)
    left = {row["launch_id"]: row["duration_ns"] for row in rows}
    told = rules.of_report(rows, RULES.empty() if printed is None else printed)
    candidates = [*_chains(rows, window), *_groups(rows, window), *told]
    candidates.sort(
        key=lambda candidate: (-sum(candidate.saved), candidate.title, candidate.launches)
    )
    kept = []
    dropped = dropped_ns = 0
    for candidate in candidates:
        claims = list(zip(candidate.launches, candidate.saved, strict=True))
        saved = sum(min(left[launch_id], ns) for launch_id, ns in claims)
        if 100 * saved < SMALL_PCT * window:
            dropped, dropped_ns = dropped + 1, dropped_ns + saved
            continue
        for launch_id, ns in claims:
            left[launch_id] -= min(left[launch_id], ns)
        kept.append((saved, candidate))
    kept.sort(key=lambda pair: (-pair[0], pair[1].title, pair[1].launches))
    return Advice(
        findings=_numbered(kept, window),
        small=dropped,
        small_high_ns=dropped_ns,
        all_high_ns=sum(saved for saved, _ in kept) + dropped_ns,
    )


def _numbered(kept: Sequence[tuple[int, Candidate]], window: int) -> tuple[Finding, ...]:
    counts: Counter[str] = Counter()
    named = []
    for saved, candidate in kept:
        rule = catalogue.rules()[candidate.rule]
        counts[rule.kind] += 1
        named.append((f"{rule.kind}-{counts[rule.kind]}", saved, candidate, rule))
    return tuple(
        Finding(
            id=name,
            rule=rule.name,
            kind=rule.kind,
            per=rule.per,
            title=candidate.title,
            launches=candidate.launches,
            kernels=tuple(dict.fromkeys(row["kernel"] for row in candidate.rows)),
            duration_ns=candidate.duration_ns,
            saving_low_ns=0,
            saving_high_ns=saved,
            saving_low_pct=0.0,
            saving_high_pct=100 * saved / window,
            grade="possible",
            evidence=candidate.evidence,
            remedy=candidate.remedy,
            alone_low_ns=0,
            alone_high_ns=sum(candidate.saved),
            overlaps=tuple(
                other
                for other, _, that, _ in named
                if other != name and not set(that.launches).isdisjoint(candidate.launches)
            ),
            link=rule.link,
        )
        for name, saved, candidate, rule in named
    )


def _groups(rows: Sequence[dict[str, Any]], window: int) -> list[Candidate]:
    """Return candidates for launches of one kernel that are short of blocks, or short of work many
    times over."""
    groups: dict[tuple[str, bool], list[dict[str, Any]]] = {}
    for row in rows:
        small = row["bound"] == "small_grid"
        short = small or row["duration_ns"] < SHORT_NS
        if row["bound"] in _SHORT and short and _limit_pct(row) is not None:
            groups.setdefault((row["kernel_full"], small), []).append(row)
    candidates = []
    for (_, small), group in sorted(groups.items()):
        if small or len(group) >= REPEATS:
            candidates.append(_group(group, window, small=small))
    return candidates


def _limit_pct(row: dict[str, Any]) -> float | None:
    """Return the higher of the two speeds of light in percent; None where neither is recorded."""
    known = [row[name] for name in ("sm_sol_pct", "memory_sol_pct") if row[name] is not None]
    return max(known) if known else None


def _group(group: Sequence[dict[str, Any]], window: int, *, small: bool) -> Candidate:
    """Return the candidate for one kernel's launches: beside one another they gain until one limit
    reaches `LOW_PCT`; with fewer blocks than multiprocessors they gain at most the share that
    NVIDIA's rule Small Grid names."""
    saved = []
    for row in group:
        share = 1 - min((_limit_pct(row) or 0.0) / LOW_PCT, 1.0)
        rule = row["launch_rule_speedup_pct"] if row["launch_rule"] == "Small Grid" else None
        if rule is not None:
            share = min(share, rule / 100)
        saved.append(int(row["duration_ns"] * share))
    time = sum(row["duration_ns"] for row in group)
    times = f"{len(group):,} launches" if len(group) > 1 else "one launch"
    name = group[0]["kernel"]
    limits = [limit for row in group if (limit := _limit_pct(row)) is not None]
    evidence = [
        f"{name}: {times}, {units.time(time)} ({units.percent(100 * time / window)} of all "
        f"launch time), reaching at most {units.percent(max(limits))} of either limit.",
    ]
    waves = [row["waves"] for row in group if row["waves"] is not None]
    if small and waves:
        evidence.append(
            f"Grids fill at most {units.significant(max(waves), 2)} waves of the "
            "multiprocessors: the rest of the device has nothing to do."
        )
    evidence.append(
        "The profiler ran the launches one at a time; whether the application runs others beside "
        "them, the report does not say."
    )
    what = "too few blocks" if small else "too little work a launch"
    remedy = "Give a launch more blocks: split the work finer, or process several inputs at once"
    if len(group) > 1:
        remedy = "Join the launches into one over all inputs, or run them on several streams"
    return Candidate(
        rule="batch-few-blocks" if small else "batch-short-launches",
        title=f"Batch {name}: {what}, {times}",
        rows=list(group),
        saved=saved,
        evidence=tuple(evidence),
        remedy=remedy + ".",
    )


def _chains(rows: Sequence[dict[str, Any]], window: int) -> list[Candidate]:
    """Return candidates for neighbouring DRAM-bound launches of different kernels, with as many
    threads each."""
    candidates = []
    chain: list[dict[str, Any]] = []
    for row in [*rows, None]:
        if row is not None and chain and _follows(chain[-1], row):
            chain.append(row)
            continue
        if len(chain) > 1:
            candidates.append(_chain(chain, window))
        chain = [row] if row is not None and _waits_for_dram(row) else []
    return candidates


def _waits_for_dram(row: dict[str, Any]) -> bool:
    """Whether DRAM holds a launch: fusing spares its traffic, not that of a cache or of shared
    memory."""
    return row["bound"] == "memory" and row["limiting_level"] == "dram" and bool(row["dram_bytes"])


def _follows(before: dict[str, Any], row: dict[str, Any]) -> bool:
    return (
        _waits_for_dram(row)
        and row["launch_id"] == before["launch_id"] + 1
        and row["stream"] == before["stream"]
        and row["kernel_full"] != before["kernel_full"]
        and _threads(row) is not None
        and _threads(row) == _threads(before)
    )


def _threads(row: dict[str, Any]) -> int | None:
    total = 1
    for name in ("grid_x", "grid_y", "grid_z", "block_x", "block_y", "block_z"):
        if row[name] is None:
            return None
        total *= row[name]
    return total


def _chain(chain: Sequence[dict[str, Any]], window: int) -> Candidate:
    """Return the candidate for a chain: what a kernel hands to the next is at most half of the
    traffic of the smaller of the two, written once and read once."""
    saved = [0] * len(chain)
    for index in range(1, len(chain)):
        before, row = chain[index - 1], chain[index]
        handed = min(before["dram_bytes"], row["dram_bytes"]) / 2
        saved[index - 1] += int(before["duration_ns"] * handed / before["dram_bytes"])
        saved[index] += int(row["duration_ns"] * handed / row["dram_bytes"])
    time = sum(row["duration_ns"] for row in chain)
    names = " → ".join(row["kernel"] for row in chain)
    return Candidate(
        rule="fuse-neighbours",
        title=f"Fuse {len(chain)} neighbouring DRAM-bound kernels from {chain[0]['kernel']} "
        "on, if one feeds the next",
        rows=list(chain),
        saved=saved,
        evidence=(
            f"{names}: {units.time(time)} ({units.percent(100 * time / window)} of all launch "
            f"time), {units.scaled(sum(row['dram_bytes'] for row in chain), 'B')} of DRAM traffic.",
            "They run one after another on one stream with as many threads each; a report does "
            "not record what they read and write, so that one feeds the next is not proven.",
        ),
        remedy=catalogue.rules()["fuse-neighbours"].remedy,
    )
