"""Schemas of comparisons of captures and of jobs."""

from __future__ import annotations

from ncutool.base.json_types import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    Schema,
    keyed,
    listed,
    meant,
    of_record,
    of_type,
    or_null,
    picked,
    record,
)

_NUMBER = or_null(NUMBER)


def _judged() -> dict[str, Schema]:
    from ncutool.diff.verdict import Verdict

    return {
        "verdict": or_null(of_type(Verdict), "null where nothing may be said"),
        "why": or_null(TEXT, "half a sentence with numbers"),
        "low_pct": or_null(NUMBER, "the interval's low end; null for single captures"),
        "high_pct": or_null(NUMBER, "the interval's high end"),
        "spread_pct": or_null(NUMBER, "of the captures of one side"),
        "single": or_null(BOOLEAN, "one capture a side: the bound is a stated one"),
    }


def _facts() -> dict[str, Schema]:
    from ncutool.diff.compare import Diff, Idle, Rate
    from ncutool.diff.facts import Fact, State
    from ncutool.diff.findings import Became
    from ncutool.diff.gate import Check, Gate

    whole = {
        "what": TEXT,
        "before_ns": NUMBER,
        "after_ns": NUMBER,
        "change_pct": or_null(NUMBER, "negative is faster"),
        **_judged(),
    }
    gate = record({**picked(Gate, ("outcome", "exit_code")), "checks": listed(of_record(Check))})
    runs = listed(_run())
    return {
        "headline": TEXT,
        **picked(Diff, ("judged", "refused")),
        "before": runs,
        "after": runs,
        "order": or_null(listed(INTEGER), "in which the captures were taken, where it is known"),
        "order_how": TEXT,
        "same_work": record({"state": of_type(State), "facts": listed(of_record(Fact))}),
        "totals": listed(record(whole)),
        "same_recording": meant(BOOLEAN, "both sides are one recording"),
        "judged_together": meant(INTEGER, "changes among which chance was shared out"),
        "matches": keyed(INTEGER, "how many matches rest on each kind of evidence"),
        "idle": listed(of_record(Idle)),
        "rates": listed(of_record(Rate)),
        "findings": listed(of_record(Became)),
        "notes": listed(TEXT),
        "gate": or_null(gate, "what came of the rules; null where none was given"),
    }


def _run() -> Schema:
    return record(
        {
            "name": TEXT,
            "device": or_null(TEXT),
            "format": meant(TEXT, "source of its figures"),
            "tool_version": or_null(TEXT),
            "launches": INTEGER,
            "launch_ns": meant(INTEGER, "sum of the durations of its launches"),
            "wall_ns": or_null(INTEGER, "null where there is no timeline"),
            "busy_ns": or_null(INTEGER),
            "batch": or_null(INTEGER),
            "length": or_null(INTEGER, "of sequences"),
        }
    )


def _row() -> Schema:
    from ncutool.base.tables import BOUNDS

    sides = ("flop", "dram_bytes", "measured_over_compulsory", "roofline_pct")
    figures = {f"{name}_{when}": _NUMBER for name in sides for when in ("before", "after")}
    ids = listed(INTEGER, "launch_id of each of its launches")
    bound = or_null({"enum": list(BOUNDS)})
    return record(
        {
            "kind": meant(TEXT, "how the launches of both sides belong together"),
            "evidence": meant(TEXT, "what says so"),
            "name": TEXT,
            "detail": or_null(TEXT),
            "kernel_before": or_null(TEXT),
            "kernel_after": or_null(TEXT),
            "launches_before": INTEGER,
            "launches_after": INTEGER,
            "before_ns": _NUMBER,
            "after_ns": _NUMBER,
            "change_ns": _NUMBER,
            "change_pct": or_null(NUMBER, "negative is faster"),
            **_judged(),
            "cycles_change_pct": or_null(NUMBER, "the same in cycles of the SM clock"),
            **figures,
            "bound_before": bound,
            "bound_after": bound,
            "launch_ids_before": ids,
            "launch_ids_after": ids,
        }
    )


def diff() -> Schema:
    """Return the schema of `ncutool diff` of captures."""
    return record({**_facts(), "diff": listed(_row(), "worst first")})


def diff_ranks() -> Schema:
    """Return the schema of `ncutool diff` of the ranks of jobs."""
    from ncutool.diff.verdict import Verdict

    world = or_null(INTEGER, "ranks of the job; null where that is not recorded")
    ranks = listed(INTEGER, "ranks that the other side lacks")
    slowest = or_null(INTEGER, "a job is as slow as its slowest rank")
    one = {"rank": INTEGER, "schema": {"const": "ncutool/diff/1"}, **_facts()}
    return record(
        {
            "headline": TEXT,
            "verdict": or_null(of_type(Verdict), "null where the jobs do not compare"),
            "world_size_before": world,
            "world_size_after": world,
            "ranks_only_before": ranks,
            "ranks_only_after": ranks,
            "slowest_rank_before": slowest,
            "slowest_rank_after": slowest,
            "ranks": listed(record(one)),
        }
    )
