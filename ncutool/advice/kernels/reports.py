"""Findings from a report of Nsight Compute: launches alone, in their order, without a timeline.

The profiler runs launches one by one and empties the caches between them, so nothing here is
sure to save wall time: every low end is 0, and percentages are of the summed durations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from ncutool.advice import catalogue
from ncutool.advice.kernels import gates, rules, unseen
from ncutool.advice.kernels.rules import Candidate
from ncutool.advice.kernels.unseen import SHORT_NS
from ncutool.advice.price.rank import SMALL_PCT
from ncutool.advice.view.finding import Advice, Finding
from ncutool.base import units
from ncutool.base.nvidia import LOW_PCT
from ncutool.base.thresholds import IntThreshold
from ncutool.inside import variants
from ncutool.work.inside import Inside
from ncutool_parsers.schema import RULES

if TYPE_CHECKING:
    from ncutool.inside.hot import Hot

_TRIED = "judgement, tried on the reports of the corpus"
REPEATS = IntThreshold(8, "launches", "of one kernel so short are worth joining", _TRIED)
_SHORT = ("latency", "small_grid")


def advise(
    kernels: pl.DataFrame,
    printed: pl.DataFrame | None = None,
    insides: Mapping[int, Inside] | None = None,
    sampled: Mapping[int, Hot] | None = None,
) -> Advice:
    """Advise on small grids and repeated short launches to batch, memory-bound neighbours to fuse,
    and what the report's own rules and counters found; tell what could not be looked at.

    What is advised of one launch never adds up: the findings after the largest are credited with
    what they save beyond it.

    Args:
        kernels: table :data:`ncutool.base.tables.KERNELS` of the report.
        printed: its table :data:`ncutool_parsers.schema.RULES`; none where it is not at hand.
        insides: what the counters of each launch say, by launch_id.
        sampled: where the warps of each launch were found, by launch_id.
    """
    insides = insides or {}
    rows = [
        row
        for row in kernels.filter(pl.col("error").is_null()).sort("launch_id").to_dicts()
        if row["duration_ns"]
    ]
    window = sum(row["duration_ns"] for row in rows)
    messages = RULES.empty() if printed is None else printed
    told = rules.of_report(rows, messages, insides, sampled)
    candidates = [*_chains(rows, window), *_groups(rows, window), *told]
    candidates.sort(
        key=lambda candidate: (-sum(candidate.saved), candidate.title, candidate.launches)
    )
    taken = {row["launch_id"]: 0 for row in rows}
    kept: list[_Kept] = []
    small, small_ns = 0, 0
    for candidate in candidates:
        if 100 * sum(candidate.saved) < SMALL_PCT * window:
            small, small_ns = small + 1, small_ns + _claim(candidate, taken)
        else:
            kept.append(_Kept(_claim(candidate, taken), len(kept), candidate))
    kept.sort(key=lambda one: (-one.saved, one.turn))
    return Advice(
        findings=_numbered(kept, window),
        small=small,
        small_high_ns=small_ns,
        all_high_ns=sum(taken.values()),
        looked=unseen.looked_at(rows, insides),
        could_not_look=unseen.of_report(kernels, insides),
        declined=gates.declined(rows, insides),
    )


def _claim(candidate: Candidate, taken: dict[int, int]) -> int:
    """Return what a candidate saves beyond what was saved of its launches before, and note it."""
    beyond = 0
    for launch_id, ns in zip(candidate.launches, candidate.saved, strict=True):
        beyond += max(ns - taken[launch_id], 0)
        taken[launch_id] = max(ns, taken[launch_id])
    return beyond


class _Kept(NamedTuple):
    """A candidate that is listed."""

    saved: int
    """What it saves beyond those whose turn came before, ns."""
    turn: int
    """Its place in the order of what each saves alone."""
    candidate: Candidate

    def meets(self, other: _Kept) -> bool:
        """Whether both are about some of the same launches."""
        return not set(self.candidate.launches).isdisjoint(other.candidate.launches)


def _evidence(
    one: _Kept, named: Sequence[tuple[str, _Kept, catalogue.Rule]], window: int
) -> tuple[str, ...]:
    """Return a candidate's sentences, and which findings cover what it would save alone."""
    covered = sum(one.candidate.saved) - one.saved
    if 100 * covered < SMALL_PCT * window:
        return one.candidate.evidence
    by = [name for name, other, _ in named if other.turn < one.turn and other.meets(one)]
    sentence = (
        f"Of what it saves alone, {units.time(covered)} is already counted in {', '.join(by)}: "
        "estimates of one launch do not add up."
    )
    return (*one.candidate.evidence, sentence)


def _numbered(kept: Sequence[_Kept], window: int) -> tuple[Finding, ...]:
    counts: Counter[str] = Counter()
    named = []
    for one in kept:
        rule = catalogue.rules()[one.candidate.rule]
        counts[rule.kind] += 1
        named.append((f"{rule.kind}-{counts[rule.kind]}", one, rule))
    return tuple(
        Finding(
            id=name,
            rule=rule.name,
            kind=rule.kind,
            per=rule.per,
            title=one.candidate.title,
            launches=one.candidate.launches,
            kernels=tuple(dict.fromkeys(row["kernel"] for row in one.candidate.rows)),
            duration_ns=one.candidate.duration_ns,
            saving_low_ns=0,
            saving_high_ns=one.saved,
            saving_low_pct=0.0,
            saving_high_pct=100 * one.saved / window,
            grade="possible",
            evidence=_evidence(one, named, window),
            remedy=one.candidate.remedy,
            alone_low_ns=0,
            alone_high_ns=sum(one.candidate.saved),
            overlaps=tuple(other for other, that, _ in named if other != name and that.meets(one)),
            link=rule.link,
            why=one.candidate.why,
            action=one.candidate.action,
            todo=one.candidate.todo,
        )
        for name, one, rule in named
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
        why=f"{times[:1].upper()}{times[1:]} of {units.time(time)} "
        f"({units.percent(100 * time / window)} of all launch time), at most "
        f"{units.percent(max(limits))} of either limit.",
    )


def _chains(rows: Sequence[dict[str, Any]], window: int) -> list[Candidate]:
    """Return candidates for neighbouring DRAM-bound launches of different kernels, with as many
    threads each; variants of one kernel do not feed one another."""
    candidates = []
    chain: list[dict[str, Any]] = []
    for row in [*rows, None]:
        related = row is not None and chain and _follows(chain[-1], row)
        if row is not None and related and not any(variants.are(one, row) for one in chain):
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
        and (row["device"], row["stream"]) == (before["device"], before["stream"])
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
        why=f"{len(chain)} neighbours take {units.time(time)} "
        f"({units.percent(100 * time / window)} of all launch time) and move "
        f"{units.data(sum(row['dram_bytes'] for row in chain))}.",
    )
