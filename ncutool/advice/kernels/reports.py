"""Findings from a report of Nsight Compute: launches alone, in their order, without a timeline.

The profiler runs launches one by one and empties the caches between them, so nothing here is
sure to save wall time: every low end is 0, and percentages are of the summed durations. A launch
has one finding, the cause in which its path ends; the kernel with most time comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.advice import catalogue
from ncutool.advice.kernels import candidates, decide, gates, neighbours, unseen_in_reports
from ncutool.advice.kernels.candidate import Candidate
from ncutool.advice.kernels.decide import Decided
from ncutool.advice.price.rank import SMALL_PCT
from ncutool.advice.view.evidence import Also
from ncutool.advice.view.finding import Advice, Finding
from ncutool.work.inside import Inside
from ncutool_parsers.schema import RULES

if TYPE_CHECKING:
    from ncutool.inside.hot import Hot


def advise(
    kernels: pl.DataFrame,
    printed: pl.DataFrame | None = None,
    insides: Mapping[int, Inside] | None = None,
    sampled: Mapping[int, Hot] | None = None,
) -> Advice:
    """Advise on what keeps each launch as long as it is, by the report's counters and its own
    rules; tell what was ruled out, and what could not be looked at.

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
        if row["duration_ns"] and row["duration_ns"] > 0
    ]
    window = sum(row["duration_ns"] for row in rows)
    messages = RULES.empty() if printed is None else printed
    decided = decide.of_launches(rows, messages, insides)
    found = _found(rows, decided, window, insides, sampled or {})
    kept, small = _large(_by_time(found, rows), rows, window)
    listed = frozenset(launch_id for one in kept for launch_id in one.launches)
    return Advice(
        findings=_numbered(kept, window),
        small=len(small),
        small_high_ns=sum(sum(one.saved) for one in small),
        all_high_ns=sum(sum(one.saved) for one in found),
        looked=unseen_in_reports.looked_at(rows, insides),
        could_not_look=unseen_in_reports.of_report(kernels, insides),
        declined=gates.declined(rows, insides, listed),
    )


def _found(
    rows: Sequence[dict[str, Any]],
    decided: Sequence[Decided],
    window: int,
    insides: Mapping[int, Inside],
    sampled: Mapping[int, Hot],
) -> list[Candidate]:
    """Return candidates of which no two are about one launch.

    Neighbours to fuse are one where that saves more than the causes of their launches, which are
    then told beside it; otherwise it is told beside those.
    """
    of_launch = {one.row["launch_id"]: one for one in decided}
    fused, beside = [], []
    for chain in neighbours.chains(rows, window):
        own = [of_launch[i] for i in chain.launches if i in of_launch]
        if sum(chain.saved) > sum(one.saved_ns for one in own):
            fused.append(_with_causes(chain, own))
            of_launch = {i: one for i, one in of_launch.items() if i not in chain.launches}
        else:
            beside.append(chain)
    groups: dict[tuple[str, str, str], list[Decided]] = {}
    for one in of_launch.values():
        groups.setdefault(one.key, []).append(one)
    single = [candidates.of_decided(group, window, insides, sampled) for group in groups.values()]
    return [*fused, *(_beside(one, beside) for one in single)]


def _with_causes(chain: Candidate, own: Iterable[Decided]) -> Candidate:
    """Return a chain with what would shorten its launches otherwise."""
    known = catalogue.rules()
    also = [
        Also(
            rule=one.cause.cause,
            what=known[one.cause.cause].title.format(one.row["kernel"]),
            alone_high_ns=one.saved_ns,
            why=candidates.sentence(one.cause.clause),
        )
        for one in own
    ]
    return chain._replace(also=tuple(sorted(also, key=lambda one: -one.alone_high_ns)))


def _beside(one: Candidate, chains: Iterable[Candidate]) -> Candidate:
    """Return a candidate with the chains that some of its launches are part of."""
    more = [
        Also(chain.rule, chain.title, sum(chain.saved), chain.why)
        for chain in chains
        if not set(chain.launches).isdisjoint(one.launches)
    ]
    return one._replace(also=(*one.also, *more)) if more else one


def _by_time(found: Sequence[Candidate], rows: Sequence[dict[str, Any]]) -> list[Candidate]:
    """Return candidates by the time of their kernel, then by their own, most first."""
    times = _kernel_times(rows)

    def order(one: Candidate) -> tuple[int, int, int, str, tuple[int, ...]]:
        most = max(times[row["kernel_full"]] for row in one.rows)
        return -most, -one.duration_ns, -sum(one.saved), one.title, one.launches

    return sorted(found, key=order)


def _kernel_times(rows: Sequence[dict[str, Any]]) -> Counter[str]:
    times: Counter[str] = Counter()
    for row in rows:
        times[row["kernel_full"]] += row["duration_ns"]
    return times


def _large(
    found: Sequence[Candidate], rows: Sequence[dict[str, Any]], window: int
) -> tuple[list[Candidate], list[Candidate]]:
    """Return candidates that are worth a line, and the rest: the kernel with most time always
    is."""
    times = _kernel_times(rows)
    most = max(times.values(), default=0)
    kept: list[Candidate] = []
    small: list[Candidate] = []
    for one in found:
        leads = any(times[row["kernel_full"]] == most for row in one.rows)
        large = 100 * sum(one.saved) >= SMALL_PCT * window
        (kept if large or (leads and not kept) else small).append(one)
    return kept, small


def _numbered(kept: Sequence[Candidate], window: int) -> tuple[Finding, ...]:
    counts: Counter[str] = Counter()
    found = []
    for one in kept:
        rule = catalogue.rules()[one.rule]
        counts[rule.kind] += 1
        saved = sum(one.saved)
        found.append(
            Finding(
                id=f"{rule.kind}-{counts[rule.kind]}",
                rule=rule.name,
                kind=rule.kind,
                per=rule.per,
                title=one.title,
                launches=one.launches,
                kernels=tuple(dict.fromkeys(row["kernel"] for row in one.rows)),
                duration_ns=one.duration_ns,
                saving_low_ns=0,
                saving_high_ns=saved,
                saving_low_pct=0.0,
                saving_high_pct=100 * saved / window,
                grade="possible",
                evidence=one.evidence,
                remedy=one.remedy,
                alone_low_ns=0,
                alone_high_ns=saved,
                link=rule.link,
                caveat=None,
                action=one.action,
                why=one.why,
                todo=one.todo,
                figures=one.figures,
                cap=one.cap or None,
                also=one.also,
                excluded=one.excluded,
            )
        )
    return tuple(found)
