"""One flat record for each finding, in three lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from ncutool.advice.catalogue import rules
from ncutool.base.records import fields_of
from ncutool.diagnose.prose import Exact, prose, rounded
from ncutool.diagnose.quoted import quoted

if TYPE_CHECKING:
    from ncutool.advice.view.evidence import Value
    from ncutool.advice.view.finding import Finding
    from ncutool.analysis.analyse import Analysis

_SHORT_NAME = 40
_MOST_KERNELS = 5
_MOST_EVIDENCE = 3
_MOST_LAUNCHES = 20
WHERE_KNOWN = ("compare", "threshold", "offset")
LENGTHS = ("full", "short", "least")
"""How much of a finding is given: all, what one acts on, what names it."""


def records(analysis: Analysis, most: int) -> list[tuple[dict[str, Any], ...]]:
    """Return each finding in its lengths, the longest first; sentences may hold names still."""
    found = [one for one in analysis.findings if one.alone_high_ns > 0]
    every = analysis.kernels.select("launch_id", "kernel", "duration_ns", "roofline_pct")
    return [_lengths(one, every) for one in found[:most]]


def _lengths(finding: Finding, launches: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    rule = rules()[finding.rule]
    own = launches.filter(pl.col("launch_id").is_in(list(finding.launches)))
    own = own.sort("duration_ns", "launch_id", descending=[True, False], nulls_last=True)
    named = _by_time(own) or list(finding.kernels)
    least = {
        "id": finding.id,
        "rule": finding.rule,
        "kind": finding.kind,
        "action": rule.action,
        "grade": finding.grade,
        "per": finding.per,
        "alone_low_ns": finding.alone_low_ns,
        "alone_high_ns": finding.alone_high_ns,
        "kernel": quoted(named[0], _SHORT_NAME) if named else None,
    }
    evidence = [_value(one) for one in finding.figures] or _of_launches(finding, own)
    written = rule.remedy if finding.remedy == rule.remedy else prose(finding.remedy)
    brief = rule.brief or written
    told = {
        "saving_low_ns": finding.saving_low_ns,
        "saving_high_ns": finding.saving_high_ns,
        "saving_low_pct": finding.saving_low_pct,
        "saving_high_pct": finding.saving_high_pct,
        "duration_ns": finding.duration_ns,
        "launches": len(finding.launches),
        "kernels": [quoted(one) for one in named[:_MOST_KERNELS]],
        "why": prose(finding.why or (finding.evidence[0] if finding.evidence else None)),
        "cap": prose(finding.cap),
    }
    short = {**least, **told, "evidence": evidence[:_MOST_EVIDENCE],
             "remedy": prose(finding.todo) or brief}  # fmt: skip
    full = {
        **least,
        **told,
        "evidence": evidence,
        "remedy": written,
        "title": rule.title.format("a kernel"),
        "sentences": [prose(one) for one in finding.evidence],
        "caveat": prose(finding.caveat),
        "code": rule.code if finding.code == rule.code else prose(finding.code),
        "link": finding.link,
        "launch_ids": list(finding.launches[:_MOST_LAUNCHES]),
        "overlaps": list(finding.overlaps),
        "also": [
            {"rule": one.rule, "alone_high_ns": one.alone_high_ns, "why": prose(one.why)}
            for one in finding.also
        ],
        "excluded": [_excluded(fields_of(one)) for one in finding.excluded],
    }
    made = zip(LENGTHS, (full, short, least), strict=True)
    return tuple({**record, "detail": name} for name, record in made)


def _excluded(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "what": prose(one["what"]), "why": prose(one["why"])}


def _value(value: Value) -> dict[str, Any]:
    """Return a figure, rounded unless that would move it across its threshold."""
    short = rounded(value.value)
    made = _without_nulls(fields_of(value))
    if value.threshold is None or short is None:
        return {**made, "value": short}
    limit = rounded(value.threshold)
    holds = (
        limit is not None
        and type(value)(value.metric, short, value.unit, value.compare, limit).holds
    )
    if holds == value.holds:
        return {**made, "value": short, "threshold": limit}
    return {**made, "value": Exact(value.value), "threshold": Exact(value.threshold)}


def _by_time(launches: pl.DataFrame) -> list[str]:
    """Return the kernels of launches, most time first."""
    sums = launches.group_by("kernel").agg(pl.col("duration_ns").sum())
    return sums.sort("duration_ns", "kernel", descending=[True, False])["kernel"].to_list()


def _without_nulls(one: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a figure was not held against, and where it is not of one instruction."""
    return {key: it for key, it in one.items() if it is not None or key not in WHERE_KNOWN}


def _of_launches(finding: Finding, own: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what the launches of a finding without figures are known for, as figures."""
    made = [_plain("duration_ns", finding.duration_ns, "ns")]
    made.append(_plain("launches", len(finding.launches), ""))
    if own.is_empty():
        return made
    longest = own.row(0, named=True)
    pct = longest["roofline_pct"]
    if pct is not None:
        made.append({**_plain("roofline_pct", pct, "%"), "launch_id": longest["launch_id"]})
    return made


def _plain(metric: str, value: float, unit: str) -> dict[str, Any]:
    return {"metric": metric, "value": value, "unit": unit, "launch_id": None}
